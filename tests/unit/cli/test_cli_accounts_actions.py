"""`a2a accounts` without a server: every action on disk, as a user types it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from support.cli_run import Run

from a2a.auth.accounts import AccountStore
from a2a.auth.records import Account, Limits
from a2a.auth.store import open_store
from a2a.control.types import Standing
from a2a.paths import folders
from a2a.pool.health import record_standing

KEY = "sk-planted-secret-0123456789"
MODELS = {"object": "list", "data": [{"id": "m1", "object": "model"}]}


@pytest.fixture
def upstream(httpserver: HTTPServer) -> HTTPServer:
    httpserver.expect_request("/v1/models").respond_with_json(MODELS)
    return httpserver


@pytest.fixture(autouse=True)
def two(upstream: HTTPServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`work`, which was logged in to, and `kimi`, which is declared."""
    url = upstream.url_for("/v1")
    home.mkdir()
    (home / "config.toml").write_text(
        f"[[accounts]]\nprovider='openai'\nname='kimi'\nbase_url='{url}'\napi_key_env='KIMI'\n"
    )
    monkeypatch.setenv("KIMI", KEY)
    account = Account(id="acc_1", provider="openai-custom", alias="work", urls={"base_url": url})
    AccountStore(folders(str(home))).put(account)
    secret = json.dumps({"type": "api_key", "key": KEY}).encode()
    open_store("keyring", folders(str(home)), say=print).put("acc_1", secret)


def states() -> dict[str, str]:
    return {row["alias"]: row["state"] for row in Run("accounts", "--json").data}


def shown(alias: str) -> Any:
    return Run("accounts", "show", alias, "--json").data


@pytest.mark.parametrize("alias", ["work", "kimi"])
def test_disable_drain_enable(alias: str) -> None:
    for action, state in (("disable", "disabled"), ("drain", "draining"), ("enable", "ready")):
        run = Run("accounts", action, alias)
        assert (run.code, run.stdout.startswith(f"openai/{alias}: ")) == (0, True)
        assert states()[alias] == state


def test_pin_and_unpin() -> None:
    Run("accounts", "pin", "work")
    assert Run("accounts", "pin", "kimi", "--json").data["view"]["pinned"]
    assert [shown(alias)["pinned"] for alias in ("work", "kimi")] == [False, True]
    Run("accounts", "unpin", "kimi")
    assert not shown("kimi")["pinned"]


@pytest.mark.parametrize("alias", ["work", "kimi"])
def test_set(alias: str) -> None:
    run = Run("accounts", "set", alias, "--priority", "2", "--rpm", "9", "--proxy", "http://127.0.0.1:8080")
    assert (run.code, run.stdout) == (0, f"openai/{alias}: changed: priority, proxy, rpm\n")
    assert (shown(alias)["priority"], shown(alias)["limits"]["rpm"]) == (2, 9)
    Run("accounts", "set", alias, "--proxy", "")
    assert shown(alias)["proxy"] is None


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("set", "work"), "nothing to set"),
        (("set", "work", "--weight", "0"), "--weight"),
        (("set", "work", "--rpm", "-1"), "--rpm"),
        (("set", "work", "--proxy", "nonsense"), "http://user:password@host:8080"),
        (("rename", "work", "kimi"), "there is already an account"),
        (("rename", "work", "a b"), "letters, digits"),
        (("rename", "kimi", "k2"), "comes from config.toml"),
        (("remove", "kimi", "--yes"), "comes from config.toml"),
        (("remove", "work"), "add --yes"),
        (("refresh", "work"), "has a key"),
        (("disable", "wrok"), "did you mean work?"),
        (("export", "work"), "--with-secrets"),
        (("export", "--with-secrets"), "say which account"),
        (("export", "work", "--all", "--with-secrets"), "say which account"),
        (("migrate", "--to", "cloud"), "--to keyring"),
        (("dissable", "work"), "accounts --help"),
    ],
)
def test_mistakes_are_usage_errors_that_help(args: tuple[str, ...], told: str) -> None:
    run = Run("accounts", *args)
    assert (run.code, run.stdout) == (2, "")
    assert told in run.stderr
    assert Run("accounts", *args, "--json").envelope["status"] == "error"


def test_rename_keeps_everything_else(home: Path) -> None:
    AccountStore(folders(str(home))).update("acc_1", lambda found: found)
    assert Run("accounts", "rename", "work", "job").stdout == "openai/job: is called openai/job now\n"
    assert states() == {"job": "ready", "kimi": "ready"}


