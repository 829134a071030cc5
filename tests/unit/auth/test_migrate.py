"""All secrets from one store into the other, killed at any instant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends import fail
from support.memory_keyring import MemoryKeyring

from a2a.auth.keyring_store import KeyringStore
from a2a.auth.migrate import migrate
from a2a.auth.store import FileStore, open_store
from a2a.errors import StoreError
from a2a.paths import Folders, folders

SECRETS = {"acc_1": b'{"type": "api_key"}', "server-key": b"a2a-made", "src_0123": b"x" * 5000}


@pytest.fixture
def place(home: Path) -> Folders:
    return folders(str(home))


def ring(place: Folders) -> KeyringStore:
    return KeyringStore(place.keyring_service, index=place.data / "keyring", timeout_s=5.0)


def files(place: Folders) -> FileStore:
    return FileStore(place.credentials)


def fill(store: Any) -> None:
    for key, value in SECRETS.items():
        store.put(key, value)


def held(store: Any) -> dict[str, bytes | None]:
    return {key: store.get(key) for key in store.ids()}


def anywhere(place: Folders) -> dict[str, bytes | None]:
    """What a process finds, whichever store it is told to use."""
    return held(open_store("keyring", place, say=lambda _: None))


def test_to_files(place: Folders) -> None:
    fill(ring(place))
    done = migrate("file", place)
    assert (sorted(done.moved), held(ring(place)), held(files(place))) == (sorted(SECRETS), {}, SECRETS)
    assert "A2A_CREDENTIAL_STORE=file" in done.note
    assert [oct(path.stat().st_mode & 0o777) for path in place.credentials.iterdir()] == ["0o600"] * 3


def test_to_the_keyring(place: Folders, memory_keyring: MemoryKeyring) -> None:
    fill(files(place))
    done = migrate("keyring", place)
    assert (sorted(done.moved), held(ring(place)), held(files(place))) == (sorted(SECRETS), SECRETS, {})
    assert "unset it" in done.note


@pytest.mark.parametrize("to", ["keyring", "file"])
def test_there_and_nothing_left_to_do(place: Folders, to: Any) -> None:
    fill(files(place) if to == "keyring" else ring(place))
    migrate(to, place)
    assert migrate(to, place).moved == []


@pytest.mark.parametrize("to", ["keyring", "file"])
def test_where_both_hold_one_the_file_is_the_newer(place: Folders, to: Any) -> None:
    ring(place).put("acc_1", b"old")
    files(place).put("acc_1", b"new")
    migrate(to, place)
    assert anywhere(place) == {"acc_1": b"new"}


class Killed(BaseException):
    """Nothing of the process runs after it."""


@pytest.mark.parametrize("to", ["keyring", "file"])
@pytest.mark.parametrize("when", range(12))
def test_killed_at_any_call_nothing_is_lost(
    place: Folders, monkeypatch: pytest.MonkeyPatch, to: Any, when: int
) -> None:
    fill(files(place) if to == "keyring" else ring(place))
    left = [when]

    def dying(act: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return act(*args)

        return wrapped

    with monkeypatch.context() as patch:
        for store in (KeyringStore, FileStore):
            for name in ("get", "put", "delete"):
                patch.setattr(store, name, dying(getattr(store, name)))
        with pytest.raises(Killed):
            migrate(to, place)
    assert anywhere(place) == SECRETS
    migrate(to, place)
    assert held(ring(place) if to == "keyring" else files(place)) == SECRETS


@pytest.mark.parametrize("to", ["keyring", "file"])
def test_a_keyring_that_fails_loses_nothing(place: Folders, memory_keyring: MemoryKeyring, to: Any) -> None:
    fill(files(place) if to == "keyring" else ring(place))
    keyring.set_keyring(fail.Keyring())
    with pytest.raises(StoreError, match="this system has no keyring; 0 secrets were moved"):
        migrate(to, place)
    keyring.set_keyring(memory_keyring)
    assert anywhere(place) == SECRETS


def test_a_store_that_gives_back_something_else_keeps_the_source(
    place: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ring(place))
    put = FileStore.put
    monkeypatch.setattr(FileStore, "put", lambda self, key, value: put(self, key, value[:-1]))
    with pytest.raises(StoreError, match="does not come back as it was"):
        migrate("file", place)
    assert held(ring(place)) == SECRETS
