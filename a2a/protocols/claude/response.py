"""Whole answers of the Messages API, both ways (specs/conversion.md 9)."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, structs

from a2a.errors import BadUpstream
from a2a.messages import (
    Candidate,
    Foreign,
    Media,
    Opaque,
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
from a2a.protocols.claude.content_in import read_content
from a2a.protocols.claude.content_out import Block
from a2a.protocols.claude.structured import FENCE_MARK, TOOL_MARK, unfenced
from a2a.protocols.claude.usage import read_usage, write_usage
from a2a.protocols.claude.words import STOP_IN, STOP_OUT
from a2a.protocols.tokens import output_tokens
from a2a.protocols.wire import Fields, compact, dumps, items, kind_of, merge_ext, parse, upstream_side

_CITATIONS = frozenset(
    ("char_location", "page_location", "content_block_location", "web_search_result_location", "search_result_location")
)
_CALL_KEYS = ("caller", "toolset_name")


def parse_response(body: bytes, conv: Conversion) -> Response:
    """A `message` object. Raises BadUpstream for anything else, also for an error object under a 200."""
    with upstream_side():
        fields = parse(body)
        kind = fields.str("type")
        if kind == "error":
            error = fields.obj("error")
            raise BadUpstream((error.str("message") if error is not None else None) or "the upstream reports an error")
        if not fields.has("content"):
            raise BadUpstream("the upstream's answer is no message: it has no content")
        fields.drop("role")
        parts = [_plain_answer(part, conv) for part in read_content(fields.raw("content"), "content")]
        stop = read_stop(fields, calls=any(isinstance(part, ToolCall) for part in parts))
        return Response(
            proto="claude",
            id=fields.str("id") or conv.new_id("msg_"),
            model=fields.str("model") or conv.model,
            created=int(conv.now),
            candidates=[Candidate(parts=parts, stop=stop)],
            usage=read_usage(fields.obj("usage")),
            ext=fields.rest(),
        )


def read_stop(fields: Fields, *, calls: bool) -> Stop:
    """`stop_reason` and its companions; with calls a plain end means that they wait for results."""
    word = fields.str("stop_reason")
    sequence, details = fields.str("stop_sequence"), fields.obj("stop_details")
    kind = STOP_IN.get(word or "", "end")
    if kind in ("end", "tool_call"):
        kind = "tool_call" if calls else "end"
    detail = details.str("explanation") if details is not None else None
    return Stop(kind=kind, sequence=sequence, detail=detail, raw=word)


def _plain_answer(part: Part, conv: Conversion) -> Part:
    """Undoes the emulations of structured output."""
    if isinstance(part, ToolCall) and part.name == conv.extra.get(TOOL_MARK):
        return Text(text=part.args)
    if isinstance(part, Text) and FENCE_MARK in conv.extra:
        return structs.replace(part, text=unfenced(part.text))
    return part


def render_response(res: Response, conv: Conversion) -> bytes:
    """The `message` object of the first candidate."""
    candidate = res.candidates[0]
    content = [block for part in candidate.parts if (block := answer_block(part, conv)) is not None]
    usage = res.usage
    if usage.output is None:
        usage = structs.replace(usage, output=output_tokens(res), estimated=True)
    body: dict[str, Any] = {
        "id": res.id or conv.new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": res.model,
        "content": content,
        **write_stop(candidate.stop, calls=any(block["type"] == "tool_use" for block in content)),
        "usage": write_usage(usage, conv),
    }
    return dumps(merge_ext(body, res.ext if res.proto == "claude" else None))


def write_stop(stop: Stop, *, calls: bool) -> dict[str, Any]:
    """`tool_use` is said only when a whole call went out (9.2)."""
    kind = "end" if stop.kind == "tool_call" and not calls else stop.kind
    wire: dict[str, Any] = {"stop_reason": STOP_OUT[kind], "stop_sequence": stop.sequence}
    if kind == "refusal" and stop.detail:
        wire["stop_details"] = {"type": "refusal", "category": None, "explanation": stop.detail}
    return wire


def answer_block(part: Part, conv: Conversion) -> Block | None:
    """A part of an answer as the client sees it; None for what leaves nothing behind."""
    match part:
        case Text():
            return _text_block(part)
        case Refusal():
            return {"type": "text", "text": part.text} if part.text else None
        case Reasoning():
            return reasoning_block(part)
        case ToolCall():
            return _call_block(part, conv)
        case Foreign():
            return foreign_block(part, conv)
        case Media() | ToolResult():
            conv.note("content", "dropped", "a Claude answer holds no media")
            return None


def _text_block(part: Text) -> Block | None:
    if not part.text:
        return None
    cited = citations(part)
    return {"type": "text", "text": part.text, **({"citations": cited} if cited else {})}


def citations(part: Text) -> list[Raw]:
    """Citations in the shapes of this protocol; those of another vendor have none of them."""
    if part.citations is None or kind_of(part.citations) != "array":
        return []
    found = items(part.citations, "citations")
    return [raw for raw in found if kind_of(raw) == "object" and parse(raw).str("type") in _CITATIONS]


def signature(opaque: list[Opaque]) -> Opaque | None:
    """The token a Claude client can send back: one made by this vendor."""
    return next((one for one in opaque if one.family == "anthropic"), None)


def reasoning_block(part: Reasoning) -> Block:
    """Reasoning of another vendor is shown unsigned: it is for the eye only and never sent back upstream (7.2)."""
    token = signature(part.opaque)
    if token is not None and token.kind == "redacted":
        return {"type": "redacted_thinking", "data": token.data}
    return {"type": "thinking", "thinking": part.text, "signature": "" if token is None else token.data}


def foreign_block(part: Foreign, conv: Conversion) -> Block | None:
    if part.proto == "claude":
        return dict(parse(part.raw).rest() or {})
    if part.as_text:
        return {"type": "text", "text": part.as_text}
    conv.note(part.wire_type, "dropped", "only its own protocol knows it")
    return None


def _call_block(part: ToolCall, conv: Conversion) -> Block | None:
    """A cut call is withheld: a client would run half a command (6.4)."""
    args = dumps({"input": part.args}).decode() if part.custom else usable(part.args)
    if args is None:
        conv.note("tool_use", "dropped", "its arguments were cut")
        return None
    call_id = part.id or conv.new_id("toolu_")
    return {"type": "tool_use", "id": call_id, "name": part.name, "input": Raw(compact(args)), **call_ext(part)}


def call_ext(part: ToolCall) -> Block:
    """Who called, for tools called by a server tool: the client has to send it back."""
    return {key: value for key, value in (part.ext or {}).items() if key in _CALL_KEYS}
