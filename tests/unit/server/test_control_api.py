"""The control API: who may act, what each route takes and gives, what an error looks like. And its own client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs
from support import control_stage
from support.control_stage import LAPTOP, OWN, Up
from support.pool_kit import KIRO, OPENAI, account
from support.waiting import eventually

from a2a.auth.accounts import AccountStore
from a2a.config import ProviderSettings, ServerSettings, Settings
from a2a.control.client import ControlClient
from a2a.control.types import (
    AccountSettings,
    Acted,
    ExchangeWish,
    ExportWish,
    LoginAnswer,
    LoginWish,
    LogLine,
    LogWish,
    MigrateWish,
    NewName,
    StatsWish,
)
from a2a.errors import (
    A2AError,
    BadUpstream,
    Forbidden,
    NeedsLogin,
    UnknownRoute,
    Unreachable,
    UpstreamTimeout,
    UsageError,
    WrongKey,
)
from a2a.gateway import actions
from a2a.gateway.engine import Engine
from a2a.paths import folders
from a2a.pool.account import PoolAccount
from a2a.secret import Secret

pytestmark = pytest.mark.anyio


@pytest.fixture
async def up(home: Path) -> AsyncIterator[Up]:
    nowhere = ProviderSettings(base_url="http://127.0.0.1:9/v1", management_url="http://127.0.0.1:9")
    made = Settings(
        providers={OPENAI: nowhere, KIRO: nowhere},
        server=ServerSettings(port=0, host="127.0.0.1", api_key=OWN, allow_origin=["http://good"]),
        client_keys={"laptop": LAPTOP},
        credential_store="file",
        folders=folders(str(home)),
    )
    accounts = (account("a"), account("b"), structs.replace(account("k", provider=KIRO), alias="me@x+1"))
    async with control_stage.up(made, accounts) as stage:
        yield stage


@pytest.mark.parametrize("provider", ["openai", OPENAI, "OpenAI"])
async def test_an_account_by_any_name_of_its_provider(up: Up, provider: str) -> None:
    detail = await up.ask(lambda client: client.account(provider, "a"))
    assert (detail.provider, detail.alias, detail.enabled) == (OPENAI, "a", True)


async def test_an_alias_may_be_an_address(up: Up) -> None:
    acted = await up.ask(lambda client: client.act("kiro", "me@x+1", "disable"))
    assert acted.view is not None
    assert acted.view.state == "disabled"


async def test_an_action_takes_effect_at_once(up: Up) -> None:
    await up.ask(lambda client: client.act("openai", "a", "disable"))
    assert {view.alias: view.state for view in await up.ask(lambda client: client.accounts())}["a"] == "disabled"
    with up.engine.pool.lease(OPENAI, "m") as lease:
        assert lease.account.alias == "b"


async def test_actions_with_a_body(up: Up) -> None:
    await up.ask(lambda client: client.act("openai", "a", "set", AccountSettings(priority=7, proxy=None)))
    acted = await up.ask(lambda client: client.act("openai", "a", "rename", NewName("work")))
    assert acted.account == f"{OPENAI}/work"
    assert (await up.ask(lambda client: client.account("openai", "work"))).priority == 7


async def test_an_export_comes_with_the_secret_and_is_not_to_be_kept(up: Up) -> None:
    document = await up.ask(lambda client: client.export("openai", "a", ExportWish(with_secrets=True)))
    assert b"sk-a" in bytes(document.accounts[0].credential)
    every = await up.ask(lambda client: client.export_all(ExportWish(with_secrets=True)))
    assert len(every.accounts) == 3
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{up.url}/admin/v1/accounts", headers={"x-api-key": OWN.reveal()}) as answer,
    ):
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_reload_sees_what_others_did(up: Up) -> None:
    AccountStore(up.engine.settings.folders).delete(account("b").id)
    assert (await up.ask(lambda client: client.reload())).accounts == 2
    assert [view.alias for view in await up.ask(lambda client: client.accounts())] == ["a", "me@x+1"]


async def test_secrets_move_while_serving(up: Up) -> None:
    moved = await up.ask(lambda client: client.migrate(MigrateWish("keyring")))
    assert len(moved.moved) == 3


async def test_removing(up: Up) -> None:
    acted = await up.ask(lambda client: client.act("openai", "a", "remove"))
    assert (acted.view, acted.account) == (None, f"{OPENAI}/a")
    with pytest.raises(UnknownRoute, match="there is no account openai/a"):
        await up.ask(lambda client: client.account("openai", "a"))


READS: list[Callable[[ControlClient], Any]] = [
    lambda client: client.server(),
    lambda client: client.accounts(),
    lambda client: client.account("openai", "a"),
    lambda client: client.models(),
    lambda client: client.exchanges(ExchangeWish()),
    lambda client: client.stats(StatsWish()),
    lambda client: client.login_methods(),
]
ACTS: list[Callable[[ControlClient], Any]] = [
    *(lambda client, name=name: client.act("openai", "a", name) for name in actions.ACTIONS),
    lambda client: client.reload(),
    lambda client: client.test_all(),
    lambda client: client.export("openai", "a", ExportWish(with_secrets=True)),
    lambda client: client.export_all(ExportWish(with_secrets=True)),
    lambda client: client.migrate(MigrateWish("keyring")),
    lambda client: client.reload_settings(),
    lambda client: client.login(LoginWish(provider="openai")),
    lambda client: client.login_answer("login_0", LoginAnswer(text="x")),
    lambda client: client.login_cancel("login_0"),
]


async def test_a_further_client_may_look_and_not_act(up: Up) -> None:
    before = await up.ask(lambda client: client.accounts())
    for read in READS:
        await up.ask(read, LAPTOP)
    for act in ACTS:
        with pytest.raises(Forbidden, match="the key of client 'laptop' may look, not act"):
            await up.ask(act, LAPTOP)
    assert await up.ask(lambda client: client.accounts()) == before


async def test_a_wrong_key_sees_nothing(up: Up) -> None:
    for call in (*READS, *ACTS):
        with pytest.raises(WrongKey):
            await up.ask(call, Secret("wrong"))


async def test_a_page_of_another_origin_does_not_act(up: Up) -> None:
    status, told = await up.raw("POST", "/accounts/openai/a/disable", Origin="http://evil")
    assert (status, told["error"]["kind"]) == (403, "forbidden")
    assert (await up.raw("POST", "/accounts/openai/a/disable", Origin="http://good"))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        ("POST", "/accounts/openai/a/dissable", b"", 404, "did you mean disable?"),
        ("POST", "/accounts/relode", b"", 404, "did you mean reload?"),
        ("POST", "/accounts/opnai/a/disable", b"", 404, "did you mean openai/a?"),
        ("GET", "/accounts/openai/c", b"", 404, "did you mean"),
        ("GET", "/exchanges/ex_0", b"", 404, "no exchange ex_0"),
        ("POST", "/accounts/openai/a/set", b'{"prio": 1}', 400, "prio"),
        ("POST", "/accounts/openai/a/set", b'{"weight": 0}', 400, "weight"),
        ("POST", "/accounts/openai/a/set", b"{}", 400, "nothing to set"),
        ("POST", "/accounts/openai/a/rename", b"", 400, "name"),
        ("POST", "/accounts/openai/a/rename", b"\xff", 400, "does not fit"),
        ("POST", "/accounts/openai/a/disable", b'{"yes": 1}', 400, "yes"),
        ("POST", "/accounts/openai/a/refresh", b"", 400, "has a key"),
        ("POST", "/accounts/openai/a/export", b"", 400, "--with-secrets"),
        ("POST", "/accounts/migrate", b'{"to": "cloud"}', 400, "cloud"),
    ],
)
async def test_an_error_says_what_and_what_to_do(
    up: Up, method: str, path: str, body: bytes, status: int, told: str
) -> None:
    code, answer = await up.raw(method, path, body)
    assert code == status
    assert set(answer["error"]) == {"message", "hint", "kind", "exit_code"}
    assert told in f"{answer['error']['message']} {answer['error']['hint']}"


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (NeedsLogin("dead", hint="a2a login"), NeedsLogin),
        (UsageError("no", hint="so"), UsageError),
        (Unreachable("away", hint="net"), Unreachable),
        (UpstreamTimeout("slow", hint="later"), UpstreamTimeout),
        (BadUpstream("odd", hint="?"), BadUpstream),
    ],
)
async def test_an_error_comes_back_as_what_it_was(
    up: Up, monkeypatch: pytest.MonkeyPatch, raised: A2AError, kind: type[A2AError]
) -> None:
    async def fail(engine: Engine, member: PoolAccount, body: Any) -> Acted:
        raise raised

    monkeypatch.setitem(actions.ACTIONS, "reset", actions.Action(fail))  # type: ignore[arg-type]
    with pytest.raises(kind) as caught:
        await up.ask(lambda client: client.act("openai", "a", "reset"))
    assert (caught.value.message, caught.value.hint) == (raised.message, raised.hint)
    assert caught.value.exit_code == raised.exit_code


async def test_a_bug_is_told_without_its_words(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(engine: Engine, member: PoolAccount, body: Any) -> Acted:
        raise ZeroDivisionError("sk-secret")

    monkeypatch.setitem(actions.ACTIONS, "reset", actions.Action(fail))  # type: ignore[arg-type]
    with pytest.raises(A2AError, match="internal error of a2a") as caught:
        await up.ask(lambda client: client.act("openai", "a", "reset"))
    assert "sk-secret" not in str(caught.value)


async def test_a_server_that_does_not_answer_in_time(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    over = asyncio.Event()

    async def hang(engine: Engine, member: PoolAccount, body: Any) -> Acted:
        await over.wait()
        raise UsageError("over")

    monkeypatch.setitem(actions.ACTIONS, "reset", actions.Action(hang))  # type: ignore[arg-type]
    with pytest.raises(UpstreamTimeout, match="does not answer in time"):
        await up.ask(lambda client: client.act("openai", "a", "reset"), timeout_s=0.2)
    over.set()


async def test_what_was_learned_is_on_disk_without_an_action(up: Up) -> None:
    path = up.engine.settings.folders.state / "health" / f"{account('a').id}.json"
    up.engine.pool.members()[0].hold("suspended", "suspended", "by the upstream")
    await asyncio.to_thread(eventually, path.exists, "the file")
    assert b"suspended" in path.read_bytes()


async def test_the_log_is_told_by_level(up: Up) -> None:
    for level in ("info", "warning", "error"):
        up.engine.live.publish(LogLine(level=level, event=f"said_{level}", fields={"account": "openai/a"}))
    said = await up.ask(lambda client: client.log(LogWish(level="warning", limit=1000)))
    assert [line.event for line in said if line.event.startswith("said_")] == ["said_warning", "said_error"]
    (newest,) = await up.ask(lambda client: client.log(LogWish(level="error", limit=1)))
    assert (newest.event, newest.level, newest.fields) == ("said_error", "error", {"account": "openai/a"})
    async with up.client() as client:
        assert await client.log(LogWish(level="error", limit=1)) == [newest]


async def test_the_log_is_for_the_owner(up: Up) -> None:
    with pytest.raises(Forbidden, match="may not see the log"):
        await up.ask(lambda client: client.log(LogWish()), key=LAPTOP)


@pytest.mark.parametrize("query", ["level=debug", "limit=0", "limit=1001", "limit=x", "after=1"])
async def test_a_query_of_the_log_that_does_not_fit_is_refused(up: Up, query: str) -> None:
    status, told = await up.raw("GET", f"/log?{query}")
    assert status == 400
    assert "the query does not fit" in told["error"]["message"]
