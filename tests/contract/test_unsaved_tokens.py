"""A token that the store did not take: it is tried again, but never put over a later login, nor after a removal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs
from support.kiro_auth import auth_server
from support.kiro_tokens import refresh_text, token

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, ApiKey, Credential, KiroToken
from a2a.auth.store import FileStore
from a2a.auth.tokens import TokenKeeper
from a2a.clock import SystemClock
from a2a.errors import NeedsLogin, StoreError
from a2a.paths import Folders, folders
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

ACCOUNT = Account(id="acc_1", provider="claude-kiro-oauth", alias="work", kind="social")


class Full(FileStore):
    """Takes nothing while `full`."""

    full = False

    def put(self, key: str, value: bytes) -> None:
        if self.full:
            raise StoreError("disk full")
        super().put(key, value)

    def credential(self) -> Credential:
        return decode_credential(self.get(ACCOUNT.id) or b"", "x")


@pytest.fixture
def place(tmp_path: Path) -> Folders:
    return folders(str(tmp_path / "h"))


@pytest.fixture
def store(place: Folders) -> Full:
    store = Full(place.credentials)
    store.put(ACCOUNT.id, encode_credential(token(expires_at=1.0)))
    AccountStore(place).put(ACCOUNT)
    return store


@pytest.fixture
async def keeper(place: Folders, store: Full) -> AsyncIterator[TokenKeeper]:
    """Holds `aoa-1`, which the store has not taken."""
    async with auth_server() as server:
        server.valid.add(refresh_text())
        urls = AuthUrls(auth_url=f"{server.url}/auth")
        keeper = TokenKeeper(
            store, folders=place, urls=lambda _: urls, clock=SystemClock(), accounts=AccountStore(place)
        )
        store.full = True
        assert access(await keeper.current(ACCOUNT)) == "aoa-1"
        store.full = False
        yield keeper
        await keeper.aclose()


def access(credential: Credential) -> str:
    assert isinstance(credential, KiroToken)
    return credential.access_token.reveal()


async def test_it_is_stored_once_the_store_works(keeper: TokenKeeper, store: Full) -> None:
    await keeper.save_left()
    assert access(store.credential()) == "aoa-1"


@pytest.mark.parametrize(
    "login",
    [
        ApiKey(Secret("ksk_new")),
        structs.replace(token(), access_token=Secret("aoa-new"), issued_at=9e9),
        structs.replace(token(), access_token=Secret("aoa-new"), source_fingerprint="of another file"),
    ],
    ids=["a key", "a new login", "an import"],
)
async def test_a_login_in_the_meantime_stays(keeper: TokenKeeper, store: Full, login: Credential) -> None:
    store.put(ACCOUNT.id, encode_credential(login))
    await keeper.save_left()
    assert store.credential() == login
    assert await keeper.current(structs.replace(ACCOUNT), lead_s=-9e9) == login


async def test_a_removed_account_does_not_come_back(keeper: TokenKeeper, store: Full, place: Folders) -> None:
    store.delete(ACCOUNT.id)
    AccountStore(place).delete(ACCOUNT.id)
    await keeper.save_left()
    assert store.get(ACCOUNT.id) is None
    with pytest.raises(NeedsLogin, match="gone"):
        await keeper.current(ACCOUNT)
