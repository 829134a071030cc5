"""What to do about an exchange: always something, and the most helpful first."""

from __future__ import annotations

import time
from typing import Any, get_args, get_type_hints

import pytest

from a2a.control.advice import VIA, clock, next_steps, what_followed
from a2a.control.types import (
    AccountSettings,
    AccountState,
    Action,
    Attempt,
    Considered,
    Decision,
    Exchange,
    ExchangeState,
    Fault,
    Route,
)
from a2a.messages import FailureKind
from a2a.pool.limits import WORDS
from a2a.pool.outage import DOWN, PROBING

ROUTE = Route(front="chat", asked="m", provider="openai-custom", model="m", via="name")


def ended(*attempts: Attempt, fault: Fault | None = None, **fields: Any) -> Exchange:
    base = {"id": "ex_1", "started_at": 0.0, "client": "c", "front": "chat", "path": "/", "state": "failed"}
    base |= {"attempts": list(attempts), "fault": fault, "route": ROUTE}
    return Exchange(**{**base, **fields})


def attempt(kind: str = "upstream", **fields: Any) -> Attempt:
    fault = Fault(kind=kind, message="it broke", **{"scope": "account", **fields})
    return Attempt(n=1, provider="openai-custom", account="openai/a", model="m", started_at=0.0, fault=fault)


def unserved(*considered: Considered) -> list[Decision]:
    return [Decision(strategy="round-robin", picked=None, considered=list(considered))]


@pytest.mark.parametrize("state", get_args(ExchangeState))
def test_there_is_always_a_sentence(state: ExchangeState) -> None:
    assert all(next_steps(ended(state=state)))
    assert next_steps(ended(state=state))


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_kind_of_failure_has_an_answer(kind: str) -> None:
    assert next_steps(ended(attempt(kind), fault=Fault(kind=kind, message="m", scope="account")))


@pytest.mark.parametrize("state", [state for state in get_args(AccountState) if state not in ("ready", "cooling")])
def test_every_state_of_an_account_has_its_command(state: AccountState) -> None:
    (step,) = next_steps(ended(unserved=unserved(Considered(account="kiro/work", why=state))))
    assert "a2a accounts" in step
    assert "kiro/work" in step


@pytest.mark.parametrize("limit", sorted(WORDS))
def test_every_limit_of_ours_has_its_setting(limit: str) -> None:
    (step,) = next_steps(ended(unserved=unserved(Considered(account="kiro/work", why=limit, until=5.0))))
    option = next(word for word in step.split() if word.startswith("--"))
    assert option[2:].replace("-", "_") in AccountSettings.__struct_fields__


@pytest.mark.parametrize("why", [f"{DOWN}: no connection", PROBING])
def test_a_provider_that_is_down_is_no_account_s_fault(why: str) -> None:
    (step,) = next_steps(ended(unserved=unserved(Considered(account="kiro/work", why=why, until=5.0))))
    assert "not kiro/work" in step


def test_a_remedy_of_the_upstream_s_table_comes_with_its_account() -> None:
    assert next_steps(ended(attempt("quota", remedy="wait for the month"))) == ["openai/a: wait for the month"]


def test_the_client_s_own_mistake_is_the_client_s() -> None:
    fault = Fault(kind="bad_request", message="n is too large", scope="request")
    (step,) = next_steps(ended(attempt("bad_request", scope="request"), fault=fault))
    assert "request itself" in step


def test_a_rest_ends_at_a_time_or_by_hand() -> None:
    (step,) = next_steps(ended(unserved=unserved(Considered(account="kiro/work", why="cooling", until=5.0))))
    assert clock(5.0) in step
    assert "a2a accounts reset kiro/work" in step


def test_the_same_advice_comes_once() -> None:
    assert len(next_steps(ended(attempt("timeout"), attempt("timeout")))) == 1


def test_no_account_at_all() -> None:
    (step,) = next_steps(ended(fault=Fault(kind="unavailable", message="there is no openai account")))
    assert "a2a login" in step


@pytest.mark.parametrize("scope", ["request", "account"])
def test_no_route(scope: Any) -> None:
    fault = Fault(kind="not_found", message="no provider serves model m", scope=scope)
    assert next_steps(ended(route=None, fault=fault))[0].startswith("a2a models")


def test_an_answer_that_broke_off_is_to_be_asked_for_again() -> None:
    broken = attempt("truncated", remedy="nothing to do")
    broken.first_event_ms = 3.0
    fault = Fault(kind="truncated", message="m", scope="account", remedy="nothing to do")
    steps = next_steps(ended(broken, fault=fault))
    assert ("send the request again" in steps[0], steps[1:]) == (True, ["openai/a: nothing to do"])


def test_of_many_looks_at_an_account_the_last_counts() -> None:
    looks = [Considered(account="kiro/work", why="tried before", until=until) for until in (60.0, 120.0)]
    (step,) = next_steps(ended(unserved=[*unserved(looks[0]), *unserved(looks[1])]))
    assert clock(120.0) in step


@pytest.mark.parametrize("action", get_args(Action))
def test_every_action_has_words(action: Action) -> None:
    assert what_followed(Fault(kind="x", message="m", action=action))


def test_every_way_to_a_route_has_words() -> None:
    assert set(VIA) == {*get_args(get_type_hints(Route)["via"])}


def test_another_day_is_named() -> None:
    now = time.time()
    assert len(clock(now)) == len("12:00:00")
    assert clock(now - 3 * 86400).startswith("20")
