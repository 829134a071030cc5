"""A renewal in a process of its own, so that nobody's death loses a token.

Between an upstream's rotation and the stored answer lie milliseconds in which a kill -9 of the one who asked would cost
the account: the old refresh token is spent, the new one was never written. So the asking is done by a small process in
a session of its own; it holds the account's lock, stores the token and only then answers. Whoever started it may be
killed, or leave, at any instant.

The job goes in on stdin and the answer comes back on stdout, as JSON; a secret is never an argument. It costs about
0.3 s of start-up, once an hour and account.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
from pathlib import Path

from msgspec import Struct

import a2a
from a2a.auth.codec import decode_secrets, encode_secrets
from a2a.auth.records import Credential
from a2a.auth.renewal import Job, Renewal, Renewed
from a2a.auth.store import CredentialStore, StoreKind, open_store
from a2a.clock import SystemClock
from a2a.errors import (
    A2AError,
    AccountError,
    BadUpstream,
    NeedsAction,
    NeedsLogin,
    Unreachable,
    UpstreamError,
    UpstreamTimeout,
)
from a2a.paths import Folders, folders

AT_ONCE = 4
"""Processes at one time: a pool whose tokens all end together must not flood the machine."""

_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from a2a.auth.renewer import main; main()"
_ERRORS: dict[str, type[A2AError]] = {
    kind.__name__: kind for kind in (AccountError, NeedsLogin, UpstreamError, BadUpstream, UpstreamTimeout, Unreachable)
}


class _Order(Struct, frozen=True, kw_only=True):
    """`home`: the value of A2A_HOME, as `folders` takes it."""

    job: Job
    store: StoreKind
    home: str | None


class _Told(Struct, frozen=True, kw_only=True):
    """An error on its way between processes. `kind`: the name of its class."""

    kind: str
    message: str
    hint: str | None = None
    reason: str = ""

    def error(self) -> A2AError:
        if self.kind == NeedsAction.__name__:
            return NeedsAction(self.message, reason=self.reason, hint=self.hint)
        return _ERRORS.get(self.kind, AccountError)(self.message, hint=self.hint)


class _Reply(Struct, frozen=True, kw_only=True):
    credential: Credential | None = None
    unsaved: str | None = None
    not_written_back: str | None = None
    error: _Told | None = None


class Detached:
    """Renews in a process of its own; in this one where none can be started."""

    def __init__(self, kind: StoreKind, where: Folders, store: CredentialStore) -> None:
        """`kind` and `where`: which store the process is to open; `store`: the same one, opened here."""
        self._kind = kind
        self._home = str(where.home) if where.home else None
        self._here = Renewal(store, where.locks, SystemClock())
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, job: Job) -> Renewed:
        if not sys.executable or getattr(sys, "frozen", False):
            return await self._here(job)
        order = encode_secrets(_Order(job=job, store=self._kind, home=self._home))
        async with self._slots:
            try:
                answer = await _run(order)
            except OSError:
                return await self._here(job)  # out of processes or memory: nothing has been asked yet
        try:
            reply = decode_secrets(answer, _Reply)
        except ValueError:
            raise UpstreamError(
                f"{job.account.name}: the process that renews its token was killed", hint="a2a tries again by itself"
            ) from None
        if reply.error is not None:
            raise reply.error.error()
        assert reply.credential is not None
        return Renewed(credential=reply.credential, unsaved=reply.unsaved, not_written_back=reply.not_written_back)


async def _run(order: bytes) -> bytes:
    """Start the process and wait for its answer. Raises OSError when it could not be started.

    In a thread that dies with us: asyncio's own transport kills its child when the loop closes.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()

    def settle(outcome: bytes | OSError) -> None:
        if answered.done():
            return
        if isinstance(outcome, OSError):
            answered.set_exception(outcome)
        else:
            answered.set_result(outcome)

    def work() -> None:
        outcome: bytes | OSError
        try:
            outcome = _spawned(order)
        except OSError as exc:
            outcome = exc
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name="a2a-renewal", daemon=True).start()
    return await answered


def _spawned(order: bytes) -> bytes:
    # -P: the folder the user happens to be in is no place to import from. Popen's arguments hold no secret.
    command = [sys.executable, "-P", "-c", _PROGRAM, str(Path(a2a.__file__).parents[1])]
    with subprocess.Popen(  # noqa: S603  (our own interpreter and program)
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C in the terminal is not meant for it
    ) as process:
        return process.communicate(order)[0]


def main() -> None:
    """The process: one order on stdin, one reply on stdout, which may be read by nobody."""
    order = decode_secrets(sys.stdin.buffer.read(), _Order)
    reply = encode_secrets(asyncio.run(_obey(order)))
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(reply)
        sys.stdout.buffer.flush()


async def _obey(order: _Order) -> _Reply:
    where = folders(order.home)
    renew = Renewal(open_store(order.store, where, say=lambda _: None), where.locks, SystemClock())
    try:
        done = await renew(order.job)
    except A2AError as error:
        reason = error.reason if isinstance(error, NeedsAction) else ""
        told = _Told(kind=type(error).__name__, message=error.message, hint=error.hint, reason=reason)
        return _Reply(error=told)
    return _Reply(credential=done.credential, unsaved=done.unsaved, not_written_back=done.not_written_back)
