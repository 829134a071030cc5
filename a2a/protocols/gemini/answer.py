"""Pieces of an answer to events: a stream sends many of them, a whole answer is one (specs/conversion.md 10.2).

Google has no part boundaries: neighbouring texts are one part, neighbouring thoughts another, a signature ends the part
it stands on. Nothing says that a stream is over but its end, so finish and usage are told only then.
"""

from __future__ import annotations

from msgspec import Raw, Struct
from msgspec.structs import replace

from a2a.messages import (
    Delta,
    End,
    Event,
    Ext,
    Failure,
    Finish,
    Foreign,
    ForeignEvent,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    ToolResult,
    UsageNow,
)
from a2a.protocols.base import Conversion
from a2a.protocols.gemini.logprobs import read_logprobs
from a2a.protocols.gemini.objects import inner, opened
from a2a.protocols.gemini.parts_parse import read_part
from a2a.protocols.gemini.usage import read_usage
from a2a.protocols.gemini.words import STOP_IN
from a2a.protocols.wire import Fields, WireError, dumps

_TELLING = ("candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId")
"""An object with none of these is no answer; some servers send `{}` to keep a connection alive."""
_TRUNCATED = "the upstream closed the stream before its end"


def upstream_token(text: str) -> Opaque:
    """A signature as the upstream sent it."""
    return Opaque("google", "signature", text)


class _Lane(Struct):
    """One candidate. `i`: number of the open or next part; `word`: its finish reason."""

    c: int
    i: int = 0
    open: type[Text] | type[Reasoning] | None = None
    calls: bool = False
    word: str | None = None
    message: str | None = None
    logprobs: Raw | None = None


