"""An `ExchangeFilter` as a condition of SQL, and as a question to one exchange in memory: both say the same."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import get_args

from msgspec import Struct, field

from a2a.control.types import Exchange, ExchangeFilter, ExchangeState
from a2a.errors import UsageError
from a2a.logs.rows import Names, first_at, names_of
from a2a.logs.words import query_of, spaced, text_of

_STATES = frozenset(get_args(ExchangeState))
_LAST_OF_CLASS = 99
_CLASSES = {f"{hundreds}xx": hundreds * 100 for hundreds in range(1, 6)}


class Where(Struct):
    """Terms that must all hold, with their values in order."""

    terms: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def add(self, term: str, *values: object) -> None:
        self.terms.append(term)
        self.values += values

    @property
    def sql(self) -> str:
        """`WHERE …`, or nothing."""
        return "WHERE " + " AND ".join(self.terms) if self.terms else ""


def where(which: ExchangeFilter, *, indexed: bool) -> Where:
    """The condition on `exchange AS e`. `indexed`: words are looked up in `words`, else each text is read.

    Raises UsageError for a status that is none.
    """
    made = Where()
    if which.since is not None:
        made.add("e.n >= ? AND e.started_at >= ?", first_at(which.since), which.since)
    if which.until is not None:
        made.add("e.n <= ? AND e.started_at <= ?", first_at(which.until) + first_at(0.000001), which.until)
    for column in ("provider", "client", "front", "session"):
        if (value := getattr(which, column)) is not None:
            made.add(f"e.{column} = ?", value)
    if which.account is not None:
        made.add("(e.account = ? OR e.n IN (SELECT n FROM earlier WHERE account = ?))", which.account, which.account)
    if which.model is not None:
        _model(made, which.model)
    if which.status is not None:
        _status(made, which.status)
    if which.text is not None and which.text.strip():
        _text(made, which.text, indexed)
    return made


def _model(made: Where, model: str) -> None:
    if any(sign in model for sign in "*?"):
        pattern = model.replace("[", "[[]")
        made.add("(e.model GLOB ? OR e.asked GLOB ?)", pattern, pattern)
    else:
        made.add("(e.model = ? OR e.asked = ?)", model, model)


def _status(made: Where, status: str) -> None:
    if status in _STATES:
        made.add("e.state = ?", status)
    elif status.isdecimal():
        made.add("e.status = ?", int(status))
    else:
        lowest = _class_of(status)
        made.add("e.status BETWEEN ? AND ?", lowest, lowest + _LAST_OF_CLASS)


def _class_of(status: str) -> int:
    """Raises UsageError."""
    lowest = _CLASSES.get(status.lower())
    if lowest is None:
        raise UsageError(
            f"no status {status!r}", hint="done, failed, client_closed, a number like 429, or 4xx", param="status"
        )
    return lowest


def _text(made: Where, text: str, indexed: bool) -> None:
    query = query_of(text)
    if indexed and query:
        made.add("e.n IN (SELECT rowid FROM words WHERE words MATCH ?)", query)
    elif indexed:
        made.add("0")  # signs without a letter are in no index
    else:
        made.add("says(r.exchange, r.bodies, ?)", text)


def says(text: str, wanted: str) -> bool:
    """Whether all the words are in the text, whatever their case; what a search does where there is no index."""
    folded = _folded(text)
    return all(_folded(word) in folded for word in wanted.split())


def _folded(text: str) -> str:
    return " ".join(spaced(text).casefold().split())


def passes(exchange: Exchange, which: ExchangeFilter) -> bool:
    """The same, asked of an exchange that is not in the file yet. Raises UsageError as `where` does."""
    names = names_of(exchange)
    return (
        (which.since is None or exchange.started_at >= which.since)
        and (which.until is None or exchange.started_at <= which.until)
        and which.provider in (None, names.provider)
        and which.client in (None, exchange.client)
        and which.front in (None, exchange.front)
        and which.session in (None, exchange.session)
        and (which.account is None or any(one.account == which.account for one in exchange.attempts))
        and (which.model is None or _is_model(names, which.model))
        and (which.status is None or _has_status(exchange, which.status))
        and (which.text is None or says(text_of(exchange, exchange.bodies), which.text))
    )


def _is_model(names: Names, model: str) -> bool:
    pattern = model.replace("[", "[[]")
    return fnmatchcase(names.model, pattern) or fnmatchcase(names.asked, pattern)


def _has_status(exchange: Exchange, status: str) -> bool:
    if status in _STATES:
        return exchange.state == status
    if exchange.status is None:
        return False
    if status.isdecimal():
        return exchange.status == int(status)
    return 0 <= exchange.status - _class_of(status) <= _LAST_OF_CLASS
