"""Content of Chat messages as neutral parts: one small reader per part type and a table (specs/conversion.md 5.2).

Lenient where clients are sloppy (14.4): content null or missing, parts without `type`, the part names of Responses,
`image_url` as a bare string. A part type nobody knows stays whole as `Foreign`.
"""

from __future__ import annotations

from collections.abc import Callable

from a2a.messages import CacheHint, Ext, FileRef, Inline, Media, MediaKind, Part, Refusal, Text, Url
from a2a.protocols.media import data_url, true_mime
from a2a.protocols.openai_parts import BREAKPOINT, PartTable, audio_in, extras, file_in
from a2a.protocols.wire import Fields, WireError, kind_of, parse, string


def _hint(fields: Fields) -> tuple[CacheHint | None, Ext | None]:
    """(cache breakpoint, unmodelled keys) of a part.

    `cache_control` is what OpenRouter, LiteLLM and DashScope take; OpenAI's own key also stays in `ext`, since only it
    may go back under that name.
    """
    control, own = fields.obj("cache_control"), fields.raw(BREAKPOINT)
    ext = extras(fields)
    if own is None:
        return (CacheHint(control.str("ttl")) if control is not None else None), ext
    hint = CacheHint(parse(own, fields.at(BREAKPOINT)).str("ttl"))
    return hint, {**(ext or {}), BREAKPOINT: own}


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
    data, mime = audio_in(fields)
    cache, ext = _hint(fields)
    return Media(kind="audio", source=Inline(data), mime=mime, cache=cache, ext=ext)


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
    data, mime, kind = file_in(given, path, name)
    return Media(kind=kind, source=Inline(data), mime=mime, name=name, cache=cache, ext=ext)


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

_PARTS = PartTable("chat", _READERS, ("text", "image_url", "video_url", "input_audio", "file", "refusal"))
content = _PARTS.content