class Answer:
    """Takes responses, gives events into `out`. `left`: keys of candidates nobody took, `rest`: of the answer."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._native = conv.request.proto == "gemini"
        self._lanes: dict[int, _Lane] = {}
        self._usage: Raw | None = None
        self._blocked: Stop | None = None
        self.started = False
        self.out: list[Event] = []
        self.left: dict[int, Ext] = {}
        self.rest: Ext = {}

    @property
    def numbers(self) -> list[int]:
        """The candidates seen, in order."""
        return sorted(self._lanes)

    def drain(self) -> list[Event]:
        """The events since the last time."""
        out, self.out = self.out, []
        return out

    def take(self, fields: Fields) -> None:
        """One GenerateContentResponse, perhaps in Code Assist's wrapper. Raises WireError."""
        wrapped = inner(fields, "response")
        trace = fields.str("traceId") if wrapped is not None else None
        fields = wrapped or fields
        if not any(fields.has(key) for key in _TELLING):
            return
        usage = fields.raw("usageMetadata")
        feedback = inner(fields, "promptFeedback")
        answer_id, model = fields.str("responseId"), fields.str("modelVersion")
        candidates = fields.list("candidates") or []
        self.begin(answer_id or trace, model, usage)
        if feedback is not None:
            self._take_feedback(feedback)
        for n, raw in enumerate(candidates):
            self._candidate(opened(raw, f"candidates[{n}]"), n)
        self.rest.update(fields.rest() or {})

    def begin(self, answer_id: str | None, model: str | None, usage: Raw | None) -> None:
        """Tells the start, once; keeps the newest usage."""
        if usage is not None:
            self._usage = usage
        if not self.started:
            self.started = True
            conv = self._conv
            known = None if usage is None else read_usage(opened(usage, "usageMetadata"))
            self.out.append(
                Start(answer_id or conv.new_id("resp_"), model or conv.model, int(conv.now), known),
            )

    def _take_feedback(self, feedback: Fields) -> None:
        reason, message = feedback.str("blockReason"), feedback.str("blockReasonMessage")
        if reason is not None:
            detail = message or f"the prompt was blocked: {reason}"
            self._blocked = Stop(kind="refusal", detail=detail, raw=reason)

    def _candidate(self, fields: Fields, n: int) -> None:
        index = fields.int("index")
        lane = self._lane(n if index is None else index)
        content, logprobs = inner(fields, "content"), fields.raw("logprobsResult")
        lane.word = fields.str("finishReason") or lane.word
        lane.message = fields.str("finishMessage") or lane.message
        if logprobs is not None:
            lane.logprobs = read_logprobs(logprobs)
        if content is not None:
            path = f"candidates[{n}].content.parts"
            for k, raw in enumerate(content.list("parts") or []):
                self._part(lane, read_part(raw, f"{path}[{k}]", upstream_token), raw)
        left = fields.rest()
        if left:
            self.left.setdefault(lane.c, {}).update(left)

    def _lane(self, c: int) -> _Lane:
        if c < 0:
            raise WireError("candidates.index", "must not be negative")
        return self._lanes.setdefault(c, _Lane(c))

    # Parts

    def text(self, c: int, text: str, *, thought: bool) -> None:
        """An unsigned text or thought: what nearly every chunk is."""
        lane = self._lane(c)
        if text and lane.open is (Reasoning if thought else Text):
            self.out.append(Delta(lane.i, text, c, lane.logprobs))
            lane.logprobs = None
        elif text:
            self._prose(lane, Reasoning(text=text) if thought else Text(text=text))

    def _part(self, lane: _Lane, part: Part | None, raw: Raw) -> None:
        match part:
            case None:
                return
            case Text() | Reasoning():
                self._prose(lane, part)
            case ToolCall():
                self._call(lane, part)
            case ToolResult():
                self._whole(lane, Foreign(proto="gemini", wire_type="functionResponse", raw=raw))
            case _:
                self._whole(lane, part)

    def _prose(self, lane: _Lane, part: Text | Reasoning) -> None:
        """A piece of text joins the open part of its kind; a bare signature joins whatever part is open."""
        trailing = not part.text and lane.open is not None
        if not trailing and (lane.open is not type(part) or part.ext is not None):
            self._close(lane)
            lane.open = type(part)
            self.out.append(PartStart(lane.i, replace(part, text="", opaque=[]), lane.c))
        if part.text:
            self.out.append(Delta(lane.i, part.text, lane.c, lane.logprobs))
            lane.logprobs = None
        if part.opaque:
            self.out += [Seal(lane.i, one, lane.c) for one in part.opaque]
            self._close(lane)

    def _call(self, lane: _Lane, call: ToolCall) -> None:
        """A call is whole when it comes. A Gemini client pairs by name where there is no id; others need one."""
        self._close(lane)
        call_id = call.id or ("" if self._native else self._conv.new_id("call_"))
        shell = replace(call, id=call_id, args="", opaque=[])
        self.out += [PartStart(lane.i, shell, lane.c), Delta(lane.i, call.args, lane.c)]
        self.out += [Seal(lane.i, one, lane.c) for one in call.opaque]
        self.out.append(PartEnd(lane.i, lane.c))
        lane.calls = True
        lane.i += 1

    def _whole(self, lane: _Lane, part: Part) -> None:
        self._close(lane)
        self.out += [PartStart(lane.i, part, lane.c), PartEnd(lane.i, lane.c, part)]
        lane.i += 1

    def _close(self, lane: _Lane) -> None:
        if lane.open is not None:
            self.out.append(PartEnd(lane.i, lane.c))
            lane.open = None
            lane.i += 1

    # End

    def end(self, *, whole: bool = False) -> None:
        """Finish, usage and `End`, or the failure it really was. `whole`: a missing finish reason is an end.

        Raises WireError for unreadable usage.
        """
        if self._blocked is not None and not self._lanes:
            self.out.append(Finish(self._blocked))
        elif not self._lanes or (not whole and any(lane.word is None for lane in self._lanes.values())):
            self.out.append(Failure("truncated", _TRUNCATED, 502))
            return
        stops = [(lane, _stop(lane)) for lane in self._lanes.values()]
        broken = next((stop for _, stop in stops if stop.kind == "error"), None)
        if broken is not None:
            told = f": {broken.detail}" if broken.detail else ""
            self.out.append(Failure("upstream", f"the model broke off, {broken.raw}{told}", 502, code=broken.raw))
            return
        for lane, stop in stops:
            self._close(lane)
            self.out.append(Finish(stop, lane.c))
        if self._usage is not None:
            self.out.append(UsageNow(read_usage(opened(self._usage, "usageMetadata"))))
        self.out.append(End())

    def aside(self) -> None:
        """What a Gemini client may want of a chunk besides its parts: grounding, citations, ratings."""
        left, self.left, self.rest = self.left, {}, {}
        if left and self._native:
            told = [{"index": c, **ext} for c, ext in sorted(left.items())]
            self.out.append(ForeignEvent("gemini", Raw(dumps({"candidates": told}))))


def _stop(lane: _Lane) -> Stop:
    """There is no word for a tool call: a plain end with calls is one (9.1)."""
    kind = STOP_IN.get(lane.word or "", "end")
    if kind == "end" and lane.calls:
        kind = "tool_call"
    return Stop(kind=kind, detail=lane.message, raw=lane.word)
