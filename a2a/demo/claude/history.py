"""What the Messages API refuses inside `messages`: order, pairing, blocks, images, signatures. All raise `Refusal`."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Callable
from typing import Any

from a2a.demo import pictures
from a2a.demo.catalog import ClaudeModel, words
from a2a.demo.claude.errors import bad
from a2a.demo.signature import genuine, genuine_redacted

_ID = re.compile(r"[a-zA-Z0-9_-]+")
_IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_MOST_IMAGE_CHARS = 5 * 1024 * 1024

_BLOCKS: dict[str, frozenset[str]] = {
    "user": words("text image document tool_result search_result container_upload tool_reference mid_conv_system"),
    "assistant": words(
        "text thinking redacted_thinking tool_use server_tool_use web_search_tool_result web_fetch_tool_result "
        "code_execution_tool_result bash_code_execution_tool_result text_editor_code_execution_tool_result "
        "tool_search_tool_result mcp_tool_use mcp_tool_result container_upload compaction document"
    ),
    "system": frozenset({"text"}),
}


def merged(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours of the same role become one message, strings become text blocks."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
        if turns and turns[-1]["role"] == message["role"]:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": message["role"], "content": blocks})
    return turns


def check_messages(body: dict[str, Any], model: ClaudeModel, version: str) -> None:
    """Every rule on the history."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise bad("messages: Field required")
    if not messages:
        raise bad("messages: at least one message is required")
    for number, message in enumerate(messages):
        _check_message(message, number, last=number == len(messages) - 1, model=model, version=version)
    if messages[0]["role"] != "user":
        raise bad('messages: first message must use the "user" role')
    for before, message in itertools.pairwise(messages):
        if message["role"] == "system" and before["role"] == "assistant":
            raise bad("messages: a message of role 'system' must follow a user turn")
    _check_end(messages[-1], model)
    _check_pairs([turn for turn in merged(messages) if turn["role"] != "system"])
    if (body.get("thinking") or {}).get("type") == "enabled":
        _check_loop(merged(messages))


def _check_message(message: Any, number: int, *, last: bool, model: ClaudeModel, version: str) -> None:
    at = f"messages.{number}"
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _BLOCKS or (role == "system" and not model.system_mid):
        raise bad(f"{at}.role: Input should be 'user' or 'assistant'")
    if extra := set(message) - {"role", "content"}:
        raise bad(f"{at}.{min(extra)}: Extra inputs are not permitted")
    content = message.get("content")
    if content is None:
        raise bad(f"{at}.content: Field required")
    if not isinstance(content, str | list):
        raise bad(f"{at}.content: Input should be a valid string or list")
    if not content and not (last and role == "assistant"):
        raise bad(f"{at}: all messages must have non-empty content except for the optional final assistant message")
    if isinstance(content, str):
        if content and not content.strip():
            raise bad("messages: text content blocks must contain non-whitespace text")
        return
    for index, block in enumerate(content):
        _check_block(block, role, f"{at}.content.{index}", version)


def _check_block(block: Any, role: str, at: str, version: str) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in _BLOCKS[role]:
        raise bad(f"{at}: Input tag '{kind}' found using 'type' does not match any of the expected tags")
    if kind == "document" and role == "assistant" and version >= "2026-10-21":
        raise bad(f"{at}: document blocks are not allowed in assistant messages")
    if kind == "text" and role == "user" and version >= "2026-10-21" and block.get("citations"):
        raise bad(f"{at}.citations: not allowed on user text")
    if kind in _CHECKS:
        _CHECKS[kind](block, at)


def _check_text(block: dict[str, Any], at: str) -> None:
    text = block.get("text")
    if not isinstance(text, str):
        raise bad(f"{at}.text.text: Field required")
    if not text:
        raise bad("messages: text content blocks must be non-empty")
    if not text.strip():
        raise bad("messages: text content blocks must contain non-whitespace text")
    if extra := set(block) - {"type", "text", "cache_control", "citations"}:
        raise bad(f"{at}.text.{min(extra)}: Extra inputs are not permitted")


def image_bytes(block: dict[str, Any], at: str = "image") -> bytes:
    """The bytes of a base64 image block, checked."""
    source = block.get("source") or {}
    if source.get("media_type") not in _IMAGE_TYPES:
        raise bad(
            f"{at}.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or "
            "'image/webp'"
        )
    data = _decoded(source.get("data"), f"{at}.image.source.base64")
    if len(source["data"]) > _MOST_IMAGE_CHARS:
        raise bad(
            f"{at}.image.source.base64: image exceeds 5 MB maximum: {len(source['data'])} bytes > "
            f"{_MOST_IMAGE_CHARS} bytes"
        )
    actual = pictures.media_type(data)
    if actual is None:
        raise bad(f"{at}.image.source.base64.data: Could not process image")
    if actual != source["media_type"]:
        raise bad(
            f"{at}.image.source.base64.data: The image was specified using the {source['media_type']} media type, "
            f"but the image appears to be a {actual} image"
        )
    return data


def _decoded(data: Any, at: str) -> bytes:
    if not isinstance(data, str):
        raise bad(f"{at}.data: Field required")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise bad(f"{at}.data: invalid base64 data") from error


