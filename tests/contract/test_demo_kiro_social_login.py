"""Kiro's social logins and its portal: device login, code exchange, logout, and the second leg at a company's IdP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from a2a.demo.pkce import challenge_of
from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

VERIFIER = "v" * 43
BASE = "http://localhost:3128"
OTHER_CALLBACK = "http://localhost:4649/oauth/callback"
BODY: dict[str, Any] = {
    "conversationState": {
        "conversationId": "c1",
        "chatTriggerType": "MANUAL",
        "currentMessage": {
            "userInputMessage": {"content": "hi", "modelId": "claude-sonnet-4.5", "origin": "AI_EDITOR"}
        },
    }
}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def http(up: Upstreams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=up.kiro_url, timeout=10) as made:
        yield made


async def start(http: httpx.AsyncClient, provider: str = "Google", client: str = "kiro-cli") -> httpx.Response:
    asked = {"clientId": client, "loginProvider": provider}
    return await http.post("/auth/oauth/device/authorization", json=asked)


async def poll(http: httpx.AsyncClient, code: str, client: str = "kiro-cli") -> dict[str, Any]:
    answer = await http.post("/auth/oauth/device/poll", json={"clientId": client, "deviceCode": code})
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def chat(http: httpx.AsyncClient, token: str, arn: str, **head: str) -> int:
    headers = {"authorization": f"Bearer {token}", **head}
    answer = await http.post("/runtime/generateAssistantResponse", json=BODY | {"profileArn": arn}, headers=headers)
    return answer.status_code


@pytest.mark.parametrize("provider", ["Google", "Github"])
async def test_device_login(http: httpx.AsyncClient, up: Upstreams, provider: str) -> None:
    begun = (await start(http, provider)).json()
    assert (begun["expiresInMilliseconds"], begun["intervalInMilliseconds"]) == (600_000, 5_000)
    assert await poll(http, begun["deviceCode"]) == {"status": "authorization_pending"}
    assert await poll(http, begun["deviceCode"]) == {"status": "slow_down"}
    up.clock.advance(10)
    tokens = await poll(http, begun["deviceCode"])
    assert (tokens["identityProvider"], tokens["expiresIn"]) == (provider, 3_600)
    assert await chat(http, tokens["accessToken"], tokens["profileArn"]) == 200
    assert await poll(http, begun["deviceCode"]) == {"status": "expired_token"}


async def test_the_new_account_has_usage_and_refreshes(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.pending_polls = 0
    tokens = await poll(http, (await start(http)).json()["deviceCode"])
    head = {"authorization": f"Bearer {tokens['accessToken']}"}
    usage = await http.get("/management/getUsageLimits", params={"origin": "AI_EDITOR"}, headers=head)
    assert usage.json()["userInfo"]["email"] == "aoa-login-1@example.com"
    assert (await http.post("/management/ListAvailableProfiles", json={}, headers=head)).json()["profiles"] == []
    renewed = await http.post("/auth/refreshToken", json={"refreshToken": tokens["refreshToken"]})
    assert renewed.json()["refreshToken"] != tokens["refreshToken"]


@pytest.mark.parametrize(("provider", "client"), [("GitHub", "kiro-cli"), ("google", "kiro-cli"), ("Google", "a2a")])
async def test_device_login_is_checked(http: httpx.AsyncClient, provider: str, client: str) -> None:
    assert (await start(http, provider, client)).status_code == 400


async def test_an_unknown_device_code(http: httpx.AsyncClient) -> None:
    code = (await start(http)).json()["deviceCode"]
    for asked in ({"clientId": "kiro-cli", "deviceCode": "x"}, {"clientId": "x", "deviceCode": code}, {}):
        assert (await http.post("/auth/oauth/device/poll", json=asked)).status_code == 400


async def test_a_device_code_grows_old(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.code_life_s = 30
    code = (await start(http)).json()["deviceCode"]
    up.clock.advance(30)
    assert await poll(http, code) == {"status": "expired_token"}


@pytest.mark.parametrize("decision", ["approve", "deny"])
async def test_the_person_decides_on_the_page(http: httpx.AsyncClient, up: Upstreams, decision: str) -> None:
    up.kiro.logins.flags.approval = "page"
    up.kiro.logins.flags.interval_s = up.kiro.logins.flags.pending_polls = 0
    begun = (await start(http)).json()
    assert "Deny" in (await http.get(begun["verificationUriComplete"])).text
    assert (await poll(http, begun["deviceCode"]))["status"] == "authorization_pending"
    form = {"user_code": begun["userCode"], "decision": decision}
    assert (await http.post(begun["verificationUri"], data=form)).status_code == 200
    told = await poll(http, begun["deviceCode"])
    assert ("accessToken" in told, told.get("status")) == (
        (True, None) if decision == "approve" else (False, "access_denied")
    )


async def test_the_pages_know_their_own_codes_only(http: httpx.AsyncClient) -> None:
    code = (await start(http)).json()["userCode"]
    assert (await http.get("/auth/device", params={"user_code": code})).status_code == 200
    assert (await http.get("/device", params={"user_code": code})).status_code == 404


async def test_logout_kills_the_tokens(http: httpx.AsyncClient, up: Upstreams) -> None:
    account = up.kiro.accounts["aoa-social"]
    asked = {"refreshToken": account.refresh_token}
    assert (await http.post("/auth/logout", json=asked)).status_code == 200
    assert (await http.post("/auth/refreshToken", json=asked)).json() == {"message": "Bad credentials"}
    assert await chat(http, "aoa-social", account.arn or "") == 403
    assert (account.revoked, account.reused) == (True, 0)
    assert (await http.post("/auth/logout", json={"refreshToken": "unknown"})).status_code == 401


def link(**change: str) -> dict[str, str]:
    asked = {
        "state": "s1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "redirect_uri": BASE,
        "redirect_from": "KiroIDE",
    }
    return asked | change


async def visit(http: httpx.AsyncClient, path: str = "/oauth/callback", **change: str) -> dict[str, str]:
    """What the portal's browser brings back."""
    answer = await http.get("/portal/signin", params=link(**change))
    assert answer.status_code == 302
    target, _, brought = answer.headers["location"].partition("?")
    assert target == BASE + path
    return dict(parse_qsl(brought))


