"""Content of Responses items as neutral parts: one small reader per part type and a table (specs/conversion.md 5.2).

Lenient where clients are sloppy (14.4): content null or missing, parts without `type`, the part names of Chat. A part
type nobody knows stays whole as `Foreign`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Raw

from a2a.messages import CacheHint, Ext, FileRef, Foreign, Inline, Media, MediaKind, Part, Refusal, Text, Url
from a2a.protocols.media import data_url, normal_b64, true_mime
from a2a.protocols.responses.words import extras
from a2a.protocols.wire import Fields, WireError, items, kind_of, parse, string

BREAKPOINT = "prompt_cache_breakpoint"
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


def content(raw: Raw | None, path: str) -> list[Part]:
    """The parts of a message's content or of a tool's output: a string, an array, or nothing. Raises WireError.

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
    parts = [part(item, f"{path}[{index}]") for index, item in enumerate(items(raw, path))]
    return [each for each in parts if not (isinstance(each, Text) and not each.text)]


def part(raw: Raw, path: str) -> Part:
    """One element of a content array. Raises WireError."""
    if kind_of(raw) == "string":
        return Text(text=string(raw, path))
    fields = parse(raw, path)
    kind = fields.str("type") or next((key for key in _UNTYPED if fields.has(key)), "")
    reader = _READERS.get(kind)
    return reader(fields) if reader is not None else Foreign(proto="responses", wire_type=kind, raw=raw)


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
    inner = fields.obj("input_audio")
    if inner is None:
        raise WireError(fields.at("input_audio"), "is required")
    given, path = inner.need_str("data"), inner.at("data")
    embedded = data_url(given, path)
    data = embedded[1] if embedded else normal_b64(given, path)
    name = inner.str("format") or "wav"
    cache, ext = _hint(fields)
    return Media(kind="audio", source=Inline(data), mime=_AUDIO.get(name, f"audio/{name}"), cache=cache, ext=ext)


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
    declared, data = data_url(given, path) or (None, normal_b64(given, path))
    suffix = (name or "").rpartition(".")[2].lower()
    mime = true_mime(declared, data) or _SUFFIXES.get(suffix, "application/octet-stream")
    kind = _kind_of_file(mime)
    return Media(kind=kind, source=Inline(data), mime=mime, name=name, detail=detail, cache=cache, ext=ext)


def _kind_of_file(mime: str) -> MediaKind:
    kinds: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}
    return kinds.get(mime.partition("/")[0], "document")


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
_UNTYPED = ("text", "image_url", "input_audio", "file", "refusal")
"""Keys that betray the type of a part that does not name it."""
