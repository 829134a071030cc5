"""Compressed bodies: asked for by nobody, sent all the same."""

from __future__ import annotations

import zlib


class Inflate:
    """A compressed body as it arrives, of one member or several. Raises zlib.error."""

    __slots__ = ("_member", "complete")

    def __init__(self) -> None:
        self._member = zlib.decompressobj(47)
        self.complete = True

    def feed(self, data: bytes) -> bytes:
        out = b""
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(47)
            out += self._member.decompress(data)
            self.complete = self._member.eof
            data = self._member.unused_data
        return out
