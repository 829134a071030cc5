"""Qwen's device login against the emulated portal, and every line of its table of answers (specs/qwen.md 1)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from support.person import FakePerson

from a2a.auth.endpoint import AuthUrls
from a2a.auth.login import qwen
from a2a.auth.records import QwenToken
from a2a.demo.pkce import challenge_of
from a2a.demo.upstreams import Upstreams
from a2a.errors import BadUpstream, LoginFailed, Unreachable, UpstreamError

pytestmark = pytest.mark.anyio

NOW = 1_795_000_000.0


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


# --- against the emulator ------------------------------------------------------------------------


async def demo_login(up: Upstreams, person: FakePerson, slept: list[float] | None = None) -> QwenToken:
    """Time is the emulator's, and passes when the flow sleeps."""

    async def sleep(seconds: float) -> None:
        if slept is not None:
            slept.append(seconds)
        up.clock.advance(seconds)

    async with httpx.AsyncClient(timeout=10) as client:
        urls = AuthUrls(auth_url=up.qwen_url)
        return await qwen.log_in(urls, person, client=client, clock=up.clock, sleep=sleep)


@pytest.mark.parametrize("status_pending", [True, False])
async def test_a_login(up: Upstreams, *, status_pending: bool) -> None:
    up.qwen.flags.status_pending = status_pending
    person, slept = FakePerson(), list[float]()
    token = await demo_login(up, person, slept)
    account = list(up.qwen.accounts.values())[-1]
    assert (token.access_token.reveal(), token.refresh_token.reveal()) == (account.access_token, account.refresh_token)
    assert (token.resource_url, token.email, token.source_fingerprint) == (up.qwen_url, None, None)
    assert token.expires_at == pytest.approx(token.issued_at + 21_600)
    assert slept == [5, 5]
    (code,) = person.codes
    assert (code.service, code.url) == ("Qwen", f"{up.qwen_url}/authorize")
    assert code.complete_url == f"{up.qwen_url}/authorize?user_code={code.user_code}&client=qwen-code"
    assert code.expires_at == pytest.approx(up.clock.now() + 900 - 10, abs=30)


async def test_the_servers_interval_is_honoured(up: Upstreams) -> None:
    up.qwen.flags.interval_s = 7
    slept = list[float]()
    await demo_login(up, FakePerson(), slept)
    assert slept == [7, 7]


async def test_the_person_refuses(up: Upstreams) -> None:
    up.qwen.flags.approval = "deny"
    with pytest.raises(LoginFailed, match="refused on Qwen's page"):
        await demo_login(up, FakePerson())


async def test_nobody_decides_and_the_code_expires(up: Upstreams) -> None:
    up.qwen.flags.approval = "page"
    with pytest.raises(LoginFailed, match="the code has expired"):
        await demo_login(up, FakePerson())


# --- what the endpoints may answer ---------------------------------------------------------------

STARTED = {
    "device_code": "dc-planted",
    "user_code": "KXQT-ZPLM",
    "verification_uri": "https://chat/authorize",
    "verification_uri_complete": "https://chat/authorize?user_code=KXQT-ZPLM",
    "expires_in": 900,
    "interval": 5,
}
TOKENS = {"access_token": "at-planted", "refresh_token": "rt-planted", "expires_in": 21600, "resource_url": "portal"}
DONE = (200, TOKENS)
PENDING = (400, {"error": "authorization_pending"})
Answer = tuple[int, object]


class Portal:
    """The device endpoint's answer, then those of the polls in order; the last one for ever. Also the clock."""

    def __init__(self, *polls: Answer, start: Answer = (200, STARTED)) -> None:
        self.start = start
        self.polls = list(polls)
        self.seen: list[httpx.Request] = []
        self.slept: list[float] = []
        self.person = FakePerson()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        polls = len(self.seen) - 1
        status, body = self.start if polls == 0 else self.polls[min(polls, len(self.polls)) - 1]
        if isinstance(body, Exception):
            raise body
        return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body))

    def now(self) -> float:
        return NOW + sum(self.slept)

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def log_in(self) -> QwenToken:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as client:
            urls = AuthUrls(auth_url="http://chat/", user_agent="a2a/test")
            return await qwen.log_in(urls, self.person, client=client, clock=self, sleep=self.sleep)

    def form(self, index: int) -> dict[str, str]:
        return dict(httpx.QueryParams(self.seen[index].content.decode()))


async def test_both_calls_are_forms_of_the_public_client() -> None:
    portal = Portal(DONE)
    token = await portal.log_in()
    assert [str(request.url) for request in portal.seen] == [
        "http://chat/api/v1/oauth2/device/code",
        "http://chat/api/v1/oauth2/token",
    ]
    start, poll = portal.form(0), portal.form(1)
    assert start.pop("code_challenge") == challenge_of(poll.pop("code_verifier"))
    client_id = "f0304373b74a44d2b584a3fb70ca9e56"
    scope = "openid profile email model.completion"
    assert start == {"client_id": client_id, "scope": scope, "code_challenge_method": "S256"}
    assert poll == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": client_id,
        "device_code": "dc-planted",
    }
    assert (token.issued_at, token.expires_at, token.resource_url) == (NOW + 5, NOW + 5 + 21600, "portal")
    assert "planted" not in repr(token)


