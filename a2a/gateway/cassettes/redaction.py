"""What no cassette holds: keys of a2a and of accounts, and what can be nothing but a key, as in the record
(protocols/redact.py).

A cassette is to play exactly what was said, so mail addresses, paths and the like stay, but in errors: people who share
cassettes look at them. An incoming request is redacted in the same way before it is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable

from a2a.config import Settings
from a2a.protocols.redact import GONE, forms_of, secrets_in
from a2a.secret import Secret

_GONE = GONE.encode()
_SHORTEST = 6
"""A shorter secret would be found in ordinary words."""


class Redaction:
    """`secrets`: known ones, besides what looks like one."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        plain = {secret.reveal() for secret in secrets if len(secret.reveal()) >= _SHORTEST}
        self._known = sorted({form for text in plain for form in forms_of(text)}, key=len, reverse=True)

    def __call__(self, content: bytes, *, error: bool = False) -> bytes:
        """`error`: the content is an error that an upstream may have worded."""
        parts: list[bytes] = []
        at = 0
        for begin, end in secrets_in(content, self._known, error=error):
            parts += (content[at:begin], _GONE)
            at = end
        return b"".join((*parts, content[at:])) if parts else content


def secrets_of(settings: Settings) -> list[Secret]:
    """Those that the settings know: client keys, and accounts that are declared or given by flag."""
    server = settings.server
    given = (server.api_key, server.openai_api_key, server.claude_api_key)
    tokens = (server.gemini_oauth_creds_base64, server.kiro_oauth_creds_base64)
    own = [secret for secret in (*given, *tokens) if secret is not None]
    return [*own, *settings.client_keys.values(), *settings.env_secrets.values()]
