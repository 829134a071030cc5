"""Whole answers and errors of the Messages API, both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest
from claude_kit import VECTORS, conversion, notes, request, vector
from msgspec import Raw

from a2a.errors import BadUpstream
from a2a.messages import (
    Candidate,
    Failure,
    FailureKind,
    Foreign,
    Inline,
    Media,
    Opaque,
    OutFormat,
    Part,
    Reasoning,
    Refusal,
    Response,
    Stop,
    StopKind,
    Text,
    ToolCall,
    Usage,
)
from a2a.protocols.claude import front, upstream
from a2a.protocols.claude.structured import FENCE_MARK, TOOL_MARK
from a2a.protocols.claude.words import ERROR_OUT, STOP_OUT


def _response(*parts: Part, stop: StopKind = "end", usage: Usage | None = None, **fields: Any) -> Response:
    return Response(
        proto=fields.pop("proto", "chat"),
        id="r1",
        model="m",
        created=1,
        candidates=[Candidate(parts=list(parts), stop=Stop(kind=stop, **fields))],
        usage=usage or Usage(input=10, output=5),
    )


def _rendered(res: Response, **extra: str) -> Any:
    return json.loads(front.render_response(res, conversion(extra=extra)))


def _parsed(body: dict[str, Any], **extra: str) -> Response:
    whole = {"type": "message", "id": "m1", "model": "m", "role": "assistant", "content": [], **body}
    return upstream.parse_response(json.dumps(whole).encode(), conversion(extra=extra))


def test_golden_response_is_the_neutral_response() -> None:
    res = upstream.parse_response((VECTORS / "claude.response.json").read_bytes(), conversion())
    want = vector("ir.json")["response"]
    thought, text, call = res.candidates[0].parts
    assert isinstance(thought, Reasoning)
    assert isinstance(text, Text)
    assert isinstance(call, ToolCall)
    assert (thought.text, text.text) == (want["parts"][0]["reasoning"], want["parts"][1]["text"])
    assert json.loads(call.args) == want["parts"][2]["tool_call"]["args"]
    assert [one.data for one in thought.opaque] == vector("ir.json")["opaque"]["claude"][1:]
    assert res.candidates[0].stop.kind == want["stop"]
    usage = res.usage
    assert {
        "input": usage.input,
        "cache_read": usage.cache_read,
        "output": usage.output,
        "reasoning": usage.reasoning,
    } == (want["usage"])


def test_golden_response_returns_as_it_came() -> None:
    body = (VECTORS / "claude.response.json").read_bytes()
    want = json.loads(body)
    del want["content"][1]["citations"]
    assert json.loads(front.render_response(upstream.parse_response(body, conversion()), conversion())) == want


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"id":1}', b'{"content":1}', b'{"content":[{"type":"tool_use"}]}', b"\xff"]
)
def test_nonsense_is_the_upstreams_fault(body: bytes) -> None:
    with pytest.raises(BadUpstream):
        upstream.parse_response(body, conversion())


def test_error_under_a_200_is_the_upstreams_fault() -> None:
    with pytest.raises(BadUpstream, match="no luck"):
        upstream.parse_response(b'{"type":"error","error":{"type":"api_error","message":"no luck"}}', conversion())


# Stop


@pytest.mark.parametrize("entry", vector("edges.json")["stop"], ids=lambda entry: str(entry["ir"]))
def test_stop_table(entry: dict[str, Any]) -> None:
    call = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    content = [call] if entry["ir"] == "tool_call" else []
    stop = _parsed({"content": content, "stop_reason": entry["claude"]}).candidates[0].stop
    assert (stop.kind, stop.raw) == (entry["ir"], entry["claude"])
    parts = [ToolCall(id="a", name="f")] if entry["ir"] == "tool_call" else [Text(text="x")]
    assert _rendered(_response(*parts, stop=entry["ir"]))["stop_reason"] == entry["claude"]


def test_every_stop_has_a_word() -> None:
    assert set(STOP_OUT) == set(StopKind.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "word", "kind"),
    [
        ([], "some_day", "end"),
        ([{"type": "tool_use", "id": "a", "name": "f"}], "some_day", "tool_call"),
        ([{"type": "tool_use", "id": "a", "name": "f"}], "end_turn", "tool_call"),
        ([], "tool_use", "end"),
        ([], None, "end"),
        ([], "compaction", "pause"),
    ],
)
def test_stop_words_that_do_not_fit(content: list[Any], word: str | None, kind: str) -> None:
    assert _parsed({"content": content, "stop_reason": word}).candidates[0].stop.kind == kind


def test_refusal_carries_its_explanation() -> None:
    details = {"type": "refusal", "category": None, "explanation": "no"}
    res = _parsed({"stop_reason": "refusal", "stop_details": details})
    assert res.candidates[0].stop.detail == "no"
    assert json.loads(front.render_response(res, conversion()))["stop_details"] == details


def test_stop_sequence_is_named() -> None:
    body = _rendered(_response(Text(text="x"), stop="stop_seq", sequence="END"))
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", "END")


def test_no_call_no_tool_use() -> None:
    body = _rendered(_response(ToolCall(id="a", name="f", args='{"x":'), stop="tool_call"))
    assert (body["content"], body["stop_reason"]) == ([], "end_turn")


def test_length_wins_over_a_cut_call() -> None:
    body = _rendered(_response(ToolCall(id="a", name="f"), ToolCall(id="b", name="f", args="{"), stop="length"))
    assert ([block["id"] for block in body["content"]], body["stop_reason"]) == (["a"], "max_tokens")


# Parts


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Refusal(text="no"), {"type": "text", "text": "no"}),
        (Reasoning(text="t"), {"type": "thinking", "thinking": "t", "signature": ""}),
        (Reasoning(), {"type": "thinking", "thinking": "", "signature": ""}),
        (
            Reasoning(text="t", opaque=[Opaque("google", "signature", "g"), Opaque("anthropic", "signature", "s")]),
            {"type": "thinking", "thinking": "t", "signature": "s"},
        ),
        (
            Reasoning(opaque=[Opaque("anthropic", "redacted", "xx")]),
            {"type": "redacted_thinking", "data": "xx"},
        ),
        (Foreign(proto="claude", wire_type="x", raw=Raw(b'{"type":"x","n":1}')), {"type": "x", "n": 1}),
        (Foreign(proto="gemini", wire_type="x", raw=Raw(b"{}"), as_text="t"), {"type": "text", "text": "t"}),
        (ToolCall(id="", name="f", args=""), {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}),
        (
            Text(text="x", citations=Raw(b'[{"type":"url_citation"},{"type":"page_location"}]')),
            {"type": "text", "text": "x", "citations": [{"type": "page_location"}]},
        ),
    ],
)
def test_parts(part: Part, block: dict[str, Any]) -> None:
    assert _rendered(_response(part))["content"] == [block]


def test_what_leaves_nothing_behind() -> None:
    conv = conversion()
    media = Media(kind="image", source=Inline("AAAA"))
    gone = Foreign(proto="gemini", wire_type="x", raw=Raw(b"{}"))
    body = json.loads(front.render_response(_response(Text(text=""), Refusal(text=""), media, gone), conv))
    assert body["content"] == []
    assert notes(conv) == {"content": "dropped", "x": "dropped"}


def test_unmodelled_keys_return() -> None:
    res = _parsed(
        {"container": {"id": "c"}, "usage": {"input_tokens": 1, "output_tokens": 1, "service_tier": "standard"}}
    )
    body = json.loads(front.render_response(res, conversion()))
    assert (body["container"], body["usage"]["service_tier"]) == ({"id": "c"}, "standard")


def test_answer_tool_becomes_text() -> None:
    call = {"type": "tool_use", "id": "a", "name": "answer", "input": {"a": 1}}
    res = _parsed({"content": [call], "stop_reason": "tool_use"}, **{TOOL_MARK: "answer"})
    assert res.candidates[0].parts == [Text(text='{"a":1}')]
    assert res.candidates[0].stop.kind == "end"


def test_fence_comes_off() -> None:
    content = [{"type": "text", "text": '```json\n{"a": 1}\n```'}]
    assert _parsed({"content": content}, **{FENCE_MARK: "1"}).candidates[0].parts == [Text(text='{"a": 1}')]


# Usage


def test_usage_vector() -> None:
    entry = vector("edges.json")["usage"][0]
    want = Usage(**entry["ir"])
    assert _parsed({"usage": entry["claude"]}).usage == want
    assert _rendered(_response(usage=want))["usage"] == entry["claude"]


def test_usage_may_be_null_or_missing() -> None:
    usage = {"input_tokens": None, "output_tokens": 3, "cache_read_input_tokens": None, "cache_creation": None}
    assert _parsed({"usage": usage}).usage == Usage(output=3)
    assert _parsed({}).usage == Usage()


def test_long_cache_writes() -> None:
    split = {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
    wire = {"input_tokens": 1, "cache_creation_input_tokens": 30, "cache_creation": split, "output_tokens": 0}
    usage = _parsed({"usage": wire}).usage
    assert (usage.input, usage.cache_write, usage.cache_write_1h) == (31, 30, 20)
    assert _rendered(_response(usage=usage))["usage"]["cache_creation"] == split


def test_input_is_never_negative() -> None:
    assert _rendered(_response(usage=Usage(input=5, cache_read=9, output=1)))["usage"]["input_tokens"] == 0


def test_unknown_usage_is_estimated() -> None:
    body = _rendered(_response(Text(text="x" * 36), usage=Usage()), input_estimate="77")
    assert (body["usage"]["input_tokens"], body["usage"]["output_tokens"]) == (77, 10)


# Errors


def _kinds() -> dict[str, FailureKind]:
    return {
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


@pytest.mark.parametrize("entry", vector("surface.json")["errors"], ids=lambda entry: entry["cause"])
def test_error_bodies(entry: dict[str, Any]) -> None:
    want = entry["claude"]
    failure = Failure(_kinds()[entry["cause"]], want["body"]["error"]["message"], 599)
    status, body = front.render_error(failure, "req_g1")
    assert (status, json.loads(body)) == (want["status"], want["body"])


def test_every_failure_has_a_status() -> None:
    assert set(ERROR_OUT) == set(FailureKind.__args__)  # type: ignore[attr-defined]


def test_overflow_is_said_in_the_words_clients_know() -> None:
    _, body = front.render_error(Failure("context_overflow", "Input is too long.", 400))
    assert json.loads(body)["error"]["message"] == "prompt is too long: Input is too long."
    assert "request_id" not in json.loads(body)


@pytest.mark.parametrize(
    ("status", "word", "message", "kind"),
    [
        (400, "invalid_request_error", "messages: required", "bad_request"),
        (400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum", "context_overflow"),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 9 + 1 > 8",
            "context_overflow",
        ),
        (400, "invalid_request_error", "Your credit balance is too low", "unavailable"),
        (401, "authentication_error", "invalid x-api-key", "unavailable"),
        (403, "permission_error", "no", "unavailable"),
        (402, "billing_error", "pay", "unavailable"),
        (404, "not_found_error", "model: x", "not_found"),
        (413, "request_too_large", "big", "too_large"),
        (429, "rate_limit_error", "slow", "rate_limited"),
        (500, "api_error", "oops", "upstream"),
        (529, "overloaded_error", "busy", "overloaded"),
        (503, None, "busy", "overloaded"),
        (408, None, "late", "timeout"),
        (418, None, "tea", "bad_request"),
        (599, "some_day", "?", "upstream"),
    ],
)
def test_upstream_errors(status: int, word: str | None, message: str, kind: str) -> None:
    body = json.dumps({"type": "error", "error": {"type": word, "message": message}}).encode()
    failure = upstream.parse_error(status, {}, body)
    assert (failure.kind, failure.status, failure.message) == (kind, status, message)
    assert failure.raw is not None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[1]", b'{"error":3}', b'{"error":{"message":[]}}', b"\xff", b"[" * 9999]
)
def test_any_error_body_gives_a_failure(body: bytes) -> None:
    assert upstream.parse_error(502, {}, body).kind == "upstream"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after-ms": "1500", "retry-after": "30"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert upstream.parse_error(429, headers, b"{}").retry_after == seconds


def test_error_texts_lose_their_secrets() -> None:
    text = "key sk-ant-api03-abcdefgh of bob@example.com, Authorization: Bearer abc.def, x-api-key: 123"
    body = json.dumps({"error": {"type": "authentication_error", "message": text}}).encode()
    message = upstream.parse_error(401, {}, body).message
    assert not [word for word in ("sk-ant", "bob@", "abc.def", "123") if word in message]


def test_output_format_of_the_client_changes_nothing_here() -> None:
    conv = conversion(request("chat", output=OutFormat(kind="json")))
    body = json.dumps({"content": [{"type": "text", "text": "```x```"}]}).encode()
    assert upstream.parse_response(body, conv).candidates[0].parts == [Text(text="```x```")]
