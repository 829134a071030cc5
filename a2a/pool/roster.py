"""All accounts there are: those of logins, and the declared and flag-given ones with the user's changes to them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from a2a.auth.accounts import AccountStore
from a2a.auth.declared import declared
from a2a.auth.overrides import Overrides
from a2a.auth.records import Account, ApiKey, Credential
from a2a.config import Settings
from a2a.providers.presets import PRESETS


class Roster(Struct, frozen=True):
    """`accounts`: as they are to be used. `declared`: those nobody logged in to by id, as they were written, and
    `seeds` their credentials. `problems`: a sentence for each that cannot be used."""

    accounts: list[Account]
    declared: Mapping[str, Account]
    seeds: Mapping[str, Credential]
    problems: list[str]

    def fingerprints(self) -> dict[str, str]:
        """By account id, of the declared credentials: which of them is another than before."""
        found = {account_id: _fingerprint(credential) for account_id, credential in self.seeds.items()}
        return {account_id: text for account_id, text in found.items() if text}


def _fingerprint(credential: Credential) -> str:
    """16 hex digits, of a token as it was first imported; "" for one that has no source."""
    return (
        credential.key.fingerprint() if isinstance(credential, ApiKey) else (credential.source_fingerprint or "")[:16]
    )


def read_roster(settings: Settings) -> Roster:
    """Reads files and blocks. Raises StoreError, and UsageError for a flag that cannot be used."""
    scan = AccountStore(settings.folders).scan()
    preset_urls = {name: preset.base_url for name, preset in PRESETS.items()}
    given = declared(settings, saved=scan.accounts, preset_urls=preset_urls)
    wanted = Overrides(settings.folders).applied(given.accounts)
    return Roster(
        accounts=[*scan.accounts, *wanted],
        declared={account.id: account for account in given.accounts},
        seeds=given.credentials,
        problems=[*scan.problems, *given.problems],
    )
