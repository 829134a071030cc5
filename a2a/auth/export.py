"""Accounts as one document, to be kept in a safe place or taken to another machine. It holds secrets in the clear."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Raw

from a2a.auth.codec import encode_credential
from a2a.auth.records import Account, Credential
from a2a.control.types import Export, Exported

VERSION = 1


def document(accounts: Iterable[tuple[Account, Credential]]) -> Export:
    """`{"a2a": 1, "accounts": [{"account": {…}, "credential": {"type": …}}]}`, each as it lies on disk."""
    entries = [
        Exported(account=Raw(msgspec.json.encode(account)), credential=Raw(encode_credential(credential)))
        for account, credential in accounts
    ]
    return Export(a2a=VERSION, accounts=entries)
