"""OpenAI Responses: the codec of the `responses` front and of upstreams that speak it.

    request_parse   -> history_parse, items_parse, parts_parse, tools_parse   client's body to Request
    request_render  -> items_render, parts_render, tools_render, grammar      Request to the upstream's body
    response        whole answers, both ways; envelope and items_out write them
    stream_parse    -> slots              upstream's stream to events
    stream_render   -> envelope, items_out   events to the client's stream
    errors, words   error bodies; stop reasons, usage, ids
    token           what `encrypted_content` carries
    tap             what the byte path reads

Source of every rule: specs/conversion.md; what Codex sends and needs: 14.2 there and specs/clients.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from a2a.messages import Failure, Proto, Request, Response
from a2a.protocols.base import Conversion, StreamParser, StreamRenderer
from a2a.protocols.responses import errors, request_parse, request_render, response
from a2a.protocols.responses.stream_parse import ResponsesStreamParser
from a2a.protocols.responses.stream_render import ResponsesStreamRenderer

__all__ = ["ResponsesFront", "ResponsesUpstream", "front", "upstream"]


class ResponsesFront:
    """Client face; holds no state."""

    name: str = "responses"

    def parse_request(self, body: bytes, *, headers: Mapping[str, str], model: str | None = None) -> Request:
        return request_parse.parse_request(body, model)

    def render_response(self, res: Response, conv: Conversion) -> bytes:
        return response.render_response(res, conv)

    def stream_renderer(self, conv: Conversion) -> StreamRenderer:
        return ResponsesStreamRenderer(conv)

    def render_error(self, failure: Failure, request_id: str = "") -> tuple[int, bytes]:
        return errors.render_error(failure)

    def parse_count(self, body: bytes, headers: Mapping[str, str], model: str | None = None) -> Request:
        """Body of `/v1/responses/input_tokens`, where every key is optional. Raises RequestError."""
        return request_parse.parse_request(body, counting=True)

    def render_count(self, n: int) -> bytes:
        """Answer of `/v1/responses/input_tokens`."""
        return b'{"object":"response.input_tokens","input_tokens":%d}' % n


class ResponsesUpstream:
    """Upstream face; holds no state."""

    name: Proto = "responses"

    def render_request(self, req: Request, conv: Conversion) -> bytes:
        return request_render.render_request(req, conv)

    def parse_response(self, body: bytes, conv: Conversion) -> Response:
        return response.parse_response(body, conv)

    def stream_parser(self, conv: Conversion) -> StreamParser:
        return ResponsesStreamParser(conv)

    def parse_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return errors.parse_error(status, headers, body)


front = ResponsesFront()
upstream = ResponsesUpstream()
