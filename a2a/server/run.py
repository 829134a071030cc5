"""The life of a server: listen, say so, serve until a signal, drain, leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from a2a.auth import serverkey
from a2a.config import ServerSettings, Settings, prompts
from a2a.control.servers import alive
from a2a.errors import ConfigError
from a2a.gateway import checks, quota
from a2a.gateway.cassettes import desk as cassettes
from a2a.gateway.engine import Engine
from a2a.gateway.logins.desk import LoginDesk, Spawn
from a2a.gateway.progress import AccountWatch, ProgressWatch
from a2a.logs.live import Live
from a2a.paths import atomic_write
from a2a.secret import Secret
from a2a.server.app import build
from a2a.server.guard import SERVER_KEY, Guard
from a2a.server.keycheck import check_keys, is_loopback
from a2a.server.live_log import told_live
from a2a.server.noise import HTTP_LOG
from a2a.server.reload import Reloader, hang_up

log = logging.getLogger(__name__)

DRAIN_S = 30.0
"""Exchanges in flight get this long after the first signal; a second signal ends them at once."""
SAVE_EVERY_S = 1.0
"""How often the background task writes what was learned of the accounts' health."""
BACKLOG = 1024
RENEW_EVERY_S = 60.0
"""How often the background task looks for tokens that are about to end."""
_PORT_TROUBLE = (errno.EADDRINUSE, errno.EACCES)


async def keys(settings: Settings, engine: Engine) -> dict[str, Secret]:
    """Name -> key of every client. Raises ConfigError as `check_keys` does."""
    check_keys(settings)
    key = settings.server.api_key
    if key is None:
        key = await asyncio.to_thread(serverkey.get_or_create, engine.store, settings.folders.locks)
    return {SERVER_KEY: key, **settings.client_keys}


def listen(server: ServerSettings) -> list[socket.socket]:
    """Sockets of the host and port; `localhost` is 127.0.0.1 and, where there is one, ::1, on the same port.

    Raises ConfigError when the port is taken.
    """
    if server.host != "localhost":
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        return [_bind(family, server.host, server.port)]
    for _ in range(16):  # with port 0 the number the first socket got may be taken on ::1
        first = _bind(socket.AF_INET, "127.0.0.1", server.port)
        if not _has_ipv6_loopback():
            return [first]
        try:
            return [first, _bind(socket.AF_INET6, "::1", first.getsockname()[1])]
        except ConfigError:
            first.close()
            if server.port:
                raise
    raise ConfigError("found no free port on both 127.0.0.1 and ::1", hint="a2a serve --host 127.0.0.1")


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    made: socket.socket | None = None
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
    except OSError as error:
        if made is not None:
            made.close()
        hint = "another --port, or 0 for a free one" if error.errno in _PORT_TROUBLE else "another --host"
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}", hint=hint) from error
    return made


