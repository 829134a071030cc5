"""`a2a models`: every model reachable now, and through whom."""

from __future__ import annotations

from typing import Annotated

import typer

from a2a.cli.output import Out, out_of

_EXAMPLES = """\b
Examples:
  a2a models
  a2a models -p kiro --json
"""


def register(app: typer.Typer) -> None:
    app.command("models", epilog=_EXAMPLES)(_models)


def _models(
    ctx: typer.Context,
    provider: Annotated[str | None, typer.Option("-p", "--provider", help="Only this provider.")] = None,
) -> None:
    """List the models your accounts can reach now. Asks the upstreams."""
    from a2a.cli.loop import run

    run(_list(out_of(ctx), provider))


async def _list(out: Out, provider: str | None) -> None:
    from a2a.config import provider_id
    from a2a.gateway.engine import Engine

    wanted = provider_id(provider) if provider else None
    async with Engine(out.settings(), say=out.trouble) as engine:
        for problem in await engine.list_models(wanted):
            out.trouble(problem)
        asked = engine.pool.members(wanted)
        views = [view for view in engine.catalogue.views() if wanted in (None, view.provider)]
        shorts = {provider_id: known.short for provider_id, known in engine.providers.items()}

    def show() -> None:
        if not views:
            out.say("no models" if asked else f"no models: no account yet; add one: a2a login {provider or 'openai'}")
            return
        rows = [
            (
                view.id,
                shorts[view.provider],
                ", ".join(view.accounts),
                _thousands(view.context),
                ", ".join(view.aliases),
            )
            for view in views
        ]
        out.table(("MODEL", "PROVIDER", "ACCOUNTS", "CONTEXT", "ALIASES"), rows)

    out.result(views, show)


def _thousands(tokens: int | None) -> str:
    """200000 -> 200k, 1000000 -> 1M."""
    if tokens is None:
        return ""
    return f"{tokens // 1_000_000}M" if tokens % 1_000_000 == 0 else f"{tokens // 1000}k"
