"""Rich exchanges for tests of the inspector: relayed, converted, failed over, streamed, with and without bodies."""

from __future__ import annotations

import base64
import json
from typing import Any
from zlib import crc32

from support.fake_control import NOW

from a2a.control.types import (
    Arrival,
    Attempt,
    AttemptBodies,
    Bodies,
    Considered,
    Cost,
    Decision,
    Exchange,
    Fault,
    NoteView,
    Route,
    Timings,
    Tokens,
)

AT = NOW - 60
"""When they all began."""

CHAT_REQUEST: dict[str, Any] = {
    "model": "sonnet",
    "stream": True,
    "temperature": 0.2,
    "logit_bias": {"50256": -100},
    "messages": [
        {"role": "system", "content": "You are terse.\nAnswer in one line."},
        {"role": "user", "content": "Wie wird das Wetter in 京都?"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "The weather of a city",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            },
        }
    ],
}
CLAUDE_REQUEST: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 8192,
    "stream": True,
    "temperature": 0.2,
    "system": "You are terse.\nAnswer in one line.",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Wie wird das Wetter in 京都?"}]}],
    "tools": [{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}],
}


def sse(*events: tuple[str, dict[str, Any]]) -> str:
    """A stream; an event without a name has no `event:` line."""
    lines = []
    for name, data in events:
        lines.append((f"event: {name}\n" if name else "") + f"data: {json.dumps(data, ensure_ascii=False)}\n\n")
    return "".join(lines)


def _block(index: int, **block: Any) -> tuple[str, dict[str, Any]]:
    return "content_block_start", {"type": "content_block_start", "index": index, "content_block": block}


def _part(index: int, **delta: Any) -> tuple[str, dict[str, Any]]:
    return "content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}


