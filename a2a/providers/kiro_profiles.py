"""Which profile a Kiro account has, where its login did not say so (specs/kiro.md section 5, step 2, and 8.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from yarl import URL

from a2a.errors import UpstreamError
from a2a.protocols.wire import BAD_JSON
from a2a.providers.base import read_capped
from a2a.providers.http import Egress, Target


class _Profile(Struct, rename="camel"):
    arn: str
    profile_type: str | None = None
    status: str | None = None


class _List(Struct):
    profiles: list[_Profile] = []


_LIST = msgspec.json.Decoder(_List)


async def find(roots: Sequence[str], headers: Mapping[str, str], egress: Egress, proxy: str | None) -> str | None:
    """The ARN of the account's profile, asking one region after the other; None when it has none that we may see.

    An active profile of Kiro's own type wins over others. Raises UpstreamError when nobody answers at all.
    """
    last: UpstreamError | None = None
    for root in roots:
        target = Target(URL(f"{root}/ListAvailableProfiles"), {**headers, "Content-Type": "application/json"})
        try:
            answer = await egress.open(target, b"{}", proxy=proxy)
            body = await read_capped(answer, 1024 * 1024)
        except UpstreamError as error:
            last = error
            continue
        last = None
        if answer.status == 200 and (arn := _pick(body)):
            return arn
    if last is not None:
        raise last
    return None


def _pick(body: bytes) -> str | None:
    try:
        profiles = _LIST.decode(body).profiles
    except BAD_JSON:
        return None
    active = [profile for profile in profiles if (profile.status or "ACTIVE") == "ACTIVE"]
    own = [profile for profile in active if profile.profile_type == "KIRO"]
    return next((profile.arn for profile in own or active), None)
