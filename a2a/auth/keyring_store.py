"""The OS keyring as a credential store: bounded in time, checked by reading back, chunked where a value is too long.

Layout under one service name (contract 3.1): the entry `<id>` holds the value, or `chunks:<a|b>:<count>` and the value
lies in `<id>#<a|b>#<n>`. A new value goes under the other letter and the entry is switched last, so that a crash leaves
the old value or the new one. A keyring cannot be listed: an empty file per id in the data folder does that.

`keyring` is imported in the worker thread of the first call: it costs 180 ms, and looking for a backend may block.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from a2a.paths import atomic_write

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

CHUNK_CHARS = 1200
"""Windows takes 2,560 bytes, which are 1,280 characters of UTF-16 (kiro.md 2.6)."""

REST_S = 60.0
"""How long a keyring that did not answer is left alone, unless its answer comes after all."""
LONGEST_WAIT_S = 60.0
"""What a keyring that is known to be slow may take."""
SAY_AFTER_S = 2.0
"""Somebody who looks at a terminal is told by then what is waited for."""

_HEAD = "chunks:"
_LETTERS = ("a", "b")
_TRIAL = "#trial"
_WORDS = {
    "KeyringLocked": "the keyring is locked",
    "InitError": "the keyring cannot be opened: it is locked, or was never set up",
    "PasswordSetError": "the keyring refuses the entry: it may be full",
}
"""Errors of the library, by class, for the user. InitError is also what gnome-keyring gives where nobody can be asked
(seen with 42.1 and no display, 2026-11-22)."""
_REFUSERS = ("keyring.backends.fail", "keyring.backends.null")

_T = TypeVar("_T")


class KeyringUnusable(Exception):
    """The keyring is absent, locked, slow, full or lossy; the text says which and ends without a full stop."""


class KeyringAbsent(KeyringUnusable):
    """This system has none."""


class KeyringSilent(KeyringUnusable):
    """It did not answer in time; what was asked of it may still happen."""


class KeyringStore:
    """See the module. After a call without an answer, later ones fail at once for `REST_S`; when the answer comes late,
    they wait for as long as it took.

    `on_wait` is called when a call takes longer than `SAY_AFTER_S`, once in this object's life.
    """

    def __init__(
        self,
        service: str,
        *,
        index: Path,
        timeout_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        on_wait: Callable[[], None] | None = None,
    ) -> None:
        self._service = service
        self._index = index
        self._timeout_s = timeout_s
        self._on_wait = on_wait
        self._monotonic = monotonic
        self._backend: KeyringBackend | None = None
        self._resting: tuple[KeyringUnusable, float] | None = None
        """Why, and until which monotonic time."""

    @property
    def broken(self) -> bool:
        """Whether a call made now would fail without trying."""
        return self._resting is not None and self._monotonic() < self._resting[1]

    @property
    def place(self) -> str:
        return "the system's keyring"

    def listed(self, key: str) -> bool:
        """Whether a value may lie there, by our own index."""
        return (self._index / key).exists()

    def ids(self) -> list[str]:
        return sorted(path.name for path in self._index.glob("[!.]*"))

    def get(self, key: str) -> bytes | None:
        """Raises KeyringUnusable."""
        if not self.listed(key):
            return None
        value = self._call(lambda backend: _read(backend, self._service, key))
        return None if value is None else value.encode()

    def put(self, key: str, value: bytes) -> None:
        """Raises KeyringUnusable when the keyring does not give back exactly this."""
        text = value.decode()
        known = self.listed(key)
        if not known:
            atomic_write(self._index / key, b"")  # before the entry: an index without an entry is harmless
        begun = threading.Event()
        try:
            self._call(lambda backend: _write(backend, self._service, key, text, begun))
        except KeyringSilent:
            raise  # the entry may still be written when somebody answers the dialog
        except KeyringUnusable:
            if not known and not (begun.is_set() and self._may_have_kept(key)):
                (self._index / key).unlink(missing_ok=True)
            raise

    def delete(self, key: str) -> None:
        """Raises KeyringUnusable."""
        if self.listed(key):
            self._call(lambda backend: _erase(backend, self._service, key))
            (self._index / key).unlink(missing_ok=True)

    def _may_have_kept(self, key: str) -> bool:
        """Take back what a failed write has begun; whether something of it may lie there all the same."""
        try:
            self._call(lambda backend: _retract(backend, self._service, key))
        except KeyringUnusable:
            return True
        return False

    def _call(self, act: Callable[[KeyringBackend], _T]) -> _T:
        """Run in a thread that dies with the process: one that waits for a locked keyring must not hold us."""
        if self._resting and self.broken:
            raise type(self._resting[0])(str(self._resting[0]))
        outcome: list[_T] = []
        failure: list[Exception] = []
        given_up = threading.Event()
        began = self._monotonic()

        def work() -> None:
            try:
                self._backend = self._backend or _usable_backend()
                outcome.append(act(self._backend))
            except Exception as exc:  # noqa: BLE001 -- a backend may raise anything; translated below
                failure.append(exc)
            if given_up.is_set():
                self._slow_by(self._monotonic() - began)

        thread = threading.Thread(target=work, name="a2a-keyring", daemon=True)
        thread.start()
        self._join(thread)
        if outcome:
            return outcome[0]
        if failure:
            raise self._unusable(failure[0]) from failure[0]
        silent = KeyringSilent(
            f"the keyring did not answer within {self._timeout_s:g} s (locked, or waiting for a dialog)"
        )
        self._rest(silent)
        given_up.set()
        raise silent

    def _join(self, thread: threading.Thread) -> None:
        if self._on_wait is None or self._timeout_s <= SAY_AFTER_S:
            thread.join(self._timeout_s)
            return
        thread.join(SAY_AFTER_S)
        if thread.is_alive():
            self._on_wait()
            self._on_wait = None
            thread.join(self._timeout_s - SAY_AFTER_S)

    def _slow_by(self, took_s: float) -> None:
        """It answered after all: it is slow, not dead. What it said is not used, for somebody may have changed it."""
        self._timeout_s = max(self._timeout_s, min(2 * took_s, LONGEST_WAIT_S))
        self._resting = None

    def _unusable(self, exc: Exception) -> KeyringUnusable:
        # Of a foreign error only the kind is told: its message may hold what the backend was given.
        kind = type(exc).__name__
        told = _WORDS.get(kind, f"the keyring failed ({kind})")
        ours = exc if isinstance(exc, KeyringUnusable) else KeyringUnusable(told)
        if self._backend is None:
            self._rest(ours)
        return ours

    def _rest(self, reason: KeyringUnusable) -> None:
        self._resting = (reason, self._monotonic() + REST_S)


def _usable_backend() -> KeyringBackend:
    import keyring  # deferred: see the module

    backend = keyring.get_keyring()
    if _refuses(backend):
        backend = _come_since() or backend
    if _refuses(backend):
        raise KeyringAbsent("this system has no keyring")
    return backend


def _refuses(backend: KeyringBackend) -> bool:
    return type(backend).__module__.startswith(_REFUSERS)


def _come_since() -> KeyringBackend | None:
    """A keyring that has come up since `keyring` looked, which it does once: a server may start before its session.

    Only among those it would choose from itself, and not where the user has chosen.
    """
    from keyring import backend, core

    try:
        if core.load_env() or core.load_config():
            return None
    except (ImportError, AttributeError, RuntimeError):  # the user has chosen one that cannot be loaded
        return None
    viable = [kind for kind in backend.KeyringBackend.get_viable_backends() if kind.priority >= 1]
    return max(viable, key=backend.by_priority)() if viable else None


def _read(backend: KeyringBackend, service: str, key: str) -> str | None:
    """Another process may switch the entry and erase the parts we are after: then it is read again."""
    head = backend.get_password(service, key)
    while head is not None and head.startswith(_HEAD):
        _, letter, count = head.split(":")
        parts = [backend.get_password(service, f"{key}#{letter}#{n}") for n in range(int(count))]
        if all(part is not None for part in parts):
            return "".join(part or "" for part in parts)
        before, head = head, backend.get_password(service, key)
        if head == before:
            raise KeyringUnusable("a part of the keyring's entry is missing")
    return head


def _write(backend: KeyringBackend, service: str, key: str, text: str, begun: threading.Event) -> None:
    """`begun` is set before anything is written."""
    old = _letter(backend, service, key)
    begun.set()
    if len(text) <= CHUNK_CHARS or _takes(backend, service, key, text):
        backend.set_password(service, key, text)
    else:
        _write_chunks(backend, service, key, "b" if old == "a" else "a", text)
    if _read(backend, service, key) != text:
        raise KeyringUnusable("the keyring does not give back what it was given")
    if old:
        _erase_chunks(backend, service, key, old)


def _takes(backend: KeyringBackend, service: str, key: str, text: str) -> bool:
    """Whether the backend keeps a value of this length, tried on an entry of its own: a refusal must not hurt."""
    trial = f"{key}{_TRIAL}"
    try:
        backend.set_password(service, trial, text)
        kept = backend.get_password(service, trial) == text
        backend.delete_password(service, trial)
    except Exception:  # noqa: BLE001 -- backends raise their platform's own errors for a value that is too long
        return False
    return kept


def _write_chunks(backend: KeyringBackend, service: str, key: str, letter: str, text: str) -> None:
    parts = [text[at : at + CHUNK_CHARS] for at in range(0, len(text), CHUNK_CHARS)]
    for number, part in enumerate(parts):
        backend.set_password(service, f"{key}#{letter}#{number}", part)
    if any(backend.get_password(service, f"{key}#{letter}#{n}") != part for n, part in enumerate(parts)):
        raise KeyringUnusable("the keyring does not give back what it was given")
    backend.set_password(service, key, f"{_HEAD}{letter}:{len(parts)}")


def _letter(backend: KeyringBackend, service: str, key: str) -> str | None:
    """Under which letter the chunks of the present value lie; None when it is whole or absent."""
    head = backend.get_password(service, key)
    return head.split(":")[1] if head and head.startswith(_HEAD) else None


def _retract(backend: KeyringBackend, service: str, key: str) -> None:
    """Erase what a write without a predecessor may have left, also where the backend does not show it."""
    with contextlib.suppress(Exception):  # many raise where there is nothing: what counts is what is found below
        backend.delete_password(service, key)
    _erase(backend, service, key)


def _erase(backend: KeyringBackend, service: str, key: str) -> None:
    for entry in (key, f"{key}{_TRIAL}"):
        if backend.get_password(service, entry) is not None:
            backend.delete_password(service, entry)
    for letter in _LETTERS:
        _erase_chunks(backend, service, key, letter)


def _erase_chunks(backend: KeyringBackend, service: str, key: str, letter: str) -> None:
    """From the last to the first: what a crash leaves is found from the first again."""
    count = 0
    while backend.get_password(service, f"{key}#{letter}#{count}") is not None:
        count += 1
    for number in reversed(range(count)):
        backend.delete_password(service, f"{key}#{letter}#{number}")
