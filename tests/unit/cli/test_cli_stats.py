"""`a2a stats`: figures by what one asks for, plots only where somebody looks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from support.cli_run import Run
from support.recorded import START, exchange

from a2a.cli import app as cli
from a2a.cli.output import Out
from a2a.control.types import Cost, Fault
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


def test_a_pipe_gets_none(kept: None) -> None:
    assert "█" not in Run("stats", "--by", "day").stdout
