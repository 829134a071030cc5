"""Content parts as OpenAI has them: what Chat and Responses share (specs/conversion.md 5.2, 14.4).

The walk over a content, the types of files and sounds, and what is left of an object. Which part types there are, and
how each is read, is the two codecs' own: they hand in their table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Raw, Struct

from a2a.messages import Ext, Foreign, MediaKind, Part, Proto, Text
from a2a.protocols.media import data_url, normal_b64, true_mime
from a2a.protocols.wire import Fields, WireError, items, kind_of, parse, string

BREAKPOINT = "prompt_cache_breakpoint"
"""OpenAI's own key for a cache breakpoint."""
_NOTHING = (b"null", b"[]")
_SUFFIXES = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "xml": "application/xml",
}
"""Types of files whose data says nothing, by the end of the name."""
_AUDIO = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_KINDS: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}


class PartTable(Struct, frozen=True):
    """A codec's part types. `untyped`: keys that betray the type of a part that does not name it, in order."""

    proto: Proto
    readers: Mapping[str, Callable[[Fields], Part]]
    untyped: tuple[str, ...]

    def content(self, raw: Raw | None, path: str) -> list[Part]:
        """The parts of a content or a tool's output: a string, an array, or nothing. Raises WireError.

        Empty texts are left out.
        """
        if raw is None:
            return []
        kind = kind_of(raw)
        if kind == "string":
            text = string(raw, path)
            return [Text(text=text)] if text else []
        if kind != "array":
            raise WireError(path, "must be a string or an array of parts")
        parts = [self.part(item, f"{path}[{index}]") for index, item in enumerate(items(raw, path))]
        return [each for each in parts if not (isinstance(each, Text) and not each.text)]

    def part(self, raw: Raw, path: str) -> Part:
        """One element of a content array; a type nobody knows stays whole. Raises WireError."""
        if kind_of(raw) == "string":
            return Text(text=string(raw, path))
        fields = parse(raw, path)
        kind = fields.str("type") or next((key for key in self.untyped if fields.has(key)), "")
        reader = self.readers.get(kind)
        return reader(fields) if reader is not None else Foreign(proto=self.proto, wire_type=kind, raw=raw)


def extras(fields: Fields) -> Ext | None:
    """Keys nobody took, without those that say nothing (SDKs send whole objects back, nulls included)."""
    rest = fields.rest()
    kept = {key: value for key, value in rest.items() if bytes(value) not in _NOTHING} if rest else None
    return kept or None


def audio_in(fields: Fields) -> tuple[str, str]:
    """(base64, media type) of an `input_audio`. Raises WireError."""
    inner = fields.obj("input_audio")
    if inner is None:
        raise WireError(fields.at("input_audio"), "is required")
    given, path = inner.need_str("data"), inner.at("data")
    embedded = data_url(given, path)
    name = inner.str("format") or "wav"
    return embedded[1] if embedded else normal_b64(given, path), _AUDIO.get(name, f"audio/{name}")


def file_in(given: str, path: str, name: str | None) -> tuple[str, str, MediaKind]:
    """(base64, media type, kind) of a `file_data`. Raises WireError."""
    declared, data = data_url(given, path) or (None, normal_b64(given, path))
    suffix = (name or "").rpartition(".")[2].lower()
    mime = true_mime(declared, data) or _SUFFIXES.get(suffix, "application/octet-stream")
    return data, mime, _KINDS.get(mime.partition("/")[0], "document")
