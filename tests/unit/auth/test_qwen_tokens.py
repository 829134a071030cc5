"""Qwen tokens: the CLI's file and gateways' variants, and the refresh (specs/qwen.md 2 and 3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from a2a.auth import qwen
from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import QwenToken
from a2a.errors import BadUpstream, NeedsLogin, UpstreamError, UsageError
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

NOW = 1_795_000_000.0
FILE = {
    "access_token": "at-planted",
    "refresh_token": "rt-planted",
    "token_type": "Bearer",
    "expiry_date": 1_795_021_600_000,
    "resource_url": "portal.qwen.ai",
}


def parse(**fields: Any) -> QwenToken:
    return qwen.parse_token_text(json.dumps({**FILE, **fields}), "x")


def test_the_file_of_the_cli(tmp_path: Path) -> None:
    path = tmp_path / "oauth_creds.json"
    path.write_text(json.dumps(FILE))
    found = qwen.read_token_file(path)
    assert (found.access_token.reveal(), found.refresh_token.reveal()) == ("at-planted", "rt-planted")
    assert (found.expires_at, found.resource_url, found.email) == (1_795_021_600.0, "portal.qwen.ai", None)
    assert "planted" not in repr(found)


@pytest.mark.parametrize(
    ("fields", "expires_at"),
    [
        ({"expiry_date": None, "expired": "2026-11-22T12:00:00Z", "email": "a@b", "type": "qwen"}, 1_795_348_800.0),
        ({"expiry_date": None, "expires_in": 21600}, 0.0),
    ],
)
def test_files_of_gateways(fields: dict[str, Any], expires_at: float) -> None:
    found = parse(**fields)
    assert found.expires_at == expires_at
    assert found.email == fields.get("email")


def test_without_a_refresh_token_it_is_of_no_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no refresh_token") as caught:
        parse(refresh_token=None)
    assert "planted" not in str(caught.value)
    with pytest.raises(UsageError, match="log in with Qwen Code first"):
        qwen.read_token_file(tmp_path / "none.json")


def test_whose_token_it_is() -> None:
    assert qwen.same_login(parse(), parse(email="a@b"))
    assert not qwen.same_login(parse(email="c@d"), parse(email="a@b"))


TOKEN = QwenToken(access_token=Secret("old"), refresh_token=Secret("rt-planted"), resource_url="http://portal")
ANSWER = {"access_token": "at-2", "refresh_token": "rt-2", "expires_in": 21600, "resource_url": "http://moved"}
seen: list[httpx.Request] = []


async def renewed(status: int = 200, body: object = ANSWER, token: QwenToken = TOKEN) -> QwenToken:
    seen.clear()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        return await qwen.refresh(token, AuthUrls(auth_url="http://chat/"), client=client, now=NOW)


async def test_a_refresh_is_a_form_of_the_public_client() -> None:
    fresh = await renewed()
    assert str(seen[0].url) == "http://chat/api/v1/oauth2/token"
    form = dict(httpx.QueryParams(seen[0].content.decode()))
    assert form == {"grant_type": "refresh_token", "refresh_token": "rt-planted", "client_id": qwen.CLIENT_ID}
    assert (fresh.access_token.reveal(), fresh.refresh_token.reveal()) == ("at-2", "rt-2")
    assert (fresh.expires_at, fresh.issued_at, fresh.resource_url) == (NOW + 21600, NOW, "http://moved")


async def test_what_an_answer_leaves_out_stays() -> None:
    fresh = await renewed(body={"access_token": "at-2"})
    assert (fresh.refresh_token.reveal(), fresh.resource_url) == ("rt-planted", "http://portal")
    assert fresh.expires_at == NOW + 3600


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": "invalid_request", "error_description": "Invalid refresh token or client_id"}, NeedsLogin),
        (401, "", NeedsLogin),
        (200, {"error": "server_busy"}, BadUpstream),
        (200, {"access_token": None}, BadUpstream),
        (200, "<html>", BadUpstream),
        (403, "<html>firewall</html>", BadUpstream),
        (429, "", UpstreamError),
        (504, "<html>", UpstreamError),
    ],
)
async def test_what_each_answer_means(status: int, body: object, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        await renewed(status, body)
    assert type(caught.value) is expected
    assert "planted" not in str(caught.value)


async def test_there_must_be_a_refresh_token() -> None:
    with pytest.raises(NeedsLogin):
        await renewed(token=QwenToken(access_token=Secret("t")))
