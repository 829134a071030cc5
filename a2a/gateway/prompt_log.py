"""The prompt log: one line of JSON for each exchange that has ended, with what was asked and answered.

Written in the writer's thread, from the redacted bodies of the record. A line is one write to a file opened for
appending, under a lock, so that several processes may share a file. What cuts a write short, a full disk or the death
of the process (Linux ends a write of several pages at once then), leaves half a line: it goes before the next one is
written, and from the files of earlier starts with the first line of this one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from a2a.control.types import Exchange
from a2a.errors import StoreError
from a2a.gateway.export.talk import Talk, Unfit, read
from a2a.messages import Candidate, Message, Part, Reasoning, Refusal, Request, Text, Tool, ToolCall, ToolResult
from a2a.paths import private_dir

log = logging.getLogger(__name__)

Where = Literal["none", "console", "file"]


_LOOK_BACK = 64 * 1024


class PromptLog:
    """Where its lines go is said with each: `console` is stderr."""

    def __init__(self) -> None:
        self._path = ""
        self._file: int | None = None
        self._told = False

    def write(self, exchange: Exchange, where: Where, path: str) -> None:
        """One line. What cannot be written is told once, until a line can be written again."""
        line = msgspec.json.encode(line_of(exchange)) + b"\n"
        try:
            if where == "console":
                sys.stderr.write(line.decode())
                sys.stderr.flush()
            elif where == "file":
                self._append(line, path)
            self._told = False
        except (OSError, ValueError, StoreError) as error:  # ValueError: stderr is closed
            if not self._told:
                log.warning("prompt_not_logged path=%s error=%s", path if where == "file" else "stderr", error)
            self._told = True

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, line: bytes, path: str) -> None:
        """Whole, or not at all. Raises OSError."""
        if self._file is None or path != self._path:
            self.close()
            private_dir(Path(path).parent)
            _mend_earlier(Path(path))
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            self._path = path
        with _alone(self._file):
            _mend(self._file)
            written = os.write(self._file, line)
            if written != len(line):
                _mend(self._file)
                raise OSError(f"only {written} of {len(line)} bytes had room")


def _mend_earlier(path: Path) -> None:
    """Of files of other starts with the same base name: whoever was writing one is not in the middle of a line now."""
    base = path.name.rsplit("-", 2)[0]
    for file in path.parent.glob(f"{base}-????????-??????{path.suffix}"):
        with contextlib.suppress(OSError):  # it stays as it is
            handle = os.open(file, os.O_RDWR)
            try:
                with _alone(handle):
                    _mend(handle)
            finally:
                os.close(handle)


def _mend(file: int) -> None:
    """Take half a line away from the end."""
    keep = end = os.lseek(file, 0, os.SEEK_END)
    step = 1  # that byte is the end of a line, but for half ones
    while keep:
        begin, step = max(0, keep - step), _LOOK_BACK
        os.lseek(file, begin, os.SEEK_SET)
        at = os.read(file, keep - begin).rfind(b"\n")
        if at >= 0:
            keep = begin + at + 1
            break
        keep = begin
    if keep != end:
        os.ftruncate(file, keep)


@contextlib.contextmanager
def _alone(file: int) -> Iterator[None]:
    """No other process writes to it meanwhile, where the system has such locks; they end with their process."""
    try:
        import fcntl
    except ImportError:  # Windows, which finishes the writes of a process that is ended
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def line_of(exchange: Exchange) -> dict[str, Any]:
    """What a line says. Where the bodies cannot be read as a conversation they stand there as they are."""
    names = exchange.attempts[-1] if exchange.attempts else exchange.route
    line: dict[str, Any] = {
        "id": exchange.id,
        "time": datetime.fromtimestamp(exchange.started_at, UTC).isoformat(timespec="milliseconds"),
        "client": exchange.client,
        "front": exchange.front,
        "path": exchange.path,
        "provider": names.provider if names is not None else None,
        "account": exchange.attempts[-1].account if exchange.attempts else None,
        "model": names.model if names is not None else None,
        "state": exchange.state,
        "status": exchange.status,
        "stream": exchange.stream,
        "duration_ms": exchange.timings.last,
        "usage": exchange.tokens,
        "error": exchange.fault.message if exchange.fault is not None else None,
    }
    bodies = exchange.bodies
    try:
        talk = read(exchange, partial=True)
    except Unfit:
        line["request"] = {"model": exchange.asked, "body": bodies.request if bodies is not None else None}
        line["answer"] = {"body": bodies.answer if bodies is not None else None}
    else:
        line["request"] = _request(talk.request)
        line["answer"] = _answer(talk, bodies.answer if bodies is not None else None)
    if bodies is not None and bodies.cut:
        line["cut"] = bodies.cut
    return line


def _request(request: Request) -> dict[str, Any]:
    return {
        "model": request.model,
        "system": "\n\n".join(part.text for part in request.system) or None,
        "messages": [_message(message) for message in request.messages],
        "tools": [_tool(tool) for tool in request.tools],
    }


def _tool(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.schema}


def _message(message: Message) -> dict[str, Any]:
    told: dict[str, Any] = {"role": message.role, "content": _text(message.parts)}
    if calls := _calls(message.parts):
        told["tool_calls"] = calls
    if results := [_result(part) for part in message.parts if isinstance(part, ToolResult)]:
        told["tool_results"] = results
    return told


def _answer(talk: Talk, body: str | None) -> dict[str, Any]:
    """Of the first candidate; an error is its body."""
    if not talk.answers:
        return {"body": body}
    first = talk.answers[0]
    told: dict[str, Any] = {"content": _text(first.parts), "stop": first.stop.kind}
    if thought := _thought(first):
        told["reasoning"] = thought
    if calls := _calls(first.parts):
        told["tool_calls"] = calls
    return told


def _thought(candidate: Candidate) -> str:
    return "".join(part.text for part in candidate.parts if isinstance(part, Reasoning))


def _calls(parts: list[Part]) -> list[dict[str, Any]]:
    return [{"id": p.id, "name": p.name, "arguments": p.args} for p in parts if isinstance(p, ToolCall)]


def _result(result: ToolResult) -> dict[str, Any]:
    return {"id": result.call_id, "content": _text(result.parts)}


def _text(parts: Any) -> str:
    """Texts in full, anything else by its kind in brackets; calls, results and reasoning have places of their own."""
    said = []
    for part in parts:
        if isinstance(part, Text | Refusal):
            said.append(part.text)
        elif not isinstance(part, ToolCall | ToolResult | Reasoning):
            said.append(f"[{getattr(part, 'kind', type(part).__name__.lower())}]")
    return "\n".join(said)
