"""Local token estimator: what is said when no upstream counts (specs/conversion.md 13.1).

It counts what the client sent, never a prompt text of ours and never the billing line of Claude Code. The constants
are only a start: the pool calibrates them per model with the ratio of true to estimated input.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from math import ceil

from a2a.messages import (
    Foreign,
    Inline,
    Media,
    Part,
    Reasoning,
    Refusal,
    Request,
    Response,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from a2a.protocols.media import image_size

_BYTES_PER_TOKEN = 3.6
_JSON_BYTES_PER_TOKEN = 3.0
_PIXELS_PER_TOKEN = 750
_IMAGE_MAX = 1600
_PDF_PAGE = 2000
_PER_MESSAGE = 4
_PER_TOOL = 12
_BILLING = "x-anthropic-billing-header:"
_CJK = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+"
)
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")


def text_tokens(text: str) -> int:
    """Latin text by its bytes, CJK one per character."""
    if text.isascii():
        return ceil(len(text) / _BYTES_PER_TOKEN)
    other = _CJK.sub("", text)
    return len(text) - len(other) + ceil(len(other.encode("utf-8", "surrogatepass")) / _BYTES_PER_TOKEN)


def json_tokens(text: str | bytes) -> int:
    """JSON: arguments, schemas, wire blocks."""
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    return ceil(size / _JSON_BYTES_PER_TOKEN)


def request_tokens(req: Request) -> int:
    """Input of a whole request: system, tools, history with its media, calls and results."""
    total = sum(text_tokens(text.text) for text in without_billing(req.system))
    total += sum(_tool_tokens(tool) for tool in req.tools)
    total += sum(_PER_MESSAGE + parts_tokens(message.parts) for message in req.messages)
    if req.output is not None and req.output.schema is not None:
        total += json_tokens(bytes(req.output.schema))
    return total


def parts_tokens(parts: Iterable[Part]) -> int:
    """Input tokens of the parts of one message."""
    return sum(map(_part_tokens, parts))


def output_tokens(res: Response) -> int:
    """Output tokens of an answer, reasoning included, all candidates together."""
    return sum(parts_tokens(candidate.parts) for candidate in res.candidates)


def without_billing(system: list[Text]) -> list[Text]:
    """The system texts without Claude Code's billing line, whose nonce changes with every request (14.1).

    The line stands at the start of the first text; what follows it in the same text is kept.
    """
    if not system or not system[0].text.startswith(_BILLING):
        return system
    rest = system[0].text.partition("\n")[2].lstrip("\n")
    if not rest:
        return system[1:]
    first = Text(text=rest, cache=system[0].cache, ext=system[0].ext)
    return [first, *system[1:]]


def _part_tokens(part: Part) -> int:
    match part:
        case Text() | Refusal() | Reasoning():
            return text_tokens(part.text)
        case ToolCall():
            return text_tokens(part.name) + json_tokens(part.args)
        case ToolResult():
            return parts_tokens(part.parts)
        case Media():
            return _media_tokens(part)
        case Foreign():
            return json_tokens(bytes(part.raw)) if part.as_text is None else text_tokens(part.as_text)


def _tool_tokens(tool: Tool) -> int:
    total = _PER_TOOL + text_tokens(tool.name) + text_tokens(tool.description or "")
    return total + sum(json_tokens(bytes(raw)) for raw in (tool.schema, tool.raw) if raw is not None)


def _media_tokens(media: Media) -> int:
    """Images by their pixels, PDFs by their pages, texts by their length; anything else as one full image."""
    if not isinstance(media.source, Inline):
        return _IMAGE_MAX
    if media.kind == "image":
        size = image_size(media.source.data)
        return _IMAGE_MAX if size is None else min(_IMAGE_MAX, ceil(size[0] * size[1] / _PIXELS_PER_TOKEN))
    if media.kind == "document":
        return _document_tokens(media.mime, media.source.data)
    return _IMAGE_MAX


def _document_tokens(mime: str | None, data_b64: str) -> int:
    try:
        data = base64.b64decode(data_b64)
    except binascii.Error:
        return _PDF_PAGE
    if mime is not None and mime.startswith("text/"):
        return text_tokens(data.decode("utf-8", "replace"))
    return _PDF_PAGE * max(1, len(_PAGE.findall(data)))
