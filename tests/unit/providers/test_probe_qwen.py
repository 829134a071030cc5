"""Qwen: one token proves an OAuth login, a list proves a key; errors inside a 200 count (specs/qwen.md 0, 9)."""

from __future__ import annotations

from typing import Any

import pytest
from support.pool_kit import account
from support.stand_in import StandIn

from a2a.auth.records import ApiKey, QwenToken
from a2a.config import Settings
from a2a.control.types import Standing
from a2a.errors import Unreachable
from a2a.providers.qwen import JUST_ISSUED_S, QwenProvider
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

QWEN = "openai-qwen-oauth"
NOW = 1_795_348_800.0  # 20:00 in Shanghai
KEY = ApiKey(Secret("sk-planted"))
REFUSED = {"error": {"code": "invalid_api_key", "message": "invalid access token or token expired", "type": "x"}}
CHUNK = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"h"},"finish_reason":"length"}]}\n\n'
SPOKEN = CHUNK + b"data: [DONE]\n\n"


def provider() -> QwenProvider:
    made = QwenProvider(Settings())
    made.now = lambda: NOW
    return made


async def asked_with_token(upstream: StandIn, issued_at: float = 0.0) -> Standing:
    token = QwenToken(access_token=Secret("at"), resource_url="portal.qwen.ai", email="u@x.test", issued_at=issued_at)
    who = account(provider=QWEN, kind="oauth")
    return await provider().probe(who, token, upstream)  # type: ignore[arg-type]


async def asked_with_key(upstream: StandIn, **fields: Any) -> Standing:
    return await provider().probe(account(provider=QWEN, **fields), KEY, upstream)  # type: ignore[arg-type]


async def test_one_token_of_the_model_proves_the_login() -> None:
    upstream = StandIn({"POST https://portal.qwen.ai/v1/chat/completions": SPOKEN})
    assert await asked_with_token(upstream) == Standing(state="ready", message="coder-model answers", label="u@x.test")
    (body,) = upstream.bodies
    assert (body["model"], body["max_tokens"], body["stream"]) == ("coder-model", 1, True)
    assert upstream.headers[0]["X-DashScope-AuthType"] == "qwen-oauth"


@pytest.mark.parametrize(
    ("age_s", "state", "reason"),
    [
        (0.0, "retired", "discontinued"),
        (JUST_ISSUED_S, "needs_login", "token_refused"),
        (NOW, "needs_login", "token_refused"),
    ],
)
async def test_a_new_token_that_is_refused_means_the_tier_is_closed(age_s: float, state: str, reason: str) -> None:
    found = await asked_with_token(StandIn({"": (401, REFUSED)}), issued_at=NOW - age_s)
    assert (found.state, found.reason) == (state, reason)


async def test_a_closed_tier_is_named_with_its_day_and_what_works() -> None:
    found = await asked_with_token(StandIn({"": (401, REFUSED)}), issued_at=NOW)
    assert "2026-04-15" in (found.remedy or "")
    assert "a2a login qwen --api-key-stdin" in (found.remedy or "")


