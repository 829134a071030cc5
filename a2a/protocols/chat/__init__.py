"""OpenAI Chat Completions: the codec of the `chat` front and of every Chat-compatible upstream.

    request_parse   -> messages_parse, parts_parse, tools_parse      client's body to Request
    request_render  -> messages_render, parts_render, tools_render   Request to the upstream's body
    response        whole answers, both ways
    stream_parse    -> lane, content      upstream's stream to events
    stream_render   events to the client's stream
    errors, words   error bodies; stop reasons and usage
    tap, lists      what the byte path reads; model lists

Source of every rule: specs/conversion.md; the DashScope traps: specs/qwen.md 10.
"""

from __future__ import annotations

from collections.abc import Mapping

from a2a.messages import Failure, Proto, Request, Response
from a2a.protocols.base import Conversion, Front, StreamParser, StreamRenderer, Upstream
from a2a.protocols.chat import errors, request_parse, request_render, response
from a2a.protocols.chat.stream_parse import ChatStreamParser
from a2a.protocols.chat.stream_render import ChatStreamRenderer

__all__ = ["ChatFront", "ChatUpstream", "front", "upstream"]


class ChatFront:
    """Client face; holds no state."""

    name = "chat"

    def parse_request(self, body: bytes, *, headers: Mapping[str, str], model: str | None = None) -> Request:
        return request_parse.parse_request(body, model)

    def render_response(self, res: Response, conv: Conversion) -> bytes:
        return response.render_response(res, conv)

    def stream_renderer(self, conv: Conversion) -> StreamRenderer:
        return ChatStreamRenderer(conv)

    def render_error(self, failure: Failure, request_id: str = "") -> tuple[int, bytes]:
        return errors.render_error(failure)


class ChatUpstream:
    """Upstream face; holds no state."""

    name: Proto = "chat"

    def render_request(self, req: Request, conv: Conversion) -> bytes:
        return request_render.render_request(req, conv)

    def parse_response(self, body: bytes, conv: Conversion) -> Response:
        return response.parse_response(body, conv)

    def stream_parser(self, conv: Conversion) -> StreamParser:
        return ChatStreamParser(conv)

    def parse_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return errors.parse_error(status, headers, body)


front: Front = ChatFront()
upstream: Upstream = ChatUpstream()
