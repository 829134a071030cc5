"""`a2a accounts` beside real servers: what the command does takes effect at once, and what is learned survives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.a2a_process import KEY, Server
from support.stage import CLAUDE, KIRO, MODEL, OPENAI, Login, Stage, staged
from support.waiting import eventually

SECRETS = {OPENAI: "sk-demo-openai-1", CLAUDE: "sk-demo-claude-1", KIRO: "aoa-social"}
LOGINS = [
    *(Login(provider, alias, SECRETS[provider]) for provider in (OPENAI, CLAUDE) for alias in ("one", "two")),
    Login(KIRO, "one", SECRETS[KIRO]),
]
ASKED = {"role": "user", "content": "hello"}
LATER = [ASKED, {"role": "assistant", "content": "hello yourself"}, {"role": "user", "content": "and now?"}]


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), LOGINS) as made:
        made.env["A2A_API_KEY"] = KEY
        yield made


def a2a(stage: Stage, *args: str, code: int = 0) -> Any:
    """`a2a accounts … --json`: its data, or its errors."""
    done = stage.cli("accounts", *args, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    envelope = json.loads(done.stdout)
    return envelope["errors"] if code else envelope["data"]


def body(
    messages: list[dict[str, str]] | None = None, *, provider: str = OPENAI, stream: bool = False
) -> dict[str, Any]:
    return {"model": MODEL[provider], "messages": messages or [ASKED], "max_tokens": 100, "stream": stream}


def ask(server: Server, messages: list[dict[str, str]] | None = None, *, provider: str = OPENAI) -> str:
    """The alias of the account that answered, else the status and what was said."""
    answer = server.http.post(f"/{provider}/v1/messages", json=body(messages, provider=provider))
    if answer.status_code != 200:
        return f"{answer.status_code} {answer.text}"
    return answer.headers["x-a2a-account"].rpartition("/")[2]


def keep(stage: Stage) -> list[dict[str, Any]]:
    """The health files, as they are."""
    return [json.loads(path.read_bytes()) for path in (stage.home / "state" / "health").glob("*.json")]


def test_a_stream_goes_on_while_its_account_is_disabled(stage: Stage) -> None:
    stage.demo.fault("stall after=3 seconds=1.5")
    http = stage.server.http
    with http.stream("POST", "/openai/v1/messages", json=body(stream=True)) as answer:
        pieces = answer.iter_bytes()
        said = [next(pieces)]
        alias = answer.headers["x-a2a-account"].rpartition("/")[2]
        assert a2a(stage, "disable", f"openai/{alias}")["view"]["in_flight"] == 1
        other = {"one": "two", "two": "one"}[alias]
        assert {ask(stage.server) for _ in range(3)} == {other}
        said += pieces
    assert b"message_stop" in b"".join(said)
    row = stage.server.accounts()[f"{OPENAI}/{alias}"]
    assert (row["state"], row["in_flight"], row["counts"]["failures"]) == ("disabled", 0, 0)
    a2a(stage, "enable", f"openai/{alias}")
    assert alias in {ask(stage.server) for _ in range(2)}


def test_a_drained_account_keeps_its_conversation(stage: Stage) -> None:
    alias = ask(stage.server)
    other = {"one": "two", "two": "one"}[alias]
    a2a(stage, "drain", f"openai/{alias}")
    assert [ask(stage.server, LATER) for _ in range(2)] == [alias, alias]
    fresh = [[{"role": "user", "content": f"new {number}"}] for number in range(3)]
    assert {ask(stage.server, messages) for messages in fresh} == {other}
    a2a(stage, "disable", f"openai/{alias}")
    assert ask(stage.server, LATER) == other


def test_an_account_that_drains_alone_answers_its_conversations_and_no_new_ones(stage: Stage) -> None:
    a2a(stage, "drain", "kiro/one")
    assert ask(stage.server, LATER, provider=KIRO) == "one"
    assert ask(stage.server, provider=KIRO).startswith("503")


def test_a_pinned_account_takes_every_request_of_its_provider(stage: Stage) -> None:
    a2a(stage, "pin", "openai/two")
    assert {ask(stage.server) for _ in range(4)} == {"two"}
    assert {ask(stage.server, provider=CLAUDE) for _ in range(2)} == {"one", "two"}
    a2a(stage, "pin", "openai/one")
    assert {ask(stage.server) for _ in range(4)} == {"one"}
    a2a(stage, "unpin", "openai/one")
    assert {ask(stage.server) for _ in range(4)} == {"one", "two"}


def test_an_account_that_is_logged_in_to_and_removed_while_it_serves(stage: Stage) -> None:
    login = ["login", "openai", "--base-url", stage.demo.up.openai_url, "--name", "extra", "--api-key-stdin"]
    assert stage.cli(*login, stdin=SECRETS[OPENAI]).returncode == 0
    row = eventually(lambda: stage.server.accounts().get(f"{OPENAI}/extra"), "the server to know it")
    a2a(stage, "pin", "openai/extra")
    stage.demo.fault("stall after=3 seconds=1.5")
    with stage.server.http.stream("POST", "/openai/v1/messages", json=body(stream=True)) as answer:
        pieces = answer.iter_bytes()
        said = [next(pieces)]
        assert answer.headers["x-a2a-account"].endswith("/extra")
        a2a(stage, "remove", "openai/extra", "--yes")
        assert ask(stage.server) in ("one", "two")
        said += pieces
    assert b"message_stop" in b"".join(said)
    assert f"{OPENAI}/extra" not in stage.server.accounts()
    left = [path for path in stage.home.rglob(f"{row['id']}*") if "cache" not in path.parts and path.suffix != ".lock"]
    assert left == []


def test_two_servers_of_a_home_agree(stage: Stage) -> None:
    other = Server(stage.home, env=stage.env)
    try:
        a2a(stage, "disable", "openai/one")
        for server in (stage.server, other):
            assert server.accounts()[f"{OPENAI}/one"]["state"] == "disabled"
            assert {ask(server) for _ in range(3)} == {"two"}
        a2a(stage, "enable", "openai/one")
        assert {server.accounts()[f"{OPENAI}/one"]["state"] for server in (stage.server, other)} == {"ready"}
    finally:
        other.stop()


def test_a_reset_reaches_every_server(stage: Stage) -> None:
    other = Server(stage.home, env=stage.env)
    try:
        for server in (stage.server, other):
            stage.demo.fault("401", api="openai")
            server.http.post("/v1/messages", json=body(), headers={"model-provider": "openai/one"})
            assert server.accounts()[f"{OPENAI}/one"]["state"] == "needs_login"
        a2a(stage, "reset", "openai/one")
        for server in (stage.server, other):
            assert server.accounts()[f"{OPENAI}/one"]["state"] == "ready"
    finally:
        other.stop()


def test_kill_9_and_a_restart_keep_holds_cooldowns_and_counts(stage: Stage) -> None:
    stage.demo.fault("429 retry-after=300", api="openai")
    stage.demo.fault("401", api="claude")
    ask(stage.server)
    ask(stage.server, provider=CLAUDE)
    before = {name: row for name, row in stage.server.accounts().items() if row["state"] != "ready"}
    assert sorted(row["state"] for row in before.values()) == ["cooling", "needs_login"]
    eventually(lambda: sorted(one.get("state", "") for one in keep(stage))[-2:] == ["cooling", "needs_login"], "files")
    stage.server.kill()
    offline = {f"{row['provider']}/{row['alias']}": row for row in a2a(stage, "list")}
    stage.start()
    after = stage.server.accounts()
    for name, row in before.items():
        for seen in (offline[name], after[name]):
            assert (seen["state"], seen["reason"], seen["message"]) == (row["state"], row["reason"], row["message"])
            assert seen["counts"]["requests"] >= 1
            assert seen["until"] == pytest.approx(row["until"], abs=1.0) if row["until"] else seen["until"] is None


def test_switches_survive_a_restart(stage: Stage) -> None:
    a2a(stage, "disable", "openai/one")
    a2a(stage, "pin", "claude/two")
    stage.server.kill()
    stage.start()
    rows = stage.server.accounts()
    assert (rows[f"{OPENAI}/one"]["state"], rows[f"{CLAUDE}/two"]["pinned"]) == ("disabled", True)


def test_with_a_wrong_key_it_is_done_on_disk_and_said(stage: Stage) -> None:
    stage.env["A2A_API_KEY"] = "a-key-that-this-server-does-not-know"
    done = stage.cli("accounts", "disable", "openai/one")
    assert (done.returncode, done.stdout.startswith(b"openai/one: ")) == (0, True)
    assert done.stderr.count(b"refuses our key") == 1
    assert stage.server.accounts()[f"{OPENAI}/one"]["state"] == "ready"
    stage.env["A2A_API_KEY"] = KEY
    stage.server.http.post("/admin/v1/accounts/reload")
    assert stage.server.accounts()[f"{OPENAI}/one"]["state"] == "disabled"


def test_a_named_server_is_that_one_or_an_error(stage: Stage) -> None:
    stage.env["A2A_URL"] = stage.server.url
    assert a2a(stage, "disable", "openai/one")["view"]["state"] == "disabled"
    stage.env["A2A_URL"] = "http://127.0.0.1:9"
    (error,) = a2a(stage, "enable", "openai/one", code=4)
    assert "http://127.0.0.1:9" in error["message"]
    assert stage.server.accounts()[f"{OPENAI}/one"]["state"] == "disabled"


def test_a_token_is_renewed_on_command(stage: Stage) -> None:
    before = stage.demo.kiro_account("aoa-social").access_token
    a2a(stage, "refresh", "kiro/one")
    assert stage.demo.kiro_account("aoa-social").access_token != before
    assert ask(stage.server, provider=KIRO) == "one"
    (error,) = a2a(stage, "refresh", "openai/one", code=2)
    assert "has a key" in error["message"]


def test_tests_of_all_accounts_go_through_the_server(stage: Stage) -> None:
    tested = a2a(stage, "test")
    assert {row["account"] for row in tested} == set(stage.server.accounts())
    assert {row["standing"]["state"] for row in tested} == {"ready"}
    assert stage.server.accounts()[f"{KIRO}/one"]["quota"]
