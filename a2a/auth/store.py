"""Where secrets lie: the OS keyring, or 0600 files where it is absent, locked or lossy (contract 3).

A store maps an id to bytes and knows nothing of what they mean. Its methods block for at most a few seconds, so async
callers use `to_thread`. Remarks go to the `say` callback, once: printing is the command line's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from a2a.auth.keyring_store import LONGEST_WAIT_S, KeyringAbsent, KeyringStore, KeyringUnusable
from a2a.errors import StoreError
from a2a.paths import Folders, atomic_write

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")

_WAITING = "waiting for the system's keyring: it may be asking you to unlock it"

StoreKind = Literal["keyring", "file"]
Say = Callable[[str], None]


class CredentialStore(Protocol):
    """Secrets by account id. Every method raises StoreError when the place behind it fails."""

    @property
    def place(self) -> str:
        """Where a value put now lies, in words for the user."""

    def get(self, key: str) -> bytes | None:
        """The value, None when there is none."""

    def put(self, key: str, value: bytes) -> None:
        """Store and make durable: after a crash the old or the new value is there, whole."""

    def delete(self, key: str) -> None:
        """Forget; an absent key is no error."""

    def ids(self) -> list[str]:
        """The keys that are there, sorted."""


class FileStore:
    """One 0600 file per id in `data/credentials`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        return f"files in {self._folder}"

    def get(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise StoreError(f"cannot read {path}: {exc.strerror or exc}", hint="check its owner and mode") from exc

    def put(self, key: str, value: bytes) -> None:
        atomic_write(self._path(key), value)

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            raise StoreError(f"cannot remove {path}: {exc.strerror or exc}") from exc

    def ids(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.json") if _ID.fullmatch(path.stem))

    def _path(self, key: str) -> Path:
        if not _ID.fullmatch(key):
            raise StoreError(f"{key!r} is no id of a credential")
        return self._folder / f"{key}.json"


class FallbackStore:
    """The keyring, with files for what it does not take.

    Invariant: where both hold a key, the file is the newer one. So a value that lands in the keyring goes to an
    existing file first, and the file is removed last; a crash in between loses nothing.
    """

    def __init__(self, keyring: KeyringStore, files: FileStore, say: Say) -> None:
        self._keyring = keyring
        self._files = files
        self._say = say
        self._fell_back = False
        """Whether the last value went to a file."""

    @property
    def place(self) -> str:
        return self._files.place if self._fell_back or self._keyring.broken else self._keyring.place

    def get(self, key: str) -> bytes | None:
        value = self._files.get(key)
        if value is not None:
            return value
        try:
            value = self._keyring.get(key)
        except KeyringUnusable as exc:
            if self._keyring.listed(key):
                hint = "unlock it, or log in again"
                raise StoreError(f"the keyring holds this credential but {exc}", hint=hint) from exc
        return self._files.get(key) if value is None else value  # it may have moved between the two looks

    def put(self, key: str, value: bytes) -> None:
        if self._files.get(key) is not None:
            self._files.put(key, value)
        try:
            self._keyring.put(key, value)
        except KeyringUnusable as exc:
            self._fell_back = True
            known = bool(self._files.ids())  # then it has been said, by this run or an earlier one
            self._files.put(key, value)
            if not known:
                later = "" if isinstance(exc, KeyringAbsent) else "; once it works: a2a accounts migrate --to keyring"
                self._say(f"{exc}; secrets are kept in {self._files.place} (mode 0600){later}")
        else:
            self._fell_back = False
            self._files.delete(key)

    def delete(self, key: str) -> None:
        in_file = self._files.get(key) is not None
        self._files.delete(key)
        try:
            self._keyring.delete(key)
        except KeyringUnusable as exc:
            if not in_file:
                raise StoreError(f"the secret is still in the keyring: {exc}", hint="unlock it and try again") from exc
            self._say(f"an older copy of the secret may be left in the keyring: {exc}")

    def ids(self) -> list[str]:
        return sorted({*self._files.ids(), *self._keyring.ids()})


def open_store(
    kind: StoreKind, folders: Folders, *, say: Say, timeout_s: float = 5.0, attended: bool = False
) -> FileStore | FallbackStore:
    """The store that `A2A_CREDENTIAL_STORE` names. Touches nothing yet; `timeout_s` bounds each keyring call.

    `attended`: somebody may have to unlock the keyring in a dialog, so it gets longer, and they are told.
    """
    files = FileStore(folders.credentials)
    if kind == "file":
        return files
    keyring = KeyringStore(
        folders.keyring_service,
        index=folders.data / "keyring",
        timeout_s=LONGEST_WAIT_S if attended else timeout_s,
        on_wait=(lambda: say(_WAITING)) if attended else None,
    )
    return FallbackStore(keyring, files, say)
