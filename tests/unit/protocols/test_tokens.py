"""tokens: an estimate over everything the client sent, and nothing else."""

from __future__ import annotations

import base64

import pytest
from msgspec import Raw

from a2a.messages import (
    Candidate,
    Foreign,
    Inline,
    Media,
    Message,
    OutFormat,
    Part,
    Reasoning,
    Refusal,
    Request,
    Response,
    Stop,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Url,
)
from a2a.protocols.tokens import json_tokens, output_tokens, parts_tokens, request_tokens, text_tokens, without_billing

BILLING = "x-anthropic-billing-header: cc_version=2.1.220; cch=ab12;"
PNG_75X100 = base64.b64encode(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x4b\x00\x00\x00\x64").decode()


def request(*parts: Part, **fields: object) -> Request:
    return Request(proto="claude", model="m", messages=[Message(role="user", parts=list(parts))], **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("x" * 36, 10), ("漢字", 2), ("漢字 and Latin", 2 + 3), ("é" * 18, 10), ("😀", 2)],
)
def test_text(text: str, tokens: int) -> None:
    assert text_tokens(text) == tokens


def test_json_is_denser() -> None:
    assert json_tokens('{"a":1}') == json_tokens(b'{"a":1}') == 3


def test_a_request_counts_messages_tools_and_schemas() -> None:
    bare = request_tokens(request(Text(text="x" * 36)))
    assert bare == 4 + 10
    tool = Tool(name="x" * 18, description="y" * 36, schema=Raw(b" " * 30))
    assert request_tokens(request(Text(text="x" * 36), tools=[tool])) == bare + 12 + 5 + 10 + 10
    assert request_tokens(request(Text(text="x" * 36), system=[Text(text="s" * 36)])) == bare + 10
    output = OutFormat(kind="schema", schema=Raw(b" " * 30))
    assert request_tokens(request(Text(text="x" * 36), output=output)) == bare + 10


def test_calls_results_and_foreign_parts_count() -> None:
    call = ToolCall(id="c", name="x" * 18, args='{"a":1}')
    result = ToolResult(call_id="c", parts=[Text(text="y" * 36)])
    assert parts_tokens([call, result]) == 5 + 3 + 10
    assert parts_tokens([Foreign(proto="claude", wire_type="t", raw=Raw(b" " * 30))]) == 10
    assert parts_tokens([Foreign(proto="claude", wire_type="t", raw=Raw(b"{}"), as_text="x" * 36)]) == 10
    assert parts_tokens([Reasoning(text="x" * 36), Refusal(text="x" * 36)]) == 20


@pytest.mark.parametrize(
    ("media", "tokens"),
    [
        (Media(kind="image", source=Inline(PNG_75X100)), 10),
        (Media(kind="image", source=Inline("aGk=")), 1600),
        (Media(kind="image", source=Url("https://example.com/a.png")), 1600),
        (Media(kind="audio", source=Inline("aGk=")), 1600),
        (Media(kind="document", mime="text/plain", source=Inline(base64.b64encode(b"x" * 36).decode())), 10),
        (Media(kind="document", source=Inline(base64.b64encode(b"%PDF").decode())), 2000),
        (
            Media(
                kind="document",
                source=Inline(base64.b64encode(b"/Type /Pages /Type /Page\n/Type/Page>>").decode()),
            ),
            4000,
        ),
        (Media(kind="document", source=Inline("a")), 2000),
    ],
)
def test_media(media: Media, tokens: int) -> None:
    assert parts_tokens([media]) == tokens


def test_the_billing_line_does_not_count() -> None:
    with_line = request(Text(text="hi"), system=[Text(text=BILLING), Text(text="Be brief.")])
    assert request_tokens(with_line) == request_tokens(request(Text(text="hi"), system=[Text(text="Be brief.")]))


def test_only_the_billing_line_is_taken_from_a_longer_text() -> None:
    assert without_billing([Text(text=f"{BILLING}\n\nBe brief.")]) == [Text(text="Be brief.")]
    other = [Text(text="Be brief."), Text(text=BILLING)]
    assert without_billing(other) is other


def test_output_counts_all_candidates() -> None:
    candidate = Candidate(parts=[Text(text="x" * 36)], stop=Stop(kind="end"))
    res = Response(proto="chat", id="r", model="m", created=0, candidates=[candidate, candidate])
    assert output_tokens(res) == 20
