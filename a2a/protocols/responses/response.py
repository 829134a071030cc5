"""A whole Responses answer, both ways (specs/conversion.md 6.4, 7.2, 9)."""

from __future__ import annotations

from msgspec import Raw

from a2a.errors import BadUpstream
from a2a.messages import Candidate, Part, Refusal, Response, Stop, Text, ToolCall
from a2a.protocols.args import usable
from a2a.protocols.base import Conversion
from a2a.protocols.openai_parts import extras
from a2a.protocols.responses.envelope import closed, envelope, response_id
from a2a.protocols.responses.errors import parse_error
from a2a.protocols.responses.items_out import output_item
from a2a.protocols.responses.items_parse import item_kind, output_parts
from a2a.protocols.responses.words import says_cut, stop_in, usage_in
from a2a.protocols.wire import Fields, WireError, dumps, items, kind_of, parse, upstream_side

BROKEN_CALL = "the upstream sent a tool call whose arguments are no JSON object"
_ENDED = ("completed", "incomplete")


def parse_response(body: bytes, conv: Conversion) -> Response:
    """Raises BadUpstream: no JSON, an error object, an unfinished answer, or a call that cannot be used."""
    with upstream_side():
        fields = parse(body)
        if fields.obj("error") is not None:
            raise BadUpstream(parse_error(200, {}, body).message)
        return read_response(fields, conv)


def read_response(fields: Fields, conv: Conversion) -> Response:
    """The answer of a `response` object without error. Raises WireError and BadUpstream."""
    status = fields.str("status") or "completed"
    if status not in _ENDED:
        raise BadUpstream(f"the upstream's answer is not finished: {status}")
    reason = reason_of(fields, status)
    listed = fields.list("output")
    if listed is None:
        raise WireError("output", "is required and must be an array")
    parts = [part for n, raw in enumerate(listed) for _, part in output_parts(raw, f"output[{n}]")]
    good = [part for part in parts if is_sound(part)]
    if len(good) < len(parts) and not says_cut(reason):
        raise BadUpstream(BROKEN_CALL)
    stop = stop_in(reason, calls=_any(good, ToolCall), refused=_any(good, Refusal))
    answer = Response(
        proto="responses",
        id=fields.str("id") or conv.new_id("resp_"),
        model=fields.str("model") or conv.model,
        created=int(fields.float("created_at") or conv.now),
        candidates=[Candidate(parts=good, stop=stop, logprobs=_logprobs(listed))],
        usage=usage_in(fields.raw("usage")),
    )
    fields.drop("object", "error")
    answer.ext = extras(fields)
    return answer


def reason_of(fields: Fields, status: str) -> str | None:
    """Why an answer is incomplete, None for a complete one. Raises WireError."""
    details = fields.obj("incomplete_details")
    reason = details.str("reason") if details is not None else None
    return reason or (status if status != "completed" else None)


def is_sound(part: Part) -> bool:
    """False for a call whose arguments cannot be used."""
    return not isinstance(part, ToolCall) or part.custom or usable(part.args) is not None


def _any(parts: list[Part], kind: type) -> bool:
    return any(isinstance(part, kind) for part in parts)


def _logprobs(listed: list[Raw]) -> Raw | None:
    """The token entries of all texts behind each other."""
    entries: list[Raw] = []
    for raw in listed:
        item = parse(raw, "output")
        content = item.raw("content")
        if item_kind(item) == "message" and content is not None and kind_of(content) == "array":
            for part in items(content, "content"):
                entries += _entries(part)
    return Raw(dumps(entries)) if entries else None


def _entries(part: Raw) -> list[Raw]:
    return parse(part).list("logprobs") or [] if kind_of(part) == "object" else []


def render_response(res: Response, conv: Conversion) -> bytes:
    """The `response` object for the client."""
    candidate = res.candidates[0] if res.candidates else Candidate(parts=[], stop=Stop(kind="end"))
    same = res.proto == "responses"
    ident = res.id if same and res.id else response_id(res.id, conv)
    base = envelope(conv, ident, res.model or conv.request.model, res.created or int(conv.now))
    if same:
        base |= res.ext or {}
    parts = candidate.parts
    refused = _any(parts, Refusal)
    if candidate.stop.kind == "refusal" and not refused and candidate.stop.detail:
        parts, refused = [*parts, Refusal(text=candidate.stop.detail)], True
    output: list[object] = []
    logprobs = candidate.logprobs
    for part in parts:
        item = output_item(part, conv.new_id, logprobs if isinstance(part, Text) else None)
        logprobs = None if isinstance(part, Text) else logprobs
        if item is not None:
            output.append(item)
    return dumps(closed(base, output, candidate.stop, res.usage, refused=refused))
