"""Reading the database of kiro-cli and the Amazon Q CLI (specs/kiro.md 2.4)."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.kiro_tokens import ARN, refresh_text, write_ide_file

from a2a.auth import kiro_database
from a2a.auth.kinds import kind_of
from a2a.auth.kiro_database import find_databases, read_any, read_database
from a2a.auth.records import KiroToken
from a2a.config.surroundings import Surroundings
from a2a.errors import UsageError

SCHEMA = (
    "CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE state (key TEXT PRIMARY KEY, value BLOB)"
)
SOCIAL = {
    "access_token": "aoa-social:one",
    "refresh_token": refresh_text("social"),
    "expires_at": "2026-11-22T09:15:30.123456789Z",
    "provider": "google",
    "profile_arn": ARN,
}
OIDC = {
    "access_token": "aoa-oidc:one",
    "refresh_token": refresh_text("oidc"),
    "expires_at": "2026-11-22T09:15:30Z",
    "region": "eu-west-1",
    "start_url": "https://acme.awsapps.com/start",
    "oauth_flow": "DeviceCode",
    "scopes": ["codewhisperer:completions"],
}
REGISTRATION = {
    "client_id": "cid",
    "client_secret": "s" * 4096,
    "client_secret_expires_at": "2027-02-20T09:15:30.000000001Z",
    "region": "eu-west-1",
    "oauth_flow": "DeviceCode",
    "scopes": ["codewhisperer:completions"],
}
IDP = {
    "access_token": "jwt",
    "refresh_token": "0.short",
    "expires_at": "2026-11-22T09:15:30Z",
    "issuer_url": "https://login.microsoftonline.com/t/v2.0",
    "token_endpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/token",
    "client_id": "tenant-client",
    "scopes": ["a", "offline_access"],
    "audience": "api://kiro",
}
SOCIAL_KEY, OIDC_KEY, IDP_KEY = "kirocli:social:token", "kirocli:odic:token", "kirocli:external-idp:token"
REG_KEY, Q_KEY, Q_REG_KEY = (
    "kirocli:odic:device-registration",
    "codewhisperer:odic:token",
    "codewhisperer:odic:device-registration",
)
PROFILE_KEY, URL_KEY, REGION_KEY = "api.codewhisperer.profile", "auth.idc.start-url", "auth.idc.region"
BUILDER = "https://view.awsapps.com/start"
OTHER_ARN = "arn:aws:codewhisperer:eu-central-1:444455556666:profile/MNOPQRSTUVWX"


def database(path: Path, rows: dict[str, Any], state: dict[str, Any] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        fill(connection, rows, state)
    return path


def fill(connection: sqlite3.Connection, rows: dict[str, Any], state: dict[str, Any] | None = None) -> None:
    for table, content in (("auth_kv", rows), ("state", state or {})):
        for key, value in content.items():
            text = value if isinstance(value, str | bytes) else json.dumps(value)
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", [key, text])
    connection.commit()


def read(tmp_path: Path, rows: dict[str, Any], state: dict[str, Any] | None = None) -> KiroToken:
    return read_database(database(tmp_path / "data.sqlite3", rows, state))


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_database(path)
    told = str(caught.value)
    assert str(path) in told
    assert "aor-" not in told
    return told


def test_a_social_login(tmp_path: Path) -> None:
    found = read(tmp_path, {SOCIAL_KEY: SOCIAL})
    assert (found.kind, found.idp, found.profile_arn, found.auth_region) == ("social", "Google", ARN, "us-east-1")
    assert (found.access_token.reveal(), found.refresh_token.reveal()) == ("aoa-social:one", refresh_text("social"))
    assert found.expires_at == pytest.approx(1795338930.123456)
    assert found.source_fingerprint
    assert "aor-" not in repr(found)


def test_an_organisations_login_with_its_registration(tmp_path: Path) -> None:
    found = read(tmp_path, {OIDC_KEY: OIDC, REG_KEY: REGISTRATION}, {PROFILE_KEY: {"arn": ARN, "profile_name": "x"}})
    assert (found.kind, found.idp, found.auth_region, found.start_url) == (
        "idc",
        "Enterprise",
        "eu-west-1",
        "https://acme.awsapps.com/start",
    )
    assert (found.client_id, found.client_secret.reveal()) == ("cid", "s" * 4096)
    assert found.client_secret_expires_at == pytest.approx(1803114930.0)
    assert found.profile_arn == ARN


@pytest.mark.parametrize("start_url", [BUILDER, BUILDER + "/", None])
def test_a_builder_id(tmp_path: Path, start_url: str | None) -> None:
    token, registration = OIDC | {"region": "us-east-1"}, REGISTRATION | {"region": "us-east-1"}
    found = read(tmp_path, {OIDC_KEY: token | {"start_url": start_url}, REG_KEY: registration})
    assert (found.idp, found.auth_region, found.profile_arn) == ("BuilderId", "us-east-1", None)


def test_an_external_idp(tmp_path: Path) -> None:
    found = read(tmp_path, {IDP_KEY: IDP})
    assert (found.kind, found.idp, found.client_id) == ("external_idp", "ExternalIdp", "tenant-client")
    assert (found.token_endpoint, found.issuer_url) == (IDP["token_endpoint"], IDP["issuer_url"])
    assert found.scopes == "a offline_access"


def test_a_login_of_the_amazon_q_cli(tmp_path: Path) -> None:
    found = read(tmp_path, {Q_KEY: OIDC, Q_REG_KEY: REGISTRATION})
    assert (found.kind, found.access_token.reveal()) == ("idc", "aoa-oidc:one")


@pytest.mark.parametrize(
    ("keys", "access"),
    [
        ([Q_KEY, IDP_KEY, OIDC_KEY, SOCIAL_KEY], "aoa-social:one"),
        ([Q_KEY, IDP_KEY, OIDC_KEY], "aoa-oidc:one"),
        ([Q_KEY, IDP_KEY], "jwt"),
    ],
)
def test_the_order_of_the_keys(tmp_path: Path, keys: list[str], access: str) -> None:
    content = {SOCIAL_KEY: SOCIAL, OIDC_KEY: OIDC, IDP_KEY: IDP, Q_KEY: OIDC | {"access_token": "aoa-q"}}
    rows = {key: content[key] for key in keys} | {REG_KEY: REGISTRATION, Q_REG_KEY: REGISTRATION}
    assert read(tmp_path, rows).access_token.reveal() == access


def test_rows_of_others_and_empty_ones_are_passed_over(tmp_path: Path) -> None:
    rows = {"other:token": "aor-foreign", SOCIAL_KEY: "null", OIDC_KEY: "", IDP_KEY: IDP}
    assert read(tmp_path, rows).kind == "external_idp"


def test_the_state_fills_what_the_row_lacks(tmp_path: Path) -> None:
    token = {key: value for key, value in OIDC.items() if key not in ("region", "start_url")}
    state = {
        PROFILE_KEY: json.dumps({"arn": OTHER_ARN, "profile_name": "x"}).encode(),
        URL_KEY: b'"https://acme.awsapps.com/start"',
        REGION_KEY: b'"eu-west-1"',
    }
    found = read(tmp_path, {OIDC_KEY: token, REG_KEY: REGISTRATION}, state)
    assert (found.idp, found.auth_region, found.profile_arn) == ("Enterprise", "eu-west-1", OTHER_ARN)
    assert found.start_url == "https://acme.awsapps.com/start"


def test_the_state_of_an_earlier_login_is_not_believed(tmp_path: Path) -> None:
    token = {key: value for key, value in OIDC.items() if key != "start_url"} | {"region": "us-east-1"}
    state = {URL_KEY: b'"https://acme.awsapps.com/start"', REGION_KEY: b'"eu-west-1"'}
    found = read(tmp_path, {OIDC_KEY: token, REG_KEY: REGISTRATION | {"region": "us-east-1"}}, state)
    assert (found.idp, found.auth_region, found.start_url) == ("BuilderId", "us-east-1", None)


def test_the_rows_own_profile_wins(tmp_path: Path) -> None:
    assert read(tmp_path, {SOCIAL_KEY: SOCIAL}, {PROFILE_KEY: {"arn": OTHER_ARN}}).profile_arn == ARN


@pytest.mark.parametrize("value", ["not json", "[]", '{"arn": 7}', '{"arn": "arn:aws:s3:::bucket"}', b"\xff\xfe"])
def test_a_broken_profile_costs_nothing(tmp_path: Path, value: Any) -> None:
    found = read(tmp_path, {OIDC_KEY: OIDC, REG_KEY: REGISTRATION}, {PROFILE_KEY: value})
    assert found.profile_arn is None


def test_without_the_state_there_is_still_a_login(tmp_path: Path) -> None:
    path = database(tmp_path / "data.sqlite3", {SOCIAL_KEY: SOCIAL})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE state")
    assert read_database(path).idp == "Google"


@pytest.mark.parametrize(("token_flow", "client_flow"), [("Pkce", "PKCE"), ("PKCE", "Pkce"), ("DeviceCode", None)])
def test_spellings_of_the_flow(tmp_path: Path, token_flow: str, client_flow: str | None) -> None:
    rows = {OIDC_KEY: OIDC | {"oauth_flow": token_flow}, REG_KEY: REGISTRATION | {"oauth_flow": client_flow}}
    assert read(tmp_path, rows).client_id == "cid"


@pytest.mark.parametrize(
    "registration", [None, REGISTRATION | {"region": "us-east-1"}, REGISTRATION | {"oauth_flow": "Pkce"}]
)
def test_a_registration_of_another_login_is_none(tmp_path: Path, registration: dict[str, Any] | None) -> None:
    rows = {OIDC_KEY: OIDC} | ({REG_KEY: registration} if registration else {})
    told = refused(database(tmp_path / "data.sqlite3", rows))
    assert "auth_kv has no client registration" in told
    assert "log in with kiro-cli again" in told


def test_nobody_is_logged_in(tmp_path: Path) -> None:
    told = refused(database(tmp_path / "data.sqlite3", {}))
    assert "there is no login in the table auth_kv" in told


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            {SOCIAL_KEY: '{"refresh_token": "aor-planted'},
            "kirocli:social:token in the table auth_kv is not a JSON object",
        ),
        ({SOCIAL_KEY: "[" * 100_000}, "is not a JSON object"),
        ({SOCIAL_KEY: b'"\xff"'}, "is not a JSON object"),
        ({SOCIAL_KEY: SOCIAL | {"refresh_token": "aor-cut..."}}, "cut off"),
        ({SOCIAL_KEY: SOCIAL | {"profile_arn": "arn:aws:x"}}, "profileArn is not the ARN"),
        (
            {OIDC_KEY: OIDC | {"region": "evil.example/#"}, REG_KEY: REGISTRATION | {"region": None}},
            "not the name of an AWS",
        ),
        ({IDP_KEY: IDP | {"token_endpoint": None}}, "tokenEndpoint or clientId is missing"),
    ],
)
def test_a_row_that_cannot_work(tmp_path: Path, rows: dict[str, Any], told: str) -> None:
    assert told in refused(database(tmp_path / "data.sqlite3", rows))


@pytest.fixture
def running_cli(tmp_path: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """A database in WAL mode whose owner is still there and has not moved its log into the file."""
    path = tmp_path / "cli" / "data.sqlite3"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.executescript(SCHEMA)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        fill(connection, {SOCIAL_KEY: SOCIAL})
        yield path, connection


def test_what_only_the_log_holds_is_seen(running_cli: tuple[Path, sqlite3.Connection]) -> None:
    path, _ = running_cli
    assert b"aoa-social" not in path.read_bytes()
    assert read_database(path).access_token.reveal() == "aoa-social:one"


def test_each_reading_sees_the_newest(running_cli: tuple[Path, sqlite3.Connection]) -> None:
    path, connection = running_cli
    read_database(path)
    fill(connection, {SOCIAL_KEY: SOCIAL | {"access_token": "aoa-two"}})
    assert read_database(path).access_token.reveal() == "aoa-two"


def test_a_log_whose_owner_was_killed_is_read_and_left(
    tmp_path: Path, running_cli: tuple[Path, sqlite3.Connection]
) -> None:
    """The log's index is made anew by whoever opens it; the database and its log stay byte for byte."""
    source, _ = running_cli
    copy = tmp_path / "killed" / "data.sqlite3"
    copy.parent.mkdir()
    shutil.copy(source, copy)
    shutil.copy(f"{source}-wal", f"{copy}-wal")
    before = (copy.read_bytes(), Path(f"{copy}-wal").read_bytes())
    assert read_database(copy).access_token.reveal() == "aoa-social:one"
    assert (copy.read_bytes(), Path(f"{copy}-wal").read_bytes()) == before


