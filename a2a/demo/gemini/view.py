"""A checked Gemini request as a neutral view."""

from __future__ import annotations

from typing import Any

from a2a.demo.gemini.contents import parts_of, role_of
from a2a.demo.gemini.models import GeminiModel
from a2a.demo.gemini.proto import decode_bytes
from a2a.demo.prompt import spoken
from a2a.demo.view import Choice, Document, Picture, Tool, View
from a2a.demo.wire import dumps

_UNPACKED = ("output", "result")
_LOWER = {"OBJECT", "ARRAY", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "NULL"}


def view_of(request: dict[str, Any], model: GeminiModel) -> View:
    """The request must have passed `rules.check`."""
    contents = request["contents"]
    turn = _last_turn(contents)
    responses = [one for content in turn for one in parts_of(content, "functionResponse")]
    blobs = [blob for content in turn for blob in parts_of(content, "inlineData")]
    blobs += [blob for response in responses for blob in parts_of(response, "inlineData")]
    files = [one for content in turn for one in parts_of(content, "fileData")]
    config = request.get("generationConfig") or {}
    choice, forced = _choice(request)
    return View(
        text=_prompt(turn),
        tools=_tools(request),
        results=tuple(_result(response) for response in responses),
        answered=tuple(response["name"] for response in responses),
        images=tuple(Picture(decode_bytes(blob["data"])) for blob in blobs if _is_image(blob)),
        documents=tuple(_document(blob) for blob in blobs if not _is_image(blob))
        + tuple(Document(one["fileUri"], one.get("mimeType", "a file elsewhere"), 0) for one in files),
        pieces=pieces_of(request),
        instructions=_system(request),
        reasoning=_thinks(config.get("thinkingConfig") or {}, model),
        choice=choice,
        forced=forced,
        as_json=config.get("responseMimeType") == "application/json",
        schema=_schema(config),
        max_output=config.get("maxOutputTokens"),
        stops=tuple(config.get("stopSequences") or ()),
    )


def pieces_of(request: dict[str, Any]) -> tuple[str, ...]:
    """The prompt in the order it is read, media left out: they have a price of their own."""
    pieces = [dumps(request["tools"]).decode()] if request.get("tools") else []
    pieces.append(_system(request))
    for content in request.get("contents") or ():
        pieces += [dumps(_light(part)).decode() for part in content.get("parts") or ()]
    return tuple(piece for piece in pieces if piece)


def _light(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in ("inlineData", "thoughtSignature")}


def _last_turn(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = max((at for at, content in enumerate(contents) if role_of(content) == "model"), default=-1)
    return contents[last + 1 :]


def _prompt(turn: list[dict[str, Any]]) -> str:
    texts = [spoken("\n".join(parts_of(content, "text"))) for content in turn]
    return next((text for text in reversed(texts) if text), "")


def _result(response: dict[str, Any]) -> str:
    """What a tool said: the one value of an ordinary response, else the object as JSON."""
    inner: dict[str, Any] = response["response"]
    if len(inner) == 1:
        key, value = next(iter(inner.items()))
        if key in _UNPACKED:
            return value if isinstance(value, str) else dumps(value).decode()
        if key == "error":
            return f"[error] {value if isinstance(value, str) else dumps(value).decode()}"
    return dumps(inner).decode()


def _is_image(blob: dict[str, Any]) -> bool:
    return str(blob["mimeType"]).startswith("image/")


def _document(blob: dict[str, Any]) -> Document:
    return Document(blob.get("displayName") or "without a title", blob["mimeType"], len(decode_bytes(blob["data"])))


def _system(request: dict[str, Any]) -> str:
    return "\n\n".join(parts_of(request.get("systemInstruction") or {}, "text"))


def _tools(request: dict[str, Any]) -> tuple[Tool, ...]:
    allowed = _calling(request).get("allowedFunctionNames")
    declared = [one for tool in request.get("tools") or () for one in tool.get("functionDeclarations") or ()]
    return tuple(
        Tool(one["name"], one.get("parametersJsonSchema") or _plain(one.get("parameters") or {}))
        for one in declared
        if not allowed or one["name"] in allowed
    )


def _calling(request: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = (request.get("toolConfig") or {}).get("functionCallingConfig") or {}
    return config


def _choice(request: dict[str, Any]) -> tuple[Choice, str | None]:
    calling = _calling(request)
    allowed = calling.get("allowedFunctionNames") or []
    if calling.get("mode") == "ANY":
        return "required", allowed[0] if len(allowed) == 1 else None
    return ("none" if calling.get("mode") == "NONE" else "auto"), None


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A `Schema` message as JSON schema: lower-case types, `nullable` as a second type."""
    made = dict(schema)
    kind = made.get("type")
    if kind in _LOWER:
        made["type"] = [kind.lower(), "null"] if made.pop("nullable", False) else kind.lower()
    for key in ("items",):
        if key in made:
            made[key] = _plain(made[key])
    if "properties" in made:
        made["properties"] = {name: _plain(sub) for name, sub in made["properties"].items()}
    if "anyOf" in made:
        made["anyOf"] = [_plain(sub) for sub in made["anyOf"]]
    return made


def _schema(config: dict[str, Any]) -> dict[str, Any] | None:
    if config.get("responseMimeType") != "application/json":
        return None
    plain: dict[str, Any] | None = config.get("responseJsonSchema")
    if plain is None and config.get("responseSchema") is not None:
        return _plain(config["responseSchema"])
    return plain


def _thinks(config: dict[str, Any], model: GeminiModel) -> bool:
    if model.budget is None:
        return False
    budget = config.get("thinkingBudget")
    if budget is not None:
        return bool(budget) or not model.can_be_off
    return model.thinks or bool(config.get("thinkingLevel"))
