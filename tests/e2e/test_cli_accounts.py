"""The installed `a2a` as its own process: streams, exit codes, terminals, keyrings that fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from support import nowhere
from support.kiro_tokens import refresh_text, write_ide_file

KEY = "sk-planted-secret-0123456789"

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal or signals")


def a2a(*args: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "a2a", *args],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **nowhere.VARIABLES, **env},
    )


@pytest.fixture
def upstream(httpserver: HTTPServer) -> Iterator[str]:
    models = {"object": "list", "data": [{"id": "m1"}]}
    httpserver.expect_request("/v1/models", headers={"Authorization": f"Bearer {KEY}"}).respond_with_json(models)
    yield httpserver.url_for("")
    httpserver.clear()


def test_login_list_logout(upstream: str, home: Path, tmp_path: Path) -> None:
    done = a2a("login", "openai", "--base-url", upstream, "--api-key-stdin", "--name", "work", stdin=KEY)
    assert (done.returncode, done.stdout.split(" (")[0]) == (0, "logged in: openai/work")
    write_ide_file(tmp_path / "t.json")
    assert a2a("login", "kiro", "--file", str(tmp_path / "t.json"), "--yes").returncode == 0
    listed = a2a("accounts", "--json")
    assert [a["state"] for a in json.loads(listed.stdout)["data"]] == ["ready", "ready"]
    assert a2a("logout", "openai/work", "--yes").stdout == "removed openai/work\n"
    everything = [done, listed, a2a("accounts", "show", "kiro/1"), a2a("config", "show", "--secrets")]
    for secret in (KEY, refresh_text()):
        assert not any(secret in run.stdout + run.stderr for run in everything)
        assert not any(secret.encode() in p.read_bytes() for p in home.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("accounts",), 0),
        (("nonsense",), 2),
        (("login", "qwen"), 2),
        (("logout", "x", "--yes"), 2),
        (("login", "openai", "--api-key", KEY, "--base-url", "http://127.0.0.1:9"), 4),
    ],
)
def test_exit_codes(args: tuple[str, ...], code: int) -> None:
    done = a2a(*args)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize("backend", ["Locked", "Waiting"])
def test_a_keyring_that_fails_is_told_once_and_never_hangs(upstream: str, home: Path, backend: str) -> None:
    env = {"PYTHON_KEYRING_BACKEND": f"bad_keyrings.{backend}"}
    done = a2a("login", "openai", "--base-url", upstream, "--api-key-stdin", stdin=KEY, **env)
    assert done.returncode == 0
    assert done.stderr.count("the keyring") == 1
    assert str(home / "data" / "credentials") in done.stderr
    assert json.loads(a2a("accounts", "--json", **env).stdout)["data"][0]["state"] == "ready"


@posix
def test_the_file_store_on_demand(upstream: str, home: Path) -> None:
    done = a2a("login", "openai", "--base-url", upstream, "--api-key-stdin", stdin=KEY, A2A_CREDENTIAL_STORE="file")
    assert done.returncode == 0
    (path,) = (home / "data" / "credentials").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "keyring" not in done.stderr


@posix
def test_a_closed_pipe_is_quiet() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen([sys.executable, "-m", "a2a", "config"], stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, b"")


class Terminal:
    """`a2a` on a pseudo-terminal: stdin and stderr; stdout is a pipe."""

    def __init__(self, *args: str) -> None:
        import pty

        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "a2a", *args],
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        while text not in self.seen:
            self.seen += os.read(self.master, 4096).decode()

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> tuple[int, str]:
        stdout, _ = self.process.communicate(timeout=20)
        while True:
            try:
                piece = os.read(self.master, 4096)
            except OSError:  # Linux: the other side is closed
                break
            if not piece:
                break
            self.seen += piece.decode()
        os.close(self.master)
        return self.process.returncode, stdout.decode()


@posix
def test_on_a_terminal_the_key_is_asked_and_not_echoed(upstream: str) -> None:
    terminal = Terminal("login", "openai", "--base-url", upstream)
    terminal.wait_for("API key: ")  # the space comes when the echo is off
    terminal.type(KEY + "\n")
    code, stdout = terminal.end()
    assert (code, stdout.startswith("logged in: openai/1")) == (0, True)
    assert KEY not in terminal.seen


@posix
def test_on_a_terminal_the_risk_is_shown_and_a_no_stores_nothing(home: Path, tmp_path: Path) -> None:
    write_ide_file(tmp_path / "t.json")
    terminal = Terminal("login", "kiro", "--file", str(tmp_path / "t.json"))
    terminal.wait_for("Use this Kiro account with a2a?")
    terminal.type("n\n")
    code, stdout = terminal.end()
    assert (code, stdout) == (1, "")
    assert "suspended" in terminal.seen
    assert not home.exists()


@posix
def test_ctrl_c_is_130() -> None:
    terminal = Terminal("login", "openai", "--preset", "kimi")
    terminal.wait_for("api-keys): ")
    os.kill(terminal.process.pid, signal.SIGINT)
    code, stdout = terminal.end()
    assert (code, stdout) == (130, "")
    assert "Traceback" not in terminal.seen
