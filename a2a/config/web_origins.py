"""Origins as a browser sends them: `scheme://host[:port]`, without a path (RFC 6454, section 7)."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANY = "*"
HINT = "for example http://localhost:5173: scheme, host and port, no path"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[^\s/:?#@\[\]]+)(?::\d{1,5})?/?", re.IGNORECASE)


def trouble(origins: Sequence[str]) -> str | None:
    """What is wrong with the first bad one of these; None where all are good. A slash at the end does not matter."""
    bad = next((one for one in origins if one != ANY and _ORIGIN.fullmatch(one) is None), None)
    return None if bad is None else f"{bad!r} is no origin"


def plain(origin: str) -> str:
    """As two of them are compared: browsers write scheme and host in lower case, people may not."""
    return origin.rstrip("/").lower()
