"""Neutral parts as content parts of a Chat message, or a refusal to pretend (specs/conversion.md 5.2).

What the user put into the conversation and the target cannot see is a 400, never a silent removal.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Sequence

from a2a.errors import RequestError
from a2a.messages import CacheHint, Ext, FileRef, Foreign, Inline, Media, Part, Refusal, Text, Url
from a2a.protocols.base import Conversion, Profile
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
    """Writes parts for one upstream. `same`: the client speaks Chat too, so its own keys may go back."""

    def __init__(self, conv: Conversion, *, same: bool) -> None:
        self._conv = conv
        self.profile: Profile = conv.profile
        self.same = same

    def content(self, parts: Sequence[Part], joint: str = "\n") -> str | list[object]:
        """A string when one bare text, or a target that takes only strings, allows it; else content parts."""
        if self.plain(parts) and (len(parts) <= 1 or self.profile.content_string):
            return joined(parts, joint)
        written = [piece for part in parts for piece in self._part(part)]
        return self._flat(written, joint) if self.profile.content_string else written

    def plain(self, parts: Sequence[Part]) -> bool:
        """Whether these are texts and nothing else: no keys of their own that would be lost in one string."""
        return all(isinstance(part, Text) and not self._decoration(part.cache, part.ext) for part in parts)

    def accepts(self, media: Media) -> bool:
        """Whether the target can see this medium at all."""
        match media.kind:
            case "image":
                return self.profile.vision
            case "audio":
                return self.profile.audio or self.same
            case "video":
                return self.same
            case "document":
                return self.profile.documents or _is_text(media)

    def _part(self, part: Part) -> list[object]:
        match part:
            case Text():
                return [{**self._decoration(part.cache, part.ext), "type": "text", "text": part.text}]
            case Media():
                return [self._media(part)]
            case Refusal():
                return [{"type": "refusal", "refusal": part.text}]
            case Foreign():
                return self._foreign(part)
        return []

    def _foreign(self, part: Foreign) -> list[object]:
        if part.proto == "chat" and self.same:
            return [part.raw]
        if part.as_text:
            return [{"type": "text", "text": part.as_text}]
        self._conv.note(part.wire_type or "content part", "dropped", "unknown to this upstream")
        return []

    def _media(self, media: Media) -> JsonObject:
        if self.profile.content_string or not self.accepts(media):
            raise _refused(media, f"model {self._conv.model} takes no {media.kind} input")
        return {**self._decoration(media.cache, media.ext), **_WRITERS[media.kind](self, media)}

    def image(self, media: Media) -> JsonObject:
        link: JsonObject = {"url": _url(media, "image/png")}
        if media.detail is not None:
            link["detail"] = media.detail
        return {"type": "image_url", "image_url": link}

    def video(self, media: Media) -> JsonObject:
        return {"type": "video_url", "video_url": {"url": _url(media, "video/mp4")}}

    def audio(self, media: Media) -> JsonObject:
        word = _AUDIO_FORMATS.get(media.mime or "")
        if not isinstance(media.source, Inline) or word is None:
            raise _refused(media, "audio must be inline, as wav or mp3")
        return {"type": "input_audio", "input_audio": {"data": media.source.data, "format": word}}

    def document(self, media: Media) -> JsonObject:
        source = media.source
        if isinstance(source, FileRef):
            if not self.same and source.family != self.profile.family:
                raise _refused(media, f"file {source.id} lives at another vendor")
            return {"type": "file", "file": {"file_id": source.id}}
        if not isinstance(source, Inline):
            raise _refused(media, "a document must be inline for this upstream")
        if _is_text(media) and not self.same:
            return {"type": "text", "text": _text_document(media, source)}
        mime = media.mime or "application/pdf"
        name = media.name or ("document.pdf" if mime == "application/pdf" else "document")
        return {"type": "file", "file": {"file_data": f"data:{mime};base64,{source.data}", "filename": name}}

    def _decoration(self, cache: CacheHint | None, ext: Ext | None) -> JsonObject:
        """Keys besides the modelled ones: the client's own, and a cache breakpoint where the upstream knows one."""
        keys: JsonObject = dict(ext) if ext and self.same else {}
        if cache is None or BREAKPOINT in keys:
            return keys
        spelling = self.profile.wire.get("cache", "cache_control" if self.same else "")
        if spelling == BREAKPOINT:
            keys[BREAKPOINT] = {"mode": "explicit", **({"ttl": cache.ttl} if cache.ttl in _BREAKPOINT_TTLS else {})}
        elif spelling:
            keys[spelling] = {"type": "ephemeral", **({"ttl": cache.ttl} if cache.ttl else {})}
        else:
            self._conv.note("cache_control", "dropped", "the upstream caches on its own")
        return keys

    def _flat(self, written: list[object], joint: str) -> str:
        """Written parts as one string, for targets that take nothing else."""
        texts = [str(piece["text"]) for piece in written if isinstance(piece, dict) and "text" in piece]
        if len(texts) < len(written):
            self._conv.note("content", "dropped", "the upstream takes only text")
        return joint.join(texts)


def joined(parts: Iterable[Part], joint: str) -> str:
    """The texts among the parts as one string."""
    return joint.join(part.text for part in parts if isinstance(part, Text))


_WRITERS = {
    "image": PartWriter.image,
    "document": PartWriter.document,
    "audio": PartWriter.audio,
    "video": PartWriter.video,
}


def _refused(media: Media, why: str) -> RequestError:
    return RequestError(f"{media.kind} input: {why}", param="messages")


def _url(media: Media, default_mime: str) -> str:
    match media.source:
        case Url(url=url):
            return url
        case Inline(data=data):
            return f"data:{media.mime or default_mime};base64,{data}"
        case FileRef(id=file_id):
            raise _refused(media, f"Chat cannot refer to the uploaded file {file_id}")


def _is_text(media: Media) -> bool:
    mime = media.mime or ""
    return isinstance(media.source, Inline) and (mime.startswith("text/") or mime in _TEXTUAL)


def _text_document(media: Media, source: Inline) -> str:
    """A text file with a header line, as every model can read it."""
    text = b64decode(source.data).decode("utf-8", "replace")
    return f"[document: {media.name or media.mime}]\n{text}"
