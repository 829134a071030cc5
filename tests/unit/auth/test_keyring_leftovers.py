"""What a keyring keeps of writes that failed or were killed: it is found again, and a logout erases it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import InitError, PasswordDeleteError

from a2a.auth.keyring_store import KeyringAbsent, KeyringStore, KeyringUnusable
from a2a.auth.store import FallbackStore, open_store
from a2a.paths import Folders, folders

LONG = b'{"secret": "' + b"x" * 4000 + b'"}'


class Ring(KeyringBackend):
    """Windows' limit, an error that names no secret, and a last call: `left` None is for ever."""

    priority: ClassVar[float] = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}
        self.left: int | None = None
        self.limit = 1280

    def _call(self) -> None:
        if self.left is not None:
            if not self.left:
                raise InitError("the connection is closed")
            self.left -= 1

    def get_password(self, service: str, username: str) -> str | None:
        self._call()
        return self.held.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._call()
        if len(password) > self.limit:
            raise OSError(1783, "CredWrite")
        self.held[username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._call()
        if username not in self.held:
            raise PasswordDeleteError("no such password")
        del self.held[username]


@pytest.fixture
def ring() -> Ring:
    made = Ring()
    keyring.set_keyring(made)
    return made


@pytest.fixture
def place(tmp_path: Path) -> Folders:
    return folders(str(tmp_path / "home"))


@pytest.fixture
def store(place: Folders) -> FallbackStore:
    opened = open_store("keyring", place, say=lambda _: None)
    assert isinstance(opened, FallbackStore)
    return opened


@pytest.mark.parametrize("value", [b"sk-secret", LONG], ids=["short", "long"])
@pytest.mark.parametrize("calls", range(14))
def test_whatever_call_fails_nothing_is_lost_and_a_logout_leaves_nothing(
    ring: Ring, store: FallbackStore, value: bytes, calls: int
) -> None:
    ring.left = calls
    store.put("acc_1", value)
    ring.left = None
    assert store.get("acc_1") == value
    store.delete("acc_1")
    assert (ring.held, store.get("acc_1"), store.ids()) == ({}, None, [])


@pytest.mark.parametrize("calls", range(1, 14))
def test_an_erasure_that_breaks_off_is_finished_by_the_next(ring: Ring, store: FallbackStore, calls: int) -> None:
    store.put("acc_1", LONG)
    keys = KeyringStore("x", index=store._keyring._index, timeout_s=5.0)
    ring.left = calls
    try:
        keys.delete("acc_1")
    except KeyringUnusable:
        assert keys.listed("acc_1")
    ring.left = None
    keys.delete("acc_1")
    assert (ring.held, keys.ids()) == ({}, [])


def test_the_trial_of_a_process_that_was_killed_goes_with_its_account(ring: Ring, store: FallbackStore) -> None:
    store.put("acc_1", b"short")
    ring.held["acc_1#trial"] = LONG.decode()
    store.delete("acc_1")
    assert ring.held == {}


def test_a_keyring_that_was_never_reached_leaves_no_name(store: FallbackStore, ring: Ring, place: Folders) -> None:
    ring.left = 0
    store.put("acc_1", b"x")
    assert list((place.data / "keyring").iterdir()) == []


def test_the_place_that_is_named_is_where_the_value_went(ring: Ring, store: FallbackStore, place: Folders) -> None:
    assert store.place == "the system's keyring"
    ring.left = 0
    store.put("acc_1", b"x")
    assert store.place == f"files in {place.credentials}"
    ring.left = None
    store.put("acc_1", b"x")
    assert store.place == "the system's keyring"


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[type[KeyringBackend]]:
    """What `keyring` finds on this system, where the user has chosen nothing."""
    found: list[type[KeyringBackend]] = [fail.Keyring]
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setattr("keyring.core.load_config", lambda: None)
    monkeypatch.setattr(KeyringBackend, "get_viable_backends", lambda: list(found))
    return found


def test_a_keyring_that_comes_up_later_is_found(rings: list[type[KeyringBackend]], place: Folders) -> None:
    """`keyring` looks once a process; KeePassXC may be started after the server."""
    now = [0.0]
    keyring.set_keyring(fail.Keyring())
    store = KeyringStore("x", index=place.data / "keyring", timeout_s=5.0, monotonic=lambda: now[0])
    with pytest.raises(KeyringAbsent):
        store.put("acc_1", b"x")
    rings.append(Ring)
    now[0] += 61.0
    store.put("acc_1", b"x")
    assert store.get("acc_1") == b"x"


def test_a_user_who_chose_none_gets_none(rings: list[type[KeyringBackend]], place: Folders,
                                         monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    rings.append(Ring)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    keyring.set_keyring(fail.Keyring())
    with pytest.raises(KeyringAbsent):
        KeyringStore("x", index=place.data / "keyring", timeout_s=5.0).put("acc_1", b"x")