@pytest.mark.parametrize("code", [sqlite3.SQLITE_READONLY_DIRECTORY, sqlite3.SQLITE_CANTOPEN])
def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """SQLite's answers for a database in WAL mode without a log, seen as another user (3.40.1, 2026-11-22)."""
    connect = kiro_database.connect

    def refuse(path: Path, options: str, begin: str) -> sqlite3.Connection:
        if "immutable" in options:
            return connect(path, options, begin)
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = code
        raise error

    path = database(tmp_path / "data.sqlite3", {SOCIAL_KEY: SOCIAL})
    monkeypatch.setattr(kiro_database, "connect", refuse)
    assert read_database(path).access_token.reveal() == "aoa-social:one"
    Path(f"{path}-wal").write_bytes(b"a log that must not be missed")
    assert "cannot be opened" in refused(path)


def test_a_log_without_an_index_is_not_missed(tmp_path: Path, running_cli: tuple[Path, sqlite3.Connection]) -> None:
    """A folder in the index's place keeps even root from making one."""
    source, _ = running_cli
    copy = tmp_path / "mounted" / "data.sqlite3"
    copy.parent.mkdir()
    shutil.copy(source, copy)
    shutil.copy(f"{source}-wal", f"{copy}-wal")
    Path(f"{copy}-shm").mkdir()
    assert read_database(copy).access_token.reveal() == "aoa-social:one"


