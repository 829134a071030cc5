"""What the Responses platform remembers: every item id it gave out, and the answers it was told to store."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from msgspec import Struct

Items = list[dict[str, Any]]

_MOST_ITEMS = 20_000
_MOST_ANSWERS = 500


class Issued(Struct, frozen=True):
    """One item this platform wrote. `item` None: it was not stored, only its id is known.

    `needs`: the id of the reasoning item that must stand before it.
    """

    item: dict[str, Any] | None
    needs: str | None


class Kept(Struct, frozen=True):
    """A stored answer: the response object, and the whole conversation up to and with it."""

    response: dict[str, Any]
    history: Items


class ResponsesState:
    """Ids live in one account: another key does not know them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._issued: dict[tuple[str, str], Issued] = {}
        self._kept: dict[tuple[str, str], Kept] = {}

    def item(self, account: str, item_id: str) -> Issued | None:
        """None for an id this account never got."""
        return self._issued.get((account, item_id))

    def kept(self, account: str, response_id: str) -> Kept | None:
        return self._kept.get((account, response_id))

    def forget(self, account: str, response_id: str) -> bool:
        """False when there is nothing to delete."""
        return self._kept.pop((account, response_id), None) is not None

    def note(self, account: str, output: Items, *, stored: bool) -> None:
        """Remember the items of an answer; what follows a reasoning item belongs to it."""
        needs: str | None = None
        for item in output:
            follows = needs if item["type"] != "reasoning" else None
            needs = item["id"] if item["type"] == "reasoning" else None
            self._issued[account, item["id"]] = Issued(item if stored else None, follows)
        while len(self._issued) > _MOST_ITEMS:
            self._issued.pop(next(iter(self._issued)))

    def keep(self, account: str, response: dict[str, Any], history: Items) -> None:
        """Store an answer together with the conversation that led to it."""
        self._kept[account, response["id"]] = Kept(response, history)
        while len(self._kept) > _MOST_ANSWERS:
            self._kept.pop(next(iter(self._kept)))


RESPONSES = web.AppKey("demo_responses", ResponsesState)
