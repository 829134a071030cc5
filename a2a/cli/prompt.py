"""A prompt from arguments, stdin and files, as one neutral user message."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Sequence
from pathlib import Path

from a2a.cli.output import Out
from a2a.errors import UsageError
from a2a.messages import Inline, Media, MediaKind, Message, Part, Text

MAX_FILE_BYTES = 20 * 1024 * 1024

_MEDIA: dict[str, MediaKind] = {
    "image/png": "image",
    "image/jpeg": "image",
    "image/gif": "image",
    "image/webp": "image",
    "application/pdf": "document",
}


def user_message(out: Out, prompt: Sequence[str], files: Sequence[Path]) -> Message:
    """Prompt words, then what comes in through a pipe, then the files. Raises UsageError when nothing is said."""
    words = " ".join(word for word in prompt if word != "-")
    piped = "" if out.interactive and "-" not in prompt else out.stdin.read()
    text = "\n\n".join(piece for piece in (words, piped.strip("\n")) if piece)
    parts: list[Part] = [Text(text=text)] if text else []
    parts += [_file(path) for path in files]
    if not parts:
        raise UsageError("there is nothing to ask", hint='a2a chat "your question"')
    return Message(role="user", parts=parts)


def _file(path: Path) -> Part:
    """An image, a PDF, or any text file with its name in front. Raises UsageError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(f"{path} is over {MAX_FILE_BYTES // 1024 // 1024} MiB")
    mime = _sniff(data) or mimetypes.guess_type(path.name)[0] or ""
    kind = _MEDIA.get(mime)
    if kind is not None:
        return Media(kind=kind, source=Inline(base64.b64encode(data).decode()), mime=mime, name=path.name)
    try:
        return Text(text=f"{path.name}:\n\n{data.decode()}")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is neither text, an image nor a PDF", hint="convert it first, or leave it out"
        ) from error


def _sniff(data: bytes) -> str | None:
    """The type by the first bytes, where the name may lie."""
    for mime, magic in (("image/png", b"\x89PNG"), ("image/jpeg", b"\xff\xd8\xff"), ("image/gif", b"GIF8")):
        if data.startswith(magic):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if data.startswith(b"%PDF-") else None
