"""Whole answers, both ways (specs/conversion.md 9). An answer is read as a stream of one chunk: one truth for both."""

from __future__ import annotations

from msgspec import Raw
from msgspec.structs import replace

from a2a.errors import BadUpstream
from a2a.messages import (
    Candidate,
    Failure,
    Foreign,
    Media,
    Part,
    Reasoning,
    Refusal,
    Response,
    Stop,
    Text,
    ToolCall,
    ToolResult,
)
from a2a.protocols.args import usable
from a2a.protocols.base import Conversion
from a2a.protocols.fold import fold
from a2a.protocols.gemini.answer import Answer
from a2a.protocols.gemini.errors import parse_error
from a2a.protocols.gemini.logprobs import write_logprobs
from a2a.protocols.gemini.objects import JsonObject, merge, opened
from a2a.protocols.gemini.parts_render import call_part, foreign_part, media_part, text_part
from a2a.protocols.gemini.usage import write_usage
from a2a.protocols.gemini.words import STOP_IN, STOP_OUT
from a2a.protocols.tokens import output_tokens
from a2a.protocols.wire import compact, dumps, kind_of, upstream_side


def parse_response(body: bytes, conv: Conversion) -> Response:
    """A GenerateContentResponse. Raises BadUpstream for anything else, also for an error object under a 200."""
    with upstream_side():
        if kind_of(Raw(body.lstrip())) == "array":
            raise BadUpstream(parse_error(200, {}, body).message)
        fields = opened(body)
        if fields.has("error"):
            raise BadUpstream(parse_error(200, {}, body).message)
        answer = Answer(conv)
        answer.take(fields)
        if not answer.started:
            raise BadUpstream("the upstream's answer holds no candidates")
        answer.end(whole=True)
        res = fold(answer.drain(), "gemini")
    if isinstance(res, Failure):
        raise BadUpstream(res.message if res.kind == "upstream" else "the upstream answered without candidates")
    for candidate, c in zip(res.candidates, answer.numbers, strict=False):
        candidate.ext = answer.left.get(c)
    return replace(res, ext=answer.rest or None)


def render_response(res: Response, conv: Conversion) -> bytes:
    """The GenerateContentResponse for a Gemini client."""
    native = res.proto == "gemini"
    body: JsonObject = {
        "candidates": [_candidate(n, one, conv, native=native) for n, one in enumerate(res.candidates)],
        "usageMetadata": write_usage(res.usage, conv, shown=output_tokens(res)),
        "modelVersion": res.model,
        "responseId": res.id or conv.new_id("resp_"),
    }
    return dumps(merge(body, res.ext if native else None))


def _candidate(index: int, candidate: Candidate, conv: Conversion, *, native: bool) -> JsonObject:
    parts = [one for part in candidate.parts if (one := answer_part(part, conv, native=native)) is not None]
    if not any("thought" not in part and part.get("text", True) for part in parts):
        parts.append({"text": last_words(candidate.stop)})
    wire: JsonObject = {
        "content": {"role": "model", "parts": parts},
        "index": index,
        **write_stop(candidate.stop),
    }
    logprobs = None if candidate.logprobs is None else write_logprobs(candidate.logprobs)
    if logprobs is not None:
        wire["logprobsResult"] = logprobs
    return merge(wire, candidate.ext if native else None)


def write_stop(stop: Stop) -> JsonObject:
    """`finishReason`, in Google's own word where it came from there."""
    own = stop.raw in STOP_IN and STOP_IN[stop.raw] == stop.kind != "end"
    wire: JsonObject = {"finishReason": stop.raw if own else STOP_OUT[stop.kind]}
    if stop.detail and stop.kind == "refusal":
        wire["finishMessage"] = stop.detail
    return wire


def last_words(stop: Stop) -> str:
    """The text of an answer that says nothing: why it was refused, for clients that retry on empty answers (9.2)."""
    return stop.detail or "" if stop.kind == "refusal" else ""


def answer_part(part: Part, conv: Conversion, *, native: bool) -> JsonObject | None:
    """A part of an answer as the client sees it; None for what leaves nothing behind."""
    match part:
        case Text():
            ext = part.ext if native else None
            return text_part(part.text, part.opaque, ext) if part.text or part.opaque else None
        case Refusal():
            return {"text": part.text} if part.text else None
        case Reasoning():
            ext = part.ext if native else None
            return text_part(part.text, part.opaque, ext, thought=True) if part.text or part.opaque else None
        case ToolCall():
            return _call(part, conv, native=native)
        case Media():
            return media_part(part, part.ext if native else None, named=native)
        case Foreign():
            return foreign_part(part)
        case ToolResult():
            return None


def _call(call: ToolCall, conv: Conversion, *, native: bool) -> JsonObject | None:
    """A cut call is withheld: a client would run half a command (6.4)."""
    args = dumps({"input": call.args}).decode() if call.custom else usable(call.args)
    if args is None:
        conv.note("functionCall", "dropped", "its arguments were cut")
        return None
    return call_part(call, Raw(compact(args)), call.ext if native else None)
