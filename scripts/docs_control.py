"""The generated part of docs/control.md: routes and actions from the server's tables, values from their types."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Literal, get_args, get_origin

from msgspec import Struct, structs

from a2a.control import types
from a2a.control.types import accounts, exchanges, live, logins, models, server
from a2a.gateway.actions import ACTIONS, HOME_ACTIONS
from a2a.server.control import READS, WRITES
from a2a.server.events import KINDS, OWNERS
from a2a.server.logins import READS as LOGIN_READS
from a2a.server.logins import WRITES as LOGIN_WRITES

Row = Sequence[str]

READ_WORDS = {
    "/admin/v1/server": ("any", "The server itself: `ServerView`."),
    "/admin/v1/settings": ("owner", "Every setting, masked, with its origin: list of `SettingView`."),
    "/admin/v1/accounts": ("any", "All accounts: list of `AccountView`."),
    "/admin/v1/accounts/{provider}/{alias}": ("any", "One account: `AccountDetail`."),
    "/admin/v1/models": ("any", "Every model reachable now: list of `ModelView`."),
    "/admin/v1/exchanges": (
        "any",
        "Exchanges without their bodies, newest first: `ExchangePage`. The query is an `ExchangeWish`; `text` needs "
        "the owner's key.",
    ),
    "/admin/v1/exchanges/{id}": ("any", "One exchange: `Exchange`. Its `bodies` for the owner alone."),
    "/admin/v1/exchanges/{id}/cassette": ("owner", "The exchange as a file for `a2a serve --replay`."),
    "/admin/v1/stats": (
        "any",
        "Figures: `Stats`. The query is a `StatsWish`, `by` with commas (`?by=provider,day`); `text` as above.",
    ),
    "/admin/v1/log": (
        "owner",
        "What the server has said, oldest first: list of `LogEntry`. The query is a `LogWish`.",
    ),
    "/admin/v1/events": ("any", "What happens, as it happens: [the live stream](#the-live-stream)."),
    "/admin/v1/login": ("owner", "Logins of this server, newest first: list of `LoginView`."),
    "/admin/v1/login/methods": ("any", "Every way to log in, with what it needs: list of `LoginMethod`."),
    "/admin/v1/login/{id}": ("owner", "One login: `LoginView`."),
}
"""Route -> whose key, what it gives."""

WRITE_WORDS = {
    "/admin/v1/reload": (
        "owner",
        "",
        "Read settings and accounts again, at once: `Reloaded`. A file that is refused is an error.",
    ),
    "/admin/v1/explain": ("any", "`ExplainWish`", "What a request would get: `Explained`. Calls nobody."),
    "/admin/v1/exchanges/{id}/replay": (
        "owner",
        "`ReplayWish`",
        "Send a recorded request again, here or elsewhere, and wait for the answer: `Replayed`.",
    ),
    "/admin/v1/login": ("owner", "`LoginWish`", "Begin [a login](#logging-in): `LoginView`."),
    "/admin/v1/login/{id}/answer": ("owner", "`LoginAnswer`", "Paste or choose what it asks for: `LoginView`."),
    "/admin/v1/login/{id}/cancel": ("owner", "", "End it; nothing is stored: `LoginView`."),
}
"""Route -> whose key, body, what it does."""

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

EVENT_WORDS = {
    "exchange": "A request arrived, was tried at an account, began to stream, ended: `exchange` without its bodies.",
    "progress": "Bytes have gone out since the last one; at most four a second for each stream.",
    "account": "State, cooldown or settings of an account are others, or it is new; once a second its calls in flight, "
    "counts and quota: `account`.",
    "account_gone": "It was removed, or is declared no more.",
    "login": "A step of a login: `login`.",
    "log": "A line of the server's log, from `info` on, without secrets.",
    "missed": "Events that this listener does not get: ask anew for what it shows. Always among the events.",
}

MODULES = (accounts, exchanges, live, logins, models, server)
"""Where the values are declared, in the order of the page."""


def reads() -> list[Row]:
    return [(f"`GET {path}`", *READ_WORDS[path]) for path in (*READS, *LOGIN_READS)]


def writes() -> list[Row]:
    return [(f"`POST {path}`", *WRITE_WORDS[path]) for path in (*WRITES, *LOGIN_WRITES)]


def kinds() -> list[Row]:
    """Of live events: tag, value, whose key, what it says."""
    return [
        (f"`{tag}`", f"`{kind.__name__}`", "owner" if tag in OWNERS else "any", EVENT_WORDS[tag])
        for tag, kind in KINDS.items()
    ]


def actions() -> list[Row]:
    return [(f"`{name}`", _body(each.body), ACTION_WORDS[name]) for name, each in ACTIONS.items()]


def home_actions() -> list[Row]:
    return [(f"`{name}`", _body(each.body), HOME_WORDS[name]) for name, each in HOME_ACTIONS.items()]


def _body(kind: type[Struct]) -> str:
    return "" if kind is types.Nothing else f"`{kind.__name__}`"


def values() -> Iterator[tuple[str, str, list[Row]]]:
    """Name, words, and field by field its type and words, of each type; of one that extends another its own fields."""
    for module in MODULES:
        told = _told(module)
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Struct) and kind.__module__ == module.__name__:
                yield kind.__name__, _words(kind), list(_fields(kind, told))


def words() -> list[Row]:
    """Names that stand for a choice of words."""
    found = [(name, get_args(kind)) for module in MODULES for name, kind in vars(module).items() if _is_choice(kind)]
    return [(f"`{name}`", ", ".join(f"`{word}`" for word in given)) for name, given in found]


def _is_choice(kind: object) -> bool:
    return get_origin(kind) is Literal


def _words(kind: type[Struct]) -> str:
    base = kind.__bases__[0]
    more = f"\n\nAll fields of `{base.__name__}`, and:" if base is not Struct else ""
    return inspect.cleandoc(kind.__doc__ or "") + (more if _own(kind) else more.replace(", and:", "."))


def _fields(kind: type[Struct], told: Mapping[tuple[str, str], str]) -> Iterator[Row]:
    for name, text in _own(kind).items():
        yield f"`{name}`", f"`{_plain(text)}`", told.get((kind.__name__, name), "")


def _told(module: ModuleType) -> dict[tuple[str, str], str]:
    """Class and field -> the sentence that stands below the field."""
    found: dict[tuple[str, str], str] = {}
    for kind in ast.parse(inspect.getsource(module)).body:
        for field, below in pairwise(kind.body) if isinstance(kind, ast.ClassDef) else ():
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[kind.name, name] = " ".join(text.split())  # type: ignore[attr-defined]
    return found


def _own(kind: type[Struct]) -> dict[str, str]:
    names = {field.name for field in structs.fields(kind)}
    return {name: text for name, text in kind.__annotations__.items() if name in names}


def _plain(text: str) -> str:
    """`Annotated[int, Meta(ge=1)] | UnsetType` as `int`; names of Python's JSON stand for JSON's."""
    text = re.sub(r"Annotated\[(\w+), [^\]]*\]", r"\1", text).replace(" | UnsetType", "")
    text = re.sub(r"\bCount\b", "int", text)
    return re.sub(r"\bRaw\b", "object", re.sub(r"\bNone\b", "null", text))
