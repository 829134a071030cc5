"""PKCE (RFC 7636) and `state` (RFC 6749 10.12): what ties an authorization code to the login that asked for it."""

from __future__ import annotations

import base64
import hashlib
import secrets

from msgspec import Struct

from a2a.secret import Secret


class Pkce(Struct, frozen=True):
    """`verifier` goes to the token endpoint only, `challenge` (S256) into the authorization request."""

    verifier: Secret
    challenge: str


def new_pkce() -> Pkce:
    """A pair for one login: 86 characters of the unreserved set, 43 to 128 are allowed (RFC 7636 4.1)."""
    verifier = secrets.token_urlsafe(64)
    digest = hashlib.sha256(verifier.encode()).digest()
    return Pkce(Secret(verifier), base64.urlsafe_b64encode(digest).decode().rstrip("="))


def new_state() -> str:
    """32 random bytes, base64url."""
    return secrets.token_urlsafe(32)
