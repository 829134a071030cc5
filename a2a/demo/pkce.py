"""PKCE as the authorities of the demo check it."""

from __future__ import annotations

import base64
import hashlib


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
