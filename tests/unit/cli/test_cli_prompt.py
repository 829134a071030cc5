"""A prompt from words, stdin and files."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest

from a2a.cli import prompt as module
from a2a.cli.output import Out
from a2a.cli.prompt import user_message
from a2a.errors import UsageError
from a2a.messages import Inline, Media, Message, Text

PNG = b"\x89PNG\r\n\x1a\n\x00"


def ask(*words: str, stdin: str = "", tty: bool = False, files: tuple[Path, ...] = ()) -> Message:
    stream = io.StringIO(stdin)
    stream.isatty = lambda: tty  # type: ignore[method-assign]
    return user_message(Out(stream), words, files)


def text(message: Message) -> str:
    (part,) = message.parts
    assert isinstance(part, Text)
    return part.text


@pytest.mark.parametrize(
    ("words", "stdin", "tty", "said"),
    [
        (("tell", "me"), "", True, "tell me"),
        (("tell me",), "a log\n", False, "tell me\n\na log"),
        ((), "\na log\n\n", False, "a log"),
        (("-",), "from a terminal\n", True, "from a terminal"),
        (("why", "-", "so"), "long", True, "why so\n\nlong"),
        (("tell me",), "never read", True, "tell me"),
    ],
)
def test_words_then_what_comes_in(words: tuple[str, ...], stdin: str, tty: bool, said: str) -> None:
    message = ask(*words, stdin=stdin, tty=tty)
    assert (message.role, text(message)) == ("user", said)


@pytest.mark.parametrize("stdin", ["", "\n\n"])
def test_nothing_to_ask(stdin: str) -> None:
    with pytest.raises(UsageError, match="nothing to ask"):
        ask(stdin=stdin)


@pytest.mark.parametrize(
    ("name", "data", "kind", "mime"),
    [
        ("a.png", PNG, "image", "image/png"),
        ("a.txt", b"\xff\xd8\xff\xe0", "image", "image/jpeg"),
        ("a", b"GIF89a", "image", "image/gif"),
        ("a.jpg", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image", "image/webp"),
        ("a.bin", b"%PDF-1.7\n", "document", "application/pdf"),
        ("a.pdf", b"no magic at all", "document", "application/pdf"),
    ],
)
def test_media_by_their_first_bytes_then_by_name(tmp_path: Path, name: str, data: bytes, kind: Any, mime: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    (part,) = ask(tty=True, files=(path,)).parts
    assert part == Media(kind=kind, source=Inline(base64.b64encode(data).decode()), mime=mime, name=name)


@pytest.mark.parametrize(("name", "data"), [("a.py", b"x = 1"), ("notes", "größe".encode()), ("a.wav", b"RIFF none")])
def test_any_other_text_has_its_name_in_front(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert text(ask(tty=True, files=(path,))) == f"{name}:\n\n{data.decode()}"


def test_words_come_before_files_in_their_order(tmp_path: Path) -> None:
    paths = (tmp_path / "b", tmp_path / "a")
    for path in paths:
        path.write_text(path.name)
    parts = ask("compare", tty=True, files=paths).parts
    assert [part.text for part in parts if isinstance(part, Text)] == ["compare", "b:\n\nb", "a:\n\na"]


def test_bytes_of_no_known_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="neither text, an image nor a PDF"):
        ask(tty=True, files=(path,))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*nowhere: No such file"):
        ask(tty=True, files=(tmp_path / "nowhere",))


def test_a_file_that_is_too_big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 3)
    path = tmp_path / "a.txt"
    path.write_text("four")
    with pytest.raises(UsageError, match="is over 0 MiB"):
        ask(tty=True, files=(path,))
