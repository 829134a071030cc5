"""What `--redact` takes out of an export besides the secrets that no record holds: what tells of a person.

A rule is a pattern and what stands in its place. Strings are treated wherever they stand in a value; many are JSON
themselves (arguments of calls, bodies), so no match may begin behind a backslash or hold a quote: what is left of them
is JSON still. Media are left alone. This finds the usual forms; it is no promise that nothing personal is left.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Raw, Struct

_LONG = 256
_BASE64 = re.compile(r"(?:data:[\w/+.;=-]*,)?[A-Za-z0-9+/_-]+={0,2}")


class Rule(Struct, frozen=True):
    """`instead`: may name groups of the pattern."""

    name: str
    pattern: re.Pattern[str]
    instead: str


_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_HEX = r"[0-9A-Fa-f]{1,4}"


def _begins(signs: str) -> str:
    """Where a match may begin: behind none of these signs, no letter and no backslash, or behind an escaped blank."""
    return rf"(?:(?<![\w\\{signs}])|(?<=\\[nrt]))"


RULES: tuple[Rule, ...] = (
    Rule(
        "private key",
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^\"]*?-----END [A-Z ]*PRIVATE KEY-----"),
        "[private key]",
    ),
    Rule("password in an address", re.compile(r"(?P<scheme>\w+://)[^\s/@:\"\\]+:[^\s/@\"\\]+@"), r"\g<scheme>[login]@"),
    Rule(
        "key",
        re.compile(
            _begins("") + r"(?:(?:sk|pk|rk|ksk|sess|hf|glpat|npm|ghp|gho|ghu|ghs|ghr|xox[abeoprs])[-_][\w-]{8,}"
            r"|github_pat_\w{20,}|AIza[\w-]{20,}|ya29\.[\w.-]{8,}|1//[\w-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}"
            r"|ao[ar][\w:.+/=-]{16,}|eyJ[\w-]{10,}\.[\w.-]{10,})"
        ),
        "[key]",
    ),
    Rule("token of a header", re.compile(r"(?P<head>\b[Bb]earer )[\w.~+/=-]{8,}"), r"\g<head>[key]"),
    Rule(
        "value called a secret",
        re.compile(
            r"(?P<head>(?:api[_-]?key|access[_-]?token|auth[_-]?token|secret(?:[_-]?key)?|passw(?:or)?d)"
            r"[\\\"']{0,3}\s*[=:]\s*[\\\"']{0,2})[^\s\"'\\,;&}{\[\]]{6,}",
            re.IGNORECASE,
        ),
        r"\g<head>[key]",
    ),
    Rule("e-mail", re.compile(_begins(".+%-") + r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    Rule(
        "home folder",
        re.compile(r"(?P<head>/(?:home|Users)/|[A-Za-z]:(?:\\{1,4}|/)Users(?:\\{1,4}|/))[^\s/\\\"':;,<>|]+"),
        r"\g<head>[user]",
    ),
    Rule(
        "IPv4 address",
        re.compile(rf"{_begins('.-')}(?!127\.|0\.0\.0\.0){_OCTET}(?:\.{_OCTET}){{3}}(?![\w-]|\.\d)"),
        "[ip]",
    ),
    Rule(
        "IPv6 address",
        re.compile(
            rf"{_begins(':.')}(?=[0-9A-Fa-f:]*\d)(?:{_HEX}(?::{_HEX}){{7}}|{_HEX}(?::{_HEX}){{0,5}}::(?:{_HEX}(?::{_HEX}){{0,5}})?)(?![\w:])"
        ),
        "[ip]",
    ),
    Rule(
        "phone number",
        re.compile(
            _begins("+/.-") + r"(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}"
            r"|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|0\d{2,4}[ /-]\d{5,9})(?![\w-]|\.\d)"
        ),
        "[phone]",
    ),
)


def redacted(text: str) -> str:
    """The text by all rules, in their order."""
    if len(text) > _LONG and _BASE64.fullmatch(text):
        return text
    for rule in RULES:
        text = rule.pattern.sub(rule.instead, text)
    return text


def without_persons(value: Any) -> Any:
    """The same JSON value with every string redacted; names of keys stay."""
    match value:
        case str():
            return redacted(value)
        case list():
            return [without_persons(item) for item in value]
        case dict():
            return {key: without_persons(item) for key, item in value.items()}
        case Raw():
            return Raw(redacted(bytes(value).decode()).encode())
        case _:
            return value
