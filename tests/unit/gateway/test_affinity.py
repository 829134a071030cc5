"""What conversation a request belongs to, and that it stays where it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.pool_kit import FakeClock

from a2a.errors import StoreError
from a2a.gateway.affinity import (
    MAX_KEY_CHARS,
    SAVE_EVERY_S,
    Affinity,
    Binding,
    BindingStore,
    Conversation,
    conversation,
)
from a2a.paths import folders

USER = {"role": "user", "content": "hello"}
SAID = {"role": "assistant", "content": "hi"}


def body(**fields: Any) -> bytes:
    return json.dumps({"model": "m", **fields}).encode()


@pytest.mark.parametrize("header", ["x-claude-code-session-id", "session-id", "x-session-affinity"])
def test_a_session_header_names_it(header: str) -> None:
    assert conversation({header: "s1"}, b"not even json") == Conversation("session s1", True)


@pytest.mark.parametrize("key", ["prompt_cache_key", "previous_response_id"])
def test_so_does_a_key_of_the_body(key: str) -> None:
    found = conversation({}, body(messages=[USER], **{key: "k1"}))
    assert found == Conversation(f'{key} "k1"', True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"messages": [USER]}, {"messages": [USER, SAID, USER]}),
        ({"system": "s", "messages": [USER]}, {"system": "s", "messages": [USER, SAID, USER]}),
        ({"input": [USER]}, {"input": [USER, SAID, USER]}),
        (
            {"contents": [{"role": "user", "parts": []}]},
            {"contents": [{"role": "user", "parts": []}, {"role": "model", "parts": []}]},
        ),
    ],
)
def test_later_turns_have_the_key_of_the_first(first: dict[str, Any], second: dict[str, Any]) -> None:
    new, later = conversation({}, body(**first)), conversation({}, body(**second))
    assert new is not None
    assert later is not None
    assert (new.known, later.known) == (False, True)
    assert new.key == later.key


def test_other_beginnings_are_other_conversations() -> None:
    one = conversation({}, body(system="a", messages=[USER, SAID]))
    other = conversation({}, body(system="b", messages=[USER, SAID]))
    assert one != other


@pytest.mark.parametrize("data", [b"", b"{", b'{"model":"m"}', b"[]"])
def test_a_body_that_says_nothing_is_no_conversation(data: bytes) -> None:
    assert conversation({}, data) is None


def test_only_what_may_be_known_is_looked_up() -> None:
    affinity = Affinity()
    affinity.bind("p", Conversation("k", False), "account")
    assert affinity.account("p", Conversation("k", False)) is None
    assert affinity.account("p", Conversation("k", True)) == "account"
    assert affinity.account("other", Conversation("k", True)) is None


def test_the_oldest_binding_goes() -> None:
    affinity = Affinity(size=2)
    for key in ("a", "b", "c"):
        affinity.bind("p", Conversation(key, True), key)
    assert [affinity.account("p", Conversation(key, True)) for key in ("a", "b", "c")] == [None, "b", "c"]


def test_a_long_name_is_kept_as_its_digest() -> None:
    one, other = (conversation({}, body(messages=[USER], prompt_cache_key="k" * 50_000 + end)) for end in "ab")
    assert one is not None
    assert len(one.key) <= MAX_KEY_CHARS
    assert one != other


# what survives


@pytest.fixture
def store(tmp_path: Path) -> BindingStore:
    return BindingStore(folders(str(tmp_path)))


def named(key: str) -> Conversation:
    return Conversation(key, True)


@pytest.mark.anyio
async def test_bindings_survive_a_restart(store: BindingStore) -> None:
    first, second = Affinity(store=store), Affinity(store=store)
    first.bind("p", named("k"), "account")
    await first.save(last=True)
    await second.load()
    assert second.account("p", named("k")) == "account"


@pytest.mark.anyio
async def test_what_another_process_wrote_stays(store: BindingStore) -> None:
    first, second, third = (Affinity(store=store) for _ in range(3))
    first.bind("p", named("a"), "one")
    second.bind("p", named("b"), "two")
    await first.save(last=True)
    await second.save(last=True)
    await third.load()
    assert [third.account("p", named(key)) for key in "ab"] == ["one", "two"]


@pytest.mark.anyio
async def test_what_was_learned_before_the_file_was_read_counts_more(store: BindingStore) -> None:
    first, second = Affinity(store=store), Affinity(store=store)
    first.bind("p", named("k"), "old")
    await first.save(last=True)
    second.bind("p", named("k"), "new")
    await second.load()
    assert second.account("p", named("k")) == "new"


@pytest.mark.anyio
async def test_the_file_stays_bounded(store: BindingStore) -> None:
    affinity = Affinity(size=3, store=store)
    for number in range(10):
        affinity.bind("p", named(str(number)), "account")
        await affinity.save(last=True)
    assert [binding.key for binding in store.read()] == ["7", "8", "9"]


@pytest.mark.anyio
async def test_it_is_written_now_and_then_and_only_when_something_is_new(store: BindingStore) -> None:
    clock = FakeClock()
    affinity = Affinity(store=store, clock=clock)
    affinity.bind("p", named("k"), "one")
    await affinity.save()
    assert store.read() == []
    clock.tick(SAVE_EVERY_S)
    await affinity.save()
    assert store.read() == [Binding("p", "k", "one")]
    store.path.unlink()
    clock.tick(SAVE_EVERY_S)
    affinity.bind("p", named("k"), "one")
    await affinity.save(last=True)
    assert not store.path.exists()


@pytest.mark.anyio
async def test_a_store_that_fails_is_told_once_and_tried_again(
    store: BindingStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise StoreError("disk full")

    affinity = Affinity(store=store)
    affinity.bind("p", named("k"), "one")
    with monkeypatch.context() as patch:
        patch.setattr(store, "add", full)
        await affinity.save(last=True)
        await affinity.save(last=True)
    assert caplog.text.count("bindings_not_saved") == 1
    await affinity.save(last=True)
    assert store.read() == [Binding("p", "k", "one")]


def test_a_broken_file_is_none(store: BindingStore, caplog: pytest.LogCaptureFixture) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(b'[["p"')
    assert store.read() == []
    assert "bindings_ignored" in caplog.text
