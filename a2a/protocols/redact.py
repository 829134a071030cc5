"""What an upstream's error text must not bring to a client or into the record (specs/conversion.md 11.1, R #45).

One place for all codecs: keys, tokens, header dumps, mail addresses and cloud resource names go, the words stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

import msgspec

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
    r"|\bBasic\s+(?=[\w+/]*[\d=])[\w+/]{8,}={0,2}"
    r"|(?<=[?&]key=)[^\s&\"']+|(?<=_token=)[^\s&\"']+"
    r"|(?<![\w./+-])[\w./+-]{2,}+\*{4,}[\w-]*"  # half masked; from the start of a word only, or it takes n² steps
    r"|arn:aws[\w:/-]+"  # holds the account's number
    r"|(?<![\w.+-])[\w.+-]++@[\w-]+\.[\w.-]+",
    re.IGNORECASE,
)


_IN_ERRORS = re.compile(_SECRETS.pattern.encode(), re.IGNORECASE)

_KEYS = re.compile(
    rb"\b(?:sk|ksk)-(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}"  # API keys; a digit, so that no CSS class is one
    rb"|\bAIza[\w-]{30,}|\bya29\.[\w.-]{10,}|\b1//[\w-]{20,}"  # Google
    rb"|\bao[ar][\w:+/=-]{40,}"  # Kiro
    rb"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"  # JWT
    rb"|\bgh[pousr]_\w{30,}|\bgithub_pat_\w{30,}|\bxox[abeprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b"
    rb"|\bBearer\s+[\w.~+/=-]{20,}"
    rb"|\ba2a-[\w-]{32}(?![\w-])"  # a server's own, made at its first start
)
"""What can be nothing but a key, in a text that may be about anything."""

_FIELDS = re.compile(
    rb'"(?:(?:access|refresh|id|session|auth)_?[tT]oken|client_?[sS]ecret|api_?[kK]ey|device_?[cC]ode|code_?[vV]erifier'
    rb'|password)\\*"\s*:\s*(\\*)"((?:[^"\\]|\\.)+?)\1"'
)
"""Values of the fields by which OAuth and its relatives name a secret; also in JSON that stands in a JSON string."""

_FORMS = re.compile(
    rb"(?i:(?:\b|_)(?:(?:access|refresh|id|session|auth)_token|client_secret|api_?key|device_code|code_verifier|password)"
    rb"|(?:[?&]|\\u0026)(?:key|token|code))="
    rb"((?=[\w.~+/%-]*\d)(?=[\w.~+/%-]*[A-Za-z])[\w.~+/%-]{16,})"  # a value that code would hardly have
)
"""The same in forms, queries and assignments."""

_AUTHORIZATIONS = re.compile(rb"uthorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:Basic|Token|ApiKey)\s+([\w+/=.-]{8,})", re.I)

_LOGINS = re.compile(rb"://[^\s/:@\"'\\<>]{1,256}:([^\s/:@\"'\\<>]{1,256})@")
"""Passwords in addresses."""


_KEY_SIGNS = (
    *((sign, (sign,)) for sign in (b"sk-", b"AIza", b"ya29.", b".eyJ", b"xox", b"AKIA", b"Bearer", b"a2a-")),
    (b"//", (b"1//",)),
    (b"ao", (b"aoa", b"aor")),
    (b"gh", (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")),
    (b"github", (b"github_pat_",)),
)
"""What stands in all that `_KEYS` matches: signs, each behind a part of it that is shorter and seldom found either."""

_NAME_ENDS = (b"oken", b"ecret", b"ey", b"ode", b"erifier", b"assword")
"""Of the names in `_FIELDS` and `_FORMS`, in small letters."""
_FIELD_SIGNS = tuple((end, (end + b'"', end + b"\\")) for end in _NAME_ENDS)
_FORM_SIGNS = tuple((end, (end + b"=",)) for end in _NAME_ENDS)
_FOLDED_SIGNS = tuple((end + b'"', (end + b'"',)) for end in _NAME_ENDS)
_FOLD = bytes(range(256)).lower().translate(bytes.maketrans(b"\\=", b'""'))
"""For `translate`: small letters, and what stands behind the names as one character."""


def _shows(data: bytes, signs: tuple[tuple[bytes, tuple[bytes, ...]], ...]) -> bool:
    """Whether any of the signs stands in it, each looked for only where its part does.

    This is asked of every body, and costs a fraction of the search that it saves.
    """
    for part, whole in signs:
        if part in data:
            for sign in whole:
                if sign in data:
                    return True
    return False


Span = tuple[int, int]


@lru_cache(maxsize=256)
def forms_of(secret: str) -> tuple[bytes, ...]:
    """How it may stand in a text, longest first: as it is, as JSON writes it (in a string of JSON too, and with its
    slashes escaped, as PHP does), and as URLs do.
    """
    quoted = msgspec.json.encode(secret)[1:-1]
    nested = msgspec.json.encode(quoted.decode())[1:-1]
    escaped = (form.replace(b"/", b"\\/") for form in (quoted, nested))
    forms = {secret.encode(), quoted, nested, *escaped, quote(secret, safe="").encode()}
    return tuple(sorted(forms, key=len, reverse=True))


def secrets_in(data: bytes, known: Iterable[bytes] = (), *, error: bool = False) -> list[Span]:
    """Where secrets stand in a body, in order, without overlap: the `known` ones and what can be nothing else.

    `error`: the body is an upstream's error, of which mail addresses and resource names go too.
    """
    found: list[Span] = []
    for secret in known:
        at = data.find(secret)
        while at >= 0:
            found.append((at, at + len(secret)))
            at = data.find(secret, at + len(secret))
    if _shows(data, _KEY_SIGNS):
        found += [match.span() for match in _KEYS.finditer(data)]
    folded = data.translate(_FOLD)
    if _shows(folded, _FOLDED_SIGNS):
        lower = data.lower()
        if _shows(lower, _FIELD_SIGNS):
            found += [match.span(2) for match in _FIELDS.finditer(data)]
        if _shows(lower, _FORM_SIGNS):
            found += [match.span(1) for match in _FORMS.finditer(data)]
    if b"uthorization" in folded:
        found += [match.span(1) for match in _AUTHORIZATIONS.finditer(data)]
    if b"://" in data and b"@" in data:
        found += [match.span(1) for match in _LOGINS.finditer(data)]
    if error:
        found += [match.span() for match in _IN_ERRORS.finditer(data)]
    return _joined(found) if found else found


def _joined(found: list[Span]) -> list[Span]:
    found.sort()
    joined = [found[0]]
    for begin, end in found[1:]:
        last = joined[-1]
        if begin < last[1]:
            joined[-1] = (last[0], max(last[1], end))
        else:
            joined.append((begin, end))
    return joined


def clean(message: str, limit: int = MAX_MESSAGE) -> str:
    """The message without secrets, on one line, cut at `limit`."""
    text = " ".join(_SECRETS.sub(GONE, message).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
