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


@pytest.mark.parametrize(("words", "stdin"), [((), ""), ((), "\n\n"), (("",), ""), (("  ", " "), "\n")])
def test_nothing_to_ask(words: tuple[str, ...], stdin: str) -> None:
    with pytest.raises(UsageError, match="nothing to ask"):
        ask(*words, stdin=stdin)


@pytest.mark.parametrize(
    ("name", "data", "kind", "mime"),
    [
        ("a.png", PNG, "image", "image/png"),
        ("a.txt", b"\xff\xd8\xff\xe0", "image", "image/jpeg"),
        ("a", b"GIF89a", "image", "image/gif"),
        ("a.jpg", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image", "image/webp"),
        ("a.bin", b"%PDF-1.7\n", "document", "application/pdf"),
        ("a", b"\xef\xbb\xbf\r\n%PDF-1.4\n", "document", "application/pdf"),
    ],
)
def test_media_by_their_first_bytes(tmp_path: Path, name: str, data: bytes, kind: Any, mime: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    (part,) = ask(tty=True, files=(path,)).parts
    assert part == Media(kind=kind, source=Inline(base64.b64encode(data).decode()), mime=mime, name=name)


TEXTS = [
    ("a.py", b"x = 1", "x = 1"),
    ("notes", "größe".encode(), "größe"),
    ("a.wav", b"RIFF none", "RIFF none"),
    ("bom.txt", b"\xef\xbb\xbfabc", "abc"),
    ("wide.txt", "größe".encode("utf-16"), "größe"),
    ("BM.txt", "BMW größe".encode(), "BMW größe"),
    ("look.py", b'if data.startswith(b"%PDF-"):', 'if data.startswith(b"%PDF-"):'),
]


@pytest.mark.parametrize(("name", "data", "said"), TEXTS)
def test_any_other_text_has_its_name_in_front(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert text(ask(tty=True, files=(path,))) == f"{name}:\n\n{said}"


def test_words_come_before_files_in_their_order(tmp_path: Path) -> None:
    paths = (tmp_path / "b", tmp_path / "a")
    for path in paths:
        path.write_text(path.name)
    parts = ask("compare", tty=True, files=paths).parts
    assert [part.text for part in parts if isinstance(part, Text)] == ["compare", "b:\n\nb", "a:\n\na"]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.bin", b"\xfe\xfd\x00", "neither text, an image nor a PDF"),
        ("a.bin", b"null\x00byte", "neither text, an image nor a PDF"),
        ("a.heic", b"\x00\x00\x00\x18ftypheic\x80\x81", "a HEIC image"),
        ("a.mp4", b"\x00\x00\x00\x18ftypisom\x80\x81", "video"),
        ("a.zip", b"PK\x03\x04\x80", "a ZIP archive"),
        ("a.pdf", b"<html>no PDF</html>", "is named like application/pdf, but is something else"),
        ("a.png", b"II*\x00\x80", "is named like image/png, but is a TIFF image"),
    ],
)
def test_what_nobody_takes_is_refused_by_what_it_is(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UsageError, match=told) as caught:
        ask(tty=True, files=(path,))
    assert "PNG" in (caught.value.hint or "")


@pytest.mark.parametrize(("data", "told"), [(b"", "is empty"), (None, "is a folder")])
def test_no_file_at_all(tmp_path: Path, data: bytes | None, told: str) -> None:
    path = tmp_path / "x"
    path.mkdir() if data is None else path.write_bytes(data)
    with pytest.raises(UsageError, match=told):
        ask(tty=True, files=(path,))


def test_an_image_comes_in_through_a_pipe() -> None:
    stream = io.TextIOWrapper(io.BytesIO(PNG))
    words, image = user_message(Out(stream), ["what is this?"], ()).parts
    assert words == Text(text="what is this?")
    assert image == Media(kind="image", source=Inline(base64.b64encode(PNG).decode()), mime="image/png", name="stdin")


def test_bytes_that_come_in_through_a_pipe_are_refused_too() -> None:
    with pytest.raises(UsageError, match="stdin is neither"):
        user_message(Out(io.TextIOWrapper(io.BytesIO(b"\xfe\x00"))), [], ())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*nowhere: No such file"):
        ask(tty=True, files=(tmp_path / "nowhere",))


def test_a_file_that_is_too_big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 3)
    path = tmp_path / "a.txt"
    path.write_text("four")
    with pytest.raises(UsageError, match="is over 0 MiB"):
        ask(tty=True, files=(path,))


class Endless(io.RawIOBase):
    """A stream that counts what is taken of its 8 MiB."""

    left = 8 * 1024 * 1024

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self.left)
        self.left -= size
        buffer[:size] = b"x" * size
        return size


def test_of_what_does_not_end_no_more_is_read_than_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-f /dev/zero`, `yes | a2a chat`."""
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 3)
    piped, filed = Endless(), Endless()
    with pytest.raises(UsageError, match="stdin is over"):
        user_message(Out(io.TextIOWrapper(io.BufferedReader(piped))), [], ())
    monkeypatch.setattr(Path, "open", lambda path, mode: io.BufferedReader(filed))
    with pytest.raises(UsageError, match="zero is over"):
        ask(tty=True, files=(Path("zero"),))
    assert min(piped.left, filed.left) > 7 * 1024 * 1024


def test_text_of_another_encoding_is_told_from_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("café\n".encode("latin-1"))
    with pytest.raises(UsageError, match="is text, but not in UTF-8") as caught:
        ask(tty=True, files=(path,))
    assert "iconv" in (caught.value.hint or "")
