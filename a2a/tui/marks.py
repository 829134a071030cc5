"""The signs that are drawn besides letters: one set for UTF-8 terminals, one of ASCII for the others."""

from __future__ import annotations

from msgspec import Struct

from a2a.control.types import AccountState, ExchangeState


class Marks(Struct, frozen=True, kw_only=True):
    """`levels`: bars of a sparkline from low to high; `full`, `empty`: of a meter. Every sign is one cell wide."""

    levels: str
    full: str
    empty: str
    parts: str
    """The last cell of a meter, from nearly empty to nearly full; "" where there is none between."""
    account: dict[AccountState, str]
    exchange: dict[ExchangeState, str]
    up: str
    down: str
    arrow: str
    cut: str
    """What stands for the rest of a text that is too long."""
    dot: str
    crumb: str
    rule: str
    pipe: str
    good: str
    bad: str
    warn: str
    paused: str


UNICODE = Marks(
    levels="▁▂▃▄▅▆▇█",
    full="━",
    empty="─",
    parts="╸",
    account={
        "ready": "●",
        "cooling": "◐",
        "needs_login": "◆",
        "needs_action": "▲",
        "suspended": "×",
        "retired": "✝",
        "draining": "◌",
        "disabled": "○",
    },
    exchange={
        "routing": "◌",
        "waiting": "◔",
        "streaming": "◕",
        "done": "●",
        "failed": "×",
        "client_closed": "◇",
    },
    up="▲",
    down="▼",
    arrow="→",
    cut="…",
    dot="·",
    crumb="›",
    rule="─",
    pipe="│",
    good="✔",
    bad="×",
    warn="▲",
    paused="‖",
)

ASCII = Marks(
    levels=" .:-=+*#",
    full="=",
    empty="-",
    parts="",
    account={
        "ready": "*",
        "cooling": "~",
        "needs_login": "?",
        "needs_action": "!",
        "suspended": "X",
        "retired": "x",
        "draining": "v",
        "disabled": "o",
    },
    exchange={
        "routing": ".",
        "waiting": "-",
        "streaming": "+",
        "done": "*",
        "failed": "X",
        "client_closed": "o",
    },
    up="^",
    down="v",
    arrow=">",
    cut="~",
    dot="-",
    crumb=">",
    rule="-",
    pipe="|",
    good="ok",
    bad="X",
    warn="!",
    paused="=",
)