async def exchange(http: httpx.AsyncClient, code: str, redirect: str, verifier: str = VERIFIER) -> httpx.Response:
    asked = {"code": code, "code_verifier": verifier, "redirect_uri": redirect}
    return await http.post("/auth/oauth/token", json=asked)


async def test_google_through_the_portal(http: httpx.AsyncClient) -> None:
    brought = await visit(http)
    assert (brought["login_option"], brought["state"]) == ("google", "s1")
    redirect = f"{BASE}/oauth/callback?login_option=google"
    tokens = (await exchange(http, brought["code"], redirect)).json()
    assert await chat(http, tokens["accessToken"], tokens["profileArn"]) == 200
    again = await exchange(http, brought["code"], redirect)
    assert (again.status_code, again.json()) == (500, {"message": "Oops, something went wrong."})


async def test_the_other_callback(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.signin_callback = True
    brought = await visit(http, "/signin/callback", signin_methods="github")
    assert brought["login_option"] == "github"
    assert (await exchange(http, brought["code"], f"{BASE}/signin/callback?login_option=github")).status_code == 200


@pytest.mark.parametrize(
    ("redirect", "verifier"),
    [
        (BASE, VERIFIER),
        (f"{BASE}/oauth/callback", VERIFIER),
        (f"{BASE}/oauth/callback?login_option=github", VERIFIER),
        (f"{BASE}/signin/callback?login_option=google", VERIFIER),
        (f"{BASE}/oauth/callback?login_option=google", "w" * 43),
    ],
)
async def test_the_exchange_must_fit_the_link(http: httpx.AsyncClient, redirect: str, verifier: str) -> None:
    code = (await visit(http))["code"]
    assert (await exchange(http, code, redirect, verifier)).status_code == 500


async def test_a_code_of_the_portal_grows_old(http: httpx.AsyncClient, up: Upstreams) -> None:
    code = (await visit(http))["code"]
    up.clock.advance(600)
    assert (await exchange(http, code, f"{BASE}/oauth/callback?login_option=google")).status_code == 500


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://localhost:5000"},
        {"redirect_uri": "http://127.0.0.1:3128"},
        {"redirect_uri": f"{BASE}/oauth/callback"},
        {"redirect_uri": "https://example.com"},
        {"state": ""},
        {"redirect_from": ""},
        {"code_challenge": "x"},
        {"code_challenge_method": "plain"},
        {"signin_methods": "myspace"},
    ],
)
async def test_a_wrong_link_stays_in_the_browser(http: httpx.AsyncClient, change: dict[str, str]) -> None:
    answer = await http.get("/portal/signin", params=link(**change))
    assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("option", "start", "region"),
    [
        ("builderid", "https://view.awsapps.com/start", "us-east-1"),
        ("awsidc", "https://acme.awsapps.com/start", "eu-west-1"),
        ("internal", "https://intern.awsapps.com/start", "us-west-2"),
    ],
)
async def test_the_portal_sends_on_to_aws(
    http: httpx.AsyncClient, up: Upstreams, option: Any, start: str, region: str
) -> None:
    up.kiro.logins.flags.option = option
    told = {"login_option": option, "issuer_url": start, "idc_region": region, "state": "s1"}
    assert await visit(http) == told


