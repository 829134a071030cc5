"""A renewal in a process of its own: whoever asked for it may be killed at any instant, and no token is lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from support.kiro_auth import AuthServer, auth_server
from support.kiro_tokens import refresh_text, token

from a2a.auth import renewer
from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, GoogleToken, KiroToken
from a2a.auth.renewer import Detached
from a2a.auth.store import FileStore
from a2a.auth.tokens import TokenKeeper
from a2a.clock import SystemClock
from a2a.errors import NeedsAction, NeedsLogin, StoreError, Unreachable, UpstreamError
from a2a.paths import folders
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

ACCOUNT = Account(id="acc_1", provider="claude-kiro-oauth", alias="work", kind="social")

ASKER = """
import asyncio, sys
from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account
from a2a.auth.renewer import Detached
from a2a.auth.store import FileStore
from a2a.auth.tokens import TokenKeeper
from a2a.clock import SystemClock
from a2a.paths import folders

async def main(home, url):
    place = folders(home)
    store, urls = FileStore(place.credentials), AuthUrls(auth_url=url + "/auth")
    keeper = TokenKeeper(store, folders=place, urls=lambda a: urls, clock=SystemClock(),
                         renew=Detached("file", place, store))
    await keeper.current(Account(id="acc_1", provider="claude-kiro-oauth", alias="work", kind="social"))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def server() -> AsyncIterator[AuthServer]:
    async with auth_server() as running:
        running.valid.add(refresh_text())
        yield running


class Place:
    """A home with one expired token, and a keeper whose renewals run in a process of their own."""

    def __init__(self, home: Path, server: AuthServer) -> None:
        self.folders = folders(str(home))
        self.store = FileStore(self.folders.credentials)
        self.urls = AuthUrls(auth_url=f"{server.url}/auth")
        self.store.put(ACCOUNT.id, encode_credential(token()))

    def keeper(self) -> TokenKeeper:
        renew = Detached("file", self.folders, self.store)
        return TokenKeeper(self.store, folders=self.folders, urls=lambda _: self.urls, clock=SystemClock(), renew=renew)

    def saved(self) -> KiroToken:
        found = decode_credential(self.store.get(ACCOUNT.id) or b"", "x")
        assert isinstance(found, KiroToken)
        return found


@pytest.fixture
def place(tmp_path: Path, server: AuthServer) -> Place:
    return Place(tmp_path / "h", server)


async def test_it_renews_stores_and_hands_out(place: Place, server: AuthServer) -> None:
    keeper = place.keeper()
    got = await keeper.current(ACCOUNT)
    await keeper.aclose()
    assert got == place.saved() != token()
    assert server.valid == {place.saved().refresh_token.reveal()}


async def test_kill_9_between_rotation_and_answer_loses_nothing(place: Place, server: AuthServer) -> None:
    server.reply_gate.clear()
    asker = await asyncio.create_subprocess_exec(sys.executable, "-c", ASKER, str(place.folders.home), server.url)
    await server.rotated.wait()
    asker.kill()
    await asker.wait()
    # A second process wants the token meanwhile: the lock is held by the one that asks, not by the dead.
    keeper = place.keeper()
    waiting = asyncio.create_task(keeper.current(ACCOUNT))
    server.reply_gate.set()
    got = await waiting
    await keeper.aclose()
    assert got == place.saved()
    assert server.valid == {place.saved().refresh_token.reveal()}
    assert (len(server.calls), server.reused) == (1, [])


async def test_no_secret_is_an_argument(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    popen = subprocess.Popen

    def noted(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(command)
        return popen(command, **options)

    monkeypatch.setattr(renewer.subprocess, "Popen", noted)
    keeper = place.keeper()
    await keeper.current(ACCOUNT)
    await keeper.aclose()
    assert len(started) == 1
    assert not any("aor-" in word or "aoa-" in word for word in started[0])


async def test_a_dead_login_is_told_with_its_command(place: Place, server: AuthServer) -> None:
    server.valid.clear()
    keeper = place.keeper()
    with pytest.raises(NeedsLogin, match="no longer valid") as caught:
        await keeper.current(ACCOUNT)
    await keeper.aclose()
    assert caught.value.hint == "log in again: a2a login kiro --name work"


async def test_what_only_the_user_can_do_keeps_its_reason(place: Place) -> None:
    account = structs.replace(ACCOUNT, provider="gemini-cli-oauth")
    google = GoogleToken(access_token=Secret("a"), refresh_token=Secret("r"), client_id="nobody.example")
    place.store.put(account.id, encode_credential(google))
    keeper = place.keeper()
    with pytest.raises(NeedsAction) as caught:
        await keeper.current(account)
    await keeper.aclose()
    assert caught.value.reason == "no_oauth_client"


async def test_no_connection_keeps_its_class(place: Place) -> None:
    place.urls = AuthUrls(auth_url="http://127.0.0.1:1")
    keeper = place.keeper()
    with pytest.raises(Unreachable) as caught:
        await keeper.current(ACCOUNT)
    assert "a2a login" not in (caught.value.hint or ""), "the login may be as good as ever"
    await keeper.aclose()


async def test_a_killed_renewal_is_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = place.keeper()
    with monkeypatch.context() as broken:
        broken.setattr(renewer, "_PROGRAM", "import os; os.kill(os.getpid(), 9)")
        with pytest.raises(UpstreamError, match="was killed"):
            await keeper.current(ACCOUNT)
    assert await keeper.current(ACCOUNT) == place.saved() != token()
    await keeper.aclose()


async def test_without_processes_it_is_done_here(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    keeper = place.keeper()
    assert await keeper.current(ACCOUNT) == place.saved() != token()
    await keeper.aclose()


async def test_a_store_that_fails_there_does_not_lose_the_account(place: Place, server: AuthServer) -> None:
    folder = place.folders.credentials
    keeper = place.keeper()
    first = await keeper.current(ACCOUNT)
    keeper.forget(ACCOUNT.id)
    old = folder / "acc_1.json"
    kept = old.read_bytes()
    old.unlink()
    folder.rmdir()
    folder.write_text("a file where the folder was")
    # Read-only stand-in: the stale token is handed in, the store can neither be read nor written.
    renewed = await Detached("file", place.folders, place.store)(
        renewer.Job(account=ACCOUNT, known=first, stale=first, urls=place.urls, newer=True)
    )
    assert renewed.credential != first
    assert renewed.unsaved
    folder.unlink()
    folder.mkdir()
    old.write_bytes(kept)
    await keeper.aclose()
    assert server.reused == []


async def test_what_never_reached_the_store_is_renewed_not_the_spent_one(place: Place, server: AuthServer) -> None:
    """The store fails at one renewal; the next one must not go back to what it still holds."""
    put, fails = place.store.put, True

    class Failing(FileStore):
        def put(self, key: str, value: bytes) -> None:
            if fails:
                raise StoreError("the disk is full")
            put(key, value)

    store = Failing(place.folders.credentials)
    keeper = TokenKeeper(store, folders=place.folders, urls=lambda _: place.urls, clock=SystemClock())
    first = await keeper.current(ACCOUNT)
    second = await keeper.refresh(ACCOUNT, stale=first)
    assert second != first
    fails = False
    await keeper.save_left()
    assert place.saved() == second
    assert server.reused == []
    await keeper.aclose()
