"""What the OpenAI chat endpoint refuses inside `messages`: roles, pairing of calls, parts. All raise `Refusal`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from a2a.demo import pictures
from a2a.demo.catalog import words
from a2a.demo.openai.errors import bad
from a2a.demo.wire import Refusal

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)
_IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_LONGEST_CALL_ID = 64

_MESSAGE_FIELDS: dict[str, frozenset[str]] = {
    "system": frozenset({"role", "content", "name"}),
    "developer": frozenset({"role", "content", "name"}),
    "user": frozenset({"role", "content", "name"}),
    "assistant": words("role content name tool_calls refusal audio function_call reasoning_content annotations"),
    "tool": frozenset({"role", "content", "tool_call_id"}),
}

_PART_TYPES: dict[str, tuple[str, ...]] = {
    "system": ("text",),
    "developer": ("text",),
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "tool": ("text",),
}


def tool_name(inner: dict[str, Any], at: str) -> str:
    """The name of a function or custom tool, checked."""
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        raise bad(f"Missing required parameter: '{at}.name'.", f"{at}.name", "missing_required_parameter")
    if _NAME.fullmatch(name) is None:
        message = f"Invalid '{at}.name': does not match '^[a-zA-Z0-9_-]{{1,64}}$'."
        raise bad(message, f"{at}.name", "invalid_value")
    return name


def check_messages(messages: Any) -> None:
    """Every rule on the history."""
    if not isinstance(messages, list):
        raise bad("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    if not messages:
        raise bad("Invalid 'messages': empty array, expected at least 1 element.", "messages", "empty_array")
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        at = f"messages[{number}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _MESSAGE_FIELDS:
            raise bad(f"Invalid value: '{role}' is not a role.", f"{at}.role", "invalid_value")
        if extra := set(message) - _MESSAGE_FIELDS[role]:
            raise bad(f"Unknown parameter: '{at}.{min(extra)}'.", f"{at}.{min(extra)}", "unknown_parameter")
        if role == "tool":
            _answer_call(message, at, open_calls)
        elif open_calls:
            raise _unanswered(open_calls, number)
        _check_content(message, role, at)
        if role == "assistant":
            open_calls = _calls_of(message, at)
    if open_calls:
        raise _unanswered(open_calls, len(messages))


def _answer_call(message: dict[str, Any], at: str, open_calls: list[str]) -> None:
    call_id = message.get("tool_call_id")
    if not isinstance(call_id, str):
        raise bad(
            f"Missing required parameter: '{at}.tool_call_id'.", f"{at}.tool_call_id", "missing_required_parameter"
        )
    if call_id not in open_calls:
        text = f"Invalid parameter: a message with role 'tool' must answer a 'tool_calls' entry before it: {call_id}"
        raise bad(text, f"{at}.role")
    open_calls.remove(call_id)


def _unanswered(open_calls: list[str], number: int) -> Refusal:
    message = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(open_calls)}"
    )
    return bad(message, f"messages[{number}].role")


def _calls_of(message: dict[str, Any], at: str) -> list[str]:
    calls = message.get("tool_calls")
    if calls is None:
        return []
    if not isinstance(calls, list) or not calls:
        raise bad(f"Invalid '{at}.tool_calls': empty array.", f"{at}.tool_calls", "empty_array")
    ids: list[str] = []
    for number, call in enumerate(calls):
        where = f"{at}.tool_calls[{number}]"
        kind = call.get("type") if isinstance(call, dict) else None
        inner = call.get(kind) if kind in ("function", "custom") else None
        if not isinstance(inner, dict):
            raise bad(f"Missing required parameter: '{where}.function'.", where, "missing_required_parameter")
        tool_name(inner, f"{where}.{kind}")
        if not isinstance(inner.get("arguments" if kind == "function" else "input"), str):
            raise bad(f"Invalid type for '{where}.{kind}.arguments': expected a string.", where, "invalid_type")
        call_id = call.get("id")
        if not isinstance(call_id, str) or not 0 < len(call_id) <= _LONGEST_CALL_ID:
            raise bad(
                f"Invalid '{where}.id': expected 1 to {_LONGEST_CALL_ID} characters.", where, "string_above_max_length"
            )
        if call_id in ids:
            raise bad(f"Duplicate value for 'tool_call_id' of '{call_id}' in {at}.", where)
        ids.append(call_id)
    return ids


def _check_content(message: dict[str, Any], role: str, at: str) -> None:
    content = message.get("content")
    if content is None:
        if role == "assistant" and any(message.get(key) for key in ("tool_calls", "refusal", "function_call")):
            return
        raise bad("Invalid value for 'content': expected a string, got null.", f"{at}.content")
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        raise bad(f"Invalid type for '{at}.content': expected a string or an array.", f"{at}.content", "invalid_type")
    for number, part in enumerate(content):
        where = f"{at}.content[{number}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _PART_TYPES[role]:
            allowed = ", ".join(f"'{one}'" for one in _PART_TYPES[role])
            raise bad(f"Invalid value: '{kind}'. Supported values are: {allowed}.", f"{where}.type", "invalid_value")
        if kind in _PARTS:
            _PARTS[kind](part, where)


def _check_text(part: dict[str, Any], at: str) -> None:
    if not isinstance(part.get("text"), str):
        raise bad(f"Missing required parameter: '{at}.text'.", f"{at}.text", "missing_required_parameter")


def _check_image(part: dict[str, Any], at: str) -> None:
    inner = part.get("image_url")
    url = inner.get("url") if isinstance(inner, dict) else None
    if not isinstance(url, str):
        raise bad(f"Missing required parameter: '{at}.image_url.url'.", at, "missing_required_parameter")
    if url.startswith(("http://", "https://")):
        return
    image_of(url, at)


def image_of(url: str, at: str = "image_url") -> bytes:
    """The bytes of a data URL, checked against what it claims to be."""
    match = _DATA_URL.fullmatch(url)
    if match is None:
        raise bad("Invalid image URL: expected a URL or base64-encoded data.", f"{at}.image_url.url", "invalid_value")
    try:
        data = base64.b64decode(match.group(2), validate=True)
    except binascii.Error as error:
        raise bad("Invalid base64 image_url.", f"{at}.image_url.url", "invalid_base64") from error
    if match.group(1) not in _IMAGE_TYPES or pictures.media_type(data) is None:
        message = "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
        raise bad(message + "['png', 'jpeg', 'gif', 'webp'].", at, "invalid_image_format")
    return data


def _check_file(part: dict[str, Any], at: str) -> None:
    inner = part.get("file")
    if not isinstance(inner, dict) or not (inner.get("file_id") or inner.get("file_data")):
        raise bad(f"Missing required parameter: '{at}.file.file_data'.", at, "missing_required_parameter")
    data = inner.get("file_data")
    if data is not None:
        match = _DATA_URL.fullmatch(data) if isinstance(data, str) else None
        if match is None or not isinstance(inner.get("filename"), str):
            raise bad(f"Invalid '{at}.file': expected a data URL and a filename.", at, "invalid_value")


_PARTS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "text": _check_text,
    "image_url": _check_image,
    "file": _check_file,
}
