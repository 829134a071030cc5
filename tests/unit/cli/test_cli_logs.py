"""`a2a logs list`, `show`, `export` and `a2a explain ID` on a store without any server."""

from __future__ import annotations

import base64
import io
import json
import re
import shlex
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.cli_run import Run
from support.recorded import chat, exchange

from a2a.cli import app as cli
from a2a.cli.logs_filter import moment
from a2a.cli.output import Out
from a2a.control import curl
from a2a.control.types import Arrival, Attempt, AttemptBodies, Exchange, Fault, ServerView
from a2a.errors import UsageError
from a2a.gateway.cassettes.form import read_folder
from a2a.logs.store import Store
from a2a.protocols.eventstream import encode_frame

HI = {"role": "user", "content": "hi, where is the parser?"}


def failed(number: int, **fields: Any) -> Exchange:
    fault = Fault(kind="rate_limited", message="slow down, please", status=429)
    return exchange(number, state="failed", status=429, fault=fault, tokens=None, cost=None, **fields)


@pytest.fixture
def kept(home: Path) -> list[Exchange]:
    """Oldest first: one with bodies, one that failed at another account, one of now."""
    made = [
        chat(0, [HI], "In the cellar."),
        failed(1, account="kiro/work", provider="claude-kiro-oauth", model="claude-sonnet-4.6", session="s1"),
        exchange(started_at=time.time() - 60, front="claude", client="laptop"),
    ]
    (home / "data").mkdir(parents=True)
    store = Store(home / "data" / "exchanges.db")
    store.add(made)
    store.close()
    return made


def ids(run: Run) -> list[str]:
    assert run.code == 0, run.stderr
    return [one["id"] for one in run.data]


def test_an_empty_store_says_what_fills_it() -> None:
    run = Run("logs")
    assert (run.code, run.stdout) == (0, "")
    assert "no exchange yet" in run.stderr
    assert Run("logs", "--json").data == []


def test_newest_first(kept: list[Exchange]) -> None:
    assert ids(Run("logs", "--json")) == [one.id for one in reversed(kept)]
    lines = Run("logs", "list").stdout.splitlines()
    assert lines[0].split() == ["TIME", "EXCHANGE", "WAY", "MODEL", "STATUS", "TOKENS", "FIRST", "TOOK", "COST", "NOTE"]
    assert "claude->openai/one" in lines[1]
    assert "1.2k/34" in lines[1]
    assert "$0.0123" in lines[1]
    assert lines[2].endswith("rate_limited: slow down, please")


@pytest.mark.parametrize(
    ("args", "places"),
    [
        (["--status", "failed"], [1]),
        (["--status", "429"], [1]),
        (["--status", "4xx"], [1]),
        (["--status", "done"], [2, 0]),
        (["-p", "kiro"], [1]),
        (["--account", "kiro/work"], [1]),
        (["-p", "kiro", "--account", "work"], [1]),
        (["-m", "claude-*"], [1]),
        (["--client", "laptop"], [2]),
        (["--front", "claude"], [2]),
        (["--session", "s1"], [1]),
        (["--since", "2h"], [2]),
        (["--until", "2h"], [1, 0]),
        (["cellar"], [0]),
        (["--text", "parser"], [0]),
        (["slow", "please"], [1]),
        (["--limit", "2"], [2, 1]),
        (["--status", "done", "--since", "1h", "-m", "demo-*"], [2]),
    ],
)
def test_filters(kept: list[Exchange], args: list[str], places: list[int]) -> None:
    assert ids(Run("logs", "list", "--json", *args)) == [kept[place].id for place in places]


def test_filters_without_the_word_list(kept: list[Exchange]) -> None:
    assert ids(Run("logs", "--json", "--status", "failed")) == [kept[1].id]
    run = Run("logs", "--status", "failed", "show", "last")
    assert (run.code, "a2a logs show --help" in run.stderr) == (2, True)


