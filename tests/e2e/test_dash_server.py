"""The server behind the dashboard: found where one runs, else started with the screen and ended with it."""

from __future__ import annotations

import pytest
from support.waiting import eventually

from a2a.cli.dash_server import Finder, OwnServer
from a2a.cli.home import Home
from a2a.cli.output import Out
from a2a.config import load
from a2a.control.servers import running
from a2a.errors import Unreachable, WrongKey

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def any_port(monkeypatch):
    monkeypatch.setenv("A2A_CREDENTIAL_STORE", "file")
    monkeypatch.setenv("A2A_PORT", "0")


async def test_one_is_started_found_and_ended():
    home = Home(Out(), load())
    own = OwnServer(None)
    try:
        first = await Finder(home, own).connect()
        assert own.runs
        assert (await first.server()).url == own.url
        await first.aclose()
        other = OwnServer(None)
        finder = Finder(home, other)
        again = await finder.connect()
        assert again.url == first.url
        assert not other.runs
        await again.aclose()
        home.settings.url = own.url
        keyless = Finder(home, other)
        keyless._keys = list
        with pytest.raises(WrongKey, match="the key is wrong"):
            await keyless.connect()
    finally:
        await own.stop()
    assert not own.runs
    eventually(lambda: not running(home.settings.folders.servers), "the state file goes with the server")
    home.settings.url = None
    with pytest.raises(Unreachable, match="no server runs here"):
        await finder.connect()
    assert not other.runs, "it would take the port of the one that comes back"


async def test_one_that_does_not_come_up_says_why(home):
    home.mkdir()
    (home / "config.toml").write_text("[server]\nprot = 1\n", encoding="utf-8")
    own = OwnServer(None)
    with pytest.raises(Unreachable, match=r"no server came up: .*config\.toml:2"):
        await own.start()
    assert not own.runs


async def test_a_named_server_is_the_one_or_none():
    home = Home(Out(), load())
    home.settings.url = "http://127.0.0.1:9"
    own = OwnServer(None)
    with pytest.raises(Unreachable):
        await Finder(home, own).connect()
    assert not own.runs