def _chunk(finish: str | None = None, **delta: Any) -> tuple[str, dict[str, Any]]:
    return "", {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _call(**function: str) -> list[dict[str, Any]]:
    return [{"index": 0, "function": function}]


CLAUDE_STREAM = sse(
    ("message_start", {"type": "message_start", "message": {"id": "msg_1", "type": "message", "content": []}}),
    _block(0, type="text", text=""),
    _part(0, type="text_delta", text="京都: "),
    _part(0, type="text_delta", text="18 °C"),
    _block(1, type="tool_use", name="get_weather", input={}),
    _part(1, type="input_json_delta", partial_json='{"city": "Kyoto"}'),
    ("message_delta", {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
    ("message_stop", {"type": "message_stop"}),
)
CHAT_STREAM = sse(
    _chunk(role="assistant", content=""),
    _chunk(content="京都: "),
    _chunk(content="18 °C"),
    _chunk(tool_calls=_call(name="get_weather", arguments='{"city": ')),
    _chunk(tool_calls=_call(arguments='"Kyoto"}')),
    _chunk("tool_calls"),
)


def event_stream(*events: tuple[str, dict[str, Any]]) -> bytes:
    """Frames of `application/vnd.amazon.eventstream`, written from its specification."""
    whole = b""
    for name, data in events:
        header = b"\x0b:event-type\x07" + len(name).to_bytes(2) + name.encode()
        payload = json.dumps(data).encode()
        head = (len(header) + len(payload) + 16).to_bytes(4) + len(header).to_bytes(4)
        body = head + crc32(head).to_bytes(4) + header + payload
        whole += body + crc32(body).to_bytes(4)
    return whole


KIRO_STREAM = "base64:" + base64.b64encode(
    event_stream(
        ("assistantResponseEvent", {"content": "Hello"}),
        ("toolUseEvent", {"name": "get_weather", "toolUseId": "tooluse_1"}),
        ("toolUseEvent", {"name": "get_weather", "toolUseId": "tooluse_1", "input": '{"city": "Kyoto"}'}),
    )
).decode("ascii")


def arrivals(answer: str, *times_ms: float) -> list[Arrival]:
    """The answer in as many reads as there are times, of about the same size."""
    data = answer.encode()
    step = -(-len(data) // len(times_ms))
    return [Arrival(at, len(data[n * step : (n + 1) * step])) for n, at in enumerate(times_ms)]


def limited(at: float = AT) -> Fault:
    return Fault(
        kind="rate_limited",
        message="too many requests",
        status=429,
        scope="account",
        action="cool_down",
        at=at,
        until=at + 60,
    )


def attempts() -> list[Attempt]:
    """The first account is at its limit, the second serves."""
    first = Decision(
        strategy="round-robin",
        picked="claude/work",
        considered=[
            Considered(account="claude/work", why="picked"),
            Considered(account="claude/räume-mit-langem-namen@例え.example", why="cooling", until=AT + 300),
            Considered(account="claude/old", why="needs_login"),
        ],
        waited_ms=120.0,
    )
    second = Decision(
        strategy="round-robin", picked="claude/home", considered=[Considered(account="claude/home", why="picked")]
    )
    return [
        Attempt(
            n=1,
            provider="claude-custom",
            account="claude/work",
            model="claude-sonnet-4-5",
            started_at=AT + 0.12,
            decision=first,
            status=429,
            headers_ms=180.0,
            duration_ms=200.0,
            outcome="failed",
            fault=limited(),
        ),
        Attempt(
            n=2,
            provider="claude-custom",
            account="claude/home",
            model="claude-sonnet-4-5",
            started_at=AT + 0.33,
            decision=second,
            status=200,
            upstream_id="req_011",
            headers_ms=240.0,
            first_event_ms=400.0,
            duration_ms=1900.0,
            outcome="ok",
        ),
    ]


def converted(**changes: Any) -> Exchange:
    """chat → claude, streamed, served by the second account, recorded in full."""
    bodies = Bodies(
        request_headers={
            "content-type": "application/json",
            "user-agent": "OpenAI/Python 3.54",
            "authorization": "[removed]",
        },
        request=json.dumps(CHAT_REQUEST, ensure_ascii=False),
        answer_headers={"content-type": "text/event-stream", "x-a2a-exchange": "ex_2"},
        answer=CHAT_STREAM,
        attempts=[
            AttemptBodies(
                n=1,
                url="https://api.example.com/v1/messages",
                request_headers={"content-type": "application/json", "x-api-key": "[removed]"},
                request=json.dumps(CLAUDE_REQUEST, ensure_ascii=False),
                answer_headers={"content-type": "application/json", "retry-after": "60"},
                answer='{"type": "error", "error": {"type": "rate_limit_error", "message": "too many requests"}}',
            ),
            AttemptBodies(
                n=2,
                url="https://api.example.com/v1/messages",
                request_headers={"content-type": "application/json", "x-api-key": "[removed]"},
                request=json.dumps(CLAUDE_REQUEST, ensure_ascii=False),
                answer_headers={"content-type": "text/event-stream", "request-id": "req_011"},
                answer=CLAUDE_STREAM,
                arrivals=arrivals(CLAUDE_STREAM, 730, 790, 1750, 1800, 2200),
            ),
        ],
    )
    values: dict[str, Any] = {
        "id": "ex_01kamc8q1v00000002",
        "started_at": AT,
        "client": "laptop",
        "front": "chat",
        "path": "/v1/chat/completions",
        "asked": "sonnet",
        "stream": True,
        "agent": "OpenAI/Python 3.54",
        "state": "done",
        "mode": "convert",
        "route": Route(front="chat", asked="sonnet", provider="claude-custom", model="claude-sonnet-4-5", via="alias"),
        "attempts": attempts(),
        "status": 200,
        "timings": Timings(queued=120.0, headers=570.0, first_token=730.0, last=2230.0),
        "tokens": Tokens(input=1203, output=345, cache_read=1000, reasoning=40),
        "cost": Cost(amount=0.0123, currency="USD", basis="2026-11-01"),
        "stop": "tool_calls",
        "notes": [
            NoteView("logit_bias", "dropped", "the upstream knows none"),
            NoteView("system message", "mapped", "its own field"),
            NoteView("max_tokens", "added", "the upstream wants one"),
        ],
        "request_bytes": 812,
        "answer_bytes": len(CHAT_STREAM.encode()),
        "bodies": bodies,
    }
    return Exchange(**(values | changes))


def relayed(**changes: Any) -> Exchange:
    """chat → chat, whole: model and system prompt were changed on the way."""
    sent = {**CHAT_REQUEST, "model": "kimi-k2", "stream": False}
    sent["messages"] = [{"role": "system", "content": "You are terse.\nAnswer in French."}, CHAT_REQUEST["messages"][1]]
    del sent["logit_bias"]
    sent["enable_thinking"] = True
    answer = json.dumps({"id": "chatcmpl-1", "choices": [{"message": {"content": "18 °C"}, "finish_reason": "stop"}]})
    bodies = Bodies(
        request_headers={"content-type": "application/json"},
        request=json.dumps({**CHAT_REQUEST, "stream": False}, ensure_ascii=False),
        answer=answer,
        attempts=[AttemptBodies(n=1, request=json.dumps(sent, ensure_ascii=False), answer=answer)],
    )
    attempt = attempts()[1]
    attempt.n = 1
    values: dict[str, Any] = {
        "id": "ex_01kamc8q1v00000001",
        "mode": "relay",
        "notes": [],
        "bodies": bodies,
        "stream": False,
    }
    return converted(**(values | {"attempts": [attempt]} | changes))


def refused(**changes: Any) -> Exchange:
    """Nobody could serve it."""
    fault = Fault(
        kind="unavailable", message="no account can serve claude-sonnet-4-5 now", status=503, scope="provider", at=AT
    )
    turn = Decision(
        strategy="round-robin",
        picked=None,
        considered=[
            Considered(account="claude/old", why="needs_login"),
            Considered(account="claude/work", why="cooling", until=AT + 60),
        ],
        waited_ms=800.0,
    )
    values: dict[str, Any] = {
        "id": "ex_01kamc8q1v00000003",
        "state": "failed",
        "status": 503,
        "fault": fault,
        "attempts": [],
        "unserved": [turn],
        "tokens": None,
        "cost": None,
        "stop": None,
        "notes": [],
        "bodies": None,
        "timings": Timings(queued=800.0, last=802.0),
    }
    return converted(**(values | changes))


def large(size: int = 1024 * 1024) -> Exchange:
    """A conversation of about `size` bytes, relayed as it came but for the model."""
    turn = "def f(x):\n    return x + 1  # ありがとう\n" * 20
    count = max(1, size // len(turn.encode()))
    messages = [{"role": "user" if n % 2 else "assistant", "content": f"{n}\n{turn}"} for n in range(count)]
    request = json.dumps({"model": "sonnet", "messages": messages}, ensure_ascii=False)
    sent = json.dumps({"model": "kimi-k2", "messages": messages}, ensure_ascii=False)
    found = relayed(id="ex_01kamc8q1v00000004")
    assert found.bodies is not None
    found.bodies.request, found.bodies.attempts[0].request = request, sent
    return found
