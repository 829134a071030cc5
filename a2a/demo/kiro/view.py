"""A checked conversation state as a neutral view."""

from __future__ import annotations

import re
from typing import Any

from a2a.demo.catalog import KiroModel
from a2a.demo.kiro.media import document_bytes, image_bytes
from a2a.demo.kiro.rules import results_of, tools_of
from a2a.demo.view import Document, Picture, Tool, View
from a2a.demo.wire import dumps

_FILLERS = ("Tool results provided.", "Continue", " ")
"""Texts that stand where a user said nothing (specs/kiro.md 6.5)."""

_TAG = re.compile(r"<thinking_mode>(?:enabled|adaptive)</thinking_mode>")


def view_of(body: dict[str, Any], model: KiroModel, *, legacy: bool) -> View:
    """The request must have passed `rules.check`."""
    conversation = body["conversationState"]
    history: list[dict[str, Any]] = conversation.get("history") or []
    current = conversation["currentMessage"]["userInputMessage"]
    system = history[0]["userInputMessage"]["content"] if history else ""
    results = results_of(current)
    text = current["content"]
    return View(
        text="" if text in _FILLERS else text,
        tools=tuple(Tool(tool["name"], tool["inputSchema"]["json"]) for tool in tools_of(current)),
        results=tuple(_result(result) for result in results),
        answered=_answered(history, {result["toolUseId"] for result in results}),
        images=tuple(Picture(image_bytes(image)) for image in current.get("images") or ()),
        documents=tuple(_document(one) for one in current.get("documents") or ()),
        pieces=(dumps(tools_of(current)).decode(), *(_piece(entry) for entry in history), _piece(current)),
        instructions=system,
        reasoning=tagged(body) or (not legacy and _native(body.get("additionalModelRequestFields") or {}, model)),
        max_output=(body.get("additionalModelRequestFields") or {}).get("max_tokens"),
    )


def tagged(body: dict[str, Any]) -> bool:
    """Whether thinking was switched on by tags in the system text: it then comes as `<thinking>` in the text."""
    conversation = body["conversationState"]
    first = (conversation.get("history") or [conversation["currentMessage"]])[0]
    return _TAG.search((first.get("userInputMessage") or {}).get("content") or "") is not None


def _native(fields: dict[str, Any], model: KiroModel) -> bool:
    if model.family == "gpt":
        return "reasoning" in fields
    thinking = fields.get("thinking") or {}
    wanted = model.always_thinks or thinking.get("type") == "adaptive" or "output_config" in fields
    return (
        wanted and thinking.get("type") != "disabled" and (not model.display or thinking.get("display") == "summarized")
    )


def _piece(entry: dict[str, Any]) -> str:
    message = entry.get("userInputMessage") or entry.get("assistantResponseMessage") or entry
    light = {key: value for key, value in message.items() if key not in ("images", "documents")}
    if "userInputMessageContext" in light:
        light["userInputMessageContext"] = {"toolResults": results_of(message)}
    return dumps(light).decode()


def _result(result: dict[str, Any]) -> str:
    parts = result["content"]
    return "\n".join(part["text"] if "text" in part else dumps(part["json"]).decode() for part in parts)


def _answered(history: list[dict[str, Any]], ids: set[str]) -> tuple[str, ...]:
    uses = (use for entry in history for use in (entry.get("assistantResponseMessage") or {}).get("toolUses") or ())
    return tuple(use["name"] for use in uses if use["toolUseId"] in ids)


def _document(document: dict[str, Any]) -> Document:
    return Document(document["name"], document["format"], len(document_bytes(document)))
