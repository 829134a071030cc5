"""Secrets of the settings are in no recorded body, whatever key the client sent, and wherever it sent it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.pool_kit import FakeClock

from a2a.config import Settings
from a2a.control.types import Exchange
from a2a.gateway.call import Call
from a2a.gateway.capture import capture, taken
from a2a.gateway.recording import Recordings
from a2a.gateway.sealing import bodies_of
from a2a.logs.live import Live
from a2a.paths import Folders
from a2a.protocols.registry import FRONTS
from a2a.secret import Secret

pytestmark = pytest.mark.anyio
KEY = "key-of-somebody-else"


async def test_a_key_of_another_client(tmp_path: Path) -> None:
    clock = FakeClock()
    folders = Folders(config=tmp_path, data=tmp_path, state=tmp_path, cache=tmp_path)
    settings = Settings(folders=folders, client_keys={"laptop": Secret(KEY)})
    recordings = Recordings(settings, Live(clock), clock)
    try:
        call = Call(front=FRONTS["gemini"], path="/", body=f'{{"said":"{KEY}"}}'.encode(), headers={})
        found = taken(capture(call, 1000, recordings.recorder.secrets), iter(()))
        exchange = Exchange(id="ex_1", started_at=0.0, client="c", front="gemini", path="/")
        assert bodies_of(found, exchange).request == '{"said":"[removed]"}'
    finally:
        await recordings.aclose()
