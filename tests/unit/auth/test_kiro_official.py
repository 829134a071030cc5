"""Which login of Kiro's own programs is taken over, and the IDE's profile file (specs/kiro.md 2.3 and 2.6)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.kiro_tokens import ARN, refresh_text, write_ide_file

from a2a.auth.kiro_file import ide_profile, read_token_file
from a2a.auth.kiro_official import key_token, official_sources
from a2a.auth.records import KiroToken
from a2a.config.surroundings import Surroundings
from a2a.errors import UsageError
from a2a.secret import Secret

CACHE = Path(".aws/sso/cache")
EU_ARN = "arn:aws:codewhisperer:eu-central-1:444455556666:profile/MNOPQRSTUVWX"
IDC = {"authMethod": "IdC", "profileArn": None, "region": "eu-west-1", "clientId": "c", "clientSecret": "s"}
SOCIAL_ROW = {"access_token": "aoa-db", "refresh_token": refresh_text("db"), "provider": "github", "profile_arn": ARN}


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A home folder."""
    path = tmp_path / "user"
    path.mkdir()
    return path


def ide(user: Path, **fields: Any) -> Path:
    return write_ide_file(user / CACHE / "kiro-auth-token.json", **fields)


def database(path: Path, rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT)")
        connection.executemany("INSERT INTO auth_kv VALUES (?, ?)", [(k, json.dumps(v)) for k, v in rows.items()])
        connection.commit()
    return path


def cli(user: Path) -> Path:
    return user / ".local/share/kiro-cli/data.sqlite3"


def amazon_q(user: Path) -> Path:
    return user / ".local/share/amazon-q/data.sqlite3"


def select(path: Path, arn: Any = EU_ARN) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"arn": arn, "name": "acme"}))


def test_the_variable_comes_first(user: Path) -> None:
    ide(user)
    found = official_sources(user, Surroundings(kiro_api_key=Secret("ksk_planted")), system="linux")
    assert (found.token.kind, found.token.idp, found.path) == ("api_key", "ApiKey", None)
    assert found.token.access_token.reveal() == "ksk_planted"
    assert "KIRO_API_KEY" in found.words
    assert "planted" not in repr(found)


def test_then_the_ide(user: Path) -> None:
    path = ide(user)
    database(cli(user), {"kirocli:social:token": SOCIAL_ROW})
    found = official_sources(user, Surroundings(), system="linux")
    assert (found.token.access_token.reveal(), found.path) == ("aoa-access:one", path)
    assert found.words == f"the Kiro IDE's login in {path}"


def test_then_the_cli_then_amazon_q(user: Path) -> None:
    old = database(amazon_q(user), {"kirocli:social:token": SOCIAL_ROW})
    assert official_sources(user, Surroundings(), system="linux").path == old
    path = database(cli(user), {"kirocli:social:token": SOCIAL_ROW})
    found = official_sources(user, Surroundings(), system="linux")
    assert (found.token.idp, found.path, found.words) == ("Github", path, f"the login of kiro-cli in {path}")


def test_a_database_without_a_login_is_passed_over(user: Path) -> None:
    database(cli(user), {})
    old = database(amazon_q(user), {"kirocli:social:token": SOCIAL_ROW})
    assert official_sources(user, Surroundings(), system="linux").path == old


def test_one_that_is_there_and_broken_is_told(user: Path) -> None:
    database(amazon_q(user), {"kirocli:social:token": SOCIAL_ROW})
    ide(user, refreshToken="aor-cut...")
    with pytest.raises(UsageError, match="cut off"):
        official_sources(user, Surroundings(), system="linux")


def test_nothing_anywhere_names_every_place(user: Path) -> None:
    with pytest.raises(UsageError) as caught:
        official_sources(user, Surroundings(), system="linux")
    for place in ("KIRO_API_KEY", user / CACHE / "kiro-auth-token.json", cli(user), amazon_q(user)):
        assert str(place) in caught.value.message
    assert caught.value.hint
    assert "a2a login kiro" in caught.value.hint


def test_a_folder_that_cannot_be_looked_into_holds_nothing(user: Path) -> None:
    around = Surroundings(xdg_data_home=f"/{'x' * 300}")
    with pytest.raises(UsageError, match="no login of Kiro's own programs"):
        official_sources(user / ("y" * 300), around, system="linux")