def test_it_only_reads(tmp_path: Path) -> None:
    path = database(tmp_path / "data.sqlite3", {SOCIAL_KEY: SOCIAL})
    with kiro_database.opened(path) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM auth_kv")


def test_a_locked_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiro_database, "BUSY_S", 0.05)
    path = database(tmp_path / "data.sqlite3", {SOCIAL_KEY: SOCIAL})
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert "is locked by another program (table auth_kv)" in refused(path)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("CREATE TABLE other (x)", "has no table auth_kv"),
        ("CREATE TABLE auth_kv (name TEXT, content TEXT)", "has no table auth_kv of the form that kiro-cli writes"),
    ],
)
def test_a_database_of_another_program(tmp_path: Path, script: str, told: str) -> None:
    path = tmp_path / "data.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    assert told in refused(path)


@pytest.mark.parametrize("keep", [100, 4096 + 50])
def test_a_damaged_database(tmp_path: Path, keep: int) -> None:
    path = database(tmp_path / "data.sqlite3", {SOCIAL_KEY: SOCIAL})
    content = path.read_bytes()
    path.write_bytes(content[:keep] + b"\xa5" * (len(content) - keep))
    assert "auth_kv" in refused(path)


def test_what_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    assert "there is no file" in refused(path)
    path.write_text("aor-secret " * 100)
    assert "is damaged" in refused(path)
    path.unlink()
    path.mkdir()
    assert "cannot be read" in refused(path)
    assert "cannot read" in refused(tmp_path / ("x" * 300))


