"""Keyrings that fail the way real ones do, for subprocesses: `PYTHON_KEYRING_BACKEND=bad_keyrings.Locked`."""

from __future__ import annotations

import time
from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Locked(KeyringBackend):
    """Says so at once."""

    priority: ClassVar[float] = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("Failed to unlock the collection!")

    def delete_password(self, service: str, username: str) -> None:
        raise KeyringLocked("Failed to unlock the collection!")


class Waiting(Locked):
    """Waits for a dialog for as long as it takes."""

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(3600)
        return None
