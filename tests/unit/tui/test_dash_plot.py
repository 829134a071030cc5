"""Bars over time: as wide as there is room for, each with its time below it."""

from __future__ import annotations

import pytest
from support.fake_control import FrozenClock

from a2a.tui.desk import Around, Desk
from a2a.tui.feed import NotAttached
from a2a.tui.plot import INSET, Plot, Series, bar_cells
from a2a.tui.state import State


@pytest.mark.parametrize(
    ("count", "room", "cells"), [(24, 71, (2, 1)), (24, 70, (1, 1)), (7, 200, (14, 1)), (60, 59, (1, 0))]
)
def test_bars_take_what_there_is_and_need_no_gap_behind_the_last(count: int, room: int, cells: tuple[int, int]) -> None:
    assert bar_cells(count, room) == cells


@pytest.mark.parametrize("width", [40, 80, 81, 120, 200])
@pytest.mark.parametrize("count", [7, 24, 60])
def test_each_label_stands_where_its_bar_begins_and_the_newest_bar_is_there(width: int, count: int) -> None:
    plot = Plot(Desk(NotAttached(), State(FrozenClock()), Around()))
    values = [1.0] * (count - 1) + [2.0]
    plot.show(Series(values, [f"{n:02}" for n in range(count)]))
    *bars, times = ["".join(text for text, _ in line) for line in plot.drawn(width, 5)]
    assert all(len(line) <= width - INSET for line in (*bars, times))
    newest = bars[0].index("█")
    assert len(bars[0].rstrip()) == len(bars[-1].rstrip())
    last = max((n for n in range(count) if f"{n:02}" in times.split()), default=0)
    bar, gap = bar_cells(count, width - 8 - INSET)
    assert times.index(f"{last:02}") == newest - (count - 1 - last) * (bar + gap)
