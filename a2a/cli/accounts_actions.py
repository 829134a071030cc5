"""`a2a accounts enable|disable|drain|pin|unpin|reset|refresh|test|set|rename|remove`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from a2a.cli.home import Home, short_name
from a2a.cli.output import Out, out_of
from a2a.control.types import AccountSettings, AccountState, Acted, NewName
from a2a.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from msgspec import Struct

Account = Annotated[str, typer.Argument(help="provider/alias, or a unique alias.")]

SIMPLE = {
    "enable": "Let an account serve again, after disable or drain.",
    "disable": "Give an account no more requests. Those in flight end in peace.",
    "drain": "Keep an account for its conversations only. New ones go elsewhere.",
    "pin": "Send all requests of its provider to one account. Others serve while it cannot.",
    "unpin": "Let a pinned account take turns with the others again.",
    "reset": "Forget an account's cooldown, hold and blocked models.",
    "refresh": "Renew an account's token now.",
}
"""Actions that need nothing but the account -> their help."""

_SET = """\b
Examples:
  a2a accounts set kiro/work --priority 1 --max-concurrency 2
  a2a accounts set openai/kimi --proxy ""      no proxy of its own any more

\b
A lower priority number goes first. Weight counts where the strategy is `weighted`. Limits are ours, besides the
upstream's; 0 is none of its own: what config.toml says for its provider holds.
"""

_EXITS: dict[AccountState, ExitCode] = {
    "ready": ExitCode.DONE,
    "disabled": ExitCode.DONE,
    "needs_login": ExitCode.LOGIN_NEEDED,
    "cooling": ExitCode.UNAVAILABLE,
}
"""What `test` ends with for what it found; any other state is a failed check."""


def register(group: typer.Typer) -> None:
    for name, words in SIMPLE.items():
        group.command(name, epilog=_examples(name))(_simple(name, words))
    group.command("test", epilog="\b\nExamples:\n  a2a accounts test\n  a2a accounts test kiro/work --json\n")(_test)
    group.command("set", epilog=_SET)(_set)
    group.command("rename", epilog="\b\nExamples:\n  a2a accounts rename kiro/1 work\n")(_rename)
    group.command("remove", epilog=_examples("remove", " --yes"))(_remove)


def _examples(name: str, more: str = "") -> str:
    return f"\b\nExamples:\n  a2a accounts {name} kiro/work{more}\n  a2a accounts {name} work{more} --json\n"


def _simple(name: str, words: str) -> Callable[..., None]:
    def command(ctx: typer.Context, account: Account) -> None:
        act(out_of(ctx), account, name)

    command.__doc__ = words
    return command


def act(out: Out, account: str, action: str, body: Struct | None = None) -> Acted:
    """One action on the account that `account` names, and its outcome as the command's result. Raises A2AError."""
    from a2a.auth.accounts import find
    from a2a.cli.servers import desk

    with desk(Home(out, out.settings())) as at:
        found = find(account, at.accounts())
        acted = at.act(found, action, body)
    out.result(acted, lambda: out.text(f"{_name(acted)}: {acted.message}"), ok=_exit_code([acted]) is ExitCode.DONE)
    return acted


def remove(out: Out, account: str, *, yes: bool) -> None:
    """Ask, and remove; `a2a logout` too. Raises UsageError for an account that is declared, `typer.Abort` on a no."""
    from a2a.auth.accounts import find
    from a2a.cli.servers import desk

    with desk(Home(out, out.settings())) as at:
        found = find(account, at.accounts())
        name = short_name(found)
        if found.origin != "login":
            where = "config.toml" if found.origin == "config" else "a flag or variable"
            raise UsageError(f"{name} comes from {where}, not from a login", hint="remove it there")
        out.confirm(f"Remove the account {name} and its secret?", yes=yes)
        acted = at.act(found, "remove")
    out.result(acted, lambda: out.text(f"removed {name}"))


def _remove(
    ctx: typer.Context,
    account: Account,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an account and its secret from this machine. The key or login at the provider stays valid."""
    remove(out_of(ctx), account, yes=yes)


def _rename(ctx: typer.Context, account: Account, name: Annotated[str, typer.Argument(help="The new alias.")]) -> None:
    """Give an account another alias. Its secret, health and history stay with it."""
    act(out_of(ctx), account, "rename", NewName(name))


def _set(
    ctx: typer.Context,
    account: Account,
    priority: Annotated[int | None, typer.Option(help="Lower goes first.")] = None,
    weight: Annotated[int | None, typer.Option(min=1, help="Its share among equals.")] = None,
    proxy: Annotated[str | None, typer.Option(metavar="URL", help='For its calls; "" for none of its own.')] = None,
    max_concurrency: Annotated[int | None, typer.Option(min=0, help="Requests at once.")] = None,
    min_interval_ms: Annotated[int | None, typer.Option(min=0, help="Between two requests.")] = None,
    rpm: Annotated[int | None, typer.Option(min=0, help="Requests per minute.")] = None,
    tpm: Annotated[int | None, typer.Option(min=0, help="Tokens per minute.")] = None,
) -> None:
    """Change an account's priority, weight, proxy or limits."""
    given: dict[str, Any] = {
        "priority": priority,
        "weight": weight,
        "max_concurrency": max_concurrency,
        "min_interval_ms": min_interval_ms,
        "rpm": rpm,
        "tpm": tpm,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if proxy is not None:
        changes["proxy"] = proxy or None
    act(out_of(ctx), account, "set", AccountSettings(**changes))


def _test(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Argument(help="provider/alias, or a unique alias.")] = None,
) -> None:
    """Ask upstream whether an account, or each, can be used. What is found becomes its state."""
    out = out_of(ctx)
    tested = [act(out, account, "test")] if account else _test_all(out)
    if code := _exit_code(tested):
        raise typer.Exit(code)


def _test_all(out: Out) -> list[Acted]:
    from a2a.cli.servers import desk

    with desk(Home(out, out.settings())) as at:
        tested = at.test_all()

    def show() -> None:
        rows = [(_name(one), one.standing.state if one.standing else "?", one.message) for one in tested]
        if rows:
            out.table(("ACCOUNT", "FOUND", "IN WORDS"), rows)
        else:
            out.say("no accounts yet; add one: a2a login openai")

    out.result(tested, show, ok=_exit_code(tested) is ExitCode.DONE)
    return tested


def _name(one: Acted) -> str:
    return short_name(one.view) if one.view else one.account


def _exit_code(tested: Sequence[Acted]) -> ExitCode:
    """Of tests: 0 when all are well, the one code they agree on, else 1. Another action has been done."""
    if any(one.action != "test" for one in tested):
        return ExitCode.DONE
    codes = {_EXITS.get(one.standing.state, ExitCode.FAILED) if one.standing else ExitCode.FAILED for one in tested}
    codes -= {ExitCode.DONE}
    return ExitCode.DONE if not codes else codes.pop() if len(codes) == 1 else ExitCode.FAILED
