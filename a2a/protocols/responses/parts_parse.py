"""Content of Responses items as neutral parts: one small reader per part type and a table (specs/conversion.md 5.2).

Lenient where clients are sloppy (14.4): content null or missing, parts without `type`, the part names of Chat. A part
type nobody knows stays whole as `Foreign`.
"""

from __future__ import annotations

from collections.abc import Callable

from a2a.messages import CacheHint, Ext, FileRef, Inline, Media, Part, Refusal, Text, Url
from a2a.protocols.media import data_url, true_mime
from a2a.protocols.openai_parts import BREAKPOINT, PartTable, audio_in, extras, file_in
from a2a.protocols.wire import Fields, WireError, kind_of, parse, string


def _hint(fields: Fields) -> tuple[CacheHint | None, Ext | None]:
    """(cache breakpoint, unmodelled keys) of a part; the client's own spelling of the breakpoint stays in `ext`."""
    own = fields.raw(BREAKPOINT)
    ext = extras(fields)
    if own is None:
        return None, ext
    return CacheHint(parse(own, fields.at(BREAKPOINT)).str("ttl")), {**(ext or {}), BREAKPOINT: own}


def _text(fields: Fields) -> Part:
    text = fields.str("text") or ""
    annotations = fields.raw("annotations")
    fields.drop("logprobs")
    cache, ext = _hint(fields)
    noted = annotations if annotations is not None and bytes(annotations) != b"[]" else None
    return Text(text=text, cache=cache, citations=noted, ext=ext)


def _refusal(fields: Fields) -> Part:
    return Refusal(text=fields.str("refusal") or "", ext=extras(fields))


def _image(fields: Fields) -> Part:
    """`{image_url: url, detail}`, `{file_id}`, or as Chat has it `{image_url: {url, detail}}`."""
    raw, path = fields.raw("image_url"), fields.at("image_url")
    file_id = fields.str("file_id")
    inner = parse(raw, path) if raw is not None and kind_of(raw) == "object" else fields
    detail = inner.str("detail")
    cache, ext = _hint(fields)
    if raw is None:
        if file_id is None:
            raise WireError(fields.path, "an image needs image_url or file_id")
        return Media(kind="image", source=FileRef(file_id, "openai"), detail=detail, cache=cache, ext=ext)
    url = string(raw, path) if inner is fields else inner.need_str("url")
    embedded = data_url(url, path)
    if embedded is None:
        return Media(kind="image", source=Url(url), detail=detail, cache=cache, ext=ext)
    mime = true_mime(*embedded)
    return Media(kind="image", source=Inline(embedded[1]), mime=mime, detail=detail, cache=cache, ext=ext)


def _audio(fields: Fields) -> Part:
    data, mime = audio_in(fields)
    cache, ext = _hint(fields)
    return Media(kind="audio", source=Inline(data), mime=mime, cache=cache, ext=ext)


def _file(fields: Fields) -> Part:
    """`{file_data | file_id | file_url, filename}`; Chat wraps the same keys into `file`."""
    inner = fields.obj("file") or fields
    name, file_id, link = inner.str("filename"), inner.str("file_id"), inner.str("file_url")
    given, path = inner.str("file_data"), inner.at("file_data")
    detail = inner.str("detail")
    cache, ext = _hint(fields)
    if given is None:
        if file_id is None and link is None:
            raise WireError(inner.path, "a file needs file_data, file_url or file_id")
        source = FileRef(file_id, "openai") if file_id is not None else Url(link or "")
        return Media(kind="document", source=source, name=name, detail=detail, cache=cache, ext=ext)
    data, mime, kind = file_in(given, path, name)
    return Media(kind=kind, source=Inline(data), mime=mime, name=name, detail=detail, cache=cache, ext=ext)


_READERS: dict[str, Callable[[Fields], Part]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "image_url": _image,
    "input_audio": _audio,
    "input_file": _file,
    "file": _file,
}

_PARTS = PartTable("responses", _READERS, ("text", "image_url", "input_audio", "file", "refusal"))
content = _PARTS.content
part = _PARTS.part
