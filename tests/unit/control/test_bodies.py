"""A body in a record: text, or base64 behind its mark."""

from __future__ import annotations

import pytest

from a2a.control.bodies import BASE64, decoded, encoded, is_binary


@pytest.mark.parametrize("data", [b"", b'{"a":1}', "héllo 你好".encode(), b"\x00\xff\xfe", bytes(range(256))])
def test_there_and_back(data: bytes) -> None:
    assert decoded(encoded(data)) == data
    assert is_binary(encoded(data)) is (b"\xff" in data)


def test_of_one_that_was_cut_the_whole_bytes_come_back() -> None:
    assert decoded(BASE64 + "//8A/") == b"\xff\xff\x00"


def test_a_damaged_one_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"padding|characters"):
        decoded(BASE64 + "é===")
