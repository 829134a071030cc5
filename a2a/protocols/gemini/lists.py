"""`GET /v1beta/models` in Google's shape, with its paging (conversion.md 13.2)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from a2a.errors import RequestError

DEFAULT_PAGE = 50
MAX_PAGE = 1000
_METHODS = ("generateContent", "countTokens")


class Entry(Struct, frozen=True):
    """One model: name without `models/`, what to show, limits in tokens where they are known, whether it reasons."""

    id: str
    display_name: str
    input_limit: int | None = None
    output_limit: int | None = None
    thinking: bool | None = None
    version: str = "001"


def render_model(entry: Entry) -> bytes:
    return msgspec.json.encode(_object(entry))


def render_models(entries: Sequence[Entry], *, page_size: str | None = None, page_token: str | None = None) -> bytes:
    """One page. Raises RequestError for a size that is no positive number or a token we never gave."""
    size = min(_number("pageSize", page_size, DEFAULT_PAGE) or DEFAULT_PAGE, MAX_PAGE)
    start = _number("pageToken", page_token, 0)
    body: dict[str, object] = {"models": [_object(entry) for entry in entries[start : start + size]]}
    if start + size < len(entries):
        body["nextPageToken"] = str(start + size)
    return msgspec.json.encode(body)


def _number(key: str, text: str | None, default: int) -> int:
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9:
        raise RequestError(f"{key} must be a number", param=key)
    return int(text)


def _object(entry: Entry) -> dict[str, object]:
    limits = {"inputTokenLimit": entry.input_limit, "outputTokenLimit": entry.output_limit}
    return {
        "name": f"models/{entry.id}",
        "version": entry.version,
        "displayName": entry.display_name,
        **{key: limit for key, limit in limits.items() if limit is not None},
        "supportedGenerationMethods": list(_METHODS),
        **({} if entry.thinking is None else {"thinking": entry.thinking}),
    }
