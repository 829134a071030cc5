"""Whether a client's body holds reasoning that another vendor's model made (specs/conversion.md 7.3).

A client that changed the model in mid-conversation sends back what a2a gave it for another vendor's thinking: tokens in
an envelope, thinking without a signature, items under ids of ours. No upstream takes them, so such a body must not pass
byte by byte. Asked for every request of the byte path, hence a search in bytes; a false alarm costs a detour, no more.
"""

from __future__ import annotations

import re

_ENVELOPE = b"YTJhMS5"
"""What base64 of `a2a1.` and a family's first letter begins with."""
FOREIGN_REASONING = "rs_a2a_"
"""How the id of a reasoning item begins that OpenAI has never seen: sent there it would be looked up in vain."""
_ITEM = f'"{FOREIGN_REASONING}'.encode()
_SLOT = b'"signature"'
_UNSIGNED = re.compile(_SLOT + rb'\s*:\s*""')


def carries_foreign(body: bytes) -> bool:
    """Something in it looks like a token that its own vendor would refuse."""
    return _ENVELOPE in body or _ITEM in body or (_SLOT in body and _UNSIGNED.search(body) is not None)
