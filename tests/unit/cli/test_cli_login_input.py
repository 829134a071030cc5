"""What people and scripts hand to `a2a login`: odd keys, odd files, empty variables, an export that does not fit."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from support.cli_run import Run

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import decode_credential
from a2a.auth.records import ApiKey
from a2a.auth.store import open_store
from a2a.cli import app as cli
from a2a.cli import login_google, login_kiro
from a2a.cli.login_choice import choices
from a2a.cli.login_flow import Login
from a2a.cli.output import Out
from a2a.paths import folders

KEY = "sk-planted-secret-0123456789"
MODELS = {"object": "list", "data": [{"id": "m1", "object": "model"}]}


def serve_list(httpserver: HTTPServer) -> str:
    """A list of models for KEY only; its base URL."""
    httpserver.expect_request("/v1/models", headers={"Authorization": f"Bearer {KEY}"}).respond_with_json(MODELS)
    httpserver.expect_request("/v1/models").respond_with_json({"error": {"message": "bad key"}}, status=401)
    return httpserver.url_for("/v1")


def stored_keys(home: Path) -> list[str]:
    store = open_store("keyring", folders(str(home)), say=print)
    found = [decode_credential(store.get(one.id) or b"", one.name) for one in AccountStore(folders(str(home))).list()]
    return [one.key.reveal() for one in found if isinstance(one, ApiKey)]


@pytest.mark.parametrize("given", [f"\ufeff{KEY}\r\n", f'"{KEY}"\n', f"'{KEY}' \n", f"  {KEY}\t\n"])
def test_what_editors_and_shells_put_around_a_key_is_not_part_of_it(
    httpserver: HTTPServer, home: Path, given: str
) -> None:
    url = serve_list(httpserver)
    assert Run("login", "openai", "--base-url", url, "--api-key-stdin", stdin=given).code == 0
    assert stored_keys(home) == [KEY]


@pytest.mark.parametrize(
    "args", [("openai", "--api-key-stdin", "--base-url", "http://127.0.0.1:1"), ("gemini", "--yes", "--base64", "-")]
)
def test_stdin_that_is_no_text_is_told(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    stdin = io.TextIOWrapper(io.BytesIO("sk-planted".encode("utf-16")), encoding="utf-8")
    out = Out(stdin, io.StringIO(), io.StringIO())
    assert cli.main(["login", *args], out) == 2
    assert "stdin is not UTF-8 text" in out.stderr.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("args", "option"),
    [
        (("openai", "--base-url", "", "--api-key", KEY), "--base-url"),
        (("gemini", "--base64", "", "--yes"), "--base64"),
        (("kiro", "--file", "", "--yes"), "--file"),
        (("kiro", "--region", "", "--method", "builder-id"), "--region"),
        (("qwen", "--name", "", "--device"), "--name"),
    ],
)
def test_an_option_of_an_empty_variable_is_not_as_if_it_were_left_out(args: tuple[str, ...], option: str) -> None:
    run = Run("login", *args)
    assert (run.code, run.stderr.splitlines()[0]) == (2, f"a2a: {option} is empty")


@pytest.mark.parametrize("url", ["http://host:99999", "http://exa mple.com/v1", "http://[::1/v1"])
def test_a_base_url_that_no_client_could_use_is_refused_in_words(url: str) -> None:
    run = Run("login", "openai", "--base-url", url, "--api-key", KEY)
    assert run.code == 2
    assert "is no http(s) URL" in run.stderr


def test_a_password_in_the_base_url_is_not_shown(httpserver: HTTPServer) -> None:
    url = serve_list(httpserver).replace("http://", "http://me:planted-pw@")
    for key in (KEY, "sk-wrong"):
        run = Run("login", "openai", "--base-url", url, "--api-key", key)
        assert "http://***@" in run.stdout + run.stderr
        assert "planted-pw" not in run.stdout + run.stderr


def test_a_file_where_a_key_is_meant_is_not_passed_over(httpserver: HTTPServer, tmp_path: Path) -> None:
    (tmp_path / "creds.json").write_text("{}")
    run = Run(
        "login",
        "openai",
        "--file",
        str(tmp_path / "creds.json"),
        "--api-key",
        KEY,
        "--base-url",
        serve_list(httpserver),
    )
    assert run.code == 2
    assert "is no export of a2a" in run.stderr


@pytest.mark.parametrize(
    "text",
    [
        '{"refresh_token":' + "[" * 200_000 + "]" * 200_000 + "}",
        base64.b64encode(b"[" * 100_000).decode(),
        "e30ä",
        "\udcff\udcfe",
    ],
    ids=["deep", "deep base64", "no ASCII", "undecodable bytes"],
)
def test_a_login_that_is_no_json_is_told(text: str) -> None:
    run = Run("login", "gemini", "--base64", "-", "--yes", stdin=text)
    assert run.code == 2
    assert "the text of --base64 is n" in run.stderr


@pytest.mark.parametrize("expiry", ["1e999", "9" * 400, "NaN", "1795364113193000", "-1e300"])
def test_an_expiry_that_is_no_date_counts_as_expired(tmp_path: Path, expiry: str) -> None:
    path = tmp_path / "g.json"
    path.write_text(f'{{"refresh_token": "1//x", "access_token": "ya29.x", "expiry_date": {expiry}}}')
    run = Run("login", "gemini", "--file", str(path), "--yes", "--name", "odd")
    assert "bug" not in run.stderr
    assert "logged in: gemini/odd" in run.stdout
    shown = Run("accounts", "show", "odd")
    assert shown.code == 0
    assert "expires_at" not in shown.stdout


def test_bad_news_is_an_error_in_json_too(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text('{"refresh_token": "1//x", "access_token": "", "client_id": "somebody-else"}')
    run = Run("login", "gemini", "--file", str(path), "--yes", "--json")
    assert (run.code, run.envelope["status"]) == (1, "error")


def test_a_server_that_cannot_be_told_does_not_undo_a_login(
    httpserver: HTTPServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2A_URL", "http://127.0.0.1:9")
    run = Run("login", "openai", "--base-url", serve_list(httpserver), "--api-key", KEY)
    assert (run.code, stored_keys(home)) == (0, [KEY])
    assert "no connection to the server at http://127.0.0.1:9" in run.stderr


def test_a_server_that_is_not_there_does_not_refuse_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2A_URL", "http://127.0.0.1:9")  # and no key was ever made
    run = Run("accounts")
    assert (run.code, "no connection" in run.stderr) == (4, True)


def test_the_guided_choice_leads_to_a_key_of_each_qwen_plan() -> None:
    qwen = [choice for choice in choices() if choice.provider == "openai-qwen-oauth"]
    assert [choice.plan for choice in qwen] == ["standard", "coding", "token", None]
    assert "closed" in qwen[-1].words


def test_a_login_does_not_show_its_key() -> None:
    shown = repr(Login(provider="kiro", api_key="planted-1", base64="planted-2"))
    assert "planted" not in shown


# --- an export of a2a's own ----------------------------------------------------------------------


def export(path: Path, *, provider: str = "claude-kiro-oauth", credential: dict[str, Any] | None = None) -> str:
    """A document of one account, `work`, pinned."""
    account = {"id": "acc_0", "provider": provider, "alias": "work", "kind": "social", "pinned": True}
    token = {"type": "kiro", "kind": "social", "access_token": "aoa-planted", "refresh_token": "aor-planted"}
    path.write_text(json.dumps({"a2a": 1, "accounts": [{"account": account, "credential": credential or token}]}))
    return str(path)


def test_an_export_needs_the_yes_of_a_first_login_too(tmp_path: Path, home: Path) -> None:
    run = Run("login", "kiro", "--file", export(tmp_path / "e.json"))
    assert run.code == 2
    assert login_kiro.QUESTION in run.stderr
    assert login_google.QUESTION not in run.stderr
    assert AccountStore(folders(str(home))).list() == []


def test_an_export_under_another_name(tmp_path: Path, home: Path) -> None:
    run = Run("login", "kiro", "--file", export(tmp_path / "e.json"), "--name", "mine", "--yes")
    (account,) = AccountStore(folders(str(home))).list()
    assert (account.alias, account.pinned) == ("mine", False)
    assert run.stdout.startswith("logged in: kiro/mine")


def test_an_export_renews_the_account_that_is_named(tmp_path: Path, home: Path) -> None:
    Run("login", "kiro", "--method", "api-key", "--api-key", "ksk_x", "--name", "mine", "--yes")
    (before,) = AccountStore(folders(str(home))).list()
    run = Run("login", "kiro", "--file", export(tmp_path / "e.json"), "--name", "mine", "--yes")
    (after,) = AccountStore(folders(str(home))).list()
    assert (after.id, after.kind) == (before.id, "social")
    assert run.stdout.startswith("renewed: kiro/mine")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--name", "a b"), "cannot be an account's name"),
        (("--method", "google"), "--method means nothing beside an export"),
        (("--from-cli",), "--from-cli means nothing beside an export"),
    ],
)
def test_what_does_not_go_with_an_export_is_refused(tmp_path: Path, more: tuple[str, ...], told: str) -> None:
    run = Run("login", "kiro", "--file", export(tmp_path / "e.json"), "--yes", *more)
    assert run.code == 2
    assert told in run.stderr


def test_an_export_says_whose_accounts_it_holds(tmp_path: Path) -> None:
    run = Run("login", "gemini", "--file", export(tmp_path / "e.json"), "--yes")
    assert run.code == 2
    assert "it holds kiro/work" in run.stderr


def test_a_credential_of_another_provider_is_not_taken(tmp_path: Path, home: Path) -> None:
    path = export(tmp_path / "e.json", credential={"type": "api_key", "key": "sk-planted"})
    run = Run("login", "kiro", "--file", path, "--yes")
    assert run.code == 2
    assert "is no export that this version reads" in run.stderr
    assert "planted" not in run.stderr
