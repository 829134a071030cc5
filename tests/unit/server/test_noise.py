"""Bytes that are no HTTP: the sender gets a 400, the log one line without a traceback."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp import web

from a2a.server.noise import HTTP_LOG

NO_HTTP = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n"


async def send(raw: bytes) -> bytes:
    runner = web.ServerRunner(web.Server(refuse, logger=HTTP_LOG))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(raw)
        answer = await reader.read()
        writer.close()
        return answer
    finally:
        await runner.cleanup()


async def refuse(request: web.BaseRequest) -> web.Response:
    raise LookupError("ours")


def test_what_is_no_http_is_one_line_of_information(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, HTTP_LOG.name):
        answer = asyncio.run(send(NO_HTTP))
    assert b" 400 " in answer.splitlines()[0]
    (record,) = caplog.records
    assert (record.levelname, record.exc_info) == ("INFO", None)
    assert record.getMessage().startswith("no_http said=")


def test_it_is_silent_where_nobody_asked_for_information(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, HTTP_LOG.name):
        asyncio.run(send(NO_HTTP))
    assert not caplog.records


def test_our_own_fault_keeps_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, HTTP_LOG.name):
        answer = asyncio.run(send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
    assert b" 500 " in answer.splitlines()[0]
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
