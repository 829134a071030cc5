"""A server whose settings change under it: what is taken, what is refused, and what it says about requests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.a2a_process import KEY, clean_env
from support.cli_run import Run
from support.stage import CLAUDE, MODEL, OPENAI, Login, Stage, staged
from support.waiting import PATIENCE_S, eventually

LOGINS = [Login(OPENAI, "one", "sk-demo-openai-1"), Login(CLAUDE, "one", "sk-demo-claude-1")]


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), LOGINS, server={"keepalive_s": 9}) as made:
        made.env["A2A_API_KEY"] = KEY
        yield made


def body(provider: str = OPENAI, *, stream: bool = False) -> dict[str, Any]:
    asked = [{"role": "user", "content": "hello"}]
    return {"model": MODEL[provider], "messages": asked, "max_tokens": 100, "stream": stream}


def ask(stage: Stage, provider: str = OPENAI) -> Any:
    return stage.server.http.post(f"/{provider}/v1/messages", json=body(provider))


def config(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.server.http.get("/admin/v1/server").json()["config"]
    return found


def edit(stage: Stage, old: str, new: str) -> None:
    """As an editor does: another file in its place."""
    file = stage.home / "config.toml"
    text = file.read_text("utf-8")
    assert old in text
    other = stage.home / "config.toml~"
    other.write_text(text.replace(old, new, 1), "utf-8")
    other.replace(file)


def test_an_account_that_is_written_into_the_file_serves(stage: Stage) -> None:
    (stage.folder / "key").write_text("sk-demo-openai-2")
    entry = (
        f'[[accounts]]\nprovider = "{OPENAI}"\nname = "two"\napi_key_file = "{stage.folder / "key"}"\npriority = -1\n'
    )
    edit(stage, "[[accounts]]", f"{entry}[[accounts]]")
    eventually(lambda: ask(stage).headers["x-a2a-account"] == "openai/two", "the server to take it")
    edit(stage, entry, "")
    eventually(lambda: f"{OPENAI}/two" not in stage.server.accounts(), "the server to let it go")
    assert ask(stage).headers["x-a2a-account"] == "openai/one"


def test_a_broken_file_is_refused_in_the_middle_of_a_stream_and_all_goes_on(stage: Stage) -> None:
    stage.demo.fault("stall after=3 seconds=3")
    with stage.server.http.stream("POST", f"/{OPENAI}/v1/messages", json=body(stream=True)) as answer:
        pieces = answer.iter_bytes()
        said = [next(pieces)]
        edit(stage, f"[providers.{OPENAI}]", f"[providers.{OPENAI}]\nstratgy = 'weighted'")
        refused = eventually(lambda: config(stage)["refused"], "the refusal")
        assert ask(stage).status_code == 200
        said += pieces
    assert b"message_stop" in b"".join(said)
    line = 1 + (stage.home / "config.toml").read_text("utf-8").splitlines().index("stratgy = 'weighted'")
    assert f"config.toml:{line}: " in refused
    assert "strategy" in config(stage)["hint"]
    assert stage.server.stderr.count("settings_refused") == 1
    assert stage.cli("accounts").returncode == 2
    edit(stage, "stratgy", "strategy")
    eventually(lambda: config(stage)["refused"] is None, "the file to be taken")
    assert ask(stage).status_code == 200


def test_another_upstream_is_called_from_then_on(stage: Stage) -> None:
    base = f'base_url = "{stage.demo.up.claude_url}"'
    edit(stage, base, 'base_url = "http://127.0.0.1:9"')
    eventually(lambda: ask(stage, CLAUDE).status_code != 200, "the wrong address")
    edit(stage, 'base_url = "http://127.0.0.1:9"', base)
    stage.server.http.post(f"/admin/v1/accounts/{CLAUDE}/one/reset")
    eventually(lambda: ask(stage, CLAUDE).status_code == 200, "the right one")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")
def test_a_hang_up_reads_the_settings_again(stage: Stage) -> None:
    at = config(stage)["loaded_at"]
    edit(stage, f"[providers.{OPENAI}]", f"[providers.{OPENAI}]\nuser_agent = 'mine/1'")
    stage.server.send(signal.SIGHUP)
    eventually(lambda: config(stage)["loaded_at"] > at, "the settings")
    assert stage.server.code is None
    assert ask(stage).status_code == 200
    assert stage.demo.calls("openai")[-1].headers["user-agent"] == "mine/1"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")
def test_a_terminal_that_is_gone_ends_the_server_it_started(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    master, slave = os.openpty()
    take = (
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
    )
    words = [sys.executable, "-m", "a2a", "serve", "--port", "0", "--json"]
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        server = subprocess.Popen(
            [sys.executable, "-c", take, *words],
            env=clean_env(tmp_path / "home", {"A2A_API_KEY": KEY}),
            stdin=slave,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    os.close(slave)
    try:
        eventually(lambda: b"ready" in (tmp_path / "out").read_bytes(), "the ready line")
        os.close(master)
        assert server.wait(PATIENCE_S) == 0
    finally:
        server.kill()
        server.wait(PATIENCE_S)


def test_what_waits_for_a_restart_is_told(stage: Stage) -> None:
    edit(stage, "[server]", "[server]\nmax_body_mib = 3")
    eventually(lambda: config(stage)["restart"] == ["server.max_body_mib"], "the settings")
    assert b"server.max_body_mib" in stage.cli("accounts").stderr


def test_a_failed_exchange_is_explained(stage: Stage) -> None:
    stage.demo.fault("429 retry-after=300", api="openai")
    failed = [ask(stage) for _ in range(2)]
    assert [answer.status_code for answer in failed] == [429, 429]
    tried, refused = (stage.cli("explain", answer.headers["x-a2a-exchange"]) for answer in failed)
    assert (tried.returncode, refused.returncode) == (1, 1)
    assert b"upstream status 429" in tried.stdout
    assert b"nobody was left: openai/one: cooling" in refused.stdout
    for said in (tried.stdout, refused.stdout):
        assert b"What to do:" in said
    assert b"a2a accounts reset openai/one" in refused.stdout
    planned = stage.cli("explain", "-m", MODEL[OPENAI], "-p", "openai", "--json")
    (hop,) = json.loads(planned.stdout)["data"]["hops"]
    assert (planned.returncode, hop["accounts"], hop["waiting"][0]["account"]) == (1, [], "openai/one")


def test_surfaces_agree_on_states_and_counts(stage: Stage) -> None:
    stage.demo.fault("401", api="openai")
    assert ask(stage).status_code == 503
    assert ask(stage, CLAUDE).status_code == 200
    text = stage.server.http.get("/metrics").text
    listed = json.loads(stage.cli("accounts", "--json").stdout)["data"]
    for view in listed:
        name = f"{'openai' if view['provider'] == OPENAI else 'claude'}/{view['alias']}"
        labels = f'provider="{view["provider"]}",account="{name}",state="{view["state"]}"'
        assert f"a2a_account_state{{{labels}}} 1" in text
    assert [view["state"] for view in listed if view["provider"] == OPENAI] == ["needs_login"]
    assert "a2a_ready 1" in text
    assert stage.server.http.get("/ready").status_code == 200
    assert 'a2a_requests_total{front="claude",provider="claude-custom",state="done",status="200"} 1' in text


def test_a_command_has_the_servers_read_their_settings(stage: Stage) -> None:
    edit(stage, f"[providers.{OPENAI}]", f"[providers.{OPENAI}]\nuser_agent = 'mine/1'")
    done = stage.cli("--json", "config", "reload")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["data"]
    assert found["accounts"] == len(LOGINS)
    assert ask(stage).status_code == 200
    assert stage.demo.calls("openai")[-1].headers["user-agent"] == "mine/1"


def test_without_a_server_nobody_reads_them(home: Path) -> None:
    run = Run("config", "reload")
    assert run.code == 4
    assert "no server runs here" in run.stderr
