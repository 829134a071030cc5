"""A conversation: turns in the neutral form, so that any provider can go on with it, and the file of the last one.

The file lies in the data folder (`chat/last.json`, 0600) and holds the text of the conversation that was answered last:
each answer replaces it whole, so of several terminals the one that was answered last counts. Images and PDFs are not in
it, but where they lie and their digest: they are read again, and what is gone or changed by then is named in words.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from a2a.errors import StoreError, UsageError
from a2a.messages import Inline, Media, MediaKind, Message, Part, Text
from a2a.paths import Folders, atomic_write

VERSION = 1
STOPPED = "[The user stopped this answer here.]"
"""Behind an answer that is not whole, for the model that goes on."""


class Turn(Struct, frozen=True, kw_only=True):
    """A question and its answer. `account`, `model`: who gave it, where that is known."""

    ask: Message
    answer: str
    account: str | None = None
    model: str | None = None
    stopped: bool = False


class Conversation(Struct, kw_only=True):
    """`provider` and `model`: where it goes (`Aim`). `paths`: digest of an attached file -> where it lies."""

    id: str
    provider: str | None = None
    model: str | None = None
    system: str | None = None
    turns: list[Turn] = []
    paths: dict[str, str] = {}

    def messages(self) -> list[Message]:
        """Everything said so far, for the next request."""
        said: list[Message] = []
        for turn in self.turns:
            text = f"{turn.answer}\n\n{STOPPED}" if turn.stopped else turn.answer
            said += [turn.ask, Message(role="assistant", parts=[Text(text=text)])]
        return said


def begun() -> Conversation:
    """A new conversation. Its id is what logs and accounts know it by."""
    return Conversation(id=f"chat_{secrets.token_hex(8)}")


class _Words(Struct, tag="text", tag_field="kind"):
    text: str


class _File(Struct, tag="file", tag_field="kind", kw_only=True):
    name: str
    media: MediaKind
    mime: str | None
    sha256: str
    path: str | None


class _Turn(Struct, kw_only=True, omit_defaults=True):
    ask: list[_Words | _File]
    answer: str
    account: str | None = None
    model: str | None = None
    stopped: bool = False


class _Kept(Struct, kw_only=True):
    """The file. `at`: Unix seconds of its last answer."""

    a2a: int = VERSION
    id: str
    at: float
    provider: str | None
    model: str | None
    system: str | None
    turns: list[_Turn]


class LastChat:
    """The file of the last conversation."""

    def __init__(self, folders: Folders) -> None:
        self.path = folders.data / "chat" / "last.json"

    def save(self, conversation: Conversation) -> None:
        """Raises StoreError."""
        kept = _Kept(
            id=conversation.id,
            at=time.time(),
            provider=conversation.provider,
            model=conversation.model,
            system=conversation.system,
            turns=[_kept_turn(turn, conversation.paths) for turn in conversation.turns],
        )
        atomic_write(self.path, msgspec.json.format(msgspec.json.encode(kept)))

    def read(self, say: Callable[[str], None]) -> Conversation:
        """The last conversation; `say` hears of files that are gone. Raises UsageError without one, StoreError."""
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            raise UsageError("there is no conversation to go on with", hint='begin one: a2a chat "…"') from None
        except OSError as error:
            raise StoreError(f"cannot read {self.path}: {error.strerror or error}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.path} is broken: {error}", hint="begin a new conversation") from error
        paths: dict[str, str] = {}
        return Conversation(
            id=kept.id,
            provider=kept.provider,
            model=kept.model,
            system=kept.system,
            turns=[_turn(turn, paths, say) for turn in kept.turns],
            paths=paths,
        )


def digest(media: Media) -> str:
    """Hex SHA-256 of the bytes of an inline medium."""
    assert isinstance(media.source, Inline)
    return hashlib.sha256(base64.b64decode(media.source.data)).hexdigest()


def _kept_turn(turn: Turn, paths: dict[str, str]) -> _Turn:
    return _Turn(
        ask=[piece for part in turn.ask.parts if (piece := _kept_part(part, paths)) is not None],
        answer=turn.answer,
        account=turn.account,
        model=turn.model,
        stopped=turn.stopped,
    )


def _kept_part(part: Part, paths: dict[str, str]) -> _Words | _File | None:
    match part:
        case Text(text=text):
            return _Words(text)
        case Media(kind=kind, mime=mime, name=name):
            known = digest(part)
            return _File(name=name or kind, media=kind, mime=mime, sha256=known, path=paths.get(known))
        case _:
            return None  # a prompt holds nothing else


def _turn(kept: _Turn, paths: dict[str, str], say: Callable[[str], None]) -> Turn:
    parts: list[Part] = [_part(piece, paths, say) for piece in kept.ask]
    return Turn(
        ask=Message(role="user", parts=parts),
        answer=kept.answer,
        account=kept.account,
        model=kept.model,
        stopped=kept.stopped,
    )


def _part(piece: _Words | _File, paths: dict[str, str], say: Callable[[str], None]) -> Part:
    if isinstance(piece, _Words):
        return Text(text=piece.text)
    data = _read(piece)
    if data is None:
        say(f"{piece.name} of this conversation is no longer there: the model is told so")
        return Text(text=f"[{piece.name} was attached here; it is no longer available.]")
    assert piece.path is not None
    paths[piece.sha256] = piece.path
    source = Inline(base64.b64encode(data).decode())
    return Media(kind=piece.media, source=source, mime=piece.mime, name=piece.name)


def _read(file: _File) -> bytes | None:
    """Its bytes, if they are still the same."""
    try:
        data = Path(file.path).read_bytes() if file.path else b""
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == file.sha256 else None
