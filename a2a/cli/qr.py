"""A QR code as lines of half blocks, for a terminal: a telephone reads what a remote shell cannot open."""

from __future__ import annotations

from collections.abc import Sequence

BORDER = 2
"""Light modules around it; readers cope with less than the standard's four."""

_DARK_ON_LIGHT = {(1, 1): "█", (1, 0): "▀", (0, 1): "▄", (0, 0): " "}
_LIGHT_ON_DARK = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}


def lines(text: str, *, inverted: bool = False) -> list[str]:
    """Two rows of modules a line. The caller paints black on white; `inverted`: for a dark terminal without colours."""
    import segno  # deferred: only a device login needs it

    rows = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=BORDER)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    blocks = _LIGHT_ON_DARK if inverted else _DARK_ON_LIGHT
    return [_line(upper, lower, blocks) for upper, lower in zip(rows[::2], rows[1::2], strict=True)]


def _line(upper: Sequence[int], lower: Sequence[int], blocks: dict[tuple[int, int], str]) -> str:
    return "".join(blocks[bool(top), bool(bottom)] for top, bottom in zip(upper, lower, strict=True))
