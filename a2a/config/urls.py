"""Upstream URLs: an origin with an optional path in front of the upstream's own; `{region}` may stand in it."""

from __future__ import annotations

from urllib.parse import urlsplit

HINT = "for example https://llm.example.com/v1, or http://127.0.0.1:8080"


def trouble(url: str) -> str | None:
    """What is wrong with it, in words that show nothing of it; None for a good one."""
    try:
        parts = urlsplit(url.replace("{region}", "region"))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    return None if usable else "the URL is no http(s) URL"
