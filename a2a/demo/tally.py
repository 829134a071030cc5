"""A fake but consistent count of tokens: one for every four characters, and a memory of prefixes for cache hits."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

CHARS_PER_TOKEN = 4
IMAGE_TOKENS = 256
_MOST_PREFIXES = 20_000


def tokens(text: str) -> int:
    """Tokens of a text; 0 only for the empty one."""
    return -(-len(text) // CHARS_PER_TOKEN)


class PrefixCache:
    """Remembers every prefix of the prompts an account sent, as a vendor's prompt cache does."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def hit(self, owner: str, pieces: Sequence[str]) -> int:
        """How many leading tokens of `pieces` this owner has sent before; remembers the new prefixes."""
        digest = hashlib.sha256(owner.encode())
        cached = total = 0
        for piece in pieces:
            digest.update(b"\x00" + piece.encode("utf-8", "surrogatepass"))
            total += tokens(piece)
            key = digest.hexdigest()
            if key in self._known:
                cached = total
            else:
                self._known[key] = None
        while len(self._known) > _MOST_PREFIXES:
            self._known.pop(next(iter(self._known)))
        return cached

    def clear(self) -> None:
        self._known.clear()
