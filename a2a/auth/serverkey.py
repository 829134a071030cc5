"""The key of the server itself, made at the first start and kept in the credential store (contract section 5)."""

from __future__ import annotations

import secrets
from pathlib import Path

from a2a.auth.locks import hold
from a2a.auth.store import CredentialStore
from a2a.secret import Secret

_ID = "server-key"


def get(store: CredentialStore) -> Secret | None:
    """The key, None before the first start. Raises StoreError."""
    value = store.get(_ID)
    return Secret(value.decode()) if value else None


def get_or_create(store: CredentialStore, locks: Path) -> Secret:
    """The key, made and stored if there is none. `locks`: `Folders.locks`; of two first starts one makes the key.

    Raises StoreError.
    """
    with hold(locks / f"{_ID}.lock"):
        found = get(store)
        if found:
            return found
        made = f"a2a-{secrets.token_urlsafe(24)}"
        store.put(_ID, made.encode())
        return Secret(made)
