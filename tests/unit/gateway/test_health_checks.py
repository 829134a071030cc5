"""Active checks: only where a model is named for them, only of accounts nobody uses, and within the day's budget."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_kit import Scene, chat, error
from support.pool_kit import account, settings

from a2a.gateway.checks import CLIENT, HealthChecks

pytestmark = pytest.mark.anyio
HOUR_S = 3600.0


def scene(*script: Any, **options: Any) -> tuple[Scene, HealthChecks]:
    given = settings(openai={"health_check_model": "small", **options})
    made = Scene(*script, accounts=[account("a")], given=given)
    return made, HealthChecks(made.pool, made.gateway.answer, made.clock, chance=lambda: 0.0)


async def test_nothing_is_spent_unless_somebody_wants_it() -> None:
    made = Scene(accounts=[account("a")])
    await HealthChecks(made.pool, made.gateway.answer, made.clock).turn()
    assert made.egress.sent == []


async def test_an_unused_account_gets_a_tiny_request() -> None:
    made, checks = scene(chat())
    await checks.turn()
    assert (made.egress.body()["model"], made.egress.body()["max_tokens"]) == ("small", 16)
    assert made.pool.members()[0].counts.successes == 1


async def test_not_again_before_its_time() -> None:
    made, checks = scene(chat(), chat())
    await checks.turn()
    made.clock.tick(HOUR_S - 1)
    await checks.turn()
    assert len(made.egress.sent) == 1
    made.clock.tick(1)
    await checks.turn()
    assert len(made.egress.sent) == 2


async def test_an_account_in_use_tells_by_itself() -> None:
    made, checks = scene(chat(), chat())
    await made.ask()
    made.clock.tick(HOUR_S - 1)
    await checks.turn()
    assert len(made.egress.sent) == 1


async def test_the_budget_is_per_day() -> None:
    made, checks = scene(*(chat() for _ in range(4)), health_check_per_day=2, health_check_every_s=60.0)
    for _ in range(4):
        await checks.turn()
        made.clock.tick(60)
    assert len(made.egress.sent) == 2
    made.clock.tick(86_400)
    await checks.turn()
    assert len(made.egress.sent) == 3


async def test_what_it_finds_counts_as_for_any_request() -> None:
    made, checks = scene(error(401), error(401))
    await checks.turn()
    assert made.states() == {"a": "needs_login"}
    made.clock.tick(2 * HOUR_S)
    await checks.turn()
    assert len(made.egress.sent) == 1, "an account that waits for its user is not asked"


async def test_it_never_goes_to_another_account() -> None:
    given = settings(openai={"health_check_model": "small"})
    made = Scene(error(500), chat(), accounts=[account("a"), account("b")], given=given)
    await HealthChecks(made.pool, made.gateway.answer, made.clock).turn()
    assert made.keys() == ["sk-a", "sk-b"], "one check each"
    assert made.states() == {"a": "cooling", "b": "ready"}


async def test_it_is_known_by_its_client() -> None:
    made, checks = scene(chat())
    kept = []
    made.recorder.changed = kept.append  # type: ignore[method-assign]
    await checks.turn()
    assert {exchange.client for exchange in kept} == {CLIENT}
