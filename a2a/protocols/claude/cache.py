"""Prompt-cache breakpoints of a request body (specs/conversion.md 4.3).

A body may hold four. Where a client cannot say them, a2a sets them: last tool, last system block, last block of the
last two user turns; otherwise such clients would never read a cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from a2a.protocols.base import Conversion
from a2a.protocols.claude.content_out import Block

MAX_BREAKPOINTS = 4
_UNCACHEABLE = ("thinking", "redacted_thinking")
_USER_TURNS = 2


def originate(body: Block) -> None:
    """Sets breakpoints in a body that has none."""
    targets = [_last(tool for tool in body.get("tools", ()) if not tool.get("defer_loading"))]
    targets.append(_last(body.get("system", ())))
    users = [message for message in body["messages"] if message["role"] == "user"]
    for message in users[-_USER_TURNS:]:
        if isinstance(message["content"], str):
            message["content"] = [{"type": "text", "text": message["content"]}]
        targets.append(_last(block for block in message["content"] if block["type"] not in _UNCACHEABLE))
    for target in targets:
        if target is not None:
            target["cache_control"] = {"type": "ephemeral"}


def limit(body: Block, conv: Conversion) -> None:
    """At most four breakpoints, the earliest of the messages going first, and no longer lifetime behind a shorter."""
    head = list(_marked([*body.get("tools", ()), *body.get("system", ())]))
    tail = list(_marked(block for message in body["messages"] for block in _content(message)))
    room = MAX_BREAKPOINTS - ("cache_control" in body)
    excess = max(0, len(head) + len(tail) - room)
    for block in [*tail, *head][:excess]:
        del block["cache_control"]
        conv.note("cache_control", "dropped", f"more than {MAX_BREAKPOINTS} breakpoints")
    short = False
    for block in [*head, *tail]:
        control = block.get("cache_control")
        if not isinstance(control, dict):
            continue
        if control.get("ttl") != "1h":
            short = True
        elif short:
            del control["ttl"]
            conv.note("cache_control.ttl", "clamped", "1h behind 5m")


def any_marked(body: Block) -> bool:
    """Whether the client set a breakpoint anywhere."""
    blocks = [*body.get("tools", ()), *body.get("system", ())]
    blocks += [block for message in body["messages"] for block in _content(message)]
    return "cache_control" in body or next(_marked(blocks), None) is not None


def _last(blocks: Any) -> Block | None:
    return next(reversed(list(blocks)), None)


def _content(message: Block) -> list[Block]:
    content = message["content"]
    return content if isinstance(content, list) else []


def _marked(blocks: Any) -> Iterator[Block]:
    """Blocks with a breakpoint in prefix order, those inside a result before the result itself."""
    for block in blocks:
        yield from _marked(block["content"] if isinstance(block.get("content"), list) else ())
        if "cache_control" in block:
            yield block
