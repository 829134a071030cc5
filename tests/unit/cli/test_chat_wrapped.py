"""Reasoning on a terminal: broken between words, however it arrives."""

from __future__ import annotations

import pytest

from a2a.cli.talk.wrapped import Wrapped

CASES = [
    ("one two three", 9, "one two\nthree"),
    ("one two three", 80, "one two three"),
    ("a\n  b c\n\nd ", 9, "a\n  b c\n\nd "),
    ("see https://example.com/long now", 10, "see\nhttps://example.com/long now"),
    ("日本語のテキスト", 9, "日本語の\nテキスト"),
    ("ab 日本語, c", 9, "ab 日本\n語, c"),
    ("tab\tstop", 40, "tab\tstop"),
    ("", 9, ""),
]


@pytest.mark.parametrize(("text", "columns", "shown"), CASES)
def test_however_it_is_cut_the_lines_are_the_same(text: str, columns: int, shown: str) -> None:
    for size in (1, 2, 3, 100):
        wrapped = Wrapped(lambda: columns)
        pieces = [wrapped.add(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join(pieces) + wrapped.rest() == shown


def test_a_word_without_an_end_is_shown_while_it_comes() -> None:
    wrapped = Wrapped(lambda: 10)
    assert "".join(wrapped.add("x") for _ in range(100)).count("x") > 80


def test_the_width_is_that_of_now() -> None:
    columns = 80
    wrapped = Wrapped(lambda: columns)
    assert wrapped.add("one two three ") == "one two three"
    columns = 9
    assert wrapped.add("four five ") == "\nfour\nfive"
