"""`a2a logs tail`: what of a server's events is shown, and what happens when the server goes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from support.cli_run import Run
from support.recorded import START, exchange

from a2a.cli import following
from a2a.cli.following import Follower
from a2a.cli.home import Home
from a2a.cli.logs_tail import Tail
from a2a.cli.output import Out
from a2a.config import load
from a2a.control.types import (
    Change,
    Exchange,
    ExchangeChanged,
    ExchangeFilter,
    ExchangePage,
    ExchangeWish,
    LiveEvent,
    Missed,
)
from a2a.errors import Unreachable, WrongKey


class Fake:
    """A server whose connections bring these changes and then end."""

    url = "http://127.0.0.1:9"

    def __init__(self, *connections: list[Change], kept: list[Exchange] | None = None) -> None:
        self._connections = list(connections)
        self.kept = kept or []
        self.resumed: list[int | None] = []
        self.asked: list[ExchangeWish] = []

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None: ...

    def events(self, after: int | None = None, kinds: tuple[str, ...] = ()) -> Iterator[LiveEvent]:
        self.resumed.append(after)
        if not self._connections:
            raise KeyboardInterrupt
        for number, change in enumerate(self._connections.pop(0), 10 * len(self.resumed)):
            yield LiveEvent(number, START, change)

    def exchanges(self, wish: ExchangeWish) -> ExchangePage:
        self.asked.append(wish)
        return ExchangePage(exchanges=self.kept)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOOK_S", 0.0)


def follow(fake: Fake, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[Exchange]:
    monkeypatch.setenv("A2A_URL", fake.url)
    monkeypatch.setattr("a2a.cli.servers.client_at", lambda home, url: fake)
    which = options.pop("which", ExchangeFilter())
    seen: list[Exchange] = []
    tail = Tail(which, begun=options.pop("begun", False))
    with contextlib.suppress(KeyboardInterrupt):  # after the last connection
        seen.extend(Follower(Home(Out(), load({}))).through(tail.exchanges))
    return seen


BEGUN = exchange(0, state="waiting", status=None)
ENDED = exchange(0, id=BEGUN.id)
OTHER = exchange(1, client="laptop")


def test_each_is_shown_once_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake([ExchangeChanged(BEGUN), ExchangeChanged(ENDED), ExchangeChanged(ENDED), ExchangeChanged(OTHER)])
    assert follow(fake, monkeypatch) == [ENDED, OTHER]


def test_begun_shows_both(monkeypatch: pytest.MonkeyPatch) -> None:
    assert follow(Fake([ExchangeChanged(BEGUN), ExchangeChanged(ENDED)]), monkeypatch, begun=True) == [BEGUN, ENDED]


def test_filters_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake([ExchangeChanged(ENDED), ExchangeChanged(OTHER)])
    assert follow(fake, monkeypatch, which=ExchangeFilter(client="laptop")) == [OTHER]


def test_it_resumes_behind_what_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake([ExchangeChanged(ENDED)], [ExchangeChanged(OTHER)])
    assert follow(fake, monkeypatch) == [ENDED, OTHER]
    assert fake.resumed == [None, 10, 20]


def test_what_was_missed_is_read_from_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    between = exchange(2)
    fake = Fake([ExchangeChanged(ENDED)], [Missed(count=5, restarted=True)], kept=[between, ENDED])
    which = ExchangeFilter(client="local")
    assert follow(fake, monkeypatch, which=which) == [ENDED, between]
    assert fake.asked[0].client == "local"


def test_a_server_that_comes_back(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fake = Fake([ExchangeChanged(ENDED)])
    gone = iter([True, True, False])

    def client_at(home: Home, url: str) -> Fake:
        if next(gone, False):
            raise Unreachable("no connection to the server")
        return fake

    monkeypatch.setenv("A2A_URL", fake.url)
    monkeypatch.setattr("a2a.cli.servers.client_at", client_at)
    tail = Tail(ExchangeFilter(), begun=False)
    assert list(islice(Follower(Home(Out(), load({}))).through(tail.exchanges), 1)) == [ENDED]
    told = capsys.readouterr().err
    assert told.count("trying again") == 1
    assert "following http://127.0.0.1:9" in told


def test_a_wrong_key_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(home: Home, url: str) -> Fake:
        raise WrongKey("the server refuses our key")

    monkeypatch.setenv("A2A_URL", Fake.url)
    monkeypatch.setattr("a2a.cli.servers.client_at", refused)
    assert Run("logs", "tail").code == 3


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_lines_and_a_quiet_end(monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    fake = Fake([ExchangeChanged(ENDED), ExchangeChanged(OTHER)])
    monkeypatch.setenv("A2A_URL", fake.url)
    monkeypatch.setattr("a2a.cli.servers.client_at", lambda home, url: fake)
    run = Run("logs", "tail", *flags)
    assert run.code == 130
    lines = run.stdout.splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["id"] == ENDED.id if flags else ENDED.id in lines[0]
    assert [line for line in lines if line != line.rstrip()] == []
    assert "bug" not in run.stderr


def test_a_status_that_is_none_is_told_at_once() -> None:
    run = Run("logs", "tail", "--status", "abc")
    assert (run.code, "no status 'abc'" in run.stderr) == (2, True)


def test_without_a_server_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", looked)
    run = Run("logs", "tail")
    assert (run.code, run.stdout) == (130, "")
    assert "waiting for one (a2a serve)" in run.stderr
