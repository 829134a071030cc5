"""What the tests of the Responses codec share: vectors, conversions with fixed ids, bytes of streams."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from a2a.messages import Event, Message, Part, Request, Response, Text
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.fold import fold
from a2a.protocols.prepare import prepare
from a2a.protocols.responses import front, upstream
from a2a.protocols.sse import SseReader

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
OPENAI = Profile(family="openai")
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="


def vector(name: str) -> Any:
    return json.loads((VECTORS / name).read_bytes())


def golden_stream() -> bytes:
    return (VECTORS / "responses.stream.sse").read_bytes()


def request(*parts: Part, proto: Any = "claude", **fields: Any) -> Request:
    fields.setdefault("messages", [Message(role="user", parts=list(parts) or [Text(text="hi")])])
    return Request(proto=proto, model="m", **fields)


def conversion(req: Request | None = None, profile: Profile = OPENAI, **fields: Any) -> Conversion:
    numbers = itertools.count(1)
    return Conversion(
        request=req or request(proto="responses"),
        profile=profile,
        model="up",
        now=1_795_305_600.5,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        **fields,
    )


def parsed(**body: Any) -> Request:
    """A client's body as the front reads it; model and input are filled in."""
    return front.parse_request(json.dumps({"model": "m", "input": "hi", **body}).encode(), headers={})


def parts_of(*items: Any) -> list[list[Part]]:
    """The parts of each message that a list of input items becomes."""
    return [message.parts for message in parsed(input=list(items)).messages]


def rendered(req: Request, profile: Profile = OPENAI, conv: Conversion | None = None) -> Any:
    """The upstream's body, decoded, after the policy passes of the pipeline."""
    conv = conv or conversion(req, profile)
    return json.loads(upstream.render_request(prepare(req, conv, "responses"), conv))


def again(**body: Any) -> Any:
    """A Responses client's body after its way through the hub to a Responses upstream."""
    return rendered(parsed(**body))


def notes(conv: Conversion) -> dict[str, str]:
    return {note.field: note.action for note in conv.notes}


def events_of(data: bytes, size: int | None = None) -> list[Event]:
    """Everything a fresh parser gives for the bytes, fed in pieces of `size`."""
    parser = upstream.stream_parser(conversion())
    step = size or max(1, len(data))
    events = [event for at in range(0, len(data), step) for event in parser.feed(data[at : at + step])]
    return events + parser.eof()


def answer(data: bytes) -> Response:
    folded = fold(events_of(data), "responses")
    assert isinstance(folded, Response), folded
    return folded


def sse(*values: dict[str, Any]) -> bytes:
    """A stream of events named after their `type`."""
    return b"".join(f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode() for value in values)


def ev(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **fields}


def created(ident: str = "resp_1") -> dict[str, Any]:
    return ev("created", response={"id": ident, "model": "up-1", "created_at": 7, "status": "in_progress"})


def completed(*output: Any, **fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    whole = {"id": "resp_1", "status": "completed", "output": list(output), "usage": usage, **fields}
    return ev(str(whole["status"]), response=whole)


def message_item(text: str, ident: str = "msg_1", **fields: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": ident, "type": "message", "role": "assistant", "content": content, **fields}


def call_item(args: str, ident: str = "fc_1", call_id: str = "call_1", **fields: Any) -> dict[str, Any]:
    return {"id": ident, "type": "function_call", "call_id": call_id, "name": "f", "arguments": args, **fields}


def streamed(*events: Event, conv: Conversion | None = None) -> bytes:
    renderer = front.stream_renderer(conv or conversion())
    return b"".join(renderer.on(event) for event in events)


def frames(data: bytes) -> list[dict[str, Any]]:
    """The decoded events; each is named after its type."""
    found = SseReader().feed(data)
    values: list[dict[str, Any]] = [json.loads(event.data) for event in found]
    assert [event.event for event in found] == [value["type"] for value in values]
    return values
