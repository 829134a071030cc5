"""Which profiles a Kiro account has, where its login did not say (specs/kiro.md section 5, step 2, and 8.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from yarl import URL

from a2a.errors import UpstreamError
from a2a.protocols.wire import BAD_JSON, dumps
from a2a.providers.base import hear
from a2a.providers.http import Egress, Target

_MOST_PAGES = 10
_PAGE_BYTES = 1024 * 1024


class Profile(Struct, frozen=True):
    """One profile. Field 4 of the ARN is the region of chat and management."""

    arn: str
    name: str


class _Entry(Struct, rename="camel"):
    arn: str
    profile_name: str | None = None
    profile_type: str | None = None
    status: str | None = None


class _List(Struct, rename="camel"):
    profiles: list[_Entry] | None = None
    next_token: str | None = None


_LIST = msgspec.json.Decoder(_List)


async def find(roots: Sequence[str], headers: Mapping[str, str], egress: Egress, proxy: str | None) -> str | None:
    """The ARN of the account's profile, asking one region after the other; None when it has none that we may see.

    Raises UpstreamError when nobody answers at all.
    """
    found = await _ask(roots, headers, egress, proxy, all_regions=False)
    return found[0].arn if found else None


async def profiles(
    roots: Sequence[str], headers: Mapping[str, str], egress: Egress, proxy: str | None
) -> list[Profile]:
    """Every active profile of every region, Kiro's own type first, for the user to choose from. Raises UpstreamError
    when nobody answers at all.
    """
    return await _ask(roots, headers, egress, proxy, all_regions=True)


async def _ask(
    roots: Sequence[str], headers: Mapping[str, str], egress: Egress, proxy: str | None, *, all_regions: bool
) -> list[Profile]:
    silent: UpstreamError | None = None
    heard = False
    entries: dict[str, _Entry] = {}
    for root in roots:
        target = Target(URL(f"{root}/ListAvailableProfiles"), {**headers, "Content-Type": "application/json"})
        try:
            entries |= {entry.arn: entry for entry in await _pages(target, egress, proxy)}
            heard = True
        except UpstreamError as error:
            silent = error
            continue
        if entries and not all_regions:
            break
    if silent is not None and not heard:
        raise silent
    ranked = sorted(entries.values(), key=lambda entry: entry.profile_type != "KIRO")
    return [Profile(entry.arn, entry.profile_name or "") for entry in ranked]


async def _pages(target: Target, egress: Egress, proxy: str | None) -> list[_Entry]:
    """The active profiles of one region; an answer that is no list has none. Raises UpstreamError."""
    entries: list[_Entry] = []
    asked: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        said = await hear(egress, target, dumps(asked), proxy=proxy, limit_bytes=_PAGE_BYTES)
        try:
            page = _LIST.decode(said.body) if said.status == 200 else _List()
        except BAD_JSON:
            page = _List()
        entries += [entry for entry in page.profiles or () if (entry.status or "ACTIVE") == "ACTIVE"]
        if not page.next_token:
            break
        asked = {"nextToken": page.next_token}
    return entries
