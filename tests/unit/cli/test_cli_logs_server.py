"""`a2a logs server`: what the server said and says, each line once, over its restarts."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import structs
from support.cli_run import Run

from a2a.cli import app as cli
from a2a.cli import following
from a2a.cli.following import Follower
from a2a.cli.home import Home
from a2a.cli.logs_server import Watch
from a2a.cli.output import Out
from a2a.config import load
from a2a.control.log_entries import rank
from a2a.control.types import Change, LiveEvent, LogEntry, LogLevel, LogLine, LogWish, Missed, ServerView
from a2a.errors import A2AError, Forbidden, Unreachable

AT = 1_795_000_000.0
"""An earlier day than that of the test."""


def entry(seq: int, event: str = "", level: str = "info", **fields: str) -> LogEntry:
    return LogEntry(seq=seq, at=AT + seq, level=level, event=event or f"event_{seq}", fields=fields)


Step = Change | LogEntry
"""What a connection brings; an entry is a line with its own number."""


class Fake:
    """A server. `connections`: what each brings before it ends; the last is followed by Ctrl-C."""

    url = "http://127.0.0.1:9"

    def __init__(self, kept: Sequence[LogEntry] = (), *connections: Sequence[Step]) -> None:
        self.kept = list(kept)
        self.view = ServerView(url=self.url, pid=1, version="0", started_at=AT)
        self.connections = list(connections)
        self.resumed: list[int | None] = []
        self.asked: list[LogWish] = []

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None: ...

    def server(self) -> ServerView:
        return self.view

    def log(self, wish: LogWish) -> list[LogEntry]:
        self.asked.append(wish)
        return [one for one in self.kept if rank(one.level) >= rank(wish.level)][-wish.limit :]

    def events(self, after: int | None = None, kinds: tuple[str, ...] = ()) -> Iterator[LiveEvent]:
        self.resumed.append(after)
        if not self.connections:
            raise KeyboardInterrupt
        for step in self.connections.pop(0):
            if isinstance(step, LogEntry):
                line = LogLine(level=step.level, event=step.event, fields=step.fields)
                yield LiveEvent(step.seq, step.at, line)
            else:
                yield LiveEvent(0, AT, step)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOOK_S", 0.0)


def there(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> Fake:
    """It is the server that `A2A_URL` names."""
    monkeypatch.setenv("A2A_URL", fake.url)
    monkeypatch.setattr("a2a.cli.servers.client_at", lambda home, url: fake)
    return fake


def watch(fake: Fake, monkeypatch: pytest.MonkeyPatch, level: LogLevel = "info", limit: int = 50) -> list[str]:
    there(monkeypatch, fake)
    seen: list[str] = []
    lines = Follower(Home(Out(), load({}))).through(Watch(LogWish(level=level, limit=limit)).entries)
    with contextlib.suppress(KeyboardInterrupt):
        seen.extend(one.event for one in lines)
    return seen


def shown_on_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, *entries: LogEntry) -> list[str]:
    there(monkeypatch, Fake(entries))
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((columns, 24)))
    monkeypatch.setenv("TERM", "dumb")
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    assert cli.main(("logs", "server"), Out(io.StringIO(), screen, io.StringIO())) == 0
    return screen.getvalue().splitlines()


# --- what there is


def test_what_was_said_is_shown_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    there(
        monkeypatch, Fake([entry(1), entry(2, "cooling", "warning", logger="pool", why="429 Too Many", account="k/a")])
    )
    run = Run("logs", "server")
    when = f"{datetime.fromtimestamp(AT + 2):%Y-%m-%dT%H:%M:%S}"
    assert run.code == 0
    assert run.stdout.splitlines()[1] == f'{when} warning  cooling account=k/a why="429 Too Many" logger=pool'
    assert "event_1" in run.stdout.splitlines()[0]


def test_json_is_the_usual_envelope(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, Fake([entry(1, account="k/a")]))
    assert Run("logs", "server", "--json").data == [
        {"seq": 1, "at": AT + 1, "level": "info", "event": "event_1", "fields": {"account": "k/a"}}
    ]


def test_level_and_limit_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = there(monkeypatch, Fake([entry(1)]))
    run = Run("logs", "server", "--level", "warning", "-n", "7")
    assert (run.code, run.stdout) == (0, "")
    assert "has said nothing of warning or above" in run.stderr
    assert fake.asked == [LogWish(level="warning", limit=7)]


@pytest.mark.parametrize("args", [["--level", "debug"], ["-n", "0"], ["-n", "1001"]])
def test_what_no_server_has_cannot_be_asked_for(args: list[str]) -> None:
    assert Run("logs", "server", *args).code == 2


def test_without_a_server_it_says_so(home: Path) -> None:
    run = Run("logs", "server")
    assert (run.code, run.stdout) == (4, "")
    assert "no server runs here" in run.stderr
    assert "a2a serve" in run.stderr


def test_the_first_server_that_answers_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    views = [ServerView(url=f"http://127.0.0.1:{port}", pid=1, version="0", started_at=AT) for port in (7, 8)]
    monkeypatch.setattr("a2a.control.servers.running", lambda _: views)

    def client_at(home: Home, url: str) -> Fake:
        if url.endswith("7"):
            raise Unreachable("no connection to the first")
        return Fake([entry(1)])

    monkeypatch.setattr("a2a.cli.servers.client_at", client_at)
    assert "event_1" in Run("logs", "server").stdout


@pytest.mark.parametrize("flags", [[], ["-f"]])
def test_another_key_than_the_servers_ends_it(monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    class Refusing(Fake):
        def log(self, wish: LogWish) -> list[LogEntry]:
            self.asked.append(wish)
            if len(self.asked) > 1:
                raise KeyboardInterrupt
            raise Forbidden("the key of client 'laptop' may not see the log")

    there(monkeypatch, Refusing())
    run = Run("logs", "server", *flags)
    assert (run.code, "may not see the log" in run.stderr) == (2, True)


# --- how it looks


def test_nothing_that_was_said_breaks_a_line_or_drives_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, Fake([entry(1, "two\nlines \x1b[31mred", why='say "x"\r\nand=\x9b2J')]))
    run = Run("logs", "server")
    (line,) = run.stdout.splitlines()
    assert line.endswith('two lines [31mred why="say \\"x\\" and=2J"')


def test_a_terminal_gets_all_of_a_line_under_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown_on_terminal(monkeypatch, 60, entry(1, "failed", "error", why="word " * 20 + "end", logger="pool"))
    assert len(lines) > 2
    assert all(len(line) <= 60 for line in lines)
    indent = lines[0].index("failed")
    assert all(line[:indent].strip() == "" and line[indent] != " " for line in lines[1:])
    assert " ".join(" ".join(lines).split()).endswith('word end" logger=pool')


def test_a_narrow_terminal_gets_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = shown_on_terminal(monkeypatch, 40, entry(1, "failed", why="word " * 20))
    assert line.endswith('word"')


# --- following


def test_what_was_kept_comes_first_then_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake([entry(1), entry(2), entry(3)], [entry(3), entry(4)])
    assert watch(fake, monkeypatch, limit=2) == ["event_2", "event_3", "event_4"]
    assert fake.resumed[0] == 3


def test_finer_lines_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake([entry(1), entry(2, level="error")], [entry(3), entry(4, level="warning"), entry(5, level="critical")])
    assert watch(fake, monkeypatch, level="warning") == ["event_2", "event_4", "event_5"]


def test_what_was_missed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake([entry(1), entry(2)])

    def more() -> Iterator[Step]:
        fake.kept += [entry(3), entry(4)]
        yield Missed(count=2)
        yield entry(4)
        yield entry(5)

    fake.connections.append(more())  # type: ignore[arg-type]
    assert watch(fake, monkeypatch, limit=1) == ["event_2", "event_3", "event_4", "event_5"]
    assert fake.asked[1].limit == 1000


def test_the_same_server_once_more_tells_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake([entry(1)], [entry(2)])

    def more() -> Iterator[Step]:
        yield entry(2)
        fake.kept = [entry(1), entry(2), entry(3)]

    fake.connections = [more(), [entry(4)]]  # type: ignore[list-item]
    assert watch(fake, monkeypatch) == ["event_1", "event_2", "event_3", "event_4"]


def test_another_process_is_heard_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may count from a smaller number, where it ran before; what it said meanwhile is known from its time."""
    fake = Fake([entry(7)])

    def more() -> Iterator[Step]:
        yield entry(8)
        fake.view = structs.replace(fake.view, pid=2)
        fake.kept = [structs.replace(entry(1, "long_ago"), at=AT), structs.replace(entry(2, "since"), at=AT + 9)]

    fake.connections = [more(), [structs.replace(entry(3, "now"), at=AT + 10)]]  # type: ignore[list-item]
    assert watch(fake, monkeypatch) == ["event_7", "event_8", "since", "now"]
    assert fake.resumed[:2] == [7, 2]


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_following_is_a_line_each_and_ends_with_ctrl_c(monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    there(monkeypatch, Fake([entry(1)], [entry(2)]))
    run = Run("logs", "server", "--follow", *flags)
    lines = run.stdout.splitlines()
    assert (run.code, len(lines)) == (130, 2)
    assert json.loads(lines[1])["seq"] == 2 if flags else lines[1].endswith("info     event_2")
    assert "following http://127.0.0.1:9" in run.stderr
    assert "bug" not in run.stderr


def test_a_server_that_is_gone_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[A2AError | None] = iter([Unreachable("no connection"), None])
    fake = there(monkeypatch, Fake([entry(1)]))

    def client_at(home: Home, url: str) -> Fake:
        if (error := next(answers, None)) is not None:
            raise error
        return fake

    monkeypatch.setattr("a2a.cli.servers.client_at", client_at)
    run = Run("logs", "server", "-f")
    assert "no connection; trying again" in run.stderr
    assert "event_1" in run.stdout
