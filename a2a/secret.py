"""A string that does not show itself: masked in repr, str, logs, tracebacks and f-strings."""

from __future__ import annotations

import hmac


class Secret:
    """Holds a key or token. `reveal()` is the one way out, easy to grep for."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The plain value, for a header, a request body or the credential store."""
        return self._value

    def matches(self, other: str) -> bool:
        """Constant-time comparison with a plain string."""
        return hmac.compare_digest(self._value.encode(), other.encode())

    def fingerprint(self) -> str:
        """16 hex digits of SHA-256: tells two secrets apart without showing either."""
        import hashlib  # deferred: 3 ms of every start

        return hashlib.sha256(self._value.encode()).hexdigest()[:16]

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__
