"""`a2a stats`: figures by what one asks for, plots only where somebody looks."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.cli_run import Run
from support.recorded import START, exchange

from a2a.cli import app as cli
from a2a.cli.output import Out
from a2a.cli.stats_plot import plot
from a2a.cli.stats_table import fitting
from a2a.control.types import Cost, Fault, StatsRow
from a2a.logs.store import Store

DAY_S = 86_400


@pytest.fixture
def kept(home: Path) -> None:
    """Two days with a day between, two accounts, one failure."""
    fault = Fault(kind="overloaded", message="busy")
    credit = Cost(amount=0.5, currency="credit", basis="upstream")
    made = [exchange(number) for number in range(3)]
    made.append(exchange(3, account="kiro/work", provider="claude-kiro-oauth", cost=credit))
    made.append(exchange(4, state="failed", status=529, fault=fault, tokens=None, cost=None))
    made.append(exchange(5, started_at=START + 2 * DAY_S, cost=None))
    (home / "data").mkdir(parents=True)
    store = Store(home / "data" / "exchanges.db")
    store.add(made)
    store.close()


def test_nothing_to_count() -> None:
    run = Run("stats")
    assert (run.code, run.stdout) == (0, "")
    assert "nothing to count" in run.stderr
    assert Run("stats", "--json").data["total"]["requests"] == 0


def test_by_account(kept: None) -> None:
    run = Run("stats")
    told = run.stdout.splitlines()
    assert told[0].startswith("6 requests from ")
    assert told[0].endswith(": 1 failed")
    assert told[1] == "6.0k tokens in, 170 out, $0.0369 + 0.5000 credit"
    assert [line.split()[:3] for line in told[3:]] == [
        ["ACCOUNT", "REQUESTS", "FAILED"],
        ["kiro/work", "1", "0"],
        ["openai/one", "5", "1"],
    ]
    assert "$0.0369: an estimate by prices of 2026-11-01" in run.stderr
    assert "0.5000 credit: as the upstream says" in run.stderr
    assert "price nobody knows, not in it: 1" in run.stderr


def test_by_several_in_that_order(kept: None) -> None:
    run = Run("stats", "--by", "day,account", "--by", "model", "--json")
    assert [list(row["key"]) for row in run.data["rows"]] == [["day", "account", "model"]] * 3
    head = Run("stats", "--by", "day,account").stdout.splitlines()[3]
    assert head.split()[:2] == ["DAY", "ACCOUNT"]


def test_filters_count_too(kept: None) -> None:
    assert Run("stats", "--account", "kiro/work", "--json").data["total"]["requests"] == 1


def test_by_what_is_no_column(kept: None) -> None:
    run = Run("stats", "--by", "acount")
    assert run.code == 2
    assert "account" in run.stderr


class Screen(io.StringIO):
    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("encoding", "sign", "bad"), [("utf-8", "█", "▒"), ("ascii", "#", "x")])
def test_a_terminal_gets_a_plot(
    kept: None, monkeypatch: pytest.MonkeyPatch, encoding: str, sign: str, bad: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    screen = Screen(encoding)
    assert cli.main(["stats"], Out(io.StringIO(), screen, io.StringIO())) == 0
    lines = screen.getvalue().splitlines()
    assert [line for line in lines if len(line) > 80] == []
    bars = [line for line in lines if line.startswith("2026-")]
    assert len(bars) == 3
    assert sign in bars[0]
    assert bad in bars[0]
    assert sign not in bars[1]


def rows(count: int, step: timedelta, form: str, column: str) -> list[StatsRow]:
    """One request in each step from 2026-01-01 on."""
    at = datetime(2026, 1, 1)
    return [
        StatsRow(key={column: (at + number * step).strftime(form)}, requests=1, input=10, cost=[dollars])
        for number in range(count)
        for dollars in (Cost(amount=0.5, currency="USD", basis="2026-01-01"),)
    ]


@pytest.mark.parametrize(
    ("days", "bars", "first", "foot"),
    [
        (24, 24, "2026-01-01  ", "requests a day"),
        (25, 4, "2025-12-29  ", "requests a week, from Monday"),
        (165, 24, "2025-12-29  ", "requests a week, from Monday"),
        (365, 12, "2026-01  ", "requests a month"),
    ],
)
def test_a_plot_of_a_long_time_has_longer_steps(days: int, bars: int, first: str, foot: str) -> None:
    *lines, last = plot(rows(days, timedelta(days=1), "%Y-%m-%d", "day"), 80, plain=True)
    assert len(lines) == bars
    assert lines[0].startswith(first)
    assert foot in last
    assert sum(int(line.split("# ")[1].split()[0]) for line in lines) == days


def test_a_plot_of_two_days_has_steps_of_hours() -> None:
    *lines, last = plot(rows(48, timedelta(hours=1), "%Y-%m-%dT%H", "hour"), 80, plain=True)
    assert lines[1] == "2026-01-01 03h  ######################################## 3  30 tokens  $1.50"
    assert (len(lines), "requests in 3 hours" in last) == (16, True)


def test_a_p95_stands_behind_its_own_p50() -> None:
    times = {"first_token_p50_ms": 5.0, "first_token_p95_ms": 6.0, "duration_p50_ms": 7.0, "duration_p95_ms": 8.0}
    row = StatsRow(key={"account": "openai/main"}, requests=1, failed=1, input=1, output=1, **times)
    for width in range(20, 120):
        heads, (cells,) = fitting(["account"], [row], width)
        told = dict(zip(heads, cells, strict=True)) if heads.count("p95") < 2 else {}
        assert told.get("p95", "8ms") == "8ms"
        assert "TOOK p50" in told or "p95" not in told


def test_a_narrow_terminal_keeps_names_whole() -> None:
    row = StatsRow(key={"account": "kiro/somebody.with.a.long.name@example.com"}, requests=1, first_token_p50_ms=5.0)
    heads, _ = fitting(["account"], [row], 80)
    assert "FIRST p50" in heads
    heads, _ = fitting(["account"], [row], 60)
    assert heads == ["ACCOUNT", "REQUESTS"]


def test_a_pipe_gets_none(kept: None) -> None:
    assert "█" not in Run("stats", "--by", "day").stdout
