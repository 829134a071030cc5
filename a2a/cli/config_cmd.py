"""`a2a config`: the settings as they are, where each comes from, and whether the file is right."""

from __future__ import annotations

from typing import Annotated

import typer

from a2a.cli.home import Home
from a2a.cli.output import Out, out_of
from a2a.config import Settings, describe, in_words, prompts
from a2a.errors import ConfigError, ExitCode

_EXAMPLES = """\b
Examples:
  a2a config show --secrets
  a2a config validate --config ./config.toml
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog=_EXAMPLES)(_config)
    group.command("show")(_show)
    group.command("path")(_path)
    group.command("validate")(_validate)
    group.command("reload")(_reload)
    app.add_typer(group, name="config")


def _config(ctx: typer.Context) -> None:
    """Show the settings and where they come from."""
    if ctx.invoked_subcommand is None:
        out = out_of(ctx)
        out.command = "config show"
        _print_settings(out, secrets=False)


def _show(
    ctx: typer.Context,
    secrets: Annotated[bool, typer.Option("--secrets", help="Reveal the key of the server.")] = False,
) -> None:
    """Each setting with its origin: a flag's variable, a line of config.toml, or the default."""
    _print_settings(out_of(ctx), secrets=secrets)


def _print_settings(out: Out, *, secrets: bool) -> None:
    settings = out.settings()
    rows = [{"name": row.name, "value": row.value, "origin": row.origin} for row in describe(settings)]
    if secrets:
        from a2a.auth import serverkey

        key, origin = settings.server.api_key, settings.origins["server.api_key"]
        if key is None:
            key, origin = serverkey.get(Home(out, settings).secrets), "made at the first start"
        for row in rows:
            if row["name"] == "server.api_key":
                row |= {"value": key.reveal() if key else None, "origin": origin if key else "made at the first start"}
    cells = [(row["name"], in_words(row["value"]), row["origin"]) for row in rows]
    out.result(rows, lambda: out.table(("SETTING", "VALUE", "FROM"), cells))


def _path(ctx: typer.Context) -> None:
    """The file that is read; it need not exist."""
    out = out_of(ctx)
    settings = out.settings()
    path = settings.config_file or str(settings.folders.config_file)
    out.result({"path": path, "exists": settings.config_file is not None}, lambda: out.text(path))


def _reload(ctx: typer.Context) -> None:
    """Have the servers that run read the settings now. They look at the file by themselves too."""
    from msgspec import to_builtins

    from a2a.cli.servers import every_server

    out = out_of(ctx)
    with every_server(Home(out, out.settings())) as clients:
        found = [(client.url, client.reload_settings()) for client in clients]

    def show() -> None:
        for url, reloaded in found:
            changed = f"changed: {', '.join(reloaded.changed)}" if reloaded.changed else "nothing changed"
            later = f"; from the next start on: {', '.join(reloaded.restart)}" if reloaded.restart else ""
            out.text(f"{url}: {changed}{later}")
            for problem in reloaded.problems:
                out.say(problem)

    out.result([{"url": url, **to_builtins(reloaded)} for url, reloaded in found], show)


def _check_for_serve(out: Out, settings: Settings) -> None:
    """What `a2a serve` would refuse only when it starts."""
    from a2a.server.keycheck import check_keys

    for check in (check_keys, prompts.check):
        try:
            check(settings)
        except ConfigError as error:
            out.trouble(f"{error.message} ({error.hint})" if error.hint else error.message)


def _validate(ctx: typer.Context) -> None:
    """Check the file, the variables and what the declared accounts refer to."""
    out = out_of(ctx)
    settings = out.settings()
    Home(out, settings).all_accounts()
    _check_for_serve(out, settings)
    if out.errors and not out.json:
        raise ConfigError(f"{len(out.errors)} problem(s) found")
    shown = settings.config_file or "no config.toml: defaults and variables"
    out.result({"path": settings.config_file}, lambda: out.text(f"ok: {shown}"), ok=not out.errors)
    if out.errors:
        raise typer.Exit(ExitCode.USAGE)
