"""The shapes that a whole message and its stream share."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from a2a.demo.matrix.talk import Answer, Called
from a2a.demo.matrix.wrong import need, same

Count = Annotated[int, Meta(ge=0)]
Id = Annotated[str, Meta(min_length=1)]


class _Wire(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Read strictly, and written back as it came: what was absent stays absent."""


class _Block(_Wire, tag_field="type"):
    """A content block; its tag is its `type`."""


class TextBlock(_Block, tag="text"):
    text: str
    citations: list[Any] | UnsetType | None = UNSET


class Thinking(_Block, tag="thinking"):
    thinking: str
    signature: str


class ToolUse(_Block, tag="tool_use"):
    id: Id
    name: Id
    input: dict[str, Any]


Block = TextBlock | Thinking | ToolUse


class _CacheCreation(_Wire):
    ephemeral_5m_input_tokens: Count = 0
    ephemeral_1h_input_tokens: Count = 0


class _OutputDetails(_Wire):
    thinking_tokens: Count = 0


class Usage(_Wire):
    """`output_tokens` is mandatory; the SDK's helpers read it unasked."""

    output_tokens: Count
    input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None
    service_tier: str | None = None


class Error(_Wire):
    type: str
    message: Annotated[str, Meta(min_length=1)]


def answer_of(content: list[Block], stop_reason: str, usage: Usage) -> Answer:
    """Raises Wrong where a block is empty, out of place or not announced by the stop reason."""
    need(bool(content), "the answer has no content")
    kinds = [type(block) for block in content]
    need(Thinking not in kinds[1:], "thinking behind other blocks")
    text = "".join(block.text for block in content if isinstance(block, TextBlock))
    need(all(block.text for block in content if isinstance(block, TextBlock)), "an empty text block")
    calls = tuple(Called(block.id, block.name, block.input) for block in content if isinstance(block, ToolUse))
    need(len({call.id for call in calls}) == len(calls), "two calls have the same id")
    same(stop_reason, "tool_use" if calls else "end_turn", "stop_reason")
    thought = content[0] if isinstance(content[0], Thinking) else None
    tokens_in = (usage.input_tokens or 0) + (usage.cache_read_input_tokens or 0)
    tokens_in += usage.cache_creation_input_tokens or 0
    need(tokens_in > 0 and usage.output_tokens > 0, f"usage without tokens: {usage}")
    return Answer(
        text=text,
        thinking=thought.thinking if thought else "",
        calls=calls,
        ending="tool" if calls else "end",
        usage=(tokens_in, usage.output_tokens),
        turn=[{"role": "assistant", "content": msgspec.to_builtins(content)}],
        opaque=thought.signature if thought else "",
    )
