"""The login in the SQLite database of kiro-cli or the Amazon Q CLI, read and never written (specs/kiro.md 2.4).

The CLI may be running: the database is opened with `mode=ro`, which sees what its write-ahead log holds, and waits a
moment only for a lock. Messages name files, tables and keys, never values.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, structs

from a2a.auth import kiro_file
from a2a.auth.kiro_region import is_profile_arn, is_region
from a2a.auth.records import KiroToken
from a2a.auth.token_file import text_at
from a2a.config.surroundings import Surroundings
from a2a.errors import UsageError

BUSY_S = 2.0
"""How long another program's lock is waited for."""

_MAGIC = b"SQLite format 3\0"
_FILE = "data.sqlite3"
_PROFILE, _START_URL, _REGION = "api.codewhisperer.profile", "auth.idc.start-url", "auth.idc.region"
_BUILDER_START_URL = "https://view.awsapps.com/start"

Table = Literal["auth_kv", "state"]


class Row(Struct, frozen=True):
    """Where a kind of login lies. `method`: what the IDE's file calls it; `registration`: the key of its client."""

    key: str
    method: str
    registration: str | None = None


ROWS = (
    Row("kirocli:social:token", "social"),
    Row("kirocli:odic:token", "IdC", "kirocli:odic:device-registration"),
    Row("kirocli:external-idp:token", "external_idp"),
    Row("codewhisperer:odic:token", "IdC", "codewhisperer:odic:device-registration"),
)
"""In order of preference; `odic` is their spelling."""

CAMEL = {
    "access_token": "accessToken",
    "refresh_token": "refreshToken",
    "expires_at": "expiresAt",
    "profile_arn": "profileArn",
    "start_url": "startUrl",
    "client_id": "clientId",
    "token_endpoint": "tokenEndpoint",
    "issuer_url": "issuerUrl",
}
"""Their names -> those of the IDE's file."""

_REGISTRATION = {"client_id": "clientId", "client_secret": "clientSecret", "client_secret_expires_at": "expiresAt"}
_NO_LOGIN_HINT = "log in with kiro-cli first, or name another file"


class Place(Struct, frozen=True):
    """A database that may be there. `program`: whose, in words."""

    program: str
    path: Path


def find_databases(home: Path, around: Surroundings, *, system: str = sys.platform) -> list[Place]:
    """Where the databases lie on that system, in order of preference; nothing is looked at. `system`: `sys.platform`.

    On Windows the sources disagree about the folder (kiro.md 14.8): both are named.
    """
    if system == "darwin":
        bases = [home / "Library" / "Application Support"]
    elif system == "win32":
        roaming, local = home / "AppData" / "Roaming", home / "AppData" / "Local"
        bases = [told(around.appdata) or roaming, told(around.local_appdata) or local]
    else:
        bases = [told(around.xdg_data_home) or home / ".local" / "share"]
    named = told(around.kiro_data_dir)
    own = [named] if named else [base / "kiro-cli" for base in bases]
    places = [Place("kiro-cli", folder / _FILE) for folder in own]
    return places + [Place("Amazon Q CLI", base / "amazon-q" / _FILE) for base in bases]


def told(folder: str | None) -> Path | None:
    """A folder that the environment names; a relative one does not count (XDG base directories)."""
    path = Path(folder) if folder else None
    return path if path and path.is_absolute() else None


def read_any(path: Path) -> KiroToken:
    """The login of an IDE file or of a database: the content decides, not the name. Raises UsageError."""
    return read_database(path) if is_database(path) else kiro_file.read_token_file(path)


def is_database(path: Path) -> bool:
    """Whether it begins like one; False for what cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def read_database(path: Path) -> KiroToken:
    """The preferred login in the database. Raises UsageError, also when there is none."""
    token = login_in(path)
    if token is None:
        raise UsageError(f"{path}: there is no login in the table auth_kv", hint=_NO_LOGIN_HINT)
    return token


def login_in(path: Path) -> KiroToken | None:
    """The preferred login in the database, None where nobody is logged in. Raises UsageError."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"there is no file {path}", hint=_NO_LOGIN_HINT) from None
    except OSError as exc:
        raise UsageError(f"cannot read {path}: {exc.strerror or exc}") from exc
    with opened(path) as connection:
        login = find(connection, path)
    return login.token if login else None


class Login(Struct, frozen=True):
    """A token with the row it lies in. `fields`: all of the row's members, as they are."""

    token: KiroToken
    key: str
    fields: dict[str, Any]

    def __repr__(self) -> str:
        return f"Login({self.key!r})"


