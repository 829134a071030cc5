"""Bytes that wait for another process: in the kernel's memory, and where there is none in ours."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from a2a.gateway import spool as spool_module
from a2a.gateway.spool import Spool


def none_given(*args: object) -> int:
    raise OSError(errno.ENOSYS, "not here")


@pytest.fixture(params=["kernel", "refused", "unknown"])
def spool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Spool:
    if request.param == "refused":
        monkeypatch.setattr(os, "memfd_create", none_given, raising=False)
    elif request.param == "unknown":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    elif sys.platform != "linux":
        pytest.skip("memory of the kernel is Linux's")
    return Spool()


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "SEGMENT_BYTES", 1000)
    monkeypatch.setattr(spool_module, "_AT_ONCE", 3)


def files() -> int:
    """Of the kernel's memory, that this process has open."""
    links = [Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]
    return sum("a2a-record" in os.readlink(link) for link in links if link.is_symlink())


def test_what_was_put_comes_out_as_one(spool: Spool) -> None:
    kept = [spool.put([b"one, ", b"", b"two"]), spool.put([]), spool.put([b"three"])]
    assert [one.read() for one in kept] == [b"one, two", b"", b"three"]
    assert [one.read() for one in kept] == [b"one, two", b"", b"three"]


def test_another_process_finds_it_in_its_place(spool: Spool, request: pytest.FixtureRequest) -> None:
    """More than the kernel takes by one write."""
    kept = [spool.put([b"before"]), spool.put([bytes([number % 256]) * 1000 for number in range(2000)])]
    for one in kept:
        assert (one.place is None) == (request.node.callspec.params["spool"] != "kernel")
        if one.place is not None:
            file, start = one.place
            assert os.pread(file, len(one.read()), start) == one.read()


@pytest.mark.skipif(sys.platform != "linux", reason="memory of the kernel is Linux's")
@pytest.mark.usefixtures("small_segments")
def test_memory_is_used_again_and_given_back() -> None:
    before = files()
    spool = Spool()
    for number in range(50):  # what is taken away at once takes one piece
        kept = spool.put([b"%d" % number, b"x" * 700])
        assert kept.read() == b"%d" % number + b"x" * 700
        kept.drop()
    assert files() == before + 1
    waiting = [spool.put([b"y" * 600]) for _ in range(20)]
    assert files() == before + 10
    for kept in waiting:
        kept.drop()
    del waiting, kept
    assert files() <= before + 2  # the last, and one to spare
    huge = spool.put([b"z" * 10_000])
    huge.drop()
    del huge
    small = [spool.put([b"s"])]
    assert files() <= before + 2
    assert small[0].read() == b"s"
    del spool, small
    assert files() == before


@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), st.lists(st.binary(max_size=600), max_size=8)), max_size=40))
def test_whatever_is_put_and_dropped_the_rest_stays(steps: list[tuple[bool, list[bytes]]]) -> None:
    """As a queue does it: the oldest go first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool_module, "SEGMENT_BYTES", 1000)
        patch.setattr(spool_module, "_AT_ONCE", 3)
        spool = Spool()
        waiting = []
        for drop, pieces in steps:
            waiting.append((spool.put(pieces), b"".join(pieces)))
            if drop:
                waiting.pop(0)[0].drop()
            assert all(kept.read() == data for kept, data in waiting)


@pytest.mark.skipif(sys.platform != "linux", reason="memory of the kernel is Linux's")
def test_where_the_kernel_takes_no_more_it_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a limit of a file's size; what was put before is not touched."""
    spool = Spool()
    first = spool.put([b"first"])
    write = os.pwritev
    limit = 1000

    def limited(file: int, pieces: list[bytes], at: int) -> int:
        if at >= limit:
            raise OSError(errno.EFBIG, "too large")
        return write(file, [b"".join(pieces)[: limit - at]], at)

    monkeypatch.setattr(os, "pwritev", limited)
    second, third = spool.put([b"a" * 800, b"b" * 800]), spool.put([b"c" * 10])
    assert [one.read() for one in (first, second, third)] == [b"first", b"a" * 800 + b"b" * 800, b"c" * 10]
    for one in (first, second, third):
        one.drop()
    assert spool.put([b"again"]).read() == b"again"
