"""Where the lines of a sheet stand: folding, wrapping by cells, one column or two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from a2a.tui.inspect.layout import BETWEEN, GUTTER, WIDE, Layout
from a2a.tui.inspect.sheet import Line, Row, Sheet, fold_under, line
from a2a.tui.inspect.wrap import between, breaks, hanging, part


def pieces(text: str, cuts: tuple[int, ...]) -> list[str]:
    whole = line(text).parts
    return ["".join(each for each, _ in part(whole, cuts, number)[0]) for number in range(len(cuts) + 1)]


def sheet(count: int, *, paired: bool = False) -> Sheet:
    rows = [Row(line(f"left {n}"), line(f"right {n}") if paired else None) for n in range(count)]
    return Sheet(rows, ("a", "b" if paired else ""))


@given(st.text(max_size=300), st.integers(4, 60), st.integers(0, 30))
def test_a_broken_line_loses_nothing_and_fits(text: str, width: int, indent: int) -> None:
    cuts = breaks(text, width, indent)
    parts = pieces(text, cuts)
    assert "".join(parts) == text
    assert cell_len(parts[0].rstrip()) <= width
    assert all(cell_len(each.rstrip()) <= max(2, width - hanging(indent, width)) for each in parts[1:])


def test_a_line_breaks_between_words_where_it_can() -> None:
    text = "one two three four"
    assert pieces(text, breaks(text, 10)) == ["one two ", "three four"]
    assert pieces("one two three", breaks("one two three", 7)) == ["one two ", "three"]
    assert pieces("x" * 25, breaks("x" * 25, 10)) == ["x" * 10, "x" * 10, "x" * 5]


def test_wide_letters_take_two_cells() -> None:
    assert pieces("日本語日本語", breaks("日本語日本語", 7)) == ["日本語", "日本語"]


def test_pieces_keep_their_tones_where_they_are_cut() -> None:
    assert between([("abc", "dim"), ("def", "bad")], 1, 5) == [("bc", "dim"), ("de", "bad")]


def test_columns_stand_beside_each_other_from_a_width_on() -> None:
    two = Layout(sheet(2, paired=True), width=WIDE)
    assert two.two_columns
    assert two.column == (WIDE - GUTTER - BETWEEN) // 2
    one = Layout(sheet(2, paired=True), width=WIDE - 1)
    assert not one.two_columns
    assert not Layout(sheet(2), width=200).two_columns


def test_a_folded_row_hides_what_follows_and_says_so() -> None:
    rows = fold_under(Row(line("["), briefs=(" … 2 items ]", "")), [Row(line("  1")), Row(line("  2"))])
    found = Sheet([*rows, Row(line("end"))])
    folded = Layout(found, frozenset({0}), 80)
    assert [folded.lines(n)[0].text for n in range(len(folded.shown))] == ["[ … 2 items ]", "end"]
    assert Layout(found, (), 80).height == 4


def test_a_row_takes_the_lines_of_its_longer_side() -> None:
    found = Sheet([Row(line("a" * 100), line("short"), "~"), Row(line("b"), line("b"))], ("l", "r"))
    laid = Layout(found, (), WIDE)
    assert laid.tops == [0, 3, 4]
    assert [laid.at(y) for y in range(5)] == [0, 0, 0, 1, 1]


def test_a_flat_row_stays_one_line() -> None:
    assert Layout(Sheet([Row(line("a" * 500), flat=True)]), (), 40).height == 1


def test_without_wrapping_every_row_is_one_line() -> None:
    assert Layout(Sheet([Row(line("a" * 500))]), (), 40, wrap=False).height == 1


def test_a_hidden_row_is_found_where_it_folded_into() -> None:
    rows = fold_under(Row(line("[")), [Row(line("1")), Row(line("2"))])
    assert Layout(Sheet([Row(Line(())), *rows]), frozenset({1}), 80).place(3) == 1


def test_owners_are_the_rows_one_is_folded_into() -> None:
    inner = fold_under(Row(line("{")), [Row(line("x"))])
    found = Sheet(fold_under(Row(line("[")), [*inner, Row(line("y"))]))
    assert found.owners(2) == [0, 1]
    assert found.owners(3) == [0]


def test_an_empty_sheet_has_no_lines() -> None:
    assert Layout(Sheet([]), (), 80).height == 0
