"""Keyrings that fail the way real ones do, for subprocesses: `PYTHON_KEYRING_BACKEND=bad_keyrings.Moody`.

`Moody` keeps one file per entry in the folder that `MOODY_KEYRING` names, and behaves as the file `mood` there says at
this moment, so that it can be locked and opened again while a server runs:

| mood | what it does |
|---|---|
| `well` | all is well |
| `locked` | says so at once |
| `waiting` | shows a dialog: a call ends when the mood changes |
| `slow S` | every answer takes S seconds |
| `full` | keeps what it has, takes nothing new |
| `limited` | takes 2,560 bytes of UTF-16 an entry, as Windows does |
| `lossy` | takes everything, gives nothing back |
| `dies N` | answers N calls of a process, then none of them any more |
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from pathlib import Path
from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked, PasswordDeleteError, PasswordSetError

BLOB_BYTES = 2560
_LONGEST_DIALOG_S = 3600.0


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
        time.sleep(_LONGEST_DIALOG_S)
        return None


class Moody(KeyringBackend):
    """See the module. Its errors quote what they were given, as some do."""

    priority: ClassVar[float] = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self._entries = Entries(Path(os.environ["MOODY_KEYRING"]))
        self._calls = 0

    def get_password(self, service: str, username: str) -> str | None:
        mood = self._answer()
        return None if mood == "lossy" else self._entries.get(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        mood = self._answer()
        if mood == "full":
            raise PasswordSetError(f"no space left for {password}")
        if mood == "limited" and len(password.encode("utf-16-le")) > BLOB_BYTES:
            raise OSError(1783, "CredWrite", f"The stub received bad data: {password}")
        self._entries.put(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        self._answer()
        self._entries.delete(service, username)

    def _answer(self) -> str:
        """The first word of the mood, once it lets the call through. Raises KeyringLocked and InitError."""
        self._calls += 1
        while self._entries.mood == "waiting":
            time.sleep(0.02)
        word, _, number = self._entries.mood.partition(" ")
        if word == "locked":
            raise KeyringLocked("Failed to unlock the collection!")
        if word == "dies" and self._calls > int(number):
            raise InitError("the connection is closed")
        if word == "slow":
            time.sleep(float(number))
        return word


class Entries:
    """What lies in it, and its mood: read and written by the test too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def mood(self) -> str:
        path = self._folder / "mood"
        return path.read_text("utf-8") if path.exists() else "well"

    @mood.setter
    def mood(self, text: str) -> None:
        self._replace(self._folder / "mood", text)

    def get(self, service: str, username: str) -> str | None:
        path = self._path(service, username)
        return json.loads(path.read_text("utf-8"))["password"] if path.exists() else None

    def put(self, service: str, username: str, password: str) -> None:
        entry = {"service": service, "username": username, "password": password}
        self._replace(self._path(service, username), json.dumps(entry))

    def delete(self, service: str, username: str) -> None:
        try:
            self._path(service, username).unlink()
        except FileNotFoundError as exc:
            raise PasswordDeleteError("no such password") from exc

    def all(self) -> dict[str, str]:
        """User name -> password, of every service."""
        entries = [json.loads(path.read_text("utf-8")) for path in self._folder.glob("*.json")]
        return {entry["username"]: entry["password"] for entry in entries}

    def _path(self, service: str, username: str) -> Path:
        return self._folder / f"{hashlib.sha256(f'{service} {username}'.encode()).hexdigest()}.json"

    def _replace(self, path: Path, text: str) -> None:
        new = path.with_suffix(f".{secrets.token_hex(4)}")
        new.write_text(text, "utf-8")
        new.replace(path)
