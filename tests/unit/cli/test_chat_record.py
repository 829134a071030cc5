"""A conversation, and the file of the last one."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from a2a.cli.talk.record import STOPPED, Conversation, LastChat, Turn, begun, digest
from a2a.errors import StoreError, UsageError
from a2a.messages import Inline, Media, Message, Text
from a2a.paths import folders

IMAGE = b"\x89PNG\r\n\x1a\nred"


@pytest.fixture
def store(tmp_path: Path) -> LastChat:
    return LastChat(folders(str(tmp_path / "home")))


def picture(data: bytes = IMAGE) -> Media:
    return Media(kind="image", source=Inline(base64.b64encode(data).decode()), mime="image/png", name="red.png")


def asked(*parts: Text | Media) -> Message:
    return Message(role="user", parts=list(parts))


def talked() -> Conversation:
    chat = begun()
    chat.provider, chat.model, chat.system = "kiro/work", "auto", "Be brief."
    chat.turns = [
        Turn(ask=asked(Text(text="grüß")), answer="hello", account="kiro/work", model="auto"),
        Turn(ask=asked(Text(text="more")), answer="on and", stopped=True),
    ]
    return chat


def deaf(text: str) -> None:
    raise AssertionError(text)


def test_every_conversation_has_a_name_of_its_own() -> None:
    assert begun().id != begun().id


def test_what_is_sent_next() -> None:
    said = talked().messages()
    assert [message.role for message in said] == ["user", "assistant", "user", "assistant"]
    assert said[1].parts == [Text(text="hello")]
    assert said[3].parts == [Text(text=f"on and\n\n{STOPPED}")]


def test_it_is_read_as_it_was_saved(store: LastChat) -> None:
    store.save(talked())
    read = store.read(deaf)
    assert read == Conversation(
        id=read.id, provider="kiro/work", model="auto", system="Be brief.", turns=talked().turns
    )


def test_only_its_user_may_read_the_file(store: LastChat) -> None:
    store.save(talked())
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_the_last_to_be_saved_is_the_last(store: LastChat) -> None:
    first, second = talked(), talked()
    for chat in (second, first):
        store.save(chat)
    assert store.read(deaf).id == first.id
    assert [path.name for path in store.path.parent.iterdir()] == ["last.json"]


def test_a_picture_is_kept_by_its_place(store: LastChat, tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    path.write_bytes(IMAGE)
    chat = talked()
    chat.paths[digest(picture())] = str(path)
    chat.turns = [Turn(ask=asked(Text(text="what?"), picture()), answer="red")]
    store.save(chat)
    assert base64.b64encode(IMAGE).decode() not in store.path.read_text()
    read = store.read(deaf)
    assert read.turns == chat.turns
    assert read.paths == chat.paths, "so that it is known for the next time too"


@pytest.mark.parametrize("now", [None, b"\x89PNG\r\n\x1a\nblue"], ids=["gone", "changed"])
def test_a_picture_that_is_gone_is_told(now: bytes | None, store: LastChat, tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    chat = talked()
    chat.paths[digest(picture())] = str(path)
    chat.turns = [Turn(ask=asked(picture()), answer="red")]
    store.save(chat)
    if now is not None:
        path.write_bytes(now)
    heard: list[str] = []
    (part,) = store.read(heard.append).turns[0].ask.parts
    assert part == Text(text="[red.png was attached here; it is no longer available.]")
    assert "red.png" in heard[0]


def test_a_picture_from_a_pipe_has_no_place(store: LastChat) -> None:
    chat = talked()
    chat.turns = [Turn(ask=asked(picture()), answer="red")]
    store.save(chat)
    heard: list[str] = []
    store.read(heard.append)
    assert len(heard) == 1


def test_none_yet(store: LastChat) -> None:
    with pytest.raises(UsageError, match="no conversation to go on with"):
        store.read(deaf)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": 1}', b"\xff"])
def test_a_broken_file(content: bytes, store: LastChat) -> None:
    store.save(talked())
    store.path.write_bytes(content)
    with pytest.raises(StoreError, match=r"last\.json is broken"):
        store.read(deaf)


def test_the_file_is_readable_json(store: LastChat) -> None:
    store.save(talked())
    kept = json.loads(store.path.read_bytes())
    assert kept["a2a"] == 1
    assert kept["turns"][0]["ask"] == [{"kind": "text", "text": "grüß"}]
    assert kept["turns"][1]["stopped"] is True
