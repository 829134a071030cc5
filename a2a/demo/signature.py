"""Thinking signatures: only text that this emulator wrote, unchanged, comes back as genuine."""

from __future__ import annotations

import base64
import hashlib
import hmac

_KEY = b"a2a demo upstream"
_DIGEST_BYTES = 32


def sign(family: str, text: str) -> str:
    """The signature of a thinking text; `family` says which emulator issued it."""
    digest = hmac.new(_KEY, text.encode(), hashlib.sha256).digest()
    return base64.b64encode(_mark(family) + digest).decode()


def genuine(family: str, signature: str, text: str) -> bool:
    """Whether `signature` is ours. The text must be the one we signed, or empty (its display was omitted)."""
    raw, mark = _decoded(signature), _mark(family)
    if raw is None or not raw.startswith(mark) or len(raw) != len(mark) + _DIGEST_BYTES:
        return False
    return not text or hmac.compare_digest(signature, sign(family, text))


def redact(family: str, text: str) -> str:
    """Opaque data that stands for a thinking text."""
    return base64.b64encode(_mark(family) + b"redacted:" + hashlib.sha256(text.encode()).digest()).decode()


def genuine_redacted(family: str, data: str) -> bool:
    raw = _decoded(data)
    return raw is not None and raw.startswith(_mark(family) + b"redacted:")


def _mark(family: str) -> bytes:
    return f"demo-{family}:".encode()


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
