"""media: data URLs, base64 of any alphabet, types and sizes from header bytes."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from a2a.protocols.media import data_url, image_size, normal_b64, sniff, true_mime
from a2a.protocols.wire import WireError


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


PNG = b64(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x02\x00\x00\x00")
GIF = b64(b"GIF89a" + struct.pack("<HH", 10, 20) + b"\x00\x00\x00")
JPEG = b64(
    b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\x00" * 10 + b"\xff\xff\xc4\x00\x04ab"
    b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", 300, 400) + b"\x03" * 10
)
WEBP_LOSSY = b64(b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 33, 44))
WEBP_LOSSLESS = b64(b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + struct.pack("<I", 32 | 43 << 14))
WEBP_EXTENDED = b64(b"RIFF\x00\x00\x00\x00WEBPVP8X" + b"\x00" * 8 + b"\x20\x00\x00" + b"\x2b\x00\x00")
PDF = b64(b"%PDF-1.7\n")


@pytest.mark.parametrize(
    ("image", "mime", "size"),
    [
        (PNG, "image/png", (640, 480)),
        (GIF, "image/gif", (10, 20)),
        (JPEG, "image/jpeg", (400, 300)),
        (WEBP_LOSSY, "image/webp", (33, 44)),
        (WEBP_LOSSLESS, "image/webp", (33, 44)),
        (WEBP_EXTENDED, "image/webp", (33, 44)),
    ],
)
def test_images_tell_type_and_size(image: str, mime: str, size: tuple[int, int]) -> None:
    assert sniff(image) == mime
    assert image_size(image) == size


@pytest.mark.parametrize("image", [PNG, GIF, JPEG, WEBP_LOSSY, WEBP_LOSSLESS, WEBP_EXTENDED])
def test_a_cut_header_tells_no_size_and_no_lie(image: str) -> None:
    data = base64.b64decode(image)
    for end in range(len(data)):
        assert image_size(b64(data[:end])) in (None, image_size(image))


@pytest.mark.parametrize("data", ["", "aGVsbG8=", PDF, "not base64 at all!"])
def test_anything_else_has_no_size(data: str) -> None:
    assert image_size(data) is None


def test_golden_image(vectors: dict[str, Any]) -> None:
    data = vectors["ir"]["request"]["messages"][0]["parts"][1]["image"]["data"]
    assert (sniff(data), image_size(data)) == ("image/png", (3, 2))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:image/png;base64,aGk=", ("image/png", "aGk=")),
        ("DATA:Image/JPG;charset=x;base64,aGk", ("image/jpeg", "aGk=")),
        ("data:;base64,aGk=", (None, "aGk=")),
        ("data:text/plain,hi%20you", ("text/plain", b64(b"hi you"))),
        ("data:image/png;base64,aGk%3D", ("image/png", "aGk=")),
        ("https://example.com/a.png", None),
    ],
)
def test_data_urls(url: str, expected: tuple[str | None, str] | None) -> None:
    assert data_url(url) == expected


@pytest.mark.parametrize("url", ["data:image/png;base64", "data:image/png;base64,a", "data:,"])
def test_broken_data_urls(url: str) -> None:
    with pytest.raises(WireError, match=r"^content\[0\]"):
        data_url(url, "content[0]")


@pytest.mark.parametrize("text", ["-_-_", "-_-_\n", "+/+/", " + / - _ "])
def test_any_alphabet_becomes_the_standard_one(text: str) -> None:
    assert normal_b64(text, "x") == "+/+/"


@pytest.mark.parametrize("text", ["", "=", "a", "héllo", "ab!d"])
def test_no_base64(text: str) -> None:
    with pytest.raises(WireError, match=r"^x: "):
        normal_b64(text, "x")


@pytest.mark.parametrize(
    ("declared", "data", "expected"),
    [
        ("image/jpeg", PNG, "image/png"),
        ("image/jpg", JPEG, "image/jpeg"),
        (None, PDF, "application/pdf"),
        ("application/octet-stream", GIF, "image/gif"),
        ("application/pdf", PNG, "image/png"),
        ("image/png", PDF, "application/pdf"),
        ("image/svg+xml", b64(b"<svg/>"), "image/svg+xml"),
        ("text/plain; charset=utf-8", b64(b"BM is a German car maker"), "text/plain"),
        (None, b64(b"who knows"), None),
    ],
)
def test_bytes_win_over_a_wrong_declaration(declared: str | None, data: str, expected: str | None) -> None:
    assert true_mime(declared, data) == expected
