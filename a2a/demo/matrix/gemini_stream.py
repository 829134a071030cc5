"""The two forms of a Gemini stream, as strictly as google-genai reads them (specs/conversion.md 10.1).

With `alt=sse`: lines that are empty or `data: ` and a chunk; a comment, an event name or `[DONE]` breaks the SDK.
Without: one JSON array of chunks.
"""

from __future__ import annotations

from msgspec import Raw

from a2a.demo.matrix.wrong import Wrong, decode, need, short


def read(body: bytes, *, array: bool) -> list[bytes]:
    """The JSON of each chunk. Raises Wrong."""
    chunks = [bytes(raw) for raw in decode(body, list[Raw], "the array")] if array else _events(body)
    need(bool(chunks), "the stream holds nothing")
    return chunks


def _events(body: bytes) -> list[bytes]:
    """A blank line ends a chunk, any other one keeps the connection alive; Google itself writes CR LF."""
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    chunks: list[bytes] = []
    for line, after in zip(lines, [*lines[1:], b"the end"], strict=True):
        if not line:
            continue
        if not line.startswith(b"data: {"):
            raise Wrong(f"a line that breaks the SDK: {short(line.decode('utf-8', 'replace'))}")
        need(not after, "a chunk is not followed by a blank line")
        chunks.append(line.removeprefix(b"data: "))
    return chunks
