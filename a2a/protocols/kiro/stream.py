"""The answer stream as neutral events (specs/kiro.md section 7).

Frames come in order and are translated one by one; what they mean together (stop reason, usage, whether the answer is
complete) is decided at the end of the stream, because an error frame may follow the last content.

Rules: equal deltas are real and never dropped; a payload is decoded as a whole, never a network chunk; a frame that
cannot be read ends the answer. Any split of the bytes gives the same events.
"""

from __future__ import annotations

from collections.abc import Callable

from a2a.errors import BadUpstream
from a2a.messages import End, Event, Failure, Finish, Opaque, UsageNow
from a2a.protocols.base import Conversion
from a2a.protocols.eventstream import Frame, FrameError, FrameReader
from a2a.protocols.kiro.calls import CallBuffer
from a2a.protocols.kiro.ending import Ending
from a2a.protocols.kiro.errors import bad_stream, parse_error, payload_failure
from a2a.protocols.kiro.prose import Prose
from a2a.protocols.kiro.request import is_legacy
from a2a.protocols.kiro.tags import Piece
from a2a.protocols.kiro.writer import Writer
from a2a.protocols.wire import Fields, dumps, parse, upstream_side

MAX_JSON_BYTES = 1024 * 1024
_JSON_START = 0x7B
_ERROR_KEYS = ("__type", "_type")

EMPTY = "EMPTY"
TRUNCATED = "TRUNCATED"
CUT_TOOL_CALL = "CUT_TOOL_CALL"
BAD_EVENT = "BAD_EVENT"


class KiroStream:
    """Parser of one answer (`StreamParser`)."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._reader = FrameReader()
        self._json: bytearray | None = None
        self._fed = False
        self._over = False
        self._write = Writer(conv)
        self._calls = CallBuffer(conv.new_id)
        self._ending = Ending(conv)
        self._prose = Prose(conv)
        self._on: dict[str, Callable[[Fields], None]] = {
            "assistantResponseEvent": self._text,
            "codeEvent": self._text,
            "reasoningContentEvent": self._reasoning,
            "toolUseEvent": self._tool_use,
            "metadataEvent": self._ending.metadata,
            "contextUsageEvent": self._ending.context,
            "meteringEvent": self._ending.metering,
        }

    def feed(self, data: bytes) -> list[Event]:
        if self._over or not data:
            return []
        if not self._fed:
            self._fed = True
            if data[0] == _JSON_START:  # a frame begins with its length, whose first byte is 0 or 1
                self._json = bytearray()
        if self._json is not None:
            self._json += data[: MAX_JSON_BYTES - len(self._json)]
            return []
        return self._frames(data)

    def eof(self) -> list[Event]:
        if self._over:
            return []
        if self._json is not None:
            return self._fail(parse_error(200, {}, bytes(self._json)))  # an error, whatever the status said
        try:
            self._reader.eof()
        except FrameError as error:
            return self._fail(bad_stream(f"Kiro's answer was cut: {error}", TRUNCATED, "truncated"))
        return self._finish()

    def _frames(self, data: bytes) -> list[Event]:
        try:
            frames = self._reader.feed(data)
        except FrameError as error:
            return self._fail(_damage(error))
        for frame in frames:
            failure = self._frame(frame)
            if failure is not None:
                return self._fail(failure)
        if self._reader.error is not None:
            return self._fail(_damage(self._reader.error))
        return self._write.take()

    def _frame(self, frame: Frame) -> Failure | None:
        """Takes one frame in; the failure that it means or is."""
        kind = frame.text(":message-type")
        if kind == "exception":
            return payload_failure(frame.text(":exception-type"), frame.payload)
        if kind == "error":
            message = {"message": frame.text(":error-message")}
            return payload_failure(frame.text(":error-code"), dumps(message))
        event = frame.text(":event-type")
        if event == "invalidStateEvent":
            return payload_failure(event, frame.payload)
        try:
            with upstream_side():
                fields = parse(frame.payload) if frame.payload else Fields({})
                if event and fields.has(event):
                    fields = fields.obj(event) or fields
                if _is_error(fields):
                    return payload_failure("", dumps(fields.rest()))
                take = self._on.get(event)
                if take is not None:
                    take(fields)
        except BadUpstream as error:
            return bad_stream(error.message, BAD_EVENT)
        return None

    def _text(self, event: Fields) -> None:
        if text := event.str("content"):
            self._put(self._prose.feed(text))

    def _put(self, pieces: list[Piece]) -> None:
        for kind, piece in pieces:
            if kind == "think":
                self._write.think(piece)
            else:
                self._write.text(piece)

    def _reasoning(self, event: Fields) -> None:
        self._put(self._prose.release())
        self._write.think(event.str("text") or "")
        if signature := event.str("signature"):
            self._write.seal(Opaque("kiro", "signature", signature, self._conv.model))
        if redacted := event.str("redactedContent"):
            self._write.seal(Opaque("kiro", "redacted", redacted, self._conv.model))

    def _tool_use(self, event: Fields) -> None:
        self._put(self._prose.release())
        for call in self._calls.feed(event):
            self._write.call(call.id, call.name, call.arguments)

    def _last_text(self) -> None:
        """Text that was held back, and calls written in it; real calls switch those off."""
        if self._calls.seen:
            return self._put(self._prose.release())
        pieces, calls = self._prose.finish()
        self._put(pieces)
        for name, arguments in calls:
            self._write.call(self._conv.new_id("tooluse_"), name, arguments)
        return None

    def _finish(self) -> list[Event]:
        """The verdict over a stream that ended on a frame boundary (7.6)."""
        if self._calls.is_open:
            return self._fail(bad_stream("Kiro cut its answer inside of a tool call", TRUNCATED, "truncated"))
        self._last_text()
        failure = self._missing()
        if failure is not None:
            return self._fail(failure)
        self._write.start()
        self._write.close()
        self._over = True
        stop = self._ending.stop(has_calls=self._write.calls > 0, cut=self._calls.last_cut)
        usage = self._ending.usage(self._write.output_tokens())
        return [*self._write.take(), Finish(stop), UsageNow(usage), End()]

    def _missing(self) -> Failure | None:
        """What makes the answer no answer."""
        if not self._write.started and not self._ending.explains_silence:
            if self._calls.last_cut:
                return bad_stream("Kiro cut the tool call it answered with", CUT_TOOL_CALL)
            return bad_stream("Kiro gave an empty answer", EMPTY)
        if not self._ending.came and not is_legacy(self._conv):
            return bad_stream("Kiro's answer ended before its closing events", TRUNCATED, "truncated")
        return None

    def _fail(self, failure: Failure) -> list[Event]:
        """Ends with a failure, after all content that came; open parts stay open (conversion.md 11.2)."""
        self._over = True
        self._put(self._prose.release())
        return [*self._write.take(), failure]


def _damage(error: FrameError) -> Failure:
    return bad_stream(f"Kiro's answer is damaged: {error}", TRUNCATED, "truncated")


def _is_error(fields: Fields) -> bool:
    """An error in the payload of an event (7.2)."""
    return any(fields.has(key) for key in _ERROR_KEYS) or (fields.has("error") and fields.has("message"))
