"""What Kiro refuses in images and documents (specs/kiro.md 6.4, 6.9, 10.2). All raise `Refusal`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

from a2a.demo import pictures
from a2a.demo.catalog import KiroModel
from a2a.demo.kiro.errors import invalid

_FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
_DOCUMENTS = ("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md")
_NAME = re.compile(r"[A-Za-z0-9 ()\[\]-]{1,200}")
_MOST_CHARS = 5_242_880
_MOST_IMAGES = 100
_MANY_IMAGES = 20
_SIDE_PX = 8000
_SIDE_PX_OF_MANY = 2000


def image_bytes(image: dict[str, Any]) -> bytes:
    """The bytes of an image, checked against its format."""
    kind, data = image.get("format"), (image.get("source") or {}).get("bytes")
    if kind not in _FORMATS or not isinstance(data, str):
        raise invalid("Unsupported image format.", "IMAGE_FORMAT_UNSUPPORTED")
    if len(data) > _MOST_CHARS:
        raise invalid("image exceeds 5 MB maximum", "IMAGE_SIZE_EXCEEDED")
    raw = _decoded(data)
    if pictures.media_type(raw) != _FORMATS[kind]:
        raise invalid(f"The image does not appear to be of format {kind}.", "IMAGE_MIME_MISMATCH")
    return raw


def check_images(messages: Sequence[dict[str, Any]]) -> None:
    """Every image of the conversation."""
    images = [image for message in messages for image in message.get("images") or ()]
    documents = sum(len(message.get("documents") or ()) for message in messages)
    if len(images) + documents > _MOST_IMAGES:
        text = f"too many images and documents: {len(images)} + {documents} > {_MOST_IMAGES}"
        raise invalid(text, "IMAGE_COUNT_EXCEEDED")
    most = _SIDE_PX if len(images) <= _MANY_IMAGES else _SIDE_PX_OF_MANY
    for image in images:
        size = pictures.size(image_bytes(image))
        if size is not None and max(size) > most:
            raise invalid(f"Image dimensions exceed {most} pixels.", "IMAGE_DIMENSION_EXCEEDED")


def check_documents(messages: Sequence[dict[str, Any]], model: KiroModel) -> None:
    """Every document of the conversation."""
    names: set[str] = set()
    for document in (one for message in messages for one in message.get("documents") or ()):
        name = document.get("name")
        if not model.images:
            raise invalid("The model does not support documents.", "DOCUMENT_MODEL_NOT_SUPPORTED")
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise invalid("Invalid document name.", "INVALID_DOCUMENT_NAME")
        if name in names:
            raise invalid("Duplicate document name.", "DOCUMENT_DUPLICATE_NAME")
        names.add(name)
        if document.get("format") not in _DOCUMENTS:
            raise invalid("Document type is not allowed.", "DISALLOWED_FILE_TYPE")
        document_bytes(document)


def document_bytes(document: dict[str, Any]) -> bytes:
    return _decoded(str((document.get("source") or {}).get("bytes")))


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise invalid("Improperly formed request.", "REQUEST_BODY_INVALID") from error
