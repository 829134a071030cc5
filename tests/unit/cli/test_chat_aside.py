"""Lines of the log and troubles, while an answer is painted on the terminal."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from a2a.cli.output import Out
from a2a.cli.talk.aside import Aside


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen() -> Terminal:
    """What both streams write to."""
    return Terminal()


@pytest.fixture
def log(screen: Terminal) -> Iterator[logging.Logger]:
    """The root's handler writes to the screen, as the command line sets it up."""
    handler = logging.StreamHandler(screen)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)
    yield logging.getLogger("a2a.test")
    logging.getLogger().removeHandler(handler)


def test_they_come_when_the_answer_has_ended(screen: Terminal, log: logging.Logger) -> None:
    out = Out(io.StringIO(), screen, screen)
    aside = Aside(out)
    aside.open()
    out.piece("An answer, ")
    log.warning("account_cooling")
    out.trouble("the disk is full")
    out.piece("to its end.\n")
    aside.close()
    assert screen.getvalue() == "An answer, to its end.\nWARNING account_cooling\na2a: the disk is full\n"
    assert out.errors == [{"message": "the disk is full", "hint": None}]


def test_afterwards_nothing_waits(screen: Terminal, log: logging.Logger) -> None:
    out = Out(io.StringIO(), screen, screen)
    aside = Aside(out)
    aside.open()
    aside.close()
    log.warning("one")
    out.trouble("two")
    assert screen.getvalue() == "WARNING one\na2a: two\n"


def test_in_a_pipe_they_come_at_once(screen: Terminal, log: logging.Logger) -> None:
    out = Out(io.StringIO(), io.StringIO(), screen)
    Aside(out).open()
    log.warning("one")
    out.trouble("two")
    assert screen.getvalue() == "WARNING one\na2a: two\n"
