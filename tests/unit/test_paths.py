"""Folders, and a write that no crash can tear."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from a2a import paths
from a2a.errors import StoreError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_home_holds_everything(tmp_path: Path) -> None:
    found = paths.folders(str(tmp_path / "h"))
    assert found.config_file == tmp_path / "h" / "config.toml"
    assert (found.data, found.state, found.cache) == tuple(tmp_path / "h" / n for n in ("data", "state", "cache"))


def test_without_home_the_system_has_its_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    found = paths.folders(None)
    assert found.config.name == "a2a"
    assert found.home is None
    assert found.keyring_service == "a2a"


def test_each_home_has_its_own_keyring_service(tmp_path: Path) -> None:
    one, two = paths.folders(str(tmp_path / "1")), paths.folders(str(tmp_path / "2"))
    assert one.keyring_service != two.keyring_service
    assert one.keyring_service == paths.folders(str(tmp_path / "1")).keyring_service
    assert len(one.keyring_service) == len("a2a:") + 8


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    paths.folders(str(tmp_path / "h"))
    assert not (tmp_path / "h").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_new_folders_are_for_the_user_alone(tmp_path: Path) -> None:
    os.umask(os.umask(0o022))
    made = paths.private_dir(tmp_path / "a" / "b")
    assert (mode(made), mode(made.parent)) == (0o700, 0o700)


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot make the folder"):
        paths.private_dir(tmp_path / "file" / "x")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_atomic_write_makes_a_private_file(tmp_path: Path) -> None:
    target = tmp_path / "new" / "x.json"
    paths.atomic_write(target, b"1")
    assert target.read_bytes() == b"1"
    assert mode(target) == 0o600


def test_atomic_write_replaces(tmp_path: Path) -> None:
    target = tmp_path / "x"
    paths.atomic_write(target, b"old")
    paths.atomic_write(target, b"new")
    assert target.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_failure_before_the_rename_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x"
    paths.atomic_write(target, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        paths.atomic_write(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_kill_9_leaves_the_old_file_or_the_new_one(tmp_path: Path, step: str) -> None:
    target = tmp_path / "x"
    paths.atomic_write(target, b"old")
    program = (
        "import os, sys, signal, pathlib\n"
        "from a2a import paths\n"
        f"os.{step} = lambda *a: os.kill(os.getpid(), 9)\n"
        "paths.atomic_write(pathlib.Path(sys.argv[1]), b'new')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(target)], check=False)
    assert done.returncode != 0
    assert target.read_bytes() == b"old"
    paths.atomic_write(target, b"next")
    assert target.read_bytes() == b"next"
