"""Neutral parts as input content of a Responses item, or a refusal to pretend (specs/conversion.md 5.2).

What the user put into the conversation and the target cannot see is a 400, never a silent removal.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable

from a2a.errors import RequestError
from a2a.messages import CacheHint, Ext, FileRef, Foreign, Inline, Media, Part, Refusal, Text, Url
from a2a.protocols.base import Conversion
from a2a.protocols.openai_parts import BREAKPOINT

JsonObject = dict[str, object]

_BREAKPOINT_TTLS = ("30m", "12h")
_TEXTUAL = ("application/json", "application/xml", "application/yaml", "application/javascript")
_AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


class PartWriter:
    """Writes parts for one upstream. `same`: the client speaks Responses too, so its own keys may go back."""

    def __init__(self, conv: Conversion, *, same: bool) -> None:
        self._conv = conv
        self._profile = conv.profile
        self._same = same

    def content(self, parts: Iterable[Part]) -> list[object]:
        """Input content parts. Raises RequestError."""
        return [written for part in parts if (written := self._part(part)) is not None]

    def accepts(self, media: Media) -> bool:
        """Whether the target can see this medium at all."""
        match media.kind:
            case "image":
                return self._profile.vision
            case "document":
                return self._profile.documents or _is_text(media)
            case "audio":
                return self._profile.audio or self._same
            case "video":
                return False

    def _part(self, part: Part) -> object | None:
        match part:
            case Text():
                return {"type": "input_text", "text": part.text, **self._decoration(part.cache, part.ext)}
            case Refusal():
                return {"type": "input_text", "text": part.text}
            case Media():
                return self._media(part)
            case Foreign():
                return self._foreign(part)
        return None

    def _foreign(self, part: Foreign) -> object | None:
        if part.proto == "responses" and self._same:
            return part.raw
        if part.as_text:
            return {"type": "input_text", "text": part.as_text}
        self._conv.note(part.wire_type or "content part", "dropped", "unknown to this upstream")
        return None

    def _media(self, media: Media) -> JsonObject:
        if not self.accepts(media):
            raise _refused(media, f"model {self._conv.model} takes no {media.kind} input")
        writers = {"image": self._image, "document": self._document, "audio": _audio}
        return {**writers[media.kind](media), **self._decoration(media.cache, media.ext)}

    def _image(self, media: Media) -> JsonObject:
        out: JsonObject = {"type": "input_image", "detail": media.detail or "auto"}
        match media.source:
            case Url(url=url):
                out["image_url"] = url
            case Inline(data=data):
                out["image_url"] = f"data:{media.mime or 'image/png'};base64,{data}"
            case FileRef():
                out["file_id"] = self._file_id(media, media.source)
        return out

    def _document(self, media: Media) -> JsonObject:
        out: JsonObject = {"type": "input_file"}
        match media.source:
            case Url(url=url):
                out["file_url"] = url
            case FileRef():
                out["file_id"] = self._file_id(media, media.source)
            case Inline(data=data) if _is_text(media) and not self._same:
                return {"type": "input_text", "text": _text_document(media, data)}
            case Inline(data=data):
                mime = media.mime or "application/pdf"
                suffix = ".pdf" if mime == "application/pdf" else ""
                out["filename"] = media.name or f"document{suffix}"
                out["file_data"] = f"data:{mime};base64,{data}"
        if media.detail is not None:
            out["detail"] = media.detail
        return out

    def _file_id(self, media: Media, source: FileRef) -> str:
        if not self._same and source.family != self._profile.family:
            raise _refused(media, f"file {source.id} lies at another vendor")
        return source.id

    def _decoration(self, cache: CacheHint | None, ext: Ext | None) -> JsonObject:
        """Keys besides the modelled ones: the client's own, and a cache breakpoint where the upstream knows one."""
        keys: JsonObject = dict(ext) if ext and self._same else {}
        if cache is None or BREAKPOINT in keys:
            return keys
        if self._profile.wire.get("cache") == BREAKPOINT:
            keys[BREAKPOINT] = {"mode": "explicit", **({"ttl": cache.ttl} if cache.ttl in _BREAKPOINT_TTLS else {})}
        else:
            self._conv.note("cache_control", "dropped", "the upstream caches on its own")
        return keys


def joined(parts: Iterable[Part], joint: str) -> str:
    """The texts among the parts as one string."""
    return joint.join(part.text for part in parts if isinstance(part, Text))


def _audio(media: Media) -> JsonObject:
    word = _AUDIO_FORMATS.get(media.mime or "")
    if not isinstance(media.source, Inline) or word is None:
        raise _refused(media, "audio must be inline, as wav or mp3")
    return {"type": "input_audio", "input_audio": {"data": media.source.data, "format": word}}


def _refused(media: Media, why: str) -> RequestError:
    return RequestError(f"{media.kind} input: {why}", param="input")


def _is_text(media: Media) -> bool:
    mime = media.mime or ""
    return isinstance(media.source, Inline) and (mime.startswith("text/") or mime in _TEXTUAL)


def _text_document(media: Media, data: str) -> str:
    """A text file with a header line, as every model can read it."""
    text = b64decode(data).decode("utf-8", "replace")
    return f"[document: {media.name or media.mime}]\n{text}"
