"""What GenerateAssistantResponse refuses (specs/kiro.md 12.2): shape, history, tools, models, sizes.

Each rule can be switched off through `Flags`. Images and documents: `kiro.media`. All raise `Refusal`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from a2a.demo.catalog import KIRO, KiroModel
from a2a.demo.kiro import fields
from a2a.demo.kiro.errors import invalid
from a2a.demo.kiro.media import check_documents, check_images
from a2a.demo.kiro.state import Flags, KiroState
from a2a.demo.signature import genuine
from a2a.demo.wire import Refusal

MOST_BODY_BYTES = 1_300_000
_MOST_DESCRIPTION_CHARS = 10_240
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_USE_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MODEL_ID = re.compile(r"[a-zA-Z0-9_:.-]+")
_TRIGGERS = ("MANUAL", "DIAGNOSTIC", "INLINE_CHAT")
_TASKS = ("vibe", "spectask")
_ORIGINS = ("AI_EDITOR", "KIRO_CLI", "CLI", "KIRO_WEB", "IDE", "CHATBOT", "CONSOLE", "INLINE_CHAT")
_FREE = ("input", "json", "additionalModelRequestFields")
"""Members whose inside is the client's own data: null and [] are fine there."""

_NOT_IN_SCHEMAS = ("$schema", "$id", "$ref", "additionalProperties", "const")
_UNIONS = ("anyOf", "oneOf", "allOf")
_FORMATS = ("format", "pattern")


def malformed() -> Refusal:
    """The answer to nearly every mistake in the body."""
    return invalid("Improperly formed request.", "REQUEST_BODY_INVALID")


def check(body: Any, state: KiroState) -> KiroModel:
    """Every rule on the body that does not concern the account; the model of the current message."""
    flags = state.flags
    if flags.shape:
        _check_shape(body)
    talk = Talk.of(body)
    rules: tuple[tuple[bool, Callable[[], None]], ...] = (
        (flags.history, lambda: _check_order(talk.history)),
        (flags.shape, lambda: _check_members(talk)),
        (flags.tools, lambda: _check_tools(talk, flags)),
        (flags.pairs, lambda: _check_pairs(talk)),
        (flags.tool_config, lambda: _check_tool_config(talk)),
        (flags.model, lambda: _check_models(talk)),
        (flags.signature, lambda: _check_signatures(talk, state)),
        (flags.images, lambda: check_images(talk.messages)),
    )
    for on, rule in rules:
        if on:
            rule()
    model = KIRO.get(talk.current.get("modelId", "auto"), KIRO["auto"])
    if flags.fields:
        fields.check(body.get("additionalModelRequestFields"), model)
    if flags.documents:
        check_documents(talk.messages, model)
    return model


class Talk(Struct, frozen=True):
    """The conversation taken apart. `users`: the user messages of the history."""

    history: list[dict[str, Any]]
    users: list[dict[str, Any]]
    current: dict[str, Any]

    @classmethod
    def of(cls, body: dict[str, Any]) -> Talk:
        conversation = body["conversationState"]
        history = conversation.get("history") or []
        users = [entry["userInputMessage"] for entry in history if "userInputMessage" in entry]
        return cls(history, users, conversation["currentMessage"]["userInputMessage"])

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All user messages, the current one last."""
        return [*self.users, self.current]

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The assistant messages of the history."""
        return [entry["assistantResponseMessage"] for entry in self.history if "assistantResponseMessage" in entry]


def tools_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The tool specifications of a user message, cache points left out."""
    tools = (message.get("userInputMessageContext") or {}).get("tools") or []
    return [tool["toolSpecification"] for tool in tools if "toolSpecification" in tool]


def results_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The tool results of a user message."""
    return list((message.get("userInputMessageContext") or {}).get("toolResults") or [])


def _require(condition: object) -> None:
    if not condition:
        raise malformed()


def _check_shape(body: Any) -> None:
    _require(isinstance(body, dict) and "systemPrompt" not in body)
    _require(isinstance(body.get("profileArn", ""), str))
    conversation = body.get("conversationState")
    _require(isinstance(conversation, dict))
    _require(conversation.get("chatTriggerType") in _TRIGGERS)
    _require(conversation.get("agentTaskType", "vibe") in _TASKS)
    _require(isinstance(conversation.get("conversationId"), str) and 1 <= len(conversation["conversationId"]) <= 128)
    current = conversation.get("currentMessage")
    _require(isinstance(current, dict) and isinstance(current.get("userInputMessage"), dict))
    history = conversation.get("history", [{}])
    _require(isinstance(history, list) and all(isinstance(entry, dict) for entry in history))
    _require(not any(_empties(body)))


def _empties(value: Any) -> Iterator[bool]:
    """True for each null, empty array and NUL character outside the client's own data."""
    if isinstance(value, dict):
        for key, sub in value.items():
            if key not in _FREE or sub is None:
                yield from _empties(sub)
            if key == "userInputMessageContext" and not sub:
                yield True
    elif isinstance(value, list):
        if not value:
            yield True
        for sub in value:
            yield from _empties(sub)
    elif value is None or (isinstance(value, str) and "\x00" in value):
        yield True


def _check_members(talk: Talk) -> None:
    for message in talk.messages:
        _check_user(message)
    for message in talk.answers:
        _check_assistant(message)


