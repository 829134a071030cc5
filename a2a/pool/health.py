"""Health that survives: one file per account in the state folder, apart from secrets and settings.

Times in it are wall times; cooldowns at work run on the monotonic clock and are converted at both ends. Several
processes write the same files: counts are added up, and of the health the one who learned something writes it. What a
person did (`set_at`: a login, a test, a reset) outranks what a process thought before it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct, field, structs

from a2a.auth.locks import hold
from a2a.auth.records import Account, Limits
from a2a.config import mask
from a2a.control.types import AccountCounts, AccountDetail, AccountState, AccountView, Fault, Quota, Standing
from a2a.errors import StoreError
from a2a.paths import Folders, atomic_write

_log = logging.getLogger(__name__)


class Block(Struct, frozen=True):
    """One model that the account is not asked for, until a wall time."""

    until: float
    why: str


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of an account besides its record. Times: Unix seconds.

    `state`: `ready`, `cooling` or one that only the user ends. `failures`: in a row. `credential`: fingerprint of the
    declared credential it was learned with. `set_at`: when a person last set it.
    """

    state: AccountState = "ready"
    reason: str | None = None
    message: str | None = None
    remedy: str | None = None
    until: float | None = None
    failures: int = 0
    blocks: dict[str, Block] = {}
    quota: list[Quota] = []
    plan: str | None = None
    label: str | None = None
    last_fault: Fault | None = None
    last_used_at: float | None = None
    counts: AccountCounts = field(default_factory=AccountCounts)
    credential: str | None = None
    set_at: float = 0.0


def mended(health: Health) -> Health:
    """Without what takes the account out, for a new credential or by hand; quota, plan and counts stay."""
    return structs.replace(
        health, state="ready", reason=None, message=None, remedy=None, until=None, failures=0, blocks={}
    )


def stood(health: Health, standing: Standing) -> Health:
    """As a probe found it; a state that ends by itself needs its end."""
    fine = standing.state == "ready"
    return structs.replace(
        mended(health),
        state=standing.state,
        reason=standing.reason,
        message=None if fine else standing.message,
        remedy=standing.remedy,
        until=standing.until,
        quota=standing.quota or health.quota,
        plan=standing.plan or health.plan,
        label=standing.label or health.label,
    )


def state_of(account: Account, health: Health, now: float) -> AccountState:
    """Precedence: disabled, what only the user ends, draining, cooling, ready."""
    cooling = health.state == "cooling" and health.until is not None and health.until > now
    if not account.enabled:
        return "disabled"
    if health.state not in ("ready", "cooling"):
        return health.state
    if account.draining:
        return "draining"
    return "cooling" if cooling else "ready"


def view_of(account: Account, health: Health, now: float, *, base_url: str | None, in_flight: int = 0) -> AccountView:
    """The account as every surface shows it. `now`: Unix seconds."""
    state = state_of(account, health, now)
    told = state not in ("ready", "disabled", "draining")
    return AccountView(
        id=account.id,
        provider=account.provider,
        alias=account.alias,
        state=state,
        kind=account.kind,
        origin=account.origin,
        reason=health.reason if told else None,
        message=health.message if told else None,
        remedy=health.remedy if told else None,
        until=health.until if state == "cooling" else None,
        label=account.label or health.label,
        plan=health.plan or account.plan,
        draining=account.draining,
        pinned=account.pinned,
        priority=account.priority,
        weight=account.weight,
        in_flight=in_flight,
        expires_at=account.expires_at,
        quota=health.quota,
        last_fault=health.last_fault,
        last_used_at=health.last_used_at,
        counts=health.counts,
        base_url=base_url,
    )


def detail_of(account: Account, view: AccountView, held: Limits) -> AccountDetail:
    """The view with what else the record says; URLs without userinfo. `held`: the limits that hold (`limits_of`)."""
    shown = {name: getattr(view, name) for name in AccountView.__struct_fields__}
    return AccountDetail(
        **shown,
        source=account.source,
        preset=account.preset,
        urls={key: mask(url) for key, url in account.urls.items()},
        region=account.region,
        project_id=account.project_id,
        proxy=mask(account.proxy),
        enabled=account.enabled,
        limits=structs.asdict(account.limits),
        limits_in_force=structs.asdict(held),
        created_at=account.created_at or None,
    )


class HealthStore:
    """The files. Reading never fails: a broken file is told in the log and counts as none."""

    def __init__(self, folders: Folders) -> None:
        self._folder = folders.state / "health"
        self._lock = folders.locks / "health.lock"

    def read(self, account_id: str) -> Health:
        path = self._path(account_id)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Health)
        except FileNotFoundError:
            return Health()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as exc:
            _log.warning("health_ignored file=%s reason=%s", path, exc)
            return Health()

    def update(self, account_id: str, change: Callable[[Health], Health]) -> Health:
        """Read, change and write as one step between processes; gives what lies there then. Raises StoreError."""
        with hold(self._lock):
            before = self.read(account_id)
            after = change(before)
            if after != before:
                atomic_write(self._path(account_id), msgspec.json.encode(after))
            return after

    def delete(self, account_id: str) -> None:
        """An absent file is no error. Raises StoreError."""
        try:
            self._path(account_id).unlink(missing_ok=True)
        except OSError as exc:
            raise StoreError(f"cannot remove {self._path(account_id)}: {exc.strerror or exc}") from exc

    def _path(self, account_id: str) -> Path:
        return self._folder / f"{account_id}.json"


def record_standing(folders: Folders, account_id: str, standing: Standing | None, *, now: float | None = None) -> None:
    """What a login found out about its account, None when it asked nobody; holds of the old credential end either way.

    Servers of this home take it over when they reload. `now`: Unix seconds, by default the machine's. Raises
    StoreError.
    """
    set_at = time.time() if now is None else now

    def change(health: Health) -> Health:
        fresh = stood(health, standing) if standing is not None else mended(health)
        return structs.replace(fresh, last_fault=None, set_at=set_at)

    HealthStore(folders).update(account_id, change)
