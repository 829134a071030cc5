"""`:embedContent` and `:batchEmbedContents`: vectors that depend on nothing but the text."""

from __future__ import annotations

import hashlib
from typing import Any

from a2a.demo.gemini.contents import parts_of
from a2a.demo.gemini.errors import bad
from a2a.demo.gemini.models import GeminiModel

_DIMENSIONS = 768
_MOST_DIMENSIONS = 3_072


def one(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a single request, read by its table. Raises Refusal."""
    return {"embedding": {"values": _values(request, "EmbedContentRequest")}}


def batch(request: dict[str, Any], model: GeminiModel) -> dict[str, Any]:
    """One vector per request; each names the model of the URL."""
    wanted = request.get("requests") or []
    if not wanted:
        raise bad("* BatchEmbedContentsRequest.requests: must not be empty\n")
    for number, inner in enumerate(wanted):
        if inner.get("model") != f"models/{model.id}":
            raise bad(f"* BatchEmbedContentsRequest.requests[{number}].model: must match the model of the batch\n")
    return {"embeddings": [{"values": _values(inner, "BatchEmbedContentsRequest")} for inner in wanted]}


def _values(request: dict[str, Any], name: str) -> list[float]:
    text = "\n".join(parts_of(request.get("content") or {}, "text"))
    if not text:
        raise bad(f"* {name}.content: contents is not specified\n")
    size = request.get("outputDimensionality", _DIMENSIONS)
    if not 1 <= size <= _MOST_DIMENSIONS:
        raise bad(f"* {name}.output_dimensionality: must be in the range [1, {_MOST_DIMENSIONS}]\n")
    raw = [byte / 127.5 - 1 for byte in hashlib.shake_256(text.encode()).digest(size)]
    length = sum(value * value for value in raw) ** 0.5 or 1.0
    return [value / length for value in raw]
