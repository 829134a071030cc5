"""Whether a request that nobody could serve waits and tries an account again that has failed it (contract section 7).

Only trouble that may be over in a moment is tried again: a 5xx or a broken connection, a 429 that names a short wait,
a model without capacity. The wait is random between 0 and `request_base_delay`, doubled with each retry, on top of what
the upstream asks for; where that is more than LONGEST_S, or more than is left, the client is told at once.
"""

from __future__ import annotations

from collections.abc import Set
from random import Random

from a2a.gateway.report import Failed
from a2a.gateway.route import Choice
from a2a.pool.pool import Pool

LONGEST_S = 10.0
"""No client waits longer for an upstream's Retry-After (specs/kiro.md 10.3)."""

_RETRIED = frozenset({"server_error", "rate_limited", "capacity"})
"""Reasons of verdicts."""

_FLOOR_S = {"capacity": 5.0}
"""Reason -> the shortest first wait, where no account rests that would say one (specs/kiro.md 10.3)."""

Target = tuple[str, str]
"""Provider id and model."""


class Retries:
    """Those of one request. `again` maps a target to the accounts worth another try, by id, and why they failed."""

    def __init__(self, most: int, base_delay_ms: int, rng: Random) -> None:
        self._most = most
        self._base_s = base_delay_ms / 1000
        self._rng = rng
        self._again: dict[Target, dict[str, str]] = {}
        self.done = 0

    def note(self, choice: Choice, account_id: str, failed: Failed) -> None:
        """An attempt has failed."""
        accounts = self._again.setdefault((choice.route.provider, choice.route.model), {})
        accounts.pop(account_id, None)
        if failed.verdict.reason in _RETRIED:
            accounts[account_id] = failed.verdict.reason

    def accounts(self, choice: Choice) -> Set[str]:
        """Ids of those to be asked again."""
        return self._again.get((choice.route.provider, choice.route.model), {}).keys()

    def wait_s(self, pool: Pool, left_s: float) -> float | None:
        """Seconds until the next retry, which counts as done then; None: no more. `left_s`: of the request's time."""
        waits = [self._asked_for(pool, *each) for each in self._again.items() if each[1]]
        asked_for_s = min(waits, default=LONGEST_S + 1)
        if self.done >= self._most or asked_for_s > LONGEST_S:
            return None
        jitter_s = self._rng.uniform(0, self._base_s * (1 << self.done))
        wait_s = asked_for_s + jitter_s
        if wait_s > left_s:
            return None
        self.done += 1
        return wait_s

    def _asked_for(self, pool: Pool, target: Target, accounts: dict[str, str]) -> float:
        floor_s = min(_FLOOR_S.get(reason, 0.0) for reason in accounts.values())
        return max(pool.again_s(*target, accounts.keys()), floor_s * (1 << self.done))
