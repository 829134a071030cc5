"""Asking an upstream to count what a client of another protocol said (specs/conversion.md 13.1).

A codec renders the request as if it were to be answered; here it becomes the body of the count route, and the number is
read out of its answer.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from a2a.protocols.wire import WireError, dumps, parse, upstream_side


class _Shape(Struct, frozen=True, kw_only=True):
    """`kept`: top-level keys the route takes, empty: all but `dropped`. `inside`: key that holds the whole request.

    `total`: key of the number.
    """

    total: str
    kept: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    inside: str | None = None


_SHAPES: dict[str, _Shape] = {
    "claude": _Shape(
        total="input_tokens",
        dropped=frozenset(
            ("max_tokens", "stream", "stop_sequences", "metadata", "temperature", "top_p", "top_k", "service_tier")
        ),
    ),
    "responses": _Shape(
        total="input_tokens",
        kept=frozenset(
            ("model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text")
        ),
    ),
    "gemini": _Shape(total="totalTokens", inside="generateContentRequest"),
    "codeassist": _Shape(total="totalTokens", kept=frozenset(("contents",)), inside="request"),
}
"""By the name of the upstream's codec."""
CONTENTS_ONLY = frozenset(("codeassist",))
"""Count routes that take neither system nor tools (gemini-cli.md 6)."""


def count_body(codec: str, body: bytes, model: str) -> bytes:
    """The body of the count route. `body`: a request rendered by a codec that can count."""
    shape = _SHAPES[codec]
    top = msgspec.json.decode(body, type=dict[str, Raw])
    if codec == "codeassist":
        top = msgspec.json.decode(top["request"], type=dict[str, Raw])
    top = {k: raw for k, raw in top.items() if (k in shape.kept if shape.kept else k not in shape.dropped)}
    if shape.inside is not None:
        return dumps({shape.inside: {"model": f"models/{model}", **top}})
    return dumps(top)


def read_count(codec: str, body: bytes) -> int:
    """Raises BadUpstream."""
    with upstream_side():
        fields, key = parse(body), _SHAPES[codec].total
        number = fields.int(key)
        if number is None:
            raise WireError(fields.at(key), "is required and must be a number")
        return number
