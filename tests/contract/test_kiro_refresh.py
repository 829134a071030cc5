"""Refresh against strict token endpoints: the three protocols, single flight, rotation, and what each failure means."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from msgspec import structs
from support.kiro_auth import AuthServer, auth_server
from support.kiro_tokens import ARN, ide_file, refresh_text, token, write_ide_file

from a2a.auth import kiro
from a2a.auth.accounts import AccountStore
from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.kiro import AuthUrls
from a2a.auth.kiro_file import parse_token_text, read_token_file
from a2a.auth.records import Account, ApiKey, Credential, KiroToken
from a2a.auth.store import FileStore
from a2a.auth.tokens import TokenKeeper
from a2a.errors import AccountError, BadUpstream, NeedsLogin, StoreError, Unreachable, UpstreamError
from a2a.paths import Folders, folders
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

NOW = 1_795_000_000.0


class FakeClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
async def server() -> AsyncIterator[AuthServer]:
    async with auth_server() as running:
        running.valid.add(refresh_text())
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as made:
        yield made


def urls(server: AuthServer, *allow: str) -> AuthUrls:
    return AuthUrls(
        auth_url=f"{server.url}/auth/", oidc_url=server.url + "/oidc/{region}", idp_allow=allow, user_agent="a2a/test"
    )


# --- one refresh ---------------------------------------------------------------------------------


async def test_social(server: AuthServer, client: httpx.AsyncClient) -> None:
    server.extra = {"profileArn": "arn:aws:codewhisperer:us-east-1:999999999999:profile/ZZZZZZZZZZZZ"}
    fresh = await kiro.refresh(token(email="a@b"), urls(server), client=client, now=NOW)
    assert server.calls == [("/auth/refreshToken", {"refreshToken": refresh_text()})]
    assert server.headers[0]["User-Agent"] == "a2a/test"
    assert (fresh.access_token.reveal(), fresh.expires_at, fresh.issued_at) == ("aoa-1", NOW + 3600, NOW)
    assert fresh.refresh_token.reveal() in server.valid
    assert (fresh.profile_arn, fresh.email) == (ARN, "a@b")


async def test_social_takes_the_arn_when_it_has_none(server: AuthServer, client: httpx.AsyncClient) -> None:
    server.extra = {"profileArn": "arn:new"}
    fresh = await kiro.refresh(token(profile_arn=None), urls(server), client=client, now=NOW)
    assert fresh.profile_arn == "arn:new"


async def test_a_missing_refresh_token_keeps_the_old_one(server: AuthServer, client: httpx.AsyncClient) -> None:
    server.answer = web.json_response({"accessToken": "aoa-x", "expiresIn": 60})
    fresh = await kiro.refresh(token(), urls(server), client=client, now=NOW)
    assert fresh.refresh_token == token().refresh_token


IDC: dict[str, Any] = {
    "kind": "idc",
    "idp": "BuilderId",
    "auth_region": "eu-west-1",
    "profile_arn": None,
    "client_id": "cid",
    "client_secret": Secret("sec"),
}


async def test_idc_goes_to_its_region_as_camel_case_json(server: AuthServer, client: httpx.AsyncClient) -> None:
    fresh = await kiro.refresh(token(**IDC), urls(server), client=client, now=NOW)
    body = {"clientId": "cid", "clientSecret": "sec", "grantType": "refresh_token", "refreshToken": refresh_text()}
    assert server.calls == [("/oidc/eu-west-1/token", body)]
    assert fresh.access_token.reveal() == "aoa-1"


async def test_an_expired_registration_is_not_tried(server: AuthServer, client: httpx.AsyncClient) -> None:
    with pytest.raises(NeedsLogin, match="registration"):
        await kiro.refresh(token(**IDC, client_secret_expires_at=NOW - 1), urls(server), client=client, now=NOW)
    assert server.calls == []


async def test_external_idp_is_a_form_at_an_allowed_host(server: AuthServer, client: httpx.AsyncClient) -> None:
    theirs = token(kind="external_idp", token_endpoint=f"{server.url}/idp/token", client_id="cid", scopes="a b")
    fresh = await kiro.refresh(theirs, urls(server, server.url), client=client, now=NOW)
    form = {"grant_type": "refresh_token", "client_id": "cid", "refresh_token": refresh_text(), "scope": "a b"}
    assert server.calls == [("/idp/token", form)]
    assert fresh.access_token.reveal() == "aoa-1"


async def test_external_idp_elsewhere_gets_nothing(server: AuthServer, client: httpx.AsyncClient) -> None:
    theirs = token(kind="external_idp", token_endpoint=f"{server.url}/idp/token", client_id="cid")
    with pytest.raises(NeedsLogin, match="not on the list") as caught:
        await kiro.refresh(theirs, urls(server, "*.okta.com"), client=client, now=NOW)
    assert "idp_allow" in str(caught.value.hint)
    assert server.calls == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, '{"error":"invalid_grant"}', NeedsLogin),
        (401, '{"error":"invalid_client"}', NeedsLogin),
        (400, '{"error":"expired_token"}', NeedsLogin),
        (400, '{"message":"Invalid refresh token provided"}', NeedsLogin),
        (401, '{"message":"Bad credentials"}', NeedsLogin),
        (403, '{"message":"Bad credentials"}', NeedsLogin),
        (403, "<html>firewall</html>", BadUpstream),
        (400, '{"error":"slow_down"}', UpstreamError),
        (429, "", UpstreamError),
        (500, '{"error":"server_error"}', UpstreamError),
        (503, "<html>", UpstreamError),
        (302, "", BadUpstream),
        (200, "<html>", BadUpstream),
        (200, '{"accessToken":""}', BadUpstream),
        (200, '{"expiresIn":1}', BadUpstream),
    ],
)
async def test_what_each_answer_means(
    server: AuthServer, client: httpx.AsyncClient, status: int, body: str, expected: type[Exception]
) -> None:
    server.answer = web.Response(status=status, text=body)
    with pytest.raises(expected) as caught:
        await kiro.refresh(token(), urls(server), client=client, now=NOW)
    assert type(caught.value) is expected
    assert refresh_text()[:20] not in str(caught.value)


async def test_no_connection(client: httpx.AsyncClient) -> None:
    nowhere = AuthUrls(auth_url="http://127.0.0.1:9", oidc_url="http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9"):
        await kiro.refresh(token(), nowhere, client=client, now=NOW)


# --- the keeper ----------------------------------------------------------------------------------

ACCOUNT = Account(id="acc_1", provider="claude-kiro-oauth", alias="work", kind="social")


class Bench:
    """A home with one stored token, and keepers on it as different processes would have them."""

    def __init__(self, place: Folders, server: AuthServer) -> None:
        self.place = place
        self.server = server
        self.clock = FakeClock()
        self.store = FileStore(place.credentials)
        self.accounts = AccountStore(place)
        self.keepers: list[TokenKeeper] = []

    def keeper(self, **options: Any) -> TokenKeeper:
        made = TokenKeeper(
            options.pop("store", self.store),
            folders=self.place,
            urls=lambda account: urls(self.server),
            clock=self.clock,
            accounts=self.accounts,
            **options,
        )
        self.keepers.append(made)
        return made

    def save(self, credential: Credential, account: Account = ACCOUNT) -> Credential:
        self.store.put(account.id, encode_credential(credential))
        self.accounts.put(account)
        return credential

    def saved(self, key: str = ACCOUNT.id) -> Credential:
        return decode_credential(self.store.get(key) or b"", "x")


@pytest.fixture
async def bench(tmp_path: Path, server: AuthServer) -> AsyncIterator[Bench]:
    made = Bench(folders(str(tmp_path / "h")), server)
    yield made
    for keeper in made.keepers:
        await keeper.aclose()


def access(credential: Credential) -> str:
    assert isinstance(credential, KiroToken)
    return credential.access_token.reveal()


async def test_a_good_token_costs_nothing(bench: Bench) -> None:
    bench.save(token(expires_at=NOW + 3600))
    assert access(await bench.keeper().current(ACCOUNT)) == "aoa-access:one"
    assert bench.server.calls == []


async def test_twenty_callers_share_one_refresh(bench: Bench) -> None:
    bench.save(token())
    keeper = bench.keeper()
    found = await asyncio.gather(*(keeper.current(ACCOUNT) for _ in range(20)))
    assert {access(one) for one in found} == {"aoa-1"}
    assert len(bench.server.calls) == 1


async def test_twenty_refusals_share_one_refresh(bench: Bench) -> None:
    stale = bench.save(token(expires_at=NOW + 3600))
    keeper = bench.keeper()
    await keeper.current(ACCOUNT)
    found = await asyncio.gather(*(keeper.refresh(ACCOUNT, stale=stale) for _ in range(20)))
    late = await keeper.refresh(ACCOUNT, stale=stale)
    assert {access(one) for one in (*found, late)} == {"aoa-1"}
    assert len(bench.server.calls) == 1


async def test_it_is_stored_before_it_is_used(bench: Bench) -> None:
    bench.save(token())
    fresh = await bench.keeper().current(ACCOUNT)
    assert bench.saved() == fresh
    record = bench.accounts.get(ACCOUNT.id)
    assert record is not None
    assert record.expires_at == NOW + 3600


@pytest.mark.parametrize(("left", "life", "renewed"), [(299, 3600, True), (301, 3600, False), (250, 600, False)])
async def test_when_it_is_renewed(bench: Bench, left: int, life: int, renewed: bool) -> None:
    bench.save(token(expires_at=NOW + left, issued_at=NOW + left - life))
    assert (access(await bench.keeper().current(ACCOUNT)) == "aoa-1") is renewed
    assert len(bench.server.calls) == renewed


async def test_a_token_of_seconds_is_not_renewed_at_every_request(bench: Bench) -> None:
    bench.save(token())
    bench.server.expires_in = 8
    keeper = bench.keeper()
    for _ in range(10):
        await keeper.current(ACCOUNT)
    assert len(bench.server.calls) == 1
    bench.clock.time += 6.5
    assert access(await keeper.current(ACCOUNT)) == "aoa-2"


async def test_the_background_asks_for_more(bench: Bench) -> None:
    bench.save(token(expires_at=NOW + 600))
    keeper = bench.keeper()
    assert access(await keeper.current(ACCOUNT)) == "aoa-access:one"
    assert access(await keeper.current(ACCOUNT, lead_s=900)) == "aoa-1"


async def test_two_keepers_take_each_other_s_token(bench: Bench) -> None:
    bench.save(token())
    one, two = bench.keeper(), bench.keeper()
    found = await asyncio.gather(*(keeper.current(ACCOUNT) for keeper in (one, two) for _ in range(5)))
    assert {access(credential) for credential in found} == {"aoa-1"}
    assert (len(bench.server.calls), bench.server.reused) == (1, [])


async def test_a_caller_who_leaves_does_not_cancel_the_others(bench: Bench) -> None:
    bench.save(token())
    bench.server.gate.clear()
    keeper = bench.keeper()
    leaving = asyncio.create_task(keeper.current(ACCOUNT))
    staying = asyncio.create_task(keeper.current(ACCOUNT))
    await bench.server.called.wait()
    leaving.cancel()
    bench.server.gate.set()
    assert access(await staying) == "aoa-1"
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_closing_waits_for_the_rotation_to_be_stored(bench: Bench) -> None:
    bench.save(token())
    bench.server.gate.clear()
    keeper = bench.keeper()
    caller = asyncio.create_task(keeper.current(ACCOUNT))
    await bench.server.called.wait()
    caller.cancel()
    closing = asyncio.create_task(keeper.aclose())
    bench.server.gate.set()
    await closing
    assert access(bench.saved()) == "aoa-1"
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_a_failed_renewal_does_not_take_a_working_token_away(bench: Bench) -> None:
    bench.save(token(expires_at=NOW + 100))
    bench.server.answer = web.Response(status=503)
    keeper = bench.keeper()
    for _ in range(5):
        assert access(await keeper.current(ACCOUNT)) == "aoa-access:one"
    assert len(bench.server.calls) == 1
    bench.clock.time += 31
    bench.server.answer = None
    assert access(await keeper.current(ACCOUNT)) == "aoa-1"


async def test_a_failed_renewal_of_a_dead_token_is_told(bench: Bench) -> None:
    bench.save(token())
    bench.server.answer = web.Response(status=503)
    with pytest.raises(UpstreamError, match="claude-kiro-oauth/work"):
        await bench.keeper().current(ACCOUNT)


async def test_a_dead_login_names_the_command(bench: Bench) -> None:
    bench.save(token())
    bench.server.valid.clear()
    with pytest.raises(NeedsLogin) as caught:
        await bench.keeper().current(ACCOUNT)
    assert caught.value.hint == "log in again: a2a login kiro --name work"


async def test_no_credential_names_the_command(bench: Bench) -> None:
    with pytest.raises(NeedsLogin, match="a2a login kiro --name work"):
        await bench.keeper().current(ACCOUNT)


async def test_a_broken_credential_is_the_account_s_fault(bench: Bench) -> None:
    bench.store.put(ACCOUNT.id, b"{")
    with pytest.raises(AccountError, match="cannot be read"):
        await bench.keeper().current(ACCOUNT)


async def test_a_key_is_handed_out_and_never_renewed(bench: Bench) -> None:
    key = bench.save(ApiKey(Secret("sk")))
    keeper = bench.keeper()
    assert await keeper.current(ACCOUNT) == key
    with pytest.raises(NeedsLogin, match="refused"):
        await keeper.refresh(ACCOUNT, stale=key)


async def test_a_new_key_of_another_process_is_found(bench: Bench) -> None:
    key = bench.save(ApiKey(Secret("sk")))
    keeper = bench.keeper()
    await keeper.current(ACCOUNT)
    new = bench.save(ApiKey(Secret("sk-new")))
    assert await keeper.refresh(ACCOUNT, stale=key) == new


async def test_the_source_is_read_again_before_a_token_is_declared_dead(bench: Bench, tmp_path: Path) -> None:
    path = write_ide_file(tmp_path / "t.json", expiresAt="2020-01-01T00:00:00Z")
    account = structs.replace(ACCOUNT, source=str(path))
    bench.save(read_token_file(path), account)
    bench.server.valid = {refresh_text("two")}  # the IDE has rotated it
    write_ide_file(path, refreshToken=refresh_text("two"), expiresAt="2020-01-01T00:00:00Z")
    assert access(await bench.keeper().current(account)) == "aoa-1"
    assert [body["refreshToken"] for _, body in bench.server.calls] == [refresh_text(), refresh_text("two")]


async def test_the_source_of_somebody_else_is_not_taken(bench: Bench, tmp_path: Path) -> None:
    path = write_ide_file(tmp_path / "t.json", email="me@x.org")
    account = structs.replace(ACCOUNT, source=str(path))
    bench.save(structs.replace(read_token_file(path), expires_at=0), account)
    bench.server.valid = {refresh_text("two")}
    write_ide_file(path, refreshToken=refresh_text("two"), email="you@x.org")
    with pytest.raises(NeedsLogin):
        await bench.keeper().current(account)


async def test_a_store_that_fails_does_not_lose_the_account(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench.save(token())

    def full(key: str, value: bytes) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(bench.store, "put", full)
    keeper = bench.keeper()
    assert access(await keeper.current(ACCOUNT)) == "aoa-1"
    assert access(await keeper.current(ACCOUNT)) == "aoa-1"
    assert "credential_not_stored" in caplog.text
    assert "aoa-1" not in caplog.text
    monkeypatch.undo()
    await keeper.aclose()
    assert access(bench.saved()) == "aoa-1"


# --- declared and flag-given accounts ------------------------------------------------------------


async def test_a_restart_with_the_same_file_goes_on_with_the_rotation(bench: Bench, tmp_path: Path) -> None:
    path = write_ide_file(tmp_path / "t.json", expiresAt="2020-01-01T00:00:00Z")
    account = structs.replace(ACCOUNT, origin="config", source=str(path))
    for expected in ("aoa-1", "aoa-1"):
        keeper = bench.keeper(seeds={account.id: read_token_file(path)})
        assert access(await keeper.current(account)) == expected
    bench.clock.time += 3600
    assert access(await bench.keeper(seeds={account.id: read_token_file(path)}).current(account)) == "aoa-2"
    assert bench.server.reused == []
    assert json.loads(path.read_text())["refreshToken"] == refresh_text()


async def test_a_flag_given_credential_goes_on_too(bench: Bench) -> None:
    seed = parse_token_text(json.dumps(ide_file(expiresAt=None)), "--kiro-oauth-creds-base64")
    for alias in ("1", "2"):
        account = structs.replace(ACCOUNT, id=f"flag_{alias}", origin="flag")
        assert access(await bench.keeper(seeds={account.id: seed}).current(account)) == "aoa-1"
    assert (len(bench.server.calls), bench.accounts.list()) == (1, [])


async def test_a_declared_file_that_moved_on_is_followed(bench: Bench, tmp_path: Path) -> None:
    path = write_ide_file(tmp_path / "t.json", expiresAt="2020-01-01T00:00:00Z")
    account = structs.replace(ACCOUNT, origin="config", source=str(path))
    keeper = bench.keeper(seeds={account.id: read_token_file(path)})
    await keeper.current(account)
    write_ide_file(path, accessToken="aoa-ide", refreshToken=refresh_text("ide"), expiresAt="2099-01-01T00:00:00Z")
    bench.clock.time += 3600
    assert access(await keeper.current(account)) == "aoa-ide"
    assert len(bench.server.calls) == 1


# --- processes -----------------------------------------------------------------------------------

RACER = """
import asyncio, sys
from a2a.auth.kiro import AuthUrls
from a2a.auth.records import Account
from a2a.auth.store import FileStore
from a2a.auth.tokens import TokenKeeper
from a2a.clock import SystemClock
from a2a.paths import folders

