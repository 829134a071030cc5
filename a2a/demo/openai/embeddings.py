"""`POST /v1/embeddings`: vectors that depend on nothing but the text."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

from a2a.demo.catalog import OPENAI
from a2a.demo.openai.errors import bad
from a2a.demo.tally import tokens
from a2a.demo.wire import Refusal, dumps

_DIMENSIONS = 256
_FIELDS = frozenset({"input", "model", "dimensions", "encoding_format", "user"})


def answer(body: dict[str, Any]) -> bytes:
    """The list of embeddings, as floats or as base64 of little-endian float32. Raises Refusal."""
    for name in body:
        if name not in _FIELDS:
            raise bad(f"Unrecognized request argument supplied: {name}")
    model = OPENAI.get(str(body.get("model")))
    if model is None or not model.embeds:
        message = f"The model `{body.get('model')}` does not exist or cannot be used for embeddings."
        raise Refusal(404, message, type="invalid_request_error", code="model_not_found")
    texts = _inputs(body.get("input"))
    size = body.get("dimensions") or _DIMENSIONS
    coded = body.get("encoding_format", "float") == "base64"
    used = sum(tokens(text) for text in texts)
    data = [
        {"object": "embedding", "index": index, "embedding": _coded(text, size) if coded else _vector(text, size)}
        for index, text in enumerate(texts)
    ]
    return dumps(
        {"object": "list", "data": data, "model": model.id, "usage": {"prompt_tokens": used, "total_tokens": used}}
    )


def _inputs(given: Any) -> list[str]:
    values = given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    texts = [value if isinstance(value, str) else str(value) for value in values if value or value == 0]
    if not texts or any(not text for text in texts):
        raise bad("'$.input' is invalid. Please check the API reference.", "input")
    return texts


def _vector(text: str, size: int) -> list[float]:
    stream = hashlib.shake_256(text.encode()).digest(size)
    raw = [byte / 127.5 - 1 for byte in stream]
    length = sum(value * value for value in raw) ** 0.5 or 1.0
    return [value / length for value in raw]


def _coded(text: str, size: int) -> str:
    return base64.b64encode(struct.pack(f"<{size}f", *_vector(text, size))).decode()
