"""The token keeper renews every kind of token by the same rules: Google's and Qwen's against their emulators."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from a2a.auth import google, qwen, renewal, tokens
from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, Credential
from a2a.auth.store import FileStore
from a2a.auth.tokens import TokenKeeper
from a2a.clock import SystemClock
from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET
from a2a.demo.upstreams import Upstreams
from a2a.errors import NeedsAction, NeedsLogin, UpstreamTimeout
from a2a.paths import folders
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

KINDS = {"gemini-cli-oauth": google.parse_token_text, "openai-qwen-oauth": qwen.parse_token_text}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


class Home:
    """One account of the emulators, imported from a file, and keepers on its store."""

    def __init__(self, up: Upstreams, folder: Path, provider: str) -> None:
        self.up = up
        self.folders = folders(str(folder))
        self.store = FileStore(self.folders.credentials)
        self.file = folder / "creds.json"
        self.account = Account(id="acc_1", provider=provider, alias="a", kind="oauth", source=str(self.file))
        self.rotated = provider == "openai-qwen-oauth"
        self.write()
        self.imported = KINDS[provider](self.file.read_text(), "x")

    def write(self) -> None:
        if self.account.provider == "openai-qwen-oauth":
            content: dict[str, Any] = next(iter(self.up.qwen.accounts.values())).credentials(self.up.qwen_url)
        else:
            content = next(iter(self.up.codeassist.accounts.values())).credentials()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(content))

    def urls(self, secret: str = CLIENT_SECRET) -> AuthUrls:
        auth_url, token_url = self.up.qwen_url, self.up.google_url
        return AuthUrls(auth_url=auth_url, token_url=token_url, client_id=CLIENT_ID, client_secret=Secret(secret))

    def keeper(self, **urls: str) -> TokenKeeper:
        return TokenKeeper(
            self.store, folders=self.folders, urls=lambda account: self.urls(**urls), clock=SystemClock()
        )

    def save(self, credential: Credential) -> None:
        self.store.put("acc_1", encode_credential(credential))

    def saved(self) -> Any:
        return decode_credential(self.store.get("acc_1") or b"", "x")


@pytest.fixture(params=KINDS)
def home(request: pytest.FixtureRequest, up: Upstreams, tmp_path: Path) -> Home:
    return Home(up, tmp_path, request.param)


async def test_an_expired_token_is_renewed_once_and_stored_before_use(home: Home) -> None:
    home.save(structs.replace(home.imported, expires_at=1.0))
    keeper = home.keeper()
    found = await asyncio.gather(*(keeper.current(home.account) for _ in range(5)))
    await keeper.aclose()
    assert len({token.access_token.reveal() for token in found}) == 1  # type: ignore[union-attr]
    assert found[0] == home.saved() != home.imported
    assert (home.saved().refresh_token != home.imported.refresh_token) is home.rotated


async def test_two_processes_do_not_renew_twice(home: Home) -> None:
    home.save(structs.replace(home.imported, expires_at=1.0))
    one, other = home.keeper(), home.keeper()
    found = await asyncio.gather(one.current(home.account), other.current(home.account))
    await one.aclose()
    await other.aclose()
    assert found[0] == found[1]


async def test_a_dead_token_is_looked_up_in_the_client_s_file_first(home: Home) -> None:
    dead = structs.replace(home.imported, refresh_token=Secret("dead"), source_fingerprint="other", expires_at=1.0)
    home.save(dead)
    keeper = home.keeper()
    assert (await keeper.current(home.account)) == home.imported
    await keeper.aclose()


async def test_a_dead_token_without_another_needs_a_login(home: Home) -> None:
    home.save(structs.replace(home.imported, refresh_token=Secret("dead"), expires_at=1.0))
    keeper = home.keeper()
    with pytest.raises(NeedsLogin) as caught:
        await keeper.current(home.account)
    await keeper.aclose()
    assert "a2a login" in str(caught.value)
    assert "dead" not in str(caught.value).replace("a2a login", "")


async def test_a_wrong_oauth_client_is_a_setting_not_a_login(up: Upstreams, tmp_path: Path) -> None:
    home = Home(up, tmp_path, "gemini-cli-oauth")
    home.save(structs.replace(home.imported, expires_at=1.0))
    keeper = home.keeper(secret="wrong")
    with pytest.raises(NeedsAction) as caught:
        await keeper.current(home.account)
    await keeper.aclose()
    assert caught.value.reason == "bad_oauth_client"


async def test_a_renewal_that_drags_on_ends_no_request_s_patience(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request asks another account; the renewal goes on and is there for the next one."""
    home.save(structs.replace(home.imported, expires_at=1.0))
    keeper, go_on = home.keeper(), asyncio.Event()
    renew = keeper._renew

    async def slow(job: renewal.Job) -> renewal.Renewed:
        await go_on.wait()
        return await renew(job)

    monkeypatch.setattr(keeper, "_renew", slow)
    monkeypatch.setattr(tokens, "_WAIT_S", 0.01)
    with pytest.raises(UpstreamTimeout, match="could not be renewed within"):
        await keeper.current(home.account)
    go_on.set()
    await keeper.aclose()
    assert home.saved() == await keeper.current(home.account) != home.imported


async def test_an_endpoint_that_never_ends_is_given_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.save(structs.replace(home.imported, expires_at=1.0))
    keeper = home.keeper()

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    kind = renewal.KINDS[type(home.imported)]
    monkeypatch.setitem(renewal.KINDS, type(home.imported), structs.replace(kind, refresh=never))
    monkeypatch.setattr(renewal, "_RENEWAL_S", 0.01)
    with pytest.raises(UpstreamTimeout, match="the token endpoint took over"):
        await keeper.current(home.account)
    await keeper.aclose()
