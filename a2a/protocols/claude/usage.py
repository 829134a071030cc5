"""Token usage: Claude counts cached input apart, the neutral form inside `input` (specs/conversion.md 9.3)."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from a2a.messages import Ext, Usage
from a2a.protocols.base import Conversion
from a2a.protocols.wire import Fields, kind_of, parse

ESTIMATE = "input_estimate"
"""`Conversion.extra`: input tokens as estimated by the caller, for clients that need a number at once."""

_OWN_KEYS = frozenset(("server_tool_use", "service_tier", "speed", "inference_geo", "iterations"))
"""Unmodelled keys of this protocol; a stream does not say whose `ext` it carries."""


def read_usage(fields: Fields | None) -> Usage:
    """A `usage` object; keys may be null or missing. Raises WireError."""
    if fields is None:
        return Usage()
    fresh, output = fields.int("input_tokens"), fields.int("output_tokens")
    read, written = fields.int("cache_read_input_tokens") or 0, fields.int("cache_creation_input_tokens") or 0
    details = fields.obj("output_tokens_details")
    split = fields.obj("cache_creation")
    return Usage(
        input=None if fresh is None else fresh + read + written,
        cache_read=read,
        cache_write=written,
        cache_write_1h=(split.int("ephemeral_1h_input_tokens") or 0) if split is not None else 0,
        output=output,
        reasoning=(details.int("thinking_tokens") or 0) if details is not None else 0,
        ext=fields.rest(),
    )


class UsageMeter:
    """Usage of a stream: it comes in pieces, later values replace earlier ones, null replaces nothing."""

    def __init__(self) -> None:
        self._seen: Ext = {}

    def update(self, raw: Raw, path: str) -> Usage:
        """The usage known after one more piece. Raises WireError."""
        fields = parse(raw, path)
        pieces = fields.rest() or {}
        self._seen.update({key: value for key, value in pieces.items() if kind_of(value) != "null"})
        return read_usage(Fields(dict(self._seen), path))


def write_usage(usage: Usage, conv: Conversion) -> dict[str, Any]:
    """The wire object; `input_tokens` and `output_tokens` must be numbers, so unknown input is the estimate or 0."""
    whole = usage.input if usage.input is not None else int(conv.extra.get(ESTIMATE, "0"))
    wire: dict[str, Any] = {
        "input_tokens": max(0, whole - usage.cache_read - usage.cache_write),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output or 0,
    }
    if usage.cache_write_1h:
        wire["cache_creation"] = {
            "ephemeral_5m_input_tokens": max(0, usage.cache_write - usage.cache_write_1h),
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
    if usage.reasoning:
        wire["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return {**wire, **{key: value for key, value in (usage.ext or {}).items() if key in _OWN_KEYS}}
