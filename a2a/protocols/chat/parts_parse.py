"""Content of Chat messages as neutral parts: one small reader per part type and a table (specs/conversion.md 5.2).

Lenient where clients are sloppy (14.4): content null or missing, parts without `type`, the part names of Responses,
`image_url` as a bare string. A part type nobody knows stays whole as `Foreign`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Raw

from a2a.messages import CacheHint, Ext, FileRef, Foreign, Inline, Media, MediaKind, Part, Refusal, Text, Url
from a2a.protocols.media import data_url, normal_b64, true_mime
from a2a.protocols.wire import Fields, WireError, items, kind_of, parse, string

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
_BREAKPOINT = "prompt_cache_breakpoint"


def content(fields: Fields) -> list[Part]:
    """The parts of `content`: a string, an array, or nothing. Empty texts are left out. Raises WireError."""
    raw, path = fields.raw("content"), fields.at("content")
    if raw is None:
        return []
    kind = kind_of(raw)
    if kind == "string":
        text = string(raw, path)
        return [Text(text=text)] if text else []
    if kind != "array":
        raise WireError(path, "must be a string or an array of parts")
    parts = [part(item, f"{path}[{index}]") for index, item in enumerate(items(raw, path))]
    return [each for each in parts if not (isinstance(each, Text) and not each.text)]


def part(raw: Raw, path: str) -> Part:
    """One element of a content array. Raises WireError."""
    if kind_of(raw) == "string":
        return Text(text=string(raw, path))
    fields = parse(raw, path)
    kind = fields.str("type") or next((key for key in _UNTYPED if fields.has(key)), "")
    reader = _READERS.get(kind)
    return reader(fields) if reader is not None else Foreign(proto="chat", wire_type=kind, raw=raw)


def extras(fields: Fields) -> Ext | None:
    """Keys nobody took, without those that say nothing (SDKs send whole messages back, nulls included)."""
    rest = fields.rest()
    kept = {key: value for key, value in rest.items() if bytes(value) not in _NOTHING} if rest else None
    return kept or None


def _hint(fields: Fields) -> tuple[CacheHint | None, Ext | None]:
    """(cache breakpoint, unmodelled keys) of a part.

    `cache_control` is what OpenRouter, LiteLLM and DashScope take; OpenAI's own key also stays in `ext`, since only it
    may go back under that name.
    """
    control, own = fields.obj("cache_control"), fields.raw(_BREAKPOINT)
    ext = extras(fields)
    if own is None:
        return (CacheHint(control.str("ttl")) if control is not None else None), ext
    hint = CacheHint(parse(own, fields.at(_BREAKPOINT)).str("ttl"))
    return hint, {**(ext or {}), _BREAKPOINT: own}


def _text(fields: Fields) -> Part:
    text = fields.str("text") or ""
    cache, ext = _hint(fields)
    return Text(text=text, cache=cache, ext=ext)


def _refusal(fields: Fields) -> Part:
    return Refusal(text=fields.str("refusal") or "", ext=extras(fields))


def _linked(fields: Fields, key: str, kind: MediaKind) -> Part:
    """`{key: {url, detail}}` or, as Responses has it, `{key: url, detail}`."""
    raw = fields.raw(key)
    if raw is None:
        raise WireError(fields.at(key), "is required")
    inner = fields if kind_of(raw) == "string" else parse(raw, fields.at(key))
    url = string(raw, fields.at(key)) if inner is fields else inner.need_str("url")
    detail = inner.str("detail")
    cache, ext = _hint(fields)
    embedded = data_url(url, fields.at(key))
    if embedded is None:
        return Media(kind=kind, source=Url(url), detail=detail, cache=cache, ext=ext)
    mime = true_mime(*embedded)
    return Media(kind=kind, source=Inline(embedded[1]), mime=mime, detail=detail, cache=cache, ext=ext)


def _image(fields: Fields) -> Part:
    return _linked(fields, "image_url", "image")


def _video(fields: Fields) -> Part:
    return _linked(fields, "video_url", "video")


def _audio(fields: Fields) -> Part:
    inner = fields.obj("input_audio")
    if inner is None:
        raise WireError(fields.at("input_audio"), "is required")
    url, path = inner.need_str("data"), inner.at("data")
    embedded = data_url(url, path)
    data = embedded[1] if embedded else normal_b64(url, path)
    name = inner.str("format") or "wav"
    cache, ext = _hint(fields)
    return Media(kind="audio", source=Inline(data), mime=_AUDIO.get(name, f"audio/{name}"), cache=cache, ext=ext)


def _file(fields: Fields) -> Part:
    """`{file: {file_data | file_id, filename}}`; Responses has the same keys without the wrapping."""
    inner = fields.obj("file") or fields
    name, file_id, given, path = (
        inner.str("filename"),
        inner.str("file_id"),
        inner.str("file_data"),
        inner.at("file_data"),
    )
    link = inner.str("file_url")
    cache, ext = _hint(fields)
    if given is None:
        if file_id is None and link is None:
            raise WireError(inner.path, "a file needs file_data or file_id")
        source = FileRef(file_id, "openai") if file_id is not None else Url(link or "")
        return Media(kind="document", source=source, name=name, cache=cache, ext=ext)
    declared, data = data_url(given, path) or (None, normal_b64(given, path))
    suffix = (name or "").rpartition(".")[2].lower()
    mime = true_mime(declared, data) or _SUFFIXES.get(suffix, "application/octet-stream")
    return Media(kind=_kind_of_file(mime), source=Inline(data), mime=mime, name=name, cache=cache, ext=ext)


def _kind_of_file(mime: str) -> MediaKind:
    kinds: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}
    return kinds.get(mime.partition("/")[0], "document")


_READERS: dict[str, Callable[[Fields], Part]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "refusal": _refusal,
    "image_url": _image,
    "input_image": _image,
    "video_url": _video,
    "input_audio": _audio,
    "file": _file,
    "input_file": _file,
}
_UNTYPED = ("text", "image_url", "video_url", "input_audio", "file", "refusal")
"""Keys that betray the type of a part that does not name it."""
