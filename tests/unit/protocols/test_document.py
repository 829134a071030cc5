"""A body that is no stream is kept whole; the bytes of a stream are left alone."""

from __future__ import annotations

import pytest

from a2a.protocols.document import Document
from a2a.protocols.sse import SseOverflow


@pytest.mark.parametrize("body", [b'{"error":1}', b"[1]", b"<html>", b"\r\n  {}"])
@pytest.mark.parametrize("size", [1, 100])
def test_a_document_is_kept_in_any_split(body: bytes, size: int) -> None:
    document = Document()
    taken = [document.takes(body[at : at + size]) for at in range(0, len(body), size)]
    assert taken[-1]
    assert bytes(document.body or b"").strip() == body.strip()


@pytest.mark.parametrize("pieces", [[b"data: {}\n\n", b"{"], [b"", b"\n", b": ping\n\n", b"<"], [b"e", b"["]])
def test_a_stream_is_left_alone(pieces: list[bytes]) -> None:
    document = Document()
    assert not any(document.takes(piece) for piece in pieces)
    assert document.body is None


def test_a_document_has_an_end() -> None:
    document = Document(max_bytes=4)
    assert document.takes(b"{123")
    with pytest.raises(SseOverflow, match="over 4 bytes"):
        document.takes(b"5")
