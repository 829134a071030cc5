"""What the tests of the Gemini codec share: vectors, conversions with fixed ids, bytes of streams."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from a2a.messages import Event, Message, Request, Text
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.gemini import front, upstream
from a2a.protocols.prepare import prepare
from a2a.protocols.sse import SseReader

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
GEMINI = Profile(family="google", budget_min=0, budget_max=24_576)
GEMINI_3 = Profile(family="google", efforts=("low", "medium", "high"), wire={"thinking": "level"})
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="


def vector(name: str) -> Any:
    return json.loads((VECTORS / name).read_bytes())


def edge(name: str) -> Any:
    """A directional vector of edges.json."""
    return next(one for one in vector("edges.json")["vectors"] if one["id"] == name)


def golden_stream() -> bytes:
    return (VECTORS / "gemini.stream.sse").read_bytes()


def request(proto: Any = "chat", text: str = "hi", **fields: Any) -> Request:
    fields.setdefault("messages", [Message(role="user", parts=[Text(text=text)])])
    return Request(proto=proto, model="m", **fields)


def conversion(req: Request | None = None, profile: Profile = GEMINI, **fields: Any) -> Conversion:
    numbers = itertools.count(1)
    return Conversion(
        request=req or request(),
        profile=profile,
        model="gemini-3.1-pro",
        now=1_795_305_600.5,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        **fields,
    )


def parsed(body: dict[str, Any], model: str | None = "m", **headers: str) -> Request:
    """A client's body as the front reads it; one content is filled in."""
    whole = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], **body}
    names = {key.replace("_", "-"): value for key, value in headers.items()}
    return front.parse_request(json.dumps(whole).encode(), headers=names, model=model)


def history(*contents: dict[str, Any]) -> list[Message]:
    return parsed({"contents": list(contents)}).messages


def rendered(req: Request, profile: Profile = GEMINI, conv: Conversion | None = None) -> Any:
    """The upstream's body, decoded, after the policy passes of the pipeline."""
    conv = conv or conversion(req, profile)
    return json.loads(upstream.render_request(prepare(req, conv, "gemini"), conv))


def notes(conv: Conversion) -> dict[str, str]:
    return {note.field: note.action for note in conv.notes}


def events_of(data: bytes, size: int | None = None, conv: Conversion | None = None) -> list[Event]:
    """Everything a fresh parser gives for the bytes, fed in pieces of `size`."""
    parser = upstream.stream_parser(conv or conversion())
    step = size or max(1, len(data))
    events = [event for at in range(0, len(data), step) for event in parser.feed(data[at : at + step])]
    return events + parser.eof()


def chunk(*parts: dict[str, Any], finish: str | None = None, index: int | None = None, **top: Any) -> dict[str, Any]:
    """A GenerateContentResponse with one candidate."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}} if parts else {}
    if finish is not None:
        candidate["finishReason"] = finish
    if index is not None:
        candidate["index"] = index
    return {"candidates": [candidate], **top}


def sse(*values: Any, end: str = "\n\n") -> bytes:
    return b"".join(f"data: {json.dumps(value)}{end}".encode() for value in values)


def chunks(data: bytes) -> list[Any]:
    """Decoded chunks of the bytes of a stream."""
    return [json.loads(event.data) for event in SseReader().feed(data)]
