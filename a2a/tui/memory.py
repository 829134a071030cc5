"""What the dashboard remembers from one time to the next: the theme. A file that cannot be read is no memory."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
from msgspec import Struct

from a2a.tui.themes import NAMES


class _Memory(Struct):
    theme: str


def theme(path: Path) -> str | None:
    """The last one; None where there is none that is known."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Memory).theme
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found in NAMES else None


def keep(path: Path, theme: str) -> None:
    """Never raises: a theme is not worth an error."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(msgspec.json.encode(_Memory(theme)))
