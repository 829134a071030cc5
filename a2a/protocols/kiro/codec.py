"""The upstream face of Kiro; it has no client face."""

from __future__ import annotations

from collections.abc import Mapping

from a2a.errors import BadUpstream
from a2a.messages import Failure, Proto, Request, Response
from a2a.protocols.base import Conversion, StreamParser
from a2a.protocols.fold import fold
from a2a.protocols.kiro import errors, request
from a2a.protocols.kiro.stream import KiroStream


class KiroUpstream:
    """`Upstream` of GenerateAssistantResponse. It only streams: a whole answer is a folded stream."""

    name: Proto = "kiro"

    def render_request(self, req: Request, conv: Conversion) -> bytes:
        return request.render_request(req, conv)

    def parse_response(self, body: bytes, conv: Conversion) -> Response:
        parser = KiroStream(conv)
        answer = fold([*parser.feed(body), *parser.eof()], self.name)
        if isinstance(answer, Failure):
            raise BadUpstream(answer.message)
        return answer

    def stream_parser(self, conv: Conversion) -> StreamParser:
        return KiroStream(conv)

    def parse_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        return errors.parse_error(status, headers, body)