async def test_the_person_picks_on_the_page(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.approval = "page"
    page = (await http.get("/portal/signin", params=link())).text
    for option in ("google", "github", "builderid", "awsidc", "external_idp"):
        assert f'value="{option}"' in page
        answer = await http.post("/portal/signin", data=link(option=option))
        assert dict(parse_qsl(urlsplit(answer.headers["location"]).query))["login_option"] == option
    denied = await http.post("/portal/signin", data=link(option="deny"))
    assert "error=access_denied" in denied.headers["location"]


@pytest.mark.parametrize(
    ("approval", "state", "told"), [("deny", "s1", "error"), ("wrong_state", "another-state", "code")]
)
async def test_portal_logins_go_wrong(
    http: httpx.AsyncClient, up: Upstreams, approval: Any, state: str, told: str
) -> None:
    up.kiro.logins.flags.approval = approval
    brought = await visit(http)
    assert brought["state"] == state
    assert told in brought


CALLBACK = f"{BASE}/oauth/callback"


def company_link(**change: str) -> dict[str, str]:
    asked = {
        "client_id": "demo-client-ext",
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": CALLBACK,
        "scope": "openid profile email offline_access",
        "state": "s2",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return asked | change


async def company(http: httpx.AsyncClient, **change: str) -> dict[str, str]:
    """What the browser brings back from the company's identity provider."""
    answer = await http.get("/idp/authorize", params=company_link(**change))
    assert answer.status_code == 302
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


async def company_tokens(http: httpx.AsyncClient, code: str, **change: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "demo-client-ext",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return await http.post("/idp/token", data=form | change)


async def test_a_company_account_from_portal_to_chat(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.option = "external_idp"
    told = await visit(http)
    assert set(told) == {"login_option", "state", "issuer_url", "client_id", "scopes", "login_hint", "audience"}
    found = (await http.get(f"{told['issuer_url']}/.well-known/openid-configuration")).json()
    assert found["issuer"] == told["issuer_url"] == up.idp_url
    asked = company_link(client_id=told["client_id"], scope=f"{told['scopes']} offline_access")
    back = await http.get(found["authorization_endpoint"], params=asked)
    brought = dict(parse_qsl(urlsplit(back.headers["location"]).query))
    assert brought["state"] == "s2"
    tokens = (await company_tokens(http, brought["code"])).json()
    head = {"authorization": f"Bearer {tokens['access_token']}", "tokentype": "EXTERNAL_IDP"}
    (profile,) = (await http.post("/management/ListAvailableProfiles", json={}, headers=head)).json()["profiles"]
    assert await chat(http, tokens["access_token"], profile["arn"], tokentype="EXTERNAL_IDP") == 200
    assert await chat(http, tokens["access_token"], profile["arn"]) == 403
    renewed = {"grant_type": "refresh_token", "client_id": "demo-client-ext", "scope": tokens["scope"]}
    answer = await http.post(found["token_endpoint"], data=renewed | {"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 200


async def test_no_offline_access_no_refresh_token(http: httpx.AsyncClient) -> None:
    brought = await company(http, scope="openid profile")
    assert "refresh_token" not in (await company_tokens(http, brought["code"])).json()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"code_verifier": "w" * 43}, 400),
        ({"redirect_uri": OTHER_CALLBACK}, 400),
        ({"client_id": "other"}, 400),
        ({"client_secret": "x"}, 401),
        ({"grant_type": "password"}, 400),
    ],
)
async def test_the_company_checks_the_exchange(http: httpx.AsyncClient, change: dict[str, str], status: int) -> None:
    code = (await company(http))["code"]
    assert (await company_tokens(http, code, **change)).status_code == status


async def test_the_company_wants_a_form(http: httpx.AsyncClient) -> None:
    assert (await http.post("/idp/token", json={"grant_type": "authorization_code"})).status_code == 400


async def test_a_company_code_works_once(http: httpx.AsyncClient) -> None:
    code = (await company(http))["code"]
    assert (await company_tokens(http, code)).status_code == 200
    assert (await company_tokens(http, code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("change", [{"client_id": "x"}, {"redirect_uri": OTHER_CALLBACK}, {"state": ""}])
async def test_a_wrong_company_link_stays_in_the_browser(http: httpx.AsyncClient, change: dict[str, str]) -> None:
    assert (await http.get("/idp/authorize", params=company_link(**change))).status_code == 400


async def test_a_company_that_ignores_ports(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.idp_any_port = True
    code = (await company(http, redirect_uri=OTHER_CALLBACK))["code"]
    assert (await company_tokens(http, code, redirect_uri=OTHER_CALLBACK)).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_mode": "fragment"}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
    ],
)
async def test_other_company_mistakes_come_back(http: httpx.AsyncClient, change: dict[str, str], error: str) -> None:
    brought = await company(http, **change)
    assert (brought["error"], brought["state"]) == (error, "s2")


@pytest.mark.parametrize(
    ("approval", "state", "told"), [("deny", "s2", "error"), ("wrong_state", "another-state", "code")]
)
async def test_company_logins_go_wrong(
    http: httpx.AsyncClient, up: Upstreams, approval: Any, state: str, told: str
) -> None:
    up.kiro.logins.flags.approval = approval
    brought = await company(http)
    assert brought["state"] == state
    assert told in brought


async def test_the_company_asks_on_a_page(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.approval = "page"
    assert "Accept" in (await http.get("/idp/authorize", params=company_link(login_hint="a@b.example"))).text
    for decision, told in (("approve", "code"), ("deny", "error")):
        answer = await http.post("/idp/authorize", data=company_link(decision=decision))
        assert told in dict(parse_qsl(urlsplit(answer.headers["location"]).query))


async def test_every_step_can_fail(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.faults.add("503", api="kiro-auth", times=4)
    paths = ("/auth/oauth/token", "/auth/oauth/device/authorization", "/auth/oauth/device/poll")
    assert [(await http.post(path, json={})).status_code for path in paths] == [503] * 3
    assert (await company_tokens(http, "x")).status_code == 503
