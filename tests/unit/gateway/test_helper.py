"""The process that writes for a busy server."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw
from support.entries import entry_of
from support.pool_kit import FakeClock
from support.waiting import eventually
from yarl import URL

from a2a.control.types import AttemptBodies, Exchange, ExchangeWish
from a2a.gateway import recording
from a2a.gateway.call import Call
from a2a.gateway.capture import Capture, Upcall, capture
from a2a.gateway.hand import Orders
from a2a.gateway.helper import MOST_TOLD, Helper, HelperGone
from a2a.gateway.recording import Hands
from a2a.logs.archive import Archive
from a2a.logs.scribe import Lot, Packer
from a2a.protocols.registry import FRONTS
from a2a.providers.http import Target
from a2a.server.live_log import line_of

NO_SECRETS = b"\x90"


def orders(path: Path, **given: Any) -> Orders:
    made: dict[str, Any] = {
        "store": str(path / "exchanges.db"),
        "storing": True,
        "keep_days": 0.0,
        "max_bytes": 0,
        "log_prompts": "none",
        "prompts": str(path / "prompts.jsonl"),
    }
    return Orders(**{**made, **given})


def exchange(number: int) -> Exchange:
    return Exchange(
        id=f"ex_{number:018d}", started_at=1000.0 + number, client="c", front="chat", path="/", state="done"
    )


def captured() -> Capture:
    call = Call(front=FRONTS["chat"], path="/", body=b'{"a":1}', headers={"Authorization": "Bearer abcdefghijkl"})
    made = capture(call, 1000, Raw(NO_SECRETS))
    made.answer_headers, made.answer = {"Content-Type": "application/json"}, [b"abcdefghijkl"]
    return made


def lot(*numbers: int, made: Capture | None = None) -> Lot:
    """These exchanges; the last with what was captured."""
    ended = [(entry_of(exchange(number)), made if number == numbers[-1] else None) for number in numbers]
    beside = {exchange(numbers[-1]).id: made.beside()} if made is not None else {}
    return Packer().pack(ended, beside)


def ids(path: Path, limit: int = 1000) -> list[int]:
    archive = Archive(path / "exchanges.db")
    found = [int(one.id[3:]) for one in archive.page(ExchangeWish(limit=limit)).exchanges]
    archive.close()
    return sorted(found)


def test_it_writes_what_it_is_sent(tmp_path: Path) -> None:
    helper = Helper(orders(tmp_path, log_prompts="file"))
    batch = [lot(0, 1, 2, 3, made=captured()), lot(*range(4, 70)), lot(*range(70, 120))]
    assert helper.write(batch, again=False)
    helper.tidy()
    helper.close()
    assert (helper.stopped, helper.waiting, helper.lost) == (None, 0, 0)
    assert ids(tmp_path) == list(range(120))
    archive = Archive(tmp_path / "exchanges.db")
    found = archive.get(exchange(3).id)
    archive.close()
    assert found is not None
    assert found.bodies is not None
    assert (found.bodies.request, found.bodies.answer) == ('{"a":1}', "[removed]")
    assert found.bodies.request_headers == {"authorization": "[removed]"}
    assert found.bodies.attempts == list[AttemptBodies]()
    assert len((tmp_path / "prompts.jsonl").read_text().splitlines()) == 120


@pytest.mark.parametrize("gone", [False, True])
def test_large_requests_come_to_where_they_belong(gone: bool, tmp_path: Path) -> None:
    """Also when the process is gone and what it had is written elsewhere."""
    helper = Helper(orders(tmp_path))
    if gone:
        helper._process.send_signal(signal.SIGSTOP)
    target = Target(URL("https://up.example/v1"), {})
    target.secrets = ("abcdefgh",)
    asked = [b"a" * 20_000, b"b" * 20_000, b"c" * 20_000, b"short"]
    batch: list[Lot] = []
    for number, request in enumerate(asked):
        call = Call(front=FRONTS["chat"], path="/", body=request, headers={})
        made = capture(call, 30_000, Raw(NO_SECRETS))
        answer = [b"p" * 5, b"q" * 20_000]
        for n, body in enumerate([None, b"x" * (17_000 + number), b"y"], 1):
            upcall = Upcall(n, target.packed, body, made.room)
            upcall.answer = [*answer]
            made.calls.append(upcall)
        made.answer = [b"".join(answer)]
        batch.append(lot(2 * number, made=made) if number == 2 else lot(2 * number + 1, 2 * number, made=made))
    batch.append(lot(5))
    helper.write(batch, again=False)
    if gone:
        helper._process.kill()
        eventually(lambda: helper._gone, "the end of it")
        left = [one.taken for one in helper.left() if one.taken is not None]
        assert [one.request for one in left] == asked
        found = [[one.request for one in taken.calls] for taken in left]
        assert found == [[None, b"x" * (17_000 + number), b"y"] for number in range(4)]
        assert all(one.answer == answer and one.total == 20_005 for taken in left for one in taken.calls)
        assert all(one.answer == [b"".join(answer)] and one.total == 20_005 for one in left)
    helper.close()
    if not gone:
        archive = Archive(tmp_path / "exchanges.db")
        kept = [archive.get(exchange(2 * number).id) for number in range(4)]
        archive.close()
        bodies = [one.bodies for one in kept if one is not None and one.bodies is not None]
        assert [one.request for one in bodies] == [request.decode() for request in asked]
        for number, one in enumerate(bodies):
            assert [each.request for each in one.attempts] == [one.request, "x" * (17_000 + number), "y"]
            assert {one.answer, *(each.answer for each in one.attempts)} == {"ppppp" + "q" * 20_000}
            assert [each.size for each in one.attempts[0].arrivals] == [20_005]


def test_two_processes_write_one_file(tmp_path: Path) -> None:
    both = [Helper(orders(tmp_path, log_prompts="file")) for _ in range(2)]
    for number in range(0, 1200, 2):
        for which, helper in enumerate(both):
            helper.write([lot(number + which)], again=False)
    for helper in both:
        helper.close()
        assert (helper.stopped, helper.waiting, helper.lost) == (None, 0, 0)
    assert ids(tmp_path, 2000) == list(range(1200))
    lines = [json.loads(line)["id"] for line in (tmp_path / "prompts.jsonl").read_text().splitlines()]
    assert sorted(lines) == [exchange(number).id for number in range(1200)]
    db = sqlite3.connect(tmp_path / "exchanges.db")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


def test_it_says_that_nothing_can_be_written_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "exchanges.db").mkdir()
    helper = Helper(orders(tmp_path))
    assert helper.write([lot(1)], again=False)
    eventually(lambda: helper.stopped, "the news")
    assert helper.stopped is not None
    assert str(tmp_path) in (helper.stopped.stopped or "")
    assert helper.waiting == 1
    helper.close()


def test_what_it_has_to_say_stands_in_the_servers_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "exchanges.db").mkdir()
    helper = Helper(orders(tmp_path))
    helper.write([lot(1)], again=False)
    eventually(lambda: caplog.records, "the line")
    line = line_of(caplog.records[0])
    assert (line.level, line.event, line.fields["logger"]) == ("warning", "recording_stopped", "logs.safe_store")
    assert "unable to open" in line.fields["why"]
    helper.close()


def test_it_lets_go_of_old_ones_until_none_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "BUSY", 0.0)
    monkeypatch.setattr(recording, "_LOOKED_AT_S", 0.0)
    hands = Hands(orders(tmp_path), FakeClock(), alone=False)
    hands.write([lot(*range(at, at + 50)) for at in range(0, 2500, 50)], again=False)
    assert hands._helper is not None
    hands.obey(orders(tmp_path, keep_days=1.0))
    eventually(lambda: not hands.tidy() and not ids(tmp_path), "an empty store")
    hands.close()


def test_one_that_was_killed_is_gone_and_leaves_what_it_had(tmp_path: Path) -> None:
    helper = Helper(orders(tmp_path))
    helper._process.send_signal(signal.SIGSTOP)
    helper.write([lot(1)], again=False)
    helper._process.kill()
    eventually(lambda: helper._gone, "the news")
    with pytest.raises(HelperGone):
        helper.write([lot(2)], again=False)
    assert [one.exchange.id for one in helper.left()] == [exchange(1).id]
    helper.close()


def test_many_can_wait_while_it_is_held_up(tmp_path: Path) -> None:
    helper = Helper(orders(tmp_path))
    helper._process.send_signal(signal.SIGSTOP)
    for number in range(300):
        helper.write([lot(number)], again=False)
    eventually(lambda: helper._told == MOST_TOLD, "the telling")
    assert helper.waiting == 300
    helper._process.send_signal(signal.SIGCONT)
    helper.close()
    assert (helper.waiting, helper.lost) == (0, 0)
    assert ids(tmp_path) == list(range(300))


def test_where_none_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(HelperGone, match="nothing"):
        Helper(orders(tmp_path))


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2a.gateway.helper.MOST_BYTES", 1000)
    (tmp_path / "exchanges.db").mkdir()
    helper = Helper(orders(tmp_path))
    for number in range(100):
        helper.write([lot(number)], again=False)
    assert helper.lost + helper.waiting == 100
    assert 0 < helper.waiting < 20
    assert helper.left()[-1].exchange.id == exchange(99).id
    helper.close()


def test_a_busy_writer_gets_one_and_does_without_when_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recording, "BUSY", 0.0)
    monkeypatch.setattr(recording, "_LOOKED_AT_S", 0.0)
    hands = Hands(orders(tmp_path), FakeClock(), alone=False)
    assert hands.write([lot(1)], again=False)
    helper = hands._helper
    assert helper is not None
    assert hands.write([lot(2)], again=False)
    eventually(lambda: not helper.waiting, "the second")
    helper._process.kill()
    helper._process.wait()
    assert hands.write([lot(3)], again=False)
    eventually(lambda: helper._gone, "the end of it")
    assert hands.write([lot(4)], again=False)
    assert hands._helper is None
    assert "record_helper_gone" in caplog.text
    hands.close()
    assert ids(tmp_path) == [1, 2, 3, 4]


def test_none_is_started_while_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recording, "BUSY", 0.0)
    monkeypatch.setattr(recording, "_LOOKED_AT_S", 0.0)
    (tmp_path / "exchanges.db").mkdir()
    hands = Hands(orders(tmp_path), FakeClock(), alone=False)
    assert not hands.write([lot(1)], again=False)
    assert hands._helper is None
    hands.close()
    assert caplog.text.count("recording_stopped") == 1


@pytest.mark.parametrize(("count", "hired"), [(recording._LOOKED_AT - 1, False), (recording._LOOKED_AT, True)])
def test_much_at_once_is_not_written_here_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, hired: bool
) -> None:
    monkeypatch.setattr(recording, "BUSY", 1.0)
    hands = Hands(orders(tmp_path), FakeClock(), alone=False)
    assert hands.write([lot(*range(count))], again=False)
    assert (hands._helper is not None) == hired
    hands.close()
    assert ids(tmp_path) == list(range(count))


def test_one_that_is_alone_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "BUSY", 0.0)
    monkeypatch.setattr(recording, "_LOOKED_AT_S", 0.0)
    hands = Hands(orders(tmp_path), FakeClock(), alone=True)
    assert hands.write([lot(1)], again=False)
    assert hands._helper is None
    hands.close()


def test_where_files_cannot_be_sent_bytes_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "send_fds")
    monkeypatch.delattr(os, "memfd_create", raising=False)
    helper = Helper(orders(tmp_path))
    for number in range(3):
        helper.write([lot(2 * number, 2 * number + 1, made=captured())], again=False)
    helper.close()
    assert ids(tmp_path) == list(range(6))


KILLED = """
import os, signal, sys, time
from pathlib import Path
from test_helper import Helper, captured, lot, orders
helper = Helper(orders(Path(sys.argv[1])))
helper._process.send_signal(signal.SIGSTOP)
for number in range(50):
    helper.write([lot(number, made=captured())], again=False)
