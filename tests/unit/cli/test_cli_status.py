"""`a2a status` and `a2a logs events`: a running server, and all that happens in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli_run import Run

from a2a.cli import following, logs_events
from a2a.control.asks import error_of
from a2a.control.types import AccountGone, AccountView, ConfigView, LiveEvent, Progress, Recording, ServerView
from a2a.server.events import KINDS

BEGUN = 1_795_000_000.0


class Fake:
    """A server. `connections`: what each brings before it ends; behind the last comes Ctrl-C."""

    def __init__(self, view: ServerView, accounts: list[AccountView] | None = None) -> None:
        self.url = view.url
        self.view = view
        self.members = accounts or []
        self.connections: list[list[LiveEvent]] = []
        self.asked: list[tuple[int | None, tuple[str, ...]]] = []

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None: ...

    def server(self) -> ServerView:
        return self.view

    def accounts(self) -> list[AccountView]:
        return self.members

    def events(self, after: int | None = None, kinds: tuple[str, ...] = ()) -> Iterator[LiveEvent]:
        self.asked.append((after, kinds))
        if "nonsense" in kinds:
            told = {"message": "there are no events of kind 'nonsense'", "kind": "bad_request", "exit_code": 2}
            raise error_of(self.url, 400, json.dumps({"error": told}).encode())
        if not self.connections:
            raise KeyboardInterrupt
        yield from self.connections.pop(0)


def view(port: int, **fields: object) -> ServerView:
    made = {"pid": 77, "version": "1.2", "started_at": BEGUN, "in_flight": 2, "served": 34, **fields}
    return ServerView(url=f"http://127.0.0.1:{port}", **made)  # type: ignore[arg-type]


def account(alias: str, state: str) -> AccountView:
    return AccountView(id=alias, provider="openai-custom", alias=alias, kind="api_key", origin="login", state=state)  # type: ignore[arg-type]


def running(monkeypatch: pytest.MonkeyPatch, *fakes: Fake) -> None:
    monkeypatch.setattr(following, "LOOK_S", 0.0)
    monkeypatch.setattr("time.time", lambda: BEGUN + 7500)
    monkeypatch.setattr("a2a.control.servers.running", lambda _: [fake.view for fake in fakes])
    monkeypatch.setattr("a2a.cli.servers.client_at", lambda home, url: next(fake for fake in fakes if fake.url == url))


def test_a_server_with_all_that_can_be_known_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = Recording(file="/d/exchanges.db", stopped="no room", written=5, waiting=3, lost=2, without_bodies=1)
    config = ConfigView(loaded_at=BEGUN, file="/c/config.toml", refused="line 3")
    server = view(3000, recording=recording, config=config)
    running(monkeypatch, Fake(server, [account("a", "ready"), account("b", "needs_login"), account("c", "ready")]))
    assert Run("status").stdout.splitlines() == [
        "http://127.0.0.1:3000",
        "  up        2 h, a2a 1.2, process 77",
        "  requests  2 in flight, 34 served",
        "  accounts  2 ready, 1 needs login",
        "  settings  those from before: /c/config.toml is refused",
        "  record    stopped: /d/exchanges.db, 5 written, 3 waiting, 2 lost, 1 without their bodies",
    ]


def test_each_server_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Recording(file="/d/exchanges.db", written=5)
    first = view(3000, config=ConfigView(loaded_at=BEGUN, file="/c/config.toml"), recording=written)
    running(monkeypatch, Fake(first), Fake(view(3001)))
    lines = Run("status").stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [first.url, "", "http://127.0.0.1:3001"]
    assert "  settings  /c/config.toml" in lines
    assert "  record    /d/exchanges.db, 5 written" in lines
    assert "  settings  defaults, variables and flags alone" in lines
    assert "  record    off" in lines
    assert "  accounts  none; add one: a2a login openai" in lines


def test_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    running(monkeypatch, Fake(view(3000), [account("a", "ready")]))
    (data,) = Run("status", "--json").data
    assert (data["url"], data["in_flight"], data["recording"]) == ("http://127.0.0.1:3000", 2, None)
    assert data["accounts"] == {"ready": 1}


def test_without_a_server(home: Path) -> None:
    run = Run("status")
    assert (run.code, run.stdout) == (4, "")
    assert "a2a serve" in run.stderr


# --- events


def event(seq: int) -> LiveEvent:
    return LiveEvent(seq, BEGUN, Progress(id="ex_1", output_bytes=seq))


def test_events_are_json_lines_and_go_on_behind_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(view(3000))
    fake.connections = [[event(1), event(2)], [LiveEvent(3, BEGUN, AccountGone(id="x", account="openai/x"))]]
    running(monkeypatch, fake)
    run = Run("logs", "events", "--kind", "progress, account_gone")
    assert run.code == 130
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert lines[0]["change"] == {"type": "progress", "id": "ex_1", "output_bytes": 1, "first_token_ms": None}
    kinds = ("progress", "account_gone")
    assert fake.asked == [(None, kinds), (2, kinds), (3, kinds)]


def test_the_help_names_every_kind() -> None:
    assert [kind for kind in KINDS if not re.search(rf"\b{kind}\b", logs_events.HELP)] == []


def test_a_kind_that_is_none_is_refused_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(view(3000))
    running(monkeypatch, fake)
    run = Run("logs", "events", "--kind", "nonsense")
    assert (run.code, len(fake.asked)) == (2, 1)
    assert "no events of kind 'nonsense'" in run.stderr
