"""How the columns of a list share its width."""

from __future__ import annotations

from a2a.tui.columns import GAP, OPTIONAL, Column, Layout


def column(key: str, width: int, **more: object) -> Column[dict[str, str]]:
    return Column(key=key, title=key, cell=lambda row: row[key], width=width, **more)  # type: ignore[arg-type]


def test_an_optional_column_takes_no_cells_that_the_others_want() -> None:
    """Also where another column holds less than its least width, which it has all the same."""
    layout = Layout([column("name", 6, most=30), column("cost", 9, most=14), column("more", 8, priority=OPTIONAL)])
    rows = [{"name": "a name of 14..", "cost": "$1", "more": "x"}]
    room = 14 + 9 + 8 + 2 * GAP
    assert [(each.key, wide) for each, wide in layout.share(rows, room)] == [("name", 14), ("cost", 9), ("more", 8)]
    assert [(each.key, wide) for each, wide in layout.share(rows, room - 1)] == [("name", 14), ("cost", 9)]
