"""The credential stores: what goes in comes out, files are private, a bad keyring never takes a login down."""

from __future__ import annotations

import stat
import sys
import threading
from pathlib import Path
from typing import ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from support.memory_keyring import MemoryKeyring
from support.waiting import eventually

from a2a.auth import keyring_store, serverkey
from a2a.auth.keyring_store import CHUNK_CHARS, KeyringStore, KeyringUnusable
from a2a.auth.migrate import migrate
from a2a.auth.store import CredentialStore, FallbackStore, FileStore, open_store
from a2a.errors import StoreError
from a2a.paths import Folders, folders

LONG = b'{"secret": "' + b"x" * 4000 + b'"}'


class _Backend(KeyringBackend):
    """A keyring that takes everything; subclasses spoil it."""

    priority: ClassVar[float] = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[username]


class Windows(_Backend):
    """2,560 bytes per entry, in UTF-16."""

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "CredWrite", "The stub received bad data")
        super().set_password(service, username, password)


class Truncating(_Backend):
    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password[:2000])


class Lossy(_Backend):
    def get_password(self, service: str, username: str) -> str | None:
        return None


class Refusing(_Backend):
    """Its errors quote what they were given."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError(f"cannot store {password}")


class Hanging(_Backend):
    """Waits for a dialog that nobody sees."""

    released: ClassVar[threading.Event] = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.released.wait(30)
        return super().get_password(service, username)


class Slow(_Backend):
    """Takes its time at the first question."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = 0, threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        if self.asked == 1:
            self.go_on.wait(30)
        return super().get_password(service, username)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def place(tmp_path: Path) -> Folders:
    return folders(str(tmp_path / "home"))


@pytest.fixture
def store(place: Folders, said: list[str]) -> FallbackStore:
    opened = open_store("keyring", place, say=said.append, timeout_s=0.2)
    assert isinstance(opened, FallbackStore)
    return opened


@pytest.mark.parametrize("kind", ["keyring", "file"])
def test_what_goes_in_comes_out(kind: str, place: Folders, said: list[str]) -> None:
    store = open_store(kind, place, say=said.append)  # type: ignore[arg-type]
    assert store.get("acc_1") is None
    store.put("acc_1", b"one")
    store.put("acc_2", LONG)
    store.put("acc_1", b"two")
    assert (store.get("acc_1"), store.get("acc_2"), store.ids()) == (b"two", LONG, ["acc_1", "acc_2"])
    store.delete("acc_1")
    store.delete("acc_1")
    assert (store.get("acc_1"), store.ids()) == (None, ["acc_2"])
    assert said == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_secret_files_are_private(place: Folders) -> None:
    FileStore(place.credentials).put("acc_1", b"x")
    path = place.credentials / "acc_1.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("key", ["../x", "a/b", "", "a.b"])
def test_an_id_cannot_leave_the_folder(place: Folders, key: str) -> None:
    with pytest.raises(StoreError):
        FileStore(place.credentials).put(key, b"x")


def test_nothing_secret_lies_in_the_home_when_there_is_a_keyring(store: CredentialStore, place: Folders) -> None:
    store.put("acc_1", b"sk-secret")
    assert not any(b"sk-secret" in p.read_bytes() for p in place.data.rglob("*") if p.is_file())


def test_the_service_is_the_home_s_own(store: CredentialStore, place: Folders, memory_keyring: MemoryKeyring) -> None:
    store.put("acc_1", b"x")
    assert memory_keyring.get_password(place.keyring_service, "acc_1") == "x"


@pytest.mark.parametrize("backend", [Windows, Truncating])
def test_a_long_value_is_split_where_the_backend_limits(
    backend: type[_Backend], store: FallbackStore, said: list[str]
) -> None:
    made = backend()
    keyring.set_keyring(made)
    store.put("acc_1", LONG)
    assert store.get("acc_1") == LONG
    assert all(len(value) <= CHUNK_CHARS for value in made.held.values())
    store.put("acc_1", LONG[:-5] + b'y"}')
    assert store.get("acc_1") == LONG[:-5] + b'y"}'
    store.put("acc_1", b"short")
    assert (store.get("acc_1"), made.held) == (b"short", {"acc_1": "short"})
    store.put("acc_1", LONG)
    store.delete("acc_1")
    assert (made.held, said) == ({}, [])


