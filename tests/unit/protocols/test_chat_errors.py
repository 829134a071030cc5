"""Error bodies of the Chat dialect: any shape of a third party in, the table of conversion.md 11.1 out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a.messages import Failure, FailureKind
from a2a.protocols.chat import front, upstream
from a2a.protocols.openai_errors import MAX_MESSAGE

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
SURFACE = json.loads((VECTORS / "surface.json").read_text())

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


@pytest.mark.parametrize("row", SURFACE["errors"], ids=lambda row: row["cause"])
def test_bodies_for_the_client(row: dict[str, Any]) -> None:
    wanted = row["chat"]
    message = wanted["body"]["error"]["message"]
    status, body = front.render_error(Failure(KINDS[row["cause"]], message, 0))
    assert (status, json.loads(body)) == (wanted["status"], wanted["body"])


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_kind_has_a_body(kind: FailureKind) -> None:
    status, body = front.render_error(Failure(kind, "m", 0, param="p"))
    error = json.loads(body)["error"]
    assert 400 <= status < 600
    assert (error["message"], error["param"]) == ("m", "p")


def test_an_accounts_own_fault_is_never_a_401_for_the_client() -> None:
    assert front.render_error(failure(401, {"error": {"message": "bad key", "code": "invalid_api_key"}}))[0] == 503


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "x", "code": "context_length_exceeded"}}, "context_overflow"),
        (
            400,
            {"error": {"message": "This model's maximum context length is 8 tokens", "type": "BadRequestError"}},
            "context_overflow",
        ),
        (
            400,
            {"error": {"message": "Range of input length should be [1, 5]", "code": "invalid_parameter_error"}},
            "context_overflow",
        ),
        (
            400,
            {"object": "error", "message": "please reduce the length of the messages", "code": 400},
            "context_overflow",
        ),
        (404, {"error": {"message": "x", "code": "model_not_found"}}, "not_found"),
        (400, {"error": {"message": "The model `x` does not exist"}}, "not_found"),
        (404, b"404 page not found", "not_found"),
        (429, {"error": {"message": "x", "type": "insufficient_quota", "code": "insufficient_quota"}}, "quota"),
        (429, {"error": {"message": "Free allocated quota exceeded.", "code": "Throttling.AllocationQuota"}}, "quota"),
        (403, {"error": {"message": "x", "code": "AllocationQuota.FreeTierOnly"}}, "quota"),
        (402, {"error": {"message": "Insufficient Balance"}}, "quota"),
        (429, {"error": {"message": "You exceeded your current quota"}}, "quota"),
        (429, {"error": {"message": "concurrency allocated quota exceeded"}}, "rate_limited"),
        (429, {"error": {"message": "x", "code": "limit_requests"}}, "rate_limited"),
        (429, {"error": {"message": "Rate limit reached for tokens: too many tokens"}}, "rate_limited"),
        (400, {"error": {"message": "x", "code": "1302"}}, "rate_limited"),
        (429, b"", "rate_limited"),
        (401, {"error": {"message": "x", "type": "invalid_request_error", "code": "invalid_api_key"}}, "unavailable"),
        (403, {"message": "forbidden"}, "unavailable"),
        (405, {"error": "Coding Plan is currently only available for Coding Agents"}, "unavailable"),
        (400, {"error": {"message": "x", "code": "Arrearage"}}, "unavailable"),
        (400, {"error": {"message": "x", "code": "data_inspection_failed"}}, "bad_request"),
        (400, {"detail": [{"loc": ["body"], "msg": "field required", "type": "missing"}]}, "bad_request"),
        (422, {"detail": "no"}, "bad_request"),
        (408, {}, "timeout"),
        (409, {}, "conflict"),
        (413, {}, "too_large"),
        (500, {"error": {"message": "x", "type": "server_error"}}, "upstream"),
        (502, b"<html><head><title>502 Bad Gateway</title></head></html>", "upstream"),
        (503, {"error": {"message": "x", "type": "server_error"}}, "overloaded"),
        (529, {}, "overloaded"),
        (503, {"error": {"message": "x", "type": "engine_overloaded_error"}}, "overloaded"),
        (504, b"", "timeout"),
        (524, b"", "timeout"),
        (200, {"error": {"message": "x", "code": 429}}, "rate_limited"),
        (200, {"error": "x"}, "upstream"),
        (200, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, "quota"),
    ],
)
def test_kinds(status: int, body: object, kind: str) -> None:
    found = failure(status, body)
    assert found.kind == kind
    assert found.message
    assert found.status == (status if status >= 400 else found.status)
    assert found.status >= 400


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "plain"}}, "plain"),
        ({"error": "plain"}, "plain"),
        ({"error": {"error": {"message": "plain"}}}, "plain"),
        ({"detail": "plain"}, "plain"),
        ({"detail": [{"msg": "plain"}]}, "plain"),
        ({"message": "plain"}, "plain"),
        ({"errors": [{"message": "plain"}]}, "plain"),
        ([{"error": {"code": 400, "message": "plain", "status": "INVALID_ARGUMENT"}}], "plain"),
        (b"plain", "HTTP 400: plain"),
        (b"<html><title> Not\nhere </title>", "HTTP 400: Not here"),
        (b"<p>", "HTTP 400 with an unreadable body"),
        (b'{"x":1}', "HTTP 400 with an unreadable body"),
        (b"  ", "HTTP 400 without a body"),
    ],
)
def test_messages(body: object, message: str) -> None:
    assert failure(400, body).message == message


def test_words_and_raw_body_are_kept() -> None:
    found = failure(400, {"error": {"message": "m", "type": "t", "param": "messages", "code": "c"}})
    assert (found.code, found.param) == ("c", "messages")
    assert json.loads(bytes(found.raw or b""))["error"]["type"] == "t"
    assert failure(400, b"<html>").raw is None


def test_secrets_and_length() -> None:
    text = "Incorrect API key provided: sk-proj-abcdefgh12345678 for bob@example.com, Bearer abc.def " + "x" * 2000
    found = failure(401, {"error": {"message": text}}).message
    assert len(found) == MAX_MESSAGE
    assert not any(word in found for word in ("abcdefgh", "bob@", "abc.def"))
    assert found.startswith("Incorrect API key provided: [removed]")


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry_after": "30"}, "x", 30.0),
        ({"retry_after_ms": "1500", "retry_after": "2"}, "x", 1.5),
        ({"retry_after": "Sun, 22 Nov 2026 10:01:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, "x", 60.0),
        ({"retry_after": "Sun, 22 Nov 2026 10:01:00 GMT"}, "x", None),
        ({"retry_after": "soon"}, "Please try again in 20s.", 20.0),
        ({}, "Please try again in 250ms", 0.25),
        ({}, "try again in 6m0s", 360.0),
        ({}, "x", None),
        ({"retry_after": "-5"}, "x", None),
        ({"retry_after": "nan"}, "x", None),
    ],
)
def test_waits(headers: dict[str, str], message: str, seconds: float | None) -> None:
    assert failure(429, {"error": {"message": message}}, **headers).retry_after == seconds


@given(
    st.integers(100, 599),
    st.one_of(
        st.binary(max_size=80),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["error", "message", "code", "type", "detail", "errors", "param"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
@settings(max_examples=200, deadline=None)
def test_total(status: int, body: bytes) -> None:
    found = upstream.parse_error(status, {}, body)
    assert found.message
    assert found.status >= 400
    assert front.render_error(found)[0] >= 400
