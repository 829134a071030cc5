"""The servers of one home, by the files they leave in its state folder while they run."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from a2a.control.types import ServerView


def running(folder: Path) -> list[ServerView]:
    """Those whose process lives, oldest first. `folder`: `Folders.servers`; what cannot be read is nobody's server."""
    found: list[ServerView] = []
    for path in folder.glob("*.json"):
        try:
            view = msgspec.json.decode(path.read_bytes(), type=ServerView)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            continue
        if alive(str(view.pid)):
            found.append(view)
    return sorted(found, key=lambda view: (view.started_at, view.pid))


def alive(pid: str) -> bool:
    """Whether a process of this number runs; of Windows nothing is known."""
    if not pid.isdecimal():
        return False
    if os.name == "nt":  # os.kill(pid, 0) would send Ctrl-C there
        return True
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
