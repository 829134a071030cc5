"""Secrets planted in one run of everything: which there were, by sort, and where one shows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

from a2a.demo.upstreams import Upstreams

SHORTEST = 8
"""Characters; what is shorter would be found by chance."""

_FIELDS = {
    "refresh_token": "refresh token",
    "code": "authorization code",
    "device_code": "device code",
    "code_verifier": "PKCE verifier",
    "client_secret": "client secret",
}
"""Field of a call at a token endpoint, in the spelling of RFC 6749 -> the sort of secret."""


@dataclass(frozen=True)
class Leak:
    """`place`: where it shows. `sort`: which sort of secret; the secret itself is not repeated."""

    place: str
    sort: str
    around: str


class Planted:
    """Sort -> secrets."""

    def __init__(self) -> None:
        self.by_sort: dict[str, set[str]] = {}

    def plant(self, sort: str, *secrets: str | None) -> None:
        self.by_sort.setdefault(sort, set()).update(text for text in secrets if text and len(text) >= SHORTEST)

    def harvest(self, up: Upstreams) -> None:
        """All that the emulated vendors have given out or been sent so far."""
        for seen in list(up.seen):
            for name, value in _sent(seen.body).items():
                if sort := _FIELDS.get(_snake(name)):
                    self.plant(sort, value)
        for account in (*up.kiro.accounts.values(), *up.qwen.accounts.values(), *up.codeassist.accounts.values()):
            issued = account.access_token != account.name  # the first token of some is their public name
            self.plant("access token", account.access_token if issued else None)
            self.plant("refresh token", account.refresh_token)
        self.plant("client secret", *(client.secret for client in up.kiro.logins.clients.values()))
        self.plant("access token", *up.codeassist.grants)

    def leaks(self, texts: Iterable[tuple[str, str]], *, but: frozenset[str] = frozenset()) -> list[Leak]:
        """Where one shows, plain, percent-encoded or as base64. `but`: sorts that may."""
        wanted = {form: sort for sort, found in self.by_sort.items() if sort not in but
                  for secret in found for form in _forms(secret)}  # fmt: skip
        return [
            Leak(place, sort, text[max(0, text.index(form) - 80) : text.index(form)])
            for place, text in texts
            for form, sort in wanted.items()
            if form in text
        ]


def _forms(secret: str) -> set[str]:
    """Long ones are looked for by their beginning too: a cut secret is one."""
    forms = {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()}
    return forms | ({secret[:60]} if len(secret) > 100 else set())


def _sent(body: bytes) -> Mapping[str, str]:
    """The text fields of a JSON or form body."""
    try:
        value: Any = json.loads(body)
    except ValueError:
        value = dict(parse_qsl(body.decode("utf-8", "replace")))
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
