"""Setting an account up at Code Assist: which project it works with (specs/gemini-cli.md 5).

`loadCodeAssist` tells the tier and often the project; an account that was never there is onboarded first, which is a
long-running operation. The outcome is kept in the state folder and asked again after a day.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from a2a.errors import BadUpstream, StoreError
from a2a.messages import Failure
from a2a.paths import atomic_write
from a2a.protocols.wire import BAD_JSON
from a2a.providers.base import SetUpRefused

FRESH_S = 86_400.0
"""So long an outcome is believed."""
POLL_S = 5.0
ONBOARDING_LIMIT_S = 120.0
FREE_TIER = "free-tier"
LEGACY_TIER = "legacy-tier"
RETIRED = "UNSUPPORTED_CLIENT"
"""The reason by which Google turns private accounts away since 2026-06-18."""
NO_PROJECT = "PROJECT_REQUIRED"
INELIGIBLE = (
    "DASHER_USER", "INELIGIBLE_ACCOUNT", "NON_USER_ACCOUNT", "RESTRICTED_AGE", "RESTRICTED_NETWORK", "UNKNOWN",
    "UNKNOWN_LOCATION", "UNSUPPORTED_LOCATION",
)  # fmt: skip
"""Why Google does not offer a tier to an account (section 5.1); a reason nobody knows yet counts as UNKNOWN."""
_VALIDATION = "VALIDATION_REQUIRED"

_T = TypeVar("_T")
Ask = Callable[[str, Any], Awaitable[bytes]]
"""POST a method with a JSON body, or GET an operation with None; gives the body. Raises SetUpRefused where the
answer is an error."""


class SetUp(Struct, frozen=True):
    """What is known of an account. `at`: Unix seconds."""

    project: str
    tier_id: str | None = None
    tier_name: str | None = None
    at: float = 0.0


class _Tier(Struct, rename="camel"):
    id: str | None = None
    name: str | None = None
    is_default: bool | None = None


class _Ineligible(Struct, rename="camel"):
    tier_id: str | None = None
    reason_code: str | None = None
    reason_message: str | None = None
    tier_name: str | None = None
    validation_url: str | None = None


class _Loaded(Struct, rename="camel"):
    current_tier: _Tier | None = None
    paid_tier: _Tier | None = None
    allowed_tiers: list[_Tier] | None = None
    ineligible_tiers: list[_Ineligible] | None = None
    cloudaicompanion_project: Any = None


class _Onboarded(Struct, rename="camel"):
    cloudaicompanion_project: Any = None


class _Operation(Struct):
    name: str | None = None
    done: bool | None = None
    response: _Onboarded | None = None
    error: dict[str, Any] | None = None


def metadata(project: str | None) -> dict[str, str]:
    """Who is asking; absent fields are left out, empty ones would be refused."""
    known = {"ideType": "IDE_UNSPECIFIED", "platform": "PLATFORM_UNSPECIFIED", "pluginType": "GEMINI"}
    return known | ({"duetProject": project} if project else {})


async def set_up(ask: Ask, project: str | None, *, poll_s: float = POLL_S) -> SetUp:
    """The decision procedure of section 5.2. `project`: the one the user named.

    Raises SetUpRefused and UpstreamError.
    """
    if project is not None and project.isdecimal():
        raise refused("CONSUMER_INVALID", f"{project} is a project number: Code Assist wants the project's id")
    loaded = await _load(ask, project)
    tier = loaded.current_tier
    if tier is not None:
        if (closed := _first(loaded, RETIRED)) is not None and closed.tier_id == tier.id:
            raise _without_project(loaded)  # it was set up once, and is served no more
        found = _project_of(loaded.cloudaicompanion_project) or project
        if not found:
            raise _without_project(loaded)
        shown = loaded.paid_tier if loaded.paid_tier is not None and loaded.paid_tier.id else tier
        return SetUp(found, shown.id, shown.name)
    if (reason := _first(loaded, _VALIDATION)) is not None and reason.validation_url:
        message = f"{reason.reason_message or 'Google wants this account verified.'} See {reason.validation_url}"
        raise refused(_VALIDATION, message)
    return await _onboard(ask, loaded, project, poll_s)


async def _load(ask: Ask, project: str | None) -> _Loaded:
    body: dict[str, Any] = {"metadata": metadata(project)}
    if project:
        body["cloudaicompanionProject"] = project
    try:
        answer = await ask("loadCodeAssist", body)
    except SetUpRefused as error:
        if error.failure.code != "SECURITY_POLICY_VIOLATED":  # a perimeter hides the answer: the CLI goes on, so do we
            raise
        return _Loaded(current_tier=_Tier(id="standard-tier"))
    return _decoded(answer, _Loaded)


async def _onboard(ask: Ask, loaded: _Loaded, project: str | None, poll_s: float) -> SetUp:
    """The first visit. The free tier brings its own project, and refuses one that is named."""
    retired = _first(loaded, RETIRED)
    chosen = next((tier for tier in loaded.allowed_tiers or () if tier.is_default), None)
    if chosen is None and retired is not None:
        raise _without_project(loaded)
    tier = chosen or _Tier(id=LEGACY_TIER)
    named = None if tier.id == FREE_TIER else project
    body: dict[str, Any] = {"tierId": tier.id, "metadata": metadata(named)}
    if named:
        body["cloudaicompanionProject"] = named
    try:
        async with asyncio.timeout(ONBOARDING_LIMIT_S):
            operation = _decoded(await ask("onboardUser", body), _Operation)
            while not operation.done:
                if not operation.name:
                    raise BadUpstream("Code Assist onboards without naming the operation")
                await asyncio.sleep(poll_s)
                operation = _decoded(await ask(operation.name, None), _Operation)
    except TimeoutError:
        raise BadUpstream(f"Code Assist did not onboard the account within {ONBOARDING_LIMIT_S:g} s") from None
    if operation.error is not None:
        raise refused(NO_PROJECT, f"Code Assist did not onboard the account: {operation.error.get('message')}")
    found = _project_of(operation.response.cloudaicompanion_project if operation.response else None) or project
    if not found:
        raise _without_project(loaded)
    return SetUp(found, tier.id, tier.name)


def _decoded(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except BAD_JSON:
        raise BadUpstream("Code Assist answered something else than its set-up") from None


def _project_of(value: Any) -> str | None:
    """A string, or an object with an `id`."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and value else None


