"""Logins that a server runs for somebody else, over HTTP: every way, against the emulated pages of every vendor."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest
from support import control_stage
from support.a2a_process import secrets_in
from support.control_stage import LAPTOP, OWN, Up
from support.waiting import PATIENCE_S

from a2a.auth.codec import decode_credential
from a2a.auth.records import ApiKey, Credential, GoogleToken, KiroToken, QwenToken
from a2a.config import PROVIDER_SHORT, Settings, load
from a2a.control.types import LoginAnswer, LoginChanged, LoginMethod, LoginView, LoginWish, LogLine
from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET
from a2a.demo.upstreams import Upstreams
from a2a.errors import A2AError, Forbidden, NoAccount, UnknownRoute, UsageError
from a2a.gateway.logins import desk, methods

pytestmark = pytest.mark.anyio
KIRO, GEMINI, QWEN, OPENAI = "claude-kiro-oauth", "gemini-cli-oauth", "openai-qwen-oauth", "openai-custom"
START_URL = "https://acme.awsapps.com/start"
ENDED = ("done", "failed", "cancelled")


@pytest.fixture
async def demo() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        for flags in (upstreams.kiro.logins.flags, upstreams.qwen.flags):
            flags.interval_s, flags.pending_polls = 1, 0
        yield upstreams


def settings(demo: Upstreams, home: Path) -> Settings:
    """The settings of contract 3.1 that point at the pages, as variables."""
    env = {
        "A2A_HOME": str(home),
        "A2A_CREDENTIAL_STORE": "file",
        "A2A_API_KEY": OWN.reveal(),
        "A2A_GEMINI_OAUTH_CLIENT_ID": CLIENT_ID,
        "A2A_GEMINI_OAUTH_CLIENT_SECRET": CLIENT_SECRET,
        "A2A_OPENAI_BASE_URL": demo.openai_url,
    }
    for provider, table in demo.settings.items():
        for key, value in table.items():
            text = value if isinstance(value, str) else ",".join(value)
            env[f"A2A_{PROVIDER_SHORT[provider].upper()}_{key.upper()}"] = text
    env["A2A_KIRO_OIDC_URL"] += "/{region}"
    made = load({"port": 0, "host": "127.0.0.1"}, env=env)
    made.client_keys["laptop"] = LAPTOP
    return made


@pytest.fixture
async def up(demo: Upstreams, home: Path) -> AsyncIterator[Up]:
    async with control_stage.up(settings(demo, home)) as stage:
        yield stage


async def until(up: Up, login: LoginView, holds: Callable[[LoginView], object]) -> LoginView:
    """The first view of the login for which it holds, as the events tell."""
    async with asyncio.timeout(PATIENCE_S), up.client() as client, aclosing(client.events(0, ["login"])) as events:  # type: ignore[type-var]
        async for event in events:
            assert isinstance(event.change, LoginChanged)
            if (view := event.change.login).id == login.id and holds(view):
                return view
    raise AssertionError("the stream ended")


async def shown(up: Up, login: LoginView) -> LoginView:
    return await until(up, login, lambda view: view.shown is not None)


async def ended(up: Up, login: LoginView) -> LoginView:
    return await until(up, login, lambda view: view.state in ENDED)


async def log_in(up: Up, wish: LoginWish) -> LoginView:
    """The whole login, of somebody who confirms at once."""
    async with up.client() as client:
        return await ended(up, await client.login(wish))


async def get(url: str) -> tuple[str, str]:
    """Where a page sends the browser, and its text."""
    async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as answer:
        return answer.headers.get("Location", ""), await answer.text()


def stored(up: Up) -> Credential:
    """The only credential there is."""
    (account,) = up.engine.records.list()
    return decode_credential(up.engine.store.get(account.id) or b"", account.name)


def nothing_stored(up: Up) -> bool:
    return up.engine.records.list() == []


# --- device codes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "kind", "idp"),
    [
        (LoginWish(provider="kiro", method="google", agreed=True), "social", "Google"),
        (LoginWish(provider="kiro", method="github", agreed=True), "social", "Github"),
        (LoginWish(provider="kiro", method="builder-id", agreed=True), "idc", "BuilderId"),
        (LoginWish(provider="kiro", start_url=START_URL, region="eu-west-1", agreed=True), "idc", "Enterprise"),
    ],
    ids=["google", "github", "builder-id", "idc"],
)
async def test_kiro_by_a_code(up: Up, wish: LoginWish, kind: str, idp: str) -> None:
    async with up.client() as client:
        login = await client.login(wish)
        page = (await shown(up, login)).shown
        done = await ended(up, login)
        accounts = await client.accounts()
    assert page is not None
    assert re.fullmatch("[B-Z]{4}-[B-Z]{4}", page.user_code or "")
    assert page.user_code in (page.complete_url or "")
    assert done.state == "done", done.error
    assert done.shown is None
    assert done.result is not None
    assert done.result.account == f"{KIRO}/aoa-login-1@example.com"
    assert done.result.standing is not None
    assert (done.result.standing.state, done.result.standing.plan) == ("ready", "KIRO FREE")
    assert [(view.id, view.state) for view in accounts] == [(done.result.id, "ready")]
    token = stored(up)
    assert isinstance(token, KiroToken)
    assert (token.kind, token.idp) == (kind, idp)
    assert up.engine.pool.can_serve()
    told = msgspec.json.encode([event.change for event in up.engine.live.since(0)]).decode()
    assert secrets_in(told, [token.access_token.reveal(), token.refresh_token.reveal()]) == []


async def test_qwen_s_closed_tier_is_told_with_the_account(up: Up, demo: Upstreams) -> None:
    demo.qwen.flags.closed = True
    done = await log_in(up, LoginWish(provider="qwen", method="device", agreed=True))
    assert isinstance(stored(up), QwenToken)
    assert done.result is not None
    assert done.result.standing is not None
    assert done.result.standing.state == "retired"
    assert done.result.view is not None
    assert done.result.view.state == "retired"


@pytest.mark.parametrize(("flag", "value"), [("approval", "deny"), ("code_life_s", 0)], ids=["denied", "expired"])
@pytest.mark.parametrize("wish", [LoginWish(provider="kiro", method="google"), LoginWish(provider="qwen")])
async def test_what_nobody_confirms_is_not_stored(
    up: Up, demo: Upstreams, wish: LoginWish, flag: str, value: object
) -> None:
    for flags in (demo.kiro.logins.flags, demo.qwen.flags):
        setattr(flags, flag, value)
    done = await log_in(up, msgspec.structs.replace(wish, agreed=True))
    assert done.state == "failed"
    assert ("refused" if flag == "approval" else "expired") in (done.error or "")
    assert done.hint
    assert nothing_stored(up)


async def test_several_profiles_are_a_question(up: Up, demo: Upstreams) -> None:
    demo.kiro.logins.flags.profiles = 2
    async with up.client() as client:
        wish = LoginWish(provider="kiro", method="idc", start_url=START_URL, region="eu-west-1", agreed=True)
        login = await client.login(wish)
        asking = await until(up, login, lambda view: view.state == "asking")
        assert asking.question is not None
        assert len(asking.question.options) == 2
        with pytest.raises(UsageError, match="no option 2"):
            await client.login_answer(login.id, LoginAnswer(choice=2))
        await client.login_answer(login.id, LoginAnswer(choice=1))
        done = await ended(up, login)
        with pytest.raises(UsageError, match="over: done"):
            await client.login_answer(login.id, LoginAnswer(choice=1))
    assert (done.state, done.question) == ("done", None)
    token = stored(up)
    assert isinstance(token, KiroToken)
    assert token.profile_arn in asking.question.options[1]


# --- the browser, and pasting --------------------------------------------------------------------


async def test_google_where_the_browser_is_on_the_server_s_machine(up: Up) -> None:
    async with up.client() as client:
        login = await client.login(LoginWish(provider="gemini", agreed=True))
        page = (await shown(up, login)).shown
        assert page is not None
        callback, _ = await get(page.url)
        assert urlsplit(callback).hostname == "127.0.0.1"
        await get(callback)
        done = await ended(up, login)
    assert done.result is not None
    assert done.result.account == f"{GEMINI}/ca-standard@example.com"
    assert isinstance(stored(up), GoogleToken)


async def test_google_where_the_browser_is_elsewhere(up: Up) -> None:
    async with up.client() as client:
        login = await client.login(LoginWish(provider="gemini", agreed=True))
        page = (await shown(up, login)).shown
        assert page is not None
        assert page.paste == "the address at which the browser ends"
        callback, _ = await get(page.url)
        await client.login_answer(login.id, LoginAnswer(text="http://127.0.0.1/other?state=x"))
        remarked = await until(up, login, lambda view: view.remarks)
        assert "still waiting" in remarked.remarks[0]
        await client.login_answer(login.id, LoginAnswer(text=callback))
        assert (await ended(up, login)).state == "done"


async def test_google_by_a_code(up: Up) -> None:
    async with up.client() as client:
        login = await client.login(LoginWish(provider="gemini", device=True, agreed=True))
        page = (await shown(up, login)).shown
        assert page is not None
        assert page.paste == "the code that the page shows"
        _, text = await get((await get(page.url))[0])
        code = re.findall(r"<code[^>]*>([^<]+)</code>", text)[0]
        await client.login_answer(login.id, LoginAnswer(text=f" {code}\n"))
        done = await ended(up, login)
    assert done.state == "done", done.error
    assert code not in repr(done)


@pytest.mark.parametrize("option", ["google", "awsidc"])
async def test_kiro_s_portal(up: Up, demo: Upstreams, option: str) -> None:
    demo.kiro.logins.flags.option = option  # type: ignore[assignment]
    async with up.client() as client:
        login = await client.login(LoginWish(provider="kiro", method="portal", agreed=True))
        page = (await shown(up, login)).shown
        assert page is not None
        callback, _ = await get(page.url)
        await client.login_answer(login.id, LoginAnswer(text=callback))
        done = await ended(up, login)
    assert done.state == "done", done.error
    assert isinstance(stored(up), KiroToken)


# --- keys ----------------------------------------------------------------------------------------


async def test_a_key_with_its_address(up: Up, demo: Upstreams) -> None:
    wish = LoginWish(provider="openai", base_url=demo.openai_url, api_key=" sk-demo-openai-1\n", name="mine")
    done = await log_in(up, wish)
    assert done.result is not None, done.error
    assert (done.result.account, done.result.message) == (f"{OPENAI}/mine", "is logged in")
    assert stored(up) == ApiKey(control_stage.Secret("sk-demo-openai-1"))
    again = await log_in(up, wish)
    assert again.result is not None
    assert again.result.message == "has a new login"
    assert len(up.engine.records.list()) == 1


async def test_a_kiro_key(up: Up) -> None:
    refused = await log_in(up, LoginWish(provider="kiro", api_key="ksk_wrong", agreed=True))
    assert (refused.state, nothing_stored(up)) == ("failed", True)
    assert "Kiro refuses this key" in (refused.error or "")
    done = await log_in(up, LoginWish(provider="kiro", api_key="ksk_test", agreed=True))
    assert done.state == "done"


@pytest.mark.parametrize(("choice", "state"), [(0, "failed"), (1, "done")])
async def test_a_key_that_cannot_be_checked_is_asked_about(up: Up, choice: int, state: str) -> None:
    async with up.client() as client:
        login = await client.login(LoginWish(provider="openai", base_url="http://127.0.0.1:9/v1", api_key="sk-planted"))
        asking = await until(up, login, lambda view: view.state == "asking")
        assert asking.question is not None
        assert asking.question.options == ["no", "store it"]
        await client.login_answer(login.id, LoginAnswer(choice=choice))
        assert (await ended(up, login)).state == state
    assert nothing_stored(up) is (state == "failed")


async def test_a_key_is_shown_nowhere(up: Up, demo: Upstreams, caplog: pytest.LogCaptureFixture) -> None:
    demo.world.faults.add("401", api="openai")
    wish = LoginWish(provider="openai", base_url=demo.openai_url, api_key="sk-planted-0123456789")
    failed = await log_in(up, wish)
    assert failed.state == "failed"
    told = msgspec.json.encode([event.change for event in up.engine.live.since(0)]).decode()
    assert any(isinstance(event.change, LogLine | LoginChanged) for event in up.engine.live.since(0))
    assert "planted" not in told + repr(wish) + caplog.text + repr(failed)
    assert not any(b"planted" in path.read_bytes() for path in up.engine.settings.folders.data.rglob("*.*"))


# --- what is offered, and refused ----------------------------------------------------------------


async def test_every_way_is_offered_with_what_it_needs(up: Up) -> None:
    async with up.client(LAPTOP) as client:
        offered = await client.login_methods()
    ways = {(each.provider, each.method) for each in offered}
    assert ways == {(way.provider, way.method) for way in methods.WAYS}
    kimi = next(each for each in offered if each.preset == "kimi")
    assert (kimi.provider, kimi.method, kimi.needs) == (OPENAI, "api-key", ["api_key"])
    assert all(each.risk for each in offered if each.provider in (KIRO, GEMINI))
    assert {each.plan for each in offered if each.provider == QWEN} == {"standard", "coding", "token", None}


def filled(each: LoginMethod) -> LoginWish:
    """A wish with everything the way asks for, and all it takes."""
    given = {name: "x" for name in (*each.needs, *each.takes) if name != "device"}
    return LoginWish(provider=each.provider, method=each.method, preset=each.preset, plan=each.plan, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("each", methods.offered(), ids=lambda each: each.title)
async def test_what_is_offered_is_a_wish_that_is_understood(each: LoginMethod) -> None:
    assert methods.chosen(filled(each))[1].method == each.method


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (LoginWish(provider="kirro"), "did you mean kiro"),
        (LoginWish(provider="kiro"), "say how to log in to kiro"),
        (LoginWish(provider="kiro", method="googel"), "did you mean google"),
        (LoginWish(provider="kiro", method="idc"), "idc of kiro needs start_url"),
        (LoginWish(provider="kiro", method="google", plan="coding"), "plan means nothing for google of kiro"),
        (LoginWish(provider="gemini", api_key="sk-planted"), "api_key means nothing for browser of gemini"),
        (LoginWish(provider="kiro", method="google", name=""), "name is empty"),
        (LoginWish(provider="openai", proxy="nonsense"), "proxy"),
        (LoginWish(provider="kiro", method="google"), "Kiro has no public API"),
        (LoginWish(provider="qwen"), "Qwen closed its OAuth tier"),
    ],
)
async def test_a_wish_that_makes_no_sense(up: Up, wish: LoginWish, told: str) -> None:
    async with up.client() as client:
        with pytest.raises(A2AError) as caught:
            await client.login(wish)
    assert caught.value.status == 400
    assert told in str(caught.value)
    assert "planted" not in str(caught.value)


async def test_what_only_the_upstream_s_name_tells_ends_the_login(up: Up) -> None:
    done = await log_in(up, LoginWish(provider="openai", preset="kimy", api_key="sk-planted"))
    assert (done.state, done.hint) == ("failed", "did you mean kimi?")


async def test_a_risk_is_agreed_to_once(up: Up) -> None:
    assert (await log_in(up, LoginWish(provider="kiro", api_key="ksk_test", agreed=True))).state == "done"
    assert (await log_in(up, LoginWish(provider="kiro", api_key="ksk_test"))).state == "done"


async def test_nothing_is_answered_that_was_not_asked(up: Up, demo: Upstreams) -> None:
    demo.kiro.logins.flags.pending_polls = 99
    async with up.client() as client:
        login = await client.login(LoginWish(provider="kiro", method="google", agreed=True))
        await shown(up, login)
        for answer, told in (
            (LoginAnswer(choice=0), "nothing is asked"),
            (LoginAnswer(text="x"), "nothing is to be pasted"),
            (LoginAnswer(), "no answer in it"),
        ):
            with pytest.raises(UsageError, match=told):
                await client.login_answer(login.id, answer)
        with pytest.raises(UnknownRoute, match="there is no login login_0"):
            await client.login_state("login_0")


# --- ends ----------------------------------------------------------------------------------------


async def test_cancelling_ends_it_and_stores_nothing(up: Up, demo: Upstreams) -> None:
    demo.kiro.logins.flags.pending_polls = 99
    async with up.client() as client:
        login = await client.login(LoginWish(provider="kiro", method="google", agreed=True))
        await shown(up, login)
        assert (await client.login_cancel(login.id)).state == "cancelled"
        view = await client.login_state(login.id)
        assert (view.state, view.shown) == ("cancelled", None)
        with pytest.raises(UsageError, match="over: cancelled"):
            await client.login_cancel(login.id)
    assert nothing_stored(up)


async def test_cancelling_while_it_asks(up: Up) -> None:
    async with up.client() as client:
        login = await client.login(LoginWish(provider="openai", base_url="http://127.0.0.1:9/v1", api_key="sk-planted"))
        await until(up, login, lambda view: view.state == "asking")
        await client.login_cancel(login.id)
        await asyncio.sleep(0)
        assert (await client.login_state(login.id)).state == "cancelled"


async def test_the_end_of_the_server_is_theirs(demo: Upstreams, home: Path) -> None:
    demo.kiro.logins.flags.pending_polls = 99
    async with control_stage.up(settings(demo, home)) as stage:
        async with stage.client() as client:
            login = await client.login(LoginWish(provider="kiro", method="google", agreed=True))
            await shown(stage, login)
        live = stage.engine.live
    last = [event.change.login for event in live.since(0) if isinstance(event.change, LoginChanged)]
    assert [view.state for view in last] == ["cancelled"]


async def test_so_many_at_a_time(up: Up, demo: Upstreams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MOST_RUNNING", 1)
    demo.kiro.logins.flags.pending_polls = 99
    wish = LoginWish(provider="kiro", method="google", agreed=True)
    async with up.client() as client:
        login = await client.login(wish)
        with pytest.raises(NoAccount, match="1 logins are under way"):
            await client.login(wish)
        await client.login_cancel(login.id)
        await client.login(wish)


async def test_only_the_newest_are_kept(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "KEPT", 2)
    wish = LoginWish(provider="openai", preset="kimy", api_key="sk-planted")
    ids = [(await log_in(up, wish)).id for _ in range(3)]
    status, kept = await up.raw("GET", "/login")
    assert (status, [view["id"] for view in kept]) == (200, [ids[2], ids[1]])


async def test_only_the_owner_logs_in(up: Up) -> None:
    done = await log_in(up, LoginWish(provider="openai", preset="kimy", api_key="sk-planted"))
    async with up.client(LAPTOP) as client:
        for call in (
            client.login(LoginWish(provider="openai", api_key="x")),
            client.login_state(done.id),
            client.login_answer(done.id, LoginAnswer(text="x")),
            client.login_cancel(done.id),
        ):
            with pytest.raises(Forbidden):
                await call
    assert (await up.raw("GET", "/login", key=LAPTOP))[0] == 403
