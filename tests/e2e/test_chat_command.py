"""`a2a chat` as a program: the answer alone on stdout, everything else on stderr, exit codes that mean something."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from support.a2a_process import clean_env, run_cli
from support.stage import CLAUDE, KIRO, MODEL, ONE_EACH, OPENAI, PROVIDERS, SHORT, Stage, staged

from a2a.demo.kiro.script import Text, Think, Turn

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
)
SERVER = {"model_provider": ["openai"], "default_model": "demo-chat"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), ONE_EACH, server=SERVER, serve=False) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(stage: Stage) -> None:
    """No faults, and no account that rests from those of the test before."""
    stage.demo.reset()
    shutil.rmtree(stage.home / "state" / "health", ignore_errors=True)


def test_the_answer_alone_is_on_stdout(stage: Stage) -> None:
    ended = stage.cli("chat", "hello")
    assert (ended.returncode, ended.stdout.decode()) == (0, "You said: hello — noted ✓\n"), ended.stderr
    assert "openai/one demo-chat" in ended.stderr.decode()
    assert stage.cli("chat", "--quiet", "hello").stderr == b""


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("how", [[], ["--no-stream"]], ids=["stream", "whole"])
def test_every_provider(stage: Stage, provider: str, how: list[str]) -> None:
    ended = stage.cli("chat", "-p", SHORT[provider], "-m", MODEL[provider], *how, "grüß", "dich,", "世界")
    assert (ended.returncode, ended.stdout.decode()) == (0, "You said: grüß dich, 世界 — noted ✓\n"), ended.stderr
    assert f"{SHORT[provider]}/one {MODEL[provider]}" in ended.stderr.decode()


@pytest.mark.parametrize(("model", "account"), [("gpt-4.1", b"openai/one"), ("deepseek-3.2", b"kiro/one")])
def test_a_model_finds_its_provider(stage: Stage, model: str, account: bytes) -> None:
    ended = stage.cli("chat", "-m", model, "hello")
    assert (ended.returncode, account in ended.stderr) == (0, True), ended.stderr


def test_one_account_by_name(stage: Stage) -> None:
    assert stage.cli("chat", "-p", "openai/one", "-m", "demo-chat", "hello").returncode == 0
    assert stage.cli("chat", "-p", "openai/nobody", "-m", "demo-chat", "hello").returncode == 2


def test_stdin_is_appended(stage: Stage) -> None:
    said = stage.cli("chat", "look at this:", stdin="from the pipe\n").stdout.decode()
    assert "look at this:" in said
    assert "from the pipe" in said
    assert stage.cli("chat", "-", stdin="only the pipe").stdout.decode() == "You said: only the pipe — noted ✓\n"
    assert stage.cli("chat", stdin="only the pipe").stdout.decode() == "You said: only the pipe — noted ✓\n"


def test_an_image(stage: Stage, tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    image.write_bytes(PNG)
    ended = stage.cli("chat", "-p", "kiro", "-m", MODEL[KIRO], "-f", str(image), "what is this?")
    assert ended.stdout.decode().startswith("The image is 3x2 pixels (image/png)."), ended.stderr


def test_a_text_file_comes_with_its_name(stage: Stage, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("the secret word is xyzzy", "utf-8")
    stage.cli("chat", "-f", str(notes), "-s", "Be brief.", "what does it say?")
    sent = stage.demo.calls("openai")[-1].body.decode()
    assert all(text in sent for text in ("notes.txt", "xyzzy", "what does it say?", "Be brief."))


def test_json(stage: Stage) -> None:
    ended = stage.cli("chat", "--json", "-p", "kiro", "-m", MODEL[KIRO], "hello")
    envelope = json.loads(ended.stdout)
    assert (envelope["a2a"], envelope["command"], envelope["status"], envelope["errors"]) == (1, "chat", "ok", [])
    data = envelope["data"]
    assert (data["text"], data["account"]) == ("You said: hello — noted ✓", "kiro/one")
    assert data["usage"]["input"] > 0
    assert data["usage"]["output"] > 0
    assert data["exchange"].startswith("ex_")


FAILURES: list[tuple[str, list[str], int]] = [
    ("nothing to ask", [], 2),
    ("an option nobody knows", ["--frobnicate", "hi"], 2),
    ("a provider nobody knows", ["-p", "opnai", "hi"], 2),
    ("a model nobody knows", ["-m", "no-such-model", "hi"], 2),
    ("a file that is not there", ["-f", "/nonexistent/file", "hi"], 2),
    ("the upstream breaks", ["[[fault: 500]] hi"], 1),
    ("the upstream breaks in mid-stream", ["[[fault: cut after=3]] hello"], 1),
    ("the upstream refuses the request", ["[[fault: 400]] hi"], 1),
    ("the upstream limits", ["[[fault: 429]] hi"], 4),
    ("the key is refused", ["[[fault: 401]] hi"], 3),
]


@pytest.mark.parametrize(("args", "code"), [case[1:] for case in FAILURES], ids=[case[0] for case in FAILURES])
def test_exit_codes(stage: Stage, args: list[str], code: int) -> None:
    ended = stage.cli("chat", *args)
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.decode().startswith("a2a: ") or "\na2a: " in ended.stderr.decode()
    assert b"Traceback" not in ended.stderr
    if "after=3" not in " ".join(args):
        assert ended.stdout == b""


@pytest.mark.parametrize(
    ("fault", "helps"), [("429", "a2a accounts tells why"), ("401", "a2a accounts names the login")]
)
def test_a_failure_names_the_next_command(fault: str, helps: str, stage: Stage) -> None:
    assert helps in stage.cli("chat", f"[[fault: {fault}]] hi").stderr.decode()


def test_a_failure_as_json(stage: Stage) -> None:
    ended = stage.cli("chat", "--json", "[[fault: 500]] hi")
    envelope = json.loads(ended.stdout)
    assert (ended.returncode, envelope["status"], envelope["data"]) == (1, "error", None)
    assert envelope["errors"][-1]["message"]


def test_without_any_account(tmp_path: Path) -> None:
    ended = run_cli(tmp_path / "empty", "chat", "hello")
    assert (ended.returncode, ended.stdout) == (3, b"")
    assert "a2a login" in ended.stderr.decode()


def test_a_reader_that_has_seen_enough(stage: Stage) -> None:
    """`a2a chat … | head -c 5`: no traceback, no complaint, and the upstream is let go."""
    command = [sys.executable, "-m", "a2a", "chat", "[[words: 200000]]"]
    with subprocess.Popen(
        command,
        env=clean_env(stage.home, stage.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as chat:
        assert chat.stdout is not None
        assert chat.stderr is not None
        assert len(chat.stdout.read(5)) == 5
        chat.stdout.close()
        said = chat.stderr.read().decode()
        assert chat.wait(20) == 0
    assert said == ""
    stage.demo.idle()


def test_ctrl_c_in_mid_stream(stage: Stage) -> None:
    command = [sys.executable, "-m", "a2a", "chat", "[[fault: stall after=3]] hello"]
    with subprocess.Popen(
        command,
        env=clean_env(stage.home, stage.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as chat:
        assert chat.stdout is not None
        assert chat.stderr is not None
        assert chat.stdout.read(3)
        chat.send_signal(signal.SIGINT)
        assert chat.wait(20) == 130
        assert "Traceback" not in chat.stderr.read().decode()
    stage.demo.idle()
    assert stage.demo.calls("openai")[-1].client_closed


def test_reasoning_goes_to_stderr(stage: Stage) -> None:
    stage.demo.up.kiro.script.extend([Turn(steps=[Think("I wonder"), Text("It is 42.")])])
    ended = stage.cli("chat", "-p", SHORT[KIRO], "-m", "claude-sonnet-4.6", "hello")
    assert (ended.returncode, ended.stdout.decode()) == (0, "It is 42.\n"), ended.stderr
    assert ended.stderr.decode().startswith("I wonder\n")


def test_models(stage: Stage) -> None:
    table = stage.cli("models")
    assert table.returncode == 0, table.stderr
    lines = table.stdout.decode().splitlines()
    assert lines[0].split() == ["MODEL", "PROVIDER", "ACCOUNTS", "CONTEXT", "USD/M", "ALIASES"]
    assert any(line.startswith("demo-chat") and "openai/one" in line for line in lines)
    rows = json.loads(stage.cli("models", "--json").stdout)["data"]
    assert {row["provider"] for row in rows} == {OPENAI, CLAUDE, KIRO}
    only = json.loads(stage.cli("models", "-p", "kiro", "--json").stdout)["data"]
    assert {row["provider"] for row in only} == {KIRO}
    assert stage.cli("models", "-p", "nobody").returncode == 2


def test_models_of_an_upstream_that_does_not_answer(stage: Stage) -> None:
    stage.demo.fault("500", api="openai-models")
    ended = stage.cli("models")
    assert ended.returncode == 0
    assert "openai/one gave no model list" in ended.stderr.decode()
    assert b"claude-sonnet-4-6" in ended.stdout
    assert b"gave no" not in stage.cli("models", "-p", "kiro").stderr, "who is not listed is not asked"


def test_bytes_of_the_answer_in_a_pipe(stage: Stage) -> None:
    said = "# **Title**\n\n- a\tb [link](http://x.y)\n"
    ended = stage.cli("chat", stdin=f"{said}")
    assert ended.stdout.decode() == f"You said: {said.strip(chr(10))} — noted ✓\n"
    assert b"\x1b" not in ended.stdout + ended.stderr


def test_a_pipe_pays_for_no_terminal(stage: Stage) -> None:
    """Neither the Markdown parser nor the highlighter is loaded for an answer that is text."""
    code = "import sys; from a2a.cli import app; from a2a.cli.output import Out\n"
    code += "app.main(['chat', 'hi'], Out()); print(sorted({'rich', 'markdown_it', 'pygments'} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=clean_env(stage.home, stage.env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert ended.stdout.decode().splitlines()[-1] == "[]"


def test_an_image_through_a_pipe(stage: Stage) -> None:
    command = [sys.executable, "-m", "a2a", "chat", "-p", "kiro", "-m", MODEL[KIRO], "what is this?"]
    ended = subprocess.run(command, env=clean_env(stage.home, stage.env), input=PNG, capture_output=True)
    assert ended.stdout.decode().startswith("The image is 3x2 pixels (image/png)."), ended.stderr


def test_nobody_is_there(stage: Stage, tmp_path: Path) -> None:
    env = {**stage.env, "A2A_OPENAI_BASE_URL": "http://127.0.0.1:1"}
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text(
        '[server]\nrequest_max_retries = 0\n[[accounts]]\nprovider = "openai"\nname = "one"\napi_key_env = "SOME_KEY"\n'
    )
    ended = run_cli(home, "chat", "-m", "openai/m", "hi", env={**env, "SOME_KEY": "sk-some-key-of-a-test"})
    assert (ended.returncode, ended.stdout) == (4, b""), ended.stderr
    assert b"cannot reach" in ended.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("args", [(), ("--json",)])
def test_a_full_disk_behind_stdout(stage: Stage, args: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        ended = _redirected(stage, "chat", *args, "hi", stdout=full)
    assert ended.returncode == 1
    assert ended.stderr.decode() == "a2a: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(stage: Stage, closed: str) -> None:
    ended = _redirected(stage, "chat", "--quiet", "hi", shell=closed)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert bool(ended.stdout) == (">&-" not in closed.split())


def _redirected(
    stage: Stage, *args: str, shell: str = "", stdout: IO[bytes] | int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """One command with its streams elsewhere. `shell`: what a shell would have behind it."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {shell}', "sh", sys.executable, "-m", "a2a", *args],
        env=clean_env(stage.home, stage.env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
    )
