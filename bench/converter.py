"""The least a converting relay must do, for text alone: what a2a's conversions are measured against.

No tools, no reasoning, no images, no checks; every event decoded, text re-encoded through a template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

encode = msgspec.json.encode
decode = msgspec.json.decode


def claude_to_chat(body: bytes) -> bytes:
    """A Claude request as a chat request."""
    request = decode(body)
    messages = [{"role": turn["role"], "content": _text(turn["content"])} for turn in request["messages"]]
    if "system" in request:
        messages.insert(0, {"role": "system", "content": _text(request["system"])})
    return encode(
        {
            "model": request["model"],
            "messages": messages,
            "max_completion_tokens": request["max_tokens"],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )


def chat_to_claude(body: bytes) -> bytes:
    """A chat request as a Claude request."""
    request = decode(body)
    turns = [turn for turn in request["messages"] if turn["role"] != "system"]
    converted = {
        "model": request["model"],
        "messages": [{"role": turn["role"], "content": _text(turn["content"])} for turn in turns],
        "max_tokens": request.get("max_completion_tokens", 4096),
        "stream": True,
    }
    system = [_text(turn["content"]) for turn in request["messages"] if turn["role"] == "system"]
    return encode({**converted, "system": "\n".join(system)} if system else converted)


def _text(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


class Splitter:
    """Bytes in, the data of whole SSE events out."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> Iterable[bytes]:
        *events, self.rest = (self.rest + data).split(b"\n\n")
        for event in events:
            at = event.find(b"data: ")
            if at >= 0:
                yield event[at + 6 :]


class ChatToClaudeStream:
    """A chat stream as a Claude stream."""

    START = (
        b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",'
        b'"role":"assistant","model":"bench","content":[],"stop_reason":null,"stop_sequence":null,'
        b'"usage":{"input_tokens":0,"output_tokens":0}}}\n\n'
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n'
    )
    DELTA = (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":%b}}\n\n'
    )
    END = (
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
        b'"stop_sequence":null},"usage":%b}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
    )

    def __init__(self) -> None:
        self.events = Splitter()
        self.usage = b"{}"
        self.started = False

    def feed(self, data: bytes) -> bytes:
        out = [] if self.started else [self.START]
        self.started = True
        for payload in self.events.feed(data):
            if payload == b"[DONE]":
                out.append(self.END % self.usage)
                continue
            chunk = decode(payload)
            for choice in chunk["choices"]:
                text = choice["delta"].get("content")
                if text:
                    out.append(self.DELTA % encode(text))
            if usage := chunk.get("usage"):
                self.usage = encode(
                    {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]}
                )
        return b"".join(out)


class ClaudeToChatStream:
    """A Claude stream as a chat stream."""

    DELTA = (
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1760000000,"model":"bench",'
        b'"choices":[{"index":0,"delta":%b,"finish_reason":%b}]}\n\n'
    )

    def __init__(self) -> None:
        self.events = Splitter()

    def feed(self, data: bytes) -> bytes:
        out = []
        for payload in self.events.feed(data):
            event = decode(payload)
            match event["type"]:
                case "message_start":
                    out.append(self.DELTA % (b'{"role":"assistant","content":""}', b"null"))
                case "content_block_delta" if text := event["delta"].get("text"):
                    out.append(self.DELTA % (b'{"content":%b}' % encode(text), b"null"))
                case "message_delta":
                    out.append(self.DELTA % (b"{}", b'"stop"'))
                case "message_stop":
                    out.append(b"data: [DONE]\n\n")
        return b"".join(out)


Stream = ChatToClaudeStream | ClaudeToChatStream
CONVERSIONS: dict[str, tuple[str, Callable[[bytes], bytes], Callable[[], Stream]]] = {
    "/v1/messages": ("/v1/chat/completions", claude_to_chat, ChatToClaudeStream),
    "/v1/chat/completions": ("/v1/messages", chat_to_claude, ClaudeToChatStream),
}
"""Front's path -> (upstream's path, request converter, maker of a stream converter)."""
