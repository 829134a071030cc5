"""All secrets from one store into the other: the keyring to files, or files to the keyring.

Each secret is put, read back, compared, and only then deleted at its source, inside the lock that its renewal takes. So
a process that is killed at any instant leaves every secret in one of the two places whole, and the next run goes on.
Where both hold one, the file is the newer (`store.FallbackStore`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from a2a.auth.keyring_store import KeyringStore, KeyringUnusable
from a2a.auth.locks import hold
from a2a.auth.store import FileStore, StoreKind
from a2a.control.types import Migrated
from a2a.errors import StoreError
from a2a.paths import Folders

T = TypeVar("T")

NOTES: dict[StoreKind, str] = {
    "file": "later commands and servers need A2A_CREDENTIAL_STORE=file, or new secrets go to the keyring again",
    "keyring": "where A2A_CREDENTIAL_STORE=file is set, unset it: the secrets are not found there any more",
}


def migrate(to: StoreKind, folders: Folders, *, timeout_s: float = 5.0) -> Migrated:
    """Blocks; `timeout_s` bounds each call of the keyring. Raises StoreError; what was moved until then stays moved."""
    keyring = KeyringStore(folders.keyring_service, index=folders.data / "keyring", timeout_s=timeout_s)
    files = FileStore(folders.credentials)
    move = {"file": _to_file, "keyring": _to_keyring}[to]
    moved: list[str] = []
    for key in files.ids() if to == "keyring" else keyring.ids():
        with hold(folders.locks / f"{key}.lock", deadline_s=15.0):
            if move(key, keyring, files, len(moved)):
                moved.append(key)
    return Migrated(to=to, moved=moved, note=NOTES[to])


def _to_file(key: str, keyring: KeyringStore, files: FileStore, moved: int) -> bool:
    """Whether there was something to move. Raises StoreError."""
    held = files.get(key)
    if held is None:
        held = _asked(lambda: keyring.get(key), moved)
        if held is not None:
            files.put(key, held)
            _compare(held, files.get(key), key)
    _asked(lambda: keyring.delete(key), moved)
    return held is not None


def _to_keyring(key: str, keyring: KeyringStore, files: FileStore, moved: int) -> bool:
    """Whether there was something to move. Raises StoreError."""
    value = files.get(key)
    if value is None:
        return False
    _asked(lambda: keyring.put(key, value), moved)
    _compare(value, _asked(lambda: keyring.get(key), moved), key)
    files.delete(key)
    return True


def _asked(act: Callable[[], T], moved: int) -> T:
    try:
        return act()
    except KeyringUnusable as exc:
        raise StoreError(
            f"{exc}; {moved} secrets were moved, the others are where they were", hint="mend that and run it again"
        ) from exc


def _compare(given: bytes, found: bytes | None, key: str) -> None:
    if given != found:
        raise StoreError(f"the secret {key} does not come back as it was; it stays where it was")
