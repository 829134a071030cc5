"""Over any history the pool never picks an account that may not serve, and deals its turns fairly."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from support.pool_kit import OPENAI, FakeClock, account, failure, pool_of, verdict

from a2a.auth.records import Account, Limits
from a2a.errors import NoAccount
from a2a.pool.cooldown import LACKS
from a2a.pool.limits import BUSY
from a2a.pool.pool import Lease, Pool

VERDICTS = {
    "cool": verdict(cool_s=20.0, doubling=True),
    "login": verdict("needs_login"),
    "model": verdict("next", "account_model", cool_s=50.0),
    "request": verdict("fail", "request"),
}
STEPS = st.lists(
    st.one_of(
        st.just(("lease",)),
        st.tuples(st.just("tick"), st.sampled_from([1.0, 19.0, 20.0, 500.0])),
        st.tuples(st.sampled_from(["succeed", *VERDICTS]), st.integers(0, 7)),
        st.tuples(st.sampled_from(["toggle", "reset"]), st.integers(0, 3)),
    ),
    max_size=60,
)


class History:
    """Plays steps on a pool and judges every pick by the account's own state just before it."""

    def __init__(self, accounts: list[Account]) -> None:
        self.clock = FakeClock()
        self.accounts = accounts
        self.pool: Pool = pool_of(*accounts, clock=self.clock)
        self.open: list[Lease] = []

    def play(self, step: tuple[Any, ...]) -> None:
        name, *rest = step
        if name == "lease":
            self.lease()
        elif name == "tick":
            self.clock.tick(rest[0])
        elif name == "toggle":
            index = rest[0] % len(self.accounts)
            self.accounts[index] = structs.replace(self.accounts[index], enabled=not self.accounts[index].enabled)
            self.pool.replace(self.accounts)
        elif name == "reset":
            self.pool.members()[rest[0] % len(self.accounts)].reset()
        elif self.open:
            self.finish(name, self.open.pop(rest[0] % len(self.open)))

    def lease(self) -> None:
        able = {m.account.id: m for m in self.pool.members() if m.why_not("m") is None}
        settled = [m for m in able.values() if not m.on_trial] or list(able.values())
        if not able and (lacking := self.lacking()):
            with suppress(NoAccount):  # of those who have not the model, somebody is asked anew, who may be busy
                self.open.append(self.pool.lease(OPENAI, "m"))
                assert self.open[-1].account.id in lacking
            return
        if not able:
            with pytest.raises(NoAccount) as caught:
                self.pool.lease(OPENAI, "m")
            assert all(account.alias in caught.value.message for account in self.accounts)
            return
        lease = self.pool.lease(OPENAI, "m")
        assert lease.account.id in able
        assert lease.account.enabled
        assert lease.member.state == "ready"
        assert lease.member in settled
        assert lease.account.priority == min(m.account.priority for m in settled)
        assert lease.member.in_flight <= (lease.account.limits.max_concurrency or 10**9)
        self.open.append(lease)

    def lacking(self) -> set[str]:
        """Ids of those who lack the model, where nobody else comes back by himself."""
        whys = {m: m.why_not("m") or ("", None) for m in self.pool.members()}
        if any(until is not None or why == BUSY for m, (why, until) in whys.items() if not m.lacks("m")):
            return set()
        return {m.account.id for m, (why, _) in whys.items() if why == LACKS}

    @staticmethod
    def finish(name: str, lease: Lease) -> None:
        if name == "succeed":
            lease.succeed()
        else:
            lease.fail(failure(429), VERDICTS[name], "m")
        lease.release()


@given(
    shapes=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.booleans()), min_size=1, max_size=4),
    steps=STEPS,
)
def test_only_accounts_that_may_serve_are_picked(shapes: list[tuple[int, int, bool]], steps: list[Any]) -> None:
    history = History(
        [
            account(f"n{index}", priority=priority, limits=Limits(max_concurrency=limit), enabled=enabled)
            for index, (priority, limit, enabled) in enumerate(shapes)
        ]
    )
    for step in steps:
        history.play(step)
    in_flight = Counter(lease.account.id for lease in history.open)
    assert {m.account.id: m.in_flight for m in history.pool.members() if m.in_flight} == dict(in_flight)


@given(count=st.integers(1, 5), before=STEPS, turns=st.integers(1, 40))
def test_turns_are_fair_within_one_whatever_was_before(count: int, before: list[Any], turns: int) -> None:
    history = History([account(f"n{index}") for index in range(count)])
    for step in before:
        history.play(step)
    for lease in history.open:
        lease.release()
    history.pool.replace([structs.replace(one, enabled=True) for one in history.accounts])
    for member in history.pool.members():
        member.reset()
    picked: Counter[str] = Counter({one.id: 0 for one in history.accounts})
    for _ in range(turns):
        with history.pool.lease(OPENAI, "m") as lease:
            picked[lease.account.id] += 1
            lease.succeed()
    assert max(picked.values()) - min(picked.values()) <= 1
