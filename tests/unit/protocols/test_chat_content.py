"""Reasoning between tags and JSON inside fences, in any split."""

from __future__ import annotations

import json

import pytest

from a2a.messages import OutFormat, Part, Reasoning, Request, Response, Text
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.chat import upstream
from a2a.protocols.chat.content import ContentFilter, content_filter
from a2a.protocols.fold import fold


def conversion(*, thinks: bool = False, fenced: bool = False) -> Conversion:
    output = OutFormat(kind="json") if fenced else None
    profile = Profile(structured="prompt", wire={"think_tags": "1"} if thinks else {})
    return Conversion(
        request=Request(proto="chat", model="m", messages=[], output=output), profile=profile, model="m", now=1.0
    )


def split(filtered: ContentFilter, text: str, size: int) -> tuple[str, str]:
    pieces = [piece for at in range(0, len(text), size) for piece in filtered.feed(text[at : at + size])]
    pieces += filtered.end()
    return tuple("".join(said for kind, said in pieces if kind == wanted) for wanted in ("reasoning", "text"))  # type: ignore[return-value]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>\nhm < 3</think>\n\nanswer\n", "\nhm < 3", "answer\n"),
        ("  <think>hm", "hm", ""),
        ("<think>hm</thi", "hm</thi", ""),
        ("<think></think>answer", "", "answer"),
        ("a <think>b</think>", "", "a <think>b</think>"),
        ("<thing>", "", "<thing>"),
        ("<th", "", "<th"),
        ("", "", ""),
    ],
)
def test_think_tags(text: str, reasoning: str, answer: str, size: int) -> None:
    assert split(ContentFilter(thinks=True, fenced=False), text, size) == (reasoning, answer)
    assert ContentFilter(thinks=True, fenced=False).whole(text) == (reasoning, answer)


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ('\n```\n{"a": 1}\n```\n', '{"a": 1}'),
        ('```json\n{"a": "x\\n``y"}\n', '{"a": "x\\n``y"}'),
        ('```json\n{\n  "a": "`"\n}```', '{\n  "a": "`"\n}'),
        ('{"a": "```"}', '{"a": "```"}'),
        ("``", "``"),
        ("", ""),
    ],
)
def test_fences(text: str, answer: str, size: int) -> None:
    assert split(ContentFilter(thinks=False, fenced=True), text, size) == ("", answer)


def test_both_at_once() -> None:
    text = "<think>hm</think>\n```json\n{}\n```"
    assert split(ContentFilter(thinks=True, fenced=True), text, 2) == ("hm", "{}")


def test_only_where_the_conversion_says_so() -> None:
    assert content_filter(conversion()) is None
    assert content_filter(conversion(thinks=True)) is not None
    assert content_filter(conversion(fenced=True)) is not None


def test_stream_and_whole_answer_agree() -> None:
    conv = conversion(thinks=True, fenced=True)
    text = "<think>hm</think>\n```json\n{}\n```"
    expected: list[Part] = [Reasoning(text="hm", summary=False), Text(text="{}")]
    chunks = [{"choices": [{"index": 0, "delta": {"content": char}}]} for char in text]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})  # type: ignore[dict-item]
    parser = upstream.stream_parser(conv)
    events = [event for chunk in chunks for event in parser.feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")]
    folded = fold([*events, *parser.eof()], "chat")
    assert isinstance(folded, Response)
    assert folded.candidates[0].parts == expected
    body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
    assert upstream.parse_response(json.dumps(body).encode(), conv).candidates[0].parts == expected
