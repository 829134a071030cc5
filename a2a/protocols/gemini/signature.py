"""`thoughtSignature`: Google's own tokens, and tokens of other vendors that travel in its place.

Source: specs/conversion.md 7.3. A Gemini client returns a signature without looking into it, so another vendor's token
goes out as base64 of `a2a1.<family>.<kind>.<token>` and is told by that prefix when it comes back. Clients decode the
field as base64 (other text fails the SDK's validation), and google-genai sends it back in the URL-safe alphabet.
"""

from __future__ import annotations

import base64
import binascii
from typing import Literal, get_args

from a2a.messages import Family, Opaque

SENTINEL = "skip_thought_signature_validator"
"""What stands in for a signature nobody knows any more (gemini-cli.md 6.4)."""
_PREFIX = "a2a1."
_FAMILIES: dict[str, Family] = {family: family for family in get_args(Family)}
_KINDS: dict[str, Literal["signature", "encrypted", "redacted"]] = {
    "signature": "signature",
    "encrypted": "encrypted",
    "redacted": "redacted",
}
_STANDARD = str.maketrans("-_", "+/")


def read_signature(text: str) -> Opaque | None:
    """The token of a client's part; None for the sentinel, which is set anew where it is needed."""
    if text == SENTINEL:
        return None
    standard = text.translate(_STANDARD)
    try:
        inside = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return Opaque("google", "signature", text)
    if inside == SENTINEL.encode():
        return None
    if inside.startswith(_PREFIX.encode()):
        return _carried(inside.decode("utf-8", "replace")) or Opaque("google", "signature", standard)
    return Opaque("google", "signature", standard)


def _carried(text: str) -> Opaque | None:
    family, _, rest = text.removeprefix(_PREFIX).partition(".")
    kind, _, data = rest.partition(".")
    if family not in _FAMILIES or kind not in _KINDS:
        return None
    return Opaque(_FAMILIES[family], _KINDS[kind], data)


def google_token(opaque: list[Opaque]) -> str | None:
    """The signature Google made, None when there is none."""
    return next((one.data for one in opaque if one.family == "google"), None)


def client_token(opaque: list[Opaque]) -> str | None:
    """What a client gets to send back: Google's signature as it is, else another vendor's token in our envelope."""
    token = google_token(opaque)
    if token is not None or not opaque:
        return token
    return enveloped(opaque[0])


def enveloped(opaque: Opaque) -> str:
    """A token of another vendor as a legal `thoughtSignature`."""
    return base64.b64encode(f"{_PREFIX}{opaque.family}.{opaque.kind}.{opaque.data}".encode()).decode()
