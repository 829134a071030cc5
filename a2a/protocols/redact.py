"""What an upstream's error text must not bring to a client or into the record (specs/conversion.md 11.1, R #45).

One place for all codecs: keys, tokens, header dumps, mail addresses and cloud resource names go, the words stay.
"""

from __future__ import annotations

import re

MAX_MESSAGE = 2000
"""Characters of an upstream's message that a client gets to see."""

GONE = "[removed]"

_SECRETS = re.compile(
    r"\b(?:sk|pk|key|ghp|sess|ksk|xox[a-z])[-_][\w-]{8,}\*{0,3}[\w-]*"  # API keys, also half masked ones
    r"|\bAIza[\w-]{20,}|\bya29\.[\w.-]+|\b1//[\w-]{10,}"  # Google
    r"|\bao[ar][\w:.+/=-]{8,}"  # Kiro
    r"|\beyJ[\w-]{10,}\.[\w.-]+"  # JWT
    r"|(?:authorization|x-api-key|x-goog-api-key|cookie)[\"']?\s*[:=]\s*(?:Bearer\s+)?\S+"
    r"|\bBearer\s+(?!tokens?\b|auth)\S+"  # but not the words "bearer token"
    r"|arn:aws[\w:/-]+"  # holds the account's number
    r"|[\w.+-]+@[\w-]+\.[\w.-]+",
    re.IGNORECASE,
)


def clean(message: str, limit: int = MAX_MESSAGE) -> str:
    """The message without secrets, on one line, cut at `limit`."""
    text = " ".join(_SECRETS.sub(GONE, message).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
