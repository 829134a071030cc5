"""A renewed token into the file or database it came from, for `write_back = true` (specs/kiro.md 2.4 and 3.4 rule 4).

Rules: nothing is written over another login, nor over a token that is good for longer; what we do not know stays. The
source is read again for each, as its owner may have written since.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from a2a.auth import kiro_database, kiro_file
from a2a.auth.kiro import same_login
from a2a.auth.records import KiroToken
from a2a.auth.token_file import object_of, read_text
from a2a.errors import StoreError
from a2a.paths import atomic_write


def write_back(path: Path, token: KiroToken, *, was: KiroToken | None = None) -> bool:
    """Write the renewed `token`; False where the rules forbid it. `was`: the token it replaces, as far as it is known.

    Whose login the source holds is told by the refresh token: that of `was`, or the one first imported; else by the
    e-mail. Without either nothing is written. Raises UsageError and StoreError, which leave the source as it was.
    """
    path = path.resolve()  # a link stays one
    if kiro_database.is_database(path):
        return _into_database(path, token, was)
    return _into_file(path, token, was)


def _into_file(path: Path, token: KiroToken, was: KiroToken | None) -> bool:
    text = read_text(path, "Kiro token file", "log in with the Kiro IDE first")
    if not _may_replace(kiro_file.read_token_file(path), token, was):
        return False
    data = object_of(text, str(path)) | {
        "accessToken": token.access_token.reveal(),
        "refreshToken": token.refresh_token.reveal(),
        "expiresAt": _time(token.expires_at, "milliseconds"),
    }
    indent = 2 if "\n" in text.strip() else None
    atomic_write(path, json.dumps(data, indent=indent, ensure_ascii=False).encode())
    return True


def _into_database(path: Path, token: KiroToken, was: KiroToken | None) -> bool:
    try:
        with closing(kiro_database.connect(path, "mode=rw", "BEGIN IMMEDIATE")) as connection:
            return _into_row(connection, path, token, was)
    except sqlite3.Error as exc:
        told = kiro_database.failure(exc, path)
        raise StoreError(f"the renewed token was not written back: {told.message}", hint=told.hint) from exc


def _into_row(connection: sqlite3.Connection, path: Path, token: KiroToken, was: KiroToken | None) -> bool:
    """Closing the connection undoes what was not committed."""
    login = kiro_database.find(connection, path)
    if login is None or not _may_replace(login.token, token, was):
        return False
    fields = login.fields | {
        "access_token": token.access_token.reveal(),
        "refresh_token": token.refresh_token.reveal(),
        "expires_at": _time(token.expires_at, "microseconds"),
    }
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    connection.execute("UPDATE auth_kv SET value = ? WHERE key = ?", [text, login.key])
    connection.execute("COMMIT")
    return True


def _may_replace(theirs: KiroToken, ours: KiroToken, was: KiroToken | None) -> bool:
    if theirs.expires_at > ours.expires_at or not same_login(theirs, ours):
        return False
    chain = {ours.source_fingerprint, kiro_file.source_fingerprint(was) if was else None}
    return theirs.source_fingerprint in chain or (theirs.email is not None and theirs.email == ours.email)


def _time(seconds: float, precision: str) -> str:
    """RFC 3339 in UTC with a `Z`, as both programs write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=precision).replace("+00:00", "Z")
