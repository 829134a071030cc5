"""History to wire messages: the order of roles and blocks that the Messages API insists on (specs/conversion.md 5.1).

The first message is the user's, results come before other blocks, a system message stands behind a user turn, and
nothing is empty. Pairing of calls and results was repaired before.
"""

from __future__ import annotations

from msgspec import Struct, field

from a2a.messages import Ext, Message, Reasoning, Request, ToolCall, ToolResult
from a2a.protocols.base import Conversion
from a2a.protocols.claude.content_out import Block, BlockWriter, merge, plain

_START = "(start)"
_EMPTY = "(empty)"


class Turn(Struct):
    """One wire message in the making."""

    role: str
    blocks: list[Block] = field(default_factory=list)
    ext: Ext | None = None


def wire_messages(req: Request, conv: Conversion, writer: BlockWriter) -> list[Turn]:
    """Turns of the request, ready to be written. Raises RequestError for parts that cannot be expressed."""
    turns = [_turn(message, req, writer) for message in req.messages]
    turns = _placed(turns, keep_system=conv.profile.system_mid or req.proto == "claude")
    turns = _merged(_filled(turns))
    if not turns or turns[0].role != "user":
        turns.insert(0, Turn("user", [_text(_START)]))
        conv.note("messages", "added", "the first message must be the user's")
    if req.proto != "claude":
        _trim_prefill(turns[-1])
    return turns


def message_object(turn: Turn) -> Block:
    """The wire form; a lone text of the user or system is written as a string."""
    content = turn.blocks if turn.role == "assistant" else plain(turn.blocks)
    return merge({"role": turn.role, "content": content}, turn.ext)


def tool_loop_unsigned(messages: list[Message]) -> bool:
    """Whether the last assistant turn is in the middle of a tool loop and does not start with signed thinking."""
    for n in range(len(messages) - 1, -1, -1):
        message = messages[n]
        if message.role != "assistant":
            continue
        waiting = any(isinstance(part, ToolResult) for later in messages[n + 1 :] for part in later.parts)
        if not waiting or not any(isinstance(part, ToolCall) for part in message.parts):
            return False
        first = message.parts[0]
        return not (isinstance(first, Reasoning) and any(one.family == "anthropic" for one in first.opaque))
    return False


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _turn(message: Message, req: Request, writer: BlockWriter) -> Turn:
    parts = message.parts
    if message.role == "user":
        parts = sorted(parts, key=lambda part: not isinstance(part, ToolResult))
    return Turn(message.role, writer.blocks(parts), message.ext if req.proto == "claude" else None)


def _placed(turns: list[Turn], *, keep_system: bool) -> list[Turn]:
    """System turns directly behind a user turn; where that is impossible, or not allowed, as a reminder by the user."""
    placed: list[Turn] = []
    waiting: list[Turn] = []
    for turn in turns:
        if turn.role != "system":
            placed.append(turn)
            if turn.role == "user":
                placed.extend(waiting)
                waiting = []
        elif not turn.blocks:
            continue
        elif not keep_system:
            placed.append(_reminder(turn))
        elif placed and placed[-1].role != "assistant":
            placed.append(turn)
        else:
            waiting.append(turn)
    return placed + [_reminder(turn) for turn in waiting]


def _reminder(turn: Turn) -> Turn:
    text = "\n\n".join(block["text"] for block in turn.blocks if "text" in block)
    return Turn("user", [_text(f"<system-reminder>\n{text}\n</system-reminder>")])


def _filled(turns: list[Turn]) -> list[Turn]:
    """Without empty turns, but for those that hold two turns of the other side apart or end the conversation."""
    kept: list[Turn] = []
    for n, turn in enumerate(turns):
        if turn.blocks:
            kept.append(turn)
            continue
        before = kept[-1].role if kept else None
        after = next((later.role for later in turns[n + 1 :] if later.blocks), None)
        apart = before is not None and before not in (turn.role, "system") and after in (before, None)
        if apart and (after is not None or turn.role == "user"):
            kept.append(Turn(turn.role, [_text(_EMPTY)], turn.ext))
    return kept


def _merged(turns: list[Turn]) -> list[Turn]:
    """Adjacent turns of one role as one, results of a user turn still first."""
    merged: list[Turn] = []
    for turn in turns:
        last = merged[-1] if merged else None
        if last is None or last.role != turn.role or turn.ext is not None or last.ext is not None:
            merged.append(turn)
        else:
            last.blocks = (
                _results_first([*last.blocks, *turn.blocks]) if turn.role == "user" else last.blocks + turn.blocks
            )
    return merged


def _results_first(blocks: list[Block]) -> list[Block]:
    return sorted(blocks, key=lambda block: block["type"] != "tool_result")


def _trim_prefill(turn: Turn) -> None:
    """The API refuses an answer begun with trailing whitespace."""
    last = turn.blocks[-1] if turn.blocks else {}
    if turn.role == "assistant" and last.get("type") == "text":
        last["text"] = last["text"].rstrip() or _EMPTY
