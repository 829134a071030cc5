"""The codec of Code Assist: this protocol inside its envelope (gemini-cli.md 6).

What the provider has to hand in with `Conversion.extra`: `project`, and `session` where the client named one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import structs

from a2a.messages import Failure, Request
from a2a.protocols.base import Conversion
from a2a.protocols.gemini import GeminiUpstream
from a2a.protocols.gemini.envelope import conversation_ids, wrap

_LINKS = re.compile(rb'"(?:validation_url|validation_link|appeal_url|url)"\s*:\s*"(https?://[^"\\\s]+)"')
"""Where the user has to go, in the details of a refusal; the first one counts (gemini-cli.md 9)."""


class CodeAssistUpstream(GeminiUpstream):
    """Upstream face; answers are read by the same parsers, which know the wrapper."""

    def render_request(self, req: Request, conv: Conversion) -> bytes:
        body = super().render_request(req, conv)
        session, prompt = conversation_ids(body)
        wrapped, lost = wrap(
            body,
            model=conv.model,
            project=conv.extra.get("project", ""),
            session_id=conv.extra.get("session") or session,
            prompt_id=prompt,
        )
        for key in lost:
            conv.note(key, "dropped", "Code Assist does not take it")
        return wrapped

    def parse_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        failure = super().parse_error(status, headers, body)
        link = _LINKS.search(body) if failure.status == 403 else None
        if link is None or link[1].decode("ascii", "replace") in failure.message:
            return failure
        return structs.replace(failure, message=f"{failure.message} See {link[1].decode('ascii', 'replace')}")


upstream = CodeAssistUpstream()
