"""When health is written and read: restarts, several processes at once, what a person has set meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.pool_kit import NOW, OPENAI, FakeClock, account, failure, pool_of, verdict

from a2a.control.types import AccountCounts, Quota, Standing
from a2a.errors import StoreError
from a2a.messages import Usage
from a2a.paths import Folders, folders
from a2a.pool.account import PoolAccount
from a2a.pool.health import Health, HealthStore, record_standing
from a2a.pool.saving import HealthSaver

pytestmark = pytest.mark.anyio
ID = account("a").id
COOL = verdict(cool_s=60.0, doubling=True, max_s=600.0)


@pytest.fixture
def place(tmp_path: Path) -> Folders:
    return folders(str(tmp_path / "home"))


class Life:
    """One process with its pool of one account."""

    def __init__(self, place: Folders, clock: FakeClock, **fields: Any) -> None:
        self.pool = pool_of(account("a", **fields), clock=clock)
        self.saver = HealthSaver(place)

    @property
    def member(self) -> PoolAccount:
        return self.pool.members()[0]

    async def begin(self, *, key: str | None = None) -> Life:
        """`key`: fingerprint of the declared credential it starts with."""
        await self.saver.restore(self.pool.members(), {ID: key} if key else {})
        return self

    async def save(self) -> list[PoolAccount]:
        return await self.saver.save(self.pool.members())


async def test_a_cooldown_goes_on_after_a_restart(place: Folders) -> None:
    clock = FakeClock()
    first = await Life(place, clock).begin()
    first.member.fail(failure(429, message="slow down"), COOL, "m")
    await first.save()
    clock.tick(20.0)
    later = FakeClock()
    later.tick(20.0)
    later.monotonic = lambda: 5.0  # type: ignore[method-assign]  # another boot, another zero
    second = await Life(place, later).begin()
    assert (second.member.state, second.member.rest_s()) == ("cooling", 40.0)
    view = second.member.view()
    assert (view.reason, view.message, view.until) == ("rate_limited", "slow down", NOW + 60.0)


async def test_failures_in_a_row_go_on_being_counted(place: Folders) -> None:
    clock = FakeClock()
    first = await Life(place, clock).begin()
    first.member.fail(failure(429), COOL, "m")
    await first.save()
    clock.tick(60.0)
    second = await Life(place, clock).begin()
    assert second.member.state == "ready"
    second.member.begin()
    assert second.member.on_trial
    second.member.fail(failure(429), COOL, "m")
    assert second.member.rest_s() == 120.0


async def test_a_hold_survives_with_its_words(place: Folders) -> None:
    clock = FakeClock()
    first = await Life(place, clock).begin()
    first.member.hold("suspended", "suspended", "by the upstream", "write to them")
    await first.save()
    view = (await Life(place, clock).begin()).member.view()
    assert (view.state, view.message, view.remedy) == ("suspended", "by the upstream", "write to them")
    assert view.last_fault is not None


async def test_a_block_of_one_model_survives(place: Folders) -> None:
    clock = FakeClock()
    first = await Life(place, clock).begin()
    first.member.fail(failure(404), verdict("next", "account_model", cool_s=50.0), "m")
    await first.save()
    second = await Life(place, clock).begin()
    assert (second.member.blocked_s("m"), second.member.blocked_s("other")) == (50.0, 0.0)


async def test_what_a_probe_told_survives(place: Folders) -> None:
    clock = FakeClock()
    first = await Life(place, clock).begin()
    quota = [Quota(unit="credit", limit=50.0, remaining=4.0)]
    first.member.stand(Standing(state="ready", message="fine", plan="PRO", label="me@x", quota=quota))
    await first.save()
    view = (await Life(place, clock).begin()).member.view()
    assert (view.quota, view.plan, view.label) == (quota, "PRO", "me@x")


async def test_nothing_is_written_where_nothing_happened(place: Folders) -> None:
    one = await Life(place, FakeClock()).begin()
    assert await one.save() == []
    assert not (place.state / "health").exists()


async def test_counts_are_written_and_go_on(place: Folders) -> None:
    for _ in range(2):
        one = await Life(place, FakeClock()).begin()
        with one.pool.lease(OPENAI, "m") as lease:
            lease.succeed(Usage(input=3, output=4))
        await one.save()
        await one.save()
    health = HealthStore(place).read(ID)
    assert health.counts == AccountCounts(requests=2, successes=2, input_tokens=6, output_tokens=8)
    assert health.last_used_at == NOW


async def test_the_counts_of_two_processes_add_up(place: Folders) -> None:
    one, other = await Life(place, FakeClock()).begin(), await Life(place, FakeClock()).begin()
    for life in (one, other, one):
        with life.pool.lease(OPENAI, "m") as lease:
            lease.succeed(Usage(input=1))
        await life.save()
    assert HealthStore(place).read(ID).counts.requests == 3


async def test_a_process_that_only_counts_does_not_undo_what_another_learned(place: Folders) -> None:
    server, chat = await Life(place, FakeClock()).begin(), await Life(place, FakeClock()).begin()
    with chat.pool.lease(OPENAI, "m") as lease:
        lease.succeed()
    server.member.hold("suspended", "suspended", "by the upstream")
    await server.save()
    await chat.save()
    health = HealthStore(place).read(ID)
    assert (health.state, health.counts.requests) == ("suspended", 1)


async def test_what_a_person_set_outranks_what_a_process_thought(place: Folders) -> None:
    one = await Life(place, FakeClock()).begin()
    one.member.hold("needs_login", "token_dead", "dead")
    record_standing(place, ID, None, now=NOW + 1)
    assert await one.save() == [one.member]
    assert (one.member.state, HealthStore(place).read(ID).state) == ("ready", "ready")
    assert await one.save() == []


async def test_a_login_is_taken_over_at_the_next_look(place: Folders) -> None:
    one = await Life(place, FakeClock()).begin()
    one.member.hold("needs_login", "token_dead", "dead")
    await one.save()
    record_standing(place, ID, Standing(state="ready", message="fine", plan="PRO"), now=NOW + 1)
    assert await one.saver.restore(one.pool.members(), {}) == [one.member]
    assert (one.member.state, one.member.plan) == ("ready", "PRO")
    assert await one.saver.restore(one.pool.members(), {}) == []


async def test_a_look_does_not_undo_what_is_not_written_yet(place: Folders) -> None:
    one = await Life(place, FakeClock()).begin()
    one.member.hold("suspended", "suspended", "by the upstream")
    assert await one.saver.restore(one.pool.members(), {}) == []
    assert one.member.state == "suspended"


async def test_holds_of_another_declared_credential_do_not_come_back(place: Folders) -> None:
    first = await Life(place, FakeClock()).begin(key="one")
    first.member.hold("needs_login", "token_dead", "dead")
    await first.save()
    assert (await Life(place, FakeClock()).begin(key="one")).member.state == "needs_login"
    second = await Life(place, FakeClock()).begin(key="two")
    assert second.member.state == "ready"
    await second.save()
    assert HealthStore(place).read(ID).state == "ready"
    assert (await Life(place, FakeClock()).begin(key="two")).member.state == "ready"


async def test_a_declared_credential_that_is_replaced_while_serving_ends_the_hold(place: Folders) -> None:
    one = await Life(place, FakeClock()).begin(key="one")
    one.member.hold("needs_login", "token_dead", "dead")
    assert await one.saver.restore(one.pool.members(), {ID: "two"}) == [one.member]
    assert one.member.state == "ready"


async def test_a_full_disk_is_told_once_and_tried_again(
    place: Folders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = await Life(place, FakeClock()).begin()
    one.member.hold("suspended", "suspended", "by the upstream")

    def full(*_: Any) -> Health:
        raise StoreError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(HealthStore, "update", full)
        assert [await one.save(), await one.save()] == [[], []]
    assert caplog.text.count("health_not_saved") == 1
    await one.save()
    assert HealthStore(place).read(ID).state == "suspended"


async def test_a_removed_account_leaves_nothing(place: Folders) -> None:
    one = await Life(place, FakeClock()).begin()
    one.member.hold("suspended", "suspended", "by the upstream")
    await one.save()
    one.pool.replace([])
    await one.saver.drop(ID)
    await one.save()
    assert list((place.state / "health").iterdir()) == []


@pytest.mark.parametrize("held", ["needs_login", "needs_action"])
def test_a_good_probe_brings_an_account_back(held: Any) -> None:
    (member,) = pool_of(account("a")).members()
    member.fail(failure(429), COOL, "m")
    member.hold(held, "why", "no")
    member.stand(Standing(state="ready", message="fine"))
    assert (member.state, member.rest_s(), member.message) == ("ready", 0.0, None)


@pytest.mark.parametrize("held", ["suspended", "retired"])
def test_a_good_probe_does_not_end_what_the_upstream_closed(held: Any) -> None:
    (member,) = pool_of(account("a")).members()
    member.hold(held, "why", "no", "ask them")
    member.stand(Standing(state="ready", message="fine", plan="PRO"))
    view = member.view()
    assert (view.state, view.message, view.remedy, view.plan) == (held, "no", "ask them", "PRO")
    member.reset()
    assert member.state == "ready"


def test_a_bad_probe_takes_an_account_out() -> None:
    clock = FakeClock()
    (member,) = pool_of(account("a"), clock=clock).members()
    member.stand(Standing(state="cooling", message="spent", reason="quota_spent", until=NOW + 30.0))
    assert (member.state, member.rest_s(), member.view().message) == ("cooling", 30.0, "spent")
    clock.tick(30.0)
    assert member.state == "ready"
    member.stand(Standing(state="needs_action", message="no licence", reason="no_license"))
    assert member.state == "needs_action"


def test_counts_of_the_live_account_and_its_health_are_apart() -> None:
    (member,) = pool_of(account("a")).members()
    health = member.health()
    member.begin()
    assert (health.counts.requests, member.counts.requests) == (0, 1)
