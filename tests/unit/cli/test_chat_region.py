"""The end of the screen that may still change, on a terminal of the test's own."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from support.screen import Screen

from a2a.cli.talk.flow import Flow
from a2a.cli.talk.region import Region
from a2a.cli.talk.shape import Line, Shaper


def lines(*texts: str) -> list[Line]:
    return [Line(text, text) for text in texts]


@pytest.fixture
def screen() -> Screen:
    return Screen(40, 6)


@pytest.fixture
def region(screen: Screen) -> Region:
    return Region(screen.write, lambda: (screen.columns, screen.rows))


def test_open_lines_are_written_over(screen: Screen, region: Region) -> None:
    region.paint([], lines("a", "b"))
    region.paint([], lines("a", "bc", "d"))
    assert screen.lines == ["a", "bc", "d"]


@pytest.mark.parametrize(
    ("before", "done", "after"),
    [
        (["a", "b"], ["a", "b"], []),
        (["a", "b", "c"], ["x"], []),
        (["a", "b", "c"], [], ["a"]),
        (["a", "b", "c"], ["a"], ["b"]),
        (["long line", "b"], ["short"], ["b"]),
        ([], ["a"], ["b"]),
        (["a"], [], []),
    ],
)
def test_what_is_final_takes_its_place(
    before: list[str], done: list[str], after: list[str], screen: Screen, region: Region
) -> None:
    region.paint([], lines(*before))
    region.paint(lines(*done), lines(*after))
    region.close()
    screen.write("$")
    assert screen.lines == [*done, *after, "$"]


def test_of_more_than_a_screen_the_end_is_shown(screen: Screen, region: Region) -> None:
    block = [f"row {number}" for number in range(20)]
    region.paint([], lines(*block[:12]))
    assert screen.lines == block[7:12]
    region.paint([], lines(*block))
    assert screen.lines == block[15:]
    region.paint(lines(*block), [])
    assert screen.lines == block


def test_only_what_differs_is_written(screen: Screen, region: Region) -> None:
    region.paint([], lines("a" * 30, "b" * 30, "c"))
    before = screen.written
    region.paint(lines("a" * 30, "b" * 30), lines("cd"))
    assert screen.written - before < 20
    before = screen.written
    region.paint([], lines("cd"))
    assert screen.written == before


def test_rows_that_the_terminal_has_folded(screen: Screen, region: Region) -> None:
    """Narrower meanwhile: 30 columns are two rows of 20 now, and both are written over."""
    region.paint([], lines("a" * 30))
    folded = Screen(20, 6)
    folded.write("a" * 20 + "\n" + "a" * 10)
    screen.columns = 20
    region._write = folded.write
    region.paint(lines("a" * 19), lines("a" * 11))
    assert folded.lines == ["a" * 19, "a" * 11]


@pytest.mark.parametrize("size", [1, 5, 60])
def test_a_whole_answer_stands_once_in_the_scrollback(size: int) -> None:
    answer = (
        "# Title\n\n" + "word " * 150 + "\n\n" + "".join(f"{n}. item **{n}**\n" for n in range(1, 31)) + "\n```py\n"
    )
    answer += "".join(f"x{n} = {n}\n" for n in range(40)) + "```\n\n|a|b|\n|-|-|\n" + "|1|2|\n" * 12 + "\nend"
    screen = Screen(40, 8)
    console = Console(file=io.StringIO(), force_terminal=True, width=40, height=8, color_system="standard")
    region = Region(screen.write, lambda: (40, 8))
    flow = Flow(Shaper(console))
    for at in range(0, len(answer), size):
        region.paint(*flow.step(answer[at : at + size], region.rows))
    region.paint(*flow.step("", region.rows, final=True))
    whole = Flow(Shaper(console)).step(answer, region.rows, final=True)[0]
    assert screen.lines == [line.plain for line in whole]
