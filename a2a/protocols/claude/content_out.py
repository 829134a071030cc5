"""Neutral parts to content blocks of a request (specs/conversion.md 5.2, 6.4, 6.5, 7.2).

A block is a dict whose nested values are `Raw` where they came as bytes. `ext` and foreign blocks are written only for
requests that came in this very protocol.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw

from a2a.errors import RequestError
from a2a.messages import (
    CacheHint,
    Ext,
    FileRef,
    Foreign,
    Inline,
    Media,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from a2a.protocols.args import as_object
from a2a.protocols.base import Conversion
from a2a.protocols.claude.words import IMAGE_TYPES
from a2a.protocols.media import sniff
from a2a.protocols.wire import kind_of

Block = dict[str, Any]
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_NO_OUTPUT = "(no output)"
_TTLS = {None: None, "5m": "5m", "1h": "1h", "30m": "1h", "12h": "1h"}


def merge(block: Block, ext: Ext | None) -> Block:
    """Adds the unmodelled keys, also inside modelled objects, never overriding; returns `block`."""
    for key, value in (ext or {}).items():
        held = block.setdefault(key, value)
        if isinstance(held, dict) and kind_of(value) == "object":
            for inner, left in _OBJECT.decode(value).items():
                held.setdefault(inner, left)
    return block


def cache_control(hint: CacheHint) -> Block:
    """A breakpoint; lifetimes of other vendors become the longer of the two."""
    ttl = _TTLS.get(hint.ttl, "5m")
    return {"type": "ephemeral"} if ttl is None else {"type": "ephemeral", "ttl": ttl}


class BlockWriter:
    """Writes the parts of one request. `signed`: thinking is on, so signed reasoning goes back to its maker."""

    def __init__(self, req: Request, conv: Conversion, *, signed: bool) -> None:
        self._conv = conv
        self._native = req.proto == "claude"
        self._signed = signed

    def blocks(self, parts: Iterable[Part]) -> list[Block]:
        """Blocks of a message; parts that leave nothing behind are skipped. Raises RequestError."""
        return [block for part in parts if (block := self._block(part)) is not None]

    def _block(self, part: Part) -> Block | None:
        match part:
            case Text():
                return self._text(part)
            case Refusal():
                return {"type": "text", "text": part.text} if part.text else None
            case Media():
                return self._media(part)
            case Reasoning():
                return self._reasoning(part)
            case ToolCall():
                block = {
                    "type": "tool_use",
                    "id": part.id,
                    "name": part.name,
                    "input": as_object(part.args, part.custom),
                }
                return self._finish(block, part.cache, part.ext)
            case ToolResult():
                return self._tool_result(part)
            case Foreign():
                return self._foreign(part)

    def _finish(self, block: Block, cache: CacheHint | None, ext: Ext | None) -> Block:
        if cache is not None:
            block["cache_control"] = cache_control(cache)
        return merge(block, ext) if self._native else block

    def _text(self, part: Text) -> Block | None:
        if not part.text:
            return None
        block: Block = {"type": "text", "text": part.text}
        if part.citations is not None and self._native:
            block["citations"] = part.citations
        return self._finish(block, part.cache, part.ext)

    def _reasoning(self, part: Reasoning) -> Block | None:
        """Only with a token of the maker: unsigned thinking is dropped, never forged (7.2)."""
        token = next((one for one in part.opaque if one.family == "anthropic"), None)
        if token is None or not self._signed:
            why = "no signature of this vendor" if token is None else "thinking is off"
            self._conv.note("reasoning", "dropped", why)
            return None
        if token.kind == "redacted":
            block: Block = {"type": "redacted_thinking", "data": token.data}
        else:
            block = {"type": "thinking", "thinking": part.text, "signature": token.data}
        return self._finish(block, None, part.ext)

    def _tool_result(self, part: ToolResult) -> Block:
        content = self.blocks(part.parts)
        block: Block = {"type": "tool_result", "tool_use_id": part.call_id, "content": plain(content) or _NO_OUTPUT}
        if part.is_error:
            block["is_error"] = True
        return self._finish(block, part.cache, part.ext)

    def _foreign(self, part: Foreign) -> Block | None:
        if part.proto == "claude":
            return dict(_OBJECT.decode(part.raw))
        if part.as_text:
            return {"type": "text", "text": part.as_text}
        self._conv.note(part.wire_type, "dropped", "only its own protocol knows it")
        return None

    # Media

    def _media(self, part: Media) -> Block:
        if part.kind == "image":
            block = self._image(part)
        elif part.kind == "document":
            block = self._document(part)
        else:
            raise RequestError(f"{self._conv.model} takes no {part.kind} input")
        return self._finish(block, part.cache, part.ext)

    def _image(self, part: Media) -> Block:
        if not self._conv.profile.vision:
            raise RequestError(f"{self._conv.model} takes no images")
        if part.detail is not None:
            self._conv.note("image.detail", "dropped", "not a Claude setting")
        if isinstance(part.source, Inline):
            mime = part.mime or sniff(part.source.data)
            if mime not in IMAGE_TYPES:
                raise RequestError(f"{mime or 'this type'} is no image type of Claude: use jpeg, png, gif or webp")
            return {"type": "image", "source": _inline(mime, part.source.data)}
        return {"type": "image", "source": _remote(part.source)}

    def _document(self, part: Media) -> Block:
        if isinstance(part.source, Inline):
            mime = part.mime or sniff(part.source.data) or "unknown"
            if mime == "application/pdf":
                source = _inline(mime, part.source.data)
            elif mime.startswith("text/"):
                source = {"type": "text", "media_type": "text/plain", "data": _utf8(part.source.data)}
            else:
                raise RequestError(f"Claude reads PDF and plain text documents, not {mime}")
        else:
            source = _remote(part.source)
        if not self._conv.profile.documents:
            return self._document_text(part.name, source)
        return {"type": "document", "source": source, **({"title": part.name} if part.name else {})}

    def _document_text(self, name: str | None, source: Block) -> Block:
        """A plain text for a model without documents; a PDF cannot be shown to it."""
        if source["type"] != "text":
            raise RequestError(f"{self._conv.model} takes no documents")
        head = f"[document {name}]\n" if name else "[document]\n"
        return {"type": "text", "text": head + source["data"]}


def plain(blocks: list[Block]) -> str | list[Block]:
    """A single text without anything else as a string, other lists as they are."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        text: str = blocks[0]["text"]
        return text
    return blocks


def _inline(mime: str | None, data: str) -> Block:
    return {"type": "base64", "media_type": mime, "data": data}


def _remote(source: Url | FileRef) -> Block:
    if isinstance(source, Url):
        return {"type": "url", "url": source.url}
    if source.family != "anthropic":
        raise RequestError(f"file {source.id} lives at another vendor ({source.family}) and cannot be read by Claude")
    return {"type": "file", "file_id": source.id}


def _utf8(data_b64: str) -> str:
    try:
        return base64.b64decode(data_b64).decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RequestError("a text document is not UTF-8") from error
