"""The truth about an account: its token is renewed where that is due, then its provider probes it.

One place for `a2a login`, `a2a accounts test` and the control API: a refused token is no dead login before it was
renewed once, as in a request.
"""

from __future__ import annotations

from msgspec import structs

from a2a.auth.kinds import renewable
from a2a.auth.records import Account
from a2a.auth.renewal import login_again
from a2a.auth.tokens import TokenKeeper
from a2a.control.types import Standing
from a2a.errors import AccountError, NeedsAction, NeedsLogin
from a2a.providers.base import Provider
from a2a.providers.http import Egress


async def standing(provider: Provider, keeper: TokenKeeper, account: Account, egress: Egress) -> Standing:
    """Raises UpstreamError when nobody answers: then nothing is known."""
    try:
        credential = await keeper.current(account)
        found = await provider.probe(account, credential, egress)
        if found.state == "needs_login" and renewable(credential) is not None:
            found = await provider.probe(account, await keeper.refresh(account, stale=credential), egress)
        return structs.replace(found, remedy=login_again(account)) if found.state == "needs_login" else found
    except AccountError as error:
        return refused(error)


def refused(error: AccountError) -> Standing:
    """What stands in the way of asking at all."""
    match error:
        case NeedsLogin():
            return Standing(state="needs_login", reason="needs_login", message=error.message, remedy=error.hint)
        case NeedsAction():
            return Standing(state="needs_action", reason=error.reason, message=error.message, remedy=error.hint)
        case _:
            return Standing(state="needs_action", reason="store", message=error.message, remedy=error.hint)
