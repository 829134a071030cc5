"""`GET /v1/models` in the Claude shape, with its paging (conversion.md 13.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from a2a.errors import RequestError

MAX_LIMIT = 1000
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, where dates end."""


class Entry(Struct, frozen=True):
    """One model: name, what to show, Unix seconds."""

    id: str
    display_name: str
    created: int


def render_model(entry: Entry) -> bytes:
    return msgspec.json.encode(_object(entry))


def render_models(
    entries: Sequence[Entry], *, limit: str | None = None, after_id: str | None = None, before_id: str | None = None
) -> bytes:
    """One page. Raises RequestError for a limit outside 1-1000."""
    count = _limit(limit)
    ids = [entry.id for entry in entries]
    start = ids.index(after_id) + 1 if after_id in ids else 0
    end = ids.index(before_id) if before_id in ids else len(ids)
    if before_id is not None and after_id is None:
        start = max(0, end - count)
    page = entries[start : min(end, start + count)]
    more = start > 0 if before_id is not None else start + count < end
    return msgspec.json.encode(
        {
            "data": [_object(entry) for entry in page],
            "has_more": more,
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        }
    )


def _limit(text: str | None) -> int:
    if text is None:
        return 20
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
        raise RequestError(f"limit must be a number from 1 to {MAX_LIMIT}", param="limit")
    return int(text)


def _object(entry: Entry) -> dict[str, object]:
    when = datetime.fromtimestamp(min(max(entry.created, 0), _LAST_SECOND), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": entry.id, "display_name": entry.display_name, "created_at": when}
