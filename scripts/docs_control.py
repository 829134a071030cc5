"""The generated part of docs/control.md: routes and actions from the server's tables, values from their types."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct, structs

from a2a.control import types
from a2a.gateway.actions import ACTIONS, HOME_ACTIONS
from a2a.server.control import READS, WRITES

Row = Sequence[str]

READ_WORDS = {
    "/admin/v1/server": "The server itself: `ServerView`.",
    "/admin/v1/accounts": "All accounts: list of `AccountView`.",
    "/admin/v1/accounts/{provider}/{alias}": "One account: `AccountDetail`.",
    "/admin/v1/models": "Every model reachable now: list of `ModelView`.",
    "/admin/v1/exchanges": "The last exchanges, newest first: list of `Exchange`. `?limit=`: 100, at most 1000.",
    "/admin/v1/exchanges/{id}": "One exchange: `Exchange`.",
}

WRITE_WORDS = {
    "/admin/v1/reload": (
        "",
        "Read settings and accounts again, at once: `Reloaded`. A file that is refused is an error.",
    ),
    "/admin/v1/explain": ("`ExplainWish`", "What a request would get: `Explained`. Calls nobody; any key will do."),
}

ACTION_WORDS = {
    "enable": "Serve again, after `disable` or `drain`.",
    "disable": "No request at all; those in flight end in peace.",
    "drain": "Conversations that are on it go on, new ones go elsewhere. A request that names the account is served.",
    "pin": "Every request for its provider takes this account while it can serve. At most one per provider.",
    "unpin": "Take turns again.",
    "set": "Change priority, weight, proxy or limits.",
    "rename": "Another alias. Not for declared accounts.",
    "refresh": "Renew its token now.",
    "test": "Ask its upstream whether it can be used. `standing` is the finding, and the account's state follows it.",
    "reset": "Forget cooldown, hold and blocked models.",
    "remove": "Forget secret, record and health. Not for declared accounts.",
    "export": "Record and secret: `Export`.",
}

HOME_WORDS = {
    "reload": "Look at records and declarations again, after somebody else has changed them: `Reloaded`.",
    "test": "All accounts at once: list of `Acted`. One that did not answer has no `standing`.",
    "export": "All accounts with their secrets: `Export`.",
    "migrate": "All secrets of the home to the other store: `Migrated`.",
}

SHOWN: tuple[type[Struct], ...] = (
    types.AccountView,
    types.AccountDetail,
    types.AccountCounts,
    types.Quota,
    types.Fault,
    types.Standing,
    types.AccountSettings,
    types.NewName,
    types.ExportWish,
    types.MigrateWish,
    types.Acted,
    types.Export,
    types.Exported,
    types.Migrated,
    types.Reloaded,
    types.ServerView,
    types.ConfigView,
    types.ModelView,
    types.Exchange,
    types.Attempt,
    types.Decision,
    types.Considered,
    types.Route,
    types.Timings,
    types.Tokens,
    types.NoteView,
    types.ExplainWish,
    types.Explained,
    types.Hop,
)


def reads() -> list[Row]:
    return [(f"`GET {path}`", READ_WORDS[path]) for path in READS]


def writes() -> list[Row]:
    return [(f"`POST {path}`", *WRITE_WORDS[path]) for path in WRITES]


def actions() -> list[Row]:
    return [(f"`{name}`", _body(each.body), ACTION_WORDS[name]) for name, each in ACTIONS.items()]


def home_actions() -> list[Row]:
    return [(f"`{name}`", _body(each.body), HOME_WORDS[name]) for name, each in HOME_ACTIONS.items()]


def _body(kind: type[Struct]) -> str:
    return "" if kind is types.Nothing else f"`{kind.__name__}`"


def values() -> Iterator[tuple[str, str, list[Row]]]:
    """Name, docstring and fields of each type; of one that extends another, its own fields alone."""
    for kind in SHOWN:
        fields = [(f"`{name}`", f"`{_plain(text)}`") for name, text in _own(kind).items()]
        yield kind.__name__, inspect.cleandoc(kind.__doc__ or ""), fields


def _own(kind: type[Struct]) -> dict[str, str]:
    names = {field.name for field in structs.fields(kind)}
    return {name: text for name, text in kind.__annotations__.items() if name in names}


def _plain(text: str) -> str:
    """`Annotated[int, Meta(ge=1)] | UnsetType` as `int`; names of Python's JSON stand for JSON's."""
    text = re.sub(r"Annotated\[(\w+), [^\]]*\]", r"\1", text).replace(" | UnsetType", "")
    text = re.sub(r"\bCount\b", "int", text)
    return re.sub(r"\bRaw\b", "object", re.sub(r"\bNone\b", "null", text))
