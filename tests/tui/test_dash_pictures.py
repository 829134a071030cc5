"""The first screens with their colours, as Textual's SVG, at two sizes; figures and inspector are with their tests."""

from __future__ import annotations

import pytest
from support.dash_run import dashboard
from support.picture import check_picture

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_first_screens_have_their_colours(size):
    async with dashboard(size=size) as dash:
        for key, name in (("1", "overview"), ("2", "accounts"), ("3", "requests")):
            await dash.press(key)
            await check_picture(dash, f"{name}-{size[0]}x{size[1]}")
