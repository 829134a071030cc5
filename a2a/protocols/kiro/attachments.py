"""Images and documents of a conversation, and what of them the upstream takes (specs/kiro.md 6.4 and 6.9).

One image over a limit locks a conversation for ever, because its history is sent again with every turn. So what does
not fit is left out before it is sent, and a line of text in its place tells the model.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from a2a.errors import RequestError
from a2a.messages import Inline, Media
from a2a.protocols.media import image_size, true_mime

MAX_IMAGE_BASE64 = 5_242_880
MAX_ATTACHMENTS = 100
MAX_EDGE = 8000
MANY_IMAGES = 20
MAX_EDGE_AMONG_MANY = 2000

_IMAGE_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENT_FORMATS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/markdown": "md",
    "application/json": "txt",
    "application/xml": "txt",
}
_TEXT_FORMATS = frozenset({"csv", "html", "md", "txt"})
_UNSAFE = re.compile(r"[^A-Za-z0-9 ()\[\]-]+")

Noter = Callable[[str], None]


class Takes(Struct, frozen=True):
    """What the model on this endpoint reads."""

    images: bool = True
    documents: bool = True


class Attachment(Struct):
    """One image or document. `label`: what the text calls it. `dropped`: why it is left out, None = it goes along."""

    kind: str
    format: str
    data: str
    label: str
    name: str = ""
    dropped: str | None = None

    @property
    def legend(self) -> str:
        """The line in the text of a tool result, whose media travel beside it."""
        return f"[{self.label} follows]" if self.dropped is None else self.omission

    @property
    def omission(self) -> str:
        """The line that stands where a left-out attachment was; "" while it goes along."""
        return "" if self.dropped is None else f"[{self.label} omitted: {self.dropped}]"

    def wire(self) -> dict[str, object]:
        """The member of `images` or `documents`."""
        body: dict[str, object] = {"format": self.format, "source": {"bytes": self.data}}
        return {"name": self.name, **body} if self.kind == "document" else body


def attach(media: Media, label: str, takes: Takes) -> Attachment | str:
    """The attachment of a part, or its text where documents are not taken and it holds text.

    Raises RequestError for media that nothing upstream could read: leaving them out would answer another question.
    """
    if not isinstance(media.source, Inline):
        raise RequestError(f"this upstream takes {media.kind} data only inside of the request, not by reference")
    data = media.source.data
    if media.kind == "image":
        mime = true_mime(media.mime, data)
        known = _IMAGE_FORMATS.get(mime or "", "")
        why = None if known else f"type {mime} is not supported"
        return Attachment("image", known, data, label, dropped=why if takes.images else "this model takes no images")
    if media.kind == "document":
        return _document(media, data, label, takes)
    raise RequestError(f"this upstream takes no {media.kind}")


def limit(attachments: Sequence[Attachment], note: Noter) -> None:
    """Marks what is over the limits, oldest first, and makes document names unique. `attachments` in their order."""
    for item in attachments:
        if item.kind == "image":
            item.dropped = item.dropped or _over_size(item, MAX_EDGE)
    kept = _kept(attachments)
    for item in kept[: max(0, len(kept) - MAX_ATTACHMENTS)]:
        item.dropped = f"more than {MAX_ATTACHMENTS} images and documents"
    images = [item for item in _kept(attachments) if item.kind == "image"]
    if len(images) > MANY_IMAGES:
        for item in images:
            item.dropped = _over_size(item, MAX_EDGE_AMONG_MANY)
    for item in attachments:
        if item.dropped is not None:
            note(f"{item.kind} omitted: {item.dropped}")
    _name_apart([item for item in _kept(attachments) if item.kind == "document"])


def _kept(attachments: Sequence[Attachment]) -> list[Attachment]:
    return [item for item in attachments if item.dropped is None]


def _over_size(image: Attachment, edge: int) -> str | None:
    if len(image.data) > MAX_IMAGE_BASE64:
        return f"over {MAX_IMAGE_BASE64} bytes of base64"
    size = image_size(image.data)
    if size is not None and max(size) > edge:
        return f"{size[0]} x {size[1]} pixels, at most {edge} x {edge}"
    return None


def _document(media: Media, data: str, label: str, takes: Takes) -> Attachment | str:
    mime = (media.mime or "text/plain").partition(";")[0].strip().lower()
    wire = _DOCUMENT_FORMATS.get(mime) or ("txt" if mime.startswith("text/") else None)
    if wire is None:
        raise RequestError(f"this upstream takes no documents of type {mime}")
    if takes.documents:
        stem = (media.name or "document").removesuffix(f".{wire}")
        return Attachment("document", wire, data, label, name=_UNSAFE.sub("-", stem).strip("- ") or "document")
    if wire not in _TEXT_FORMATS:
        raise RequestError(f"this model or its endpoint takes no documents of type {mime}")
    return f"{media.name or 'document'}:\n{_decoded(data)}"


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except binascii.Error as error:
        raise RequestError(f"a document is not base64: {error}") from error


def _name_apart(documents: Sequence[Attachment]) -> None:
    """The upstream rejects two documents of one name."""
    seen: set[str] = set()
    for item in documents:
        stem, number = item.name, 2
        while item.name in seen:
            item.name, number = f"{stem} ({number})", number + 1
        seen.add(item.name)
