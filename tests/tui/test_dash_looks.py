"""What must be seen in every theme: where one is, and how much there is."""

from __future__ import annotations

import pytest
from support.dash_run import Running, dashboard
from textual.command import CommandList

from a2a.control.types import Stats, StatsRow
from a2a.tui.themes import NAMES
from a2a.tui.views.stats import StatsPage

pytestmark = pytest.mark.anyio


def styles_of(dash: Running, text: str) -> set[tuple[object, ...]]:
    """Ground and weight of the line that holds the text."""
    strips = dash.app.screen._compositor.render_strips()
    line = next(strip for strip in strips if text in "".join(segment.text for segment in strip))
    return {
        (each.style.bgcolor, each.style.underline, each.style.reverse)
        for each in line
        if each.style and each.text.strip()
    }


@pytest.mark.parametrize("theme", NAMES)
async def test_the_chosen_line_of_the_palette_stands_out(theme: str) -> None:
    async with dashboard(theme=theme) as dash:
        await dash.press("ctrl+p")
        await dash.sees("account claude/old", "account gemini/me")
        await dash.until(lambda: dash.app.screen.query_one(CommandList).highlighted == 0)
        assert styles_of(dash, "account claude/old").isdisjoint(styles_of(dash, "account gemini/me"))


async def test_figures_begin_on_the_first_row_also_where_one_has_no_name() -> None:
    """Requests that reached no account are counted under an empty name."""
    async with dashboard(size=(100, 30)) as dash:
        rows = [
            StatsRow(key={"account": name}, requests=n) for n, name in ((1, ""), (5, "kiro/work"), (9, "gemini/me"))
        ]
        dash.control.counted = Stats(rows=rows, total=StatsRow(requests=15))
        await dash.press("5")
        await dash.sees("gemini/me")
        page = dash.app.view
        assert isinstance(page, StatsPage)
        assert (page._table.cursor, page._table.current) == (0, rows[2])


async def test_a_tile_says_how_high_its_highest_bar_is_where_there_is_room() -> None:
    async with dashboard(size=(120, 40)) as dash:
        assert "max " in dash.line_of("req/min")
        assert dash.line_of("10 min ago").split("10 min ago")[1].split() == ["now"]
    async with dashboard(size=(80, 24)) as dash:
        assert "max " not in dash.line_of("req/min")
