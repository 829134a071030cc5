"""What the account commands share: the stores of this home, all accounts of a run, and one row per account."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from a2a.cli.output import Out
from a2a.config import PROVIDER_SHORT, Settings
from a2a.control.types import AccountView
from a2a.errors import StoreError

if TYPE_CHECKING:
    from a2a.auth.accounts import AccountStore
    from a2a.auth.records import Account
    from a2a.auth.store import CredentialStore
    from a2a.pool.health import Health


class Home:
    """The accounts and secrets of one run; made inside a command's body."""

    def __init__(self, out: Out, settings: Settings, *, attended: bool = False) -> None:
        """`attended`: somebody sits before it who may have to unlock the keyring."""
        from a2a.auth.accounts import AccountStore
        from a2a.auth.store import open_store

        self.out = out
        self.settings = settings
        self.accounts: AccountStore = AccountStore(settings.folders)
        self.secrets: CredentialStore = open_store(
            settings.credential_store, settings.folders, say=out.say, attended=attended
        )

    def say(self, text: str) -> None:
        self.out.say(text)

    def all_accounts(self) -> list[Account]:
        """Logged-in, declared and flag-given accounts; what cannot be used is told on the way."""
        from a2a.pool.roster import read_roster

        roster = read_roster(self.settings)
        for problem in roster.problems:
            if all(error["message"] != problem for error in self.out.errors):
                self.out.trouble(problem)
        return roster.accounts

    def view(self, account: Account) -> AccountView:
        """The account as every surface shows it, as far as one knows without a server: what the last run learned."""
        from a2a.pool.health import view_of

        health = self._health(account)
        return view_of(account, health, time.time(), base_url=account.urls.get("base_url"))

    def _health(self, account: Account) -> Health:
        """What was learned, unless the secret itself cannot be had."""
        from msgspec import structs

        from a2a.pool.health import HealthStore

        health = HealthStore(self.settings.folders).read(account.id)
        if account.origin != "login" or not account.enabled:
            return health
        try:
            if self.secrets.get(account.id) is not None:
                return health
        except StoreError as exc:
            return structs.replace(
                health, state="needs_action", reason="store_failed", message=exc.message, remedy=exc.hint
            )
        remedy = f"log in again: a2a login {PROVIDER_SHORT[account.provider]} --name {account.alias}"
        told = "its credential is gone"
        return structs.replace(health, state="needs_login", reason="no_credential", message=told, remedy=remedy)


def short_name(account: Account | AccountView) -> str:
    """`kiro/work`, as a user types it."""
    return f"{PROVIDER_SHORT[account.provider]}/{account.alias}"


def in_words(expires_at: float | None) -> str:
    """`in 42 min`, that it is renewed when needed, or nothing for a key."""
    if expires_at is None:
        return ""
    left = expires_at - time.time()
    return "on next use" if left <= 0 else f"in {span(left)}"


def span(seconds: float) -> str:
    """`42 s`, `42 min`, `5 h`, `10 days`."""
    minutes = int(seconds // 60)
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
