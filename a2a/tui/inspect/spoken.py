"""What an answer says, in whichever protocol: text, reasoning, tool calls, why it stopped. For reading and comparing.

It looks at the shape of each document, not at a protocol's name, since all it is given is a recorded body. What it does
not know it leaves out: the frames show everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from msgspec import Struct

from a2a.control.bodies import is_binary
from a2a.tui.ink import Tone
from a2a.tui.inspect.frames import Frame, frames
from a2a.tui.inspect.json_text import Number, parse, parse_cut

Kind = Literal["text", "reasoning", "call", "stop", "error"]
TONES: dict[Kind, Tone] = {"text": "plain", "reasoning": "dim", "call": "accent", "stop": "info", "error": "bad"}

WHOLE = "whole"
"""Key of a tool call that comes in one piece: two of them are two calls."""


class Piece(Struct, frozen=True):
    """`key`: pieces of one kind with the same key belong together, such as the parts of one tool call."""

    kind: Kind
    text: str
    key: str = ""


def spoken(body: str) -> list[Piece]:
    """In order, neighbours of one kind joined; empty where nothing is recognised."""
    return _joined(_pieces(body))


def spoken_in(stream: Iterable[Frame]) -> list[Piece]:
    """The same of some frames of a stream."""
    return _joined(piece for frame in stream for piece in _of_text(frame.data, delta=True))


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        goes_on = last is not None and (last.kind, last.key) == (piece.kind, piece.key)
        if last is not None and goes_on and piece.kind != "stop" and piece.key != WHOLE:
            joined[-1] = Piece(last.kind, last.text + piece.text, last.key)
        elif piece.text and (piece.kind != "stop" or piece != last):
            joined.append(piece)
    return [_tidy(piece) for piece in joined]


def _tidy(piece: Piece) -> Piece:
    """Arguments written as JSON always is here: each vendor has its own blanks, which say nothing."""
    if piece.kind != "call":
        return piece
    name, blank, arguments = piece.text.partition(" ")
    try:
        return Piece(piece.kind, f"{name}{blank}{_compact(parse(arguments))}", piece.key)
    except (ValueError, RecursionError):
        return piece


def _pieces(body: str) -> Iterator[Piece]:
    stream = frames(body)
    if stream:
        for frame in stream:
            yield from _of_text(frame.data, delta=True)
    elif not is_binary(body):
        yield from _of_text(body, delta=False)


def _of_text(text: str, *, delta: bool) -> Iterator[Piece]:
    if not text.lstrip().startswith(("{", "[")):
        return
    try:
        value = parse(text)
    except ValueError:
        try:
            value = parse_cut(text)
        except ValueError:
            return
    for each in value if isinstance(value, list) else [value]:  # gemini without `alt=sse` sends one array
        if isinstance(each, dict):
            yield from _document(each, delta or isinstance(value, list))


def _document(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    if isinstance(value.get("response"), dict) and "candidates" in value["response"]:  # the Code Assist envelope
        value = value["response"]
    for key, read in _READERS:
        if key in value:
            yield from read(value, delta)
            return


def _chat(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    for choice in _dicts(value.get("choices")):
        said = _dict(choice.get("delta")) or _dict(choice.get("message"))
        yield from _text("reasoning", said.get("reasoning_content") or said.get("reasoning"))
        yield from _text("text", said.get("content"))
        yield from _text("text", said.get("refusal"))
        for place, call in enumerate(_dicts(said.get("tool_calls"))):  # a whole answer has no `index`
            function = _dict(call.get("function"))
            number = f"call {_word(call.get('index')) or place}"
            yield from _call(function.get("name"), function.get("arguments"), number)
        yield from _stop(choice.get("finish_reason"))


def _claude(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    """A whole message, or its first event."""
    for number, block in enumerate(_dicts(value.get("content"))):
        yield from _claude_block(block, f"call {number}")
    yield from _stop(value.get("stop_reason"))


def _claude_block(block: dict[str, Any], number: str) -> Iterator[Piece]:
    yield from _text("reasoning", block.get("thinking"))
    yield from _text("text", block.get("text"))
    if "name" in block:
        yield from _call(block.get("name"), block.get("input") or None, number)


def _typed(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    """Events of Claude and Responses, which say their type."""
    kind = value["type"]
    number = f"call {_word(value.get('index', value.get('output_index')))}"
    change = value.get("delta")
    if kind == "message":
        yield from _claude(value, delta)
    elif kind == "content_block_start" and isinstance(value.get("content_block"), dict):
        yield from _claude_block(value["content_block"], number)
    elif kind == "content_block_delta" and isinstance(change, dict):
        yield from _text("reasoning", change.get("thinking"))
        yield from _text("text", change.get("text"))
        yield from _text("call", change.get("partial_json"), number)
    elif kind == "message_delta" and isinstance(change, dict):
        yield from _stop(change.get("stop_reason"))
    elif kind == "response.output_item.added" and isinstance(value.get("item"), dict):
        if "name" in value["item"]:
            yield from _call(value["item"]["name"], None, number)
    elif kind in ("response.completed", "response.incomplete", "response.failed"):
        yield from _stop(kind.removeprefix("response."))
    elif isinstance(kind, str) and kind in _RESPONSES:
        yield from _text(_RESPONSES[kind], change, number if _RESPONSES[kind] == "call" else "")
    elif kind == "error":
        yield from _error(value, delta)


_RESPONSES: dict[str, Kind] = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "text",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.function_call_arguments.delta": "call",
    "response.custom_tool_call_input.delta": "call",
}


def _responses(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    """A whole response."""
    for number, item in enumerate(_dicts(value.get("output"))):
        for part in (*_dicts(item.get("summary")), *_dicts(item.get("content"))):
            yield from _text("reasoning" if item.get("type") == "reasoning" else "text", part.get("text"))
        if "name" in item:
            yield from _call(item.get("name"), item.get("arguments"), f"call {number}")
    yield from _stop(value.get("status"))


def _gemini(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    for candidate in _dicts(value.get("candidates")):
        for part in _dicts(_dict(candidate.get("content")).get("parts")):
            yield from _text("reasoning" if part.get("thought") is True else "text", part.get("text"))
            call = part.get("functionCall")
            if isinstance(call, dict):
                pieces = _call(call.get("name"), call.get("args"), WHOLE)
                yield Piece("call", "".join(piece.text for piece in pieces), WHOLE)
        yield from _stop(candidate.get("finishReason"))


def _kiro(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    yield from _text("text", value.get("content"))


def _kiro_thought(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    yield from _text("reasoning", value.get("text"))


def _kiro_end(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    yield from _stop(value.get("stopReason"))


def _kiro_tool(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    number = f"call {_word(value.get('toolUseId'))}"
    if "input" in value:
        yield from _text("call", value.get("input"), number)
    elif value.get("stop") is not True:  # the last event of a call says its name again
        yield from _call(value.get("name"), None, number)


def _error(value: dict[str, Any], delta: bool) -> Iterator[Piece]:
    error = value.get("error")
    yield from _text("error", error.get("message") if isinstance(error, dict) else error or value.get("message"))


_READERS: tuple[tuple[str, Callable[[dict[str, Any], bool], Iterator[Piece]]], ...] = (
    ("choices", _chat),
    ("candidates", _gemini),
    ("output", _responses),
    ("type", _typed),
    ("toolUseId", _kiro_tool),
    ("content", _kiro),
    ("stopReason", _kiro_end),
    ("error", _error),
    ("text", _kiro_thought),
    ("message", _error),
)
"""The key that tells a document's shape -> its reader; the first that is there counts."""


def _call(name: Any, arguments: Any, key: str) -> Iterator[Piece]:
    """A tool call: `name(arguments`, which further pieces go on with."""
    if isinstance(name, str) and name:
        yield Piece("call", f"{name} ", key)
    if isinstance(arguments, str):
        yield from _text("call", arguments, key)
    elif arguments is not None:
        yield Piece("call", _compact(arguments), key)


def _compact(value: Any) -> str:
    """JSON on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f'"{name}": {_compact(item)}' for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_compact, value)) + "]"
        case str():
            return f'"{value}"'
        case Number(text=text):
            return text
        case bool():
            return str(value).lower()
        case _:
            return "null"


def _text(kind: Kind, text: Any, key: str = "") -> Iterator[Piece]:
    if isinstance(text, str) and text:
        yield Piece(kind, text, key)
    elif kind == "text" and isinstance(text, list):  # content as parts
        for part in _dicts(text):
            yield from _text(kind, part.get("text"), key)


def _stop(reason: Any) -> Iterator[Piece]:
    if isinstance(reason, str) and reason:
        yield Piece("stop", reason)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(value: Any) -> str:
    match value:
        case Number(text=text):
            return text
        case str():
            return value
        case _:
            return ""
