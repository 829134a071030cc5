"""A checked chat request as a neutral view."""

from __future__ import annotations

import base64
from typing import Any

from a2a.demo.catalog import OpenAIModel
from a2a.demo.openai.history import image_of
from a2a.demo.view import Choice, Document, Picture, Tool, View
from a2a.demo.wire import dumps


def view_of(body: dict[str, Any], model: OpenAIModel) -> View:
    """The request must have passed `rules.check`."""
    messages: list[dict[str, Any]] = body["messages"]
    turn = _last_turn(messages)
    users = [message for message in turn if message["role"] == "user"]
    results = [message for message in turn if message["role"] == "tool"]
    choice, forced = _choice(body.get("tool_choice"))
    wanted = body.get("response_format") or {}
    stop = body.get("stop") or ()
    return View(
        text=text_of(users[-1]) if users else "",
        tools=_tools(body),
        results=tuple(text_of(message) for message in results),
        answered=_names_of(messages, {message["tool_call_id"] for message in results}),
        images=tuple(_picture(part) for message in users for part in _parts(message, "image_url")),
        documents=tuple(_document(part) for message in users for part in _parts(message, "file")),
        pieces=(dumps(body.get("tools") or []).decode(), *(_piece(message) for message in messages)),
        instructions="\n\n".join(text_of(one) for one in messages if one["role"] in ("system", "developer")),
        reasoning=_reasons(body, model),
        choice=choice,
        forced=forced,
        parallel=body.get("parallel_tool_calls") is not False,
        as_json=wanted.get("type") == "json_object",
        schema=wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else None,
        max_output=body.get("max_completion_tokens") or body.get("max_tokens"),
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
    )


def text_of(message: dict[str, Any]) -> str:
    """The text of a message: a string, or its text parts joined by line ends."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if part["type"] == "text")


def _last_turn(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything behind the last assistant message."""
    last = max((at for at, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
    return messages[last + 1 :]


def _parts(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    content = message.get("content")
    return [part for part in content if part["type"] == kind] if isinstance(content, list) else []


def _picture(part: dict[str, Any]) -> Picture:
    url: str = part["image_url"]["url"]
    return Picture(url=url) if url.startswith("http") else Picture(image_of(url))


def _document(part: dict[str, Any]) -> Document:
    inner = part["file"]
    if inner.get("file_id"):
        return Document(inner["file_id"], "a stored file", 0)
    head, _, data = inner["file_data"].partition(",")
    return Document(inner["filename"], head.removeprefix("data:").removesuffix(";base64"), len(base64.b64decode(data)))


def _piece(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = [part for part in content if part["type"] != "image_url"]  # counted as images, not as text
    return dumps({**message, "content": content}).decode()


def _tools(body: dict[str, Any]) -> tuple[Tool, ...]:
    allowed: set[str] | None = None
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] == "allowed_tools":
        allowed = {one[one["type"]]["name"] for one in choice["allowed_tools"]["tools"]}
    tools: list[Tool] = []
    for tool in body.get("tools") or ():
        inner = tool[tool["type"]]
        if allowed is None or inner["name"] in allowed:
            tools.append(Tool(inner["name"], inner.get("parameters") or {}, freeform=tool["type"] == "custom"))
    return tuple(tools)


def _choice(choice: Any) -> tuple[Choice, str | None]:
    if isinstance(choice, dict):
        if choice["type"] == "allowed_tools":
            return ("required" if choice["allowed_tools"].get("mode") == "required" else "auto"), None
        return "required", choice[choice["type"]]["name"]
    return choice or "auto", None


def _names_of(messages: list[dict[str, Any]], ids: set[str]) -> tuple[str, ...]:
    calls = (call for message in messages for call in message.get("tool_calls") or ())
    return tuple(call[call["type"]]["name"] for call in calls if call["id"] in ids)


def _reasons(body: dict[str, Any], model: OpenAIModel) -> bool:
    effort = body.get("reasoning_effort")
    if model.reasoning:
        return effort != "none"
    thinking = body.get("thinking")
    asked = isinstance(thinking, dict) and thinking.get("type") == "enabled"
    return model.aloud and ((effort is not None and effort != "none") or asked or bool(body.get("enable_thinking")))
