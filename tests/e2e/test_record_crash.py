"""The record under kill -9 and on a full disk: the file opens, what was acknowledged is in it, serving goes on."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.a2a_process import KEY
from support.stage import MODEL, OPENAI, Stage, staged
from support.waiting import eventually

from a2a.control.types import ExchangeFilter, ExchangeWish
from a2a.logs.archive import Archive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits the size of a running server's files")

HELD_S = 2.0
"""What a loaded machine may need for the batch that an exchange waits for at most 0.25 s."""
SMALL = 160 * 1024


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), server={"log_bodies": True}) as made:
        yield made


def body(text: str = "hello") -> dict[str, Any]:
    return {"model": MODEL[OPENAI], "messages": [{"role": "user", "content": text}]}


def recorded(stage: Stage) -> set[str]:
    archive = Archive(stage.home / "data" / "exchanges.db")
    found = {one.id for one in archive.each(ExchangeFilter())}
    archive.close()
    return found


def test_kill_9_loses_the_last_moment_at_most(stage: Stage) -> None:
    server = stage.server
    told: list[tuple[float, str]] = []

    def ask() -> None:
        with httpx.Client(base_url=server.url, headers={"x-api-key": KEY}, trust_env=False, timeout=20) as client:
            while True:
                try:
                    answer = client.post(f"/{OPENAI}/v1/chat/completions", json=body())
                except httpx.HTTPError:
                    return
                told.append((time.monotonic(), answer.headers["x-a2a-exchange"]))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    eventually(lambda: len(told) > 200 and time.monotonic() - began > HELD_S + 1, "load")
    killed = time.monotonic()
    server.kill()
    for thread in threads:
        thread.join(20)
    eventually(lambda: _unlocked(stage), "the end of its helper, if it had one")
    acknowledged = {name for at, name in told if at < killed - HELD_S}
    assert acknowledged
    assert acknowledged - recorded(stage) == set()


def _unlocked(stage: Stage) -> bool:
    db = sqlite3.connect(stage.home / "data" / "exchanges.db", timeout=1)
    try:
        return bool(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    finally:
        db.close()


def test_a_full_disk_stops_the_recording_and_not_the_serving(stage: Stage) -> None:
    import resource

    server = stage.start()

    def recording() -> dict[str, Any]:
        found: dict[str, Any] = server.http.get("/admin/v1/server").json()["recording"]
        return found

    def ask(text: str) -> str:
        answer = server.http.post(f"/{OPENAI}/v1/chat/completions", json=body(text))
        assert answer.status_code == 200
        return answer.headers["x-a2a-exchange"]

    noise = " ".join(f"{n * n:x}" for n in range(10_000))
    size = (stage.home / "data" / "exchanges.db").stat().st_size
    free = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (max(size, SMALL), free[1]))
    names = [ask(noise)]
    eventually(lambda: names.append(ask(noise)) or recording()["stopped"], "the end of the room")
    assert "free some space" in recording()["hint"]
    assert "a2a_recording 0" in server.http.get("/metrics").text
    names.append(ask("while it is full"))
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, free)
    eventually(lambda: recording()["stopped"] is None, "the recording to go on")
    names.append(ask("afterwards"))
    assert recording()["lost"] == 0
    page = server.http.get("/admin/v1/exchanges", params={"limit": 1000}).json()
    assert set(names) <= {one["id"] for one in page["exchanges"]}
    assert "recording_stopped" in server.stderr
    server.stop()
    assert set(names) <= recorded(stage)


def test_a_chat_is_recorded_too(stage: Stage) -> None:
    stage.server.stop()
    done = stage.cli("chat", "-p", "openai/one", "-m", MODEL[OPENAI], "a quiet hippopotamus")
    assert done.returncode == 0, done.stderr
    archive = Archive(stage.home / "data" / "exchanges.db")
    (found,) = archive.page(ExchangeWish(text="hippopotamus")).exchanges
    whole = archive.get(found.id)
    archive.close()
    assert (found.client, found.front, found.state) == ("local", "local", "done")
    assert whole is not None
    assert whole.bodies is not None
    assert "hippopotamus" in (whole.bodies.request or "")
    assert (whole.bodies.answer or "").startswith("data: ")


def test_nobody_else_can_read_it(stage: Stage) -> None:
    modes = {path.stat().st_mode & 0o777 for path in Path(stage.home / "data").glob("exchanges.db*")}
    assert modes == {0o600}
