"""Parts of a content to neutral parts, in requests and answers alike (specs/conversion.md 5.2, 6.5, 7.2).

A part names its kind by the key that holds its data. Keys no reader takes stay in `ext`, kinds nobody knows become
`Foreign`. Calls without an id get the empty id here: only the history, or the answer, can give them one.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from a2a.messages import (
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
from a2a.protocols.gemini.objects import inner, leftover, opened
from a2a.protocols.gemini.words import DETAIL_IN
from a2a.protocols.media import normal_b64, true_mime
from a2a.protocols.wire import Fields, WireError, compact, kind_of, string

TokenReader = Callable[[str], Opaque | None]
"""What a `thoughtSignature` is: a client's may be ours, an upstream's is taken as it is."""

_BESIDE = ("thought", "thoughtSignature", "mediaResolution", "mediaProcessing")
_ABOUT = "Metadata"
"""Keys that only describe the data beside them."""
_UNWRAPPED = {"output": False, "result": False, "error": True}
"""Single key of a function response that holds the whole of it -> whether it tells of an error."""
_KINDS: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}
_GOOGLE_FILES = ("generativelanguage.googleapis.com", "storage.googleapis.com", "storage.cloud.google.com")
_VIDEO_SITES = ("youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be")
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def read_part(raw: Raw, path: str, read_token: TokenReader) -> Part | None:
    """One part; None for one that says nothing. Raises WireError."""
    fields = opened(raw, path)
    if fields.has("functionCall"):
        return _call(fields, _tokens(fields, read_token))
    for key, reader in _READERS.items():
        if fields.has(key):
            return reader(fields, raw)
    text = fields.str("text") or ""
    kind = None if text else _foreign_kind(fields)
    if kind is not None:
        return Foreign(proto="gemini", wire_type=kind, raw=raw)
    return _text(text, fields, read_token)


def _text(text: str, fields: Fields, read_token: TokenReader) -> Part | None:
    """Text or a thought; an empty one counts only when it carries a signature."""
    opaque, thought = _tokens(fields, read_token), fields.bool("thought")
    if not text and not opaque:
        return None
    if thought:
        return Reasoning(text=text, opaque=opaque, ext=fields.rest())
    return Text(text=text, opaque=opaque, ext=fields.rest())


def _tokens(fields: Fields, read_token: TokenReader) -> list[Opaque]:
    signature = fields.str("thoughtSignature")
    token = read_token(signature) if signature else None
    return [] if token is None else [token]


def _foreign_kind(fields: Fields) -> str | None:
    """The key of data that no reader knows."""
    return next((key for key in fields.rest() or {} if key not in _BESIDE and not key.endswith(_ABOUT)), None)


# Media


def _inline(fields: Fields, raw: Raw) -> Part:
    blob = _inner(fields, "inlineData")
    data = normal_b64(blob.need_str("data"), blob.at("data"))
    return _media(Inline(data), true_mime(blob.str("mimeType"), data), fields, "inlineData", blob)


def _file(fields: Fields, raw: Raw) -> Part:
    """A file at Google is a reference only Google can follow; anything else is a link."""
    file = _inner(fields, "fileData")
    uri, mime = file.need_str("fileUri"), file.str("mimeType")
    if is_google_file(uri):
        return _media(FileRef(uri, "google"), mime, fields, "fileData", file)
    media = _media(Url(uri), mime, fields, "fileData", file)
    if mime is None and _host(uri) in _VIDEO_SITES:
        media.kind = "video"
    return media


def is_google_file(uri: str) -> bool:
    """Whether a URI names a file that Google holds: `gs://`, a name of the Files API, or a link to one of its hosts."""
    return not uri.startswith(("http://", "https://")) or _host(uri) in _GOOGLE_FILES


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _media(source: Source, mime: str | None, fields: Fields, key: str, held: Fields) -> Media:
    kind = _KINDS.get((mime or "").partition("/")[0], "document")
    name = held.str("displayName")
    resolution = inner(fields, "mediaResolution")
    level = None if resolution is None else resolution.raw("level")
    detail = None if level is None or kind_of(level) != "string" else DETAIL_IN.get(string(level, "level"))
    ext = leftover(fields, mediaResolution=resolution, **{key: held}) or {}
    if level is not None and detail is None:
        ext["mediaResolution"] = Raw(b'{"level":' + bytes(level) + b"}")
    return Media(kind=kind, source=source, mime=mime, name=name, detail=detail, ext=ext or None)


def _inner(fields: Fields, key: str) -> Fields:
    held = inner(fields, key)
    if held is None:
        raise WireError(fields.at(key), "is required and must be an object")
    return held


# Tools


def _call(fields: Fields, opaque: list[Opaque]) -> Part:
    call = _inner(fields, "functionCall")
    args = call.raw("args")
    if args is not None and kind_of(args) != "object":
        raise WireError(call.at("args"), "must be an object")
    return ToolCall(
        id=call.str("id") or "",
        name=call.need_str("name"),
        args="{}" if args is None else compact(args),
        opaque=opaque,
        ext=leftover(fields, functionCall=call),
    )


def _result(fields: Fields, raw: Raw) -> Part:
    result = _inner(fields, "functionResponse")
    text, is_error = _output(result.raw("response"), result.at("response"))
    parts: list[Text | Media | Foreign] = [Text(text=text)] if text else []
    path = result.at("parts")
    for n, item in enumerate(result.list("parts") or []):
        part = read_part(item, f"{path}[{n}]", _unsigned)
        if isinstance(part, Text | Media | Foreign):
            parts.append(part)
    return ToolResult(
        call_id=result.str("id") or "",
        name=result.str("name"),
        parts=parts,
        is_error=is_error,
        ext=leftover(fields, functionResponse=result),
    )


def _unsigned(signature: str) -> Opaque | None:
    return None


def _output(response: Raw | None, path: str) -> tuple[str, bool]:
    """(text, is an error) of a function's answer: the value of a lone well-known key, else the object as JSON."""
    if response is None:
        return "", False
    if kind_of(response) != "object":
        raise WireError(path, "must be an object")
    values = _OBJECT.decode(response)
    if len(values) == 1:
        ((key, value),) = values.items()
        if key in _UNWRAPPED:
            return _plain(value, path), _UNWRAPPED[key]
    return compact(response) if values else "", False


