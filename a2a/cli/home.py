"""What the account commands share: the stores of this home, all accounts of a run, and one row per account."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from a2a.cli.output import Out
from a2a.config import PROVIDER_SHORT, Settings
from a2a.control.types import AccountState, AccountView
from a2a.errors import StoreError

if TYPE_CHECKING:
    from a2a.auth.accounts import AccountStore
    from a2a.auth.records import Account
    from a2a.auth.store import CredentialStore


class Home:
    """The accounts and secrets of one run; made inside a command's body."""

    def __init__(self, out: Out, settings: Settings) -> None:
        from a2a.auth.accounts import AccountStore
        from a2a.auth.store import open_store

        self.out = out
        self.settings = settings
        self.accounts: AccountStore = AccountStore(settings.folders)
        self.secrets: CredentialStore = open_store(settings.credential_store, settings.folders, say=out.say)

    def all_accounts(self) -> list[Account]:
        """Logged-in, declared and flag-given accounts; what cannot be used is told on the way."""
        from a2a.auth.declared import declared
        from a2a.providers.presets import PRESETS

        scan = self.accounts.scan()
        preset_urls = {name: preset.base_url for name, preset in PRESETS.items()}
        given = declared(self.settings, saved=scan.accounts, preset_urls=preset_urls)
        for problem in (*scan.problems, *given.problems):
            self.out.trouble(problem)
        return [*scan.accounts, *given.accounts]

    def view(self, account: Account) -> AccountView:
        """The account as every surface shows it, as far as one knows without a server."""
        state: AccountState = "ready"
        reason = None
        if not account.enabled:
            state = "disabled"
        elif account.origin == "login":
            try:
                if self.secrets.get(account.id) is None:
                    state, reason = "needs_login", "no_credential"
            except StoreError as exc:
                state, reason = "needs_action", exc.message
        return AccountView(
            id=account.id,
            provider=account.provider,
            alias=account.alias,
            state=state,
            kind=account.kind,
            origin=account.origin,
            reason=reason,
            label=account.label,
            priority=account.priority,
            weight=account.weight,
            expires_at=account.expires_at,
            base_url=account.urls.get("base_url"),
        )


def short_name(account: Account | AccountView) -> str:
    """`kiro/work`, as a user types it."""
    return f"{PROVIDER_SHORT[account.provider]}/{account.alias}"


def in_words(expires_at: float | None) -> str:
    """`in 42 min`, `expired`, or nothing for a key."""
    if expires_at is None:
        return ""
    left = expires_at - time.time()
    if left <= 0:
        return "renewed at next use"
    minutes = int(left // 60)
    if minutes < 120:
        return f"in {minutes} min"
    return f"in {minutes // 60} h" if minutes < 2880 else f"in {minutes // 1440} days"
