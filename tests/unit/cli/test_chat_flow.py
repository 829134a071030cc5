"""A stream of Markdown: however it is cut, the same lines in the end, and what was final stays."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from a2a.cli.talk.flow import Flow
from a2a.cli.talk.shape import Line, Shaper

ROWS = 23
ANSWER = """\
# A title

Some **bold** text that is long enough to be wrapped at the width of this terminal, with `code`
and a second line.

- item one
- item two
  - nested

    its paragraph
- last

1. first

   ```python
   def f(x: int) -> str:
       return f"{x}"  # comment
   ```
2. second

3. third

> a quote
> - with a list

| a | b |
|---|--:|
| 1 | 22 |
| 世界 | 😀 |

Setext
------

```js
const x = "a";

// end
```
***
[a]: http://x.y

The end."""


def flow(width: int = 60) -> Flow:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=ROWS + 1, color_system="standard")
    return Flow(Shaper(console))


def steps(pieces: Sequence[str], rows: int = ROWS) -> Iterator[tuple[list[Line], list[Line]]]:
    one = flow()
    for piece in pieces:
        yield one.step(piece, rows)
    yield one.step("", rows, final=True)


def final(pieces: Sequence[str], rows: int = ROWS) -> list[str]:
    return [line.plain for done, _ in steps(pieces, rows) for line in done]


def letters(lines: Sequence[str]) -> str:
    return "".join("".join(line.split()) for line in lines)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40, 200])
def test_any_pieces_give_the_same_lines(size: int) -> None:
    pieces = [ANSWER[at : at + size] for at in range(0, len(ANSWER), size)]
    assert final(pieces) == final([ANSWER])


@given(st.lists(st.integers(1, len(ANSWER) - 1), max_size=12, unique=True))
def test_any_cuts_give_the_same_lines(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ANSWER)]
    assert final([ANSWER[a:b] for a, b in itertools.pairwise(edges)]) == final([ANSWER])


SCRAPS = ["word ", "**", "`", "\n", "\n\n", "- ", "1. ", "> ", "```\n", "#", "| a ", "  ", "_", "word\n", "    "]


@given(st.lists(st.sampled_from(SCRAPS), max_size=30))
def test_no_word_is_lost_whatever_the_markup(pieces: list[str]) -> None:
    assert letters(final(pieces)).count("word") == "".join(pieces).count("word")


def test_nothing_at_all() -> None:
    assert final([]) == []
    assert final(["\n", "  \n"]) == []


def test_what_is_open_is_shown_at_once() -> None:
    seen = [[line.plain for line in opened] for _, opened in steps(["One ", "two ", "three"])]
    assert seen == [["One"], ["One two"], ["One two three"], []]


@pytest.mark.parametrize("marker", ["-", "1.", "#", "```", "|", "---", "> ", "**", "| a | b |"])
def test_a_line_that_may_become_something_else_waits(marker: str) -> None:
    one = flow()
    assert one.step(marker, ROWS) == ([], [])


def test_a_paragraph_does_not_flicker_into_a_heading() -> None:
    one = flow()
    one.step("A paragraph\n", ROWS)
    _, opened = one.step("-", ROWS)
    assert [line.ansi for line in opened] == ["A paragraph"]


def test_lines_of_code_are_final_one_by_one() -> None:
    one = flow()
    done, opened = one.step("Look:\n\n```py\na = 1\nb = 2\nc", ROWS)
    assert [line.plain for line in done] == ["Look:", "", "  a = 1", "  b = 2"]
    assert [line.plain for line in opened] == ["  c"]


def test_items_of_a_list_are_final_one_by_one() -> None:
    one = flow()
    done, opened = one.step("1. one\n2. two\n\n3. thr", ROWS)
    assert [line.plain for line in done] == [" 1. one", " 2. two"]
    assert [line.plain for line in opened] == ["", " 3. thr"]


def test_lazy_numbers_count_on() -> None:
    assert final(list("1. a\n1. b\n1. c\n")) == [" 1. a", " 2. b", " 3. c"]


def test_a_long_block_of_code_keeps_its_lines() -> None:
    code = [f"x{number} = '{number}'" for number in range(400)]
    text = "```python\n" + "\n".join(code) + "\n```\n"
    assert final([text[at : at + 300] for at in range(0, len(text), 300)]) == ["  " + line for line in code]


def test_a_paragraph_taller_than_the_screen_is_final_from_above() -> None:
    words = " ".join(f"word{number}" for number in range(2000))
    pieces = [words[at : at + 500] for at in range(0, len(words), 500)]
    opened = [len(opened) for _, opened in steps(pieces)]
    assert max(opened) <= ROWS + 500 // 60 + 1
    lines = final(pieces)
    assert letters(lines) == letters([words])
    assert min(len(line) for line in lines[:-1]) > 40, "cut where the terminal breaks lines anyway"


def test_an_open_emphasis_is_not_cut() -> None:
    bold = "**" + " ".join(f"word{number}" for number in range(600)) + "**"
    assert letters(final([bold[at : at + 200] for at in range(0, len(bold), 200)])).replace("*", "") == letters(
        [bold.replace("*", "")]
    )
