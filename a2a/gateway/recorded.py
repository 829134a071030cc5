"""A recorded request as the call it was: for sending it again, and for reading what was said.

Only what the record holds can be known: secrets are gone from it, and a body that was cut is not one any more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from a2a.control.bodies import unrecorded
from a2a.control.types import Bodies, Exchange
from a2a.errors import RequestError

if TYPE_CHECKING:
    from a2a.providers.base import Operation  # brings aiohttp, 150 ms that reading a record does without

LOCAL = "local"
"""The front of `a2a chat`, which has no wire format: its request is recorded in the neutral form, its answer not."""

REPLAY_AGENT = "a2a replay"
"""The user agent of a request that was sent again."""

_MODEL_PATH = re.compile(r"/models/(?P<model>.+):(?P<method>[A-Za-z]+)$")
_METHODS: dict[str, Operation] = {"countTokens": "count", "embedContent": "embed"}
_ENDINGS: tuple[tuple[str, Operation], ...] = (
    ("/embeddings", "embed"),
    ("/input_tokens", "count"),
    ("/count_tokens", "count"),
)
"""Ends of the paths that ask for something else than an answer (contract section 6)."""


class Asked(Struct, frozen=True):
    """What the path of a request says. `model`: None where the body says it."""

    operation: Operation = "generate"
    model: str | None = None


def asked_of(exchange: Exchange) -> Asked:
    """What was asked for, by the path alone."""
    found = _MODEL_PATH.search(exchange.path)
    if found is not None:
        model = found["model"].removeprefix("models/")
        return Asked(_METHODS.get(found["method"], "generate"), model)
    return Asked(next((what for end, what in _ENDINGS if exchange.path.endswith(end)), "generate"))


def bodies_of(exchange: Exchange) -> Bodies:
    """Raises RequestError where none were recorded."""
    if exchange.bodies is None or exchange.bodies.request is None:
        none = unrecorded(exchange)
        raise RequestError(f"the bodies of {exchange.id} were not recorded{none.why}", hint=none.hint)
    return exchange.bodies
