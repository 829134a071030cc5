"""The key of the server itself, made at the first start and kept in the credential store (contract section 5)."""

from __future__ import annotations

import secrets
from pathlib import Path

from a2a.auth.locks import hold
from a2a.auth.store import CredentialStore
from a2a.errors import StoreError
from a2a.secret import Secret

_ID = "server-key"


def get(store: CredentialStore) -> Secret | None:
    """The key, None before the first start. Raises StoreError."""
    try:
        value = store.get(_ID)
    except StoreError as exc:
        told = f"the key of the server itself cannot be read: {exc.message}"
        raise StoreError(told, hint="unlock the keyring, or set a key of your own: A2A_API_KEY=…") from exc
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