def test_any_file_is_told_by_its_content(tmp_path: Path) -> None:
    data = database(tmp_path / "looks-like.json", {SOCIAL_KEY: SOCIAL})
    file = write_ide_file(tmp_path / "looks-like.sqlite3")
    assert read_any(data).access_token.reveal() == "aoa-social:one"
    assert read_any(file).access_token.reveal() == "aoa-access:one"
    with pytest.raises(UsageError, match="there is no file"):
        read_any(tmp_path / "none")


def test_a_name_that_means_something_in_a_uri(tmp_path: Path) -> None:
    path = database(tmp_path / "a b?mode=rwc#c%20d" / "data.sqlite3", {SOCIAL_KEY: SOCIAL})
    assert read_database(path).idp == "Google"


def test_a_refresh_reads_a_database_again_as_its_source(tmp_path: Path) -> None:
    path = database(tmp_path / "data.sqlite3", {SOCIAL_KEY: SOCIAL})
    assert kind_of("claude-kiro-oauth").read(path) == read_database(path)


HOME = Path("/home/u")


@pytest.mark.parametrize(
    ("system", "around", "paths"),
    [
        ("linux", {}, [".local/share/kiro-cli", ".local/share/amazon-q"]),
        ("linux", {"xdg_data_home": "/d"}, ["/d/kiro-cli", "/d/amazon-q"]),
        ("linux", {"xdg_data_home": "d"}, [".local/share/kiro-cli", ".local/share/amazon-q"]),
        ("linux", {"kiro_data_dir": "/k"}, ["/k", ".local/share/amazon-q"]),
        ("darwin", {}, ["Library/Application Support/kiro-cli", "Library/Application Support/amazon-q"]),
        (
            "win32",
            {"appdata": "/R", "local_appdata": "/L"},
            ["/R/kiro-cli", "/L/kiro-cli", "/R/amazon-q", "/L/amazon-q"],
        ),
    ],
)
def test_where_the_databases_lie(system: str, around: dict[str, str], paths: list[str]) -> None:
    found = find_databases(HOME, Surroundings(**around), system=system)
    assert [place.path for place in found] == [HOME / path / "data.sqlite3" for path in paths]
    assert found[0].program == "kiro-cli"
    assert found[-1].program == "Amazon Q CLI"
