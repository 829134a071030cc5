"""The GETs of Kiro's control plane, with the second tries of specs/kiro.md section 8; and who moves to the new hosts.

Where an account is asked, and whose profile is named, the provider says; what of that failed and is worth another try
is known here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec import Struct
from yarl import URL

from a2a.errors import StoreError, UpstreamError
from a2a.messages import Failure
from a2a.paths import atomic_write
from a2a.protocols.registry import UPSTREAMS
from a2a.protocols.wire import BAD_JSON
from a2a.providers.base import Said, hear
from a2a.providers.http import Egress, Target

SHARED_ARN = "arn:aws:codewhisperer:us-east-1:638616132270:profile/AAAACCCCXXXX"
"""The profile of all Builder IDs at the runtime service (section 5; several gateways use it, not confirmed)."""

_BAD_ARN = ("invalid profilearn", "improperly formed request")


class Ask(Struct, frozen=True, kw_only=True):
    """One question. `roots`: the host in the account's own region first, then in the other ones."""

    roots: Sequence[str]
    query: str
    arn: str | None
    headers: Mapping[str, str]
    proxy: str | None


async def ask(egress: Egress, question: Ask) -> Said:
    """The answer, also when it is an error: that of the first try then. Raises UpstreamError."""
    first = await _get(egress, question, question.roots[0], question.arn)
    if first.status == 200:
        return first
    failure = failure_of(first)
    if question.arn and failure.status == 400 and any(text in failure.message.lower() for text in _BAD_ARN):
        again = await _get(egress, question, question.roots[0], None)
        return again if again.status == 200 else first
    if failure.status != 403 or failure.code == "TEMPORARILY_SUSPENDED":
        return first
    for root in question.roots[1:]:
        try:
            elsewhere = await _get(egress, question, root, question.arn)
        except UpstreamError:
            continue
        if elsewhere.status == 200:
            return elsewhere
    return first


async def _get(egress: Egress, question: Ask, root: str, arn: str | None) -> Said:
    named = f"&profileArn={quote(arn, safe='')}" if arn else ""
    url = URL(f"{root}/{question.query}{named}", encoded=True)
    headers = {**question.headers, "Accept": "application/json"}
    return await hear(egress, Target(url, headers, "GET"), proxy=question.proxy)


def failure_of(said: Said) -> Failure:
    """What an error answer means."""
    return UPSTREAMS["kiro"].parse_error(said.status, said.headers, said.body)


def gone(failure: Failure) -> bool:
    """An old host that serves a Builder ID no more: not there, switched off, or asking for a profile (section 5)."""
    if failure.code == "unreachable" or failure.status in (404, 410):
        return True
    return failure.status == 400 and "profilearn" in failure.message.lower()


class _Move(Struct, frozen=True):
    """`arn`: the profile with which the new hosts took the account."""

    arn: str


class Moves:
    """The Builder IDs that were found to work at the new hosts only: one file each in the state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, asyncio.Lock] = {}

    def lock(self, account_id: str) -> asyncio.Lock:
        """Held while it is found out, so that it happens once."""
        return self._locks.setdefault(account_id, asyncio.Lock())

    async def load(self, account_id: str) -> str | None:
        """The profile of an account that has moved."""
        return await asyncio.to_thread(self._read, account_id)

    async def put(self, account_id: str, arn: str) -> None:
        try:
            await asyncio.to_thread(atomic_write, self._path(account_id), msgspec.json.encode(_Move(arn)))
        except StoreError:
            return  # the next process finds it out again: nothing is lost

    async def drop(self, account_id: str) -> None:
        """The old hosts serve it again. A file that cannot go costs no more than one more move."""
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._path(account_id).unlink)

    def _path(self, account_id: str) -> Path:
        return self._folder / f"{account_id}.json"

    def _read(self, account_id: str) -> str | None:
        try:
            return msgspec.json.decode(self._path(account_id).read_bytes(), type=_Move).arn
        except (OSError, *BAD_JSON):
            return None
