"""Bytes of one Gemini stream to events (specs/conversion.md 2.1, 2.4, 10.2; gemini-cli.md 6).

Server-sent events with any line ends, a JSON array (what Google sends without `alt=sse`), one whole answer, or an error
in any of them. The end of the bytes is the end of the stream; it is a good one only if every candidate has finished.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Event, Failure
from a2a.protocols.base import Conversion
from a2a.protocols.document import Document
from a2a.protocols.gemini.answer import Answer
from a2a.protocols.gemini.errors import stream_failure
from a2a.protocols.gemini.objects import opened
from a2a.protocols.sse import SseOverflow, SseReader
from a2a.protocols.wire import WireError, items, kind_of


class _Piece(Struct, forbid_unknown_fields=True):
    text: str
    thought: bool = False


class _Content(Struct, forbid_unknown_fields=True):
    parts: list[_Piece]
    role: str = ""


class _Candidate(Struct, forbid_unknown_fields=True):
    content: _Content
    index: int = 0


class _Chunk(Struct, forbid_unknown_fields=True, rename="camel"):
    """A chunk of one candidate's plain text or thought; any other key sends it the slow way."""

    candidates: tuple[_Candidate]
    usage_metadata: Raw = Raw()
    model_version: str | None = None
    response_id: str | None = None
    create_time: str | None = None


class _Wrapped(Struct, forbid_unknown_fields=True, rename="camel"):
    """The same in the wrapper of Code Assist."""

    response: _Chunk
    trace_id: str | None = None


_CHUNK = msgspec.json.Decoder(_Chunk)
_WRAPPED = msgspec.json.Decoder(_Wrapped)
_WRAPPER = b'{"response"'
_UNREADABLE = (WireError, msgspec.MsgspecError, UnicodeError, RecursionError)
_NONSENSE = "the upstream answered something else than a stream"


class GeminiStreamParser:
    """`StreamParser` of one upstream stream; nothing is shared between two of them."""

    def __init__(self, conv: Conversion) -> None:
        self._reader = SseReader()
        self._answer = Answer(conv)
        self._done = False
        self._document = Document()

    def feed(self, data: bytes) -> list[Event]:
        if self._done:
            return []
        try:
            if self._document.takes(data):
                return []
            return self._consume([event.data for event in self._reader.feed(data)])
        except SseOverflow as error:
            return self._failed(f"the upstream's stream is unreadable: {error}")

    def eof(self) -> list[Event]:
        if self._done:
            return []
        if self._document.body is not None:
            events = self._plain_body(Raw(bytes(self._document.body).strip()))
        else:
            try:
                tail = [event.data for event in self._reader.eof()]
            except SseOverflow as error:
                return self._failed(f"the upstream's stream is unreadable: {error}")
            events = self._consume([data for data in tail if _is_json(data)])
        return events if self._done else events + self._end()

    def _plain_body(self, body: Raw) -> list[Event]:
        if not _is_json(body):
            return self._failed(_NONSENSE)
        return self._consume([body])

    # Chunks

    def _consume(self, chunks: list[bytes] | list[Raw]) -> list[Event]:
        try:
            for chunk in chunks:
                self._one(chunk)
                if self._done:
                    break
        except _UNREADABLE as error:
            return self._answer.drain() + self._failed(f"the upstream's stream is unreadable: {error}")
        return self._answer.drain()

    def _one(self, chunk: bytes | Raw) -> None:
        if isinstance(chunk, bytes):
            if self._is_text(chunk) or chunk == b"[DONE]":
                return
            chunk = Raw(chunk.strip())
        if kind_of(chunk) == "array":
            for item in items(chunk, ""):
                if not self._done:
                    self._one(item)
            return
        fields = opened(chunk)
        if fields.has("error"):
            self._done = True
            self._answer.out.append(stream_failure(bytes(chunk)))
            return
        self._answer.take(fields)
        self._answer.aside()

    def _is_text(self, chunk: bytes) -> bool:
        """The usual chunk, decoded in one step."""
        try:
            if chunk.startswith(_WRAPPER):
                wrapped = _WRAPPED.decode(chunk)
                plain, trace = wrapped.response, wrapped.trace_id
            else:
                plain, trace = _CHUNK.decode(chunk), None
        except msgspec.MsgspecError:
            return False
        candidate, answer = plain.candidates[0], self._answer
        if candidate.index < 0:
            return False
        usage = None if bytes(plain.usage_metadata) in (b"", b"null") else plain.usage_metadata
        answer.begin(plain.response_id or trace, plain.model_version, usage)
        for piece in candidate.content.parts:
            answer.text(candidate.index, piece.text, thought=piece.thought)
        return True

    # End

    def _end(self) -> list[Event]:
        self._done = True
        try:
            self._answer.end()
        except _UNREADABLE as error:
            return self._failed(f"the upstream's stream is unreadable: {error}")
        return self._answer.drain()

    def _failed(self, message: str) -> list[Event]:
        self._done = True
        return [Failure("upstream", message, 502)]


def _is_json(data: bytes | Raw) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True
