"""The emulated Code Assist: Google's sign-in, set-up of an account, generation, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET, SCOPES
from a2a.demo.pkce import challenge_of
from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

VERIFIER = "v" * 50
REDIRECT = "http://127.0.0.1:4711/oauth2callback"
CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
METADATA = {"ideType": "IDE_UNSPECIFIED", "platform": "PLATFORM_UNSPECIFIED", "pluginType": "GEMINI"}
WEATHER = {
    "name": "get_weather",
    "parametersJsonSchema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def http(up: Upstreams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=up.codeassist_url, timeout=10) as made:
        yield made


def bearer(up: Upstreams, name: str = "ca-standard") -> dict[str, str]:
    return {"authorization": f"Bearer {up.codeassist.accounts[name].access_token}"}


def query(**change: str) -> dict[str, str]:
    asked = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": " ".join(SCOPES),
        "access_type": "offline",
        "prompt": "consent",
        "state": "s1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return asked | change


async def sign_in(http: httpx.AsyncClient, **change: str) -> dict[str, str]:
    answer = await http.get("/google/o/oauth2/v2/auth", params=query(**change))
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def exchange(http: httpx.AsyncClient, code: str, **change: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return await http.post("/google/token", data=form | CLIENT | change)


async def renew(http: httpx.AsyncClient, token: str, **change: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token, **CLIENT}
    return await http.post("/google/token", data=form | change)


async def test_sign_in_and_refresh(http: httpx.AsyncClient, up: Upstreams) -> None:
    back = await sign_in(http, login_hint="ca-standard-2@example.com")
    assert back["state"] == "s1"
    token = (await exchange(http, back["code"])).json()
    head = {"authorization": f"Bearer {token['access_token']}"}
    assert (await http.get("/google/oauth2/v2/userinfo", headers=head)).json()["email"] == "ca-standard-2@example.com"
    assert (await http.post("/google/tokeninfo", headers=head)).json()["aud"] == CLIENT_ID
    assert (await exchange(http, back["code"])).json()["error"] == "invalid_grant"
    fresh = (await renew(http, token["refresh_token"])).json()
    assert "refresh_token" not in fresh
    assert (await renew(http, token["refresh_token"])).status_code == 200
    up.codeassist.flags.rotate = True
    rotated = (await renew(http, token["refresh_token"])).json()["refresh_token"]
    assert (await renew(http, token["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await http.post("/google/revoke", data={"token": rotated})).status_code == 200
    assert (await http.post("/google/tokeninfo", headers=head)).status_code == 400


async def test_the_client_may_name_itself_in_the_header(http: httpx.AsyncClient) -> None:
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    for secret, status in (("wrong", 401), (CLIENT_SECRET, 200)):
        form["code"] = (await sign_in(http))["code"]
        assert (await http.post("/google/token", data=form, auth=(CLIENT_ID, secret))).status_code == status


async def test_a_forged_decision_goes_nowhere(http: httpx.AsyncClient) -> None:
    form = query(redirect_uri="https://example.com/", account="ca-flash", decision="allow")
    assert (await http.post("/google/o/oauth2/v2/auth", data=form)).status_code == 400


async def test_sign_in_goes_wrong(http: httpx.AsyncClient, up: Upstreams) -> None:
    for change, told in (
        ({"client_id": "x"}, "invalid_client"),
        ({"redirect_uri": "https://example.com/"}, "redirect_uri_mismatch"),
        ({"scope": SCOPES[0]}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "S256"),
    ):
        answer = await http.get("/google/o/oauth2/v2/auth", params=query(**change))
        assert (answer.status_code, told in answer.text) == (400, True)
    code = (await sign_in(http))["code"]
    assert (await exchange(http, code, client_secret="x")).status_code == 401
    assert (await exchange(http, code, code_verifier="w" * 50)).json()["error_description"] == "Invalid code verifier."
    code = (await sign_in(http))["code"]
    assert (await exchange(http, code, redirect_uri=REDIRECT + "x")).json()["error"] == "redirect_uri_mismatch"
    up.codeassist.flags.approval = "deny"
    assert (await sign_in(http))["error"] == "access_denied"
    up.codeassist.flags.approval = "wrong_state"
    assert (await sign_in(http))["state"] != "s1"
    up.codeassist.flags.reauth = True
    token = up.codeassist.accounts["ca-standard"].refresh_token
    assert (await renew(http, token)).json()["error_subtype"] == "invalid_rapt"
    up.faults.add("500", api="codeassist-auth")
    assert (await renew(http, token)).status_code == 500


async def test_page_and_paste(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.codeassist.flags.approval = "page"
    paste = f"{up.google_url}/authcode"
    page = await http.get("/google/o/oauth2/v2/auth", params=query(redirect_uri=paste))
    assert "ca-standard-2" in page.text
    form = query(redirect_uri=paste, account="ca-flash", decision="allow")
    answer = await http.post("/google/o/oauth2/v2/auth", data=form, follow_redirects=True)
    code = answer.text.split("<code>")[1].split("</code>")[0]
    assert "access_token" in (await exchange(http, code, redirect_uri=paste)).json()
    refused = await http.post("/google/o/oauth2/v2/auth", data=form | {"decision": "deny"})
    assert "error=access_denied" in refused.headers["location"]


async def ask(http: httpx.AsyncClient, up: Upstreams, method: str, body: Any, name: str = "ca-standard") -> Any:
    answer = await http.post(f"/v1internal:{method}", json=body, headers=bearer(up, name))
    return answer.json() | ({} if answer.status_code == 200 else {"status": answer.status_code})


async def test_load(http: httpx.AsyncClient, up: Upstreams) -> None:
    load = {"metadata": METADATA}
    known = await ask(http, up, "loadCodeAssist", load)
    assert (known["currentTier"]["id"], known["cloudaicompanionProject"]) == ("standard-tier", "acme-dev-1")
    unnamed = await ask(http, up, "loadCodeAssist", load, "ca-named")
    assert "cloudaicompanionProject" not in unnamed
    for name, reason in (("ca-retired", "UNSUPPORTED_CLIENT"), ("ca-validation", "VALIDATION_REQUIRED")):
        closed = await ask(http, up, "loadCodeAssist", load, name)
        assert closed["ineligibleTiers"][0]["reasonCode"] == reason
    foreign = await ask(http, up, "loadCodeAssist", load | {"cloudaicompanionProject": "default"})
    assert foreign["error"]["details"][0]["reason"] == "CONSUMER_INVALID"
    for bad in ({"metadata": METADATA | {"platform": "LINUX"}}, load | {"cloudaicompanionProject": ""}, {}):
        assert (await ask(http, up, "loadCodeAssist", bad))["status"] == 400
    assert (await ask(http, up, "listExperiments", {"project": "x"})) == {}
    assert (await ask(http, up, "loadCodeAssist", load, "ca-suspended"))["error"]["details"][0][
        "reason"
    ] == "TOS_VIOLATION"


@pytest.mark.parametrize(
    ("name", "tier", "project"), [("ca-new", "free-tier", None), ("ca-new-licence", "standard-tier", "acme-dev-5")]
)
async def test_onboarding(http: httpx.AsyncClient, up: Upstreams, name: str, tier: str, project: str | None) -> None:
    load = {"metadata": METADATA}
    before = await ask(http, up, "loadCodeAssist", load, name)
    assert "currentTier" not in before
    assert before["allowedTiers"][0]["id"] == tier
    other = {"tierId": tier, **load} | ({} if project else {"cloudaicompanionProject": "p"})
    assert (await ask(http, up, "onboardUser", other, name))["error"]["status"] == "FAILED_PRECONDITION"
    asked = {"tierId": tier, **load} | ({"cloudaicompanionProject": project} if project else {})
    begun = await ask(http, up, "onboardUser", asked, name)
    polls = [(await http.get(f"/v1internal/{begun['name']}", headers=bearer(up, name))).json() for _ in range(2)]
    assert [one["done"] for one in polls] == [False, True]
    made = polls[1]["response"]["cloudaicompanionProject"]["id"]
    assert (await ask(http, up, "loadCodeAssist", load, name))["cloudaicompanionProject"] == made
    assert (await ask(http, up, "retrieveUserQuota", {"project": made}, name))["buckets"]


def envelope(*contents: Any, **change: Any) -> dict[str, Any]:
    inner: dict[str, Any] = {"contents": list(contents) or [said("hello")], "session_id": "s"}
    inner |= change.pop("inner", {})
    return {"model": "gemini-2.5-pro", "project": "acme-dev-1", "user_prompt_id": "u", "request": inner, **change}


def said(text: str) -> dict[str, Any]:
    return {"role": "user", "parts": [{"text": text}]}


async def stream(http: httpx.AsyncClient, up: Upstreams, body: Any) -> tuple[httpx.Response, list[Any]]:
    answer = await http.post("/v1internal:streamGenerateContent?alt=sse", json=body, headers=bearer(up))
    lines = [line for line in answer.text.split("\r\n\r\n") if line.startswith("data: ")]
    return answer, [json.loads(line[6:]) for line in lines]


async def test_generate_and_stream(http: httpx.AsyncClient, up: Upstreams) -> None:
    done = await ask(http, up, "generateContent", envelope())
    assert done["traceId"]
    assert done["response"]["candidates"][0]["content"]["parts"][0]["text"] == "You said: hello — noted ✓"
    answer, chunks = await stream(http, up, envelope())
    assert answer.headers["x-cloudaicompanion-trace-id"] == chunks[0]["traceId"]
    assert chunks[-1]["response"]["candidates"][0]["finishReason"] == "STOP"
    body = {"request": {"model": "models/gemini-2.5-pro", "contents": [said("hello")]}}
    assert (await ask(http, up, "countTokens", body))["totalTokens"] > 0


async def test_tools_round_trip(http: httpx.AsyncClient, up: Upstreams) -> None:
    tools = {"tools": [{"functionDeclarations": [WEATHER]}]}
    prompt = said("weather in Kyoto and Oslo")
    first = await ask(http, up, "generateContent", envelope(prompt, model="gemini-3-flash", inner=tools))
    turn = first["response"]["candidates"][0]["content"]
    calls = [part for part in turn["parts"] if "functionCall" in part]
    assert ["thoughtSignature" in part for part in calls] == [True, False]
    for number, part in enumerate(calls):
        assert "id" not in part["functionCall"]
        part["functionCall"]["id"] = f"get_weather_{number}"
    results = [
        {"functionResponse": {"id": f"get_weather_{n}", "name": "get_weather", "response": {"output": f"{n} °C"}}}
        for n in range(2)
    ]
    history = [prompt, turn, {"role": "user", "parts": results}]
    second = await ask(
        http, up, "generateContent", envelope(model="gemini-3-flash", inner=tools | {"contents": history})
    )
    assert second["response"]["candidates"][0]["content"]["parts"][0]["text"].endswith("0 °C\nThe tool said: 1 °C")


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    (envelope(project="default"), 403, "Permission denied on resource project default"),
    (envelope(model="gemini-3.5-flash"), 404, "not found"),
    (envelope(model="models/gemini-2.5-pro"), 404, "not found"),
    (envelope(userAgent="x"), 400, 'Unknown name "userAgent"'),
    (envelope(inner={"store": True}), 400, "Unknown name \"store\" at 'request'"),
    (envelope(inner={"generationConfig": {"imageConfig": {}}}), 400, "at 'request.generation_config'"),
    (envelope(inner={"tools": [{"functionDeclarations": [{"name": "a:b"}]}]}), 400, "Invalid function name"),
    (envelope(inner={"contents": [{"role": "user", "parts": [{}]}]}), 400, "required oneof field"),
]


@pytest.mark.parametrize(("body", "status", "told"), REFUSED, ids=[told for _, _, told in REFUSED])
async def test_refusals(http: httpx.AsyncClient, up: Upstreams, body: Any, status: int, told: str) -> None:
    answer = await ask(http, up, "generateContent", body)
    assert answer["status"] == status
    assert told in answer["error"]["message"]


async def test_who_may_not(http: httpx.AsyncClient, up: Upstreams) -> None:
    missing = await http.post("/v1internal:generateContent", json=envelope())
    assert (missing.status_code, missing.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    up.codeassist.expire("ca-standard")
    assert (await ask(http, up, "generateContent", envelope()))["status"] == 401
    for name, project, reason in (
        ("ca-no-licence", "acme-dev-8", "SUBSCRIPTION_REQUIRED"),
        ("ca-quota", "acme-dev-1", "QUOTA_EXHAUSTED"),
    ):
        refused = await ask(http, up, "generateContent", envelope(project=project), name)
        assert refused["error"]["details"][0]["reason"] == reason
    lite = envelope(project="acme-dev-6", model="gemini-3.1-pro-preview")
    assert (await ask(http, up, "generateContent", lite, "ca-flash"))["status"] == 404


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("capacity_429", 429, "MODEL_CAPACITY_EXHAUSTED"),
        ("capacity_503", 503, "MODEL_CAPACITY_EXHAUSTED"),
        ("rate_60s", 429, "RATE_LIMIT_EXCEEDED"),
        ("rate_nodelay", 429, "RATE_LIMIT_EXCEEDED"),
        ("quota_day", 429, "QUOTA_EXHAUSTED"),
        ("validation", 403, "VALIDATION_REQUIRED"),
        ("tos", 403, "TOS_VIOLATION"),
        ("license_3501", 403, "SUBSCRIPTION_REQUIRED"),
        ("service_disabled", 403, "SERVICE_DISABLED"),
        ("iam", 403, "IAM_PERMISSION_DENIED"),
        ("credits", 429, "INSUFFICIENT_G1_CREDITS_BALANCE"),
    ],
)
async def test_scenarios(http: httpx.AsyncClient, up: Upstreams, code: str, status: int, reason: str) -> None:
    up.faults.add(f"http code={code}", api="codeassist", account="ca-standard")
    answer, _ = await stream(http, up, envelope())
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.json()["error"]["details"][0]["reason"] == reason


async def test_odd_errors_and_ends(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.faults.add("429 code=array", api="codeassist")
    answer, _ = await stream(http, up, envelope())
    assert answer.json()[0]["error"]["code"] == 429
    _, chunks = await stream(http, up, envelope(said("[[fault: error_event after=2 code=capacity_503]]")))
    assert chunks[-1]["error"]["status"] == "UNAVAILABLE"
    _, chunks = await stream(http, up, envelope(said("[[fault: end after=2]]")))
    assert "finishReason" not in chunks[-1]["response"]["candidates"][0]
    _, chunks = await stream(http, up, envelope(said("[[finish: MALFORMED_FUNCTION_CALL]]")))
    assert chunks[-1]["response"]["candidates"][0]["finishReason"] == "MALFORMED_FUNCTION_CALL"
