"""Google tokens: the CLI's file and others like it, the OAuth client, and the refresh (specs/gemini-cli.md 1 and 4)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from a2a.auth import google, google_client
from a2a.auth.endpoint import AuthUrls
from a2a.auth.google_client import CLI_CLIENT_ID, client_for, installed
from a2a.auth.records import GoogleToken
from a2a.errors import BadUpstream, NeedsAction, NeedsLogin, Unreachable, UpstreamError, UsageError
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

NOW = 1_795_000_000.0
FILE = {
    "access_token": "ya29.planted",
    "refresh_token": "1//planted",
    "scope": "a b",
    "token_type": "Bearer",
    "expiry_date": 1_795_003_599_123,
}
URLS = AuthUrls(token_url="http://token/", client_secret=Secret("shh"), user_agent="a2a/test")


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(google_client, "_ROOTS", (str(tmp_path / "lib"),))


def jwt(claims: object) -> str:
    return "h." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".s"


def write(path: Path, **fields: Any) -> Path:
    path.write_text(json.dumps({**FILE, **fields}))
    return path


# --- the file ------------------------------------------------------------------------------------


def test_the_file_of_the_cli(tmp_path: Path) -> None:
    found = google.read_token_file(write(tmp_path / "t.json", id_token=jwt({"email": "me@x.org"})))
    assert (found.access_token.reveal(), found.refresh_token.reveal()) == ("ya29.planted", "1//planted")
    assert (found.email, found.scope, found.client_id) == ("me@x.org", "a b", None)
    assert found.expires_at == pytest.approx(1_795_003_599.123)
    assert found.source_fingerprint
    assert "planted" not in repr(found)


def test_the_e_mail_may_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "google_accounts.json").write_text('{"active": "beside@x.org", "old": []}')
    assert google.read_token_file(write(tmp_path / "t.json")).email == "beside@x.org"
    assert google.read_token_file(write(tmp_path / "t.json", id_token=jwt({"email": "in@x.org"}))).email == "in@x.org"


@pytest.mark.parametrize("text", ["", "{}", "[]", "<", '{"active": 1}'])
def test_a_broken_neighbour_does_no_harm(tmp_path: Path, text: str) -> None:
    (tmp_path / "google_accounts.json").write_text(text)
    assert google.read_token_file(write(tmp_path / "t.json")).email is None


@pytest.mark.parametrize("token", ["x", "a.b", "a.!.c", jwt([]), jwt({"email": 1})])
def test_an_odd_id_token_names_nobody(token: str) -> None:
    assert google.parse_token_text(json.dumps({**FILE, "id_token": token}), "x").email is None


def test_files_of_gateways() -> None:
    nested = {
        "token": {"access_token": "at", "refresh_token": "rt", "expiry": "2026-11-22T12:00:00Z", "client_id": "cid"},
        "email": "me@x.org",
        "type": "gemini",
    }
    text = base64.b64encode(json.dumps(nested).encode()).decode()
    found = google.parse_token_text(text, "--base64")
    assert (found.access_token.reveal(), found.refresh_token.reveal(), found.email) == ("at", "rt", "me@x.org")
    assert (found.expires_at, found.client_id) == (1_795_348_800.0, "cid")
    adc = google.parse_token_text(
        '{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}', "x"
    )
    assert (adc.expires_at, adc.client_id, adc.client_secret.reveal()) == (0.0, "c", "s")


def test_without_a_refresh_token_it_is_of_no_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no refresh_token") as caught:
        google.read_token_file(write(tmp_path / "t.json", refresh_token=""))
    assert "ya29" not in str(caught.value)
    with pytest.raises(UsageError, match="log in with the Gemini CLI first"):
        google.read_token_file(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({"email": "a"}, {}, True),
        ({"email": "a"}, {"email": "b"}, False),
        ({"client_id": "c"}, {}, False),
    ],
)
def test_whose_token_it_is(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    token = Secret("t")
    assert google.same_login(GoogleToken(access_token=token, **one), GoogleToken(access_token=token, **other)) is same


# --- the client ----------------------------------------------------------------------------------

TOKEN = GoogleToken(access_token=Secret("old"), refresh_token=Secret("1//planted"), email="me@x.org")


def test_a_token_with_a_client_of_its_own_keeps_it() -> None:
    own = GoogleToken(access_token=Secret("t"), client_id="cid", client_secret=Secret("own"))
    found = client_for(own, URLS)
    assert (found.id, found.secret.reveal()) == ("cid", "own")


def test_the_settings_name_the_client() -> None:
    assert client_for(TOKEN, URLS).id == CLI_CLIENT_ID
    mine = AuthUrls(client_id="mine", client_secret=Secret("s"))
    assert client_for(TOKEN, mine).id == "mine"


def test_a_secret_is_not_used_for_another_client() -> None:
    with pytest.raises(NeedsAction):
        client_for(GoogleToken(access_token=Secret("t"), client_id="other"), URLS)


def test_without_a_secret_the_user_is_told_where_to_find_it() -> None:
    with pytest.raises(NeedsAction) as caught:
        client_for(TOKEN, AuthUrls())
    assert caught.value.reason == "no_oauth_client"
    assert "A2A_GEMINI_OAUTH_CLIENT_SECRET" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "place", ["bundle/chunk-ABC.js", "node_modules/@google/gemini-cli-core/dist/src/code_assist/oauth2.js"]
)
def test_the_installed_cli_has_both_constants(tmp_path: Path, place: str) -> None:
    source = tmp_path / "lib" / "@google" / "gemini-cli" / place
    source.parent.mkdir(parents=True)
    source.write_text(f"var OAUTH_CLIENT_ID = '{CLI_CLIENT_ID}';\nvar OAUTH_CLIENT_SECRET = \"from-the-cli\";")
    (source.parent / "other.js").write_text("nothing here")
    assert [client.id for client in installed()] == [CLI_CLIENT_ID]
    assert client_for(TOKEN, AuthUrls()).secret.reveal() == "from-the-cli"


def test_the_command_leads_to_its_package(tmp_path: Path) -> None:
    bundle = tmp_path / "somewhere" / "bundle"
    bundle.mkdir(parents=True)
    script = bundle / "gemini.js"
    script.write_text(f'const OAUTH_CLIENT_ID = "{CLI_CLIENT_ID}"; const OAUTH_CLIENT_SECRET = "s1";')
    script.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gemini").symlink_to(script)
    assert client_for(TOKEN, AuthUrls()).secret.reveal() == "s1"


# --- the refresh ---------------------------------------------------------------------------------


class Endpoint:
    """Answers every post with `status` and `body`, and remembers the forms."""

    def __init__(self, status: int = 200, body: object = None) -> None:
        self.status = status
        self.body = {"access_token": "new", "expires_in": 3599, "scope": "c"} if body is None else body
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        content = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return httpx.Response(self.status, text=content)


async def renewed(endpoint: Endpoint, token: GoogleToken = TOKEN, urls: AuthUrls = URLS) -> GoogleToken:
    async with httpx.AsyncClient(transport=httpx.MockTransport(endpoint)) as client:
        return await google.refresh(token, urls, client=client, now=NOW)


async def test_a_refresh_is_a_form_with_the_client() -> None:
    endpoint = Endpoint()
    fresh = await renewed(endpoint)
    (request,) = endpoint.seen
    assert (str(request.url), request.headers["user-agent"]) == ("http://token/token", "a2a/test")
    form = dict(httpx.QueryParams(request.content.decode()))
    assert form == {
        "grant_type": "refresh_token",
        "refresh_token": "1//planted",
        "client_id": CLI_CLIENT_ID,
        "client_secret": "shh",
    }
    assert (fresh.access_token.reveal(), fresh.refresh_token.reveal()) == ("new", "1//planted")
    assert (fresh.expires_at, fresh.issued_at, fresh.scope, fresh.email) == (NOW + 3599, NOW, "c", "me@x.org")


async def test_a_new_refresh_token_replaces_the_old_one() -> None:
    fresh = await renewed(Endpoint(body={"access_token": "new", "refresh_token": "1//next"}))
    assert fresh.refresh_token.reveal() == "1//next"


@pytest.mark.parametrize(
    ("status", "body", "expected", "told"),
    [
        (
            400,
            {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
            NeedsLogin,
            "valid",
        ),
        (400, {"error": "invalid_grant", "error_subtype": "invalid_rapt"}, NeedsLogin, "organisation"),
        (400, {"error": "invalid_grant", "error_description": "reauth related error"}, NeedsLogin, "organisation"),
        (401, {"error": "invalid_client"}, NeedsAction, "client"),
        (400, {"error": "unauthorized_client"}, NeedsAction, "client"),
        (400, {"error": "invalid_request"}, BadUpstream, "invalid_request"),
        (403, "<html>", BadUpstream, "403"),
        (429, "", UpstreamError, "429"),
        (503, "<html>", UpstreamError, "503"),
        (200, "<html>", BadUpstream, "without a token"),
        (200, {"access_token": ""}, BadUpstream, "empty token"),
    ],
)
async def test_what_each_answer_means(status: int, body: object, expected: type[Exception], told: str) -> None:
    with pytest.raises(expected, match=told) as caught:
        await renewed(Endpoint(status, body))
    assert type(caught.value) is expected
    assert "planted" not in str(caught.value)


async def test_no_refresh_token_and_no_connection() -> None:
    with pytest.raises(NeedsLogin):
        await renewed(Endpoint(), GoogleToken(access_token=Secret("t")))

    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(broken)) as client:
        with pytest.raises(Unreachable, match="http://token"):
            await google.refresh(TOKEN, URLS, client=client, now=NOW)