@pytest.mark.parametrize("stage", ["#b#0", "#b#3", "acc_1"])
def test_a_crash_while_chunks_are_written_leaves_the_old_value(store: FallbackStore, stage: str) -> None:
    made = Windows()
    keyring.set_keyring(made)
    store.put("acc_1", LONG)
    before = dict(made.held)
    write = made.set_password

    def dies(service: str, username: str, password: str) -> None:
        if username.endswith(stage):
            raise OSError("the process was killed here")
        write(service, username, password)

    made.set_password = dies  # type: ignore[method-assign]
    store.put("acc_1", LONG.replace(b"x", b"y"))  # lands in a file
    assert before.items() <= made.held.items()
    store._files.delete("acc_1")
    assert store.get("acc_1") == LONG


@pytest.mark.parametrize("backend", [fail.Keyring, Lossy, Refusing, Hanging])
def test_a_useless_keyring_means_files_and_one_remark(
    backend: type[KeyringBackend], store: FallbackStore, place: Folders, said: list[str]
) -> None:
    keyring.set_keyring(backend())
    store.put("acc_1", b"sk-secret")
    store.put("acc_2", LONG)
    assert (store.get("acc_1"), store.get("acc_2")) == (b"sk-secret", LONG)
    assert (place.credentials / "acc_1.json").read_bytes() == b"sk-secret"
    assert len(said) == 1
    assert str(place.credentials) in said[0]
    assert "sk-secret" not in said[0]
    store.delete("acc_1")
    assert not (place.credentials / "acc_1.json").exists()
    assert (len(said) == 1) is (backend is not Hanging)


def test_a_keyring_that_hangs_is_asked_once(store: FallbackStore) -> None:
    keyring.set_keyring(Hanging())
    store.put("acc_1", b"x")
    assert store._keyring.broken
    assert store.place.startswith("files in")


def test_a_slow_keyring_is_waited_for_once_it_is_known_to_be_slow(place: Folders, said: list[str]) -> None:
    made = Slow()
    keyring.set_keyring(made)
    made.held["acc_1"] = "kept there"
    (place.data / "keyring").mkdir(parents=True)
    (place.data / "keyring" / "acc_1").touch()
    store = KeyringStore("x", index=place.data / "keyring", timeout_s=0.05)
    with pytest.raises(KeyringUnusable, match="did not answer"):
        store.get("acc_1")
    assert store.broken
    made.go_on.set()
    eventually(lambda: not store.broken, "the late answer")
    assert store.get("acc_1") == b"kept there"
    assert store._timeout_s > 0.05


def test_who_is_there_is_told_what_is_waited_for(
    place: Folders, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_store, "SAY_AFTER_S", 0.01)
    made = Slow()
    keyring.set_keyring(made)
    store = open_store("keyring", place, say=lambda text: (said.append(text), made.go_on.set()), attended=True)
    store.put("acc_1", b"x")
    assert said == ["waiting for the system's keyring: it may be asking you to unlock it"]
    assert made.held == {"acc_1": "x"}
    assert store.place == "the system's keyring"


def test_a_failing_keyring_is_told_with_the_way_back_and_an_absent_one_is_not(place: Folders, said: list[str]) -> None:
    keyring.set_keyring(Refusing())
    open_store("keyring", place, say=said.append).put("acc_1", b"x")
    assert "a2a accounts migrate --to keyring" in said.pop()
    open_store("keyring", place, say=said.append).delete("acc_1")
    keyring.set_keyring(fail.Keyring())
    open_store("keyring", place, say=said.append).put("acc_1", b"x")
    assert "migrate" not in said.pop()


