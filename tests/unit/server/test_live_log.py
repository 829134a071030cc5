"""The server's log as live events: fields apart, secrets gone, stderr as before."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from support.pool_kit import FakeClock

from a2a.control.types import LogLine
from a2a.logs.live import Live
from a2a.server.live_log import line_of, told_live

pytestmark = pytest.mark.anyio
LOG = logging.getLogger("a2a.pool.outage")


def record(message: str, *args: object, level: int = logging.INFO, error: BaseException | None = None) -> LogLine:
    exc = (type(error), error, None) if error else None
    return line_of(logging.LogRecord("a2a.pool.outage", level, __file__, 1, message, args, exc))


async def test_a_line_is_an_event_and_its_fields() -> None:
    assert record("provider_down origin=%s rest_s=%g reason=%s", "http://x", 5.0, "no answer in time") == LogLine(
        level="info",
        event="provider_down",
        fields={"logger": "pool.outage", "origin": "http://x", "rest_s": "5", "reason": "no answer in time"},
    )


async def test_a_line_without_fields_is_its_words() -> None:
    line = record("%s", "openai/a gave no model list", level=logging.WARNING)
    assert (line.level, line.event, line.fields) == (
        "warning",
        "openai/a gave no model list",
        {"logger": "pool.outage"},
    )


async def test_secrets_are_gone_and_names_stay() -> None:
    line = record("x account=%s error=%s", "kiro/me@example.com", "Bearer planted0 for me@example.com")
    assert line.fields["account"] == "kiro/me@example.com"
    assert line.fields["error"] == "[removed] for [removed]"
    assert "planted" not in record("sk-planted-0123456789 refused").event


async def test_of_an_exception_its_name_is_told() -> None:
    line = record("background_failed what=%s", "quota", error=ValueError("planted"))
    assert line.fields == {"logger": "pool.outage", "what": "quota", "exception": "ValueError"}


async def test_lines_of_threads_come_too_and_only_while_it_lasts() -> None:
    live = Live(FakeClock())
    before = live.last
    with told_live(live):
        thread = threading.Thread(target=LOG.info, args=("a b=%s", "c"))
        thread.start()
        await asyncio.to_thread(thread.join)
        LOG.debug("too fine")
        await asyncio.sleep(0)
    LOG.warning("too late")
    await asyncio.sleep(0)
    assert [event.change for event in live.since(before)] == [
        LogLine(level="info", event="a", fields={"logger": "pool.outage", "b": "c"})
    ]


async def test_what_the_log_shows_elsewhere_is_as_before() -> None:
    before = logging.getLogger("a2a").level
    with told_live(Live(FakeClock())):
        assert logging.getLogger("a2a").getEffectiveLevel() <= logging.INFO
    assert logging.getLogger("a2a").level == before
