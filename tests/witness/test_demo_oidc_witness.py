"""AWS's own client logs in at the emulated AWS SSO OIDC: what it understands, the emulator says rightly.

Runs where npm has installed `@aws-sdk/client-sso-oidc`: the environment variable A2A_NODE_MODULES names that folder,
A2A_NODE the node binary where it is not on the path.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from a2a.demo.pkce import challenge_of
from a2a.demo.upstreams import Upstreams

SCRIPT = Path(__file__).parent / "demo_oidc.cjs"
PACKAGE = "@aws-sdk/client-sso-oidc"
MODULES = os.environ.get("A2A_NODE_MODULES", "")  # read at import: the fixtures clear A2A_*
NODE = os.environ.get("A2A_NODE") or shutil.which("node", path=f"{MODULES}/.bin") or shutil.which("node") or ""
FOUND = bool(MODULES) and bool(NODE) and (Path(MODULES) / PACKAGE).is_dir()

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not FOUND, reason=f"needs node and {PACKAGE} in the folder A2A_NODE_MODULES"),
]

START = "https://view.awsapps.com/start"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT = {"clientId": "$clientId", "clientSecret": "$clientSecret"}
REGISTER = [
    "RegisterClientCommand",
    {
        "clientName": "a2a",
        "clientType": "public",
        "scopes": ["codewhisperer:completions", "codewhisperer:analysis", "codewhisperer:conversations"],
        "grantTypes": [DEVICE, "refresh_token"],
    },
]
BEGIN = ["StartDeviceAuthorizationCommand", CLIENT | {"startUrl": START}]
POLL = ["CreateTokenCommand", CLIENT | {"grantType": DEVICE, "deviceCode": "$deviceCode"}]
RENEW = ["CreateTokenCommand", CLIENT | {"grantType": "refresh_token", "refreshToken": "$refreshToken"}]


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        upstreams.kiro.logins.flags.pending_polls = upstreams.kiro.logins.flags.interval_s = 0
        yield upstreams


async def run(up: Upstreams, *calls: Any) -> list[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", ""), "NODE_PATH": MODULES, "NODE_OPTIONS": "--no-warnings"},
    )
    task = {"endpoint": f"{up.kiro_url}/oidc", "calls": calls}
    out, err = await process.communicate(json.dumps(task).encode())
    assert process.returncode == 0, err.decode()
    answers: list[dict[str, Any]] = json.loads(out)
    return answers


async def test_a_device_login_from_registration_to_refresh(up: Upstreams) -> None:
    made, begun, tokens, renewed = await run(up, REGISTER, BEGIN, POLL, RENEW)
    assert {"clientId", "clientSecret", "clientIdIssuedAt", "clientSecretExpiresAt"} <= made.keys()
    assert begun["verificationUriComplete"].startswith(up.kiro_url)
    assert (tokens["tokenType"], tokens["expiresIn"]) == ("Bearer", 28_800)
    assert tokens["accessToken"] != renewed["accessToken"]
    assert up.kiro.accounts["aoa-login-1"].refresh_token == renewed["refreshToken"]


async def test_the_polls_of_a_device_login(up: Upstreams) -> None:
    up.kiro.logins.flags.pending_polls = 1
    up.kiro.logins.flags.interval_s = 600
    *_, pending, too_fast = await run(up, REGISTER, BEGIN, POLL, POLL)
    assert pending["refused"] == {
        "name": "AuthorizationPendingException",
        "error": "authorization_pending",
        "status": 400,
    }
    assert too_fast["refused"] == {"name": "SlowDownException", "error": "slow_down", "status": 400}


@pytest.mark.parametrize(
    ("approval", "life_s", "name"),
    [("deny", 600, "AccessDeniedException"), ("auto", 0, "ExpiredTokenException")],
)
async def test_a_device_login_goes_wrong(up: Upstreams, approval: Any, life_s: int, name: str) -> None:
    up.kiro.logins.flags.approval, up.kiro.logins.flags.code_life_s = approval, life_s
    assert (await run(up, REGISTER, BEGIN, POLL))[-1]["refused"]["name"] == name


REFUSED = [
    (["RegisterClientCommand", REGISTER[1] | {"clientType": "secret"}], "InvalidClientMetadataException", 400),
    (["RegisterClientCommand", REGISTER[1] | {"scopes": ["x"]}], "InvalidScopeException", 400),
    (["RegisterClientCommand", REGISTER[1] | {"grantTypes": ["x"]}], "UnsupportedGrantTypeException", 400),
    (
        ["RegisterClientCommand", REGISTER[1] | {"grantTypes": ["authorization_code"], "redirectUris": ["x"]}],
        "InvalidRedirectUriException",
        400,
    ),
    ([BEGIN[0], BEGIN[1] | {"clientSecret": "x"}], "InvalidClientException", 401),
    ([BEGIN[0], BEGIN[1] | {"startUrl": "https://x.awsapps.com/start"}], "InvalidRequestException", 400),
    ([POLL[0], POLL[1] | {"deviceCode": "x"}], "InvalidGrantException", 400),
    ([RENEW[0], RENEW[1] | {"refreshToken": "x"}], "InvalidGrantException", 400),
]


@pytest.mark.parametrize(("call", "name", "status"), REFUSED)
async def test_every_refusal_has_the_name_that_aws_gave_it(up: Upstreams, call: Any, name: str, status: int) -> None:
    told = (await run(up, REGISTER, call))[-1]["refused"]
    assert (told["name"], told["status"]) == (name, status)


async def test_a_browser_login(up: Upstreams) -> None:
    redirect = "http://127.0.0.1:41234/oauth/callback"
    asked = REGISTER[1] | {
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["http://127.0.0.1/oauth/callback"],
        "issuerUrl": START,
    }
    (made,) = await run(up, ["RegisterClientCommand", asked])
    link = {
        "response_type": "code",
        "client_id": made["clientId"],
        "redirect_uri": redirect,
        "scopes": ",".join(asked["scopes"]),
        "state": "s1",
        "code_challenge": challenge_of("v" * 43),
        "code_challenge_method": "S256",
    }
    async with httpx.AsyncClient() as http:
        back = await http.get(f"{up.kiro_url}/oidc/authorize", params=link)
    (code,) = parse_qs(urlsplit(back.headers["location"]).query)["code"]
    exchange = {
        "clientId": made["clientId"],
        "clientSecret": made["clientSecret"],
        "grantType": "authorization_code",
        "code": code,
        "redirectUri": redirect,
        "codeVerifier": "v" * 43,
    }
    (tokens,) = await run(up, ["CreateTokenCommand", exchange])
    assert tokens["refreshToken"] == up.kiro.accounts["aoa-login-1"].refresh_token
