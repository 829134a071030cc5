"""The views by their names: what `:` takes, which key shows them, and where their class is.

A class is imported when its view is first shown, so that the first paint waits for one view only. A line here is all
that makes a view known: the tabs, the keys, the `:` line, the palette and the help read this table.
"""

from __future__ import annotations

from importlib import import_module

from msgspec import Struct

from a2a.tui.view import View


class Listed(Struct, frozen=True, kw_only=True):
    """`where`: `module:Class`. `key`: shows it, "" for a page about one thing, which has no tab. `aliases`: for `:`."""

    name: str
    title: str
    where: str
    key: str = ""
    aliases: tuple[str, ...] = ()
    does: str = ""

    def load(self) -> type[View]:
        module, _, name = self.where.partition(":")
        found: type[View] = getattr(import_module(module), name)
        return found


VIEWS = (
    Listed(
        name="overview",
        title="Overview",
        where="a2a.tui.views.overview:Overview",
        key="1",
        aliases=("home", "o"),
        does="rates, accounts and what streams now",
    ),
    Listed(
        name="accounts",
        title="Accounts",
        where="a2a.tui.views.accounts:Accounts",
        key="2",
        aliases=("a",),
        does="health, quotas, and what to do about them",
    ),
    Listed(
        name="requests",
        title="Requests",
        where="a2a.tui.views.requests:Requests",
        key="3",
        aliases=("r", "exchanges"),
        does="what was asked and what came of it",
    ),
    Listed(
        name="models",
        title="Models",
        where="a2a.tui.views.models:Models",
        key="4",
        aliases=("m",),
        does="names, and who serves them",
    ),
    Listed(
        name="stats",
        title="Stats",
        where="a2a.tui.views.stats:StatsPage",
        key="5",
        aliases=("s",),
        does="requests, tokens and cost by provider, account, model, day",
    ),
    Listed(
        name="logs",
        title="Logs",
        where="a2a.tui.views.logs:Logs",
        key="6",
        aliases=("l",),
        does="what the server says",
    ),
    Listed(
        name="config",
        title="Config",
        where="a2a.tui.views.config:Config",
        key="7",
        aliases=("c", "settings"),
        does="every setting with its origin",
    ),
    Listed(
        name="account",
        title="Account",
        where="a2a.tui.views.account:AccountPage",
        does="everything about one account",
    ),
    Listed(
        name="exchange",
        title="Exchange",
        where="a2a.tui.inspect.view:Inspector",
        does="everything about one exchange: `exchange ex_…`",
    ),
    Listed(
        name="found",
        title="Found",
        where="a2a.tui.views.found:Found",
        does="the requests of one account, model, client …: `found model=NAME`",
    ),
    Listed(
        name="explain",
        title="Explain",
        where="a2a.tui.inspect.explain:Explain",
        does="what a request for a model would get: `explain MODEL`",
    ),
)

BY_NAME = {each.name: each for each in VIEWS}
BY_WORD = {word: each for each in VIEWS for word in (each.name, *each.aliases)}
