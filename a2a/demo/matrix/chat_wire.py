"""The shapes that a whole chat answer and its stream share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from a2a.demo.matrix.talk import Called, Ending
from a2a.demo.matrix.wrong import json_object, need, same

Count = Annotated[int, Meta(ge=0)]


class _PromptDetails(Struct, forbid_unknown_fields=True):
    cached_tokens: Count = 0
    audio_tokens: Count = 0
    cache_write_tokens: Count = 0


class _CompletionDetails(Struct, forbid_unknown_fields=True):
    reasoning_tokens: Count = 0
    audio_tokens: Count = 0
    accepted_prediction_tokens: Count = 0
    rejected_prediction_tokens: Count = 0


class Usage(Struct, forbid_unknown_fields=True):
    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class Error(Struct, forbid_unknown_fields=True):
    """All four keys are always there; `param` and `code` may be null."""

    message: Annotated[str, Meta(min_length=1)]
    type: str
    param: str | None
    code: str | None


def counted(usage: Usage) -> tuple[int, int]:
    """Input and output tokens of an answer that said something. Raises Wrong."""
    need(usage.prompt_tokens > 0 and usage.completion_tokens > 0, f"usage without tokens: {usage}")
    same(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens, "total_tokens")
    return usage.prompt_tokens, usage.completion_tokens


def calls_of(listed: list[tuple[str, str, str]]) -> tuple[Called, ...]:
    """From id, name and arguments as JSON text; ids differ."""
    need(len({call_id for call_id, _, _ in listed}) == len(listed), "two calls have the same id")
    return tuple(Called(call_id, name, json_object(text, f"the arguments of {name}")) for call_id, name, text in listed)


def ending_of(finish_reason: str) -> Ending:
    return "tool" if finish_reason == "tool_calls" else "end"