def _first(loaded: _Loaded, code: str) -> _Ineligible | None:
    return next((tier for tier in loaded.ineligible_tiers or () if tier.reason_code == code), None)


def _without_project(loaded: _Loaded) -> SetUpRefused:
    """Why there is none: the reasons Google gives, else that the user has to name one."""
    reasons: Sequence[_Ineligible] = loaded.ineligible_tiers or ()
    told = "; ".join(reason.reason_message or reason.reason_code or "" for reason in reasons).strip("; ")
    if _first(loaded, RETIRED) is not None:
        return refused(RETIRED, told)
    if reasons:
        code = reasons[0].reason_code or NO_PROJECT
        return refused(code if code in (*INELIGIBLE, _VALIDATION, NO_PROJECT) else "UNKNOWN", told)
    return refused(NO_PROJECT, "this account needs a Google Cloud project")


def refused(code: str, message: str) -> SetUpRefused:
    """A refusal whose reason we found ourselves."""
    return SetUpRefused(Failure("unavailable", message, 403, code=code))


class SetUps(Struct):
    """The outcomes by account id, in memory and as one file each."""

    folder: Path
    now: Callable[[], float]
    _known: dict[str, SetUp] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def lock(self, account_id: str) -> asyncio.Lock:
        """Held while the account is set up, so that it happens once."""
        return self._locks.setdefault(account_id, asyncio.Lock())

    def get(self, account_id: str) -> SetUp | None:
        """What is known and still fresh."""
        known = self._known.get(account_id)
        return known if known is not None and self.now() - known.at < FRESH_S else None

    async def load(self, account_id: str) -> SetUp | None:
        """The same, from the file of an earlier run too."""
        if account_id not in self._known and (kept := await asyncio.to_thread(self._read, account_id)):
            self._known[account_id] = kept
        return self.get(account_id)

    async def put(self, account_id: str, found: SetUp) -> None:
        self._known[account_id] = found
        try:
            await asyncio.to_thread(atomic_write, self._path(account_id), msgspec.json.encode(found))
        except StoreError:
            return  # it is asked again by the next process: nothing is lost

    def drop(self, account_id: str) -> None:
        """To be asked again; the file goes with the next outcome, and is stale until then."""
        self._known[account_id] = SetUp("")

    async def remove(self, account_id: str) -> None:
        """Its file too; one that cannot go is a small file that nobody reads."""
        self._known.pop(account_id, None)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._path(account_id).unlink)

    def _path(self, account_id: str) -> Path:
        return self.folder / f"{account_id}.json"

    def _read(self, account_id: str) -> SetUp | None:
        try:
            return msgspec.json.decode(self._path(account_id).read_bytes(), type=SetUp)
        except (OSError, *BAD_JSON):
            return None
