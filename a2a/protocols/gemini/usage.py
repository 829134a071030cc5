"""Token usage: Google counts thoughts and tool prompts apart, the neutral form inside output and input (9.3)."""

from __future__ import annotations

from typing import Any

from a2a.messages import Usage
from a2a.protocols.base import Conversion
from a2a.protocols.gemini.objects import JsonObject
from a2a.protocols.tokens import request_tokens
from a2a.protocols.wire import Fields

ESTIMATE = "input_estimate"
"""`Conversion.extra`: input tokens as estimated by the caller."""
_OWN_KEYS = ("promptTokensDetails", "candidatesTokensDetails", "cacheTokensDetails", "trafficType", "serviceTier")
"""Unmodelled keys of this protocol; a stream does not say whose `ext` it carries."""


def read_usage(fields: Fields | None) -> Usage:
    """A `usageMetadata` object. Raises WireError."""
    if fields is None:
        return Usage()
    prompt, tool_prompt = fields.int("promptTokenCount"), fields.int("toolUsePromptTokenCount")
    answer, thoughts = fields.int("candidatesTokenCount"), fields.int("thoughtsTokenCount")
    fields.drop("totalTokenCount")
    return Usage(
        input=_sum(prompt, tool_prompt),
        cache_read=fields.int("cachedContentTokenCount") or 0,
        output=_sum(answer, thoughts),
        reasoning=thoughts or 0,
        ext=fields.rest(),
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def write_usage(usage: Usage, conv: Conversion, *, shown: int) -> JsonObject:
    """The wire object. Clients need numbers: unknown input is estimated, unknown output is `shown`, the estimate of
    what the client has seen.
    """
    whole = usage.input
    if whole is None:
        whole = int(conv.extra[ESTIMATE]) if ESTIMATE in conv.extra else request_tokens(conv.request)
    output = shown if usage.output is None else usage.output
    wire: dict[str, Any] = {"promptTokenCount": whole}
    if usage.cache_read:
        wire["cachedContentTokenCount"] = usage.cache_read
    wire["candidatesTokenCount"] = max(0, output - usage.reasoning)
    if usage.reasoning:
        wire["thoughtsTokenCount"] = usage.reasoning
    wire["totalTokenCount"] = whole + output
    return {**wire, **{key: value for key, value in (usage.ext or {}).items() if key in _OWN_KEYS}}