@pytest.mark.parametrize(
    ("given", "slept", "expires_at"),
    [
        ({"interval": None, "expires_in": None}, 5, NOW + 900),
        ({"interval": 2, "expires_in": 60}, 2, NOW + 60),
        ({"interval": 0}, 1, NOW + 900),
        ({"interval": -3}, 1, NOW + 900),
    ],
)
async def test_times_of_the_device_endpoint(given: dict[str, Any], slept: float, expires_at: float) -> None:
    portal = Portal(DONE, start=(200, {**STARTED, **given}))
    await portal.log_in()
    assert (portal.slept, portal.person.codes[0].expires_at) == ([slept], expires_at)


@pytest.mark.parametrize(
    "waits",
    [
        (200, {"status": "pending"}),
        (200, {"access_token": None}),
        (200, {"access_token": ""}),
        (400, {"error": "authorization_pending", "error_description": "x"}),
        (200, {"error": "authorization_pending"}),
    ],
)
async def test_not_yet(waits: Answer) -> None:
    portal = Portal(*[waits] * 7, DONE)
    assert (await portal.log_in()).access_token.reveal() == "at-planted"
    assert portal.slept == [5] * 8


@pytest.mark.parametrize("status", [400, 429])
async def test_slow_down_with_either_status(status: int) -> None:
    portal = Portal((status, {"error": "slow_down"}), PENDING, DONE)
    await portal.log_in()
    assert portal.slept == [5, 10, 10]


@pytest.mark.parametrize(
    "bad",
    [
        (504, "<html>planted"),
        (500, {"error": "server_error"}),
        (200, "<html>planted"),
        (403, "<html>firewall planted"),
        (200, [1]),
        (0, httpx.ConnectError("planted")),
        (0, httpx.ReadTimeout("planted")),
    ],
)
async def test_a_bad_day_is_borne_four_times_and_told_after_the_fifth(bad: Answer) -> None:
    assert (await Portal(*[bad] * 4, DONE).log_in()).access_token.reveal() == "at-planted"
    portal = Portal(*[bad] * 4, PENDING, *[bad] * 5, DONE)
    with pytest.raises(UpstreamError) as caught:
        await portal.log_in()
    assert len(portal.seen) == 1 + 10
    assert "http://chat" in str(caught.value)
    assert "planted" not in str(caught.value)


async def test_the_edges_504_is_told_as_what_it_is() -> None:
    with pytest.raises(UpstreamError, match=r"down or discontinued: http://chat answered 504") as caught:
        await Portal((504, "<html>")).log_in()
    assert "2026-04-15" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((400, {"error": "expired_token"}), "the code has expired"),
        ((401, {"error": "anything"}), "the code has expired"),
        ((401, "<html>"), "the code has expired"),
        ((400, {"error": "access_denied"}), "refused on Qwen's page"),
        ((429, {"error": "rate_limited"}), "limits the logins: http://chat answered 429 rate_limited"),
        ((429, "<html>"), "limits the logins"),
        ((400, {"error": "invalid_grant", "error_description": "used before"}), r"400 invalid_grant \(used before\)"),
        ((400, {"error": "invalid_request"}), "400 invalid_request$"),
        ((200, {"error": "invalid_request"}), "200 invalid_request$"),
    ],
)
async def test_the_end(answer: Answer, told: str) -> None:
    portal = Portal(PENDING, answer)
    with pytest.raises(LoginFailed) as caught:
        await portal.log_in()
    assert re.search(told, caught.value.message)
    assert caught.value.hint
    assert len(portal.seen) == 3


@pytest.mark.parametrize("text", ["dc-planted is unknown", "\x1b[31mred", "", 7, "a\nb"])
async def test_a_description_that_must_not_be_shown(text: object) -> None:
    with pytest.raises(LoginFailed) as caught:
        await Portal((400, {"error": "invalid_grant", "error_description": text})).log_in()
    assert caught.value.message.endswith("invalid_grant")


@pytest.mark.parametrize(
    ("start", "expected", "told"),
    [
        ((429, {"error": "rate"}), UpstreamError, "too many logins"),
        ((504, "<html>"), UpstreamError, "504"),
        ((200, {"error": "invalid_client", "error_description": "x"}), BadUpstream, "200 invalid_client"),
        ((400, {"error": "invalid_scope"}), BadUpstream, "400 invalid_scope"),
        ((400, STARTED), BadUpstream, "400"),
        ((200, "<html>waf"), BadUpstream, "no device code"),
        ((200, {**STARTED, "device_code": ""}), BadUpstream, "no device code"),
        ((200, {**STARTED, "user_code": "\x1b[2Jx"}), BadUpstream, "cannot be shown"),
        ((200, {**STARTED, "verification_uri": "file:///etc"}), BadUpstream, "cannot be shown"),
        ((200, {**STARTED, "verification_uri": "http://[x"}), BadUpstream, "cannot be shown"),
        ((0, httpx.ConnectError("x")), Unreachable, "http://chat"),
    ],
)
async def test_no_device_code(start: Answer, expected: type[Exception], told: str) -> None:
    portal = Portal(start=start)
    with pytest.raises(expected, match=told) as caught:
        await portal.log_in()
    assert type(caught.value) is expected
    assert portal.person.codes == []
    assert len(portal.seen) == 1


async def test_an_odd_complete_address_is_left_out() -> None:
    portal = Portal(DONE, start=(200, {**STARTED, "verification_uri_complete": "javascript:alert(1)"}))
    await portal.log_in()
    assert portal.person.codes[0].complete_url is None
