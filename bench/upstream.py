"""A mock upstream that costs next to nothing: raw asyncio.Protocol, uvloop where it is there, canned bytes.

Speaks chat (`/v1/chat/completions`) and Claude (`/v1/messages`), unary and streamed. The last word of the model's name
chooses the stream: see STREAMS. The key `fails` gets a 500. Prints one JSON line with its url when it listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass
from typing import Any, cast

CHUNKS = 100
FAILING_KEY = b"fails"


@dataclass(frozen=True)
class Stream:
    """`gap_s` between two chunks; 0: one chunk per turn of the loop."""

    chunks: int
    gap_s: float
    mixed: bool = False
    """Reasoning and a tool call around the text, instead of text alone."""


STREAMS = {
    "stream": Stream(CHUNKS, 0.0),
    "mixed": Stream(CHUNKS, 0.0, mixed=True),
    "paced": Stream(CHUNKS, 0.010),
    "brisk": Stream(CHUNKS, 0.002),
    "tools": Stream(CHUNKS, 0.002, mixed=True),
    "slow": Stream(30, 0.100),
    "first": Stream(3, 0.004),
}
CHAT_MODELS = ["bench-small", *(f"bench-{name}" for name in STREAMS)]
CLAUDE_MODELS = [f"claude-bench-{name}" for name in STREAMS]

TEXT = " and so on"
USAGE = {"prompt_tokens": 12, "completion_tokens": 100, "total_tokens": 112}
CHAT_SMALL = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1760000000,
    "model": "bench-small",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT * 8}, "finish_reason": "stop"}],
    "usage": USAGE,
}
CLAUDE_SMALL = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-bench-small",
    "content": [{"type": "text", "text": TEXT * 8}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 100},
}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _shares(stream: Stream) -> tuple[int, int, int]:
    """Chunks of reasoning, text and tool arguments."""
    if not stream.mixed:
        return 0, stream.chunks, 0
    return stream.chunks // 5, stream.chunks - 2 * (stream.chunks // 5), stream.chunks // 5


def chat_events(stream: Stream) -> list[bytes]:
    """One SSE frame per chunk, then the finish, the usage and `[DONE]` glued to the last one."""

    def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choices = [] if more else [{"index": 0, "delta": delta, "finish_reason": finish}]
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1760000000, "model": "bench"}
        return b"data: " + _json({**head, "choices": choices, **more}) + b"\n\n"

    reasoning, text, arguments = _shares(stream)
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "read", "arguments": '{"path":"'}}
    events = [event({"reasoning_content": TEXT}) for _ in range(reasoning)]
    events += [event({"content": TEXT}) for _ in range(text)]
    if arguments:
        piece = {"index": 0, "function": {"arguments": "a/b/"}}
        events += [event({"tool_calls": [call]})]
        events += [event({"tool_calls": [piece]}) for _ in range(arguments - 2)]
        events += [event({"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]})]
    events[0] = event({"role": "assistant", "content": ""}) + events[0]
    events[-1] += event({}, "tool_calls" if arguments else "stop") + event({}, usage=USAGE) + b"data: [DONE]\n\n"
    return events


def claude_events(stream: Stream) -> list[bytes]:
    """One SSE frame per chunk; block starts and stops and the end are glued to their neighbours."""

    def event(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\ndata: ".encode() + _json({"type": kind, **fields}) + b"\n\n"

    def block(index: int, start: dict[str, Any], deltas: list[dict[str, Any]]) -> list[bytes]:
        frames = [event("content_block_delta", index=index, delta=delta) for delta in deltas]
        frames[0] = event("content_block_start", index=index, content_block=start) + frames[0]
        frames[-1] += event("content_block_stop", index=index)
        return frames

    reasoning, text, arguments = _shares(stream)
    events: list[bytes] = []
    if reasoning:
        thoughts = [{"type": "thinking_delta", "thinking": TEXT}] * (reasoning - 1)
        thoughts.append({"type": "signature_delta", "signature": "c2lnbmF0dXJl"})
        events += block(0, {"type": "thinking", "thinking": "", "signature": ""}, thoughts)
    events += block(1 if reasoning else 0, {"type": "text", "text": ""}, [{"type": "text_delta", "text": TEXT}] * text)
    if arguments:
        pieces = ['{"path":"', *["a/b/"] * (arguments - 2), '"}']
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        events += block(2, {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {}}, deltas)
    start = {**CLAUDE_SMALL, "content": [], "stop_reason": None, "usage": {"input_tokens": 12, "output_tokens": 1}}
    events[0] = event("message_start", message=start) + events[0]
    end = {"stop_reason": "tool_use" if arguments else "end_turn", "stop_sequence": None}
    events[-1] += event("message_delta", delta=end, usage={"output_tokens": 100}) + event("message_stop")
    return events


def _answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _http_chunks(events: list[bytes]) -> list[bytes]:
    chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in events]
    chunks[-1] += b"0\r\n\r\n"
    return chunks


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
UNARY = {b"chat": _answer("200 OK", _json(CHAT_SMALL)), b"claude": _answer("200 OK", _json(CLAUDE_SMALL))}
STREAMED = {
    b"chat": {name.encode(): _http_chunks(chat_events(stream)) for name, stream in STREAMS.items()},
    b"claude": {name.encode(): _http_chunks(claude_events(stream)) for name, stream in STREAMS.items()},
}
GAPS = {name.encode(): stream.gap_s for name, stream in STREAMS.items()}
MODELS = _answer(
    "200 OK",
    _json({"object": "list", "data": [{"id": name, "object": "model", "owned_by": "bench"} for name in CHAT_MODELS]}),
)
CLAUDE_LIST = _answer(
    "200 OK",
    _json(
        {
            "data": [{"type": "model", "id": name, "display_name": name} for name in CLAUDE_MODELS],
            "has_more": False,
            "first_id": CLAUDE_MODELS[0],
            "last_id": CLAUDE_MODELS[-1],
        }
    ),
)
NO_ROUTE = _answer("404 Not Found", _json({"error": {"message": "no such route", "type": "invalid_request_error"}}))
FAILED = _answer("500 Internal Server Error", _json({"error": {"message": "out of order", "type": "server_error"}}))

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\n(?:authorization: *bearer|x-api-key:) +(\S+)", re.IGNORECASE)
_MODEL = re.compile(rb'"model" ?: ?"[^"]*-(\w+)"')
_STREAMED = re.compile(rb'"stream" ?: ?true')


class Upstream(asyncio.Protocol):
    """One connection, one request at a time, kept alive."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.buffer = bytearray()
        self.next_chunk: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        if self.next_chunk:
            self.next_chunk.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end])
        length = _LENGTH.search(head)
        total = end + 4 + (int(length[1]) if length else 0)
        if len(self.buffer) >= total:
            body = bytes(self.buffer[end + 4 : total])
            del self.buffer[:total]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path.startswith(b"/v1/models"):
            self.transport.write(CLAUDE_LIST if b"anthropic-version" in head.lower() else MODELS)
            return
        front = {b"/v1/chat/completions": b"chat", b"/v1/messages": b"claude"}.get(path.partition(b"?")[0])
        key = _KEY.search(head)
        if front is None or (key and key[1] == FAILING_KEY):
            self.transport.write(NO_ROUTE if front is None else FAILED)
        elif _STREAMED.search(body):
            model = _MODEL.search(body)
            kind = model[1] if model and model[1] in GAPS else b"stream"
            self.transport.write(STREAM_HEAD)
            self.send(STREAMED[front][kind], 0, GAPS[kind])
        else:
            self.transport.write(UNARY[front])

    def send(self, chunks: list[bytes], at: int, gap_s: float) -> None:
        self.transport.write(chunks[at])
        if at + 1 == len(chunks):
            self.next_chunk = None
        elif gap_s:
            self.next_chunk = self.loop.call_later(gap_s, self.send, chunks, at + 1, gap_s)
        else:
            self.next_chunk = self.loop.call_soon(self.send, chunks, at + 1, gap_s)


def fast_runner() -> asyncio.Runner:
    """A runner on uvloop where that exists, for both ends of a measurement."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=new_event_loop)


async def main() -> None:
    """Listen on a free port until killed."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0, backlog=1024)
    print(json.dumps({"url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt), fast_runner() as runner:
        runner.run(main())
