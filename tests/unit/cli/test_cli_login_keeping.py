"""How a login is stored while others are at work on its account: renewals, commands, further logins, config.toml."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from support.cli_run import Run

from a2a.auth.accounts import AccountStore
from a2a.auth.locks import hold
from a2a.auth.records import Account, ApiKey, QwenToken
from a2a.cli.home import Home
from a2a.cli.login_flow import Login
from a2a.cli.output import Out
from a2a.errors import UsageError
from a2a.gateway.logins.keeping import keep
from a2a.paths import folders
from a2a.secret import Secret

QWEN, OPENAI = "openai-qwen-oauth", "openai-custom"
TOKEN = QwenToken(access_token=Secret("at"), refresh_token=Secret("rt"))
KEY = ApiKey(Secret("sk-1"))


@pytest.fixture
def here(home: Path) -> Home:
    out = Out(stderr=io.StringIO())
    return Home(out, out.settings())


def saved(home: Home, alias: str, **fields: object) -> Account:
    account = Account(id=f"acc_{alias}", provider=QWEN, alias=alias, **fields)  # type: ignore[arg-type]
    home.accounts.put(account)
    return account


def draft(alias: str = "new", **fields: object) -> Account:
    return Account(id="acc_new", provider=QWEN, alias=alias, kind="oauth", **fields)  # type: ignore[arg-type]


def test_a_login_waits_for_a_renewal_that_is_on_its_way(here: Home) -> None:
    same = saved(here, "work")
    done = threading.Event()

    def log_in() -> None:
        keep(here, Login(provider=QWEN), draft(), TOKEN, same=same, note="")
        done.set()

    with hold(here.settings.folders.locks / f"{same.id}.lock"):
        thread = threading.Thread(target=log_in)
        thread.start()
        assert not done.wait(0.2)
        here.secrets.put(same.id, b"what the renewal got")
    thread.join(10)
    assert b'"at"' in (here.secrets.get(same.id) or b"")


def test_what_was_set_while_the_login_went_on_stays(here: Home) -> None:
    same = saved(here, "work")
    here.accounts.put(Account(id=same.id, provider=QWEN, alias="renamed", priority=5, enabled=False))
    done = keep(here, Login(provider=QWEN), draft(), TOKEN, same=same, note="")
    assert (done.account.alias, done.account.priority, done.account.enabled) == ("renamed", 5, False)


def test_an_account_that_was_removed_meanwhile_is_there_again(here: Home) -> None:
    same = saved(here, "work")
    here.accounts.delete(same.id)
    done = keep(here, Login(provider=QWEN), draft(), TOKEN, same=same, note="")
    assert here.accounts.get(same.id) == done.account


def test_a_name_that_another_login_took_meanwhile_gives_way(here: Home) -> None:
    saved(here, "me@x.org")
    done = keep(here, Login(provider=QWEN), draft("me@x.org"), TOKEN, same=None, note="")
    assert done.account.alias == "1"


def test_a_name_that_was_asked_for_does_not_give_way(here: Home) -> None:
    saved(here, "work")
    with pytest.raises(UsageError, match="already an account"):
        keep(here, Login(provider=QWEN, name="work"), draft("work"), TOKEN, same=None, note="")
    assert here.secrets.get("acc_new") is None


def test_a_token_for_an_account_of_a_key_leaves_the_key_s_host_behind(here: Home) -> None:
    urls = {"base_url": "https://coding.example/v1"}
    same = saved(here, "work", plan="coding", region="cn", urls=urls, priority=3)
    account = keep(here, Login(provider=QWEN), draft(), TOKEN, same=same, note="").account
    assert (account.kind, account.plan, account.region, account.urls) == ("oauth", None, None, {})
    assert account.priority == 3


def test_another_user_than_before_is_told(here: Home) -> None:
    same = saved(here, "work", kind="oauth", label="ann@x.org")
    keep(here, Login(provider=QWEN), draft(label="bob@x.org"), TOKEN, same=same, note="")
    assert here.out.stderr.getvalue() == "qwen/work was ann@x.org until now\n"  # type: ignore[attr-defined]


DECLARED = """
[[accounts]]
provider = "openai-custom"
name = "kimi"
base_url = "http://127.0.0.1:9/v1"
api_key_env = "KIMI_KEY"
"""


@pytest.fixture
def declared(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / "config.toml").write_text(DECLARED)
    monkeypatch.setenv("KIMI_KEY", "sk-declared")


def test_the_name_of_a_declared_account_is_refused(declared: None, home: Path) -> None:
    run = Run("login", "openai", "--name", "kimi", "--api-key", "sk-2")
    assert run.code == 2
    assert "openai/kimi is declared in config.toml" in run.stderr
    assert AccountStore(folders(str(home))).list() == []


def test_a_preset_s_name_gives_way_to_a_declared_account(declared: None, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"data": []})
    url = httpserver.url_for("/v1")
    assert Run("login", "openai", "--preset", "kimi", "--base-url", url, "--api-key", "sk-2").code == 0
    listed = Run("accounts", "--json")
    assert sorted(one["alias"] for one in listed.data) == ["1", "kimi"]
    assert listed.envelope["errors"] == []


def test_a_disabled_account_is_not_said_to_be_ready_to_try(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/models").respond_with_json({"data": []})
    login = ("login", "openai", "--base-url", httpserver.url_for("/v1"), "--api-key", "sk-2", "--name", "work")
    assert "try it" in Run(*login).stderr
    Run("accounts", "disable", "work")
    told = Run(*login).stderr
    assert "it is disabled: a2a accounts enable openai/work" in told
    assert "try it" not in told
