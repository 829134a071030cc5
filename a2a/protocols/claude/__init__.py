"""Claude Messages codec: client face (`front`) and upstream face (`upstream`), both without state.

Source: specs/conversion.md, the Claude columns. Modules by subject: `request_in`, `content_in` and `foreign` read a
request; `request_out` with `turns`, `content_out`, `tools_out`, `thinking`, `structured` and `cache` writes one;
`response` and `usage` hold whole answers, `stream_in` with `blocks_in` and `stream_out` streams, `errors` failures,
`words` the vocabulary; `tap` and `lists` serve the byte path and the model list.
"""

from __future__ import annotations

from collections.abc import Mapping

from a2a.messages import Failure, Proto, Request, Response
from a2a.protocols.base import Conversion, StreamParser, StreamRenderer
from a2a.protocols.claude import errors, request_in, request_out, response
from a2a.protocols.claude.stream_in import ClaudeStreamParser
from a2a.protocols.claude.stream_out import ClaudeStreamRenderer

__all__ = ["ClaudeFront", "ClaudeUpstream", "front", "upstream"]


class ClaudeFront:
    """What a client of the Messages API talks to."""

    name: str = "claude"

    def parse_request(self, body: bytes, *, headers: Mapping[str, str], model: str | None = None) -> Request:
        return request_in.parse_request(body, headers)

    def render_response(self, res: Response, conv: Conversion) -> bytes:
        return response.render_response(res, conv)

    def stream_renderer(self, conv: Conversion) -> StreamRenderer:
        return ClaudeStreamRenderer(conv)

    def render_error(self, failure: Failure, request_id: str = "") -> tuple[int, bytes]:
        return errors.render_error(failure, request_id)

    def parse_count(self, body: bytes, headers: Mapping[str, str], model: str | None = None) -> Request:
        """Body of `/v1/messages/count_tokens`: a request without `max_tokens`. Raises RequestError."""
        return request_in.parse_request(body, headers, counting=True)

    def render_count(self, n: int) -> bytes:
        """Answer of `/v1/messages/count_tokens`."""
        return b'{"input_tokens":%d}' % n


class ClaudeUpstream:
    """What talks to an upstream that speaks the Messages API."""

    name: Proto = "claude"

    def render_request(self, req: Request, conv: Conversion) -> bytes:
        return request_out.render_request(req, conv)

    def parse_response(self, body: bytes, conv: Conversion) -> Response:
        return response.parse_response(body, conv)

    def stream_parser(self, conv: Conversion) -> StreamParser:
        return ClaudeStreamParser(conv)

    def parse_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return errors.parse_error(status, headers, body)


front = ClaudeFront()
upstream = ClaudeUpstream()
