"""Stands in for `Egress`: whole answers and errors by a piece of the URL, and what was asked."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class Reply:
    """A whole answer in one piece. `body`: bytes as they are, anything else as JSON."""

    def __init__(self, status: int, body: object, headers: dict[str, str]) -> None:
        self.status = status
        self.headers = headers
        self._left = [body if isinstance(body, bytes) else json.dumps(body).encode()]

    async def chunk(self) -> bytes:
        await asyncio.sleep(0)
        return self._left.pop() if self._left else b""

    def close(self) -> None:
        self._left.clear()


class StandIn:
    """`answers`: piece of `METHOD URL` -> a body for 200, `(status, body)`, `(status, body, headers)`, an error to
    raise, `SILENCE`, or a list of those, of which the last is repeated. The first piece that fits counts.
    """

    SILENCE = object()

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = {piece: [*many] if isinstance(many, list) else [many] for piece, many in answers.items()}
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []

    async def open(self, target: Any, body: bytes | None, *, proxy: str | None = None, **_: Any) -> Reply:
        asked = f"{target.method} {target.url}"
        self.asked.append(asked)
        self.bodies.append(json.loads(body) if body else None)
        self.headers.append(dict(target.headers))
        await asyncio.sleep(0)
        many = next(many for piece, many in self._answers.items() if piece in asked)
        reply = many.pop(0) if len(many) > 1 else many[0]
        if reply is self.SILENCE:
            await asyncio.Event().wait()
        if isinstance(reply, Exception):
            raise reply
        status, content, *headers = reply if isinstance(reply, tuple) else (200, reply)
        return Reply(status, content, headers[0] if headers else {})