def test_nothing_passes(kept: list[Exchange]) -> None:
    run = Run("logs", "list", "nowhere")
    assert (run.code, run.stdout) == (0, "")
    assert "--log-bodies" in run.stderr


def test_more_than_the_limit_is_told(kept: list[Exchange]) -> None:
    run = Run("logs", "list", "--limit", "1")
    assert len(run.stdout.splitlines()) == 2
    assert "--limit shows more" in run.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["--status", "abc"],
        ["--since", "soon"],
        ["-p", "nobody"],
        ["--account", "work"],
        ["--front", "openai"],
        ["--limit", "0"],
    ],
)
def test_filters_that_mean_nothing(kept: list[Exchange], args: list[str]) -> None:
    run = Run("logs", "list", *args)
    assert (run.code, run.stdout) == (2, "")


def test_moments() -> None:
    now = time.time()
    assert now - 7300 < moment("2h") < now - 7100
    assert datetime.fromtimestamp(moment("today")).strftime("%H:%M:%S") == "00:00:00"
    assert moment("yesterday", end=True) == moment("today")
    assert moment("2026-11-22", end=True) - moment("2026-11-22") == 86400
    assert moment("2026-11-22T17:30+00:00") == 1795368600
    with pytest.raises(UsageError):
        moment("22.11.2026")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_a_terminal_gets_lines_that_fit(kept: list[Exchange], monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "dumb")
    screen = Terminal()
    assert cli.main(["logs"], Out(io.StringIO(), screen, io.StringIO())) == 0
    lines = screen.getvalue().splitlines()
    assert len(lines) == 4
    assert all(len(line) <= columns for line in lines)
    shown = kept[2].id if columns >= 120 else kept[2].id[:13]
    assert f" {shown} claude→" in lines[1]


def test_nothing_recorded_can_drive_a_terminal(home: Path) -> None:
    """Neither a name nor an answer; a pipe gets them as they are."""
    evil = "\x1b]0;owned\x07\x9b2J"
    made = chat(0, [HI], f"In{evil} the cellar.", client=f"a{evil}b", model=f"m{evil}")
    (home / "data").mkdir(parents=True)
    store = Store(home / "data" / "exchanges.db")
    store.add([made])
    store.close()
    for args in (["logs"], ["logs", "show", "last", "--full"], ["stats", "--by", "client"], ["explain", made.id]):
        screen = Terminal()
        cli.main(args, Out(io.StringIO(), screen, io.StringIO()))
        assert not set(screen.getvalue()) & {"\x07", "\x9b"}
        assert "\x1b]" not in screen.getvalue()
    assert evil in Run("logs", "show", "last").stdout


def test_show_tells_everything(kept: list[Exchange]) -> None:
    told = Run("logs", "show", kept[0].id).stdout
    assert "served, status 200" in told
    assert "by prices of 2026-11-01" in told
    assert "hi, where is the parser?" in told
    assert "In the cellar." in told
    assert "1-answer" in told


def test_show_takes_the_beginning_of_an_id_and_last(kept: list[Exchange]) -> None:
    assert Run("logs", "show", kept[2].id[:11], "--json").data["id"] == kept[2].id
    assert Run("logs", "show", kept[2].id[3:11], "--json").data["id"] == kept[2].id
    assert Run("logs", "show", "last", "--json").data["id"] == kept[2].id


def test_an_id_may_be_in_capitals(kept: list[Exchange]) -> None:
    assert Run("logs", "show", kept[2].id.upper(), "--json").data["id"] == kept[2].id


@pytest.mark.parametrize("command", [["logs", "show"], ["explain"]])
def test_a_mistyped_id_gets_the_nearest(kept: list[Exchange], command: list[str]) -> None:
    meant = kept[1].id
    wrong = meant[:-3] + ("0" if meant[-3] != "0" else "1") + meant[-2:]
    run = Run(*command, wrong)
    assert run.code == 2
    assert f"did you mean {meant}?" in run.stderr


