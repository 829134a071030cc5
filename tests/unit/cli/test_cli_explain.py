"""`a2a explain`: a dry run without a server, a past exchange from one that runs, and what it says to whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_httpserver import HTTPServer
from support.cli_run import Run
from werkzeug import Request, Response

from a2a.control.types import (
    Attempt,
    ConfigView,
    Considered,
    Decision,
    Exchange,
    Fault,
    NoteView,
    Route,
    ServerView,
    Timings,
)

KEY = "key-of-the-environment"
OPENAI = "openai-custom"


@pytest.fixture(autouse=True)
def accounts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two declared ones with keys; one provider lists a model."""
    for name in ("a", "b"):
        monkeypatch.setenv(f"KEY_{name}", f"sk-planted-secret-{name}")
    home.mkdir(exist_ok=True)
    entries = [f'[[accounts]]\nprovider = "{OPENAI}"\nname = "{name}"\napi_key_env = "KEY_{name}"' for name in "ab"]
    (home / "config.toml").write_text("\n".join([f'[providers.{OPENAI}]\nmodels = ["gpt-x"]', *entries]))


def test_a_dry_run_for_people() -> None:
    run = Run("explain", "-m", "gpt-x", "--front", "claude")
    assert run.code == 0, run.stderr
    assert "openai, model gpt-x: the provider lists that name" in run.stdout
    assert "openai/a (its turn), then openai/b (next in turn)" in run.stdout
    assert "converted, to http" in run.stdout
    assert "nobody was called" in run.stderr
    assert "planted" not in run.stdout + run.stderr


def test_a_dry_run_as_json() -> None:
    run = Run("explain", "-m", "gpt-x", "--json")
    (hop,) = run.data["hops"]
    assert (run.envelope["status"], hop["mode"]) == ("ok", "relay")
    assert hop["route"]["via"] == "catalogue"


def test_a_file_says_what_would_change(tmp_path: Path) -> None:
    body = {"model": "gpt-x", "max_tokens": 9, "top_k": 3, "messages": [{"role": "user", "content": "hi"}]}
    file = tmp_path / "request.json"
    file.write_text(json.dumps(body))
    run = Run("explain", "--front", "claude", str(file))
    assert (run.code, "top_k" in run.stdout) == (0, True)
    assert Run("explain", "--front", "claude", "-", stdin=json.dumps(body)).stdout == run.stdout


def test_a_name_nobody_serves_ends_with_1_and_near_names() -> None:
    run = Run("explain", "-m", "gpt-y")
    assert run.code == 1
    assert "404" in run.stdout
    assert "gpt-x" in run.stdout


def test_nobody_who_can_serve_comes_with_the_command_that_helps() -> None:
    for name in ("a", "b"):
        Run("accounts", "disable", f"openai/{name}")
    run = Run("explain", "-m", "gpt-x")
    assert run.code == 1
    assert "a2a accounts enable openai/a" in run.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "-m MODEL"),
        (["-m", "m", "--front", "kiro"], "chat or responses"),
        (["nowhere.json"], "cannot read nowhere.json"),
        (["-"], "no JSON object"),
        (["ex_1", "-m", "m"], "a past exchange"),
        (["ex_1"], "no exchange ex_1 is kept"),
    ],
)
def test_what_cannot_be_explained(words: list[str], told: str) -> None:
    run = Run("explain", *words, stdin="[1]")
    assert run.code == 2
    assert told in run.stderr


