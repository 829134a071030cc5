"""A checked Responses request as a neutral view."""

from __future__ import annotations

from typing import Any

from a2a.demo.openai.history import image_of
from a2a.demo.prompt import spoken
from a2a.demo.responses.parts import file_bytes
from a2a.demo.responses.rules import Checked
from a2a.demo.responses.state import Items
from a2a.demo.view import Choice, Document, Picture, Tool, View
from a2a.demo.wire import dumps

_WRITTEN = ("function_call", "custom_tool_call", "reasoning")
_RESULTS = ("function_call_output", "custom_tool_call_output")


def view_of(body: dict[str, Any], checked: Checked) -> View:
    """The request must have passed `rules.check` or `rules.check_count`."""
    turn = _last_turn(checked.history)
    users = [item for item in turn if item.get("role") == "user"]
    results = [item for item in turn if item["type"] in _RESULTS]
    brought = [*users, *results]
    choice, forced = _choice(body.get("tool_choice"))
    shape = (body.get("text") or {}).get("format") or {}
    return View(
        text=_prompt(users),
        tools=_tools(checked, body.get("tool_choice")),
        results=tuple(_text(item["output"]) for item in results),
        answered=_names_of(checked.history, {item["call_id"] for item in results}),
        images=tuple(_picture(part) for item in brought for part in _parts(item, "input_image")),
        documents=tuple(_document(part) for item in brought for part in _parts(item, "input_file")),
        pieces=_pieces(body, checked),
        instructions="\n\n".join(_system(body, checked.history)),
        reasoning=_reasons(body, checked),
        choice=choice,
        forced=forced,
        parallel=body.get("parallel_tool_calls") is not False,
        as_json=shape.get("type") == "json_object",
        schema=shape["schema"] if shape.get("type") == "json_schema" else None,
        max_output=body.get("max_output_tokens"),
    )


def _last_turn(history: Items) -> Items:
    """Everything behind the last item that the model wrote."""
    written = (at for at, item in enumerate(history) if item["type"] in _WRITTEN or item.get("role") == "assistant")
    return history[max(written, default=-1) + 1 :]


def _prompt(users: Items) -> str:
    """The last message that is more than an agent's reminders."""
    texts = [spoken(_text(item["content"])) for item in users]
    return next((text for text in reversed(texts) if text), "")


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if part["type"] in ("input_text", "output_text"))


def _system(body: dict[str, Any], history: Items) -> list[str]:
    said = [body.get("instructions") or ""]
    said += [
        _text(item["content"]) for item in history if item.get("role") in ("system", "developer") and "content" in item
    ]
    return [text for text in said if text]


def _parts(item: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    content = item.get("content", item.get("output"))
    return [part for part in content if part["type"] == kind] if isinstance(content, list) else []


def _picture(part: dict[str, Any]) -> Picture:
    url = part.get("image_url")
    if isinstance(url, str) and url.startswith("data:"):
        return Picture(image_of(url))
    return Picture(url=url or part["file_id"])


def _document(part: dict[str, Any]) -> Document:
    if part.get("file_data"):
        kind, data = file_bytes(part)
        return Document(part["filename"], kind, len(data))
    return Document(part.get("filename") or part.get("file_url") or part["file_id"], "a file elsewhere", 0)


def _pieces(body: dict[str, Any], checked: Checked) -> tuple[str, ...]:
    """The prompt in order, image data left out: images have a price of their own."""
    tools = body.get("tools")
    head = [dumps(tools).decode() if tools else "", body.get("instructions") or ""]
    return tuple(piece for piece in [*head, *(dumps(_light(item)).decode() for item in checked.history)] if piece)


def _light(item: dict[str, Any]) -> dict[str, Any]:
    light = {key: value for key, value in item.items() if key not in ("id", "status", "encrypted_content")}
    for key in ("content", "output"):
        if isinstance(light.get(key), list):
            light[key] = [part for part in light[key] if part["type"] != "input_image"]
    return light


def _tools(checked: Checked, choice: Any) -> tuple[Tool, ...]:
    allowed: set[str] | None = None
    if isinstance(choice, dict) and choice["type"] == "allowed_tools":
        allowed = {one.get("name") for one in choice["tools"]}
    return tuple(
        Tool(tool.name, tool.schema, freeform=tool.kind == "custom")
        for tool in checked.tools
        if allowed is None or tool.name in allowed
    )


def _choice(choice: Any) -> tuple[Choice, str | None]:
    if not isinstance(choice, dict):
        return choice or "auto", None
    if choice["type"] == "allowed_tools":
        return ("required" if choice["mode"] == "required" else "auto"), None
    if choice["type"] in ("function", "custom"):
        return "required", choice["name"]
    return "auto", None  # a tool the platform would run: the demo model answers without it


def _names_of(history: Items, ids: set[str]) -> tuple[str, ...]:
    calls = (item for item in history if item["type"] in ("function_call", "custom_tool_call"))
    return tuple(item["name"] for item in calls if item["call_id"] in ids)


def _reasons(body: dict[str, Any], checked: Checked) -> bool:
    effort = (body.get("reasoning") or {}).get("effort")
    return effort != "none" if checked.model.reasoning else checked.model.aloud and effort not in (None, "none")