def test_a_keyring_that_comes_back_takes_over_again(place: Folders, said: list[str]) -> None:
    keyring.set_keyring(fail.Keyring())
    open_store("keyring", place, say=said.append).put("acc_1", b"old")
    made = _Backend()
    keyring.set_keyring(made)
    store = open_store("keyring", place, say=said.append)
    assert store.get("acc_1") == b"old"
    store.put("acc_1", b"new")
    assert (made.held, store.get("acc_1")) == ({"acc_1": "new"}, b"new")
    assert not (place.credentials / "acc_1.json").exists()


def test_where_secrets_go_without_a_keyring_is_said_once(place: Folders, said: list[str]) -> None:
    keyring.set_keyring(fail.Keyring())
    for number in range(3):
        open_store("keyring", place, say=said.append).put(f"acc_{number}", b"x")
    assert len(said) == 1
    assert "mode 0600" in said[0]


def test_the_newer_file_wins_over_the_keyring(store: FallbackStore) -> None:
    made = _Backend()
    keyring.set_keyring(made)
    store.put("acc_1", b"old")
    made.set_password = Refusing().set_password  # type: ignore[method-assign]
    store.put("acc_1", b"new")
    assert (made.held["acc_1"], store.get("acc_1")) == ("old", b"new")


def test_a_locked_keyring_is_told_where_the_secret_is(place: Folders, said: list[str]) -> None:
    open_store("keyring", place, say=said.append).put("acc_1", b"x")
    keyring.set_keyring(Hanging())
    store = open_store("keyring", place, say=said.append, timeout_s=0.2)
    assert store.get("acc_none") is None
    with pytest.raises(StoreError, match="the keyring holds this credential"):
        store.get("acc_1")
    with pytest.raises(StoreError, match="still in the keyring"):
        store.delete("acc_1")


def test_the_server_key_is_made_once(store: FallbackStore, place: Folders) -> None:
    assert serverkey.get(store) is None
    made = serverkey.get_or_create(store, place.locks)
    assert serverkey.get_or_create(store, place.locks) == made
    assert serverkey.get(store) == made
    assert len(made.reveal()) >= 32


def test_a_secret_that_moves_to_the_files_between_two_looks_is_found(
    store: FallbackStore, place: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("acc_1", b"value")
    look = KeyringStore.get

    def moved_before(keyring_store: KeyringStore, key: str) -> bytes | None:
        monkeypatch.undo()
        migrate("file", place)
        return look(keyring_store, key)

    monkeypatch.setattr(KeyringStore, "get", moved_before)
    assert store.get("acc_1") == b"value"


def test_an_entry_that_is_switched_while_it_is_read_is_read_again(place: Folders, said: list[str]) -> None:
    class Switching(Windows):
        """At the first look at a part, another process stores the next value."""

        def get_password(self, service: str, username: str) -> str | None:
            if username == "acc_1#a#1" and not self.switched:
                self.switched = True
                self.held = {name: text for name, text in self.held.items() if not name.startswith("acc_1#a")}
                self.held |= {"acc_1": "chunks:b:2", "acc_1#b#0": "new", "acc_1#b#1": "er"}
            return super().get_password(service, username)

        switched = True

    backend = Switching()
    keyring.set_keyring(backend)
    store = open_store("keyring", place, say=said.append)
    store.put("acc_1", LONG)
    backend.switched = False
    assert store.get("acc_1") == b"newer"


def test_a_server_key_that_cannot_be_read_names_the_way_round(place: Folders, said: list[str]) -> None:
    serverkey.get_or_create(open_store("keyring", place, say=said.append), place.locks)
    keyring.set_keyring(Hanging())
    with pytest.raises(StoreError, match="the key of the server itself") as caught:
        serverkey.get(open_store("keyring", place, say=said.append, timeout_s=0.05))
    assert "A2A_API_KEY" in (caught.value.hint or "")
