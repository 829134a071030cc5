"""Account records on disk, credentials as bytes, names of accounts."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from msgspec import structs
from support.kiro_tokens import token

from a2a.auth.accounts import AccountStore, find, free_alias
from a2a.auth.codec import decode_credential, encode_credential
from a2a.auth.records import Account, ApiKey, Limits
from a2a.errors import StoreError, UsageError
from a2a.paths import Folders, folders
from a2a.secret import Secret


def account(alias: str, provider: str = "openai-custom", **fields: object) -> Account:
    return Account(id=f"acc_{provider[:3]}{alias}", provider=provider, alias=alias, **fields)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Folders:
    return folders(str(tmp_path / "home"))


@pytest.fixture
def store(place: Folders) -> AccountStore:
    return AccountStore(place)


def test_a_record_survives(store: AccountStore) -> None:
    full = account("kimi", urls={"base_url": "http://x"}, limits=Limits(rpm=3), expires_at=1.5, label="a@b")
    store.put(full)
    assert store.get(full.id) == full
    assert store.list() == [full]


def test_an_empty_home_has_no_accounts(store: AccountStore, place: Folders) -> None:
    assert store.list() == []
    assert store.get("acc_none") is None
    store.delete("acc_none")
    assert not place.data.exists()


def test_accounts_are_in_the_order_of_the_providers(store: AccountStore) -> None:
    for one in (account("b"), account("k", "claude-kiro-oauth"), account("a"), account("c", "claude-custom")):
        store.put(one)
    assert [a.name for a in store.list()] == [
        "openai-custom/a",
        "openai-custom/b",
        "claude-custom/c",
        "claude-kiro-oauth/k",
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": "x"}', b"\xff\xfe", b'{"id":"other","provider":"p"}'])
def test_a_broken_record_is_named_and_skipped(store: AccountStore, place: Folders, content: bytes) -> None:
    store.put(account("good"))
    (place.accounts / "acc_bad.json").write_bytes(content)
    scan = store.scan()
    assert [a.alias for a in scan.accounts] == ["good"]
    assert len(scan.problems) == 1
    assert "acc_bad.json" in scan.problems[0]


def test_an_alias_is_unique_within_its_provider(store: AccountStore) -> None:
    store.put(account("work"))
    store.put(account("work", "claude-custom"))
    store.put(structs.replace(account("work"), weight=3))
    with pytest.raises(UsageError, match="already an account openai-custom/work"):
        store.put(structs.replace(account("work"), id="acc_other"))


@pytest.mark.parametrize("alias", ["", "a b", "a/b", "ä", "../x"])
def test_an_alias_has_rules(store: AccountStore, alias: str) -> None:
    with pytest.raises(UsageError):
        store.put(structs.replace(account("x"), alias=alias))


def test_updates_from_many_threads_are_not_lost(store: AccountStore) -> None:
    store.put(account("work", weight=1))

    def add() -> None:
        for _ in range(5):
            store.update(account("work").id, lambda a: structs.replace(a, weight=a.weight + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.list()[0].weight == 21


def test_an_update_of_a_removed_account_brings_nothing_back(store: AccountStore) -> None:
    assert store.update("acc_gone", lambda a: a) is None
    assert store.list() == []


@pytest.mark.parametrize(
    ("wanted", "taken", "alias"),
    [
        (["kimi"], [], "kimi"),
        (["kimi", "a@b.c"], ["kimi"], "a@b.c"),
        ([None, "", "no good"], [], "1"),
        ([], ["1", "2"], "3"),
        (["kimi"], ["kimi"], "1"),
    ],
)
def test_an_alias_is_found(wanted: list[str | None], taken: list[str], alias: str) -> None:
    assert free_alias(wanted, taken) == alias


ALL = [account("work", "claude-kiro-oauth"), account("work"), account("kimi"), account("me@x.org", "claude-custom")]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("kiro/work", "claude-kiro-oauth/work"),
        ("claude-kiro-oauth/work", "claude-kiro-oauth/work"),
        ("OPENAI/work", "openai-custom/work"),
        ("kimi", "openai-custom/kimi"),
        ("me@x.org", "claude-custom/me@x.org"),
        ("claude", "claude-custom/me@x.org"),
        ("Claude-Kiro-OAuth", "claude-kiro-oauth/work"),
    ],
)
def test_an_account_by_name(name: str, full: str) -> None:
    assert find(name, ALL).name == full


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("work", "say which: kiro/work, openai/work"),
        ("openai", "say which: openai/work, openai/kimi"),
        ("kimmi", "did you mean kimi?"),
        ("kiro/wrok", "did you mean kiro/work?"),
        ("kirro/work", "did you mean kiro?"),
        ("zzzzzz", "accounts: kiro/work, openai/work, openai/kimi, claude/me@x.org"),
    ],
)
def test_a_wrong_name_is_answered_with_near_ones(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(name, ALL)
    assert caught.value.hint == hint


def test_no_account_at_all() -> None:
    with pytest.raises(UsageError, match="a2a login"):
        find("x", [])


@pytest.mark.parametrize("credential", [ApiKey(Secret("sk-ä")), token(client_secret=Secret("s" * 4096), email="a@b")])
def test_credentials_survive_as_bytes(credential: ApiKey) -> None:
    assert decode_credential(encode_credential(credential), "x") == credential


@pytest.mark.parametrize("content", [b"", b'{"type":"api_key","key":5}', b'{"type":"x","key":"sk-1"}', b"\xffsk-1"])
def test_a_broken_credential_names_the_account_and_shows_nothing(content: bytes) -> None:
    with pytest.raises(StoreError, match="kiro/work") as caught:
        decode_credential(content, "kiro/work")
    assert "sk-1" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_removal_waits_for_an_update_that_would_write_the_record_again(store: AccountStore) -> None:
    mine = account("mine")
    store.put(mine)
    removal = threading.Thread(target=store.delete, args=[mine.id])

    def change(found: Account) -> Account:
        removal.start()
        removal.join(0.2)
        return structs.replace(found, priority=1)

    store.update(mine.id, change)
    removal.join(10)
    assert store.get(mine.id) is None


def test_a_name_that_is_taken_gives_way_where_nobody_chose_it(store: AccountStore) -> None:
    store.put(account("mine"))
    assert store.add(structs.replace(account("mine"), id="acc_2"), ["1"]).alias == "2"
