"""The document that holds accounts with their secrets."""

from __future__ import annotations

import json

import msgspec

from a2a.auth.codec import decode_credential
from a2a.auth.export import document
from a2a.auth.records import Account, ApiKey, KiroToken
from a2a.secret import Secret

KEY = ApiKey(Secret("sk-planted"))
TOKEN = KiroToken(kind="social", access_token=Secret("aoa"), refresh_token=Secret("aor"), expires_at=7.0)


def test_each_account_is_as_it_lies_on_disk() -> None:
    accounts = [
        Account(id="acc_1", provider="openai-custom", alias="a", priority=3),
        Account(id="acc_2", provider="claude-kiro-oauth", alias="b"),
    ]
    written = msgspec.json.encode(document(zip(accounts, (KEY, TOKEN), strict=True)))
    shown = json.loads(written)
    assert shown["a2a"] == 1
    assert shown["accounts"][0]["credential"] == {"type": "api_key", "key": "sk-planted"}
    entries = [(json.dumps(e["account"]).encode(), json.dumps(e["credential"]).encode()) for e in shown["accounts"]]
    assert [msgspec.json.decode(record, type=Account) for record, _ in entries] == accounts
    assert [decode_credential(secret, "") for _, secret in entries] == [KEY, TOKEN]


def test_the_document_does_not_show_itself() -> None:
    shown = repr(document([(Account(id="acc_1", provider="openai-custom", alias="a"), KEY)]))
    assert "sk-planted" not in shown
