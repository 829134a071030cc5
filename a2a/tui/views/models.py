"""Every model reachable now: what a client calls it, who can serve it, how much it takes and what it costs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from a2a.control.types import ModelView
from a2a.errors import A2AError
from a2a.tui import words
from a2a.tui.desk import Desk
from a2a.tui.frame import Title
from a2a.tui.ink import Cell, Piece
from a2a.tui.listing import Column, Listing
from a2a.tui.said import Said
from a2a.tui.state import EVERYTHING, Changes
from a2a.tui.view import Goto, View

ALIAS = "alias"
"""What stands for the provider of an alias of the settings."""


class Models(View):
    """Asked for when it is opened, and again when an account stands otherwise. Enter explains."""

    TITLE = "Models"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("u", "renew", "ask again", id="models.renew")]

    def __init__(self, desk: Desk, argument: str = "") -> None:
        super().__init__(desk, argument)
        self._head = Title(desk, "Models")
        self._list: Listing[ModelView] = Listing(
            _columns(desk), _key, marks=desk.marks, empty="asking the server…", order="model"
        )
        self._said = Said(desk)
        self._known: frozenset[tuple[str, str]] | None = None

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._list
        yield self._said

    def take(self, changes: Changes) -> None:
        standing = frozenset((each.id, each.state) for each in self.desk.state.accounts.values())
        if self._known != standing and (changes == EVERYTHING or "accounts" in changes.topics or self._known is None):
            self._known = standing
            self.action_renew()

    def action_renew(self) -> None:
        self.ask(self.desk.control.models(), self._came, self._failed)

    def _came(self, found: list[ModelView]) -> None:
        self._list.empty = [
            ("no model: no account can serve. ", "dim"),
            ("2", "accent"),
            (" shows the accounts", "dim"),
        ]
        self._list.fill(found)
        self._tell()

    def _failed(self, error: A2AError) -> None:
        self._known = None
        self._list.empty = "no models"
        self._list.redraw()
        self._said.say((error.message, error.hint or ""))

    def narrow(self, pattern: re.Pattern[str] | None) -> None:
        super().narrow(pattern)
        self._list.narrow(pattern)
        self._tell()

    def on_listing_moved(self, message: Listing.Moved) -> None:
        message.stop()
        self._tell()

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """To what a request for it would get."""
        message.stop()
        model: ModelView = message.row
        if not model.pattern:
            self.post_message(Goto("explain", model.id))

    def _tell(self) -> None:
        shown, total = len(self._list.rows), self._list.total
        self._head.tell(f"{shown} of {total}" if self.pattern is not None else f"{total}" if total else "")
        if self._list.current is not None:
            self._said.say((_about(self._list.current), ""))


def _key(model: ModelView) -> str:
    return f"{model.provider}/{model.id}"


def _about(model: ModelView) -> str:
    """In full what the columns have no room for."""
    if model.provider == ALIAS:
        kind = "pattern" if model.pattern else "alias"
        return f"{model.id}: {kind} of yours for {', then '.join(model.targets)}"
    told = [f"{model.id} at {', '.join(model.accounts) or 'no account that can serve now'}"]
    if model.aliases:
        told.append(f"also {', '.join(model.aliases)}")
    if model.input:
        told.append(f"reads {', '.join(model.input)}")
    if model.price is not None and model.price.basis:
        told.append(f"prices of {model.price.basis}, in dollars for a million tokens")
    return "; ".join(told)


def _columns(desk: Desk) -> Sequence[Column[ModelView]]:
    def model_cell(model: ModelView) -> Cell:
        return [(model.id, "accent" if model.provider == ALIAS else "plain")]

    def accounts(model: ModelView) -> Cell:
        if model.provider == ALIAS:
            return [(f"{desk.marks.arrow} ", "dim"), (", ".join(model.targets), "plain")]
        if not model.accounts:
            return [(f"{desk.marks.warn} nobody now", "warn")]
        return ", ".join(model.accounts)

    return (
        Column(key="model", title="MODEL", cell=model_cell, width=22, most=48, sort=lambda model: model.id.lower()),
        Column(
            key="provider",
            title="PROVIDER",
            cell=lambda model: [(desk.short(model.provider), "dim")],
            width=9,
            most=14,
            priority=3,
            sort=lambda model: (desk.short(model.provider), model.id.lower()),
        ),
        Column(key="accounts", title="SERVED BY", cell=accounts, width=14, grow=True, priority=1, sort=_served),
        Column(
            key="context",
            title="CONTEXT",
            cell=_context,
            width=7,
            right=True,
            priority=2,
            sort=_context_of,
            first_down=True,
        ),
        Column(
            key="output",
            title="OUTPUT",
            cell=_output,
            width=6,
            right=True,
            priority=5,
            sort=_output_of,
            first_down=True,
        ),
        Column(key="price", title="$ IN", cell=_in, width=6, right=True, priority=4, sort=_in_of),
        Column(key="price_out", title="$ OUT", cell=_out, width=6, right=True, priority=4, sort=_out_of),
        Column(key="reads", title="READS", cell=_reads, width=8, most=22, priority=6),
    )


def _served(model: ModelView) -> tuple[int, str]:
    return -len(model.accounts), model.id


def _context(model: ModelView) -> Cell:
    return words.count(model.context)


def _context_of(model: ModelView) -> int:
    return model.context or 0


def _output(model: ModelView) -> Cell:
    return words.count(model.max_output)


def _output_of(model: ModelView) -> int:
    return model.max_output or 0


def _in(model: ModelView) -> Cell:
    return _price(model.price.input if model.price else None)


def _in_of(model: ModelView) -> float:
    return model.price.input or 0.0 if model.price else 0.0


def _out(model: ModelView) -> Cell:
    return _price(model.price.output if model.price else None)


def _out_of(model: ModelView) -> float:
    return model.price.output or 0.0 if model.price else 0.0


def _price(value: float | None) -> list[Piece]:
    return [("", "plain")] if value is None else [(f"{value:.2f}", "plain")]


def _reads(model: ModelView) -> Cell:
    return [(" ".join(model.input), "dim")]