def test_an_ambiguous_beginning_names_them(kept: list[Exchange]) -> None:
    run = Run("logs", "show", "ex_")
    assert run.code == 2
    assert kept[0].id in run.stderr


def test_show_without_bodies_says_how_to_get_them(kept: list[Exchange]) -> None:
    assert "a2a serve --log-bodies" in Run("logs", "show", "last").stdout
    run = Run("logs", "show", "last", "--body", "client-request")
    assert run.code == 2
    assert "--log-bodies" in run.stderr


def test_bodies_that_had_no_room_are_not_promised_by_a_flag(home: Path) -> None:
    (home / "data").mkdir(parents=True)
    store = Store(home / "data" / "exchanges.db")
    store.add([exchange(1, bodies_lost=True)])
    store.close()
    for command in (["show", "last"], ["show", "last", "--body", "client-request"], ["replay", "last"]):
        run = Run("logs", *command)
        assert "more came at that moment than could be written" in run.stdout + run.stderr
        assert "--log-bodies" not in run.stdout + run.stderr


def test_one_body_indented_or_raw(kept: list[Exchange]) -> None:
    assert kept[0].bodies is not None
    pretty = Run("logs", "show", kept[0].id, "--body", "client-request").stdout
    assert pretty.startswith('{\n  "model"')
    raw = Run("logs", "show", kept[0].id, "--body", "upstream-answer", "--raw").stdout
    assert raw == kept[0].bodies.attempts[0].answer
    assert Run("logs", "show", kept[0].id, "--body", "client-request", "--json").data["text"].startswith('{"model"')
    wrong = Run("logs", "show", kept[0].id, "--body", "2-request")
    assert wrong.code == 2
    assert "1-request" in wrong.stderr


def test_full_shows_all_bodies(kept: list[Exchange]) -> None:
    told = Run("logs", "show", kept[0].id, "--full").stdout
    for name in ("client-request", "1-request", "1-answer", "client-answer"):
        assert f"--- {name}" in told


def test_frames_have_their_times(home: Path) -> None:
    made = chat(0, [HI], "x")
    assert made.bodies is not None
    made.bodies.attempts[0].answer = 'data: {"a":1}\n\ndata: {"b":2}\n\n'
    made.bodies.attempts[0].arrivals = [Arrival(5.0, 15), Arrival(90.0, 15)]
    (home / "data").mkdir(parents=True)
    store = Store(home / "data" / "exchanges.db")
    store.add([made])
    store.close()
    told = Run("logs", "show", "last", "--body", "1-answer").stdout.splitlines()
    assert [line.split() for line in told] == [["+5", "ms", "data:", '{"a":1}'], ["+90", "ms", "data:", '{"b":2}']]


def test_explain_answers_from_the_store(kept: list[Exchange]) -> None:
    run = Run("explain", kept[1].id)
    assert run.code == 1
    assert "slow down, please" in run.stdout
    assert "What to do:" in run.stdout
    assert Run("explain", kept[0].id, "--json").data["id"] == kept[0].id


def test_explain_takes_the_newest(kept: list[Exchange]) -> None:
    assert Run("explain", "last", "--json").data["id"] == kept[2].id


def test_a_cassette_of_an_exchange(kept: list[Exchange], tmp_path: Path) -> None:
    file = tmp_path / "tape" / "hi.json"
    assert Run("logs", "cassette", kept[0].id, "-o", str(file), "--json").data == {"id": kept[0].id, "file": str(file)}
    assert file.stat().st_mode & 0o777 == 0o600
    (played,) = read_folder(file.parent)
    assert played[1].exchange == kept[0].id
    assert Run("logs", "cassette", kept[0].id).stdout == file.read_text()


