"""Everything that is drawn in ASCII: for terminals whose character set is not UTF-8.

The marks have ASCII forms of their own; this catches the rest: names, messages, and the borders that Textual draws.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_FORMS = {
    **dict.fromkeys("─━═╌┄┈▔▁▂", "-"),
    **dict.fromkeys("│┃║┆┊▏▎▍▌▐▕", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰╔╗╚╝┏┓┗┛", "+"),
    **dict.fromkeys("█▉▊▋▇▆▅", "#"),
    **dict.fromkeys("▀▄▃░▒▓", "="),
    **dict.fromkeys("●•∙◉", "*"),
    "…": "~",
    "→": ">",
    "←": "<",
    "↑": "^",
    "↓": "v",
    "×": "x",
    "·": "-",
    "–": "-",
    "—": "-",
    "›": ">",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    " ": " ",
    "µ": "u",
    "✔": "+",
    "✖": "x",
    "▶": ">",
    "▼": "v",
    "▲": "^",
}


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The same number of cells in ASCII; what has no form becomes `?`."""
    if text.isascii():
        return text
    return "".join(letter if letter.isascii() else _FORMS.get(letter, "?" * cell_len(letter)) for letter in text)


class AsciiFilter(LineFilter):
    """The last thing that happens to a line before it is written."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(plain(text), style, control) for text, style, control in segments]
