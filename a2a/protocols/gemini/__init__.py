"""Gemini generateContent: the codec of the `gemini` front and of every upstream that speaks Google's API.

    request_parse   -> contents_parse, parts_parse, tools_parse              client's body to Request
    request_render  -> contents_render, parts_render, tools_render, config_render   Request to the upstream's body
    answer          pieces of an answer to events
    response        whole answers, both ways
    stream_parse, stream_render   streams, as events or as one JSON array
    errors, words, usage, logprobs, signature, objects   what the faces share
    envelope        Code Assist's wrapper around requests and answers
    tap, lists      what the byte path reads; model lists

Source of every rule: specs/conversion.md, the Gemini columns; specs/gemini-cli.md. What a profile says to this codec in
`wire`: `schema` = `openapi` (older back ends), `thinking` = `level` (3.x), `result_media` = `sibling` (2.5: no media
inside function responses), `call_ids` = `off`, `validated` = `1` (mode VALIDATED for strict tools).
"""

from __future__ import annotations

from collections.abc import Mapping

from a2a.messages import Failure, Proto, Request, Response
from a2a.protocols.base import Conversion, StreamParser, StreamRenderer
from a2a.protocols.gemini import errors, request_parse, request_render, response
from a2a.protocols.gemini.stream_parse import GeminiStreamParser
from a2a.protocols.gemini.stream_render import GeminiStreamRenderer

__all__ = ["GeminiFront", "GeminiUpstream", "front", "upstream"]


class GeminiFront:
    """Client face; holds no state."""

    name = "gemini"

    def parse_request(self, body: bytes, *, headers: Mapping[str, str], model: str | None = None) -> Request:
        return request_parse.parse_request(body, headers, model)

    def render_response(self, res: Response, conv: Conversion) -> bytes:
        return response.render_response(res, conv)

    def stream_renderer(self, conv: Conversion) -> StreamRenderer:
        return GeminiStreamRenderer(conv)

    def render_error(self, failure: Failure, request_id: str = "") -> tuple[int, bytes]:
        return errors.render_error(failure)

    def parse_count(self, body: bytes, headers: Mapping[str, str], model: str | None = None) -> Request:
        """Body of `:countTokens`: contents, or a whole request under `generateContentRequest`. Raises RequestError."""
        return request_parse.parse_count(body, headers, model)

    def render_count(self, n: int) -> bytes:
        """Answer of `:countTokens`."""
        return b'{"totalTokens":%d}' % n


class GeminiUpstream:
    """Upstream face; holds no state."""

    name: Proto = "gemini"

    def render_request(self, req: Request, conv: Conversion) -> bytes:
        return request_render.render_request(req, conv)

    def parse_response(self, body: bytes, conv: Conversion) -> Response:
        return response.parse_response(body, conv)

    def stream_parser(self, conv: Conversion) -> StreamParser:
        return GeminiStreamParser(conv)

    def parse_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return errors.parse_error(status, headers, body)


front = GeminiFront()
upstream = GeminiUpstream()