def _plain(value: Raw, path: str) -> str:
    match kind_of(value):
        case "string":
            return string(value, path)
        case "null":
            return ""
        case _:
            return compact(value)


# Server tools


def _executable_code(fields: Fields, raw: Raw) -> Part:
    code = _inner(fields, "executableCode")
    language, text = (code.str("language") or "").lower(), code.str("code")
    language = "" if "unspecified" in language else language
    return _foreign("executableCode", raw, f"```{language}\n{text}\n```" if text else None)


def _code_result(fields: Fields, raw: Raw) -> Part:
    return _foreign("codeExecutionResult", raw, _inner(fields, "codeExecutionResult").str("output"))


def _server_call(fields: Fields, raw: Raw) -> Part:
    return _foreign("toolCall", raw, None)


def _server_result(fields: Fields, raw: Raw) -> Part:
    response = _inner(fields, "toolResponse").raw("response")
    return _foreign("toolResponse", raw, None if response is None else _plain(response, fields.at("toolResponse")))


def _foreign(kind: str, raw: Raw, as_text: str | None) -> Foreign:
    return Foreign(proto="gemini", wire_type=kind, raw=raw, as_text=as_text or None)


_READERS: dict[str, Callable[[Fields, Raw], Part]] = {
    "functionResponse": _result,
    "inlineData": _inline,
    "fileData": _file,
    "executableCode": _executable_code,
    "codeExecutionResult": _code_result,
    "toolCall": _server_call,
    "toolResponse": _server_result,
}
"""By the key that holds the data; calls, which may be signed, aside.

A signature beside media or a result stays in `ext`, beside foreign data in `raw`.
"""
