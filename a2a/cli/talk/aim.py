"""Which provider, account and model a prompt goes to, in the words of the command line."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from a2a.config import did_you_mean, provider_id
from a2a.errors import NeedsLogin, NoAccount, UsageError
from a2a.gateway.engine import Engine
from a2a.pool.account import PoolAccount


class Aim(Struct, frozen=True):
    """`provider`: as typed, with or without an alias behind a slash; None: whoever serves the model."""

    provider: str | None
    model: str


async def aim_at(engine: Engine, provider: str | None, model: str | None) -> Aim:
    """Without a provider the default chain, then any with a usable account; a model alone is looked up.

    Raises NeedsLogin, NoAccount, UsageError, ConfigError.
    """
    if not engine.pool.members():
        raise NeedsLogin("there is no account yet", hint="a2a login openai, a2a login kiro, …")
    if provider is None and model is not None:
        if not engine.catalogue.find(model):
            await engine.list_models(only_new=True)
        return Aim(None, model)
    chosen = provider or _usable(engine)
    wanted = _checked(engine, chosen)
    if model is None:
        model = await _default_model(engine, wanted, named=provider is not None)
    if model is None:
        head = chosen.partition("/")[0]
        raise UsageError(f"{head} names no default model", hint="give one with -m; a2a models lists them")
    return Aim(chosen, model)


async def _default_model(engine: Engine, wanted: str, *, named: bool) -> str | None:
    """`named`: somebody asked for this provider: a default set for all may be another one's, which only lists tell."""
    model = engine.router.default_model(wanted)
    if model is None or (named and model == engine.settings.server.default_model):
        await engine.list_models(wanted, only_new=True)
        model = engine.router.default_model(wanted)
        if model is not None and engine.catalogue.found(wanted, model) is None:
            await engine.list_models(only_new=True)
    return engine.router.default_model(wanted)


def _usable(engine: Engine) -> str:
    """The provider of the default chain, else any, that has an account that can serve. Raises NeedsLogin, NoAccount."""
    ready = [member.account.provider for member in engine.pool.members() if member.state == "ready"]
    chosen = next((name for name in (*engine.router.chain, *ready) if name in ready), None)
    if chosen is None:
        _check_login(engine.pool.members())
        raise NoAccount("no account can serve now", hint="a2a accounts shows why")
    return chosen


def _checked(engine: Engine, chosen: str) -> str:
    """The id of a provider, whose accounts (the one named) are no hopeless case. Raises as `aim_at`."""
    head, _, alias = chosen.partition("/")
    wanted = provider_id(head)
    members = engine.pool.members(wanted)
    if not members:
        raise NeedsLogin(f"there is no {head} account yet", hint=f"a2a login {head}")
    aliases = [member.account.alias for member in members]
    if alias and alias not in aliases:
        raise UsageError(
            f"there is no account {chosen!r}", hint=did_you_mean(alias, aliases, "accounts: " + ", ".join(aliases))
        )
    _check_login([member for member in members if alias in ("", member.account.alias)])
    return wanted


def _check_login(members: Sequence[PoolAccount]) -> None:
    """Raises NeedsLogin, with the commands, where nothing but a login helps any of them."""
    wanted = [member for member in members if member.account.enabled]
    if wanted and all(member.state == "needs_login" for member in wanted):
        told = "; ".join(member.message or f"{member.name} needs a login" for member in wanted)
        raise NeedsLogin(told, hint="; ".join(dict.fromkeys(member.remedy or "a2a accounts" for member in wanted)))


async def moved(engine: Engine, now: Aim, provider: str | None, model: str | None) -> Aim:
    """Another aim in the middle of a conversation: what is not named stays as far as it can. Raises as `aim_at`.

    A model alone stays with the provider where that lists it, or where nobody does: then its upstream judges; one that
    names its provider (`kiro/auto`) goes there. A provider alone keeps the model where it lists it.
    """
    if provider is not None and model is None:
        wanted = _checked(engine, provider)
        await engine.list_models(wanted, only_new=True)  # without its list nobody knows whether it has the model
        if engine.catalogue.found(wanted, now.model):
            return Aim(provider, now.model)
    if provider is None and model is not None and now.provider is not None:
        own = provider_id(now.provider.partition("/")[0])
        listing = [served for served, _ in engine.catalogue.find(model)]
        head, slash, _ = model.partition("/")
        named = bool(slash) and engine.provider_of(head) is not None
        if own in listing or not (listing or named):
            provider = now.provider
    return await aim_at(engine, provider, model)
