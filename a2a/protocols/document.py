"""A body that came where an event stream was due: an error object, a whole answer, or HTML, under a 200.

Some upstreams answer a stream request so. The first byte that is no white space tells; what the document means is for
the codec to say.
"""

from __future__ import annotations

from a2a.protocols.sse import MAX_EVENT_BYTES, SseOverflow


class Document:
    """Of one answer. `body`: what has come of the document, None for a stream."""

    __slots__ = ("_max_bytes", "_stream", "body")

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self.body: bytearray | None = None
        self._stream = False
        self._max_bytes = max_bytes

    def takes(self, data: bytes) -> bool:
        """Keep the bytes of a document; False for those of a stream. Raises SseOverflow."""
        if self._stream:
            return False
        if self.body is None:
            head = data.lstrip()[:1]
            if head not in (b"{", b"[", b"<"):
                self._stream = bool(head)
                return False
            self.body = bytearray()
        self.body += data
        if len(self.body) > self._max_bytes:
            raise SseOverflow(f"a body over {self._max_bytes} bytes")
        return True
