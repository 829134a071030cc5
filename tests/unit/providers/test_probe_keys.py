"""Probes of keys: the model list, what a refusal means, and that no answer of any shape is an error of ours."""

from __future__ import annotations

from typing import Any

import pytest
from support.pool_kit import account
from support.stand_in import StandIn

from a2a.auth.records import ApiKey, QwenToken
from a2a.config import Settings
from a2a.control.types import Standing
from a2a.errors import BadUpstream, NeedsLogin, Unreachable, UpstreamTimeout
from a2a.providers.base import BAD_ANSWER_S, UNLISTED, Provider
from a2a.providers.http import Interrupted
from a2a.providers.registry import build
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

NOW = 1_795_348_800.0
KEY = ApiKey(Secret("sk-planted"))
LISTS = {
    "openai-custom": {"data": [{"id": "m1"}, {"id": "m2"}]},
    "openaiResponses-custom": {"data": [{"id": "m1"}, {"id": "m2"}]},
    "claude-custom": {"data": [{"id": "m1"}, {"id": "m2"}]},
    "gemini-custom": {"models": [{"name": "models/m1"}, {"name": "models/m2"}]},
}


def provider(name: str = "openai-custom") -> Provider:
    made = build(Settings())[name]
    made.now = lambda: NOW  # type: ignore[method-assign]
    return made


async def probed(answer: Any, name: str = "openai-custom") -> Standing:
    upstream = StandIn({"/models": answer})
    found = await provider(name).probe(account(provider=name), KEY, upstream)  # type: ignore[arg-type]
    assert len(upstream.asked) == 1
    return found


@pytest.mark.parametrize("name", LISTS)
async def test_a_key_that_lists_models_works(name: str) -> None:
    assert await probed(LISTS[name], name) == Standing(state="ready", message="2 models")


async def test_one_model_is_one_model() -> None:
    assert (await probed({"data": [{"id": "m"}]})).message == "1 model"


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("status", [404, 405, 501])
async def test_without_a_list_nothing_is_spent_on_a_check(name: str, status: int) -> None:
    assert await probed((status, b"<html>nothing here"), name) == Standing(state="ready", message=UNLISTED)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("openai-custom", (401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}})),
        ("claude-custom", (401, {"type": "error", "error": {"type": "authentication_error", "message": "bad key"}})),
        (
            "gemini-custom",
            (400, {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}),
        ),
    ],
)
async def test_a_refused_key_needs_a_login(name: str, answer: Any) -> None:
    found = await probed(answer, name)
    assert (found.state, found.reason) == ("needs_login", "key_refused")
    assert "a2a login" in (found.remedy or "")


async def test_a_limit_ends_by_itself() -> None:
    found = await probed(
        (429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, {"retry-after": "7"})
    )
    assert (found.state, found.reason, found.until) == ("cooling", "rate_limited", NOW + 7)


async def test_a_refusal_of_our_own_call_says_nothing_about_the_account() -> None:
    found = await probed((400, {"error": {"message": "no such parameter"}}))
    assert (found.state, found.message, found.reason) == ("ready", "not checked: no such parameter", None)


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"{}", b"[]", b"null", b"\xff\xfe", b'{"data": 7}', (204, b""), (302, b"moved")]
)
async def test_an_answer_nobody_can_read_is_told_as_such(answer: Any) -> None:
    found = await probed(answer)
    assert (found.state, found.reason, found.until) == ("cooling", "bad_answer", NOW + BAD_ANSWER_S)
    assert found.message


@pytest.mark.parametrize("status", [401, 402, 403, 429, 500, 502, 503, 529])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[[[", b'{"error": 7}', b"\xff"])
async def test_a_refusal_of_any_shape_is_a_standing(status: int, body: bytes) -> None:
    found = await probed((status, body))
    assert found.state != "ready"
    assert found.message


async def test_what_is_no_http_is_a_bad_answer() -> None:
    assert (await probed(BadUpstream("that is no HTTP"))).reason == "bad_answer"


@pytest.mark.parametrize("error", [Unreachable("no route"), Interrupted("cut"), UpstreamTimeout("late")])
async def test_nobody_there_is_an_error(error: Exception) -> None:
    with pytest.raises(type(error)):
        await probed(error)


async def test_silence_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    made = provider()
    monkeypatch.setattr(type(made), "probe_s", 0.01)
    with pytest.raises(UpstreamTimeout, match="no answer within"):
        await made.probe(account(), KEY, StandIn({"": StandIn.SILENCE}))  # type: ignore[arg-type]


async def test_a_credential_of_another_kind_is_said() -> None:
    token = QwenToken(access_token=Secret("t"))
    with pytest.raises(NeedsLogin):
        await provider().probe(account(), token, StandIn({}))  # type: ignore[arg-type]
