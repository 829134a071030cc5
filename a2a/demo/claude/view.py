"""A checked Messages request as a neutral view."""

from __future__ import annotations

import base64
from typing import Any

from a2a.demo.claude.history import image_bytes, merged
from a2a.demo.prompt import spoken
from a2a.demo.view import Choice, Document, Picture, Tool, View
from a2a.demo.wire import dumps

Blocks = list[dict[str, Any]]


def view_of(body: dict[str, Any]) -> View:
    """The request must have passed `rules.check`."""
    turns = [turn for turn in merged(body["messages"]) if turn["role"] != "system"]
    current: Blocks = turns[-1]["content"] if turns[-1]["role"] == "user" else []
    results = [block for block in current if block["type"] == "tool_result"]
    flat = [part for block in current for part in (block, *_inner(block))]
    choice, forced = _choice(body.get("tool_choice"))
    config = body.get("output_config") or {}
    wanted = config.get("format") or body.get("output_format")
    return View(
        text=_prompt(current),
        tools=tuple(Tool(tool["name"], tool.get("input_schema") or {}) for tool in body.get("tools") or ()),
        results=tuple(_result(block) for block in results),
        answered=_answered(turns, {block["tool_use_id"] for block in results}),
        images=tuple(_picture(block) for block in flat if block["type"] == "image"),
        documents=tuple(_document(block) for block in flat if block["type"] == "document"),
        pieces=pieces_of(body),
        instructions=_system(body.get("system")),
        reasoning=(body.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
        choice=choice,
        forced=forced,
        parallel=not (body.get("tool_choice") or {}).get("disable_parallel_tool_use"),
        schema=wanted["schema"] if wanted else None,
        max_output=body.get("max_tokens"),
        stops=tuple(body.get("stop_sequences") or ()),
    )


def pieces_of(body: dict[str, Any]) -> tuple[str, ...]:
    """The prompt in the order it is read, image data left out (images have a price of their own)."""
    pieces = [dumps(tool).decode() for tool in body.get("tools") or ()]
    pieces.append(_system(body.get("system")))
    for turn in merged(body["messages"]):
        pieces += [dumps(_light(block)).decode() for block in turn["content"]]
    return tuple(piece for piece in pieces if piece)


def marked(body: dict[str, Any]) -> bool:
    """Whether the request sets cache hints: without them nothing is cached."""
    return b'"cache_control"' in dumps(body)


def _light(block: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in block.items() if key not in ("cache_control", "source")}
    if isinstance(kept.get("content"), list):
        kept["content"] = [_light(part) for part in kept["content"] if isinstance(part, dict)]
    return kept


def _inner(block: dict[str, Any]) -> Blocks:
    content = block.get("content") if block["type"] == "tool_result" else None
    return content if isinstance(content, list) else []


def _prompt(blocks: Blocks) -> str:
    """What the user really said: coding agents put reminders into blocks of their own."""
    texts = [spoken(block["text"]) for block in blocks if block["type"] == "text"]
    return "\n".join(text for text in texts if text)


def _result(block: dict[str, Any]) -> str:
    content = block.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if part["type"] == "text")


def _answered(turns: list[dict[str, Any]], ids: set[str]) -> tuple[str, ...]:
    calls = (block for turn in turns for block in turn["content"] if block["type"] == "tool_use")
    return tuple(call["name"] for call in calls if call["id"] in ids)


def _picture(block: dict[str, Any]) -> Picture:
    source = block["source"]
    if source["type"] == "base64":
        return Picture(image_bytes(block))
    return Picture(url=source.get("url") or source.get("file_id"))


def _document(block: dict[str, Any]) -> Document:
    source, title = block["source"], block.get("title") or "without a title"
    if source["type"] == "base64":
        return Document(title, source["media_type"], len(base64.b64decode(source["data"])))
    if source["type"] == "text":
        return Document(title, source.get("media_type", "text/plain"), len(source.get("data", "").encode()))
    return Document(title, f"a document by {source['type']}", 0)


def _system(system: Any) -> str:
    return system if isinstance(system, str) else "\n\n".join(block["text"] for block in system or ())


def _choice(choice: Any) -> tuple[Choice, str | None]:
    if choice is None:
        return "auto", None
    words: dict[str, Choice] = {"auto": "auto", "none": "none", "any": "required", "tool": "required"}
    return words[choice["type"]], choice.get("name")
