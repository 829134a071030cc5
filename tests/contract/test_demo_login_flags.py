"""The flags that all logins of the demo share, and how another process sets them through `/_control`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET, SCOPES
from a2a.demo.logins import TokenFlags
from a2a.demo.pkce import challenge_of
from a2a.demo.qwen.state import CLIENT_ID as QWEN_CLIENT
from a2a.demo.qwen.state import SCOPE as QWEN_SCOPE
from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

VERIFIER = "v" * 43
ACCOUNTS = {
    "google": "ca-standard",
    "qwen": "qwen-1",
    "social": "aoa-social",
    "idc": "aoa-idc-eu",
    "builder_id": "aoa-bid",
    "external_idp": "jwt-ext",
}
KINDS = pytest.mark.parametrize("kind", ACCOUNTS)


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def http(up: Upstreams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=up.root_url, timeout=10) as made:
        yield made


def account(up: Upstreams, kind: str) -> Any:
    holders: Any = (up.codeassist.accounts, up.qwen.accounts, up.kiro.accounts)
    return next(held[ACCOUNTS[kind]] for held in holders if ACCOUNTS[kind] in held)


def flags(up: Upstreams, kind: str) -> TokenFlags:
    match kind:
        case "google":
            return up.codeassist.flags
        case "qwen":
            return up.qwen.flags
        case _:
            return up.kiro.logins.flags


async def renew(http: httpx.AsyncClient, up: Upstreams, kind: str, token: str) -> httpx.Response:
    owner = account(up, kind)
    grant = {"grant_type": "refresh_token", "refresh_token": token}
    match kind:
        case "google":
            form = grant | {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
            return await http.post("/codeassist/google/token", data=form)
        case "qwen":
            return await http.post("/qwen/api/v1/oauth2/token", data=grant | {"client_id": QWEN_CLIENT})
        case "social":
            return await http.post("/kiro/auth/refreshToken", json={"refreshToken": token})
        case "external_idp":
            return await http.post("/kiro/idp/token", data=grant | {"client_id": owner.client_id, "scope": "openid"})
        case _:
            client = {"clientId": owner.client_id, "clientSecret": owner.client_secret}
            body = client | {"grantType": "refresh_token", "refreshToken": token}
            return await http.post("/kiro/oidc/token", json=body)


def named(answer: httpx.Response, name: str) -> Any:
    """A member of an answer, in snake case or camel case."""
    head, *rest = name.split("_")
    body = answer.json()
    return body.get(name, body.get(head + "".join(word.title() for word in rest)))


async def alive(http: httpx.AsyncClient, up: Upstreams, kind: str, token: str) -> bool:
    """Whether an access token is good."""
    head = {"authorization": f"Bearer {token}"}
    match kind:
        case "google":
            answer = await http.get("/codeassist/google/oauth2/v2/userinfo", headers=head)
        case "qwen":
            body = {"model": "coder-model", "messages": [{"role": "user", "content": "hi"}]}
            answer = await http.post("/qwen/v1/chat/completions", json=body, headers=head)
        case _:
            owner = account(up, kind)
            head |= {"tokentype": owner.token_type} if owner.token_type else {}
            query = {"origin": "AI_EDITOR"} | ({"profileArn": owner.arn} if owner.arn else {})
            answer = await http.get("/kiro/management/getUsageLimits", params=query, headers=head)
    return answer.status_code == 200


@KINDS
async def test_tokens_live_as_long_as_they_are_told(http: httpx.AsyncClient, up: Upstreams, kind: str) -> None:
    flags(up, kind).life_s = 7
    fresh = await renew(http, up, kind, account(up, kind).refresh_token)
    assert named(fresh, "expires_in") == 7
    assert await alive(http, up, kind, named(fresh, "access_token"))
    up.clock.advance(7)
    assert not await alive(http, up, kind, named(fresh, "access_token"))


@KINDS
async def test_a_rotated_token_works_once(http: httpx.AsyncClient, up: Upstreams, kind: str) -> None:
    flags(up, kind).rotate = True
    spent = account(up, kind).refresh_token
    fresh = await renew(http, up, kind, spent)
    assert named(fresh, "refresh_token") not in (None, spent)
    assert (await renew(http, up, kind, spent)).status_code in (400, 401)
    assert (account(up, kind).reused, account(up, kind).revoked) == (1, False)
    assert (await renew(http, up, kind, named(fresh, "refresh_token"))).status_code == 200


@KINDS
async def test_without_rotation_a_token_stays_good(http: httpx.AsyncClient, up: Upstreams, kind: str) -> None:
    flags(up, kind).rotate = False
    token = account(up, kind).refresh_token
    for _ in range(2):
        fresh = await renew(http, up, kind, token)
        assert named(fresh, "refresh_token") == (token if kind == "qwen" else None)
    assert account(up, kind).reused == 0


@KINDS
async def test_reuse_can_cost_the_account(http: httpx.AsyncClient, up: Upstreams, kind: str) -> None:
    flags(up, kind).rotate = flags(up, kind).revoke_on_reuse = True
    spent = account(up, kind).refresh_token
    fresh = await renew(http, up, kind, spent)
    assert await alive(http, up, kind, named(fresh, "access_token"))
    assert (await renew(http, up, kind, spent)).status_code in (400, 401)
    assert not await alive(http, up, kind, named(fresh, "access_token"))
    assert (await renew(http, up, kind, named(fresh, "refresh_token"))).status_code in (400, 401)
    assert (account(up, kind).reused, account(up, kind).revoked) == (1, True), "the last token was not spent"


@KINDS
async def test_who_leaves_before_the_late_answer_has_lost_the_token(
    http: httpx.AsyncClient, up: Upstreams, kind: str
) -> None:
    flags(up, kind).rotate = True
    flags(up, kind).answer_delay_s = 60
    spent = account(up, kind).refresh_token
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(renew(http, up, kind, spent), name="a refresh that is killed")
        async with asyncio.timeout(10):
            await up.book.until(lambda book: account(up, kind).refresh_token != spent)
        asked.cancel()
    await up.book.idle()
    flags(up, kind).answer_delay_s = 0
    assert (await renew(http, up, kind, spent)).status_code in (400, 401)
    assert account(up, kind).reused == 1


async def order(http: httpx.AsyncClient, body: Any) -> httpx.Response:
    return await http.post("/_control/logins", json=body)


async def test_flags_are_set_from_outside(http: httpx.AsyncClient, up: Upstreams) -> None:
    asked: dict[str, dict[str, Any]] = {
        "google": {"approval": "wrong_state", "life_s": 5, "rotate": True},
        "qwen": {"approval": "page", "interval_s": 1, "answer_delay_s": 0.5, "quirks": ["bad-index"]},
        "kiro": {"approval": "deny", "option": "awsidc", "profiles": 2, "revoke_on_reuse": True},
    }
    told = (await order(http, asked)).json()
    shown = (await http.get("/_control/state")).json()["logins"]
    for name, change in asked.items():
        assert told[name] == shown[name]
        assert {key: told[name][key] for key in change} == change
    assert (up.codeassist.flags.life_s, up.kiro.logins.flags.profiles) == (5, 2)
    assert (await order(http, {"google": {"life_s": None}})).json()["google"]["rotate"] is True, "the others stay"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kiro": {"nonsense": 1}},
        {"kiro": {"approval": "maybe"}},
        {"kiro": {"profiles": 0}},
        {"kiro": {"life_s": -1}},
        {"qwen": {"approval": "wrong_state"}},
        {"google": {"interval_s": 1}},
        {"azure": {}},
        [],
    ],
)
async def test_an_order_that_makes_no_sense_changes_nothing(http: httpx.AsyncClient, up: Upstreams, wrong: Any) -> None:
    both = {"google": {"life_s": 5}} | wrong if isinstance(wrong, dict) and "google" not in wrong else wrong
    assert (await order(http, both)).status_code == 400
    assert up.codeassist.flags.life_s is None


async def test_the_state_tells_what_became_of_each_account(http: httpx.AsyncClient, up: Upstreams) -> None:
    spent = account(up, "idc").refresh_token
    for _ in range(2):
        await renew(http, up, "idc", spent)
    await http.post("/_control/accounts", json={"name": "qwen-1", "action": "revoke"})
    state = (await http.get("/_control/state")).json()
    shown = {one["name"]: one for api in ("codeassist", "qwen", "kiro") for one in state[api]}
    assert [shown["aoa-idc-eu"][key] for key in ("kind", "reused", "revoked")] == ["idc", 1, False]
    assert [shown["qwen-1"][key] for key in ("kind", "reused", "revoked")] == ["qwen", 0, True]
    assert [shown["ca-standard"][key] for key in ("kind", "reused", "revoked")] == ["google", 0, False]


async def test_a_reset_forgets_logins_and_flags(http: httpx.AsyncClient, up: Upstreams) -> None:
    await order(http, {"kiro": {"profiles": 2, "pending_polls": 0}})
    asked = {"clientId": "kiro-cli", "loginProvider": "Google"}
    begun = (await http.post("/kiro/auth/oauth/device/authorization", json=asked)).json()
    poll = {"clientId": "kiro-cli", "deviceCode": begun["deviceCode"]}
    assert "accessToken" in (await http.post("/kiro/auth/oauth/device/poll", json=poll)).json()
    await http.post("/_control/reset")
    assert up.kiro.logins.flags.profiles == 1
    assert "aoa-login-1" not in up.kiro.accounts
    assert (await http.post("/kiro/auth/oauth/device/poll", json=poll)).status_code == 400


@KINDS
async def test_a_revoked_token_is_not_a_spent_one(http: httpx.AsyncClient, up: Upstreams, kind: str) -> None:
    token, access = account(up, kind).refresh_token, account(up, kind).access_token
    await http.post("/_control/accounts", json={"name": ACCOUNTS[kind], "action": "revoke"})
    assert (await renew(http, up, kind, token)).status_code in (400, 401)
    assert not await alive(http, up, kind, access)
    assert account(up, kind).reused == 0


async def test_the_settings_lead_to_every_authority(http: httpx.AsyncClient, up: Upstreams) -> None:
    google, kiro = up.settings["gemini-cli-oauth"], up.settings["claude-kiro-oauth"]
    assert (await http.get(f"{google['paste_url']}?code=4%2F0Ab")).status_code == 200
    assert (await http.get(f"{kiro['portal_url']}/signin")).status_code == 400
    assert (await http.post(f"{kiro['oidc_url']}/client/register", json={})).status_code == 400
    assert (await http.post(f"{kiro['auth_url']}/refreshToken", json={})).status_code == 400
    assert kiro["idp_allow"] == [up.root_url]


async def google_login(http: httpx.AsyncClient, **change: str) -> dict[str, Any]:
    """The answer to the exchange."""
    redirect = "http://127.0.0.1:4711/oauth2callback"
    asked = {
        "client_id": CLIENT_ID,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": " ".join(SCOPES),
        "access_type": "offline",
        "state": "s1",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    back = await http.get("/codeassist/google/o/oauth2/v2/auth", params=asked | change)
    code = dict(parse_qsl(urlsplit(back.headers["location"]).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": VERIFIER}
    answer = await http.post(
        "/codeassist/google/token", data=form | {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    )
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize(
    ("change", "given"),
    [
        ({"prompt": "consent"}, True),
        ({"prompt": "select_account consent"}, True),
        ({}, False),
        ({"prompt": "select_account"}, False),
        ({"prompt": "consent", "access_type": "online"}, False),
    ],
)
async def test_google_gives_a_second_refresh_token_only_to_who_asks_again(
    http: httpx.AsyncClient, change: dict[str, str], given: bool
) -> None:
    assert ("refresh_token" in await google_login(http, **change)) is given


async def test_google_gives_the_first_one_unasked(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.codeassist.revoke("ca-standard")
    assert "refresh_token" in await google_login(http)
    assert "refresh_token" not in await google_login(http)
    assert not up.codeassist.accounts["ca-standard"].revoked


async def test_google_keeps_older_refresh_tokens(http: httpx.AsyncClient, up: Upstreams) -> None:
    old = account(up, "google").refresh_token
    new = (await google_login(http, prompt="consent"))["refresh_token"]
    assert new != old
    for token in (old, new):
        assert (await renew(http, up, "google", token)).status_code == 200


async def qwen_code(http: httpx.AsyncClient) -> str:
    form = {"client_id": QWEN_CLIENT, "scope": QWEN_SCOPE, "code_challenge": challenge_of(VERIFIER)}
    answer = await http.post("/qwen/api/v1/oauth2/device/code", data=form | {"code_challenge_method": "S256"})
    code: str = answer.json()["device_code"]
    return code


async def qwen_poll(http: httpx.AsyncClient, code: str) -> httpx.Response:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": QWEN_CLIENT,
        "device_code": code,
        "code_verifier": VERIFIER,
    }
    return await http.post("/qwen/api/v1/oauth2/token", data=form)


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({}, 400, {"error": "authorization_pending", "error_description": "The user has not decided yet."}),
        ({"status_pending": True}, 200, {"status": "pending"}),
        ({"null_pending": True}, 200, {"access_token": None, "refresh_token": None}),
    ],
)
async def test_qwen_says_wait_in_three_ways(
    http: httpx.AsyncClient, change: dict[str, bool], status: int, told: dict[str, Any]
) -> None:
    await order(http, {"qwen": change})
    answer = await qwen_poll(http, await qwen_code(http))
    assert (answer.status_code, answer.json()) == (status, told)


async def test_qwen_says_a_code_is_dead_in_two_ways(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.qwen.flags.code_life_s = 30
    code = await qwen_code(http)
    up.clock.advance(30)
    answer = await qwen_poll(http, code)
    assert (answer.status_code, answer.json()["error"]) == (400, "expired_token")
    up.qwen.flags.dead_code_401 = True
    assert (await qwen_poll(http, code)).status_code == 401


async def test_qwen_is_denied_once(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.qwen.flags.approval = "deny"
    code = await qwen_code(http)
    assert [(await qwen_poll(http, code)).json()["error"] for _ in range(2)] == ["access_denied", "invalid_grant"]


async def test_the_closed_tier_of_qwen_answers_polls_with_a_page(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.qwen.flags.poll_504 = True
    answer = await qwen_poll(http, await qwen_code(http))
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (504, "text/html")
    assert (await renew(http, up, "qwen", account(up, "qwen").refresh_token)).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("429 code=rate_limited", 429, '"error":"rate_limited"'),
        ("200 code=invalid_request", 200, '"error":"invalid_request"'),
        ("html status=504", 504, "<html>"),
    ],
)
async def test_the_start_at_qwen_can_fail(
    http: httpx.AsyncClient, up: Upstreams, fault: str, status: int, told: str
) -> None:
    up.faults.add(fault, api="qwen-auth")
    answer = await http.post("/qwen/api/v1/oauth2/device/code", data={})
    assert answer.status_code == status
    assert told in answer.text
