"""How accounts read: short cells, and a line that helps for each that has trouble."""

from __future__ import annotations

import io
import time
from typing import Any

import msgspec
import pytest

from a2a.cli.accounts_table import COLUMNS, details, fitting, note, quota_cell, row, table, trouble
from a2a.cli.output import Out
from a2a.control.types import AccountCounts, AccountDetail, AccountView, Fault, Quota


def view(**fields: Any) -> AccountView:
    given = {"id": "acc_1", "provider": "claude-kiro-oauth", "alias": "work", "state": "ready", **fields}
    return AccountView(**given)


def printed(show: Any, *args: Any) -> list[str]:
    stdout = io.StringIO()
    show(Out(io.StringIO(), stdout, io.StringIO()), *args)
    return stdout.getvalue().splitlines()


@pytest.mark.parametrize(
    ("quotas", "cell"),
    [
        ([], ""),
        ([Quota(unit="credit")], ""),
        ([Quota(unit="credit", limit=50.0, remaining=20.0)], "20/50 credit"),
        ([Quota(unit="request", remaining=7.0)], "7 request"),
        ([Quota(unit="a", limit=10.0, remaining=9.0), Quota(unit="b", limit=100.0, remaining=1.0)], "1/100 b +1"),
    ],
)
def test_the_tightest_quota_is_shown(quotas: list[Quota], cell: str) -> None:
    assert quota_cell(quotas) == cell


def test_a_quota_says_when_it_is_renewed() -> None:
    week = Quota(unit="credit", limit=50.0, remaining=20.0, resets_at=time.time() + 7 * 86400.5)
    assert quota_cell([week, Quota(unit="request", remaining=7.0)]) == "20/50 credit for 7 days +1"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"pinned": True, "priority": 2}, "pinned, priority 2"),
        ({"state": "needs_login", "reason": "token_dead"}, ""),
        ({"state": "cooling", "reason": "rate_limited", "until": 42.4}, "42 s left"),
    ],
)
def test_the_note(fields: dict[str, Any], words: str) -> None:
    if "until" in fields:
        fields = {**fields, "until": time.time() + fields["until"]}
    assert note(view(**fields)) == words


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, None),
        (
            {"state": "needs_login", "message": "the token is dead", "remedy": "a2a login kiro"},
            "kiro/work: the token is dead → a2a login kiro",
        ),
        ({"state": "needs_login"}, "kiro/work: it needs a login → a2a login kiro --name work"),
        ({"state": "disabled"}, "kiro/work: you disabled it → a2a accounts enable kiro/work"),
        ({"state": "cooling"}, "kiro/work: it rests → a2a accounts reset kiro/work"),
        ({"state": "suspended", "message": "no"}, "kiro/work: no → a2a accounts test kiro/work"),
    ],
)
def test_what_happened_and_what_helps(fields: dict[str, Any], line: str | None) -> None:
    assert trouble(view(**fields)) == line


@pytest.mark.parametrize("said", ["claude-kiro-oauth/work: it broke", "kiro/work it broke", "it broke"])
def test_a_past_error_does_not_name_the_account_twice(said: str) -> None:
    past = Fault(kind="upstream", message=said, scope="account", at=time.time() - 5.2)
    assert trouble(view(last_fault=past)) == "kiro/work: ready again; 5 s ago: it broke"


def test_the_details_name_the_limits_that_hold_and_whose_they_are() -> None:
    base = msgspec.structs.asdict(view())
    shown = AccountDetail(**base, limits={"rpm": 5, "tpm": 0}, limits_in_force={"rpm": 5, "tpm": 9})
    assert any("rpm 5, tpm 9 (of every account of its provider)" in line for line in printed(details, shown))


def test_a_model_that_somebody_asked_for_in_vain_is_no_trouble_of_the_account() -> None:
    asked = Fault(kind="not_found", message="no such model", action="next", scope="account_model", at=time.time())
    assert trouble(view(last_fault=asked)) is None


@pytest.mark.parametrize(("ago", "told"), [(120.5, True), (90000.0, False)])
def test_a_ready_account_tells_its_last_error_for_a_day(ago: float, told: bool) -> None:
    fault = Fault(kind="upstream", message="it broke", status=500, at=time.time() - ago)
    assert trouble(view(last_fault=fault)) == ("kiro/work: ready again; 2 min ago: it broke (500)" if told else None)


def test_the_table_has_every_column_and_its_lines_below() -> None:
    lines = printed(table, [view(), view(alias="two", state="disabled")])
    assert lines[0].split() == ["ACCOUNT", "STATE", "KIND", "TOKEN", "ENDS", "QUOTA", "FROM", "NOTE"]
    assert lines[3:] == ["", "kiro/two: you disabled it → a2a accounts enable kiro/two"]
    assert len(row(view())) == 7


ROWS = [row(view(alias="jane.doe@example.com", origin="login", pinned=True)), row(view(alias="two"))]


@pytest.mark.parametrize(
    ("width", "missing"),
    [(None, set()), (120, set()), (60, {"TOKEN ENDS", "QUOTA"}), (50, {"TOKEN ENDS", "QUOTA", "KIND"})],
)
def test_a_narrow_terminal_gets_what_matters(width: int | None, missing: set[str]) -> None:
    columns, rows = fitting(ROWS, width)
    assert set(COLUMNS) - set(columns) == missing
    assert {len(cells) for cells in rows} == {len(columns)}
    assert [cells[0] for cells in rows] == ["kiro/jane.doe@example.com", "kiro/two"]


def test_everything_about_one() -> None:
    soon = time.time() + 86400 * 3 + 60
    detail = AccountDetail(
        id="acc_1",
        provider="claude-kiro-oauth",
        alias="work",
        state="cooling",
        reason="quota_spent",
        quota=[Quota(unit="credit", limit=50.0, remaining=0.0, resets_at=soon, model="m")],
        plan="PRO",
        counts=AccountCounts(requests=3, successes=2, failures=1, input_tokens=10, output_tokens=5),
        last_fault=Fault(kind="quota", message="spent", status=402, at=time.time()),
        limits={"rpm": 5, "tpm": 0},
    )
    text = "\n".join(printed(details, detail))
    for words in (
        "0/50 credit left for m, resets in 3 days (",
        "3, of which 2 answered, 1 failed; tokens: 10 in, 5 out",
        "ago: spent (402)",
        "PRO",
        "rpm 5",
        "kiro/work: it rests → a2a accounts reset kiro/work",
    ):
        assert words in text
