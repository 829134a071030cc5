"""Markdown as lines of a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from a2a.cli.talk.controls import clean
from a2a.cli.talk.shape import NUMBER_COLUMNS, READ_WIDTH, Line, Shaper


def shaped(source: str, width: int = 60, **options: object) -> list[Line]:
    settings: dict[str, object] = {"force_terminal": True, "color_system": "standard", "height": 24}
    console = Console(file=io.StringIO(), width=width, **(settings | options))  # type: ignore[arg-type]
    shaper = Shaper(console)
    return [line for block in shaper.blocks(source) for line in shaper.lines(block)]


def plain(source: str, width: int = 60, **options: object) -> list[str]:
    return [line.plain for line in shaped(source, width, **options)]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("# One\n\n## Two", ["One", "Two"]),
        ("a **b** *c* ~~d~~ `e`", ["a b c d e"]),
        ("one\ntwo  \nthree", ["one", "two", "three"]),
        ("[here](https://x.y/z) <https://a.b>", ["here (https://x.y/z) https://a.b"]),
        ("![a cat](cat.png)", ["a cat (cat.png)"]),
        ("- a\n- b\n  - c\n", ["• a", "• b", "  • c"]),
        ("9. a\n10. b", [" 9. a", "10. b"]),
        ("1. a\n\n   b\n\n2. c", [" 1. a", "", "    b", "", " 2. c"]),
        ("> a\n> b", ["│ a", "│ b"]),
        ("```py\nx = 1\n\ny\n```", ["  x = 1", "", "  y"]),
        ("```\n\tx\n```", ["      x"]),
        ("| a | b |\n|---|--:|\n| 1 | 22 |\n", ["a    b", "──────", "1   22"]),
        ("---", ["─" * 59]),
        ("&amp; \\* &#169;", ["& * ©"]),
    ],
)
def test_layout(source: str, lines: list[str]) -> None:
    assert plain(source) == lines


@pytest.mark.parametrize(
    "source",
    [
        "<b>bold</b> <br>",
        "<div>\na block\n</div>",
        "[a]: http://x.y",
        "[text][a]",
        "a <!-- comment --> b",
        "-" * 3 + "x",
    ],
)
def test_what_a_page_would_hide_is_text(source: str) -> None:
    assert "\n".join(plain(source)) == source


def test_deep_nesting_loses_nothing() -> None:
    source = "".join("  " * depth + f"- level{depth}\n" for depth in range(25))
    assert all(any(f"level{depth}" in line for line in plain(source, 200)) for depth in range(25))


def test_text_is_read_at_a_width_and_code_has_all_of_it() -> None:
    assert max(len(line) for line in plain("word " * 100, 160)) <= READ_WIDTH
    assert plain("```\n" + "x" * 150 + "\n```", 160) == ["  " + "x" * 150]


@pytest.mark.parametrize("width", [1, 2, 5, 11, 80])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    source = "# 世界\n\n1. 日本語 `code` 😀\n\n> quote\n\n|a|b|c|d|\n|-|-|-|-|\n|1|2|3|4|\n\n```\nlong code\n```\n"
    markers = NUMBER_COLUMNS if width < 8 else 0  # which are written whole on the narrowest
    assert all(line.cells <= max(2, width - 1) + markers for line in shaped(source, width))


def test_a_table_without_room_is_its_cells() -> None:
    lines = plain("|alpha|beta|gamma|\n|-|-|-|\n|1|2|3|\n", 12)
    assert lines == ["alpha", "beta", "gamma", "", "1", "2", "3", ""]


def test_colour_only_where_it_is_wanted() -> None:
    (line,) = shaped("`code` and **bold**")
    assert line.ansi == "\x1b[36mcode\x1b[0m and \x1b[1mbold\x1b[0m"
    (line,) = shaped("`code` and **bold**", no_color=True)
    assert line.ansi == "`code` and \x1b[1mbold\x1b[0m"
    (line,) = shaped("`code` and **bold**", color_system=None)
    assert line.ansi == "`code` and bold"


def test_lines_end_where_their_text_ends() -> None:
    assert all(line.ansi == line.ansi.rstrip() for line in shaped("| a | b |\n|---|---|\n| 1 | |\n\ntext  \n"))


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert clean("a\x1b[2Jb\x07\r\nc\td\x9b1m") == "a[2Jb\nc\td1m"
