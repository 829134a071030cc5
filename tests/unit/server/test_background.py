"""Work beside the serving: it has its turns, and a bug in it ends nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from a2a.config import ServerSettings, Settings
from a2a.gateway import checks, quota
from a2a.gateway.engine import Engine
from a2a.paths import folders
from a2a.secret import Secret
from a2a.server.run import serving

pytestmark = pytest.mark.anyio
OWN = "own-key-of-the-server"


def given(home: Path, **server: object) -> Settings:
    return Settings(
        server=ServerSettings(port=0, host="127.0.0.1", api_key=Secret(OWN), **server),  # type: ignore[arg-type]
        credential_store="file",
        folders=folders(str(home)),
    )


@pytest.mark.parametrize(("room", "who"), [(quota, "quota"), (checks, "checks")])
async def test_turns_come_again_after_a_bug(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, room: object, who: str
) -> None:
    monkeypatch.setattr(room, "TICK_S", 0.0)
    turns = 0
    twice = asyncio.Event()

    async def turn() -> None:
        nonlocal turns
        turns += 1
        if turns > 1:
            twice.set()
            await asyncio.Event().wait()
        raise RuntimeError("a bug")

    settings = given(home)
    async with Engine(settings, say=lambda _: None) as engine:
        monkeypatch.setattr(getattr(engine, who), "turn", turn)
        async with serving(settings, engine), asyncio.timeout(20):
            await twice.wait()
    assert "background_failed" in caplog.text


@pytest.mark.parametrize(("path", "looks"), [("accounts", 1), ("server", 0)])
async def test_who_reads_the_accounts_looks_at_their_figures(
    home: Path, monkeypatch: pytest.MonkeyPatch, path: str, looks: int
) -> None:
    seen: list[bool] = []
    settings = given(home)
    async with Engine(settings, say=lambda _: None) as engine, serving(settings, engine) as url:
        monkeypatch.setattr(engine.quota, "look", lambda: seen.append(True))
        headers = {"Authorization": f"Bearer {OWN}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{url}/admin/v1/{path}", headers=headers) as answer,
        ):
            assert answer.status == 200
    assert len(seen) == looks


@pytest.mark.parametrize("wanted", [True, False])
async def test_tokens_are_renewed_where_that_is_wanted(
    home: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    renewed: list[bool] = []
    settings = given(home, cron_refresh_token=wanted)

    async def renew() -> None:
        renewed.append(True)

    async with Engine(settings, say=lambda _: None) as engine:
        monkeypatch.setattr(engine, "renew_tokens", renew)
        async with serving(settings, engine):
            for _ in range(5):
                await asyncio.sleep(0)
    assert bool(renewed) is wanted
