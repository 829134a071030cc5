"""A prompt from arguments, stdin and files, as one neutral user message. Media are looked at before anyone is asked."""

from __future__ import annotations

import base64
import codecs
import mimetypes
import re
from collections.abc import Sequence
from pathlib import Path

from a2a.cli.output import Out
from a2a.errors import UsageError
from a2a.messages import Inline, Media, MediaKind, Message, Part, Text

MAX_FILE_BYTES = 20 * 1024 * 1024
PDF_WITHIN = 1024
"""Bytes at the beginning of a PDF in which blanks may stand before its header; readers look no further either."""
_BLANKS = b"\xef\xbb\xbf \t\r\n\0"

_MEDIA: dict[str, MediaKind] = {
    "image/png": "image",
    "image/jpeg": "image",
    "image/gif": "image",
    "image/webp": "image",
    "application/pdf": "document",
}
_UNTAKEN = {
    b"BM": "a BMP image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1f\x8b": "a gzip archive",
    b"ID3": "audio",
    b"OggS": "audio or video",
    b"\x1aE\xdf\xa3": "video",
    b"\x7fELF": "a program",
}
"""First bytes of what no upstream takes here -> what it is."""

_BRANDS = {b"heic": "a HEIC image", b"heix": "a HEIC image", b"mif1": "a HEIF image", b"avif": "an AVIF image"}
"""The brand in the `ftyp` box of an ISO media file (ISO/IEC 14496-12) -> what it is; any other is video."""

_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
"""What stands in no text, whatever its encoding."""

_TAKEN = "taken are text, PNG, JPEG, GIF, WebP and PDF: convert it first, or leave it out"


def user_message(out: Out, prompt: Sequence[str], files: Sequence[Path]) -> Message:
    """Prompt words, then what comes in through a pipe, then the files. Raises UsageError when nothing is said."""
    words = " ".join(word for word in prompt if word != "-")
    words = words if words.strip() else ""
    piped = None if out.interactive and "-" not in prompt else _piped(out)
    text = "\n\n".join(piece for piece in (words, piped if isinstance(piped, str) else "") if piece)
    parts: list[Part] = [Text(text=text)] if text else []
    if isinstance(piped, Media):
        parts.append(piped)
    parts += [file_part(path) for path in files]
    if not parts:
        raise UsageError("there is nothing to ask", hint='a2a chat "your question"; on a terminal a2a chat alone')
    return Message(role="user", parts=parts)


def _piped(out: Out) -> str | Media:
    """Text without the newlines around it, or an image or a PDF. Raises UsageError."""
    stream = getattr(out.stdin, "buffer", None)
    most = MAX_FILE_BYTES + 1
    data: bytes = stream.read(most) if stream is not None else out.stdin.read(most).encode()
    if not data.strip():
        return ""
    part = _part("stdin", data, "")
    return part if isinstance(part, Media) else part.strip("\n")


def file_part(path: Path) -> Part:
    """An image, a PDF, or any text file with its name in front. Raises UsageError."""
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)  # no more: it may be a device that never ends
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder", hint="name the files in it: -f one -f two") from error
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    if not data:
        raise UsageError(f"{path} is empty")
    part = _part(str(path), data, mimetypes.guess_type(path.name)[0] or "")
    return Text(text=f"{path.name}:\n\n{part}") if isinstance(part, str) else part


def _part(told: str, data: bytes, named: str) -> str | Media:
    """A medium by its first bytes, else text. `named`: the MIME type its name promises. Raises UsageError."""
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(f"{told} is over {MAX_FILE_BYTES // 1024 // 1024} MiB")
    mime = _sniff(data)
    if mime is not None:
        name = Path(told).name
        return Media(kind=_MEDIA[mime], source=Inline(base64.b64encode(data).decode()), mime=mime, name=name)
    what = _known(data)
    if named in _MEDIA:
        raise UsageError(f"{told} is named like {named}, but is {what or 'something else'}", hint=_TAKEN)
    text = _text(data)
    if text is None and what is None and not _CONTROLS.search(data):
        raise UsageError(f"{told} is text, but not in UTF-8", hint="make it so: iconv -f latin1 -t utf-8 FILE")
    if text is None:
        raise UsageError(f"{told} is {what or 'neither text, an image nor a PDF'}", hint=_TAKEN)
    return text


def _text(data: bytes) -> str | None:
    """UTF-8, or UTF-16 where it says so; None for anything else."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _sniff(data: bytes) -> str | None:
    """The type by the first bytes, where the name may lie."""
    for mime, magic in (("image/png", b"\x89PNG\r\n\x1a\n"), ("image/jpeg", b"\xff\xd8\xff"), ("image/gif", b"GIF8")):
        if data.startswith(magic):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if data[:PDF_WITHIN].lstrip(_BLANKS).startswith(b"%PDF-") else None


def _known(data: bytes) -> str | None:
    """What that is which is no text."""
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video")
    return next((what for magic, what in _UNTAKEN.items() if data.startswith(magic)), None)
