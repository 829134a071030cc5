"""Content blocks to neutral parts, in requests and answers alike (specs/conversion.md 5.2, 6.4, 6.5, 7.2).

Each block is read one level deep; keys that no reader takes stay in `ext`, unknown blocks become `Foreign`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from msgspec import Raw

from a2a.messages import (
    CacheHint,
    Ext,
    FileRef,
    Foreign,
    Inline,
    Media,
    MediaKind,
    Opaque,
    Part,
    Reasoning,
    Source,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from a2a.protocols.claude.foreign import foreign
from a2a.protocols.media import normal_b64, true_mime
from a2a.protocols.wire import Fields, WireError, compact, dumps, items, kind_of, parse, string

Reader = Callable[[Fields, Raw], Part]


def read_content(raw: Raw | None, path: str) -> list[Part]:
    """`content` of a message or tool result: a string is one text, "" and null are nothing. Raises WireError."""
    if raw is None or kind_of(raw) == "null":
        return []
    if kind_of(raw) == "string":
        text = string(raw, path)
        return [Text(text=text)] if text else []
    return [read_block(item, f"{path}[{n}]") for n, item in enumerate(items(raw, path))]


def read_block(raw: Raw, path: str) -> Part:
    """One content block; a block with `text` and no `type` counts as text. Raises WireError."""
    fields = parse(raw, path)
    kind = "text" if fields.has("text") and not fields.has("type") else fields.need_str("type")
    reader = _READERS.get(kind)
    return foreign(kind, raw) if reader is None else reader(fields, raw)


def cache_hint(control: Fields | None) -> CacheHint | None:
    """`cache_control` of a block, tool or system text; what else it says (scope) stays in `control`."""
    if control is None:
        return None
    control.drop("type")
    return CacheHint(ttl=control.str("ttl"))


def leftover(fields: Fields, **nested: Fields | None) -> Ext | None:
    """`ext` of a node: keys nobody took, and under the name of a modelled object the keys inside it nobody took."""
    ext = dict(fields.rest() or {})
    for key, inner in nested.items():
        left = None if inner is None else inner.rest()
        if left:
            ext[key] = Raw(dumps(left))
    return ext or None


def _text(fields: Fields, raw: Raw) -> Part:
    text = fields.str("text")
    if text is None:
        raise WireError(fields.at("text"), "is required and must be a string")
    citations = fields.raw("citations")
    if citations is not None and bytes(citations) == b"[]":
        citations = None
    control = fields.obj("cache_control")
    return Text(text=text, cache=cache_hint(control), citations=citations, ext=leftover(fields, cache_control=control))


def _image(fields: Fields, raw: Raw) -> Part:
    return _media("image", fields, raw)


def _document(fields: Fields, raw: Raw) -> Part:
    return _media("document", fields, raw)


def _media(kind: MediaKind, fields: Fields, raw: Raw) -> Part:
    """`source` of type base64, url, file or text; any other source (content blocks) keeps the whole block foreign."""
    source = fields.obj("source")
    if source is None:
        raise WireError(fields.at("source"), "is required and must be an object")
    mime: str | None = None
    held: Source
    match source.need_str("type"):
        case "base64":
            data = normal_b64(source.need_str("data"), source.at("data"))
            mime, held = true_mime(source.str("media_type"), data), Inline(data)
        case "url":
            held = Url(source.need_str("url"))
        case "file":
            held = FileRef(source.need_str("file_id"), "anthropic")
        case "text":
            data = base64.b64encode(source.need_str("data").encode("utf-8", "replace")).decode()
            mime, held = source.str("media_type") or "text/plain", Inline(data)
        case _:
            return foreign(kind, raw)
    name, control = fields.str("title"), fields.obj("cache_control")
    cache = cache_hint(control)
    ext = leftover(fields, cache_control=control)
    return Media(kind=kind, source=held, mime=mime, name=name, cache=cache, ext=ext)


def _thinking(fields: Fields, raw: Raw) -> Part:
    text, signature = fields.str("thinking") or "", fields.str("signature")
    opaque = [Opaque("anthropic", "signature", signature)] if signature else []
    return Reasoning(text=text, opaque=opaque, ext=fields.rest())


def _redacted(fields: Fields, raw: Raw) -> Part:
    opaque = Opaque("anthropic", "redacted", fields.need_str("data"))
    return Reasoning(opaque=[opaque], ext=fields.rest())


def _tool_use(fields: Fields, raw: Raw) -> Part:
    control = fields.obj("cache_control")
    return ToolCall(
        id=fields.need_str("id"),
        name=fields.need_str("name"),
        args=arguments(fields),
        cache=cache_hint(control),
        ext=leftover(fields, cache_control=control),
    )


def arguments(fields: Fields) -> str:
    """`input` of a call as compact text; numbers and key order as they came. Raises WireError."""
    value = fields.raw("input")
    if value is None:
        return "{}"
    if kind_of(value) != "object":
        raise WireError(fields.at("input"), "must be an object")
    return compact(value)


def _tool_result(fields: Fields, raw: Raw) -> Part:
    control = fields.obj("cache_control")
    return ToolResult(
        call_id=fields.need_str("tool_use_id"),
        parts=_result_parts(fields),
        is_error=bool(fields.bool("is_error")),
        cache=cache_hint(control),
        ext=leftover(fields, cache_control=control),
    )


def _result_parts(fields: Fields) -> list[Text | Media | Foreign]:
    """Blocks inside a result; kinds that have no business there are kept as foreign ones."""
    content, path = fields.raw("content"), fields.at("content")
    if content is None or kind_of(content) == "string":
        text = "" if content is None else string(content, path)
        return [Text(text=text)] if text else []
    parts: list[Text | Media | Foreign] = []
    for n, item in enumerate(items(content, path)):
        part = read_block(item, f"{path}[{n}]")
        parts.append(part if isinstance(part, Text | Media | Foreign) else foreign("tool_result_content", item))
    return parts


_READERS: dict[str, Reader] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
