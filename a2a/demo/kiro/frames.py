"""An answer as event-stream frames (specs/kiro.md 7): what the model said, or the steps of a scripted turn."""

from __future__ import annotations

import json
import secrets
import string
from typing import Any

from msgspec import Struct

from a2a.demo.brain import shards, slices
from a2a.demo.catalog import KiroModel
from a2a.demo.kiro.script import Delay, RawEvent, Step, Text, Think, ToolUse, Turn
from a2a.demo.signature import sign
from a2a.demo.view import Answer, View
from a2a.demo.wire import Pause, dumps
from a2a.protocols.eventstream import encode_frame

_STOP = {"end": "END_TURN", "tool": "TOOL_USE", "length": "MAX_TOKENS", "stop_sequence": "END_TURN"}
_ALPHABET = string.ascii_letters + string.digits
_CREDITS_PER_TOKEN = 0.00001


class Tally(Struct, frozen=True, kw_only=True):
    """Tokens of one answer."""

    model: KiroModel
    input: int
    output: int

    @property
    def credits(self) -> float:
        return round((self.input + 5 * self.output) * _CREDITS_PER_TOKEN * self.model.rate, 6)


def event(kind: str, payload: dict[str, Any]) -> bytes:
    """One event frame; the header order is the real service's."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, dumps(payload))


def turn_of(answer: Answer, view: View, model: KiroModel, *, tagged: bool, legacy: bool) -> Turn:
    """The answer as a scripted turn. `tagged`: thinking goes into the text, between tags."""
    steps: list[Step] = []
    if answer.thinking and tagged:
        steps.append(Text(slices(f"<thinking>{answer.thinking}</thinking>\n\n{answer.text}", 12)))
    else:
        if answer.thinking and model.family != "gpt":
            steps.append(Think(answer.thinking))
        if answer.text:
            steps.append(Text(slices(answer.text)))
    steps += [ToolUse(call.name, call.arguments, shards(call.arguments)) for call in answer.calls]
    if answer.thinking and not tagged and model.family == "gpt":
        steps.append(Think("..."))  # GPT models hide their reasoning and send it late
    return Turn(steps=steps, legacy_tail=legacy, stop_reason=_STOP[answer.stop])


def frames(
    turn: Turn, tally: Tally, preamble: list[tuple[str, dict[str, Any]]]
) -> tuple[list[bytes | Pause], set[str]]:
    """The frames of a turn, and the signatures it issued."""
    out: list[bytes | Pause] = [event(kind, payload) for kind, payload in preamble]
    signatures: set[str] = set()
    for step in turn.steps:
        if isinstance(step, Delay):
            out.append(Pause(step.ms / 1000))
            continue
        events = _events(step, tally.model.id)
        signatures |= {payload["signature"] for _, payload in events if "signature" in payload}
        out += [event(kind, {kind: payload} if turn.wrapped else payload) for kind, payload in events]
    if turn.tail:
        out += [event(kind, payload) for kind, payload in _tail(turn, tally)]
    return out, signatures


def _events(step: Text | Think | ToolUse | RawEvent, model: str) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(step, Text):
        pieces = step.text if isinstance(step.text, list) else slices(step.text, step.chunks)
        return [("assistantResponseEvent", {"content": piece, "modelId": model}) for piece in pieces]
    if isinstance(step, Think):
        kind = "reasoningContentEvent"
        signature = sign("kiro", step.text) if step.signature is None else step.signature
        return [*((kind, {"text": piece}) for piece in slices(step.text)), (kind, {"signature": signature})]
    if isinstance(step, ToolUse):
        return [("toolUseEvent", payload) for payload in _tool_events(step)]
    return [(step.type, step.payload)]


def _tool_events(step: ToolUse) -> list[dict[str, Any]]:
    use_id = step.id or "tooluse_" + "".join(secrets.choice(_ALPHABET) for _ in range(22))
    names = {"name": step.name, "toolUseId": use_id}
    text = step.input if isinstance(step.input, str) else json.dumps(step.input, ensure_ascii=False)
    pieces = step.fragments if isinstance(step.fragments, list) else slices(text, step.fragments)
    events: list[dict[str, Any]] = [names, *({"input": piece, **names} for piece in pieces)]
    return [*events, {"name": step.name, "stop": True, "toolUseId": use_id}] if step.stop else events


def _tail(turn: Turn, tally: Tally) -> list[tuple[str, dict[str, Any]]]:
    used = turn.usage or {
        "uncachedInputTokens": tally.input,
        "outputTokens": tally.output,
        "totalTokens": tally.input + tally.output,
        "cacheReadInputTokens": 0,
        "cacheWriteInputTokens": 0,
    }
    percentage = round(used["totalTokens"] / tally.model.window * 100, 6)
    tail: list[tuple[str, dict[str, Any]]] = [
        ("metadataEvent", {"stopReason": turn.stop_reason, "tokenUsage": used}),
        ("contextUsageEvent", {"contextUsagePercentage": percentage}),
        ("meteringEvent", {"unit": "credit", "unitPlural": "credits", "usage": tally.credits}),
    ]
    return tail[1:] if turn.legacy_tail else tail