def find(connection: sqlite3.Connection, path: Path) -> Login | None:
    """The preferred login, None where nobody is logged in. `path`: for messages. Raises UsageError."""
    rows = _rows(connection, path, "auth_kv")
    state = _rows(connection, path, "state")
    for row in ROWS:
        fields = _object(rows, row.key, path)
        if fields:
            return Login(_token(row, fields, rows, state, path), row.key, fields)
    return None


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that can only read, within one transaction, closed at the end. Raises UsageError."""
    try:
        connection = _connect_to_read(path)
    except sqlite3.Error as exc:
        raise failure(exc, path) from exc
    with closing(connection):
        yield connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    try:
        return connect(path, "mode=ro", "BEGIN")
    except sqlite3.OperationalError as exc:
        if _code(exc) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or _has_log(path):
            raise
    # In a folder that cannot be written the log's index cannot be made; without a log nothing is missed.
    return connect(path, "mode=ro&immutable=1", "BEGIN")


def connect(path: Path, options: str, begin: str) -> sqlite3.Connection:
    """A connection in a transaction. `options`: of an SQLite URI. Raises sqlite3.Error.

    Texts come as bytes: the library's own error for bad UTF-8 quotes the value.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, timeout=BUSY_S)
    connection.text_factory = bytes
    connection.isolation_level = None
    try:
        connection.execute(begin)
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def failure(exc: sqlite3.Error, path: Path, table: str = "auth_kv") -> UsageError:
    """What SQLite's error means for the person."""
    match _code(exc):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return UsageError(f"{path} is locked by another program (table {table})", hint="try again in a moment")
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return UsageError(f"{path} is damaged (table {table})", hint=_NO_LOGIN_HINT)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_READONLY:
            return UsageError(f"{path} cannot be opened (table {table})", hint="check the permissions of its folder")
        case sqlite3.SQLITE_ERROR:
            return UsageError(f"{path} has no table {table} of the form that kiro-cli writes", hint=_NO_LOGIN_HINT)
        case _:
            return UsageError(f"{path}: the table {table} cannot be read", hint=_NO_LOGIN_HINT)


def _code(exc: sqlite3.Error) -> int:
    """The primary result code; -1 for an error that is not SQLite's own."""
    return getattr(exc, "sqlite_errorcode", -1) & 0xFF


def _rows(connection: sqlite3.Connection, path: Path, table: Table) -> dict[str, bytes]:
    """The rows that say something about a login. The state is not needed: without its table there is none."""
    keys = [_PROFILE, _START_URL, _REGION]
    if table == "auth_kv":
        keys = [key for row in ROWS for key in (row.key, row.registration) if key]
    elif not _has(connection, path, table):
        return {}
    marks = ", ".join("?" * len(keys))
    try:
        found = connection.execute(f"SELECT key, value FROM {table} WHERE key IN ({marks})", keys).fetchall()  # noqa: S608
    except sqlite3.Error as exc:
        raise failure(exc, path, table) from exc
    return {key.decode("ascii"): value for key, value in found if isinstance(key, bytes) and isinstance(value, bytes)}


def _has(connection: sqlite3.Connection, path: Path, table: Table) -> bool:
    try:
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table])
        return found.fetchone() is not None
    except sqlite3.Error as exc:
        raise failure(exc, path, table) from exc


def _token(
    row: Row, own: dict[str, Any], rows: Mapping[str, bytes], state: Mapping[str, bytes], path: Path
) -> KiroToken:
    data = {CAMEL.get(key, key): value for key, value in own.items()} | {"authMethod": row.method}
    source = f"{path} (auth_kv, {row.key})"
    registration: dict[str, Any] = {}
    if row.registration:
        _fill_from_state(data, state)
        registration = _registration(_object(rows, row.registration, path), own, data)
        if not registration:
            raise UsageError(
                f"{path}: auth_kv has no client registration of the login {row.key}", hint="log in with kiro-cli again"
            )
    token = kiro_file.token_of(data, source, registration)
    arn = _text(state, _PROFILE, "arn")
    return structs.replace(token, profile_arn=token.profile_arn or (arn if is_profile_arn(arn) else None))


def _fill_from_state(data: dict[str, Any], state: Mapping[str, bytes]) -> None:
    """Start URL and region of an IdC login where its row lacks them; whose login it is follows from the start URL.

    The state may be an earlier login's: it is believed where its region is not another one.
    """
    region, theirs = text_at(data, "region"), _text(state, _REGION)
    if not text_at(data, "startUrl") and region in ("", theirs):
        data["startUrl"] = _text(state, _START_URL)
    data["region"] = region or (theirs if is_region(theirs) else "")
    builder = text_at(data, "startUrl").rstrip("/") in ("", _BUILDER_START_URL)
    data["provider"] = text_at(data, "provider") or ("BuilderId" if builder else "Enterprise")


def _registration(row: dict[str, Any], own: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Of the token's own client only: one of another region or flow would be refused as if the login were dead."""
    for key, told in (("region", data.get("region")), ("oauth_flow", own.get("oauth_flow"))):
        theirs = row.get(key)
        if theirs and told and str(theirs).lower() != str(told).lower():  # PKCE is an older Pkce
            return {}
    return {_REGISTRATION[key]: value for key, value in row.items() if key in _REGISTRATION}


def _object(rows: Mapping[str, bytes], key: str, path: Path) -> dict[str, Any]:
    """The JSON object under the key, {} where there is none. Raises UsageError."""
    content = rows.get(key, b"").strip()
    if content in (b"", b"null", b"{}"):
        return {}
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None  # told below, outside: the decoder's error holds the whole text
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {key} in the table auth_kv is not a JSON object", hint="log in with kiro-cli again")
    return value


def _text(state: Mapping[str, bytes], key: str, member: str | None = None) -> str:
    """A JSON string of the state, or a string member of an object there; "" for anything else."""
    try:
        value = json.loads(state.get(key, b"null"))
    except (ValueError, RecursionError):
        return ""
    return text_at(value if isinstance(value, dict) else {"": value}, member or "")
