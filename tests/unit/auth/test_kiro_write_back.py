"""A renewed token goes back to where it came from, and nowhere else (specs/kiro.md 2.4 and 3.4 rule 4)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from support.kiro_tokens import refresh_text, write_ide_file

from a2a.auth import kiro_database, kiro_write_back
from a2a.auth.kiro_database import read_any
from a2a.auth.kiro_write_back import write_back
from a2a.auth.records import KiroToken
from a2a.errors import StoreError, UsageError
from a2a.secret import Secret

LATER = 1_795_400_000.25
KEY = "kirocli:social:token"
ROW = {
    "access_token": "aoa-one",
    "refresh_token": refresh_text(),
    "expires_at": "2026-11-22T09:15:30.123456789Z",
    "provider": "google",
    "profile_arn": "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL",
    "future_member": {"kept": ["as", 1]},
}


def file(tmp_path: Path, **fields: Any) -> Path:
    return write_ide_file(tmp_path / "t.json", **fields)


def database(tmp_path: Path) -> Path:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT)")
        connection.execute("INSERT INTO auth_kv VALUES (?, ?)", [KEY, json.dumps(ROW)])
        connection.execute("INSERT INTO auth_kv VALUES ('other', 'x')")
        connection.commit()
    return path


def renewed(token: KiroToken, name: str = "two") -> KiroToken:
    return structs.replace(
        token,
        access_token=Secret(f"aoa-{name}"),
        refresh_token=Secret(refresh_text(name)),
        expires_at=LATER,
        issued_at=LATER - 3600,
    )


@pytest.fixture(params=["file", "database"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return file(tmp_path) if request.param == "file" else database(tmp_path)


def test_it_is_there_at_the_next_reading(source: Path) -> None:
    fresh = renewed(read_any(source))
    assert write_back(source, fresh)
    found = read_any(source)
    assert (found.access_token, found.refresh_token) == (fresh.access_token, fresh.refresh_token)
    assert found.expires_at == pytest.approx(LATER)
    assert structs.replace(found, **{f: getattr(fresh, f) for f in ("issued_at", "source_fingerprint")}) == fresh


def test_the_next_renewals_go_back_too(source: Path) -> None:
    first = renewed(read_any(source), "two")
    second = structs.replace(renewed(first, "three"), expires_at=LATER + 60)
    assert write_back(source, first)
    assert write_back(source, second, was=first)
    assert read_any(source).refresh_token.reveal() == refresh_text("three")


def test_one_that_was_missed_does_not_end_it(source: Path) -> None:
    """The source still holds what was first imported."""
    first = renewed(read_any(source), "two")
    assert write_back(source, renewed(first, "three"), was=first)


def test_another_login_is_left_alone(source: Path) -> None:
    """Nobody's e-mail is known: only the refresh token tells whose login it is."""
    fresh = structs.replace(renewed(read_any(source)), source_fingerprint="another")
    before = source.read_bytes()
    assert not write_back(source, fresh)
    assert not write_back(source, fresh, was=renewed(fresh, "four"))
    assert source.read_bytes() == before


def test_another_kind_of_login_is_left_alone(tmp_path: Path) -> None:
    path = file(tmp_path)
    fresh = renewed(read_any(path))
    file(tmp_path, provider="Github")
    assert not write_back(path, fresh)


def test_the_same_email_is_the_same_login(tmp_path: Path) -> None:
    path = file(tmp_path, email="a@b.org")
    fresh = structs.replace(renewed(read_any(path)), source_fingerprint="older")
    assert not write_back(path, structs.replace(fresh, email="c@d.org"))
    assert write_back(path, fresh)


def test_a_newer_token_is_not_shortened(source: Path) -> None:
    fresh = structs.replace(renewed(read_any(source)), expires_at=1_795_000_000.0)
    assert not write_back(source, fresh)
    assert read_any(source).refresh_token.reveal() == refresh_text()


def test_a_file_keeps_its_fields_form_and_mode(tmp_path: Path) -> None:
    path = file(tmp_path)
    data = json.loads(path.read_text()) | {"future": {"é": [1]}, "email": "ü@x.org"}
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False), encoding="utf-8")
    path.chmod(0o644)
    assert write_back(path, renewed(read_any(path)))
    after = json.loads(path.read_text(encoding="utf-8"))
    changed = {"accessToken": "aoa-two", "refreshToken": refresh_text("two"), "expiresAt": "2026-11-23T02:13:20.250Z"}
    assert after == data | changed
    assert list(after) == list(data)
    assert path.read_text(encoding="utf-8").startswith('{\n  "accessToken"')
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path = file(tmp_path)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    assert write_back(link, renewed(read_any(link)))
    assert link.is_symlink()
    assert json.loads(path.read_text())["accessToken"] == "aoa-two"


def test_a_row_keeps_its_members_and_its_neighbours(tmp_path: Path) -> None:
    path = database(tmp_path)
    assert write_back(path, renewed(read_any(path)))
    with closing(sqlite3.connect(path)) as connection:
        rows = dict(connection.execute("SELECT key, value FROM auth_kv"))
        kinds = {kind for (kind,) in connection.execute("SELECT typeof(value) FROM auth_kv")}
    changed = {
        "access_token": "aoa-two",
        "refresh_token": refresh_text("two"),
        "expires_at": "2026-11-23T02:13:20.250000Z",
    }
    assert json.loads(rows.pop(KEY)) == ROW | changed
    assert (rows, kinds) == ({"other": "x"}, {"text"})


def test_a_locked_database_is_told_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiro_database, "BUSY_S", 0.05)
    path = database(tmp_path)
    fresh = renewed(read_any(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"not written back: .* is locked") as caught:
            write_back(path, fresh)
    assert "aor-" not in str(caught.value)
    assert read_any(path).access_token.reveal() == "aoa-one"


def test_what_fails_half_way_is_undone(tmp_path: Path) -> None:
    path = database(tmp_path)
    fresh = renewed(read_any(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER no AFTER UPDATE ON auth_kv BEGIN SELECT RAISE(ABORT, 'aor-no'); END")
    with pytest.raises(StoreError) as caught:
        write_back(path, fresh)
    assert "aor-" not in str(caught.value)
    assert read_any(path).access_token.reveal() == "aoa-one"


def test_a_file_that_cannot_be_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise StoreError("no space left")

    path = file(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(kiro_write_back, "atomic_write", full)
    with pytest.raises(StoreError):
        write_back(path, renewed(read_any(path)))
    assert path.read_bytes() == before


def test_a_source_that_is_gone(tmp_path: Path) -> None:
    path = file(tmp_path)
    fresh = renewed(read_any(path))
    path.unlink()
    with pytest.raises(UsageError, match="there is no file"):
        write_back(path, fresh)
    assert not path.exists()
