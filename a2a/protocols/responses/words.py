"""Words that Responses and the neutral form spell differently: stops, usage, items (specs/conversion.md 5.1, 9)."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw

from a2a.messages import Stop, StopKind, Usage
from a2a.protocols.carried import FOREIGN_REASONING
from a2a.protocols.openai_parts import extras
from a2a.protocols.wire import Fields, parse

NAMESPACE_DESCRIPTION = "namespace.description"
"""Key of `Tool.ext` under which a nested tool remembers what its namespace says about itself."""

ITEM_IDS = {"message": "msg_", "reasoning": FOREIGN_REASONING, "function_call": "fc_", "custom_tool_call": "ctc_"}
"""Item type -> prefix of the ids that a2a mints (12, rule 4). `carried` knows another vendor's reasoning by its own."""


_STOPS_IN: dict[str, StopKind] = {"max_output_tokens": "length", "max_tokens": "length", "content_filter": "refusal"}
"""`incomplete_details.reason` -> IR; unknown reasons are an ordinary end, kept in `Stop.raw`."""

_REASONS_OUT: dict[StopKind, str] = {
    "length": "max_output_tokens",
    "context_full": "max_output_tokens",
    "refusal": "content_filter",
}
"""IR -> `incomplete_details.reason`; what is not listed is `completed`."""

Status = Literal["completed", "incomplete", "failed"]


def stop_in(reason: str | None, *, calls: bool, refused: bool) -> Stop:
    """The neutral stop. `reason`: of an incomplete answer, None for a completed one.

    `calls`: the answer holds a whole tool call; `refused`: it holds a refusal.
    """
    kind = _STOPS_IN.get(reason or "", "end")
    if kind == "end":
        kind = "tool_call" if calls else "refusal" if refused else "end"
    return Stop(kind=kind, raw=reason or "completed")


def says_cut(reason: str | None) -> bool:
    """Whether the upstream's word explains why a tool call ended in the middle."""
    return reason in _STOPS_IN


def stop_out(stop: Stop, *, refused: bool) -> tuple[Status, str | None]:
    """(status, incomplete reason) for a client; a refusal that was put into words is a completed answer (9.2)."""
    if stop.kind == "error":
        return "failed", None
    reason = None if stop.kind == "refusal" and refused else _REASONS_OUT.get(stop.kind)
    return ("completed" if reason is None else "incomplete"), reason


def usage_in(raw: Raw | None) -> Usage:
    """Token counts of an upstream. Raises WireError."""
    fields = parse(raw, "usage") if raw is not None else Fields({})
    prompt = fields.obj("input_tokens_details") or Fields({})
    output = fields.obj("output_tokens_details") or Fields({})
    usage = Usage(
        input=fields.int("input_tokens"),
        cache_read=prompt.int("cached_tokens") or 0,
        cache_write=prompt.int("cache_write_tokens") or 0,
        output=fields.int("output_tokens"),
        reasoning=output.int("reasoning_tokens") or 0,
    )
    fields.drop("total_tokens")
    usage.ext = extras(fields)
    return usage


def usage_out(usage: Usage) -> dict[str, object]:
    """The `usage` object for a client; both details are always there, since Codex needs them (14.2)."""
    read, written = usage.input or 0, usage.output or 0
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": read + written,
    }
