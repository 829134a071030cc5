"""Media in a body: data URLs, base64 alphabets, types by magic bytes, sizes of images (specs/conversion.md 5.2)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Literal
from urllib.parse import unquote_to_bytes

from a2a.protocols.wire import WireError

_URL_SAFE = str.maketrans("-_", "+/")
_SPACE = re.compile(r"\s+")
_ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "application/x-pdf": "application/pdf"}
_UNTYPED = ("", "application/octet-stream", "binary/octet-stream")

_HEAD_CHARS = 64
"""Base64 characters that hold every magic number below (48 bytes)."""
_SIZE_CHARS = 512 * 1024
"""Base64 characters searched for the size of an image: a JPEG may carry 300 KiB of profiles before it."""

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
)
"""(offset, bytes, type), the first that fits."""


def data_url(url: str, path: str = "") -> tuple[str | None, str] | None:
    """(type without parameters, standard padded base64) of a data URL, None for any other URL. Raises WireError."""
    if url[:5].lower() != "data:":
        return None
    head, comma, data = url[5:].partition(",")
    if not comma:
        raise WireError(path, "is a data URL without a comma")
    mime, *parameters = (part.strip().lower() for part in head.split(";"))
    if "base64" not in parameters:
        data = base64.b64encode(unquote_to_bytes(data)).decode()
    elif "%" in data:
        data = unquote_to_bytes(data).decode("latin-1")
    return _ALIASES.get(mime, mime) or None, normal_b64(data, path)


def normal_b64(data: str, path: str) -> str:
    """Base64 in the standard alphabet with padding, from any alphabet, with or without it. Raises WireError."""
    text = _SPACE.sub("", data).translate(_URL_SAFE).rstrip("=")
    text += "=" * (-len(text) % 4)
    try:
        if not base64.b64decode(text, validate=True):
            raise WireError(path, "holds no data")
    except (binascii.Error, ValueError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError(path, f"is not base64: {error}") from error
    return text


def sniff(data_b64: str) -> str | None:
    """The type that the first bytes say, None when they say nothing."""
    head = _decode(data_b64, _HEAD_CHARS)
    return next((mime for at, magic, mime in _MAGIC if head.startswith(magic, at)), None)


def true_mime(declared: str | None, data_b64: str) -> str | None:
    """The declared type, unless it says nothing or the bytes are another kind of image than it claims."""
    said = declared.partition(";")[0].strip().lower() if declared else None
    said = _ALIASES.get(said, said) if said else None
    found = sniff(data_b64)
    if said is None or said in _UNTYPED or said.startswith("image/") or found in _MEASURES:
        return found or said
    return said


def image_size(data_b64: str) -> tuple[int, int] | None:
    """(width, height) in pixels of PNG, JPEG, GIF or WebP from the header bytes, None when they do not say."""
    measure = _MEASURES.get(sniff(data_b64) or "")
    if measure is None:
        return None
    size = measure(_decode(data_b64, _SIZE_CHARS))
    return size if size is not None and min(size) > 0 else None


def _decode(data_b64: str, chars: int) -> bytes:
    """The bytes of the first characters; nothing when they are not base64."""
    head = data_b64[:chars]
    try:
        return base64.b64decode(head[: len(head) // 4 * 4])
    except binascii.Error:
        return b""


def _pair(data: bytes, at: int, width: int, order: Literal["big", "little"]) -> tuple[int, int] | None:
    """Two neighbouring unsigned integers of `width` bytes each, None behind the end."""
    middle, end = at + width, at + 2 * width
    if len(data) < end:
        return None
    return int.from_bytes(data[at:middle], order), int.from_bytes(data[middle:end], order)


def _png(data: bytes) -> tuple[int, int] | None:
    return _pair(data, 16, 4, "big")


def _gif(data: bytes) -> tuple[int, int] | None:
    return _pair(data, 6, 2, "little")


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Walks the segments to the frame header (SOF0 to SOF15 but DHT, JPG and DAC)."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            size = _pair(data, at + 5, 2, "big")
            return None if size is None else (size[1], size[0])
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:  # markers without a length
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    """The three chunk kinds: lossy, lossless, extended."""
    match data[12:16]:
        case b"VP8 ":
            size = _pair(data, 26, 2, "little")
            return None if size is None else (size[0] & 0x3FFF, size[1] & 0x3FFF)
        case b"VP8L" if len(data) >= 25:
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            size = _pair(data, 24, 3, "little")
            return None if size is None else (size[0] + 1, size[1] + 1)
    return None


_MEASURES: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _webp,
}
