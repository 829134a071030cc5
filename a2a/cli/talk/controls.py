"""Text that only shows itself: an answer must not drive the terminal."""

from __future__ import annotations

import re

_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters (C0 and C1) but tab and newline."""


def clean(text: str) -> str:
    """The text without control characters, escape sequences being text then."""
    return _UNSHOWN.sub("", text)
