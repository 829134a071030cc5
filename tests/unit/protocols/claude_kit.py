"""What the tests of the Claude codec share: vectors, conversions with fixed ids, bytes of streams."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from a2a.messages import Event, Message, Request, Text
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.claude import front, upstream
from a2a.protocols.prepare import prepare
from a2a.protocols.sse import SseReader

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
CLAUDE = Profile(family="anthropic", auto_cache=False)


def vector(name: str) -> Any:
    return json.loads((VECTORS / name).read_bytes())


def golden_stream() -> bytes:
    return (VECTORS / "claude.stream.sse").read_bytes()


def request(proto: Any = "chat", text: str = "hi", **fields: Any) -> Request:
    fields.setdefault("messages", [Message(role="user", parts=[Text(text=text)])])
    return Request(proto=proto, model="m", **fields)


def conversion(req: Request | None = None, profile: Profile = CLAUDE, **fields: Any) -> Conversion:
    numbers = itertools.count(1)
    return Conversion(
        request=req or request("claude"),
        profile=profile,
        model="claude-opus-4-6",
        now=1_795_305_600.5,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        **fields,
    )


def parsed(body: dict[str, Any], **headers: str) -> Request:
    """A client's body as the front reads it; `model`, `max_tokens` and one message are filled in."""
    whole = {"model": "m", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}], **body}
    return front.parse_request(json.dumps(whole).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()})


def rendered(req: Request, profile: Profile = CLAUDE, conv: Conversion | None = None) -> Any:
    """The upstream's body, decoded, after the policy passes of the pipeline."""
    conv = conv or conversion(req, profile)
    return json.loads(upstream.render_request(prepare(req, conv, "claude"), conv))


def notes(conv: Conversion) -> dict[str, str]:
    return {note.field: note.action for note in conv.notes}


def frames(data: bytes) -> list[tuple[str, Any]]:
    """(event name, decoded data) of the bytes of a stream."""
    return [(event.event, json.loads(event.data)) for event in SseReader().feed(data)]


def events_of(data: bytes, size: int | None = None, conv: Conversion | None = None) -> list[Event]:
    """Everything a fresh parser gives for the bytes, fed in pieces of `size`."""
    parser = upstream.stream_parser(conv or conversion())
    step = size or max(1, len(data))
    events = [event for at in range(0, len(data), step) for event in parser.feed(data[at : at + step])]
    return events + parser.eof()


def sse(*values: dict[str, Any]) -> bytes:
    """A stream of events named after their `type`."""
    return b"".join(f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode() for value in values)
