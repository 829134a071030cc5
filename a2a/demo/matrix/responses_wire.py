"""The shapes that a whole response and its stream share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from a2a.demo.matrix.talk import Answer, Called, Question
from a2a.demo.matrix.wrong import Wrong, json_object, need, same

INSTRUCTIONS = "You are a test."
Count = Annotated[int, Meta(ge=0)]
Id = Annotated[str, Meta(min_length=1)]
Status = Literal["in_progress", "completed"]
_Maybe = UnsetType | None


class _Wire(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Read strictly, and written back as it came: what was absent stays absent."""


class OutputText(_Wire, tag_field="type", tag="output_text"):
    text: str
    annotations: list[Any]
    logprobs: list[Any]


class SummaryText(_Wire, tag_field="type", tag="summary_text"):
    text: str


class _Item(_Wire, tag_field="type"):
    """An output item; its tag is its `type`."""

    id: Id


class Message(_Item, tag="message"):
    role: Literal["assistant"]
    content: list[OutputText]
    status: Status


class Reasoning(_Item, tag="reasoning"):
    summary: list[SummaryText]
    encrypted_content: Id | _Maybe = UNSET
    status: Status | _Maybe = UNSET


class FunctionCall(_Item, tag="function_call"):
    call_id: Id
    name: Id
    arguments: str
    status: Status


Item = Message | Reasoning | FunctionCall


class _InputDetails(_Wire):
    cached_tokens: Count
    cache_write_tokens: Count = 0


class _OutputDetails(_Wire):
    reasoning_tokens: Count


class Usage(_Wire):
    """Both details are mandatory: Codex reads them unasked (specs/conversion.md 14.2)."""

    input_tokens: Count
    input_tokens_details: _InputDetails
    output_tokens: Count
    output_tokens_details: _OutputDetails
    total_tokens: Count


class Failed(_Wire):
    """`response.error`."""

    code: Id
    message: Id
    param: str | None = None


class Response(_Wire):
    """The response object; what the SDK's types demand is mandatory, the rest is an echo of the request."""

    id: Id
    object: Literal["response"]
    created_at: Annotated[float, Meta(gt=0)]
    status: Literal["in_progress", "completed", "failed"]
    model: Id
    output: list[Item]
    parallel_tool_calls: Literal[True]
    tool_choice: Literal["auto"]
    tools: list[dict[str, Any]]
    error: Failed | None
    incomplete_details: None
    usage: Usage | None
    instructions: str | None
    store: bool
    background: Literal[False] | _Maybe = UNSET
    completed_at: float | _Maybe = UNSET
    max_output_tokens: int | _Maybe = UNSET
    max_tool_calls: int | _Maybe = UNSET
    metadata: dict[str, str] | _Maybe = UNSET
    previous_response_id: str | _Maybe = UNSET
    prompt_cache_key: str | _Maybe = UNSET
    reasoning: dict[str, Any] | _Maybe = UNSET
    safety_identifier: str | _Maybe = UNSET
    service_tier: str | _Maybe = UNSET
    temperature: float | _Maybe = UNSET
    text: dict[str, Any] | _Maybe = UNSET
    top_logprobs: int | _Maybe = UNSET
    top_p: float | _Maybe = UNSET
    truncation: Literal["disabled"] | _Maybe = UNSET
    user: str | _Maybe = UNSET


def check_echo(response: Response, question: Question) -> None:
    """The request's own values come back. Raises Wrong."""
    same(response.instructions, INSTRUCTIONS, "the echoed instructions")
    same(response.store, False, "the echoed store")
    same([tool.get("name") for tool in response.tools], [tool.name for tool in question.tools], "the echoed tools")


def answer_of(response: Response, question: Question) -> Answer:
    """Raises Wrong where the answer is not over, or an item is empty, unfinished or out of place."""
    same((response.status, response.error), ("completed", None), "status and error")
    check_echo(response, question)
    items = response.output
    need(bool(items), "the answer has no items")
    need(len({item.id for item in items}) == len(items), "two items have the same id")
    need(all(item.status in (UNSET, None, "completed") for item in items), "an item is not completed")
    need(not any(isinstance(item, Reasoning) for item in items[1:]), "reasoning behind other items")
    texts = [part.text for item in items if isinstance(item, Message) for part in item.content]
    need(all(texts), "an empty text")
    calls = tuple(_called(item) for item in items if isinstance(item, FunctionCall))
    need(len({call.id for call in calls}) == len(calls), "two calls have the same id")
    thought = items[0] if isinstance(items[0], Reasoning) else None
    return Answer(
        text="".join(texts),
        thinking="\n\n".join(part.text for part in thought.summary) if thought else "",
        calls=calls,
        ending="tool" if calls else "end",
        usage=_counted(response.usage),
        turn=[_sent_back(item) for item in items],
        opaque=(thought.encrypted_content or "") if thought else "",
    )


def _called(item: FunctionCall) -> Called:
    return Called(item.call_id, item.name, json_object(item.arguments, f"the arguments of {item.name}"))


def _counted(usage: Usage | None) -> tuple[int, int]:
    if usage is None:
        raise Wrong("the answer has no usage")
    need(usage.input_tokens > 0 and usage.output_tokens > 0, f"usage without tokens: {usage}")
    same(usage.total_tokens, usage.input_tokens + usage.output_tokens, "total_tokens")
    return usage.input_tokens, usage.output_tokens


def _sent_back(item: Item) -> dict[str, Any]:
    """As Codex does where nothing is stored: without id and status."""
    wire: dict[str, Any] = msgspec.to_builtins(item)
    return {key: value for key, value in wire.items() if key not in ("id", "status")}
