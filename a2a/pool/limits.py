"""Our own limits of one account: pace, requests and tokens per minute, on the monotonic clock.

Both per-minute limits are token buckets: a minute's worth at most, refilled evenly. Tokens are taken by an estimate of
the input when a call begins and settled with the real figure when it ends, so a bucket can owe.
"""

from __future__ import annotations

from a2a.auth.records import Account, Limits
from a2a.config import ProviderSettings

DEFAULT_RPM = {("openai-qwen-oauth", "oauth"): 60}
"""(provider id, kind of credential) -> requests per minute where nobody says otherwise (specs/qwen.md 9)."""

BUSY = "at its concurrency limit"
PACED = "at its pace (min_interval_ms)"
OUT_OF_REQUESTS = "at its limit of requests per minute"
OUT_OF_TOKENS = "at its limit of tokens per minute"

WORDS = frozenset({BUSY, PACED, OUT_OF_REQUESTS, OUT_OF_TOKENS})
"""Why an account is passed over for a limit of ours."""

_EPSILON = 1e-6
"""Of a token: a wait that was computed has to suffice in spite of rounding."""


def limits_of(account: Account, settings: ProviderSettings) -> Limits:
    """The account's own value, else its provider's, else the default; 0 = none (contract 3.1)."""
    own = account.limits
    default_rpm = DEFAULT_RPM.get((account.provider, account.kind), 0)
    return Limits(
        max_concurrency=own.max_concurrency or settings.max_concurrency or 0,
        min_interval_ms=own.min_interval_ms or settings.min_interval_ms or 0,
        rpm=own.rpm or (default_rpm if settings.rpm is None else settings.rpm),
        tpm=own.tpm or settings.tpm or 0,
    )


class Bucket:
    """Holds `per_minute` at most. Times: monotonic seconds."""

    __slots__ = ("_at", "_level", "per_minute")

    def __init__(self, per_minute: int, at: float) -> None:
        self.per_minute = per_minute
        self._level = float(per_minute)
        self._at = at

    def level(self, at: float) -> float:
        return min(float(self.per_minute), self._level + (at - self._at) * self.per_minute / 60)

    def wait_s(self, amount: float, at: float) -> float:
        """Seconds until `amount` is there; more than the bucket holds waits for a full one."""
        missing = min(amount, self.per_minute) - self.level(at)
        return missing * 60 / self.per_minute if missing > _EPSILON else 0.0

    def take(self, amount: float, at: float) -> None:
        """A negative amount is given back."""
        self._level, self._at = self.level(at) - amount, at


class Meter:
    """The limits of one account that time lifts."""

    __slots__ = ("_interval_s", "_next_at", "_requests", "_tokens")

    def __init__(self, limits: Limits, at: float) -> None:
        self._interval_s = limits.min_interval_ms / 1000
        self._next_at = at
        self._requests = Bucket(limits.rpm, at) if limits.rpm else None
        self._tokens = Bucket(limits.tpm, at) if limits.tpm else None

    @property
    def counts_tokens(self) -> bool:
        return self._tokens is not None

    def spent_by(self, older: Meter, at: float) -> None:
        """Changed limits: what was used under the old ones stays used."""
        self._next_at = min(older._next_at, at + self._interval_s)
        for new, old in ((self._requests, older._requests), (self._tokens, older._tokens)):
            if new is not None and old is not None:
                new.take(min(old.per_minute - old.level(at), new.per_minute), at)

    def why_not(self, tokens: int, at: float) -> tuple[str, float] | None:
        """The limit it is at and the seconds until that is lifted; None where it may begin."""
        if self._next_at > at + _EPSILON:
            return PACED, self._next_at - at
        if self._requests is not None and (wait_s := self._requests.wait_s(1, at)):
            return OUT_OF_REQUESTS, wait_s
        if self._tokens is not None and (wait_s := self._tokens.wait_s(max(tokens, 1), at)):
            return OUT_OF_TOKENS, wait_s
        return None

    def begin(self, tokens: int, at: float) -> None:
        if self._interval_s:
            self._next_at = at + self._interval_s
        if self._requests is not None:
            self._requests.take(1, at)
        if self._tokens is not None:
            self._tokens.take(tokens, at)

    def settle(self, estimated: int, used: int, at: float) -> None:
        """The call took `used` tokens instead."""
        if self._tokens is not None:
            self._tokens.take(used - estimated, at)


def meter(limits: Limits, at: float) -> Meter | None:
    """None where nothing is limited by time, which costs nothing then."""
    return Meter(limits, at) if limits.min_interval_ms or limits.rpm or limits.tpm else None