def test_no_cassette_without_bodies(kept: list[Exchange], tmp_path: Path) -> None:
    run = Run("logs", "cassette", kept[1].id, "-o", str(tmp_path / "x.json"))
    assert (run.code, "a2a serve --log-bodies" in run.stderr) == (2, True)
    assert list(tmp_path.glob("x.json")) == []


def test_explain_of_an_id_that_is_not_kept(kept: list[Exchange]) -> None:
    run = Run("explain", "ex_zzzzzzzzzz")
    assert run.code == 2
    assert "a2a logs lists them" in run.stderr


def test_the_timeline_shows_each_attempt(home: Path) -> None:
    made = exchange(0)
    first = Attempt(
        n=1, provider="openai-custom", account="openai/two", model="m", started_at=made.started_at, status=429,
        duration_ms=600.0, outcome="failed",
    )  # fmt: skip
    second = made.attempts[0]
    second.n, second.started_at, second.duration_ms = 2, made.started_at + 0.6, 600.0
    made.attempts = [first, second]
    (home / "data").mkdir(parents=True)
    store = Store(home / "data" / "exchanges.db")
    store.add([made])
    store.close()
    told = [line for line in Run("logs", "show", "last").stdout.splitlines() if "|" in line]
    assert re.fullmatch(r"1\. \|░+ +\| openai/two 429 after 600ms", told[0])
    assert re.fullmatch(r"2\. \| +░+█+\| openai/one 200 after 600ms", told[1])


