"""Error bodies of the Responses dialect: any shape of an upstream in, the table of conversion.md 11.1 out."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses_kit import vector

from a2a.messages import Failure, FailureKind
from a2a.protocols.openai_errors import MAX_MESSAGE
from a2a.protocols.responses import front, upstream

KINDS: dict[str, FailureKind] = {
    "bad request": "bad_request",
    "wrong local key": "unauthorized",
    "forbidden": "forbidden",
    "unknown model": "not_found",
    "body too large": "too_large",
    "context overflow": "context_overflow",
    "all accounts limited": "rate_limited",
    "upstream 500": "upstream",
    "upstream overloaded (529/503)": "overloaded",
    "upstream timeout": "timeout",
}


def failure(status: int, body: object, **headers: str) -> Failure:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return upstream.parse_error(status, {key.replace("_", "-"): value for key, value in headers.items()}, data)


@pytest.mark.parametrize("row", vector("surface.json")["errors"], ids=lambda row: row["cause"])
def test_bodies_for_the_client(row: dict[str, Any]) -> None:
    wanted = row["responses"]
    message = wanted["body"]["error"]["message"]
    status, body = front.render_error(Failure(KINDS[row["cause"]], message, 0))
    assert (status, json.loads(body)) == (wanted["status"], wanted["body"])


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_kind_has_a_body(kind: FailureKind) -> None:
    status, body = front.render_error(Failure(kind, "m", 0, param="p"))
    error = json.loads(body)["error"]
    assert 400 <= status < 600
    assert (error["message"], error["param"]) == ("m", "p")


def test_unknown_previous_responses_have_their_own_code() -> None:
    why = Failure("bad_request", "previous_response_not_found: send the whole input", 400, param="previous_response_id")
    error = json.loads(front.render_error(why)[1])["error"]
    assert (error["code"], error["param"]) == ("previous_response_not_found", "previous_response_id")


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, {"error": {"message": "bad", "type": "invalid_request_error"}}, "bad_request", "invalid_request_error"),
        (400, {"error": {"message": "x", "code": "context_length_exceeded"}}, "context_overflow", None),
        (400, {"error": {"message": "Your input exceeds the context window of this model."}}, "context_overflow", None),
        (400, {"detail": "Unsupported parameter"}, "bad_request", None),
        (400, {"error": {"message": "The model `x` does not exist", "code": None}}, "not_found", None),
        (401, {"error": {"message": "no", "code": "invalid_api_key"}}, "unavailable", "invalid_api_key"),
        (403, {"error": {"message": "no"}}, "unavailable", None),
        (404, {"error": {"message": "no", "code": "model_not_found"}}, "not_found", "model_not_found"),
        (404, {"error": {"message": "Item with id 'rs_1' not found. Items are not persisted …"}}, "bad_request", None),
        (404, {"error": {"message": "no", "code": "previous_response_not_found"}}, "bad_request", None),
        (409, b"", "conflict", None),
        (413, b"", "too_large", None),
        (429, {"error": {"message": "slow", "code": "rate_limit_exceeded"}}, "rate_limited", "rate_limit_exceeded"),
        (429, {"error": {"type": "usage_limit_reached", "message": "m"}}, "quota", "usage_limit_reached"),
        (429, {"error": {"message": "You exceeded your current quota"}}, "quota", None),
        (500, {"error": {"message": "m", "type": "server_error"}}, "upstream", "server_error"),
        (502, b"<html><title>Bad gateway</title></html>", "upstream", None),
        (503, {"error": {"code": "server_is_overloaded", "message": "m"}}, "overloaded", "server_is_overloaded"),
        (504, b"", "timeout", None),
        (200, {"type": "error", "code": "slow_down", "message": "m"}, "overloaded", "slow_down"),
        (200, {"status": "failed", "error": {"code": "invalid_prompt", "message": "m"}}, "bad_request", None),
        (200, [{"error": {"message": "m", "code": 429}}], "rate_limited", "429"),
    ],
)
def test_what_upstreams_say(status: int, body: object, kind: str, code: str | None) -> None:
    found = failure(status, body)
    assert found.kind == kind
    assert code is None or found.code == code
    assert found.status >= 400


@pytest.mark.parametrize(
    ("error", "headers", "seconds"),
    [
        ({"message": "m"}, {"retry_after": "12"}, 12.0),
        ({"message": "m"}, {"retry_after_ms": "1500"}, 1.5),
        ({"message": "Please try again in 1m2.5s."}, {}, 62.5),
        ({"message": "m", "resets_in_seconds": 90}, {}, 90.0),
        ({"message": "m", "resets_at": 1795305660}, {"date": "Sun, 22 Nov 2026 00:00:00 GMT"}, 60.0),
        (
            {"message": "m"},
            {"retry_after": "Sun, 22 Nov 2026 00:00:05 GMT", "date": "Sun, 22 Nov 2026 00:00:00 GMT"},
            5.0,
        ),
        ({"message": "m"}, {"retry_after": "soon"}, None),
    ],
)
def test_how_long_to_wait(error: dict[str, Any], headers: dict[str, str], seconds: float | None) -> None:
    assert failure(429, {"error": error}, **headers).retry_after == seconds


def test_secrets_do_not_pass() -> None:
    said = "key sk-proj-abcdefgh1234 of me@example.org, Bearer abc, token eyJhbGciOiJIUzI1NiJ9.e30.x"
    message = failure(400, {"error": {"message": said}}).message
    for secret in ("abcdefgh1234", "example.org", "Bearer abc", "eyJhbGci"):
        assert secret not in message


def test_long_messages_are_cut() -> None:
    assert len(failure(500, {"error": {"message": "x" * 5000}}).message) == MAX_MESSAGE


@given(st.sampled_from([200, 400, 401, 404, 429, 500, 599]), st.binary(max_size=80))
def test_any_body_gives_a_failure(status: int, body: bytes) -> None:
    found = failure(status, body)
    assert found.message
    assert front.render_error(found)[0] >= 400


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=4),
        lambda x: (
            st.dictionaries(st.sampled_from(["error", "message", "code", "type", "response", "detail", "resets_at"]), x)
            | st.lists(x)
        ),
    )
)
def test_any_json_gives_a_failure(body: object) -> None:
    assert failure(200, body).message
