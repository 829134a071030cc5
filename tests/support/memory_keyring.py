"""A keyring for one test: in the file that `MEMORY_KEYRING_FILE` names (subprocesses share it), else in memory.

Chosen by `PYTHON_KEYRING_BACKEND=memory_keyring.MemoryKeyring` with this folder on `PYTHONPATH`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class MemoryKeyring(KeyringBackend):
    """Never the system's own store."""

    priority: ClassVar[float] = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, dict[str, str]] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(service, {}).get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        held = self._read()
        held.setdefault(service, {})[username] = password
        self._write(held)

    def delete_password(self, service: str, username: str) -> None:
        held = self._read()
        if username not in held.get(service, {}):
            raise PasswordDeleteError("no such password")
        del held[service][username]
        self._write(held)

    def _read(self) -> dict[str, dict[str, str]]:
        path = _file()
        if path is None:
            return self._held
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def _write(self, held: dict[str, dict[str, str]]) -> None:
        self._held = held
        path = _file()
        if path is not None:
            path.write_text(json.dumps(held), "utf-8")


def _file() -> Path | None:
    name = os.environ.get("MEMORY_KEYRING_FILE")
    return Path(name) if name else None