def _check_user(message: dict[str, Any]) -> None:
    content = message.get("content")
    _require(isinstance(content, str))
    _require(content or results_of(message))
    _require(message.get("origin", "AI_EDITOR") in _ORIGINS)
    _require(isinstance(message.get("userInputMessageContext", {}), dict))
    for result in results_of(message):
        _require(isinstance(result.get("toolUseId"), str) and _USE_ID.fullmatch(result["toolUseId"]))
        _require(result.get("status", "success") in ("success", "error"))
        parts = result.get("content")
        _require(
            isinstance(parts, list) and all(isinstance(part, dict) and set(part) <= {"text", "json"} for part in parts)
        )


def _check_assistant(message: dict[str, Any]) -> None:
    _require(isinstance(message.get("content"), str))
    for use in message.get("toolUses", ()):
        _require(isinstance(use.get("toolUseId"), str) and _USE_ID.fullmatch(use["toolUseId"]))
        _require(isinstance(use.get("name"), str) and isinstance(use.get("input"), dict))
        _require("" not in use["input"])


def _check_order(history: list[dict[str, Any]]) -> None:
    """User and assistant take turns, a plain user turn first, an assistant turn last."""
    wanted = "userInputMessage"
    for entry in history:
        _require(set(entry) == {wanted})
        wanted = "assistantResponseMessage" if wanted == "userInputMessage" else "userInputMessage"
    _require(wanted == "userInputMessage")
    _require(not history or not results_of(history[0]["userInputMessage"]))


def _check_tools(talk: Talk, flags: Flags) -> None:
    if any("tools" in (message.get("userInputMessageContext") or {}) for message in talk.users):
        raise malformed()
    names: set[str] = set()
    for tool in tools_of(talk.current):
        name, text = tool.get("name"), tool.get("description")
        if not isinstance(name, str) or _TOOL_NAME.fullmatch(name) is None:
            raise malformed()
        if not isinstance(text, str) or not 1 <= len(text) <= _MOST_DESCRIPTION_CHARS:
            raise malformed()
        if name in names:
            raise invalid(f"Tool {name} is defined more than once.", "TOOL_DUPLICATE")
        names.add(name)
        if flags.schema:
            _check_schema(tool, no_formats=flags.no_formats)


def _check_schema(tool: dict[str, Any], *, no_formats: bool) -> None:
    schema = (tool.get("inputSchema") or {}).get("json")
    refused = _NOT_IN_SCHEMAS + (_FORMATS if no_formats else ())
    root_ok = isinstance(schema, dict) and schema.get("type") == "object" and isinstance(schema.get("properties"), dict)
    if not root_ok or set(_UNIONS) & set(schema) or not _clean(schema, refused):  # type: ignore[arg-type]
        raise invalid(f"The input schema of tool {tool['name']} is not supported.", "TOOL_SCHEMA_INVALID")


def _clean(schema: Any, refused: tuple[str, ...]) -> bool:
    """Whether a schema holds none of the keywords that specs/kiro.md 6.7 drops; knows names from keywords."""
    if isinstance(schema, list):
        return all(_clean(one, refused) for one in schema)
    if not isinstance(schema, dict):
        return True
    if set(refused) & set(schema) or schema.get("required") == [] or isinstance(schema.get("type"), list):
        return False
    deeper = [*(schema.get("properties") or {}).values(), *(schema.get(key) for key in ("items", *_UNIONS))]
    return all(_clean(one, refused) for one in deeper)


def _check_pairs(talk: Talk) -> None:
    """Each assistant turn's tool uses are answered by the next user turn: all, once, in order; nothing else is."""
    asked: list[str] = []
    for entry in (*talk.history, {"userInputMessage": talk.current}):
        if "assistantResponseMessage" in entry:
            asked = [use["toolUseId"] for use in entry["assistantResponseMessage"].get("toolUses") or ()]
            continue
        answered = [result["toolUseId"] for result in results_of(entry["userInputMessage"])]
        if answered != asked:
            message = "The toolResults of a turn must match the toolUses of the previous turn."
            raise invalid(message, "TOOL_USE_RESULT_MISMATCH")
        asked = []


def _check_tool_config(talk: Talk) -> None:
    used = {use["name"] for message in talk.answers for use in message.get("toolUses") or ()}
    known = {tool["name"] for tool in tools_of(talk.current)}
    if used - known or (results_of(talk.current) and not known):
        raise invalid("The conversation uses tools that the request does not define.", "TOOL_CONFIG_MISSING")


def _check_models(talk: Talk) -> None:
    for message in talk.messages:
        name = message.get("modelId", "auto")
        if not isinstance(name, str) or _MODEL_ID.fullmatch(name) is None or name not in KIRO:
            raise invalid("Invalid model. Please select a different model to continue.", "INVALID_MODEL_ID")


def _check_signatures(talk: Talk, state: KiroState) -> None:
    for message in talk.answers:
        if "reasoningContent" not in message:
            continue
        inner = message["reasoningContent"].get("reasoningText") or {}
        signature, text = inner.get("signature", ""), inner.get("text", "")
        if signature not in state.issued_signatures and not genuine("kiro", signature, text):
            raise invalid("Invalid signature in thinking block.", "THINKING_SIGNATURE_INVALID")
