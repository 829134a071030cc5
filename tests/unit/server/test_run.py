"""Listening, keys, the file by which others find the server, and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from a2a.auth.store import FileStore
from a2a.config import ServerSettings, Settings
from a2a.control.types import ServerView
from a2a.errors import ConfigError, NeedsLogin
from a2a.gateway.engine import Engine
from a2a.logs.entry import Entry
from a2a.paths import folders
from a2a.secret import Secret
from a2a.server import run
from a2a.server.keycheck import is_loopback
from a2a.server.run import keys, listen, serving

pytestmark = pytest.mark.anyio
LONG = Secret("k" * 16)


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    made: list[socket.socket] = []
    yield made
    for one in made:
        one.close()


def given(tmp_path: Path, *, clients: dict[str, Secret] | None = None, **server: Any) -> Settings:
    server = {"port": 0, "host": "127.0.0.1", **server}
    return Settings(
        server=ServerSettings(**server),
        client_keys=clients or {},
        credential_store="file",
        folders=folders(str(tmp_path / "home")),
    )


def engine(settings: Settings) -> Engine:
    return Engine(settings, say=lambda _: None)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.1", False),
        ("box.lan", False),
    ],
)
async def test_what_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


# keys


async def test_the_first_start_makes_a_key_and_the_next_finds_it(tmp_path: Path) -> None:
    settings = given(tmp_path)
    one = SimpleNamespace(store=FileStore(settings.folders.credentials))
    made = await keys(settings, one)  # type: ignore[arg-type]
    assert len(made["default"].reveal()) >= 16
    assert await keys(settings, one) == made  # type: ignore[arg-type]


async def test_on_loopback_any_key_will_do(tmp_path: Path) -> None:
    settings = given(tmp_path, api_key=Secret("short"), clients={"laptop": Secret("x")})
    assert await keys(settings, engine(settings)) == {"default": Secret("short"), "laptop": Secret("x")}


@pytest.mark.parametrize(
    ("key", "clients", "told"),
    [
        (None, {}, "needs a key of your own"),
        (Secret("k" * 15), {}, "the server's key"),
        (LONG, {"laptop": Secret("k" * 15)}, "the key of client 'laptop'"),
    ],
)
async def test_elsewhere_keys_must_be_given_and_long(
    tmp_path: Path, key: Secret | None, clients: dict[str, Secret], told: str
) -> None:
    settings = given(tmp_path, host="0.0.0.0", api_key=key, clients=clients)
    with pytest.raises(ConfigError, match=told):
        await keys(settings, engine(settings))


async def test_elsewhere_with_long_keys(tmp_path: Path) -> None:
    settings = given(tmp_path, host="0.0.0.0", api_key=LONG, clients={"laptop": LONG})
    assert set(await keys(settings, engine(settings))) == {"default", "laptop"}


async def test_no_client_may_take_the_server_s_own_name(tmp_path: Path) -> None:
    settings = given(tmp_path, api_key=LONG, clients={"default": LONG})
    with pytest.raises(ConfigError, match="'default'"):
        await keys(settings, engine(settings))


# listen


async def test_a_free_port(sockets: list[socket.socket]) -> None:
    sockets += listen(ServerSettings(host="127.0.0.1", port=0))
    assert [one.getsockname()[0] for one in sockets] == ["127.0.0.1"]
    assert sockets[0].getsockname()[1] > 0


async def test_localhost_is_both_addresses_on_one_port(
    sockets: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [_Bound("127.0.0.1", 4000), _Bound("::1", 4000)]
    monkeypatch.setattr(run, "_has_ipv6_loopback", lambda: True)
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(run, "_bind", lambda *args: asked.append(args) or made.pop(0))
    assert len(listen(ServerSettings(port=0))) == 2
    assert asked == [(socket.AF_INET, "127.0.0.1", 0), (socket.AF_INET6, "::1", 4000)]


async def test_localhost_without_ipv6_is_one_address(
    sockets: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_has_ipv6_loopback", lambda: False)
    sockets += listen(ServerSettings(port=0))
    assert len(sockets) == 1


class _Bound:
    """A socket that is only looked at."""

    def __init__(self, host: str, port: int) -> None:
        self.name = (host, port)
        self.closed = False

    def getsockname(self) -> tuple[str, int]:
        return self.name

    def close(self) -> None:
        self.closed = True


def _second_taken(monkeypatch: pytest.MonkeyPatch, times: int) -> list[_Bound]:
    """Let ::1 refuse the port so many times; the sockets of 127.0.0.1."""
    firsts: list[_Bound] = []

    def bind(family: int, host: str, port: int) -> _Bound:
        if family == socket.AF_INET:
            firsts.append(_Bound(host, port or 4000 + len(firsts)))
            return firsts[-1]
        if len(firsts) <= times:
            raise ConfigError("cannot listen on ::1")
        return _Bound(host, port)

    monkeypatch.setattr(run, "_has_ipv6_loopback", lambda: True)
    monkeypatch.setattr(run, "_bind", bind)
    return firsts


async def test_a_free_port_is_free_on_both_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    firsts = _second_taken(monkeypatch, times=2)
    found = listen(ServerSettings(port=0))
    assert [one.getsockname()[1] for one in found] == [4002, 4002]
    assert [first.closed for first in firsts] == [True, True, False]


async def test_a_port_that_is_asked_for_is_not_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    firsts = _second_taken(monkeypatch, times=99)
    with pytest.raises(ConfigError, match="cannot listen on ::1"):
        listen(ServerSettings(port=3000))
    assert [first.closed for first in firsts] == [True]


async def test_it_gives_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    firsts = _second_taken(monkeypatch, times=99)
    with pytest.raises(ConfigError, match="no free port on both"):
        listen(ServerSettings(port=0))
    assert all(first.closed for first in firsts)


async def test_a_taken_port_is_told(sockets: list[socket.socket]) -> None:
    (first,) = listen(ServerSettings(host="127.0.0.1", port=0))
    sockets.append(first)
    first.listen()
    port = first.getsockname()[1]
    with pytest.raises(ConfigError, match=rf"cannot listen on 127.0.0.1:{port}: ") as caught:
        listen(ServerSettings(host="127.0.0.1", port=port))
    assert "--port" in (caught.value.hint or "")


async def test_whether_there_is_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def __init__(self, *_: object) -> None:
            raise OSError("no such family")

    assert isinstance(run._has_ipv6_loopback(), bool)
    monkeypatch.setattr(run.socket, "socket", Refusing)
    assert not run._has_ipv6_loopback()
    with pytest.raises(ConfigError, match="cannot listen on ::1:0: no such family"):
        listen(ServerSettings(host="::1", port=0))


# the file others find it by


@pytest.fixture
def dead_pid() -> str:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return str(process.pid)


async def test_files_of_dead_servers_go(tmp_path: Path, dead_pid: str) -> None:
    settings = given(tmp_path)
    place = settings.folders.servers
    place.mkdir(parents=True)
    (place / f"{dead_pid}-3000.json").touch()
    (place / f"{os.getpid()}-1.json").touch()
    async with engine(settings) as made, serving(settings, made) as url:
        mine = f"{os.getpid()}-{url.rpartition(':')[2]}.json"
        assert {path.name for path in place.iterdir()} == {f"{os.getpid()}-1.json", mine}
        view = msgspec.json.decode((place / mine).read_bytes(), type=ServerView)
        assert (view.url, view.pid) == (url, os.getpid())
    assert not (place / mine).exists()


# serving


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:"), ("localhost", "http://127.0.0.1:")],
)
async def test_it_serves_at_the_url_it_says(tmp_path: Path, host: str, shown: str) -> None:
    settings = given(tmp_path, host=host, api_key=LONG)
    async with engine(settings) as made, serving(settings, made) as url:
        assert url.startswith(shown)
        async with aiohttp.ClientSession() as session, session.get(url + "/health") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok"})


async def test_ipv6_urls_have_brackets(tmp_path: Path) -> None:
    settings = given(tmp_path, host="::1")
    if not run._has_ipv6_loopback():
        pytest.skip("no IPv6 here")
    async with engine(settings) as made, serving(settings, made) as url:
        assert url.startswith("http://[::1]:")


async def test_an_error_of_the_block_comes_out_as_it_is(tmp_path: Path) -> None:
    settings = given(tmp_path)
    with pytest.raises(NeedsLogin, match="mine"):
        async with engine(settings) as made, serving(settings, made):
            raise NeedsLogin("mine")
    assert list(settings.folders.servers.iterdir()) == []


async def test_a_taken_port_ends_it_before_it_began(tmp_path: Path, sockets: list[socket.socket]) -> None:
    sockets += listen(ServerSettings(host="127.0.0.1", port=0))
    sockets[0].listen()
    settings = given(tmp_path, port=sockets[0].getsockname()[1])
    async with engine(settings) as made:
        with pytest.raises(ConfigError):
            async with serving(settings, made):
                raise AssertionError("it must not serve")


def upstream(status: int = 200) -> TestServer:
    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "listed"}]}, status=status)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    return TestServer(app)


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a worker thread, on disk
            await asyncio.sleep(0.001)


async def test_model_lists_are_fetched_and_kept(tmp_path: Path) -> None:
    async with upstream() as server:
        url = str(server.make_url("/v1"))
        settings = given(tmp_path, openai_api_key=Secret("k"), openai_base_url=url)
        async with engine(settings) as made, serving(settings, made):
            await until(lambda: made.catalogue.lists("listed"))
            await until(lambda: list((settings.folders.cache / "models").glob("*.json")))


@pytest.mark.parametrize("problem", ["refused", "unwritable"])
async def test_a_list_that_cannot_be_had_or_kept_does_not_end_the_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, problem: str
) -> None:
    async with upstream(500 if problem == "refused" else 200) as server:
        url = str(server.make_url("/v1"))
        settings = given(tmp_path, openai_api_key=Secret("k"), openai_base_url=url)
        if problem == "unwritable":
            settings.folders.cache.mkdir(parents=True)
            (settings.folders.cache / "models").touch()
        async with engine(settings) as made, serving(settings, made):
            await until(lambda: "gave no model list" in caplog.text)


# signals


@pytest.fixture
def usr1() -> Iterator[int]:
    before = signal.getsignal(signal.SIGUSR1)
    yield signal.SIGUSR1
    signal.signal(signal.SIGUSR1, before)


async def test_the_first_signal_is_waited_for_and_the_next_has_its_default_effect(usr1: int) -> None:
    waiting = asyncio.ensure_future(run.until_signal([usr1]))
    await asyncio.sleep(0)
    assert not waiting.done()
    os.kill(os.getpid(), usr1)
    await waiting
    assert signal.getsignal(usr1) is signal.SIG_DFL


async def test_a_system_without_signals_waits_too(monkeypatch: pytest.MonkeyPatch, usr1: int) -> None:
    def refuse(*_: object) -> None:
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "add_signal_handler", refuse)
    monkeypatch.setattr(loop, "remove_signal_handler", refuse)
    waiting = asyncio.ensure_future(run.until_signal([usr1]))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(("in_flight", "said"), [(0, "stopping"), (2, "draining 2 exchanges")])
async def test_serve_says_when_it_is_ready_and_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_flight: int, said: str
) -> None:
    said_so: list[str] = []
    ready: list[str] = []

    async def at_once() -> None:
        assert len(ready) == 1

    class Busy(Engine):
        async def __aenter__(self) -> Engine:
            for number in range(in_flight):
                self.recorder.begin(Entry(id=f"ex_{number}", started_at=0.0, client="c", front="chat", path="/"))
            return await super().__aenter__()

    monkeypatch.setattr(run, "until_signal", at_once)
    monkeypatch.setattr(run, "Engine", Busy)
    await run.serve(given(tmp_path), say=said_so.append, ready=ready.append)
    assert ready[0].startswith("http://127.0.0.1:")
    assert said_so[-1] == said


async def test_a_bug_beside_the_serving_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(**_: bool) -> list[str]:
        raise AttributeError("a bug")

    await run._list_models(cast("Engine", SimpleNamespace(list_models=broken)))
    assert "background_failed what=list_models" in caplog.text