def _check_image(block: dict[str, Any], at: str) -> None:
    source = block.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    if kind == "base64":
        image_bytes(block, at)
    elif kind == "url":
        if not str(source.get("url", "")).startswith("https://"):  # type: ignore[union-attr]
            raise bad(f"{at}.image.source.url.url: Only HTTPS URLs are supported.")
    elif kind != "file":
        raise bad(f"{at}.image.source: Input tag '{kind}' does not match any of the expected tags")


def _check_document(block: dict[str, Any], at: str) -> None:
    source = block.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    if kind not in ("base64", "text", "url", "file", "content"):
        raise bad(f"{at}.document.source: Input tag '{kind}' does not match any of the expected tags")
    if kind == "base64":
        if source["media_type"] != "application/pdf":  # type: ignore[index]
            raise bad(f"{at}.document.source.base64.media_type: Input should be 'application/pdf'")
        if not _decoded(source.get("data"), f"{at}.document.source.base64").startswith(b"%PDF-"):  # type: ignore[union-attr]
            raise bad(f"{at}.document.source.base64.data: The PDF specified was not valid.")


def _check_thinking(block: dict[str, Any], at: str) -> None:
    text, signature = block.get("thinking"), block.get("signature")
    if not isinstance(text, str):
        raise bad(f"{at}.thinking.thinking: Field required")
    if not isinstance(signature, str):
        raise bad(f"{at}.thinking.signature: Field required")
    if not genuine("claude", signature, text):
        raise bad(f"{at}: Invalid `signature` in `thinking` block")


def _check_redacted(block: dict[str, Any], at: str) -> None:
    if not genuine_redacted("claude", str(block.get("data"))):
        raise bad(f"{at}: Invalid `data` in `redacted_thinking` block")


def _check_tool_use(block: dict[str, Any], at: str) -> None:
    if not isinstance(block.get("id"), str) or _ID.fullmatch(block["id"]) is None:
        raise bad(f"{at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if not isinstance(block.get("name"), str) or not 1 <= len(block["name"]) <= 200:
        raise bad(f"{at}.tool_use.name: String should have between 1 and 200 characters")
    if not isinstance(block.get("input"), dict):
        raise bad(f"{at}.tool_use.input: Input should be a valid dictionary")


def _check_tool_result(block: dict[str, Any], at: str) -> None:
    if not isinstance(block.get("tool_use_id"), str):
        raise bad(f"{at}.tool_result.tool_use_id: Field required")
    if extra := set(block) - {"type", "tool_use_id", "content", "is_error", "cache_control"}:
        raise bad(f"{at}.tool_result.{min(extra)}: Extra inputs are not permitted")
    content = block.get("content")
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        raise bad(f"{at}.tool_result.content: Input should be a valid string or list")
    for index, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        where = f"{at}.tool_result.content.{index}"
        if kind not in ("text", "image", "document", "search_result", "tool_reference"):
            raise bad(f"{where}: Input tag '{kind}' does not match any of the expected tags")
        if kind in _CHECKS:
            _CHECKS[kind](part, where)


_CHECKS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "text": _check_text,
    "image": _check_image,
    "document": _check_document,
    "thinking": _check_thinking,
    "redacted_thinking": _check_redacted,
    "tool_use": _check_tool_use,
    "tool_result": _check_tool_result,
}


def _check_end(last: dict[str, Any], model: ClaudeModel) -> None:
    if last["role"] != "assistant":
        return
    if not model.prefill:
        raise bad(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    content = last["content"]
    text = content if isinstance(content, str) else (content[-1].get("text") or "") if content else ""
    if text != text.rstrip():
        raise bad("messages: final assistant content cannot end with trailing whitespace")


def _check_pairs(turns: list[dict[str, Any]]) -> None:
    """Each tool_use is answered at the start of the very next turn; nothing else is."""
    asked: list[str] = []
    seen: set[str] = set()
    for number, turn in enumerate(turns):
        results: list[str] = []
        leading = True
        for index, block in enumerate(turn["content"]):
            if block["type"] != "tool_result":
                leading = False
                continue
            call = block["tool_use_id"]
            if call not in asked:
                raise bad(
                    f"messages.{number}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{call}. Each `tool_result` block must have a corresponding `tool_use` block in the previous "
                    "message."
                )
            if call in results:
                raise bad(
                    f"messages.{number}.content.{index}: each tool_use must have a single result. "
                    f"Found multiple: {call}"
                )
            if leading:
                results.append(call)
        missing = [call for call in asked if call not in results]
        if missing:
            raise _unanswered(number - 1, missing)
        asked = [block["id"] for block in turn["content"] if block["type"] == "tool_use"]
        if len(set(asked)) < len(asked) or seen & set(asked):
            raise bad("messages: `tool_use` ids must be unique")
        seen.update(asked)
    if asked:
        raise _unanswered(len(turns) - 1, asked)


def _unanswered(number: int, missing: list[str]) -> Exception:
    return bad(
        f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
        "message."
    )


def _check_loop(turns: list[dict[str, Any]]) -> None:
    """With manual thinking, the assistant turn of a running tool loop must start with its thinking."""
    if len(turns) < 2 or not any(block["type"] == "tool_result" for block in turns[-1]["content"]):
        return
    before = next((turn for turn in reversed(turns[:-1]) if turn["role"] == "assistant"), None)
    kind = before["content"][0]["type"] if before and before["content"] else "thinking"
    if kind not in ("thinking", "redacted_thinking"):
        raise bad(
            f"messages.{len(turns) - 2}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            f"`{kind}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block."
        )
