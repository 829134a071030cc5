"""Writes docs/demo.svg: what `a2a demo` prints on a terminal, as a picture for the README.

.venv/bin/python scripts/screenshot.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "demo.svg"
COLUMNS = 80
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def demo() -> str:
    """The real output with its colours. Raises CalledProcessError when a cell is wrong."""
    env = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "a2a", "demo"]
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout.decode()  # noqa: S603


def picture(output: str) -> str:
    """The terminal as SVG that needs no font from elsewhere: GitHub shows pictures without their network."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, legacy_windows=False)
        console.print(Text("$ ", style="bold green") + Text("a2a demo", style="bold"))
        console.print(Text.from_ansi(output.rstrip()))
    svg = console.export_svg(title="a2a demo", unique_id="demo")
    return _FONT_FACE.sub("", svg).replace("Fira Code, monospace", _FONTS)


if __name__ == "__main__":
    PICTURE.write_text(picture(demo()), encoding="utf-8")
