"""What to say of an error whose body names none: a proxy's page, plain text, nothing (specs/conversion.md 11.1)."""

from __future__ import annotations

import re

from a2a.protocols.redact import clean

MAX_TEXT = 1000
"""Characters of such a body that a client gets to see."""
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def in_words(status: int, body: bytes) -> str:
    """The page's title, else the text, else that there is none; without secrets, on one line."""
    title = _TITLE.search(body)
    if title:
        return clean(f"HTTP {status}: {title[1].decode('utf-8', 'replace')}", MAX_TEXT)
    text = body.strip()
    if not text:
        return f"HTTP {status} without a body"
    if text[:1] in b"<{[":
        return f"HTTP {status} with an unreadable body"
    return clean(f"HTTP {status}: {text[:MAX_TEXT].decode('utf-8', 'replace')}", MAX_TEXT)
