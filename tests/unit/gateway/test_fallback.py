"""What is asked next after a failure, and what the client is told of when nobody serves."""

from __future__ import annotations

from typing import Any

import pytest
from support.pool_kit import FakeClock, failure, verdict

from a2a.control.types import Route
from a2a.errors import RequestError
from a2a.gateway.call import Call
from a2a.gateway.fallback import Walk, unfit
from a2a.gateway.report import Failed, Report
from a2a.gateway.route import Choice
from a2a.protocols.registry import FRONTS

OWN = Choice(Route(front="chat", asked="m", provider="kiro", model="m", via="catalogue"))
STAND_IN = Choice(Route(front="chat", asked="m", provider="openai", model="gpt", via="fallback", instead_of="kiro/m"))


def failed(action: Any = "cool_down", scope: Any = "account", **fields: Any) -> Failed:
    return Failed(account="kiro/a", failure=failure(), verdict=verdict(action, scope, **fields))


def walk() -> tuple[Walk, Report]:
    report = Report(Call(front=FRONTS["chat"], path="/", body=b""), FakeClock())
    return Walk(report), report


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("scope", ["account", "account_model", "provider"])
@pytest.mark.parametrize("choice", [OWN, STAND_IN], ids=["own", "stand-in"])
def test_after_an_account_s_or_the_upstream_s_fault_the_next_account_is_asked(
    choice: Choice, scope: str, last: bool
) -> None:
    made, _ = walk()
    one = failed(scope=scope)
    assert made.failed(choice, one, last=last) == "account"
    assert made.failures == [one]


@pytest.mark.parametrize("last", [True, False])
def test_the_client_s_own_mistake_ends_it(last: bool) -> None:
    made, _ = walk()
    assert made.failed(OWN, failed("fail", "request"), last=last) == "end"


@pytest.mark.parametrize("last", [True, False])
def test_a_stand_in_that_refuses_the_request_is_passed_over_and_not_told_of(last: bool) -> None:
    made, _ = walk()
    first = failed()
    made.failed(OWN, first, last=False)
    assert made.failed(STAND_IN, failed("fail", "request"), last=last) == "target"
    assert made.failures == [first]


@pytest.mark.parametrize(("last", "then"), [(True, "end"), (False, "target")])
def test_two_accounts_without_room_are_enough_for_one_target(last: bool, then: str) -> None:
    made, _ = walk()
    full = failed(reason="capacity")
    made.begin(OWN)
    assert [made.failed(OWN, full, last=last) for _ in range(2)] == ["account", then]
    made.begin(STAND_IN)
    assert made.failed(STAND_IN, full, last=True) == "account", "each target is counted by itself"


def test_the_record_follows_the_target_and_notes_a_stand_in() -> None:
    made, report = walk()
    made.begin(OWN)
    assert (report.exchange.route, report.exchange.notes) == (OWN.route, [])
    made.begin(STAND_IN)
    (note,) = report.exchange.notes
    assert report.exchange.route == STAND_IN.route
    assert (note.field, note.action) == ("model", "mapped")
    assert note.why == "kiro/m could not serve; openai/gpt is asked, as `fallback` says"
    assert "model mapped (kiro/m could not serve" in report.headers()["x-a2a-notes"]


def test_a_request_that_a_stand_in_cannot_carry() -> None:
    made, _ = walk()
    one = unfit(STAND_IN, "openai/a", RequestError("no audio there", param="messages"))
    assert (one.account, one.failure.message, one.failure.status) == ("openai/a", "no audio there", 400)
    assert made.failed(STAND_IN, one, last=False) == "target"


def test_one_that_the_client_s_own_target_cannot_carry_is_the_client_s() -> None:
    with pytest.raises(RequestError, match="no audio there"):
        unfit(OWN, "kiro/a", RequestError("no audio there"))