class Fake:
    """A server that keeps one exchange, and may have trouble with its settings."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.url = httpserver.url_for("")[:-1]
        self.kept: Exchange | None = None
        self.config: ConfigView | None = None
        httpserver.expect_request("/admin/v1/server").respond_with_handler(self.server)
        httpserver.expect_request("/admin/v1/accounts").respond_with_json([])
        httpserver.expect_request("/admin/v1/exchanges").respond_with_json({"exchanges": []})
        httpserver.expect_request("/admin/v1/exchanges/ex_1").respond_with_handler(self.exchange)

    def server(self, _: Request) -> Response:
        return Response(
            msgspec.json.encode(ServerView(url=self.url, pid=1, version="0", started_at=0.0, config=self.config))
        )

    def exchange(self, _: Request) -> Response:
        if self.kept is None:
            told = {"error": {"message": "no", "hint": None, "kind": "not_found", "exit_code": 2}}
            return Response(msgspec.json.encode(told), 404)
        return Response(msgspec.json.encode(self.kept), 200)


@pytest.fixture
def fake(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Fake:
    monkeypatch.setenv("A2A_API_KEY", KEY)
    one = Fake(httpserver)
    monkeypatch.setenv("A2A_URL", one.url)
    return one


def failed() -> Exchange:
    limited = Fault(
        kind="rate_limited", message="slow down", status=429, scope="account", action="cool_down", until=60.0
    )
    decision = Decision(
        strategy="round-robin",
        picked="openai/a",
        considered=[Considered(account="openai/b", why="disabled"), Considered(account="openai/a", why="picked")],
        waited_ms=1500.0,
    )
    tried: dict[str, Any] = {"n": 1, "provider": OPENAI, "account": "openai/a", "model": "gpt-x", "started_at": 1.0}
    attempt = Attempt(
        **tried,
        decision=decision,
        status=429,
        upstream_id="req_of_theirs",
        duration_ms=310.0,
        outcome="failed",
        fault=limited,
    )
    return Exchange(
        id="ex_1",
        started_at=1.0,
        client="laptop",
        front="claude",
        path="/v1/messages",
        agent="claude-cli/2.1",
        state="failed",
        status=429,
        mode="convert",
        route=Route(front="claude", asked="gpt-x", provider=OPENAI, model="gpt-x", via="catalogue"),
        attempts=[attempt],
        unserved=[Decision(strategy="round-robin", picked=None, considered=decision.considered[:1])],
        notes=[NoteView("top_k", "dropped", "no such thing there")],
        timings=Timings(last=320.0),
        fault=Fault(kind="rate_limited", message="openai/a: slow down", status=429, scope="account"),
    )


def test_a_failed_exchange_tells_its_story_and_what_to_do(fake: Fake) -> None:
    fake.kept = failed()
    run = Run("explain", "ex_1")
    assert run.code == 1
    for told in (
        "by client laptop",
        "claude-cli/2.1",
        "failed, status 429, after 320 ms, converted",
        "openai/a: slow down",
        "gpt-x -> openai, model gpt-x: the provider lists that name",
        "1.   openai/a, model gpt-x: failed, upstream status 429, after 310 ms",
        "picked, by round-robin, after waiting 1.5 s",
        "others: openai/b: disabled",
        "the upstream calls it req_of_theirs",
        "then the account rests until",
        "Then nobody was left: openai/b: disabled",
        "top_k dropped: no such thing there",
        "What to do:",
        "a2a accounts enable openai/b",
    ):
        assert told in run.stdout, run.stdout


def test_a_served_exchange_ends_with_0(fake: Fake) -> None:
    fake.kept = failed()
    fake.kept.state, fake.kept.fault = "done", None
    run = Run("explain", "ex_1", "--json")
    assert (run.code, run.data["id"], run.envelope["status"]) == (0, "ex_1", "ok")


def test_one_that_is_not_kept(fake: Fake) -> None:
    run = Run("explain", "ex_1")
    assert (run.code, "no exchange ex_1 is kept" in run.stderr) == (2, True)


def test_a_server_that_refuses_its_settings_is_remarked(fake: Fake) -> None:
    fake.config = ConfigView(
        loaded_at=0.0, refused="config.toml:3: no such key 'stratgy'", hint="did you mean strategy?", refused_at=1.0
    )
    run = Run("accounts")
    assert "config.toml:3: no such key 'stratgy' (did you mean strategy?)" in run.stderr
    assert run.code == 0


def test_what_waits_for_the_next_start_is_remarked(fake: Fake) -> None:
    fake.config = ConfigView(loaded_at=0.0, restart=["server.port"])
    assert "from its next start on: server.port" in Run("accounts").stderr
