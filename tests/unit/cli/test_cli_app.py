"""The border of the command line: streams, envelope, exit codes, global options."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import typer
from support.cli_run import Run

from a2a import __version__
from a2a.cli import app as cli
from a2a.cli.output import Out, ReaderGone, out_of
from a2a.errors import A2AError, ConfigError, ExitCode, NeedsLogin, NoAccount
from a2a.secret import Secret


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Out], None]], None]:
    """Put one command `x` into the table: it does what the test says."""

    def install(act: Callable[[Out], None]) -> None:
        class Module:
            @staticmethod
            def register(app: typer.Typer) -> None:
                @app.command("x")
                def x(ctx: typer.Context, word: str = "") -> None:
                    act(out_of(ctx))

        monkeypatch.setattr(cli, "COMMANDS", (*cli.COMMANDS, Module))

    return install


def fail(error: BaseException) -> Callable[[Out], None]:
    def act(out: Out) -> None:
        raise error

    return act


def test_help_lists_the_exit_codes_and_every_command() -> None:
    run = Run("--help")
    assert (run.code, run.stderr) == (0, "")


def test_no_command_prints_the_help() -> None:
    run = Run()
    assert (run.code, run.stderr) == (0, "")
    assert all(f"\n    {int(code)} " in run.stdout for code in ExitCode)
    assert all(f"\n  {name} " in run.stdout for name in ("login", "logout", "accounts", "config"))


def test_version() -> None:
    assert Run("--version").stdout == f"a2a {__version__}\n"
    assert Run("--version", "--json").envelope["data"] == {"version": __version__}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (A2AError("broken"), 1),
        (ConfigError("broken"), 2),
        (NeedsLogin("broken", hint="a2a login kiro"), 3),
        (NoAccount("broken"), 4),
        (KeyboardInterrupt(), 130),
        (ReaderGone(), 0),
        (ZeroDivisionError("sk-secret"), 1),
        (typer.Abort(), 1),
        (typer.Exit(4), 4),
    ],
)
def test_exit_codes(command: Any, error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_drop_stdout", lambda: None)
    command(fail(error))
    run = Run("x")
    assert run.code == code
    assert run.stdout == ""
    assert "sk-secret" not in run.stderr
    assert "Traceback" not in run.stderr


def test_an_error_is_a_message_and_a_hint_on_stderr(command: Any) -> None:
    command(fail(NeedsLogin("kiro/work is dead", hint="a2a login kiro")))
    assert Run("x").stderr == "a2a: kiro/work is dead\n     a2a login kiro\n"


def test_an_error_in_the_envelope(command: Any) -> None:
    command(fail(NeedsLogin("kiro/work is dead", hint="a2a login kiro")))
    run = Run("x", "--json")
    error = {"message": "kiro/work is dead", "hint": "a2a login kiro", "kind": "unavailable", "exit_code": 3}
    assert run.envelope == {"a2a": 1, "command": "x", "status": "error", "data": None, "errors": [error]}
    assert run.stderr == ""


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (("nonsense",), "nonsense"),
        (("accounts", "nonsense"), "accounts"),
        (("accounts", "--nonsense"), "accounts"),
        (("login",), "login"),
        (("--config", "/nowhere/config.toml", "accounts"), "accounts list"),
    ],
)
def test_errors_before_the_command_runs_use_the_same_envelope(args: tuple[str, ...], name: str) -> None:
    run = Run(*args, "--json")
    assert (run.code, run.stderr) == (2, "")
    assert (run.envelope["a2a"], run.envelope["status"], run.envelope["command"]) == (1, "error", name)
    assert run.envelope["errors"][0]["hint"]
    plain = Run(*args)
    assert (plain.code, plain.stdout) == (2, "")
    assert plain.stderr.startswith("a2a: ")


@pytest.mark.parametrize("args", [("x", "--json", "--quiet"), ("--json", "x", "--quiet"), ("--quiet", "--json", "x")])
def test_global_options_stand_anywhere(command: Any, args: tuple[str, ...]) -> None:
    seen: list[Out] = []
    command(seen.append)
    assert Run(*args, "--config=c.toml").code == 0
    assert Run(*args, "--config", "c.toml").code == 0
    assert {(out.json, out.quiet, out.verbose, out.config) for out in seen} == {(True, True, False, "c.toml")}


def test_behind_dashes_nothing_is_global(command: Any) -> None:
    command(lambda out: None)
    run = Run("x", "--", "--json")
    assert run.code == 2
    assert run.stdout == ""


def test_a_result_for_people_and_for_scripts(command: Any) -> None:
    def act(out: Out) -> None:
        out.say("a remark")
        out.result([1, Secret("sk-secret")], lambda: out.text("one"))

    command(act)
    assert (Run("x").stdout, Run("x").stderr) == ("one\n", "a remark\n")
    run = Run("x", "--json", "--quiet")
    assert run.envelope == {"a2a": 1, "command": "x", "status": "ok", "data": [1, "***"], "errors": []}
    assert run.stderr == ""


def test_troubles_go_out_with_the_result(command: Any) -> None:
    def act(out: Out) -> None:
        out.trouble("a file is broken")
        out.result(None)

    command(act)
    run = Run("x", "--json", "--quiet")
    assert run.envelope["errors"] == [{"message": "a file is broken", "hint": None}]
    assert run.stderr == "a2a: a file is broken\n"


def test_events_are_json_lines(command: Any) -> None:
    command(lambda out: out.line({"a2a": 1, "event": "ready"}))
    assert Run("x").stdout == '{"a2a":1,"event":"ready"}\n'


def test_a_table_in_a_pipe_is_plain(command: Any) -> None:
    command(lambda out: out.table(("A", "B"), [("long word", None), ("x", 2)]))
    assert Run("x").stdout == "A          B\nlong word\nx          2\n"


def test_a_table_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    Out(stdout=stream).table(("A", "B"), [("[red]x", 2)])
    assert "[red]x" in stream.getvalue()


def test_without_a_terminal_a_question_names_the_flag(command: Any) -> None:
    command(lambda out: out.confirm("Sure?", yes=False))
    assert "--yes" in Run("x").stderr
    command(lambda out: out.confirm("Sure?", yes=True))


def test_without_a_terminal_a_secret_is_not_asked(command: Any) -> None:
    command(lambda out: out.ask_secret("API key", otherwise="use --api-key-stdin") and None)
    assert "use --api-key-stdin" in Run("x").stderr


def test_problems_of_the_settings_are_told(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2A_PROT", "1")
    command(lambda out: out.settings() and None)
    assert "did you mean A2A_PORT?" in Run("x").stderr
