"""A running server keeps up with its config file, the key files that one refers to, and the records of its accounts.

Looked at once a second; taken when a second look finds them unchanged, so that an editor is done writing. What cannot
be taken is refused whole and told once; the settings from before stay until the file is right. By hand: `POST
/admin/v1/reload`, SIGHUP.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import structs

from a2a.config import Settings, prompts
from a2a.config.watch import Stamp, changes, kept, reread, stamp, watched
from a2a.control.types import ConfigView, Reloaded
from a2a.errors import A2AError
from a2a.gateway.engine import Engine
from a2a.server.guard import SERVER_KEY, Guard
from a2a.server.keycheck import check_keys

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0


class Reloader:
    """One per server. `again`: the settings read once more from where they came from; None: they cannot change."""

    def __init__(self, engine: Engine, guard: Guard, again: Callable[[], Settings] | None = None) -> None:
        self._engine = engine
        self._guard = guard
        self._again = again
        self._turn = asyncio.Lock()
        self.called = asyncio.Event()
        """Set to look at once (SIGHUP)."""

    async def reload(self) -> Reloaded:
        """Take the settings and accounts as they are now.

        Raises ConfigError with file, line and nearest key, UsageError and StoreError; then the settings stay, and
        accounts are looked at by those.
        """
        async with self._turn:
            if self._again is None:
                return await self._accounts()
            try:
                return await self._take(await asyncio.to_thread(self._again))
            except A2AError as error:
                self._refused(error)
                with contextlib.suppress(A2AError):  # what is wrong with the settings is what counts
                    await self._engine.reload_accounts()
                raise

    async def _accounts(self) -> Reloaded:
        problems = await self._engine.reload_accounts()
        return Reloaded(accounts=len(self._engine.accounts), problems=problems)

    async def _take(self, read: Settings) -> Reloaded:
        """Raises ConfigError before anything has changed."""
        engine = self._engine
        settings, restart = kept(engine.settings, read)
        check_keys(settings)
        prompts.check(settings)
        names = changes(engine.settings, settings)
        sources = _sources(engine.settings, settings, names)
        if settings == engine.settings:
            problems = await engine.reload_accounts()
        else:
            problems = await engine.use_settings(settings)
            own = self._guard.own_key()
            keys = settings.client_keys if own is None else {SERVER_KEY: own, **settings.client_keys}
            server = settings.server
            self._guard.use(keys, allow_host=server.allow_host, allow_origin=server.allow_origin)
        self._taken(settings, names, restart, problems)
        if names:
            engine.say(f"took {' and '.join(sources)} anew: {', '.join(names)}")
        problems = [*settings.problems, *problems]
        return Reloaded(accounts=len(engine.accounts), problems=problems, changed=names, restart=restart)

    def _taken(self, settings: Settings, names: list[str], restart: list[str], problems: list[str]) -> None:
        before = self._engine.config
        self._engine.config = ConfigView(
            loaded_at=self._engine.clock.now() if names or before.refused else before.loaded_at,
            file=settings.config_file,
            restart=restart,
            problems=[*settings.problems, *problems],
        )
        if restart and restart != before.restart:
            log.warning("settings_wait_for_restart names=%s", ",".join(restart))
        for problem in self._engine.config.problems:
            if problem not in before.problems:
                log.warning("%s", problem)

    def _refused(self, error: A2AError) -> None:
        engine = self._engine
        told = engine.config.refused
        engine.config = structs.replace(
            engine.config,
            refused=error.message,
            hint=error.hint,
            refused_at=engine.config.refused_at if told == error.message else engine.clock.now(),
        )
        if told != error.message:
            log.error("settings_refused reason=%s; those from before stay", error)

    async def watch(self) -> None:
        """Until cancelled. Raises nothing that a file or a store does."""
        last = await self._look()
        seen: Stamp | None = None  # what has been taken; files may have changed since the start read them
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self.called.wait()
            now = await self._look()
            if self.called.is_set() or (now != seen and now == last):
                self.called.clear()
                seen = now
                with contextlib.suppress(A2AError):  # told, and kept in sight
                    await self.reload()
            last = now

    async def _look(self) -> Stamp:
        """Also at the token files of accounts that wait for a login, which may come through the official client."""
        lost = [one.account for one in self._engine.pool.members() if one.state == "needs_login"]
        files = [Path(account.source) for account in lost if account.source and account.origin != "login"]
        paths = [*watched(self._engine.settings), *(file for file in files if file.is_absolute())]
        return await asyncio.to_thread(lambda: stamp(paths))


def _sources(old: Settings, new: Settings, names: list[str]) -> list[str]:
    """The files that what has changed comes from: the config file, prompt files, or both."""
    files = reread(old, new)
    rest = [name for name in names if name not in files]
    return [*([new.config_file or "what has changed"] if rest else []), *dict.fromkeys(files.values())]


@contextlib.contextmanager
def hang_up(called: Callable[[], None]) -> Iterator[None]:
    """SIGHUP means `called` while the block runs, where there is such a signal; from a terminal that is gone it still
    means the end."""
    number = getattr(signal, "SIGHUP", None)
    attended = _terminal()

    def handle() -> None:
        if attended and not _terminal():
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            called()

    loop = asyncio.get_running_loop()
    if number is not None:
        loop.add_signal_handler(number, handle)
    try:
        yield
    finally:
        if number is not None:
            loop.remove_signal_handler(number)


def _terminal() -> bool:
    """Whether this process has a terminal, which may hang up."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except (OSError, AttributeError):  # Windows has neither
        return False
    return True