NATIVE = b'id:1\nevent:error\n:HTTP_STATUS/429\ndata:{"code":"%b","message":"%b","request_id":"r"}\n\n'
ERROR_FINISH = (
    b'data: {"choices":[{"delta":{"content":"Free allocated quota exceeded."},"finish_reason":"error_finish"}]}\n\n'
)
SPENT = b"Throttling.AllocationQuota", b"Free allocated quota exceeded."


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        (NATIVE % SPENT, "cooling", "quota_spent"),
        (NATIVE % (b"Throttling", b"slow down"), "cooling", "rate_limited"),
        (NATIVE % (b"invalid_api_key", b"token expired"), "needs_login", "token_refused"),
        (NATIVE % (b"invalid_api_key", b"Incorrect API key provided"), "needs_action", "wrong_plan"),
        (b'data: {"error":{"code":"Arrearage","message":"pay"}}\n\n', "needs_action", "billing"),
        (ERROR_FINISH, "cooling", "quota_spent"),
        (CHUNK + NATIVE % SPENT, "cooling", "quota_spent"),
    ],
)
async def test_an_error_inside_a_stream_that_began_well_counts(body: bytes, state: str, reason: str) -> None:
    found = await asked_with_token(StandIn({"": body}))
    assert (found.state, found.reason) == (state, reason)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[1]", b"data: \xff\n\n", b"data: [DONE]\n\n", b"data: {"])
async def test_a_200_without_an_answer_is_a_bad_one(body: bytes) -> None:
    found = await asked_with_token(StandIn({"": body}))
    assert (found.state, found.reason) == ("cooling", "bad_answer")


async def test_a_whole_answer_instead_of_a_stream_is_one() -> None:
    whole = {"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "h"}}]}
    whole["choices"][0]["finish_reason"] = "length"  # type: ignore[index]
    assert (await asked_with_token(StandIn({"": whole}))).state == "ready"


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ((429, {"error": {"code": "insufficient_quota", "message": "no"}}), "cooling", "quota_spent"),
        ((504, b"<html>gateway time-out"), "cooling", "timeout"),
        ((403, {"error": {"code": "access_denied", "message": "Access denied."}}), "needs_action", "model_denied"),
        ((404, {"error": {"code": "model_not_found", "message": "no"}}), "needs_action", "model_not_found"),
    ],
)
async def test_what_else_a_token_can_meet(answer: Any, state: str, reason: str) -> None:
    found = await asked_with_token(StandIn({"": answer}))
    assert (found.state, found.reason) == (state, reason)


async def test_a_spent_day_ends_at_midnight_in_shanghai() -> None:
    assert (await asked_with_token(StandIn({"": NATIVE % SPENT}))).until == NOW + 4 * 3600


async def test_a_key_is_proved_by_its_plan_s_list() -> None:
    upstream = StandIn({"GET https://coding-intl.dashscope.aliyuncs.com/v1/models": {"data": [{"id": "m"}]}})
    found = await asked_with_key(upstream, plan="coding")
    assert found == Standing(state="ready", message="coding plan, 1 model", plan="coding")


@pytest.mark.parametrize("status", [404, 405])
async def test_a_plan_without_a_list_is_asked_for_one_token(status: int) -> None:
    upstream = StandIn({"GET ": (status, b""), "POST ": SPOKEN})
    found = await asked_with_key(upstream, plan="token")
    assert (found.state, found.message) == ("ready", "token plan, qwen3-coder-plus answers")
    assert upstream.bodies[1]["model"] == "qwen3-coder-plus"


async def test_a_coding_plan_that_wants_agents_only_is_named() -> None:
    only = {"error": "Coding Plan is currently only available for Coding Agents"}
    found = await asked_with_key(StandIn({"GET ": (404, b""), "POST ": (405, only)}), plan="coding")
    assert (found.state, found.reason) == ("needs_action", "plan_refused")


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        (
            {"error": {"code": "invalid_api_key", "message": "Incorrect API key provided."}},
            "needs_action",
            "wrong_plan",
        ),
        (REFUSED, "needs_login", "token_refused"),
    ],
)
async def test_a_refused_key(body: Any, state: str, reason: str) -> None:
    found = await asked_with_key(StandIn({"GET ": (401, body)}))
    assert (found.state, found.reason) == (state, reason)


async def test_a_spent_token_plan_waits_for_the_user() -> None:
    spent = (429, {"error": {"code": "Throttling.AllocationQuota", "message": "Allocated quota exceeded"}})
    found = await asked_with_key(StandIn({"GET ": (404, b""), "POST ": spent}), plan="token")
    assert (found.state, found.reason) == ("needs_action", "quota_spent")


async def test_a_portal_that_is_not_there() -> None:
    with pytest.raises(Unreachable):
        await asked_with_token(StandIn({"": Unreachable("no route")}))
