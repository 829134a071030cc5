"""What was said in an exchange, as lines for people: to read, and to compare two answers by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from a2a.control.types import Exchange
from a2a.gateway.export.talk import Talk, Unfit, read
from a2a.messages import (
    Candidate,
    FileRef,
    Foreign,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Url,
)

_INDENT = "    "


def answer_lines(exchange: Exchange) -> list[str]:
    """What the client got: reasoning, text, calls and how it ended; an error in words; nothing where none is known."""
    if exchange.state == "failed" and exchange.fault is not None:
        return [f"[error {exchange.status}] {exchange.fault.message}"]
    talk = talk_of(exchange)
    return [] if talk is None else [line for candidate in talk.answers for line in _candidate(candidate)]


def talk_of(exchange: Exchange) -> Talk | None:
    """The exchange in the neutral form, as far as it is recorded and can be read."""
    try:
        return read(exchange, partial=True)
    except Unfit:
        return None


def request_lines(request: Request) -> Iterator[str]:
    """The client's side, oldest first, each turn under its role."""
    if request.tools:
        yield f"[tools] {', '.join(tool.name for tool in request.tools)}"
    if request.system:
        yield "[system]"
        for text in request.system:
            yield from _indented(text.text)
    for message in request.messages:
        yield from _message(message)


def _message(message: Message) -> Iterator[str]:
    yield f"[{message.role}]"
    for line in _parts(message.parts):
        yield f"{_INDENT}{line}".rstrip()


def _candidate(candidate: Candidate) -> Iterator[str]:
    yield from _parts(candidate.parts)
    sequence = f" {candidate.stop.sequence!r}" if candidate.stop.sequence else ""
    yield f"[ends: {candidate.stop.kind}{sequence}]"


def _parts(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        match part:
            case Text():
                yield from part.text.splitlines()
            case Refusal():
                yield from (f"[refuses] {line}" for line in part.text.splitlines())
            case Reasoning():
                yield from (f"[thinks] {line}" for line in part.text.splitlines() or ["(hidden)"])
            case ToolCall():
                yield f"[calls {part.name}]"
                yield from _indented(_pretty(part))
            case ToolResult():
                yield f"[result of {part.name or part.call_id}{', an error' if part.is_error else ''}]"
                yield from (f"{_INDENT}{line}" for line in _parts(part.parts))
            case Media():
                yield f"[{part.kind}{f' {part.mime}' if part.mime else ''}: {_source(part)}]"
            case Foreign():
                yield f"[{part.wire_type}]"
                yield from _indented(part.as_text or "")


def _indented(text: str) -> Iterator[str]:
    return (f"{_INDENT}{line}".rstrip() for line in text.splitlines())


def _pretty(call: ToolCall) -> str:
    """Arguments a key a line, so that a comparison shows which differ."""
    if call.custom:
        return call.args
    try:
        return msgspec.json.format(call.args, indent=2)
    except msgspec.MsgspecError:
        return call.args


def _source(media: Media) -> str:
    match media.source:
        case Inline(data=data):
            return f"{len(data) * 3 // 4 - data[-2:].count('=')} bytes"
        case Url(url=url):
            return url
        case FileRef(id=file_id):
            return f"file {file_id}"
