"""Times, amounts and money in few characters, for tables."""

from __future__ import annotations

from a2a.control.types import Cost, Tokens

_SIGNS = {"USD": "$", "credit": ""}
_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def span(milliseconds: float | None) -> str:
    """`8ms`, `812ms`, `4.2s`, `3m05`."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds:.0f}ms"
    seconds = milliseconds / 1000
    if seconds < 100:
        return f"{seconds:.1f}s"
    return f"{int(seconds) // 60}m{int(seconds) % 60:02d}"


def count(number: float) -> str:
    """`345`, `12.3k`, `4.5M`."""
    for size, unit in _UNITS:
        if number >= size:
            value = number / size
            return f"{value:.0f}{unit}" if value >= 100 else f"{value:.1f}{unit}"
    return f"{number:.0f}"


def tokens(used: Tokens | None) -> str:
    """`12.3k/456`: in and out; `~` where a2a has counted them itself."""
    if used is None:
        return ""
    sides = ("?" if side is None else count(side) for side in (used.input, used.output))
    return ("~" if used.estimated else "") + "/".join(sides)


def money(cost: Cost | None) -> str:
    """`$0.0123`, `0.52 credit`."""
    if cost is None:
        return ""
    unit = "" if cost.currency == "USD" else f" {cost.currency}"
    return f"{_SIGNS.get(cost.currency, '')}{_amount(cost.amount)}{unit}"


def _amount(value: float) -> str:
    if value == 0 or value >= 100:
        return f"{value:,.0f}"
    if value >= 1:
        return f"{value:.2f}"
    return f"{value:.4f}" if value >= 0.0001 else f"{value:.1e}"


def size(number: int) -> str:
    """Bytes: `812 B`, `12.3 kB`."""
    if number < 1000:
        return f"{number} B"
    return f"{number / 1000:.1f} kB" if number < 1_000_000 else f"{number / 1_000_000:.1f} MB"
