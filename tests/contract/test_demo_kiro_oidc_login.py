"""The emulated AWS SSO OIDC: registration, device login, browser login with PKCE, and what the new accounts can do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from a2a.demo.pkce import challenge_of
from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

BUILDER = "https://view.awsapps.com/start"
ACME = "https://acme.awsapps.com/start"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = [f"codewhisperer:{name}" for name in ("completions", "analysis", "conversations")]
ALL_SCOPES = [*SCOPES, "codewhisperer:transformations", "codewhisperer:taskassist"]
VERIFIER = "v" * 43
REDIRECT = "http://127.0.0.1:41234/oauth/callback"
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
        upstreams.kiro.logins.flags.pending_polls = 0
        yield upstreams


@pytest.fixture
async def http(up: Upstreams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=up.kiro_url, timeout=10) as made:
        yield made


async def send(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = await http.post(path, json=body)
    return answer.status_code, answer.json()


async def register(http: httpx.AsyncClient, at: str = "/oidc", **change: Any) -> tuple[int, dict[str, Any]]:
    asked = {"clientName": "a2a", "clientType": "public", "scopes": SCOPES, "grantTypes": [DEVICE, "refresh_token"]}
    return await send(http, f"{at}/client/register", asked | change)


async def client_of(http: httpx.AsyncClient, at: str = "/oidc", **change: Any) -> dict[str, Any]:
    status, made = await register(http, at, **change)
    assert status == 200
    return {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}


async def browser_client(http: httpx.AsyncClient, **change: Any) -> dict[str, Any]:
    asked = {
        "grantTypes": ["authorization_code", "refresh_token"],
        "scopes": ALL_SCOPES,
        "redirectUris": ["http://127.0.0.1/oauth/callback"],
        "issuerUrl": BUILDER,
    }
    return await client_of(http, **(asked | change))


async def start(http: httpx.AsyncClient, client: dict[str, Any], url: str = BUILDER, at: str = "/oidc") -> Any:
    return await send(http, f"{at}/device_authorization", client | {"startUrl": url})


async def poll(http: httpx.AsyncClient, client: dict[str, Any], code: str, at: str = "/oidc") -> Any:
    return await send(http, f"{at}/token", client | {"deviceCode": code, "grantType": DEVICE})


async def log_in(http: httpx.AsyncClient, url: str = BUILDER, at: str = "/oidc", **change: Any) -> Any:
    """The client and its tokens."""
    client = await client_of(http, at, **change)
    begun = (await start(http, client, url, at))[1]
    status, tokens = await poll(http, client, begun["deviceCode"], at)
    assert status == 200
    return client, tokens


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens['accessToken']}"}


async def test_a_registration_names_a_client_for_ninety_days(http: httpx.AsyncClient, up: Upstreams) -> None:
    status, made = await register(http)
    assert status == 200
    assert len(made["clientSecret"]) == 4000
    assert made["clientSecretExpiresAt"] - made["clientIdIssuedAt"] == 90 * 86_400
    client = {name: made[name] for name in ("clientId", "clientSecret")}
    assert (await start(http, client))[0] == 200
    up.clock.advance(90 * 86_400)
    assert (await start(http, client))[0] == 401


BROWSER = {"grantTypes": ["authorization_code", "refresh_token"], "issuerUrl": BUILDER}
MISREGISTERED = [
    ({"clientName": ""}, "invalid_request"),
    ({"clientType": "confidential"}, "invalid_client_metadata"),
    ({"scopes": SCOPES[:2]}, "invalid_scope"),
    ({"scopes": [*SCOPES, "sso:everything"]}, "invalid_scope"),
    ({"scopes": " ".join(SCOPES)}, "invalid_request"),
    ({"grantTypes": ["password"]}, "unsupported_grant_type"),
    ({"grantTypes": []}, "invalid_request"),
    (BROWSER, "invalid_redirect_uri"),
    (BROWSER | {"redirectUris": ["http://localhost/oauth/callback"]}, "invalid_redirect_uri"),
    (BROWSER | {"redirectUris": ["https://example.com/"]}, "invalid_redirect_uri"),
    (BROWSER | {"redirectUris": ["http://127.0.0.1/x"], "issuerUrl": ""}, "invalid_request"),
    (BROWSER | {"redirectUris": ["http://127.0.0.1/x"], "issuerUrl": "https://other.example/start"}, "invalid_request"),
]


@pytest.mark.parametrize(("change", "error"), MISREGISTERED)
async def test_a_registration_is_checked(http: httpx.AsyncClient, change: dict[str, Any], error: str) -> None:
    status, told = await register(http, **change)
    assert (status, told["error"]) == (400, error)


async def test_bodies_are_json(http: httpx.AsyncClient) -> None:
    for path in ("client/register", "device_authorization", "token"):
        answer = await http.post(f"/oidc/{path}", data={"clientId": "x"})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_builder_id_by_device(http: httpx.AsyncClient) -> None:
    client = await client_of(http)
    status, begun = await start(http, client)
    assert (status, begun["expiresIn"], begun["interval"]) == (200, 600, 5)
    assert begun["verificationUriComplete"] == f"{begun['verificationUri']}?user_code={begun['userCode']}"
    status, tokens = await poll(http, client, begun["deviceCode"])
    assert (status, tokens["tokenType"], tokens["expiresIn"]) == (200, "Bearer", 28_800)
    assert len(tokens["refreshToken"]) > 100
    renewed = client | {"grantType": "refresh_token", "refreshToken": tokens["refreshToken"]}
    assert (await send(http, "/oidc/us-east-1/token", renewed))[0] == 200


async def test_a_builder_id_account_works_without_profile(http: httpx.AsyncClient) -> None:
    _, tokens = await log_in(http)
    head = bearer(tokens)
    usage = await http.get("/management/getUsageLimits", params={"origin": "AI_EDITOR"}, headers=head)
    assert usage.json()["userInfo"]["email"] == "aoa-login-1@example.com"
    assert (await http.post("/management/ListAvailableProfiles", json={}, headers=head)).status_code == 403
    assert (await http.post("/q/generateAssistantResponse", json=BODY, headers=head)).status_code == 200
    assert (await http.post("/runtime/generateAssistantResponse", json=BODY, headers=head)).status_code == 400


async def test_an_organisation_account_works_with_its_profile(http: httpx.AsyncClient) -> None:
    _, tokens = await log_in(http, ACME, "/oidc/eu-west-1")
    head = bearer(tokens)
    (profile,) = (await http.post("/management/ListAvailableProfiles", json={}, headers=head)).json()["profiles"]
    assert profile["arn"].split(":")[3] == "eu-central-1"
    usage = {"origin": "AI_EDITOR", "profileArn": profile["arn"]}
    assert (await http.get("/management/getUsageLimits", params=usage, headers=head)).status_code == 200
    body = BODY | {"profileArn": profile["arn"]}
    answer = await http.post("/runtime/eu-central-1/generateAssistantResponse", json=body, headers=head)
    assert answer.status_code == 200


async def test_profiles_are_listed_where_they_are(http: httpx.AsyncClient) -> None:
    _, tokens = await log_in(http, ACME)
    for region, count in (("us-east-1", 0), ("eu-central-1", 1)):
        path = f"/management/{region}/ListAvailableProfiles"
        assert len((await http.post(path, json={}, headers=bearer(tokens))).json()["profiles"]) == count


async def test_two_profiles_to_choose_from(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.profiles = 2
    _, tokens = await log_in(http, ACME)
    listed = (await http.post("/management/ListAvailableProfiles", json={}, headers=bearer(tokens))).json()["profiles"]
    assert len({one["arn"] for one in listed}) == 2
    for one in listed:
        body = BODY | {"profileArn": one["arn"]}
        answer = await http.post("/runtime/generateAssistantResponse", json=body, headers=bearer(tokens))
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("url", "region", "status"),
    [
        (BUILDER, "us-east-1", 200),
        (BUILDER, "eu-west-1", 400),
        (ACME, "us-east-1", 400),
        (ACME, "eu-west-1", 200),
        ("https://nobody.awsapps.com/start", "us-east-1", 400),
    ],
)
async def test_a_start_url_lives_in_one_region(http: httpx.AsyncClient, url: str, region: str, status: int) -> None:
    client = await client_of(http, f"/oidc/{region}")
    answered, told = await start(http, client, url, f"/oidc/{region}")
    assert (answered, told.get("error")) == (status, None if status == 200 else "invalid_request")


async def test_a_client_lives_in_one_region(http: httpx.AsyncClient) -> None:
    client = await client_of(http, "/oidc/us-east-1")
    assert (await start(http, client, ACME, "/oidc/eu-west-1"))[0] == 400


@pytest.mark.parametrize("change", [{"clientId": "nobody"}, {"clientSecret": "wrong"}])
async def test_an_unknown_client_is_refused(http: httpx.AsyncClient, change: dict[str, str]) -> None:
    client = await client_of(http)
    code = (await start(http, client))[1]["deviceCode"]
    for status, told in (await start(http, client | change), await poll(http, client | change, code)):
        assert (status, told["error"]) == (401, "invalid_client")


async def test_pending_and_too_fast(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.pending_polls = 2
    client = await client_of(http)
    code = (await start(http, client))[1]["deviceCode"]
    status, told = await poll(http, client, code)
    assert (status, told["error"]) == (400, "authorization_pending")
    status, told = await poll(http, client, code)
    assert (status, told["error"]) == (400, "slow_down")
    up.clock.advance(5)
    assert (await poll(http, client, code))[1]["error"] == "slow_down", "the longer interval holds"
    up.clock.advance(15)
    assert (await poll(http, client, code))[1]["error"] == "authorization_pending"
    up.clock.advance(15)
    assert (await poll(http, client, code))[0] == 200


async def test_the_error_is_in_a_header_too(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.approval = "deny"
    client = await client_of(http)
    code = (await start(http, client))[1]["deviceCode"]
    answer = await http.post("/oidc/token", json=client | {"deviceCode": code, "grantType": DEVICE})
    assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")
    assert answer.headers["x-amzn-errortype"] == "AccessDeniedException"


async def test_a_code_grows_old(http: httpx.AsyncClient, up: Upstreams) -> None:
    client = await client_of(http)
    code = (await start(http, client))[1]["deviceCode"]
    up.clock.advance(600)
    assert (await poll(http, client, code))[1]["error"] == "expired_token"


async def test_a_code_works_once_and_for_its_client(http: httpx.AsyncClient) -> None:
    client, other = await client_of(http), await client_of(http)
    code = (await start(http, client))[1]["deviceCode"]
    assert (await poll(http, other, code))[1]["error"] == "invalid_grant"
    assert (await poll(http, client, code))[0] == 200
    assert (await poll(http, client, code))[1]["error"] == "invalid_grant"
    assert (await poll(http, client, "kdc-unknown"))[1]["error"] == "invalid_grant"


async def test_grants_are_those_of_the_registration(http: httpx.AsyncClient) -> None:
    client = await browser_client(http)
    assert (await start(http, client))[1]["error"] == "unauthorized_client"
    assert (await poll(http, client, "x"))[1]["error"] == "unauthorized_client"
    assert (await send(http, "/oidc/token", client | {"grantType": "password"}))[1]["error"] == "unsupported_grant_type"


async def test_without_the_grant_no_refresh_token(http: httpx.AsyncClient) -> None:
    client, tokens = await log_in(http, grantTypes=[DEVICE])
    assert "refreshToken" not in tokens
    status, told = await send(http, "/oidc/token", client | {"grantType": "refresh_token", "refreshToken": "x"})
    assert (status, told["error"]) == (400, "unauthorized_client")


async def test_a_refresh_token_belongs_to_its_client(http: httpx.AsyncClient) -> None:
    _, tokens = await log_in(http)
    other = await client_of(http)
    asked = other | {"grantType": "refresh_token", "refreshToken": tokens["refreshToken"]}
    assert (await send(http, "/oidc/token", asked))[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(("decision", "status"), [("approve", 200), ("deny", 400)])
async def test_the_person_decides_on_the_page(
    http: httpx.AsyncClient, up: Upstreams, decision: str, status: int
) -> None:
    up.kiro.logins.flags.approval = "page"
    up.kiro.logins.flags.interval_s = 0
    client = await client_of(http)
    begun = (await start(http, client))[1]
    assert (await poll(http, client, begun["deviceCode"]))[1]["error"] == "authorization_pending"
    page = await http.get(begun["verificationUriComplete"])
    assert begun["userCode"] in page.text
    assert "Approve" in page.text
    form = {"user_code": begun["userCode"], "decision": decision}
    assert (await http.post(begun["verificationUri"], data=form)).status_code == 200
    assert (await http.post(begun["verificationUri"], data=form)).status_code == 400, "nobody decides twice"
    assert (await poll(http, client, begun["deviceCode"]))[0] == status


async def test_a_page_for_an_unknown_code(http: httpx.AsyncClient) -> None:
    assert (await http.get("/device", params={"user_code": "<b>"})).status_code == 404


def link(client: dict[str, Any], **change: str) -> dict[str, str]:
    asked = {
        "response_type": "code",
        "client_id": client["clientId"],
        "redirect_uri": REDIRECT,
        "scopes": ",".join(ALL_SCOPES),
        "state": "s1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return asked | change


async def visit(http: httpx.AsyncClient, query: dict[str, str]) -> dict[str, str]:
    """What the browser brings back."""
    answer = await http.get("/oidc/us-east-1/authorize", params=query)
    assert answer.status_code == 302
    target, _, brought = answer.headers["location"].partition("?")
    assert target == query["redirect_uri"]
    return dict(parse_qsl(brought))


async def exchange(http: httpx.AsyncClient, client: dict[str, Any], code: str, **change: str) -> Any:
    asked = {"grantType": "authorization_code", "redirectUri": REDIRECT, "code": code, "codeVerifier": VERIFIER}
    return await send(http, "/oidc/us-east-1/token", client | asked | change)


@pytest.mark.parametrize("joined", [",", " "])
async def test_builder_id_in_the_browser(http: httpx.AsyncClient, joined: str) -> None:
    client = await browser_client(http)
    brought = await visit(http, link(client, scopes=joined.join(ALL_SCOPES)))
    assert brought["state"] == "s1"
    status, tokens = await exchange(http, client, brought["code"])
    assert status == 200
    head = bearer(tokens)
    assert (await http.post("/q/generateAssistantResponse", json=BODY, headers=head)).status_code == 200
    assert (await exchange(http, client, brought["code"]))[1]["error"] == "invalid_grant", "codes work once"


@pytest.mark.parametrize(
    "change",
    [
        {"codeVerifier": "w" * 43},
        {"redirectUri": "http://127.0.0.1:41235/oauth/callback"},
        {"redirectUri": "http://127.0.0.1/oauth/callback"},
    ],
)
async def test_the_exchange_must_fit_the_link(http: httpx.AsyncClient, change: dict[str, str]) -> None:
    client = await browser_client(http)
    code = (await visit(http, link(client)))["code"]
    assert (await exchange(http, client, code, **change))[1]["error"] == "invalid_grant"
    assert (await exchange(http, client, code))[1]["error"] == "invalid_grant", "a failed exchange uses the code up"


async def test_a_code_belongs_to_its_client(http: httpx.AsyncClient) -> None:
    client, other = await browser_client(http), await browser_client(http)
    code = (await visit(http, link(client)))["code"]
    assert (await exchange(http, other, code))[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "http://127.0.0.1:1/elsewhere"},
        {"redirect_uri": "http://localhost:1/oauth/callback"},
        {"redirect_uri": "https://example.com/oauth/callback"},
        {"state": ""},
    ],
)
async def test_a_wrong_link_stays_in_the_browser(http: httpx.AsyncClient, change: dict[str, str]) -> None:
    client = await browser_client(http)
    answer = await http.get("/oidc/authorize", params=link(client) | change)
    assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scopes": ""}, "invalid_scope"),
        ({"scopes": "codewhisperer:everything"}, "invalid_scope"),
    ],
)
async def test_other_mistakes_come_back(http: httpx.AsyncClient, change: dict[str, str], error: str) -> None:
    client = await browser_client(http)
    brought = await visit(http, link(client, **change))
    assert (brought["error"], brought["state"]) == (error, "s1")


async def test_a_port_that_was_registered_is_compared(http: httpx.AsyncClient) -> None:
    client = await browser_client(http, redirectUris=["http://127.0.0.1:5000/cb"])
    fits = link(client, redirect_uri="http://127.0.0.1:5000/cb")
    assert "code" in await visit(http, fits)
    other = await http.get("/oidc/authorize", params=fits | {"redirect_uri": "http://127.0.0.1:5001/cb"})
    assert other.status_code == 400


async def test_the_person_decides_in_the_browser(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.kiro.logins.flags.approval = "page"
    query = link(await browser_client(http))
    assert "Allow access" in (await http.get("/oidc/authorize", params=query)).text
    for decision, told in (("approve", "code"), ("deny", "error")):
        answer = await http.post("/oidc/authorize", data=query | {"decision": decision})
        assert told in dict(parse_qsl(urlsplit(answer.headers["location"]).query))


@pytest.mark.parametrize(
    ("approval", "state", "told"), [("deny", "s1", "error"), ("wrong_state", "another-state", "code")]
)
async def test_browser_logins_go_wrong(
    http: httpx.AsyncClient, up: Upstreams, approval: Any, state: str, told: str
) -> None:
    up.kiro.logins.flags.approval = approval
    brought = await visit(http, link(await browser_client(http)))
    assert brought["state"] == state
    assert told in brought


async def test_every_step_can_fail(http: httpx.AsyncClient, up: Upstreams) -> None:
    client = await client_of(http)
    begun = (await start(http, client))[1]
    up.faults.add("500 retry-after=3", api="kiro-auth", times=3)
    for path in ("client/register", "device_authorization"):
        answer = await http.post(f"/oidc/{path}", json={})
        assert (answer.status_code, answer.headers["retry-after"]) == (500, "3")
    assert (await poll(http, client, begun["deviceCode"]))[0] == 500
    assert (await poll(http, client, begun["deviceCode"]))[0] == 200
