"""Where `--base-url` leads: with and without `/v1` both work (contract section 2)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from a2a.errors import UsageError

_VERSION = re.compile(r"/v\d+[a-z0-9]*$")


def candidates(url: str) -> list[str]:
    """What to try, in order: an empty path gets `/v1`, one that ends in a version stays, any other is tried as given,
    then with `/v1`. Raises UsageError when it is no http(s) URL."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        usable = usable and len(url.split()) == 1
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"the base URL {_shown(url)!r} is no http(s) URL", hint="for example https://api.openai.com/v1"
        )
    if parts.query or parts.fragment:
        raise UsageError("the base URL may have no query or fragment", hint="give scheme, host and path only")
    base, path = url.strip().rstrip("/"), parts.path.rstrip("/")
    if not path:
        return [f"{base}/v1"]
    return [base] if _VERSION.search(path) else [base, f"{base}/v1"]


def normal(url: str) -> str:
    """The first candidate: what is used where nothing asks the upstream. Raises UsageError."""
    return candidates(url)[0]


def _shown(url: str) -> str:
    """Without userinfo."""
    return re.sub(r"//[^/@]*@", "//***@", url)