@asynccontextmanager
async def serving(
    settings: Settings, engine: Engine, *, again: Callable[[], Settings] | None = None
) -> AsyncIterator[str]:
    """Listen and serve while the block runs; gives the URL. Leaving it drains for up to DRAIN_S.

    `again`: reads the settings once more, where they may change meanwhile.
    """
    server = settings.server
    prompts.check(settings)
    guard = _guard(server, await keys(settings, engine))
    reloader, logins = Reloader(engine, guard, again), LoginDesk(engine)
    sockets = listen(server)
    runner = web.AppRunner(
        build(engine, guard, reloader, logins),
        access_log=None,
        logger=HTTP_LOG,
        handler_cancellation=True,  # off by default: a client that left would keep its upstream call alive
        shutdown_timeout=DRAIN_S,
    )
    host, port = sockets[0].getsockname()[:2]
    shown = server.host if server.host not in ("localhost", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    engine.url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    note = settings.folders.servers / f"{os.getpid()}-{port}.json"
    try:
        await runner.setup()
        for made in sockets:
            await web.SockSite(runner, made, backlog=BACKLOG).start()
        await asyncio.to_thread(_announce, note, engine)
        log.info("listening host=%s port=%s", host, port)
        engine.recordings.attend()
        async with asyncio.TaskGroup() as tasks:
            own = _background(tasks, engine, reloader)
            _settle()
            hung_up = hang_up(reloader.called.set) if again is not None else contextlib.nullcontext()
            with told_live(engine.live), logins.at_work(_spawner(tasks)), hung_up:
                yield engine.url
            for task in own:
                task.cancel()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None  # the block's own error, as if there were no group
    finally:
        note.unlink(missing_ok=True)
        await runner.cleanup()


def _guard(server: ServerSettings, keys: dict[str, Secret]) -> Guard:
    loopback = is_loopback(server.host)
    return Guard(keys, loopback=loopback, allow_host=server.allow_host, allow_origin=server.allow_origin)


def _background(tasks: asyncio.TaskGroup, engine: Engine, reloader: Reloader) -> list[asyncio.Task[None]]:
    """What goes on beside the serving. The streams' table is one for all gateways of the engine."""
    streams, accounts = ProgressWatch(engine.gateway.streams, engine.live), AccountWatch(engine.pool, engine.live)
    work: dict[str, Coroutine[Any, Any, None]] = {
        "model lists": _keep_lists(engine),
        "health": _every(SAVE_EVERY_S, "save_health", engine.save_health),
        "token renewal": _renew_tokens(engine),
        "settings": _watch_files(reloader),
        "quota": _every(quota.TICK_S, "quota", engine.quota.turn),
        "health checks": _every(checks.TICK_S, "checks", engine.checks.turn),
        "progress": _while_heard(engine.live, "progress", streams),
        "accounts": _while_heard(engine.live, "accounts", accounts),
    }
    return [tasks.create_task(each, name=f"a2a {name}") for name, each in work.items()]


def _spawner(tasks: asyncio.TaskGroup) -> Spawn:
    """Makes tasks of the server whose bugs do not end it."""

    async def survive(work: Coroutine[Any, Any, None], name: str) -> None:
        with _survived(name):
            await work

    return lambda work, name: tasks.create_task(survive(work, name), name=name)


def _settle() -> None:
    """What start-up made stays for good: let the garbage collector pass it over (measured: 0.04 x on streams)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def _announce(note: Path, engine: Engine) -> None:
    """The file by which other commands find this server; those of dead processes go."""
    for old in note.parent.glob("*.json"):
        if not alive(old.stem.partition("-")[0]):
            old.unlink(missing_ok=True)
    atomic_write(note, msgspec.json.encode(engine.view()))


@contextlib.contextmanager
def _survived(what: str) -> Iterator[None]:
    """A bug in work beside the serving is told in the log; it must not end the server."""
    try:
        yield
    except Exception:
        log.exception("background_failed what=%s", what)


async def _list_models(engine: Engine, *, only_new: bool = False) -> None:
    with _survived("list_models"):
        for problem in await engine.list_models(only_new=only_new):
            log.warning("%s", problem)


async def _keep_lists(engine: Engine) -> None:
    """All at the start, and those of accounts that arrive later."""
    await _list_models(engine)
    while True:
        await engine.arrived.wait()
        engine.arrived.clear()
        await _list_models(engine, only_new=True)


async def _renew_tokens(engine: Engine) -> None:
    while True:
        if engine.settings.server.cron_refresh_token:
            with _survived("renew_tokens"):
                await engine.renew_tokens()
        await asyncio.sleep(RENEW_EVERY_S)


async def _every(seconds: float, what: str, turn: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        with _survived(what):
            await turn()


async def _while_heard(live: Live, what: str, watch: ProgressWatch | AccountWatch) -> None:
    while True:
        await live.heard.wait()
        with _survived(what):
            watch.look()
        await asyncio.sleep(watch.pause_s)


async def _watch_files(reloader: Reloader) -> None:
    while True:
        with _survived("watch_files"):
            await reloader.watch()
        await asyncio.sleep(RENEW_EVERY_S)


async def until_signal(signals: Iterable[int] = (signal.SIGINT, signal.SIGTERM)) -> None:
    """Wait for the first of the signals; the next one ends the process at once, by its default effect."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    wanted = list(signals)
    for number in wanted:
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, came.set)
    try:
        await came.wait()
    finally:
        for number in wanted:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
    for number in wanted:  # Python's own handler would wait for the loop, which is draining
        signal.signal(number, signal.SIG_DFL)


async def serve(
    settings: Settings,
    *,
    say: Callable[[str], None],
    ready: Callable[[str], None],
    again: Callable[[], Settings] | None = None,
) -> None:
    """`a2a serve`: from settings to the drained end. `again` as `serving` takes it."""
    cassettes.check(settings)
    async with (
        Engine(settings, say=say, offline=settings.server.replay is not None) as engine,
        cassettes.at_work(engine),
        serving(settings, engine, again=again) as url,
    ):
        ready(url)
        await until_signal()
        say(f"draining {engine.recorder.in_flight} exchanges" if engine.recorder.in_flight else "stopping")
