"""Time and random ids."""

from __future__ import annotations

import re
import time

import pytest

from a2a.clock import SystemClock, exchange_id, hex_id


def test_the_system_clock_is_the_machine_s() -> None:
    clock = SystemClock()
    assert clock.now is time.time
    assert clock.monotonic is time.monotonic


def test_exchange_ids_are_time_then_noise() -> None:
    assert re.fullmatch(r"ex_[0-9a-hjkmnp-tv-z]{18}", exchange_id(1_800_000_000.123))


def test_exchange_ids_sort_as_their_times_do() -> None:
    times = [0.0, 0.001, 1.0, 1_800_000_000.0, 1_800_000_000.001, 9_999_999_999.0]
    ids = [exchange_id(at) for at in times]
    assert sorted(ids) == ids


def test_exchange_ids_of_one_moment_differ() -> None:
    assert len({exchange_id(1.0) for _ in range(100)}) == 100
    assert len({exchange_id(1.0)[:13] for _ in range(100)}) == 1


@pytest.mark.parametrize(("digits", "length"), [(24, 24), (7, 7), (0, 0)])
def test_hex_ids_have_the_digits_asked_for(digits: int, length: int) -> None:
    assert re.fullmatch(rf"call_[0-9a-f]{{{length}}}", hex_id("call_", digits))
