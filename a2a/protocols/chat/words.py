"""Words that Chat and the neutral form spell differently: stop reasons and usage (specs/conversion.md 9.1 to 9.3)."""

from __future__ import annotations

from msgspec import Raw

from a2a.messages import Ext, Stop, StopKind, Usage
from a2a.protocols.wire import Fields, parse

_STOPS_IN: dict[str, StopKind] = {
    "stop": "end",
    "eos": "end",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
    "content_filter": "refusal",
    "sensitive": "refusal",
    "error": "error",
    "error_finish": "error",
    "network_error": "error",
    "insufficient_system_resource": "error",
}
"""Upstream -> IR. The official words, and those of Mistral, GLM, DeepSeek, OpenRouter and DashScope."""

_STOPS_OUT: dict[StopKind, str] = {
    "end": "stop",
    "tool_call": "tool_calls",
    "stop_seq": "stop",
    "length": "length",
    "context_full": "length",
    "refusal": "content_filter",
    "pause": "stop",
    "error": "stop",
}


def stop_in(raw: str | None, *, calls: bool, refused: bool) -> Stop:
    """The neutral stop of an answer. `calls`: it holds a whole tool call; `refused`: it holds a refusal.

    Unknown words count as an ordinary end; what the answer holds decides between end, tool call and refusal.
    """
    kind = _STOPS_IN.get(raw or "", "end")
    if kind in ("end", "tool_call"):
        kind = "tool_call" if calls else "refusal" if refused else "end"
    return Stop(kind=kind, raw=raw)


def says_cut(raw: str | None) -> bool:
    """Whether the upstream's word explains why a tool call ended in the middle."""
    return _STOPS_IN.get(raw or "") in ("length", "refusal")


def says_error(raw: str | None) -> bool:
    """Whether the word means that the upstream broke off."""
    return _STOPS_IN.get(raw or "") == "error"


def stop_out(stop: Stop, *, calls: bool) -> str:
    """The `finish_reason` for a client; tool_calls is only said when a call was sent."""
    if stop.kind == "tool_call" and not calls:
        return "stop"
    return _STOPS_OUT[stop.kind]


def usage_in(raw: Raw | None) -> Usage:
    """Token counts of an upstream. Raises WireError.

    Besides the official keys: `prompt_cache_hit_tokens` (DeepSeek) and a top-level `cached_tokens` (Kimi, DashScope).
    """
    fields = parse(raw) if raw is not None else Fields({})
    prompt = fields.obj("prompt_tokens_details") or Fields({})
    completion = fields.obj("completion_tokens_details") or Fields({})
    cached = (prompt.int("cached_tokens"), fields.int("prompt_cache_hit_tokens"), fields.int("cached_tokens"))
    usage = Usage(
        input=fields.int("prompt_tokens"),
        cache_read=next((count for count in cached if count is not None), 0),
        cache_write=prompt.int("cache_write_tokens") or 0,
        output=fields.int("completion_tokens"),
        reasoning=completion.int("reasoning_tokens") or 0,
    )
    fields.drop("total_tokens", "prompt_cache_miss_tokens")
    usage.ext = fields.rest()
    return usage


def usage_out(usage: Usage, ext: Ext | None = None) -> dict[str, object]:
    """The `usage` object for a client; unknown counts are 0 since the SDK types want numbers."""
    read, written = usage.input or 0, usage.output or 0
    prompt = {"cached_tokens": usage.cache_read}
    if usage.cache_write:
        prompt["cache_write_tokens"] = usage.cache_write
    return {
        **(ext or {}),
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
