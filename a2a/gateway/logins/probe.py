"""What a login is worth: the account is asked, by its provider's own probe, whether it can be used (contract 4)."""

from __future__ import annotations

from a2a.auth.records import Account, Credential
from a2a.control.types import Standing
from a2a.errors import AccountError, UpstreamError
from a2a.gateway.logins.keeping import Place
from a2a.providers.http import Egress
from a2a.providers.probing import refused
from a2a.providers.registry import build


async def probe(place: Place, account: Account, credential: Credential) -> Standing | None:
    """What the upstream says of a credential that is not stored yet; None where nobody answers."""
    provider = build(place.settings)[account.provider]
    egress = Egress(place.settings.server.connect_timeout_s)
    try:
        return await provider.probe(account, credential, egress)
    except UpstreamError as error:
        place.say(f"could not ask whether it works: {error.message}")
        return None
    except AccountError as error:
        return refused(error)
    finally:
        await egress.aclose()
