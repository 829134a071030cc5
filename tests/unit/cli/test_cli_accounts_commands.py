"""login, accounts, logout and config as a user types them."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backends import fail
from pytest_httpserver import HTTPServer
from support.cli_run import Run
from support.kiro_tokens import ide_file, refresh_text, write_ide_file

from a2a.auth import serverkey
from a2a.auth.accounts import AccountStore
from a2a.auth.codec import decode_credential
from a2a.auth.records import Account, ApiKey, KiroToken
from a2a.auth.store import open_store
from a2a.cli.home import in_words
from a2a.errors import StoreError
from a2a.gateway.logins.methods import KIRO_RISK
from a2a.paths import folders

KEY = "sk-planted-secret-0123456789"
MODELS = {"object": "list", "data": [{"id": "m1", "object": "model"}, {"id": "m2", "object": "model"}]}


@pytest.fixture
def upstream(httpserver: HTTPServer) -> Iterator[HTTPServer]:
    """An OpenAI-compatible list at /v1/models and /api/v1/models, for KEY only."""
    for path in ("/v1/models", "/api/v1/models"):
        httpserver.expect_request(path, headers={"Authorization": f"Bearer {KEY}"}).respond_with_json(MODELS)
        httpserver.expect_request(path).respond_with_json({"error": {"message": "bad key"}}, status=401)
    httpserver.expect_request("/api/models").respond_with_data("<html>", status=404)
    yield httpserver
    httpserver.clear()


def login(url: str, *more: str, key: str = KEY, provider: str = "openai") -> Run:
    return Run("login", provider, "--base-url", url, "--api-key-stdin", *more, stdin=key + "\n")


def only_account(home: Path) -> Account:
    (account,) = AccountStore(folders(str(home))).list()
    return account


def secret_of(home: Path, account: Account) -> Any:
    store = open_store("keyring", folders(str(home)), say=print)
    return decode_credential(store.get(account.id) or b"", account.name)


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "stored"), [("", "/v1"), ("/v1", "/v1"), ("/v1/", "/v1"), ("/api", "/api/v1")])
def test_a_base_url_in_any_spelling(upstream: HTTPServer, home: Path, given: str, stored: str) -> None:
    root = upstream.url_for("").rstrip("/")
    run = login(root + given, "--name", "local")
    assert (run.code, run.stdout) == (0, f"logged in: openai/local (2 models at {root}{stored})\n")
    assert only_account(home).urls == {"base_url": root + stored}


def test_the_key_goes_to_the_keyring_and_shows_nowhere(upstream: HTTPServer, home: Path) -> None:
    run = login(upstream.url_for("/v1"), "--json")
    account = only_account(home)
    assert secret_of(home, account) == ApiKey(key=secret_of(home, account).key)
    assert secret_of(home, account).key.reveal() == KEY
    files = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    outputs = [run.stdout, run.stderr, Run("accounts", "--json").stdout, Run("accounts", "show", "1").stdout]
    assert KEY not in "".join(outputs)
    assert KEY.encode() not in files
    assert run.data["account"]["state"] == "ready"


def test_claude_is_asked_its_own_way(httpserver: HTTPServer, home: Path) -> None:
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    httpserver.expect_request("/v1/models", headers=headers).respond_with_json(MODELS)
    assert login(httpserver.url_for(""), provider="claude").code == 0
    assert only_account(home).provider == "claude-custom"


def test_a_wrong_key_is_not_stored(upstream: HTTPServer, home: Path) -> None:
    run = login(upstream.url_for("/v1"), key="sk-wrong", provider="openai")
    assert run.code == 3
    assert "refuses this key (401)" in run.stderr
    assert not home.exists() or AccountStore(folders(str(home))).list() == []


def test_no_connection_needs_a_yes(home: Path) -> None:
    run = login("http://127.0.0.1:9/v1")
    assert run.code == 4
    assert "no connection to 127.0.0.1" in run.stderr
    assert "--yes" in run.stderr
    assert login("http://127.0.0.1:9/v1", "--yes").code == 0
    assert only_account(home).urls == {"base_url": "http://127.0.0.1:9/v1"}


def test_an_upstream_without_a_list_is_taken_and_told(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/models").respond_with_data("not here", status=404)
    assert "not checked" in login(httpserver.url_for("")).stdout


def test_logging_in_by_name_renews_the_account(upstream: HTTPServer, home: Path) -> None:
    login(upstream.url_for("/v1"), "--name", "work")
    first = only_account(home)
    upstream.clear()
    upstream.expect_request("/v1/models").respond_with_json(MODELS)
    run = Run("login", "openai", "--name", "work", "--api-key", "sk-new")
    assert run.stdout.startswith("renewed: openai/work")
    assert (only_account(home).id, only_account(home).urls) == (first.id, first.urls)
    assert secret_of(home, first).key.reveal() == "sk-new"


def test_the_same_key_again_is_the_same_account(upstream: HTTPServer, home: Path) -> None:
    login(upstream.url_for("/v1"))
    assert login(upstream.url_for("/v1")).stdout.startswith("renewed")
    assert only_account(home).alias == "1"


def test_a_preset_names_the_account(upstream: HTTPServer, home: Path) -> None:
    login(upstream.url_for("/v1"), "--preset", "kimi")
    account = only_account(home)
    assert (account.alias, account.preset) == ("kimi", "kimi")


def test_a_local_preset_asks_for_no_key(httpserver: HTTPServer, home: Path) -> None:
    httpserver.expect_request("/v1/models").respond_with_json(MODELS)
    run = Run("login", "openai", "--preset", "ollama", "--base-url", httpserver.url_for(""))
    assert run.code == 0
    assert "Authorization" not in httpserver.log[0][0].headers


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("qwen", "--plan", "weekly"), "'weekly' is not one of"),
        (("qwen", "--plan", "coding", "--region", "us"), "the coding plan has no region 'us'"),
        (("qwen", "--plan", "coding", "--api-key", "sk-1"), "keys of this plan begin with sk-sp-"),
        (("qwen", "--from-cli", "--plan", "coding"), "belong to key plans"),
        (("gemini", "--api-key", "k"), "--api-key means nothing for gemini"),
        (("gemini", "--from-cli", "--project-id", "12345"), "is a project number"),
        (("kiro", "--plan", "coding"), "--plan means nothing for kiro"),
        (("gemini",), "without a terminal add --yes"),
        (("gemini", "--from-cli", "--file", "x"), "exclude each other"),
        (("opnai",), "did you mean openai?"),
        (("openai", "--preset", "kimmi"), "did you mean kimi?"),
        (("openai", "--preset", "anthropic"), "a2a login claude --preset anthropic"),
        (("openai", "--from-cli"), "--from-cli means nothing for openai"),
        (("openai", "--method", "portal"), "--method means nothing for openai"),
        (("kiro", "--method", "portal", "--from-cli"), "more than one way"),
        (("kiro", "--method", "google", "--start-url", "https://x.example"), "--start-url belongs to"),
        (("kiro", "--method", "google", "--region", "us-east-1"), "--region means nothing for --method google"),
        (("kiro", "--method", "portal", "--device"), "a2a login kiro --method builder-id"),
        (("kiro", "--method", "idc"), "needs your organisation's start URL"),
        (("kiro", "--method", "idc", "--region", "x/y"), "is no AWS region"),
        (("kiro", "--method", "google", "--profile", "arn:x"), "no profile ARN"),
        ((), "which provider?"),
        (("kiro", "--preset", "kimi"), "--preset means nothing for kiro"),
        (("kiro",), "a2a login kiro --from-cli"),
        (("openai",), "--api-key-stdin"),
        (("openai", "--api-key-stdin"), "the key is empty"),
        (("openai", "--api-key", "a b"), "this is no API key"),
        (("openai", "--api-key", "k", "--api-key-stdin"), "exclude each other"),
        (("openai", "--api-key", "k", "--base-url", "ftp://x"), "no http(s) URL"),
        (("openai", "--api-key", "k", "--name", "a/b"), "cannot be an account's name"),
    ],
)
def test_mistakes(args: tuple[str, ...], told: str) -> None:
    run = Run("login", *args)
    assert run.code == 2
    assert told in run.stderr


def test_on_a_terminal_the_key_is_asked_without_echo(upstream: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(prompt: str, stream: Any) -> str:
        asked.append(prompt)
        return KEY

    monkeypatch.setattr(getpass, "getpass", ask)
    run = Run("login", "openai", "--preset", "kimi", "--base-url", upstream.url_for("/v1"), tty=True)
    assert run.code == 0
    assert "platform.moonshot.ai" in asked[0]


def test_without_a_keyring_the_login_says_where_the_key_went(upstream: HTTPServer, home: Path) -> None:
    keyring.set_keyring(fail.Keyring())
    run = login(upstream.url_for("/v1"))
    assert run.code == 0
    assert run.stderr.count("this system has no keyring") == 1
    (path,) = (home / "data" / "credentials").iterdir()
    assert json.loads(path.read_bytes())["key"] == KEY


# --- kiro ----------------------------------------------------------------------------------------


def test_kiro_shows_the_risk_and_wants_a_yes(tmp_path: Path, home: Path) -> None:
    path = write_ide_file(tmp_path / "t.json")
    run = Run("login", "kiro", "--file", str(path))
    assert run.code == 2
    assert " ".join(KIRO_RISK.split()) in " ".join(run.stderr.split())
    assert "--yes" in run.stderr
    assert not home.exists()


def test_kiro_imports_the_file(tmp_path: Path, home: Path) -> None:
    path = write_ide_file(tmp_path / "t.json", email="me@x.org")
    run = Run("login", "kiro", "--file", str(path), "--yes")
    account = only_account(home)
    assert run.stdout == f"logged in: kiro/me@x.org (Google, from {path})\n"
    assert (account.source, account.kind, account.label) == (str(path), "social", "me@x.org")
    token = secret_of(home, account)
    assert isinstance(token, KiroToken)
    assert token.refresh_token.reveal() == refresh_text()
    assert refresh_text() not in run.stdout + run.stderr


def test_kiro_from_the_ide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert "looked at KIRO_API_KEY, " in Run("login", "kiro", "--from-cli", "--yes").stderr
    write_ide_file(tmp_path / ".aws" / "sso" / "cache" / "kiro-auth-token.json")
    assert Run("login", "kiro", "--from-cli", "--yes").code == 0


def test_kiro_from_stdin_keeps_the_token_out_of_the_process_list() -> None:
    run = Run("login", "kiro", "--base64", "-", "--yes", stdin=json.dumps(ide_file()))
    assert (run.code, run.stdout) == (0, "logged in: kiro/1 (Google)\n")


def test_the_same_kiro_login_again_is_the_same_account(tmp_path: Path) -> None:
    path = write_ide_file(tmp_path / "t.json")
    Run("login", "kiro", "--file", str(path), "--yes")
    assert Run("login", "kiro", "--file", str(path), "--yes").stdout.startswith("renewed: kiro/1")
    write_ide_file(path, refreshToken=refresh_text("somebody else"))
    assert Run("login", "kiro", "--file", str(path), "--yes").stdout.startswith("logged in: kiro/2")


# --- accounts, logout, config --------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path, upstream: HTTPServer, home: Path) -> None:
    login(upstream.url_for("/v1"), "--name", "work")
    Run("login", "kiro", "--file", str(write_ide_file(tmp_path / "t.json")), "--name", "work", "--yes")


def test_no_accounts_yet() -> None:
    run = Run("accounts")
    assert (run.code, run.stdout) == (0, "")
    assert "a2a login openai" in run.stderr


@pytest.mark.usefixtures("two")
def test_the_list() -> None:
    run = Run("accounts")
    assert [line.split()[:2] for line in run.stdout.splitlines()] == [
        ["ACCOUNT", "STATE"],
        ["openai/work", "ready"],
        ["kiro/work", "ready"],
    ]
    data = Run("accounts", "list", "--json").data
    assert [(a["provider"], a["alias"], a["state"]) for a in data] == [
        ("openai-custom", "work", "ready"),
        ("claude-kiro-oauth", "work", "ready"),
    ]


@pytest.mark.usefixtures("two")
def test_show_tells_all_but_the_secret(tmp_path: Path) -> None:
    data = Run("accounts", "show", "kiro/work", "--json").data
    assert (data["kind"], data["source"]) == ("social", str(tmp_path / "t.json"))
    assert "refresh_token" not in data
    assert "kind" in Run("accounts", "show", "openai/work").stdout
    run = Run("accounts", "show", "work")
    assert (run.code, "say which: openai/work, kiro/work" in run.stderr) == (2, True)


@pytest.mark.usefixtures("two")
def test_declared_accounts_look_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text(
        "[[accounts]]\nprovider='openai'\npreset='kimi'\napi_key_env='KIMI'\n"
        "[[accounts]]\nprovider='claude'\nname='x'\napi_key_env='NONE'\n"
    )
    monkeypatch.setenv("KIMI", KEY)
    run = Run("accounts", "--json")
    assert "openai-custom/kimi" in [f"{a['provider']}/{a['alias']}" for a in run.data]
    assert run.envelope["errors"][0]["message"].startswith("config.toml:5: the variable NONE is not set")
    refused = Run("logout", "kimi", "--yes")
    assert (refused.code, "comes from config.toml" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("two")
def test_an_account_without_its_secret_needs_a_login(home: Path) -> None:
    store = open_store("keyring", folders(str(home)), say=print)
    account = next(a for a in AccountStore(folders(str(home))).list() if a.provider == "openai-custom")
    store.delete(account.id)
    assert Run("accounts", "--json").data[0]["state"] == "needs_login"


@pytest.mark.usefixtures("two")
def test_logout_removes_record_and_secret(home: Path) -> None:
    place = folders(str(home))
    account = next(a for a in AccountStore(place).list() if a.provider == "openai-custom")
    assert Run("logout", "openai/work").code == 2
    run = Run("logout", "openai/work", "--yes")
    assert (run.code, run.stdout) == (0, "removed openai/work\n")
    assert open_store("keyring", place, say=print).get(account.id) is None
    assert [a.provider for a in AccountStore(place).list()] == ["claude-kiro-oauth"]
    assert Run("logout", "openai/work", "--yes").code == 2


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("YES", 0), ("n", 1), ("", 1)])
def test_logout_asks_on_a_terminal(answer: str, code: int) -> None:
    run = Run("logout", "openai/work", stdin=f"{answer}\n", tty=True)
    assert run.code == code
    assert "Remove the account openai/work and its secret? [y/N] " in run.stderr
    assert ("removed" in run.stdout) is (code == 0)


def test_config_shows_values_with_their_origin(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[server]\nport = 3001\n")
    monkeypatch.setenv("A2A_API_KEY", KEY)
    rows = {row["name"]: row for row in Run("config", "--json").data}
    assert rows["server.port"] == {"name": "server.port", "value": 3001, "origin": "config.toml:2"}
    assert rows["server.api_key"]["value"] == "***"
    assert KEY in Run("config", "show", "--secrets").stdout
    assert KEY not in Run("config", "show").stdout


def test_config_reveals_the_key_that_was_made(home: Path) -> None:
    place = folders(str(home))
    made = serverkey.get_or_create(open_store("keyring", place, say=print), place.locks)
    rows = {row["name"]: row for row in Run("config", "show", "--secrets", "--json").data}
    assert rows["server.api_key"]["value"] == made.reveal()


def test_config_path(home: Path) -> None:
    assert Run("config", "path").stdout == f"{home / 'config.toml'}\n"
    assert Run("config", "path", "--json").data == {"path": str(home / "config.toml"), "exists": False}


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [("A2A_HOST", "0.0.0.0", "needs a key of your own"), ("A2A_STRATEGY", "lottery", "it may be round-robin")],
)
def test_config_validate_finds_what_serve_would_refuse(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    monkeypatch.setenv(variable, value)
    run = Run("config", "validate")
    assert run.code == 2
    assert told in run.stderr


def test_config_validate(home: Path) -> None:
    home.mkdir()
    assert Run("config", "validate").code == 0
    (home / "config.toml").write_text("[server]\nprot = 1\n")
    assert "did you mean port?" in Run("config", "validate").stderr
    (home / "config.toml").write_text("[[accounts]]\nprovider='openai'\napi_key_env='NONE'\n")
    run = Run("config", "validate")
    assert (run.code, run.stdout) == (2, "")
    assert "the variable NONE is not set" in run.stderr
    assert (Run("config", "validate", "--json").code, Run("config", "validate", "--json").envelope["status"]) == (
        2,
        "error",
    )


@pytest.mark.usefixtures("two")
def test_a_broken_record_is_reported_and_the_rest_is_listed(home: Path) -> None:
    (home / "data" / "accounts" / "acc_broken.json").write_text("{")
    run = Run("accounts", "--json")
    assert len(run.data) == 2
    assert "acc_broken.json" in run.envelope["errors"][0]["message"]


@pytest.mark.usefixtures("two")
def test_a_keyring_that_is_gone_is_told_per_account() -> None:
    keyring.set_keyring(fail.Keyring())
    told = [(a["state"], a["reason"], a["message"].partition(" but ")[0]) for a in Run("accounts", "--json").data]
    assert told == [("needs_action", "store_failed", "the keyring holds this credential")] * 2


def test_a_record_that_cannot_be_written_leaves_no_secret(
    upstream: HTTPServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(store: AccountStore, account: Account) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(AccountStore, "_write", full)
    assert login(upstream.url_for("/v1")).code == 1
    assert open_store("keyring", folders(str(home)), say=print).ids() == []


@pytest.mark.parametrize(
    ("left", "words"),
    [(None, ""), (-5, "on next use"), (42.5 * 60, "in 42 min"), (5.5 * 3600, "in 5 h"), (9.5e5, "in 10 days")],
)
def test_expiry_in_words(left: float | None, words: str) -> None:
    assert in_words(None if left is None else time.time() + left) == words
