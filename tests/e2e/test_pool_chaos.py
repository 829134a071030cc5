"""A pool under random faults over real HTTP: whoever can be served is, nothing is answered twice, nothing leaks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from support.sse import Stream
from support.stage import API, CLAUDE, KIRO, MODEL, OPENAI, SHORT, Login, Stage, staged

REQUESTS = 2000
WORKERS = 12
SEED = 20
RATE = 0.5
SAID = "You said: {} — noted ✓"
LIMITS = {"first_byte_timeout_s": 2.0, "idle_timeout_s": 0.7}
POOL = (
    Login(OPENAI, "steady", "sk-demo-openai-1"),
    Login(OPENAI, "weak1", "sk-demo-openai-2"),
    Login(OPENAI, "weak2", "sk-demo-openai-3"),
    Login(OPENAI, "weak3", "sk-demo-openai-3"),
    Login(CLAUDE, "steady", "sk-demo-claude-1"),
    Login(CLAUDE, "weak1", "sk-demo-claude-2"),
    Login(CLAUDE, "weak2", "sk-demo-claude-3"),
    Login(KIRO, "steady", "aoa-social"),
    Login(KIRO, "weak1", "aoa-social-2"),
    Login(KIRO, "weak2", "aoa-social-2"),
)
WEAK = [login for login in POOL if login.alias != "steady"]
EARLY = (
    *("429 retry-after=1", "429", "500", "502", "503", "529", "401", "empty", "hang", "html status=502"),
    *("slow seconds=0.2", "cut after=0", "error_event after=0 status=500"),
)
"""Before the first content: somebody else has to serve."""
LATE = ("cut after=5", "cut after=5 mid", "stall after=5", "end after=5")
"""Behind it, where the client has to be told."""


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    server = {"request_max_retries": 3, "commit_after_s": 1.0, "keepalive_s": 0.5, **LIMITS}
    with staged(tmp_path_factory.mktemp("stage"), POOL, server=server, providers={KIRO: LIMITS}) as made:
        yield made


class Saboteur:
    """Plays a fault on a weak account now and then, which it brings back into service for that."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._rng = Random(SEED)
        self._lock = threading.Lock()
        self.played = 0

    def strike(self) -> None:
        with self._lock:
            login = self._rng.choice(WEAK)
            fault = self._rng.choice(EARLY if self._rng.random() < 0.8 else LATE)
            wanted = self._rng.random() < RATE
            if wanted and all(rule.account != login.secret for rule in self._stage.demo.up.faults.rules):
                self._stage.demo.fault(fault, api=API[login.provider], account=login.secret)
                self.played += 1
        if wanted:
            answer = self._stage.server.http.post(f"/admin/v1/accounts/{SHORT[login.provider]}/{login.alias}/reset")
            assert answer.status_code == 200


def ask(stage: Stage, number: int) -> tuple[str, str]:
    """One request of its own; how it ended, and its exchange's id."""
    provider = (OPENAI, CLAUDE, KIRO)[number % 3]
    front = ("chat/completions", "messages")[number % 2]
    text = f"request {number} is asked"
    body = {"model": MODEL[provider], "max_tokens": 300, "messages": [{"role": "user", "content": text}]}
    path = f"/{provider}/v1/{front}"
    if number % 4 == 3:
        answer = stage.server.http.post(path, json=body)
        served = answer.status_code == 200 and SAID.format(text) in str(answer.json())
        return ("served" if served else f"refused {answer.text}"), answer.headers["x-a2a-exchange"]
    stream = Stream(stage.server.http, path, body)
    exchange = stream.headers["x-a2a-exchange"]
    if stream.status == 200 and stream.done and stream.text == SAID.format(text):
        return "served", exchange
    if stream.status == 200 and not stream.done and len(stream.errors) == 1 and stream.text:
        stream.only_error()
        assert SAID.format(text).startswith(stream.text)
        return "cut", exchange
    return f"refused {stream.status} {stream.body}", exchange


@pytest.mark.soak
def test_2000_requests_through_random_faults(stage: Stage) -> None:
    saboteur = Saboteur(stage)

    def one(number: int) -> tuple[str, str]:
        saboteur.strike()
        return ask(stage, number)

    with ThreadPoolExecutor(WORKERS) as workers:
        ended = list(workers.map(one, range(REQUESTS)))
    ends = Counter(end for end, _ in ended)
    assert ends["served"] + ends["cut"] == REQUESTS, [end for end in ends if end.startswith("refused")][:3]
    assert 0 < ends["cut"] < REQUESTS / 10
    assert saboteur.played > REQUESTS / 20, saboteur.played

    stage.demo.idle()
    records = {record["id"]: record for record in stage.server.exchanges()}
    seen = [(end, records[exchange]) for end, exchange in ended if exchange in records]
    assert len(seen) > REQUESTS / 3, "the newest are kept"
    assert any(len(record["attempts"]) > 1 for _, record in seen)
    for end, record in seen:
        assert record["state"] == ("done" if end == "served" else "failed")
        assert all(attempt["first_event_ms"] is None for attempt in record["attempts"][:-1]), "asked behind content"
    assert {row["in_flight"] for row in stage.server.accounts().values()} == {0}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("provider", [OPENAI, CLAUDE])
def test_of_two_accounts_the_first_always_401(
    tmp_path_factory: pytest.TempPathFactory, provider: str, streamed: bool
) -> None:
    keys = {OPENAI: "sk-demo-openai-", CLAUDE: "sk-demo-claude-"}[provider]
    logins = [Login(provider, "first", f"{keys}1"), Login(provider, "second", f"{keys}2")]
    with staged(tmp_path_factory.mktemp("stage"), logins) as stage:
        stage.demo.fault("401", api=API[provider], account=f"{keys}1", times=None)
        body = {"model": MODEL[provider], "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
        path = f"/{provider}/v1/messages"
        answers = [stage.server.http.post(path, json={**body, "stream": streamed}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 6
        assert [answer.headers["x-a2a-attempts"] for answer in answers] == ["2", *["1"] * 5]
        rows = {row["alias"]: row for row in stage.server.accounts().values()}
        assert (rows["first"]["state"], rows["second"]["state"]) == ("needs_login", "ready")
