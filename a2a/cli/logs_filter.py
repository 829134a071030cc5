"""The filters of `a2a logs` and `a2a stats`: the same options everywhere, and what they mean."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from a2a.config import PROVIDER_SHORT, provider_id
from a2a.control.types import ExchangeFilter
from a2a.errors import UsageError

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_FRONTS = ("chat", "responses", "claude", "gemini", "local")
_DAYS = {"today": 0, "yesterday": 1}
_WHEN = "30m, 2h, 3d, today, yesterday, 2026-11-22 or 2026-11-22T17:30"

Words = Annotated[list[str] | None, typer.Argument(help="Words to find in names, messages and recorded bodies.")]
_Text = str | None

OPTIONS: dict[str, Any] = {
    "since": Annotated[_Text, typer.Option("--since", metavar="WHEN", help=f"Not older: {_WHEN}.")],
    "until": Annotated[_Text, typer.Option("--until", metavar="WHEN", help="Not younger.")],
    "provider": Annotated[_Text, typer.Option("-p", "--provider", help="Provider that answered, or was asked last.")],
    "account": Annotated[_Text, typer.Option("--account", help="Account of any attempt, as provider/alias.")],
    "model": Annotated[_Text, typer.Option("-m", "--model", help="Model asked for or used; * and ? as in file names.")],
    "status": Annotated[
        _Text, typer.Option("--status", help="done, failed, client_closed, a number like 429, 4xx or 5xx.")
    ],
    "client": Annotated[_Text, typer.Option("--client", help="Name of the client key; local is a2a chat.")],
    "front": Annotated[
        _Text, typer.Option("--front", help="The client's protocol: chat, responses, claude, gemini, local.")
    ],
    "session": Annotated[_Text, typer.Option("--session", help="Session that the client named.")],
    "text": Annotated[_Text, typer.Option("--text", help="Words to find in names, messages and recorded bodies.")],
}
"""Name of the field of `ExchangeFilter` -> its option."""


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """The command with all filters as options; it gets them as one `ExchangeFilter` called `which`.

    Its own parameter `words`, where it has one, is searched for as text too.
    """
    own = inspect.signature(command, eval_str=True)
    kept = [parameter for name, parameter in own.parameters.items() if name != "which"]
    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in OPTIONS.items()]

    def run(**given: Any) -> None:
        flags = {name: given.pop(name) for name in OPTIONS}
        command(**given, which=wanted(flags, given.get("words") or ()))

    shown = [parameter.replace(kind=keyword) for parameter in kept] + added
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    return run


def wanted(flags: dict[str, str | None], words: Sequence[str] = ()) -> ExchangeFilter:
    """Raises UsageError and ConfigError for values that mean nothing."""
    text = " ".join(filter(None, (flags["text"], *words))) or None
    provider = None if flags["provider"] is None else provider_id(flags["provider"])
    if flags["front"] not in (None, *_FRONTS):
        raise UsageError(f"no protocol is called {flags['front']!r}", hint=f"it may be {', '.join(_FRONTS)}")
    account = None if flags["account"] is None else _account(flags["account"], provider)
    return ExchangeFilter(
        since=None if flags["since"] is None else moment(flags["since"]),
        until=None if flags["until"] is None else moment(flags["until"], end=True),
        provider=provider,
        account=account,
        model=flags["model"],
        client=flags["client"],
        front=flags["front"],
        session=flags["session"],
        status=flags["status"],
        text=text,
    )


def _account(word: str, provider: str | None) -> str:
    """`short/alias`, as exchanges name it."""
    head, slash, alias = word.partition("/")
    if not slash:
        if provider is None:
            raise UsageError(f"which account is {word}?", hint="name its provider too: kiro/work")
        return f"{PROVIDER_SHORT[provider]}/{word}"
    return f"{PROVIDER_SHORT[provider_id(head)]}/{alias}"


def moment(word: str, *, end: bool = False) -> float:
    """Unix seconds of what a person calls a time; without a zone it is the local one. Raises UsageError.

    `end`: a day means its end.
    """
    now = time.time()
    span = _SPAN.fullmatch(word.strip())
    if span is not None:
        return now - float(span[1]) * _SECONDS[span[2]]
    whole_day = word in _DAYS or len(word) == len("2026-11-22")
    try:
        if word in _DAYS:
            at = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
            at -= timedelta(days=_DAYS[word])
        else:
            at = datetime.fromisoformat(word)
    except ValueError as error:
        raise UsageError(f"no time: {word!r}", hint=f"it may be {_WHEN}") from error
    return (at + timedelta(days=1) if end and whole_day else at).timestamp()