@pytest.mark.parametrize("text", [" ", "ksk one", "ksk_ü", "ksk\none"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(UsageError, match="no Kiro API key"):
        key_token(Secret(text))


def test_a_key_keeps_its_region() -> None:
    assert key_token(Secret("ksk_x\n"), region="eu-central-1").auth_region == "eu-central-1"
    assert key_token(Secret("ksk_x\n")).access_token.reveal() == "ksk_x"


@pytest.mark.parametrize(
    ("system", "folder"),
    [("linux", ".config"), ("darwin", "Library/Application Support"), ("win32", "AppData/Roaming")],
)
def test_where_the_ide_keeps_the_profile(system: str, folder: str) -> None:
    home = Path("/home/u")
    tail = "Kiro/User/globalStorage/kiro.kiroagent/profile.json"
    assert ide_profile(home, system=system) == home / folder / tail
    told = ide_profile(home, system=system, config_home=Path("/c"), app_data=Path("/a"))
    assert told == {"linux": Path("/c"), "win32": Path("/a")}.get(system, home / folder) / tail


def enterprise(user: Path, **fields: Any) -> Path:
    return ide(user, **{**IDC, "provider": "Enterprise", **fields})


def test_the_profile_belongs_to_an_organisations_login(user: Path) -> None:
    select(ide_profile(user))
    assert read_token_file(enterprise(user)).profile_arn == EU_ARN


def test_the_profile_of_a_folder_that_the_environment_names(user: Path, tmp_path: Path) -> None:
    select(ide_profile(user, system="linux", config_home=tmp_path / "xdg"))
    enterprise(user)
    around = Surroundings(xdg_config_home=str(tmp_path / "xdg"))
    assert official_sources(user, around, system="linux").token.profile_arn == EU_ARN


@pytest.mark.parametrize("fields", [{"provider": "BuilderId"}, {"profileArn": ARN}])
def test_others_do_not_take_it(user: Path, fields: dict[str, Any]) -> None:
    select(ide_profile(user))
    assert read_token_file(enterprise(user, **fields)).profile_arn == fields.get("profileArn")


@pytest.mark.parametrize("arn", [None, 7, "arn:aws:s3:::bucket", "arn:aws:codewhisperer:evil.example/:1:profile/A"])
def test_a_profile_that_is_none_is_passed_over(user: Path, arn: Any) -> None:
    select(ide_profile(user), arn)
    assert read_token_file(enterprise(user)).profile_arn is None


def test_a_copied_file_takes_no_profile(user: Path, tmp_path: Path) -> None:
    select(ide_profile(user))
    assert read_token_file(write_ide_file(tmp_path / "t.json", **IDC, provider="Enterprise")).profile_arn is None


def test_the_other_gateways_own_file(user: Path) -> None:
    """`~/.kiro/oauth_creds.json` of AIClient-2-API: the IDE's names with extras."""
    extras = {"provider": None, "socialProvider": "Github", "idcRegion": "us-east-1", "uuid": "x", "machineId": 7}
    found: KiroToken = read_token_file(write_ide_file(user / ".kiro" / "oauth_creds.json", **extras))
    assert (found.kind, found.idp, found.auth_region) == ("social", "Github", "us-east-1")


@pytest.mark.parametrize(
    ("fields", "idp"),
    [
        ({"provider": "github"}, "Github"),
        ({"provider": None, "authMethod": "github"}, "Github"),
        ({"provider": "Acme"}, "Acme"),
        ({**IDC, "provider": None, "authMethod": "builder-id"}, "BuilderId"),
        ({**IDC, "provider": None, "authMethod": "internal"}, "Internal"),
    ],
)
def test_spellings_of_who_vouches(user: Path, fields: dict[str, Any], idp: str) -> None:
    assert read_token_file(ide(user, **fields)).idp == idp


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"region": "evil.example/#"}, "region is not the name of an AWS region"),
        ({"profileArn": "arn:aws:codewhisperer:evil.example/x:111122223333:profile/A"}, "profileArn is not"),
    ],
)
def test_nothing_imported_chooses_a_host(user: Path, fields: dict[str, Any], told: str) -> None:
    """Region and ARN become part of the names of hosts to which tokens go."""
    with pytest.raises(UsageError, match=told):
        read_token_file(ide(user, **fields))
