"""`GET /v1/models` in the OpenAI shape (conversion.md 13.2)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct


class Entry(Struct, frozen=True):
    """One model: name, Unix seconds (stable between calls), who owns it."""

    id: str
    created: int
    owned_by: str


def render_model(entry: Entry) -> bytes:
    return msgspec.json.encode(_object(entry))


def render_models(entries: Sequence[Entry]) -> bytes:
    return msgspec.json.encode({"object": "list", "data": [_object(entry) for entry in entries]})


def _object(entry: Entry) -> dict[str, object]:
    return {"id": entry.id, "object": "model", "created": entry.created, "owned_by": entry.owned_by}
