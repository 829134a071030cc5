"""`encrypted_content`: OpenAI's own tokens, and tokens of other vendors that travel in its place.

Source: specs/conversion.md 7.3 and 12, rule 4. A client returns the value without looking into it, so another vendor's
token goes out as base64 of `a2a1.<family>.<kind>.<token>` and is told by that prefix when it comes back. What is in
the envelope is never sent to OpenAI: the policy passes drop reasoning whose token another family made.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Literal, get_args

from a2a.messages import Family, Opaque

_PREFIX = "a2a1."
_FAMILIES: dict[str, Family] = {family: family for family in get_args(Family)}
_KINDS: dict[str, Literal["signature", "encrypted", "redacted"]] = {
    "signature": "signature",
    "encrypted": "encrypted",
    "redacted": "redacted",
}


def read_token(text: str) -> Opaque:
    """The token of a reasoning item; without our prefix it is OpenAI's, exactly as received."""
    own = Opaque("openai", "encrypted", text)
    try:
        inside = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return own
    family, _, rest = inside.removeprefix(_PREFIX).partition(".")
    kind, _, data = rest.partition(".")
    if not inside.startswith(_PREFIX) or family not in _FAMILIES or kind not in _KINDS:
        return own
    return Opaque(_FAMILIES[family], _KINDS[kind], data)


def openai_token(opaque: Sequence[Opaque]) -> str | None:
    """What OpenAI encrypted, None when there is nothing of it."""
    return next((one.data for one in opaque if one.family == "openai" and one.kind == "encrypted"), None)


def client_token(opaque: Sequence[Opaque]) -> str | None:
    """What a client gets to send back: OpenAI's token as it is, else another vendor's in our envelope."""
    own = openai_token(opaque)
    if own is not None or not opaque:
        return own
    token = opaque[0]
    return base64.b64encode(f"{_PREFIX}{token.family}.{token.kind}.{token.data}".encode()).decode()
