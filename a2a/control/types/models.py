"""Models reachable now, and what a request would get."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct

from a2a.control.types.accounts import Fault
from a2a.control.types.exchanges import Considered, NoteView, Route


class ExplainWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `explain`: the request to think through. `front`: the protocol it is in; `body`: what its client would
    send, in which `model` may stand too. `prefix`: the provider in front of the path, by id or short name.

    `headers`: lower case; `model-provider` and those that name a session count.
    """

    front: Literal["chat", "responses", "claude", "gemini"] = "chat"
    model: str | None = None
    prefix: str | None = None
    headers: dict[str, str] = {}
    body: Raw = Raw(b"{}")


class Hop(Struct, frozen=True, kw_only=True):
    """One (provider, model) that a request would try, and the accounts in the order they would be asked.

    `waiting`: accounts that would not be asked now, with why. `mode`: null where the conversion itself would fail,
    which `fault` then tells. `notes`: what becomes of fields the target cannot carry as they are. `url`: of the call.
    """

    route: Route
    accounts: list[Considered] = []
    waiting: list[Considered] = []
    strategy: str | None = None
    mode: Literal["relay", "convert"] | None = None
    url: str | None = None
    notes: list[NoteView] = []
    fault: Fault | None = None


class Explained(Struct, frozen=True, kw_only=True):
    """What a request would get, without anybody being called. `hops` in the order of trying; empty with a `fault`."""

    front: str
    asked: str
    stream: bool = False
    hops: list[Hop] = []
    fault: Fault | None = None


class Price(Struct, frozen=True, kw_only=True):
    """US dollars per million tokens, None = not known. `basis`: date of the price, or the file that says it.

    Large inputs may cost more (`a2a.catalog`).
    """

    input: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    output: float | None = None
    basis: str = ""


class ModelView(Struct, frozen=True, kw_only=True):
    """One model reachable now. `id` is what a client sends.

    `accounts`: names of those able to serve it now. `unable`: of those that list it and cannot, with the state or the
    reason why (`cooling`, `needs_login`, `disabled` …, or what the upstream said of this model).
    An alias of the settings is a row too: its `provider` is `alias`, its `targets` are what it stands for, and with
    `pattern` its `id` is no name but a pattern. `input`: kinds of content the model reads, empty = not known.
    """

    id: str
    name: str
    provider: str
    aliases: list[str] = []
    accounts: list[str] = []
    unable: dict[str, str] = {}
    context: int | None = None
    max_output: int | None = None
    created: int = 0
    """Unix seconds, 0 where the upstream does not say."""
    input: list[str] = []
    price: Price | None = None
    targets: list[str] = []
    pattern: bool = False
