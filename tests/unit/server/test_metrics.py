"""`/metrics`: the text format, what is counted, and that it says of accounts what `/ready` and the control API say."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from support.pool_kit import OPENAI, FakeClock, account, failure, verdict

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import encode_credential
from a2a.auth.records import ApiKey
from a2a.auth.store import FileStore
from a2a.config import ProviderSettings, ServerSettings, Settings
from a2a.control.types import Quota, Route, Standing, StatsWish
from a2a.gateway.engine import Engine
from a2a.logs.entry import Entry, EntryAttempt, EntryTimings
from a2a.paths import folders
from a2a.pool.account import PoolAccount
from a2a.secret import Secret
from a2a.server.metrics import STATES, exposition
from a2a.server.run import serving

pytestmark = pytest.mark.anyio
OWN = Secret("own-key-of-the-server")
_SAMPLE = re.compile(r'([a-z_0-9]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')


class Scrape:
    """A scrape taken apart; strict: every line is a comment that is known or a sample of the family before it."""

    def __init__(self, text: str) -> None:
        self.kinds: dict[str, str] = {}
        self.samples: dict[tuple[str, frozenset[str]], float] = {}
        assert text.endswith("\n")
        for line in text.splitlines():
            self._line(line)

    def _line(self, line: str) -> None:
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            if word == "TYPE":
                assert name not in self.kinds, "a family comes once"
                self.kinds[name] = rest
            return
        found = _SAMPLE.fullmatch(line)
        assert found, line
        name, labels, value = found.groups()
        family = list(self.kinds)[-1]
        suffixes = ("_bucket", "_sum", "_count") if self.kinds[family] == "histogram" else ("",)
        assert name in [family + suffix for suffix in suffixes], line
        key = (name, frozenset(re.findall(r'[a-z]+="(?:[^"\\]|\\.)*"', labels or "")))
        assert key not in self.samples, line
        self.samples[key] = float(value)

    def get(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(f'{key}="{value}"' for key, value in labels.items())))


class Up:
    def __init__(self, engine: Engine, url: str) -> None:
        self.engine = engine
        self.url = url

    async def get(self, path: str, key: Secret = OWN) -> tuple[int, str, str]:
        headers = {"Authorization": f"Bearer {key.reveal()}"} if key else {}
        async with aiohttp.ClientSession() as session, session.get(self.url + path, headers=headers) as answer:
            return answer.status, answer.headers["Content-Type"], await answer.text()

    async def scrape(self) -> Scrape:
        return Scrape((await self.get("/metrics"))[2])


@pytest.fixture
async def up(home: Path) -> AsyncIterator[Up]:
    made = Settings(
        server=ServerSettings(port=0, host="127.0.0.1", api_key=OWN),
        providers={OPENAI: ProviderSettings(base_url="http://127.0.0.1:9/v1")},
        credential_store="file",
        folders=folders(str(home)),
    )
    store = FileStore(made.folders.credentials)
    for alias in ("a", "b"):
        AccountStore(made.folders).put(account(alias))
        store.put(account(alias).id, encode_credential(ApiKey(Secret(f"sk-{alias}"))))
    engine = Engine(made, say=lambda _: None, clock=FakeClock(), store=store)
    async with engine, serving(made, engine) as url:
        yield Up(engine, url)


async def test_it_needs_a_key(up: Up) -> None:
    assert [(await up.get("/metrics", key))[0] for key in (Secret(""), Secret("another"), OWN)] == [401, 401, 200]


async def test_its_type_is_prometheus_text(up: Up) -> None:
    assert (await up.get("/metrics"))[1] == "text/plain; version=0.0.4; charset=utf-8"


def sick(member: PoolAccount) -> None:
    member.fail(failure(429), verdict(cool_s=60.0), "m")


def held(member: PoolAccount) -> None:
    member.hold("needs_login", "needs_login", "dead")


def good(member: PoolAccount) -> None:
    member.stand(Standing(state="ready", message="fine"))


@pytest.mark.parametrize("first", [sick, held, good])
@pytest.mark.parametrize("second", [sick, held, good])
async def test_ready_accounts_and_metrics_agree(
    up: Up, first: Callable[[PoolAccount], None], second: Callable[[PoolAccount], None]
) -> None:
    for member, happens in zip(up.engine.pool.members(), (first, second), strict=True):
        happens(member)
    scrape = await up.scrape()
    views = up.engine.pool.views()
    for view in views:
        named = {"provider": OPENAI, "account": f"openai/{view.alias}"}
        shown = {state: scrape.get("a2a_account_state", **named, state=state) for state in STATES}
        assert shown == {state: float(state == view.state) for state in STATES}
    able = any(view.state == "ready" for view in views)
    assert ((await up.get("/ready"))[0], scrape.get("a2a_ready")) == (200 if able else 503, float(able))


async def test_what_is_counted(up: Up) -> None:
    recorder = up.engine.recorder
    route = Route(front="chat", asked="m", provider=OPENAI, model="m", via="name")
    made = Entry(id="ex_1", started_at=0.0, client="c", front="chat", path="/", route=route)
    recorder.begin(made)
    assert (await up.scrape()).get("a2a_requests_in_flight") == 1
    made.attempts.append(
        EntryAttempt(n=1, provider=OPENAI, account="openai/a", model="m", started_at=0.0, outcome="ok")
    )
    made.state, made.status, made.timings = "done", 200, EntryTimings(first_token=300.0, last=700.0)
    recorder.end(made)
    up.engine.recorder.tally.refreshes[OPENAI, "failed"] += 2
    await engine_has_written(up.engine)
    scrape = await up.scrape()
    assert scrape.get("a2a_recording") == 1
    assert scrape.get("a2a_requests_total", front="chat", provider=OPENAI, state="done", status="200") == 1
    assert scrape.get("a2a_attempts_total", provider=OPENAI, account="openai/a", outcome="ok", kind="") == 1
    assert scrape.get("a2a_refreshes_total", provider=OPENAI, outcome="failed") == 2
    assert scrape.get("a2a_exchanges_recorded_total") == 1
    assert scrape.get("a2a_exchanges_dropped_total") == 0
    assert scrape.get("a2a_exchanges_without_bodies_total") == 0
    assert scrape.get("a2a_requests_in_flight") == 0
    assert scrape.get("a2a_queue_length", provider=OPENAI) == 0


async def engine_has_written(engine: Engine) -> None:
    await engine.record.stats(StatsWish())


async def test_each_is_documented(up: Up) -> None:
    page = (Path(__file__).parents[3] / "docs" / "control.md").read_text("utf-8")
    rows = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| `a2a_")]
    told = {name for row in rows for name in re.findall(r"`(a2a_[a-z_]+)`", row)}
    assert told == set((await up.scrape()).kinds)


async def test_buckets_add_up(up: Up) -> None:
    histogram = up.engine.recorder.tally.whole[OPENAI]
    for seconds in (0.05, 0.2, 0.2, 4000.0):
        histogram.add(seconds)
    scrape = await up.scrape()
    found = {bound: scrape.get("a2a_request_seconds_bucket", provider=OPENAI, le=bound) for bound in ("0.1", "0.25")}
    assert found == {"0.1": 1, "0.25": 3}
    assert scrape.get("a2a_request_seconds_bucket", provider=OPENAI, le="+Inf") == 4
    assert scrape.get("a2a_request_seconds_count", provider=OPENAI) == 4
    assert scrape.get("a2a_request_seconds_sum", provider=OPENAI) == pytest.approx(4000.45)


async def test_what_is_left_of_a_quota(up: Up) -> None:
    quota = [Quota(unit="credit", limit=10.0, remaining=2.5), Quota(unit="token", model='odd"\\name', remaining=0.0)]
    up.engine.pool.members()[0].stand(Standing(state="ready", message="fine", quota=quota))
    scrape = await up.scrape()
    who = {"provider": OPENAI, "account": "openai/a"}
    assert scrape.get("a2a_account_quota_remaining", **who, unit="credit", model="") == 2.5
    assert scrape.get("a2a_account_quota_remaining", **who, unit="token", model='odd\\"\\\\name') == 0


async def test_no_secret_is_shown(up: Up) -> None:
    text = "\n".join(exposition(up.engine))
    assert OWN.reveal() not in text
    assert str(up.engine.settings.folders.state) not in text
