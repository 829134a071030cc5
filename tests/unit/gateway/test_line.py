"""The line to a helper: messages and files arrive as they were sent, also when the sender is no more."""

from __future__ import annotations

import io
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from a2a.gateway.line import Inbox, Line, framed, message_of

unix = pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="files go over Unix sockets")


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def box(line: Line) -> Iterator[Inbox]:
    """At the other end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: os.dup(line.stdin)))
        box = Inbox()
    yield box
    box.close()


def end(line: Line) -> None:
    line.started(SimpleNamespace(stdin=None))  # type: ignore[arg-type]
    line.close()


@unix
def test_each_message_has_its_file(line: Line, box: Inbox) -> None:
    for number in range(5):
        with tempfile.TemporaryFile() as file:
            file.write(b"abc" * (number + 1))
            file.flush()
            line.send(b"%d" % number, file=file.fileno())
            line.send(b"without", b"behind")
    end(line)
    for number in range(5):
        assert box.message() == b"%d" % number
        assert box.read_file(3, 3 * number) == b"abc" * number
        assert box.message() == b"without"
        assert box.read(6) == b"behind"
    assert box.message() is None


@unix
def test_a_file_that_is_shorter_than_was_said(line: Line, box: Inbox) -> None:
    with tempfile.TemporaryFile() as file:
        line.send(b"x", file=file.fileno())
    assert box.message() == b"x"
    assert box.read_file(0, 1) is None
    end(line)


@unix
def test_what_is_cut_off_is_no_message(line: Line, box: Inbox) -> None:
    line.send(b"whole", b"half a head"[:2])
    end(line)
    assert box.message() == b"whole"
    assert box.message() is None


@unix
def test_nobody_at_the_other_end(line: Line) -> None:
    line.started(SimpleNamespace(stdin=None))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="pipe"):
        line.send(b"x" * 1_000_000)
    line.close()


@pytest.mark.parametrize("cut", [0, 3, 6])
def test_of_replies_only_whole_ones_count(cut: int) -> None:
    source = io.BytesIO(framed(b"one") + framed(b"two")[:cut])
    assert [message_of(source.read), message_of(source.read)] == [b"one", None]
