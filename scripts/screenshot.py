"""Shows in the README what `a2a demo` prints: as a picture (docs/demo.svg) and as text.

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

ROOT = Path(__file__).parents[1]
COLUMNS = 80
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_BLOCK = re.compile(r"(?<=```console\n\$ a2a demo\n).*?(?=```)", re.DOTALL)
_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)


def demo() -> str:
    """The real output with its colours. Raises CalledProcessError when a cell is wrong."""
    env = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "a2a", "demo"]
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout.decode()  # noqa: S603


def picture(output: str) -> str:
    """The terminal as SVG."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, legacy_windows=False)
        console.print(Text("$ ", style="bold green") + Text("a2a demo", style="bold"))
        console.print(Text.from_ansi(output.rstrip()))
    return plain_fonts(console.export_svg(title="a2a demo", unique_id="demo"))


def plain_fonts(svg: str) -> str:
    """Without a font from elsewhere: GitHub shows pictures without their network."""
    return _FONT_FACE.sub("", svg).replace("Fira Code, monospace", _FONTS).replace("Fira Code", _FONTS)


def main() -> None:
    output = demo()
    (ROOT / "docs" / "demo.svg").write_text(picture(output), encoding="utf-8")
    readme = ROOT / "README.md"
    lines = [line.rstrip() for line in Text.from_ansi(output.rstrip()).plain.splitlines()]
    shown = "\n".join(lines) + "\n"
    readme.write_text(_BLOCK.sub(lambda _: shown, readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
