"""`a2a login` for Gemini, Qwen and the keys of the new providers, as a user types it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from support.cli_run import Run

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import decode_credential
from a2a.auth.records import Account, ApiKey, GoogleToken, QwenToken
from a2a.auth.store import open_store
from a2a.gateway.logins.methods import GEMINI_RISK, QWEN_RISK
from a2a.paths import folders

GOOGLE = {"access_token": "ya29.planted", "refresh_token": "1//planted", "expiry_date": 1_895_003_599_000}
QWEN = {"access_token": "at-planted", "refresh_token": "rt-planted", "expiry_date": 1_895_003_599_000}
CLAIMS = base64.urlsafe_b64encode(b'{"email":"me@x.org"}').decode().rstrip("=")


@pytest.fixture(autouse=True)
def client_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("A2A_GEMINI_OAUTH_CLIENT_SECRET", "planted-client-secret")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))


def write(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def only_account(home: Path) -> Account:
    (account,) = AccountStore(folders(str(home))).list()
    return account


def secret_of(home: Path, account: Account) -> Any:
    store = open_store("keyring", folders(str(home)), say=print)
    return decode_credential(store.get(account.id) or b"", account.name)


# --- gemini --------------------------------------------------------------------------------------


def test_gemini_shows_the_risk_and_wants_a_yes(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path / "g.json", GOOGLE)
    run = Run("login", "gemini", "--file", str(path))
    assert run.code == 2
    assert " ".join(GEMINI_RISK.split()) in " ".join(run.stderr.split())
    assert "--yes" in run.stderr
    assert not home.exists()


def test_gemini_imports_the_file_with_its_project(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path / "g.json", {**GOOGLE, "id_token": f"h.{CLAIMS}.s"})
    run = Run("login", "gemini", "--file", str(path), "--project-id", "acme-1", "--yes")
    account = only_account(home)
    assert run.stdout == f"logged in: gemini/me@x.org (me@x.org, from {path})\n"
    assert "could not ask whether it works" in run.stderr
    assert (account.kind, account.project_id, account.source) == ("oauth", "acme-1", str(path))
    assert account.expires_at == 1_895_003_599.0
    token = secret_of(home, account)
    assert isinstance(token, GoogleToken)
    assert token.refresh_token.reveal() == "1//planted"
    assert "planted" not in run.stdout + run.stderr


def test_gemini_from_the_cli_s_own_file(tmp_path: Path, home: Path) -> None:
    assert "log in with the Gemini CLI first" in Run("login", "gemini", "--from-cli", "--yes").stderr
    path = write(tmp_path / ".gemini" / "oauth_creds.json", GOOGLE)
    write(path.parent / "google_accounts.json", {"active": "active@x.org"})
    assert Run("login", "gemini", "--from-cli", "--yes").code == 0
    assert only_account(home).alias == "active@x.org"


def test_the_same_user_again_is_the_same_account(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path / "g.json", {**GOOGLE, "email": "me@x.org"})
    Run("login", "gemini", "--file", str(path), "--project-id", "acme-1", "--yes")
    write(path, {**GOOGLE, "email": "me@x.org", "refresh_token": "1//next"})
    assert Run("login", "gemini", "--file", str(path), "--yes").stdout.startswith("renewed: gemini/me@x.org")
    assert only_account(home).project_id == "acme-1"


def test_without_the_client_s_secret_the_login_explains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.delenv("A2A_GEMINI_OAUTH_CLIENT_SECRET")
    monkeypatch.setattr("a2a.auth.google_client._ROOTS", ())
    run = Run("login", "gemini", "--file", str(write(tmp_path / "g.json", GOOGLE)), "--yes")
    assert run.code == 0
    assert "A2A_GEMINI_OAUTH_CLIENT_SECRET" in run.stderr
    assert "cannot be renewed yet" in run.stdout


# --- qwen ----------------------------------------------------------------------------------------


def test_qwen_oauth_says_that_the_tier_is_closed(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path / ".qwen" / "oauth_creds.json", QWEN)
    run = Run("login", "qwen", "--from-cli")
    assert (run.code, " ".join(QWEN_RISK.split()) in " ".join(run.stderr.split())) == (2, True)
    assert Run("login", "qwen", "--from-cli", "--yes").stdout == f"logged in: qwen/1 (Qwen OAuth, from {path})\n"
    token = secret_of(home, only_account(home))
    assert isinstance(token, QwenToken)


def test_qwen_from_base64(home: Path) -> None:
    text = base64.b64encode(json.dumps({**QWEN, "email": "q@x.org"}).encode()).decode()
    assert Run("login", "qwen", "--base64", "-", "--yes", stdin=text).code == 0
    assert (only_account(home).alias, only_account(home).source) == ("q@x.org", None)


def test_qwen_by_key_keeps_plan_and_region(httpserver: HTTPServer, home: Path) -> None:
    httpserver.expect_request("/v1/models").respond_with_data("nothing here", status=404)
    said = {"choices": [{"index": 0, "delta": {"content": "h"}, "finish_reason": "length"}], "model": "m", "id": "c"}
    stream = f"data: {json.dumps(said)}\n\ndata: [DONE]\n\n"
    httpserver.expect_request("/v1/chat/completions").respond_with_data(stream, content_type="text/event-stream")
    more = ("--plan", "coding", "--region", "cn", "--base-url", httpserver.url_for("/v1"))
    run = Run("login", "qwen", "--api-key-stdin", *more, stdin="sk-sp-planted\n")
    account = only_account(home)
    assert run.code == 0
    assert (account.kind, account.plan, account.region) == ("api_key", "coding", "cn")
    assert isinstance(secret_of(home, account), ApiKey)
    assert "planted" not in run.stdout + run.stderr


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/v1", "/v1beta"])
def test_a_gemini_key_is_checked_at_its_list(httpserver: HTTPServer, home: Path, path: str) -> None:
    httpserver.expect_request("/v1beta/models", headers={"x-goog-api-key": "AIza-1"}).respond_with_json(
        {"models": [{"name": "models/m"}]}
    )
    url = httpserver.url_for(path).rstrip("/")
    run = Run("login", "gemini-key", "--base-url", url, "--api-key-stdin", stdin="AIza-1\n")
    root = httpserver.url_for("").rstrip("/")
    assert run.stdout == f"logged in: gemini-key/1 (1 model at {root}/v1beta)\n"


def test_google_refuses_a_key_with_a_400(httpserver: HTTPServer) -> None:
    body = {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}}
    httpserver.expect_request("/v1beta/models").respond_with_json(body, status=400)
    run = Run("login", "gemini-key", "--base-url", httpserver.url_for(""), "--api-key-stdin", stdin="AIza-1\n")
    assert run.code == 3
    assert "refuses this key (400)" in run.stderr


def test_a_responses_key(httpserver: HTTPServer, home: Path) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"data": []})
    run = Run("login", "responses", "--base-url", httpserver.url_for(""), "--api-key-stdin", stdin="sk-1\n")
    assert run.code == 0
    assert only_account(home).provider == "openaiResponses-custom"
