"""The `a2a` command: global options, the table of commands, and the one border where errors become words.

Importing a command module is cheap by rule: heavy rooms are imported inside the bodies of the commands.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from a2a import __version__
from a2a.cli import accounts, chat, config_cmd, dash, demo, explain, login, logout, logs, models, serve, stats, status
from a2a.cli.output import NotWritten, Out, ReaderGone
from a2a.errors import A2AError, ExitCode, StoreError, UsageError

COMMANDS = (login, accounts, logout, serve, status, dash, chat, models, explain, logs, stats, demo, config_cmd)
"""Modules with `register(app)`, in the order of the help."""

_GLOBAL_FLAGS = {"--json": 0, "--quiet": 0, "--verbose": 0, "--config": 1}
"""Global options, accepted behind the command too -> how many values follow."""

_EPILOG = """\b
Examples:
  a2a login openai --preset kimi     add an account
  a2a serve                          one endpoint for all of them

\b
Exit codes:
  0    done
  1    failed: the upstream refused, a check failed, or a fault of ours
  2    usage or configuration
  3    a login is needed
  4    nothing is available now, retry later
  130  interrupted
"""


def build() -> typer.Typer:
    """The Typer application with all commands."""
    app = typer.Typer(
        name="a2a",
        epilog=_EPILOG,
        rich_markup_mode=None,  # plain help: the same in a terminal, a pipe and a file
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback(invoke_without_command=True)(_root)
    for module in COMMANDS:
        module.register(app)
    return app


def _root(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Results, and errors, as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No remarks, only results and errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="The log of what happens, on stderr.")] = False,
    config: Annotated[str | None, typer.Option("--config", metavar="FILE", help="Another config.toml.")] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """One local endpoint for every model account you already have.

    Global options may also stand behind the command.
    """
    out: Out = ctx.obj
    out.json, out.quiet, out.verbose, out.config = as_json, quiet, verbose, config
    _log_to_stderr(verbose)
    if version:
        out.command = "--version"
        out.result({"version": __version__}, lambda: out.text(f"a2a {__version__}"))
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        out.text(ctx.get_help())


def _log_to_stderr(verbose: bool) -> None:
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    logging.getLogger().setLevel(level)
    for handler in logging.getLogger().handlers:
        if getattr(handler, "stream", None) is sys.stderr:  # a server's log has other readers, who get more
            handler.setLevel(level)


def run() -> None:
    """The console script."""
    _open_closed()
    code = main(sys.argv[1:], Out())
    try:
        sys.stdout.flush()
    except OSError:  # whoever reads has gone; what was written has been flushed
        _drop_stdout()
    sys.exit(code)


def main(args: Sequence[str], out: Out) -> int:
    """Run one command line and say what went wrong, if anything; returns the exit code."""
    words = _globals_first(args)
    out.json = "--json" in words[: len(words) - len(_behind_dashes(words))]
    out.command = _command_words(words)
    try:
        outcome = build()(words, prog_name="a2a", standalone_mode=False, obj=out)
    except A2AError as error:
        out.failed(error)
        return error.exit_code
    except typer.TyperException as error:
        out.failed(_usage_error(error))
        return ExitCode.USAGE
    except typer.Abort:
        out.failed(A2AError("nothing was changed"))
        return ExitCode.FAILED
    except KeyboardInterrupt:
        if out.json:
            out.failed(A2AError("interrupted"), exit_code=ExitCode.INTERRUPTED, kind="interrupted")
        return ExitCode.INTERRUPTED
    except NotWritten as error:
        _drop_stdout()
        out.json = False  # the envelope has no place either
        out.failed(StoreError(f"cannot write to standard output: {error}"))
        return ExitCode.FAILED
    except ReaderGone:
        _drop_stdout()
        return ExitCode.DONE  # it has seen enough
    except Exception as error:  # the border: a bug of ours ends in words too
        if out.verbose:
            logging.getLogger(__name__).error("bug", exc_info=True)
        out.failed(A2AError(f"this is a bug in a2a: {type(error).__name__}", hint="--verbose shows where"))
        return ExitCode.FAILED
    return outcome if isinstance(outcome, int) else ExitCode.DONE


def _globals_first(args: Sequence[str]) -> list[str]:
    """Move global options in front of the command, where Typer looks for them; behind `--` all is left alone."""
    tail = _behind_dashes(args)
    words = list(args[: len(args) - len(tail)])
    front: list[str] = []
    rest: list[str] = []
    while words:
        word = words.pop(0)
        name, equals, _ = word.partition("=")
        if name not in _GLOBAL_FLAGS:
            rest.append(word)
            continue
        front.append(word)
        if not equals:
            front += words[: _GLOBAL_FLAGS[name]]
            del words[: _GLOBAL_FLAGS[name]]
    return [*front, *rest, *tail]


def _behind_dashes(args: Sequence[str]) -> list[str]:
    """From a `--` on."""
    return list(args[args.index("--") :]) if "--" in args else []


def _command_words(words: Sequence[str]) -> str:
    """The command as far as one can tell before it is parsed: its first word."""
    skip = 0
    for word in words:
        if skip:
            skip -= 1
        elif word in _GLOBAL_FLAGS:
            skip = _GLOBAL_FLAGS[word]
        elif not word.startswith("-"):
            return word
    return ""


def _usage_error(error: typer.TyperException) -> UsageError:
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "a2a"
    return UsageError(error.format_message(), hint=f"{path} --help")


def _open_closed() -> None:
    """A stream that was closed (`a2a … >&-`) is /dev/null, or the next file or socket would get its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(number, mode, closefd=False), encoding="utf-8"))


def _drop_stdout() -> None:
    """Nothing more can be written: let Python's own flush at exit go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
