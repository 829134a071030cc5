"""Accounts of config.toml and of flags."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from support.kiro_tokens import ide_file, refresh_text, write_ide_file

from a2a.auth.declared import Declared, declared
from a2a.auth.records import Account, ApiKey, GoogleToken
from a2a.config import load
from a2a.errors import UsageError
from a2a.secret import Secret

PRESETS = {"kimi": "https://api.moonshot.ai/v1"}


def gather(
    tmp_path: Path,
    text: str = "",
    saved: tuple[Account, ...] = (),
    flags: dict[str, object] | None = None,
    **env: str,
) -> Declared:
    (tmp_path / "config.toml").write_text(text)
    settings = load(flags, env={"A2A_HOME": str(tmp_path), **env})
    return declared(settings, saved=saved, preset_urls=PRESETS)


KIMI = "[[accounts]]\nprovider = 'openai'\npreset = 'kimi'\napi_key_env = 'KIMI'\nweight = 2\nrpm = 9\n"


def test_a_declared_key(tmp_path: Path) -> None:
    found = gather(tmp_path, KIMI, KIMI="sk-1")
    (account,) = found.accounts
    assert (account.name, account.origin, account.source) == ("openai-custom/kimi", "config", "KIMI")
    assert account.urls == {"base_url": "https://api.moonshot.ai/v1"}
    assert (account.weight, account.limits.rpm) == (2, 9)
    assert found.credentials == {account.id: ApiKey(Secret("sk-1"))}
    assert "sk-1" not in repr(found)


def test_its_id_survives_a_restart_and_a_rename(tmp_path: Path) -> None:
    one = gather(tmp_path, KIMI, KIMI="sk-1").accounts[0]
    other = gather(tmp_path, KIMI + "name = 'renamed'\n", KIMI="sk-2").accounts[0]
    assert (one.id, other.alias) == (other.id, "renamed")


def test_a_key_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-f\n")
    text = "[[accounts]]\nprovider='claude'\nbase_url='http://h'\napi_key_file='key'\n"
    found = gather(tmp_path, text)
    assert list(found.credentials.values()) == [ApiKey(Secret("sk-f"))]
    assert (found.accounts[0].alias, found.accounts[0].urls) == ("1", {"base_url": "http://h/v1"})


def test_a_declared_kiro_file_is_read_in_place(tmp_path: Path) -> None:
    write_ide_file(tmp_path / "t.json", email="me@x.org")
    text = "[[accounts]]\nprovider='kiro'\ncredentials_file='t.json'\nmanagement_url='http://m'\n"
    (account,) = gather(tmp_path, text).accounts
    assert (account.alias, account.kind, account.source) == ("me@x.org", "social", str(tmp_path / "t.json"))
    assert account.urls == {"management_url": "http://m"}


def test_kiro_from_a_variable(tmp_path: Path) -> None:
    text = "[[accounts]]\nprovider='kiro'\ncredentials_env='KT'\nname='w'\n"
    encoded = base64.b64encode(json.dumps(ide_file()).encode()).decode()
    assert gather(tmp_path, text, KT=encoded).accounts[0].name == "claude-kiro-oauth/w"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (KIMI, "config.toml:1: the variable KIMI is not set"),
        (KIMI.replace("kimi", "kimmi"), "config.toml:1: the variable KIMI is not set"),
        ("[[accounts]]\nprovider='openai'\napi_key_file='none'\n", "config.toml:1: cannot read"),
        ("[[accounts]]\nprovider='kiro'\ncredentials_file='none'\n", "config.toml:1: there is no file"),
    ],
)
def test_one_that_cannot_be_used_is_named_and_skipped(tmp_path: Path, text: str, told: str) -> None:
    found = gather(tmp_path, text + "[[accounts]]\nprovider='openai'\napi_key_env='GOOD'\n", GOOD="sk")
    assert len(found.accounts) == 1
    assert found.problems[0].startswith(told)


def test_an_unknown_preset_never_means_the_default_service(tmp_path: Path) -> None:
    found = gather(tmp_path, KIMI.replace("'kimi'", "'kimmi'"), KIMI="sk")
    assert found.accounts == []
    assert "did you mean kimi?" in found.problems[0]


def test_a_name_that_a_login_has_is_refused(tmp_path: Path) -> None:
    saved = Account(id="acc_1", provider="openai-custom", alias="kimi")
    found = gather(tmp_path, KIMI + "name='kimi'\n", (saved,), KIMI="sk")
    assert "already an account openai-custom/kimi" in found.problems[0]
    assert gather(tmp_path, KIMI, (saved,), KIMI="sk").accounts[0].alias == "1"


def test_the_same_credential_twice(tmp_path: Path) -> None:
    assert "declared twice" in gather(tmp_path, KIMI + KIMI, KIMI="sk").problems[0]


def test_flags_make_accounts_for_this_run(tmp_path: Path) -> None:
    path = write_ide_file(tmp_path / "t.json")
    flags: dict[str, object] = {
        "openai_api_key": "sk-o",
        "openai_base_url": "http://h",
        "claude_api_key": "sk-c",
        "kiro_oauth_creds_file": str(path),
    }
    encoded = base64.b64encode(json.dumps(ide_file(refreshToken=refresh_text("two"))).encode()).decode()
    found = gather(tmp_path, flags=flags, A2A_KIRO_OAUTH_CREDS_BASE64=encoded)
    assert [(a.name, a.origin) for a in found.accounts] == [
        ("openai-custom/1", "flag"),
        ("claude-custom/1", "flag"),
        ("claude-kiro-oauth/1", "flag"),
        ("claude-kiro-oauth/2", "flag"),
    ]
    assert found.accounts[0].urls == {"base_url": "http://h/v1"}
    assert found.accounts[2].source == str(path)


def test_a_flag_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        gather(tmp_path, flags={"kiro_oauth_creds_file": "none"})


GOOGLE = json.dumps({"access_token": "at", "refresh_token": "1//planted", "email": "me@x.org"})
QWEN = json.dumps({"access_token": "at", "refresh_token": "rt-planted"})


def test_declared_tokens_of_google_and_qwen(tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(GOOGLE)
    text = "[[accounts]]\nprovider='gemini'\ncredentials_file='g.json'\nproject_id='acme-1'\ntoken_url='http://t'\n"
    text += "[[accounts]]\nprovider='qwen'\ncredentials_env='Q'\n"
    text += "[[accounts]]\nprovider='qwen'\nname='key'\napi_key_env='K'\nplan='coding'\nregion='cn'\n"
    found = gather(tmp_path, text, Q=QWEN, K="sk-sp-1")
    google, token, key = found.accounts
    assert (google.alias, google.kind, google.project_id, google.urls) == (
        "me@x.org", "oauth", "acme-1", {"token_url": "http://t"}
    )  # fmt: skip
    assert isinstance(found.credentials[google.id], GoogleToken)
    assert (token.kind, token.source) == ("oauth", "Q")
    assert (key.kind, key.plan, key.region) == ("api_key", "coding", "cn")
    assert "planted" not in repr(found)


def test_tokens_of_flags(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text(QWEN)
    flags = {
        "gemini_oauth_creds_base64": base64.b64encode(GOOGLE.encode()).decode(),
        "project_id": "acme-1",
        "qwen_oauth_creds_file": str(tmp_path / "q.json"),
    }
    google, qwen = gather(tmp_path, flags=flags).accounts
    assert (google.provider, google.origin, google.project_id) == ("gemini-cli-oauth", "flag", "acme-1")
    assert (qwen.provider, qwen.project_id, qwen.source) == ("openai-qwen-oauth", None, str(tmp_path / "q.json"))


def test_the_openai_pair_follows_the_model_provider(tmp_path: Path) -> None:
    flags = {"openai_api_key": "sk-1", "model_provider": "responses"}
    (account,) = gather(tmp_path, flags=flags).accounts
    assert account.provider == "openaiResponses-custom"
