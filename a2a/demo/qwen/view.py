"""A checked request of the DashScope dialect as a neutral view."""

from __future__ import annotations

from typing import Any

from a2a.demo.openai.history import image_of
from a2a.demo.prompt import spoken
from a2a.demo.qwen.models import QwenModel
from a2a.demo.qwen.rules import thinks
from a2a.demo.view import Choice, Picture, Tool, View
from a2a.demo.wire import dumps


def view_of(body: dict[str, Any], model: QwenModel) -> View:
    """The request must have passed `rules.check`."""
    messages: list[dict[str, Any]] = body["messages"]
    turn = _last_turn(messages)
    users = [message for message in turn if message["role"] == "user"]
    results = [message for message in turn if message["role"] == "tool"]
    choice, forced = _choice(body.get("tool_choice"))
    wanted, stop = body.get("response_format") or {}, body.get("stop") or ()
    return View(
        text=_prompt(users),
        tools=tuple(_tool(tool["function"]) for tool in body.get("tools") or ()),
        results=tuple(_text(message) for message in results),
        answered=_names_of(messages, {message["tool_call_id"] for message in results}),
        images=tuple(_picture(part) for message in users for part in _images(message)),
        pieces=(dumps(body.get("tools") or []).decode(), *(_piece(message) for message in messages)),
        instructions="\n\n".join(_text(one) for one in messages if one["role"] == "system"),
        reasoning=thinks(body, model),
        choice=choice,
        forced=forced,
        parallel=body.get("parallel_tool_calls") is not False,
        as_json=wanted.get("type") == "json_object",
        schema=wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else None,
        max_output=body.get("max_tokens") or body.get("max_completion_tokens"),
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
    )


def _last_turn(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = max((at for at, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
    return messages[last + 1 :]


def _prompt(users: list[dict[str, Any]]) -> str:
    """The last message that is more than an agent's reminders."""
    texts = [spoken(_text(message)) for message in users]
    return next((text for text in reversed(texts) if text), "")


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if part["type"] == "text")


def _images(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return [part for part in content if part["type"] == "image_url"] if isinstance(content, list) else []


def _picture(part: dict[str, Any]) -> Picture:
    url: str = part["image_url"]["url"]
    return Picture(url=url) if url.startswith("http") else Picture(image_of(url))


def _piece(message: dict[str, Any]) -> str:
    return dumps({"text": _text(message), "calls": message.get("tool_calls")}).decode()


def _tool(inner: dict[str, Any]) -> Tool:
    return Tool(inner["name"], inner.get("parameters") or {})


def _choice(choice: Any) -> tuple[Choice, str | None]:
    return ("required", choice["function"]["name"]) if isinstance(choice, dict) else (choice or "auto", None)


def _names_of(messages: list[dict[str, Any]], ids: set[str]) -> tuple[str, ...]:
    calls = (call for message in messages for call in message.get("tool_calls") or ())
    return tuple(call["function"]["name"] for call in calls if call["id"] in ids)
