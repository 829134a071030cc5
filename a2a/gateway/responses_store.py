"""The optional local store behind `previous_response_id` (specs/conversion.md 12, rule 3).

Off unless `response_store` is set. In memory, per client key, bounded by number, size and age; gone after a restart.
Instructions are not inherited: that is the vendor's rule.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from a2a.errors import RequestError
from a2a.messages import Message, Request, Response

MAX_RESPONSES = 500
MAX_BYTES = 64 * 1024 * 1024
TTL_S = 3600.0


class _Stored(Struct):
    """`messages`: the whole conversation with its answer. `body`: as its client got it. `at`: Unix seconds."""

    at: float
    messages: list[Message]
    body: bytes
    size: int


class ResponseStore:
    """One per process; an id belongs to the client key that made it."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self._stored: OrderedDict[tuple[str, str], _Stored] = OrderedDict()
        self._size = 0

    def wants(self, front: str, request: Request) -> bool:
        """Whether the answer to this request is kept: `store` is true or not said."""
        return self.enabled and front == "responses" and request.store is not False

    def expand(self, request: Request, client: str, now: float) -> Request:
        """The request with the conversation it continues in front. Raises RequestError for an id that is not here."""
        if not self.enabled or request.previous_id is None:
            return request
        known = self._find(request.previous_id, client, now)
        if known is None:
            raise RequestError(
                f"previous_response_not_found: no response {request.previous_id} is kept here",
                param="previous_response_id",
            )
        return replace(request, messages=[*known.messages, *request.messages], previous_id=None)

    def keep(self, client: str, request: Request, response: Response, body: bytes, now: float) -> None:
        """Keep an answer with the (expanded) conversation that led to it."""
        parts = response.candidates[0].parts if response.candidates else []
        messages = [*request.messages, Message(role="assistant", parts=parts)]
        size = len(body) + len(msgspec.json.encode(messages))
        self._drop((client, response.id))
        self._stored[client, response.id] = _Stored(now, messages, body, size)
        self._size += size
        while self._stored and (len(self._stored) > MAX_RESPONSES or self._size > MAX_BYTES):
            self._drop(next(iter(self._stored)))

    def get(self, response_id: str, client: str, now: float) -> bytes | None:
        """The answer as its client got it."""
        found = self._find(response_id, client, now)
        return found.body if found is not None else None

    def delete(self, response_id: str, client: str) -> bool:
        """Whether there was one."""
        return self._drop((client, response_id))

    def _find(self, response_id: str, client: str, now: float) -> _Stored | None:
        found = self._stored.get((client, response_id))
        if found is not None and now - found.at > TTL_S:
            self._drop((client, response_id))
            return None
        return found

    def _drop(self, key: tuple[str, str]) -> bool:
        gone = self._stored.pop(key, None)
        if gone is not None:
            self._size -= gone.size
        return gone is not None