async def main(home, url):
    place = folders(home)
    urls = AuthUrls(auth_url=url + "/auth", oidc_url=url)
    keeper = TokenKeeper(FileStore(place.credentials), folders=place, urls=lambda a: urls, clock=SystemClock())
    account = Account(id="acc_1", provider="claude-kiro-oauth", alias="work", kind="social")
    try:
        for _ in range(5):
            stale = await keeper.current(account)
            await keeper.refresh(account, stale=stale)
    finally:
        await keeper.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_processes_that_race_never_send_a_token_twice(bench: Bench) -> None:
    bench.save(token())
    racers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", RACER, str(bench.place.home), bench.server.url)
        for _ in range(3)
    ]
    assert [await racer.wait() for racer in racers] == [0, 0, 0]
    assert bench.server.reused == []
    last = bench.saved()
    assert isinstance(last, KiroToken)
    assert bench.server.valid == {last.refresh_token.reveal()}


async def test_a_killed_process_leaves_no_lock(bench: Bench) -> None:
    bench.save(token())
    bench.server.gate.clear()
    racer = await asyncio.create_subprocess_exec(sys.executable, "-c", RACER, str(bench.place.home), bench.server.url)
    await bench.server.called.wait()
    racer.kill()
    await racer.wait()
    bench.server.gate.set()
    await bench.server.rotated.wait()
    # The token was rotated for nobody. This upstream forgives; the lock must not stand in the way.
    bench.server.valid.add(refresh_text())
    assert isinstance(await bench.keeper().current(ACCOUNT), KiroToken)