while helper._told < 50:
    time.sleep(0.01)
print(helper._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A server that is killed when its helper, which has not begun, was told of fifty exchanges."""


@pytest.mark.skipif(sys.platform != "linux", reason="memory of the kernel is Linux's")
@pytest.mark.parametrize("writable", [True, False])
def test_the_death_of_the_server_takes_nothing_it_was_told_of(writable: bool, tmp_path: Path) -> None:
    """Where nothing can be written, the helper ends all the same."""
    if not writable:
        (tmp_path / "exchanges.db").mkdir()
    said = tmp_path / "said"  # no pipe: the helper holds it open
    paths = [*sys.path, str(Path(__file__).parent)]
    with said.open("w") as stderr:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
    assert killed.returncode == -signal.SIGKILL, said.read_text()
    helper = int(killed.stdout)
    os.kill(helper, signal.SIGCONT)
    eventually(lambda: not Path(f"/proc/{helper}/cmdline").is_file() or not cmdline(helper), "its end")
    if writable:
        assert ids(tmp_path) == list(range(50))


def cmdline(process: int) -> bytes:
    """Empty of one that has ended, though nobody has asked how."""
    return Path(f"/proc/{process}/cmdline").read_bytes()


def test_it_ends_with_its_server(tmp_path: Path) -> None:
    helper = Helper(orders(tmp_path))
    assert helper.write([lot(1)], again=False)
    eventually(lambda: not helper.waiting, "the first")
    helper._line.close()
    eventually(lambda: helper._process.poll() == 0, "its end")
    helper.close()
