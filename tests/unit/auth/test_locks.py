"""The lock between processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from a2a.auth.locks import hold, hold_async
from a2a.errors import StoreError

HOLDER = """
import pathlib, sys
from a2a.auth.locks import hold
with hold(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "x.lock"
    with hold(path), pytest.raises(StoreError, match="stayed locked"), hold(path, deadline_s=0.05):
        pass
    with hold(path, deadline_s=0.05):
        pass


def test_a_lock_is_let_go_when_the_body_fails(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with pytest.raises(KeyError), hold(path):
        raise KeyError
    with hold(path, deadline_s=0.05):
        pass


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StoreError), hold(path, deadline_s=0.05):
            pass
        other.kill()
        other.wait()
    with hold(path, deadline_s=1):
        pass


@pytest.mark.anyio
async def test_coroutines_take_turns(tmp_path: Path) -> None:
    path, inside, seen = tmp_path / "x.lock", 0, []

    async def work() -> None:
        nonlocal inside
        async with hold_async(path, deadline_s=5):
            inside += 1
            await asyncio.sleep(0)
            seen.append(inside)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(5)))
    assert seen == [1] * 5


@pytest.mark.anyio
async def test_a_waiter_gives_up(tmp_path: Path) -> None:
    with hold(tmp_path / "x.lock"), pytest.raises(StoreError, match="stayed locked"):
        async with hold_async(tmp_path / "x.lock", deadline_s=0.05):
            pass


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError), hold(tmp_path / "file" / "x.lock"):
        pass
