"""Whether a client's body holds reasoning that another vendor's model made (specs/conversion.md 7.3).

A client that changed the model in mid-conversation sends back what a2a gave it for another vendor's thinking: tokens in
an envelope, or thinking without a signature. No upstream takes either, so such a body must not pass byte by byte.
Asked for every request of the byte path, hence a search in bytes; a false alarm costs the detour and nothing else.
"""

from __future__ import annotations

import re

_ENVELOPE = b"YTJhMS5"
"""What base64 of `a2a1.` and a family's first letter begins with."""
_SLOT = b'"signature"'
_UNSIGNED = re.compile(_SLOT + rb'\s*:\s*""')


def carries_foreign(body: bytes) -> bool:
    """Something in it looks like a token that its own vendor would refuse."""
    return _ENVELOPE in body or (_SLOT in body and _UNSIGNED.search(body) is not None)
