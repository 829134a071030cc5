"""Server-sent events as strictly as the strictest client reads them (specs/conversion.md 10.1)."""

from __future__ import annotations

from typing import NamedTuple

from a2a.demo.matrix.wrong import Wrong, need, short


class Frame(NamedTuple):
    """One event. `event` None: it came without a name."""

    event: str | None
    data: str


def read(body: bytes) -> list[Frame]:
    """The frames of a whole stream without its comments. Raises Wrong."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Wrong(f"the stream is no UTF-8: {error}") from error
    need(text.endswith("\n\n"), f"the stream ends in the middle of a frame: {short(text[-80:])}")
    blocks = text.removesuffix("\n\n").split("\n\n")
    return [frame for block in blocks if (frame := _frame(block)) is not None]


def _frame(block: str) -> Frame | None:
    """None for a comment."""
    if all(line.startswith(":") for line in block.split("\n")):
        return None
    fields = [line.partition(": ") for line in block.split("\n")]
    names = [name for name, _, _ in fields]
    need(names in (["data"], ["event", "data"]), f"a frame of fields {names}: {short(block)}")
    return Frame(fields[0][2] if len(fields) == 2 else None, fields[-1][2])