@pytest.mark.parametrize("command", [("accounts", "remove"), ("logout",)])
def test_remove_and_its_alias(home: Path, command: tuple[str, ...]) -> None:
    run = Run(*command, "work", "--yes", "--json")
    assert (run.data["id"], run.data["account"], run.data["view"]) == ("acc_1", "openai-custom/work", None)
    assert states() == {"kimi": "ready"}
    assert open_store("keyring", folders(str(home)), say=print).get("acc_1") is None


def test_one_account_is_tested() -> None:
    run = Run("accounts", "test", "work")
    assert (run.code, run.stdout) == (0, "openai/work: 1 model\n")


def test_all_accounts_are_tested() -> None:
    run = Run("accounts", "test")
    assert run.code == 0
    assert [line.split()[:2] for line in run.stdout.splitlines()[1:]] == [
        ["openai/work", "ready"],
        ["openai/kimi", "ready"],
    ]


def test_a_bad_test_is_remembered_and_reset_forgets_it(upstream: HTTPServer) -> None:
    upstream.clear()
    upstream.expect_request("/v1/models").respond_with_json({"error": {"message": "key revoked"}}, status=401)
    run = Run("accounts", "test", "work", "--json")
    assert (run.code, run.envelope["status"], run.data["standing"]["state"]) == (3, "error", "needs_login")
    assert states()["work"] == "needs_login"
    listed = Run("accounts").stdout
    assert "openai/work: " in listed
    assert "key revoked" in listed
    assert "a2a login openai" in listed
    assert Run("accounts", "reset", "work").code == 0
    assert states()["work"] == "ready"


def test_a_test_without_an_answer_is_no_news(upstream: HTTPServer) -> None:
    Run("accounts", "set", "work", "--proxy", "http://127.0.0.1:9")
    run = Run("accounts", "test", "work")
    assert (run.code, run.stdout) == (4, "")
    every = Run("accounts", "test")
    assert every.code == 1
    assert every.stdout.splitlines()[1].split()[:2] == ["openai/work", "?"]
    assert states()["work"] == "ready"


def test_an_export_to_stdout() -> None:
    document = json.loads(Run("accounts", "export", "--all", "--with-secrets").stdout)
    assert {entry["credential"]["key"] for entry in document["accounts"]} == {KEY}
    assert [entry["account"]["alias"] for entry in document["accounts"]] == ["work", "kimi"]
    assert Run("accounts", "export", "work", "--with-secrets", "--json").data["a2a"] == 1


def test_an_export_to_a_file_only_the_user_reads(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    run = Run("accounts", "export", "work", "--with-secrets", "--file", str(path), "--json")
    assert run.data == {"file": str(path), "accounts": 1}
    assert KEY not in run.stdout + run.stderr
    assert json.loads(path.read_bytes())["accounts"][0]["account"]["id"] == "acc_1"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_migrate_there_and_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run("accounts", "migrate", "--to", "file")
    assert (run.code, run.stdout) == (0, "moved 1 secret to the file store\n")
    assert "A2A_CREDENTIAL_STORE=file" in run.stderr
    assert (home / "data" / "credentials" / "acc_1.json").exists()
    monkeypatch.setenv("A2A_CREDENTIAL_STORE", "file")
    assert states()["work"] == "ready"
    assert Run("accounts", "migrate", "--to", "keyring", "--json").data["moved"] == ["acc_1"]
    assert states()["work"] == "needs_login"
    monkeypatch.delenv("A2A_CREDENTIAL_STORE")
    assert states()["work"] == "ready"


def test_what_the_last_run_learned_is_shown(home: Path) -> None:
    standing = Standing(state="needs_action", message="no licence", reason="no_license", remedy="buy one", plan="FREE")
    record_standing(folders(str(home)), "acc_1", standing)
    assert (shown("work")["reason"], shown("work")["plan"]) == ("no_license", "FREE")
    assert "openai/work: no licence → buy one" in Run("accounts").stdout.splitlines()


def test_secrets_never_show_but_in_an_export() -> None:
    runs = [Run("accounts", *args) for args in ((), ("show", "work"), ("test",), ("disable", "kimi"), ("--json",))]
    assert not any(KEY in run.stdout + run.stderr for run in runs)


def test_limits_are_kept_apart(home: Path) -> None:
    Run("accounts", "set", "work", "--max-concurrency", "1")
    Run("accounts", "set", "work", "--tpm", "100", "--min-interval-ms", "5")
    found = AccountStore(folders(str(home))).get("acc_1")
    assert found is not None
    assert found.limits == Limits(max_concurrency=1, tpm=100, min_interval_ms=5)
