"""What the DashScope dialect refuses inside `messages` (specs/qwen.md 6, 13). All raise `Refusal`.

One system message and only at the start; every call answered, every answer called for; tools answer in text.
"""

from __future__ import annotations

from typing import Any

from a2a.demo.catalog import words
from a2a.demo.openai.history import image_of
from a2a.demo.qwen.errors import bad
from a2a.demo.qwen.models import QwenModel
from a2a.demo.wire import Refusal

_ROLES = ("system", "assistant", "user", "tool", "function")
_FIELDS = {
    "system": words("role content name"),
    "user": words("role content name"),
    "assistant": words("role content name tool_calls reasoning_content reasoning partial refusal"),
    "tool": words("role content name tool_call_id"),
    "function": words("role content name"),
}
_PARTS = {
    "system": ("text",),
    "user": ("text", "image_url", "video_url", "input_audio"),
    "assistant": ("text",),
    "tool": ("text",),
    "function": ("text",),
}


def check_messages(messages: Any, model: QwenModel) -> None:
    """Every rule on the history."""
    if not isinstance(messages, list) or not messages:
        raise bad("[] is too short - 'messages'")
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise bad(f"{role} is not one of {list(_ROLES)} - 'messages.{number}.role'")
        if extra := set(message) - _FIELDS[role]:
            raise bad(f"Additional properties are not allowed ('{min(extra)}' was unexpected) - 'messages.{number}'")
        if role == "system" and number:
            raise bad("System message must be at the beginning and must not be repeated.", "InvalidParameter")
        if role == "tool":
            _answer(message, open_calls)
        elif open_calls:
            raise _unanswered(open_calls)
        _check_content(message, role, number, model)
        open_calls = _calls_of(message, number) if role == "assistant" else open_calls
    if open_calls:
        raise _unanswered(open_calls)


def _answer(message: dict[str, Any], open_calls: list[str]) -> None:
    call_id = message.get("tool_call_id")
    if call_id not in open_calls:
        raise bad('messages with role "tool" must be a response to a preceding message with "tool_calls".')
    open_calls.remove(call_id)


def _unanswered(open_calls: list[str]) -> Refusal:
    return bad(
        'An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id". '
        f"The following tool_call_ids did not have response messages: {', '.join(open_calls)}"
    )


def _calls_of(message: dict[str, Any], number: int) -> list[str]:
    ids: list[str] = []
    for at, call in enumerate(message.get("tool_calls") or ()):
        where = f"messages.{number}.tool_calls.{at}"
        inner = call.get("function") if isinstance(call, dict) and call.get("type") == "function" else None
        if not isinstance(inner, dict) or not inner.get("name") or not isinstance(inner.get("arguments"), str):
            raise bad(f"A function with name and arguments is required - '{where}'")
        if not call.get("id") or call["id"] in ids:
            raise bad(f"A tool call id must be there and unique - '{where}.id'")
        ids.append(call["id"])
    return ids


def _check_content(message: dict[str, Any], role: str, number: int, model: QwenModel) -> None:
    content = message.get("content")
    if content is None:
        if role == "assistant" and message.get("tool_calls") and "reasoning_content" not in message:
            return
        raise bad(f"None is not of type 'string' - 'messages.{number}.content'")
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        raise bad(f"{content!r} is not of type 'string', 'array' - 'messages.{number}.content'")
    for at, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        where = f"messages.{number}.content.{at}"
        if kind not in _PARTS[role]:
            raise bad(f"{kind} is not one of {list(_PARTS[role])} - '{where}.type'")
        check_hint(part, where)
        if kind == "text" and not isinstance(part.get("text"), str):
            raise bad(f"'text' is a required property - '{where}'")
        if kind != "text" and not model.vision:
            raise bad(f"Model {model.id} does not support {kind} input.", "InvalidParameter")
        if kind == "image_url":
            _check_image(part, where)


def check_hint(holder: dict[str, Any], at: str) -> None:
    """A cache mark is of the one kind there is."""
    hint = holder.get("cache_control")
    if hint is not None and hint != {"type": "ephemeral"}:
        raise bad(f"cache_control must be {{'type': 'ephemeral'}} - '{at}'")


def _check_image(part: dict[str, Any], at: str) -> None:
    inner = part.get("image_url")
    url = inner.get("url") if isinstance(inner, dict) else None
    if not isinstance(url, str):
        raise bad(f"'url' is a required property - '{at}.image_url'")
    if not url.startswith(("http://", "https://")):
        try:
            image_of(url)
        except Refusal as refusal:
            raise bad("The image format is illegal and cannot be opened.", "InvalidParameter") from refusal
