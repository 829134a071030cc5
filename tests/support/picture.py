"""The screen as Textual's SVG, without what differs from run to run, or is drawn from the network."""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path

from support.dash_run import SCREENS, Running

_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_PREFIX = re.compile(r"terminal-\d+-")
_CLIP = re.compile(r"\s*<clipPath id=\"line-\d+\">.*?</clipPath>", re.DOTALL)
_CLIPPED = re.compile(r" clip-path=\"url\(#line-\d+\)\"")


def picture(running: Running) -> str:
    """Without the names that are a checksum of the whole; spaces as the letters they are, which halves its size."""
    svg = _PREFIX.sub("", running.app.export_screenshot(title="a2a dash"))
    svg = _CLIPPED.sub("", _CLIP.sub("", _FONT_FACE.sub("", svg)))
    svg = svg.replace(' shape-rendering="crispEdges"', "")
    svg = svg.replace("</style>", "rect { shape-rendering: crispEdges }</style>")
    svg = svg.replace("Fira Code", "monospace").replace("&#160;", "\u00a0")
    return "\n".join(line.rstrip(" ") for line in svg.splitlines() if line.strip()) + "\n"


def _looked_at(path: Path, running: Running) -> str:
    """The picture that was looked at; one that is not there yet is written, for somebody to look at."""
    if not path.exists():
        path.write_text(picture(running), encoding="utf-8")
        raise AssertionError(f"{path.name} was not there and is written now: look at it")
    return path.read_text(encoding="utf-8")


async def check_picture(running: Running, name: str) -> None:
    """Colours and all, it is the picture that was looked at. To accept another, remove the file and run again."""
    path = SCREENS / f"{name}.svg"
    await running.settle()
    wanted = _looked_at(path, running)
    for _ in range(20):
        if (now := picture(running)) == wanted:
            return
        await running.settle()
    pairs = zip_longest(wanted.splitlines(), now.splitlines(), fillvalue="")
    differs = [f"-{before}\n+{after}" for before, after in pairs if before != after]
    raise AssertionError(f"{path.name} has {len(differs)} other lines, the first:\n{differs[0]}")
