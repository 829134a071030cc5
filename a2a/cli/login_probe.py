"""What a login that came as a file is worth: once it is stored, its account is asked whether it can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from a2a.cli.home import Home
from a2a.control.types import Standing
from a2a.errors import UpstreamError

if TYPE_CHECKING:
    from a2a.auth.records import Account
    from a2a.gateway.logins.keeping import Done


def probed(home: Home, done: Done, *, named: bool) -> Done:
    """The same with its standing: of an account that is stored, renewing its token where that is due.

    `named`: the user chose its alias; else a new account is called by the e-mail that its upstream tells.
    """
    from a2a.cli.loop import run

    standing = run(_look(home, done.account))
    account = home.accounts.get(done.account.id) or done.account
    if standing is not None and standing.label and not account.label:
        alias = account.alias if named or done.replaced else _alias(home, account, standing.label)
        told = {"label": standing.label, "alias": alias}
        account = home.accounts.update(account.id, lambda found: structs.replace(found, **told)) or account
    return structs.replace(done, account=account, standing=standing)


def _alias(home: Home, account: Account, label: str) -> str:
    from a2a.auth.accounts import free_alias
    from a2a.gateway.logins.keeping import declared_names, peers

    taken = [one.alias for one in peers(home, account.provider) if one.id != account.id]
    return free_alias([label, account.alias], [*taken, *declared_names(home, account.provider)])


async def _look(home: Home, account: Account) -> Standing | None:
    from a2a.auth.renewer import Detached
    from a2a.auth.tokens import TokenKeeper
    from a2a.clock import SystemClock
    from a2a.providers import probing
    from a2a.providers.http import Egress
    from a2a.providers.registry import build

    settings, providers = home.settings, build(home.settings)
    egress = Egress(settings.server.connect_timeout_s)
    keeper = TokenKeeper(
        home.secrets,
        folders=settings.folders,
        urls=lambda one: providers[one.provider].auth_urls(one),
        clock=SystemClock(),
        accounts=home.accounts,
        renew=Detached(settings.credential_store, settings.folders, home.secrets),
    )
    try:
        return await probing.standing(providers[account.provider], keeper, account, egress)
    except UpstreamError as error:
        home.out.say(f"could not ask whether it works: {error.message}")
        return None
    finally:
        await keeper.aclose()
        await egress.aclose()


def in_words(done: Done) -> str:
    """What stands behind the account's name: what it is, and what its probe said."""
    standing = done.standing
    said = standing.message if standing and standing.state == "ready" else None
    return ", ".join(piece for piece in (done.note, said) if piece and piece != done.account.alias)


def usable(done: Done) -> bool:
    """Nothing speaks against it."""
    return done.standing is None or done.standing.state == "ready"
