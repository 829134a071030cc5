"""Neutral parts to parts of a content, for requests and answers alike (specs/conversion.md 5.2, 6.4, 6.5, 7.2).

A part is a dict whose nested values are `Raw` where they came as bytes. `ext` and foreign parts are written only where
the whole came in this very protocol.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from a2a.messages import Ext, FileRef, Foreign, Inline, Media, Opaque, Text, ToolCall, ToolResult, Url
from a2a.protocols.args import as_object
from a2a.protocols.gemini.objects import JsonObject, merge
from a2a.protocols.gemini.signature import client_token
from a2a.protocols.gemini.words import DETAIL_OUT
from a2a.protocols.media import sniff
from a2a.protocols.wire import compact, kind_of

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_UNKNOWN_TYPE = "application/octet-stream"
_ENVELOPES = ({"output"}, {"result"}, {"error"})


def text_part(text: str, opaque: list[Opaque], ext: Ext | None = None, *, thought: bool = False) -> JsonObject:
    """`{text}`, as a thought with `thought: true`, with its signature."""
    part: JsonObject = {"text": text}
    if thought:
        part["thought"] = True
    return merge(signed(part, opaque), ext)


def signed(part: JsonObject, opaque: list[Opaque]) -> JsonObject:
    """The part with the token its reader can send back, if it has one."""
    token = client_token(opaque)
    if token is not None:
        part["thoughtSignature"] = token
    return part


def call_part(call: ToolCall, args: Raw, ext: Ext | None = None) -> JsonObject:
    """`functionCall`, whole; without an id where the call has none."""
    inside: JsonObject = {"id": call.id} if call.id else {}
    inside |= {"name": call.name, "args": args}
    return merge(signed({"functionCall": inside}, call.opaque), ext)


def history_args(call: ToolCall) -> Raw:
    """Arguments of a call in the history; unusable ones are kept as `{"_raw": …}`."""
    return as_object(call.args, call.custom)


def media_part(media: Media, ext: Ext | None = None, *, named: bool = False, detailed: bool = False) -> JsonObject:
    """`inlineData` or `fileData`. `named`: with the display name, `detailed`: with the resolution wanted; only some of
    Google's services and models take them.
    """
    match media.source:
        case Inline(data=data):
            held: JsonObject = {"mimeType": media.mime or sniff(data) or _UNKNOWN_TYPE, "data": data}
            key = "inlineData"
        case Url(url=uri) | FileRef(id=uri):
            held = {"mimeType": media.mime} if media.mime else {}
            held["fileUri"] = uri
            key = "fileData"
    if named and media.name is not None:
        held["displayName"] = media.name
    part: JsonObject = {key: held}
    level = DETAIL_OUT.get(media.detail or "")
    if detailed and level is not None:
        part["mediaResolution"] = {"level": level}
    return merge(part, ext)


def foreign_part(part: Foreign) -> JsonObject | None:
    """The part of this protocol as it came, else its readable side."""
    if part.proto == "gemini":
        return dict(_OBJECT.decode(part.raw))
    return {"text": part.as_text} if part.as_text else None


def result_response(result: ToolResult, *, native: bool) -> JsonObject | Raw:
    """`{"output": …}` or `{"error": …}` with the texts of the result.

    `native`: a Gemini client's own JSON object goes back as the object it was. It was read as compact JSON; text that
    is written in another way was a string.
    """
    told = [_words(part) for part in result.parts]
    text = "\n".join(piece for piece in told if piece)
    if result.is_error:
        return {"error": text}
    if native and text[:1] == "{" and (value := _object(text)) is not None:
        return value
    return {"output": text}


def _words(part: Text | Media | Foreign) -> str | None:
    match part:
        case Text():
            return part.text
        case Foreign():
            return part.as_text
        case Media():
            return None


def _object(text: str) -> Raw | None:
    """Compact text as a JSON object, unless it would be taken for another envelope."""
    try:
        raw = Raw(text.encode())
        keys = _OBJECT.decode(raw).keys()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    own = kind_of(raw) == "object" and keys not in _ENVELOPES and compact(raw) == text
    return raw if own else None
