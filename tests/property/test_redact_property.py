"""What is looked for first must never hide what the search itself would find."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from a2a.protocols import redact
from a2a.protocols.redact import secrets_in

TAIL = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3gH5jK7m"
"""Invented; letters and digits, as many as any kind of key needs."""
KEYS = [
    *(f"{start}{TAIL}" for start in ("sk-", "ksk-", "AIza", "ya29.", "1//", "aoa", "aor", "ghp_", "gho_", "ghu_")),
    *(f"{start}{TAIL}" for start in ("ghs_", "ghr_", "github_pat_", "xoxb-", "xoxp-", "Bearer ", "Bearer  ")),
    *(f"eyJ{TAIL}.eyJ{TAIL}.{TAIL}", "AKIA0123456789ABCDEF", f"a2a-{TAIL[:32]}"),
]
NAMES = [
    *("access_token", "refreshToken", "id_token", "sessiontoken", "auth_token", "client_secret", "clientSecret"),
    *("api_key", "apiKey", "apikey", "device_code", "deviceCode", "code_verifier", "codeVerifier", "password"),
]
FIELDS = [
    form.format(name, TAIL)
    for name in NAMES
    for form in ('"{}":"{}"', '"{}" : "{}"', r"\"{}\":\"{}\"", r'\\"{}\\": \\"{}\\"')
]
FORMS = [
    *(f"{name}={TAIL}" for name in (*NAMES, "ACCESS_TOKEN", "Api_Key", "OPENAI_API_KEY", "PassWord", "Client_Secret")),
    *(f"{mark}{name}={TAIL}" for mark in ("?", "&", r"\u0026") for name in ("key", "token", "code", "Key", "CODE")),
]
OTHERS = [
    f"Authorization: Basic {TAIL}",
    f"AUTHORIZATION=apikey {TAIL}",
    f'"authorization": "Token {TAIL}"',
    f"https://ada:{TAIL}@example.com",
]
WORDS = ["\n", " ", '"', "\\", "=", ":", "{", "}", "key", "mode", "token", "code=", "task-", "light", "chaos", "data: "]

pieces = st.lists(st.sampled_from([*KEYS, *FIELDS, *FORMS, *OTHERS, *WORDS]) | st.text(max_size=8), max_size=8)


def plainly(data: bytes) -> list[redact.Span]:
    """By the searches alone."""
    found = [match.span() for match in redact._KEYS.finditer(data)]
    for pattern in (redact._FORMS, redact._AUTHORIZATIONS, redact._LOGINS):
        found += [match.span(1) for match in pattern.finditer(data)]
    found += [match.span(2) for match in redact._FIELDS.finditer(data)]
    return redact._joined(found) if found else []


@given(pieces)
@settings(max_examples=500)
@example([*KEYS, *FIELDS, *FORMS])
def test_what_is_found_first_hides_nothing(text: list[str]) -> None:
    data = "".join(text).encode(errors="surrogatepass")
    assert secrets_in(data) == plainly(data)


def test_each_writing_alone() -> None:
    for text in (*KEYS, *FIELDS, *FORMS, *OTHERS):
        data = f"- {text} -".encode()
        assert secrets_in(data) == plainly(data)


def test_keys_are_found() -> None:
    assert not [text for text in KEYS if not secrets_in(f"- {text} -".encode())]
