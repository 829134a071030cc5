"""What is typed: lines that belong together, where no readline is."""

from __future__ import annotations

import io

import pytest

from a2a.cli.output import Out
from a2a.cli.talk.line import Lines, silence


def typed(text: str) -> tuple[Lines, io.StringIO]:
    shown = io.StringIO()
    return Lines(Out(io.StringIO(text), io.StringIO(), shown), None, lambda line: []), shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello\n", ["hello"]),
        ("hello", ["hello"]),
        ("\n\n", ["", ""]),
        (" /model\n", [" /model"]),
        ("one\\\ntwo\\\nthree\nnext\n", ["one\ntwo\nthree", "next"]),
        ("one\\\n", ["one"]),
        ('"""one\ntwo\n"""\nnext\n', ["one\ntwo", "next"]),
        ('"""one"""\nnext\n', ["one", "next"]),
        ('"""\n  x\n\ny"""\n', ["x\n\ny"]),
        ('"""never\nclosed\n', ["never\nclosed"]),
        ("", []),
    ],
)
def test_lines_that_belong_together(text: str, said: list[str]) -> None:
    lines, _ = typed(text)
    assert list(iter(lines.read, None)) == said


def test_prompts_stand_on_stderr() -> None:
    lines, shown = typed("a\\\nb\n")
    while lines.read() is not None:
        pass
    assert shown.getvalue() == "> ... > \n"


def test_without_readline_nothing_is_kept() -> None:
    lines, _ = typed("")
    lines.keep()


def test_silence_needs_a_terminal() -> None:
    with silence(io.StringIO()):
        pass
