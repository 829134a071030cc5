"""`a2a models`: every model reachable now, and through whom; who cannot serve it now stands there with the reason."""

from __future__ import annotations

from typing import Annotated

import typer

from a2a.cli.output import Out, out_of
from a2a.control.types import Price

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
    """List the models your accounts can reach now, and your aliases. Asks the upstreams.

    An account that cannot serve a model now stands there with the reason in brackets.
    """
    from a2a.cli.loop import run

    run(_list(out_of(ctx), provider))


async def _list(out: Out, provider: str | None) -> None:
    from a2a.config import provider_id
    from a2a.gateway.engine import Engine

    wanted = provider_id(provider) if provider else None
    async with Engine(out.settings(), say=out.trouble) as engine:
        for problem in await engine.list_models(wanted):
            out.trouble(problem)
        for problem in engine.router.dead_ends():
            out.trouble(problem)
        asked = engine.pool.members(wanted)
        views = [view for view in engine.models() if wanted in (None, view.provider)]
        shorts = {provider_id: known.short for provider_id, known in engine.providers.items()}

    def show() -> None:
        if not views or not asked:
            out.say("no models" if asked else f"no models: no account yet; add one: a2a login {provider or 'openai'}")
            return
        rows = [
            (
                view.id,
                shorts.get(view.provider, view.provider),
                ", ".join([*view.accounts, *(f"{name} ({why})" for name, why in view.unable.items())]) or "none",
                _thousands(view.context),
                _price(view.price),
                ", ".join([*view.aliases, *(f"→ {target}" for target in view.targets)]),
            )
            for view in views
        ]
        out.table(("MODEL", "PROVIDER", "ACCOUNTS", "CONTEXT", "USD/M", "ALIASES"), rows)

    out.result(views, show)


def _price(price: Price | None) -> str:
    """`3, 15`: what a million tokens cost in and out."""
    if price is None or price.input is None:
        return ""
    return f"{price.input:g}" + (f", {price.output:g}" if price.output is not None else "")


def _thousands(tokens: int | None) -> str:
    """200000 -> 200k, 1000000 -> 1M."""
    if tokens is None:
        return ""
    return f"{tokens // 1_000_000}M" if tokens % 1_000_000 == 0 else f"{tokens // 1000}k"
