"""Everything put together from settings, and taken apart again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.pool_kit import OPENAI, FakeClock, account, failure, settings, verdict

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import encode_credential
from a2a.auth.records import Account, ApiKey, Credential
from a2a.config import Settings
from a2a.control.types import AccountChanged
from a2a.errors import A2AError, NeedsLogin, Unreachable
from a2a.gateway.engine import Engine
from a2a.paths import folders
from a2a.secret import Secret

pytestmark = pytest.mark.anyio


def given(tmp_path: Path, **openai: Any) -> Settings:
    made = settings(openai=openai)
    made.folders = folders(str(tmp_path))
    made.credential_store = "file"
    return made


def engine(made: Settings, *aliases: str, said: list[str] | None = None) -> Engine:
    """An engine over these saved accounts, each with a key."""
    one = Engine(made, say=(said if said is not None else []).append, clock=FakeClock())
    for alias in aliases:
        AccountStore(made.folders).put(account(alias))
        one.store.put(account(alias).id, encode_credential(ApiKey(Secret(f"sk-{alias}"))))
    return one


def lists(asked: list[str]) -> TestServer:
    async def models(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        return web.json_response({"data": [{"id": "listed"}]})

    app = web.Application()
    app.router.add_get("/v1/models", models)
    return TestServer(app)


async def test_saved_accounts_are_in_the_pool(tmp_path: Path) -> None:
    async with engine(given(tmp_path), "a", "b") as one:
        assert [view.alias for view in one.pool.views()] == ["a", "b"]
        assert one.view().started_at == one.clock.now()


async def test_what_is_wrong_with_accounts_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    made = given(tmp_path)
    made.folders.accounts.mkdir(parents=True)
    (made.folders.accounts / "broken.json").write_text("{")
    async with engine(made, said=said):
        assert "broken.json" in said[0]


@pytest.mark.parametrize(
    ("name", "found"), [("KIRO", "claude-kiro-oauth"), ("openai-custom", OPENAI), ("nobody", None)]
)
async def test_providers_by_name(tmp_path: Path, name: str, found: str | None) -> None:
    one = engine(given(tmp_path))
    assert one.provider_of(name) == found


async def test_changes_of_accounts_are_live_events(tmp_path: Path) -> None:
    async with engine(given(tmp_path), "a") as one:
        one.pool.lease(OPENAI, "m").fail(failure(429), verdict(cool_s=5.0), "m")
        (event,) = one.live.since(0)
        assert isinstance(event.change, AccountChanged)
        assert event.change.account.state == "cooling"


async def test_lists_are_asked_for_new_accounts_only(tmp_path: Path) -> None:
    asked: list[str] = []
    async with lists(asked) as server, engine(given(tmp_path, base_url=str(server.make_url("/v1"))), "a", "b") as one:
        assert await one.list_models() == []
        assert sorted(asked) == ["Bearer sk-a", "Bearer sk-b"]
        assert one.catalogue.lists("listed")
        assert await one.list_models(only_new=True) == []
        assert len(asked) == 2


async def test_an_account_without_credential_costs_its_list_alone(tmp_path: Path) -> None:
    asked: list[str] = []
    async with lists(asked) as server:
        one = engine(given(tmp_path, base_url=str(server.make_url("/v1"))), "a", "b")
        one.store.delete(account("a").id)
        async with one:
            (problem,) = await one.list_models()
    assert problem.startswith("openai/a gave no model list: ")
    assert asked == ["Bearer sk-b"]


async def test_tokens_are_renewed_ahead_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []
    made = given(tmp_path)
    made.server.cron_near_minutes = 7

    async def current(account: Account, *, lead_s: float) -> Credential:
        asked.append((account.alias, lead_s))
        return ApiKey(Secret("sk"))

    async with engine(made, "a", "b") as one:
        monkeypatch.setattr(one.keeper, "current", current)
        one.pool.members()[1].hold("suspended", "suspended", "no")
        await one.renew_tokens()
    assert asked == [("a", 420.0)]


@pytest.mark.parametrize(("error", "state"), [(NeedsLogin("dead"), "needs_login"), (Unreachable("away"), "ready")])
async def test_only_a_dead_token_takes_the_account_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: A2AError, state: str
) -> None:
    async def current(account: Account, *, lead_s: float) -> Credential:
        raise error

    async with engine(given(tmp_path), "a") as one:
        monkeypatch.setattr(one.keeper, "current", current)
        await one.renew_tokens()
        assert one.pool.views()[0].state == state
