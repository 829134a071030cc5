"""Exchanges as the gateway hands them on."""

from __future__ import annotations

import msgspec

from a2a.control.types import Exchange
from a2a.logs.entry import Entry


def entry_of(exchange: Exchange) -> Entry:
    return msgspec.convert(exchange, Entry, from_attributes=True)
