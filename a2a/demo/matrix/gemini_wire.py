"""A GenerateContentResponse: a whole answer is one, a stream is several that add up (specs/conversion.md 9, 10.1).

A call is whole in one part; the finish reason stands in the last chunk and nowhere else, together with the usage.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from a2a.demo.matrix.talk import Answer, Called
from a2a.demo.matrix.wrong import Wrong, need, same, short

Count = Annotated[int, Meta(ge=0)]
Id = Annotated[str, Meta(min_length=1)]


class _Wire(Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """Read strictly, and written back as it came: what was absent stays absent."""


class _Call(_Wire):
    name: Id
    args: dict[str, Any]
    id: Id | UnsetType = UNSET


class _Part(_Wire):
    text: str | UnsetType = UNSET
    function_call: _Call | UnsetType = UNSET
    thought: Literal[True] | UnsetType = UNSET
    thought_signature: Id | UnsetType = UNSET


class _Content(_Wire):
    role: Literal["model"]
    parts: Annotated[list[_Part], Meta(min_length=1)]


class _Candidate(_Wire):
    content: _Content
    finish_reason: Literal["STOP"] | UnsetType = UNSET
    index: Literal[0] = 0


class _Usage(_Wire):
    prompt_token_count: Count
    total_token_count: Count
    candidates_token_count: Count = 0
    thoughts_token_count: Count = 0
    cached_content_token_count: Count = 0
    prompt_tokens_details: list[dict[str, Any]] = []


class Chunk(_Wire):
    candidates: Annotated[list[_Candidate], Meta(min_length=1, max_length=1)]
    model_version: Id
    response_id: Id
    usage_metadata: _Usage | None = None


class Heard:
    """What the chunks add up to."""

    def __init__(self) -> None:
        self.text = ""
        self._thinking = ""
        self._parts: list[_Part] = []
        self._envelope: tuple[str, str] | None = None
        self._last: Chunk | None = None

    def chunk(self, chunk: Chunk) -> None:
        """Raises Wrong where it cannot follow the ones before."""
        self.must_be_open()
        envelope = (chunk.model_version, chunk.response_id)
        self._envelope = self._envelope or envelope
        same(envelope, self._envelope, "modelVersion and responseId of a chunk")
        self._last = chunk
        for part in chunk.candidates[0].content.parts:
            self._part(part)

    def must_be_open(self) -> None:
        """Raises Wrong when a finish reason has come."""
        over = self._last is not None and self._last.candidates[0].finish_reason is not UNSET
        need(not over, "a chunk behind the finish reason")

    def _part(self, part: _Part) -> None:
        need((part.text is UNSET) != (part.function_call is UNSET), f"a part is not one thing: {short(part)}")
        if part.thought_signature is not UNSET:
            _check_base64(part.thought_signature)
        if part.thought is not UNSET:
            need(part.text is not UNSET, "a call is marked as a thought")
            need(not self.text, "thoughts behind the text")
            self._thinking += part.text or ""
        else:
            self.text += part.text or ""
        if part.text or part.function_call is not UNSET or part.thought_signature is not UNSET:
            self._parts.append(part)

    def answer(self) -> Answer:
        """Raises Wrong where the end does not say that it is one."""
        last = self._last
        if last is None or last.candidates[0].finish_reason is UNSET:
            raise Wrong("the answer ends without a finish reason")
        if last.usage_metadata is None:
            raise Wrong("the last chunk has no usageMetadata")
        need(any(part.thought is UNSET for part in self._parts), "the answer has neither text nor call")
        found = [part.function_call for part in self._parts if part.function_call is not UNSET]
        calls = tuple(Called(call.id or "", call.name, call.args) for call in found)
        ids = [call.id for call in calls if call.id]
        need(len(set(ids)) == len(ids), "two calls have the same id")
        signed = [part.thought_signature for part in self._parts if part.thought_signature is not UNSET]
        return Answer(
            text=self.text,
            thinking=self._thinking,
            calls=calls,
            ending="tool" if calls else "end",
            usage=_counted(last.usage_metadata),
            turn=[{"role": "model", "parts": msgspec.to_builtins(self._parts)}],
            opaque=signed[0] if signed else "",
        )


def _counted(usage: _Usage) -> tuple[int, int]:
    made = usage.candidates_token_count + usage.thoughts_token_count
    need(usage.prompt_token_count > 0 and made > 0, f"usage without tokens: {usage}")
    same(usage.total_token_count, usage.prompt_token_count + made, "totalTokenCount")
    return usage.prompt_token_count, made


def _check_base64(signature: str) -> None:
    """Other text fails the SDK's validation."""
    try:
        base64.b64decode(signature, validate=True)
    except binascii.Error as error:
        raise Wrong(f"a thoughtSignature is no base64: {short(signature)}") from error
