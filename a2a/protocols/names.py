"""Names of tools and ids of calls that every target accepts (specs/conversion.md 6.2; kiro.md 6.7).

Everything here depends on the name alone, never on the order of a request: histories and prompt caches stay stable.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

from msgspec import Struct

_HASH_DIGITS = 8


class _Alphabet(Struct, frozen=True):
    """What a target takes in a name. `head`: what its first character must be; `limit`: characters."""

    bad: re.Pattern[str]
    head: re.Pattern[str]
    limit: int


_PLAIN = re.compile(r"[^A-Za-z0-9_-]")
_ALPHABETS = {
    "openai": _Alphabet(_PLAIN, re.compile(r"[A-Za-z0-9_-]"), 64),
    "gemini": _Alphabet(re.compile(r"[^A-Za-z0-9_.-]"), re.compile(r"[A-Za-z_]"), 64),  # no colons: gemini-cli.md 6.2
    "kiro": _Alphabet(_PLAIN, re.compile(r"[A-Za-z0-9_-]"), 63),
}


def safe_name(name: str, limit: int = 64, *, pattern: str = "openai") -> str:
    """The name with foreign characters as `_`; one that is too long ends in 8 hex digits of its SHA-256.

    `pattern`: `openai` (Claude too), `gemini` or `kiro`, whose own limit applies when it is lower.
    """
    alphabet = _ALPHABETS[pattern]
    limit = min(limit, alphabet.limit)
    wire = _spelled(name, alphabet)
    return wire if len(wire) <= limit else _hashed(name, wire, limit)


def name_map(names: Iterable[str], limit: int = 64, *, pattern: str = "openai") -> dict[str, str]:
    """Client name -> wire name, one to one: altered names that would meet another one carry their hash."""
    alphabet = _ALPHABETS[pattern]
    limit = min(limit, alphabet.limit)
    wires = {name: safe_name(name, limit, pattern=pattern) for name in names}
    uses = Counter(wires.values())
    return {
        name: wire if wire == name or uses[wire] == 1 else _hashed(name, _spelled(name, alphabet), limit)
        for name, wire in wires.items()
    }


def flat_name(name: str, namespace: str | None) -> str:
    """The one name of a namespaced tool where the target knows no namespaces (6.1)."""
    return f"{namespace}__{name}" if namespace else name


def _spelled(name: str, alphabet: _Alphabet) -> str:
    wire = alphabet.bad.sub("_", name)
    return wire if alphabet.head.match(wire) else f"_{wire}"


def _hashed(name: str, wire: str, limit: int) -> str:
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"{wire[: limit - _HASH_DIGITS - 1]}_{digest}"