def test_export_to_a_file(kept: list[Exchange], tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    run = Run("logs", "export", "openai", "-o", str(target))
    assert (run.code, run.stdout) == (0, "")
    answer = {"role": "assistant", "content": "In the cellar."}
    assert json.loads(target.read_text()) == {"messages": [HI, answer]}
    assert target.stat().st_mode & 0o777 == 0o600
    assert "1 conversation to" in run.stderr
    assert "left out: 1, failed" in run.stderr
    assert "left out: 1, no bodies were recorded" in run.stderr


def test_export_to_stdout_holds_nothing_else(kept: list[Exchange]) -> None:
    run = Run("logs", "export", "sharegpt", "--text", "cellar")
    assert json.loads(run.stdout)["conversations"][0]["from"] == "human"


def test_export_reports_as_json(kept: list[Exchange], tmp_path: Path) -> None:
    run = Run("logs", "export", "har", "-o", str(tmp_path / "x.har"), "--all", "--json")
    assert (run.data["written"], run.data["left_out"]) == (3, {})
    assert len(json.loads((tmp_path / "x.har").read_bytes())["log"]["entries"]) == 6


def test_a_status_asks_for_what_failed(kept: list[Exchange]) -> None:
    run = Run("logs", "export", "raw", "--status", "failed")
    assert json.loads(run.stdout)["id"] == kept[1].id


@pytest.mark.parametrize("args", [["excel"], ["openai", "--json"], ["openai", "-o", "/nowhere/at/all.jsonl"]])
def test_exports_that_cannot_be(kept: list[Exchange], args: list[str]) -> None:
    run = Run("logs", "export", *args)
    assert run.code in (1, 2)
    assert "bug" not in run.stderr + run.stdout


def test_no_half_file_is_left(kept: list[Exchange], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Iterator[bytes]:
        yield b"half"
        raise UsageError("enough")

    target = tmp_path / "out.jsonl"
    target.write_text("before")
    monkeypatch.setattr("a2a.gateway.export.write.export", broken)
    assert Run("logs", "export", "openai", "-o", str(target)).code == 2
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []


def test_binary_frames_are_opened(home: Path) -> None:
    """Kiro answers in Amazon's event stream."""
    frames = encode_frame({":event-type": "assistantResponseEvent"}, b'{"content":"hi"}')
    made = chat(0, [HI], "x")
    assert made.bodies is not None
    made.bodies.attempts[0].answer = "base64:" + base64.b64encode(frames + b"rest").decode()
    (home / "data").mkdir(parents=True)
    store = Store(home / "data" / "exchanges.db")
    store.add([made])
    store.close()
    told = Run("logs", "show", "last", "--body", "1-answer").stdout
    assert told.split() == ["assistantResponseEvent", '{"content":"hi"}']


def test_a_request_as_a_curl_command(kept: list[Exchange], monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run("logs", "show", kept[0].id, "--curl")
    assert run.code == 0, run.stderr
    words = shlex.split(run.stdout.replace("\\\n", " "))
    assert words[0] == "curl"
    assert f"http://127.0.0.1:3000{kept[0].path}" in words
    assert "$A2A_API_KEY" in run.stdout
    assert json.loads(words[-1])["messages"] == [HI]
    data = Run("logs", "show", kept[0].id, "--curl", "--json").data
    assert data == {"id": kept[0].id, "curl": run.stdout.rstrip("\n")}


def test_the_variable_of_the_key_is_one_that_a2a_knows(kept: list[Exchange], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(curl.KEY.removeprefix("$"), "a-key-of-twenty-letters")
    run = Run("logs", "show", kept[0].id, "--curl")
    assert (run.code, run.stderr) == (0, "")
    assert "a-key-of-twenty-letters" not in run.stdout


def test_a_curl_command_is_for_the_server_that_runs(kept: list[Exchange], monkeypatch: pytest.MonkeyPatch) -> None:
    views = [ServerView(url="http://127.0.0.1:4567", pid=1, version="0", started_at=0.0)]
    monkeypatch.setattr("a2a.control.servers.running", lambda _: views)
    assert f"http://127.0.0.1:4567{kept[0].path} " in Run("logs", "show", kept[0].id, "--curl").stdout


@pytest.mark.parametrize("args", [["--full"], ["--raw"], ["--body", "client-request"], ["--diff", "--curl"]])
@pytest.mark.parametrize("view", ["--curl", "--diff"])
def test_such_a_view_stands_alone(kept: list[Exchange], args: list[str], view: str) -> None:
    run = Run("logs", "show", kept[0].id, view, *args)
    assert (run.code, run.stdout) == (2, "")
    assert "--diff and --curl stand alone" in run.stderr


def test_no_curl_command_without_the_body(kept: list[Exchange]) -> None:
    run = Run("logs", "show", kept[1].id, "--curl")
    assert (run.code, run.stdout) == (2, "")
    assert "was not recorded" in run.stderr


def test_what_was_made_of_the_request(home: Path) -> None:
    made = chat(0, [HI], "In the cellar.")
    assert made.bodies is not None
    made.attempts = made.attempts[:1]
    made.bodies.request = json.dumps({"model": "one", "seed": 1})
    made.bodies.attempts = [AttemptBodies(n=1, request=json.dumps({"model": "two", "seed": 1}))]
    (home / "data").mkdir(parents=True)
    store = Store(home / "data" / "exchanges.db")
    store.add([made])
    changed = made.id
    made.id, made.bodies.attempts[0].request = "ex_same", made.bodies.request
    store.add([made])
    store.close()
    run = Run("logs", "show", changed, "--diff")
    assert run.stdout.splitlines() == [
        "--- client-request",
        "+++ 1-request",
        "@@ -1,4 +1,4 @@",
        " {",
        '-  "model": "one",',
        '+  "model": "two",',
        '   "seed": 1',
        " }",
    ]
    data = Run("logs", "show", changed, "--diff", "--json").data
    assert (data["before"], data["after"], data["diff"]) == ("client-request", "1-request", run.stdout.splitlines())
    same = Run("logs", "show", "ex_same", "--diff")
    assert (same.code, same.stdout) == (0, "")
    assert "nothing was changed" in same.stderr


def test_no_difference_without_bodies(kept: list[Exchange]) -> None:
    run = Run("logs", "show", kept[1].id, "--diff")
    assert (run.code, "a2a serve --log-bodies" in run.stderr) == (2, True)
