"""Kiro tokens on the real server: renewed in time, once, kept before use, and told plainly when they are dead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from support.stage import KIRO, Login, Stage, staged

LOGINS = [
    Login(KIRO, "social", "aoa-social"),
    Login(KIRO, "idc", "aoa-idc-eu"),
    Login(KIRO, "builder", "aoa-bid"),
    Login(KIRO, "external", "jwt-ext"),
    Login(KIRO, "key", "ksk_test"),
    Login(KIRO, "other", "aoa-social-2"),
    Login(KIRO, "spent", "aoa-quota"),
    Login(KIRO, "banned", "aoa-suspended"),
]
RENEWABLE = [login for login in LOGINS if login.alias in ("social", "idc", "builder", "external")]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), LOGINS) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(stage: Stage) -> None:
    stage.demo.idle()
    stage.demo.reset()


def ask(stage: Stage, alias: str, *, stream: bool = False) -> httpx.Response:
    body: dict[str, Any] = {
        "model": f"kiro/{alias}/claude-sonnet-4.5",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 100,
        "stream": stream,
    }
    return stage.server.http.post("/v1/messages", json=body)


def renewals(stage: Stage) -> list[int]:
    """Statuses of the token endpoints' answers."""
    ends = ("/refreshToken", "/token")
    return [seen.status for seen in stage.demo.up.book.of("kiro") if seen.path.endswith(ends)]


def refused(stage: Stage) -> list[int]:
    return [seen.status for seen in stage.demo.calls("kiro") if seen.status != 200]


@pytest.mark.parametrize("alias", ["social", "idc", "builder", "external", "key"])
def test_every_kind_of_login_serves(stage: Stage, alias: str) -> None:
    answer = ask(stage, alias)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-a2a-account"] == f"kiro/{alias}"
    assert renewals(stage) == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("login", RENEWABLE, ids=lambda login: login.alias)
def test_a_refused_token_is_renewed_once_and_the_request_succeeds(stage: Stage, login: Login, stream: bool) -> None:
    stage.demo.up.kiro.expire(login.secret)
    answer = ask(stage, login.alias, stream=stream)
    assert answer.status_code == 200, answer.text
    assert (renewals(stage), refused(stage)) == ([200], [403])
    assert answer.headers["x-a2a-attempts"] == "1"
    assert stage.server.accounts()[f"{KIRO}/{login.alias}"]["state"] == "ready"
    assert ask(stage, login.alias).status_code == 200
    assert renewals(stage) == [200]


def test_many_at_once_share_one_renewal(stage: Stage) -> None:
    stage.demo.up.kiro.expire("aoa-social")
    with ThreadPoolExecutor(8) as workers:
        answers = list(workers.map(lambda number: ask(stage, "social", stream=number % 2 == 0), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert renewals(stage) == [200]
    assert stage.demo.kiro_account("aoa-social").reused == 0


def test_until_refreshed(stage: Stage) -> None:
    stage.demo.fault("401 until_refresh", api="kiro", account="aoa-social")
    assert ask(stage, "social").status_code == 200
    assert (renewals(stage), refused(stage)) == ([200], [401])


def test_a_token_that_stays_refused_is_not_renewed_for_ever(stage: Stage) -> None:
    stage.demo.fault("401", api="kiro", account="aoa-social-2", times=None)
    answer = ask(stage, "other")
    assert answer.status_code == 503
    assert re.search(r"put a new login into \S+/kiro-5\.json", answer.json()["error"]["message"])
    again = ask(stage, "other")
    assert again.status_code == 503
    assert "put a new login into" in again.json()["error"]["message"]
    assert (renewals(stage), refused(stage)) == ([200], [401, 401])
    account = stage.server.accounts()[f"{KIRO}/other"]
    assert (account["state"], account["last_fault"]["scope"]) == ("needs_login", "account")


def test_the_rotation_goes_on_after_a_restart(stage: Stage) -> None:
    """The declared files hold the first refresh tokens, which are dead by now: the store has the live ones."""
    generations = {}
    for login in RENEWABLE:
        stage.demo.up.kiro.expire(login.secret)
        assert ask(stage, login.alias).status_code == 200
        generations[login.secret] = stage.demo.kiro_account(login.secret).generation
    stage.server.stop()
    stage.start()
    stage.demo.reset()
    for login in RENEWABLE:
        assert ask(stage, login.alias).status_code == 200
        assert refused(stage) == [], "the stored access token is used, not the file's"
        stage.demo.up.kiro.expire(login.secret)
        assert ask(stage, login.alias).status_code == 200
        stage.demo.reset()
        account = stage.demo.kiro_account(login.secret)
        assert (account.generation, account.reused) == (generations[login.secret] + 1, 0)
    stored = list((stage.home / "data" / "credentials").glob("src_*.json"))
    assert len(stored) >= len(RENEWABLE)
    assert {oct(path.stat().st_mode & 0o777) for path in stored} == {"0o600"}


def test_an_expired_token_is_renewed_before_it_is_used(tmp_path_factory: pytest.TempPathFactory) -> None:
    with staged(tmp_path_factory.mktemp("expired"), [Login(KIRO, "late", "aoa-social")]) as stage:
        stage.server.stop()
        path = next(stage.folder.glob("kiro-*.json"))
        token = json.loads(path.read_text("utf-8"))
        stage.demo.up.kiro.expire("aoa-social")
        path.write_text(json.dumps({**token, "expiresAt": datetime(2026, 1, 1, tzinfo=UTC).isoformat()}), "utf-8")
        stage.start()
        stage.demo.reset()
        generation = stage.demo.kiro_account("aoa-social").generation
        assert ask(stage, "late").status_code == 200
        assert refused(stage) == []
        assert stage.demo.kiro_account("aoa-social").generation == generation or renewals(stage) == [200]
        assert stage.demo.kiro_account("aoa-social").generation == 1


def test_a_dead_refresh_token_needs_a_login(tmp_path_factory: pytest.TempPathFactory) -> None:
    with staged(tmp_path_factory.mktemp("dead"), [Login(KIRO, "dead", "aoa-social")]) as stage:
        stage.demo.up.kiro.revoke("aoa-social")
        answer = ask(stage, "dead")
        assert (answer.status_code, answer.json()["error"]["type"]) == (503, "api_error")
        assert str(stage.folder / "kiro-0.json") in answer.json()["error"]["message"], "where the login was declared"
        assert stage.server.accounts()[f"{KIRO}/dead"]["state"] == "needs_login"
        assert httpx.get(f"{stage.server.url}/ready", trust_env=False).status_code == 503
        before = len(stage.demo.calls("kiro"))
        assert ask(stage, "dead").status_code == 503
        assert len(stage.demo.calls("kiro")) == before, "it is not asked again"


def test_spent_and_suspended_accounts(stage: Stage) -> None:
    spent = ask(stage, "spent")
    assert spent.status_code in (429, 503)
    banned = ask(stage, "banned")
    assert banned.status_code == 503
    accounts = stage.server.accounts()
    assert (accounts[f"{KIRO}/spent"]["state"], accounts[f"{KIRO}/spent"]["reason"]) == ("cooling", "quota_spent")
    assert (accounts[f"{KIRO}/banned"]["state"], accounts[f"{KIRO}/banned"]["reason"]) == ("suspended", "suspended")
    assert "support.aws.amazon.com" in accounts[f"{KIRO}/banned"]["last_fault"]["remedy"]
