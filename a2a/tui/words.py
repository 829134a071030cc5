"""Figures, times and states as a person reads them, in few cells."""

from __future__ import annotations

import time
from collections.abc import Sequence

from a2a.control.types import AccountState, AccountView, Attempt, Cost, Exchange, Quota
from a2a.tui.desk import Desk
from a2a.tui.ink import Piece, Tone
from a2a.tui.state import Flow

STATE_WORDS: dict[AccountState, str] = {
    "ready": "ready",
    "cooling": "cooling",
    "needs_login": "needs login",
    "needs_action": "needs action",
    "suspended": "suspended",
    "retired": "retired",
    "draining": "draining",
    "disabled": "disabled",
}
STATE_TONES: dict[AccountState, Tone] = {
    "ready": "ok",
    "cooling": "warn",
    "needs_login": "bad",
    "needs_action": "bad",
    "suspended": "bad",
    "retired": "dim",
    "draining": "info",
    "disabled": "dim",
}
NEWS_S = 900
"""How long the last error of an account that is ready again is told."""

BYTES_PER_TOKEN = 4
"""Of text, roughly, in English. An answer that streams has no usage yet: its tokens are guessed from its bytes."""


def count(value: float | None) -> str:
    """`0`, `999`, `1.2k`, `34k`, `5.6M`."""
    if value is None:
        return ""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if value >= size * 0.9995:
            share = value / size
            return f"{share:.1f}{letter}" if share < 9.95 else f"{share:.0f}{letter}"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def size(count_bytes: int) -> str:
    """`512 B`, `1.2 KiB`, `34 MiB`."""
    value, unit = float(count_bytes), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1000 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 9.95 else f"{value:.1f} {unit}"


def milliseconds(value: float | None) -> str:
    """`85 ms`, `1.2 s`, `34 s`, `2:05`."""
    if value is None:
        return ""
    if value < 1000:
        return f"{value:.0f} ms"
    if value < 9_950:
        return f"{value / 1000:.1f} s"
    return f"{value / 1000:.0f} s" if value < 99_500 else countdown(value / 1000)


def span(seconds: float) -> str:
    """`42 s`, `42 min`, `5 h`, `10 d`: how long, roughly."""
    if seconds < 100:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 2880 else f"{round(minutes / 1440)} d"


def countdown(seconds: float) -> str:
    """`0:05`, `12:34`, `3:04:05`, `4 d`: how long, to the second while that matters."""
    left = max(0, int(seconds))
    if left >= 172_800:
        return f"{left // 86_400} d"
    hours, rest = divmod(left, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def clock_time(at: float) -> str:
    """`17:42:01`, of this machine's zone."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(at))
    except (ValueError, OverflowError, OSError):  # an upstream's number that is no time
        return ""


def date_time(at: float | None) -> str:
    """`2026-11-22 17:42:01`, of this machine's zone."""
    try:
        return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return ""


def cost(value: Cost | None) -> str:
    """`$0.0042`, `0.12 credit`. Amounts below a cent keep two figures."""
    if value is None:
        return ""
    if value.amount >= 0.01 or value.amount == 0:
        amount = f"{value.amount:.2f}"
    elif value.amount >= 0.0001:
        amount = f"{value.amount:.4f}"
    else:
        amount = "<0.0001"
    if value.currency != "USD":
        return f"{amount} {value.currency}"
    return f"<${amount[1:]}" if amount.startswith("<") else f"${amount}"


def percent(share: float) -> str:
    """`0 %`, `0.4 %`, `12 %`."""
    value = share * 100
    return f"{value:.1f} %" if 0 < value < 9.95 else f"{value:.0f} %"


def account_state(desk: Desk, account: AccountView) -> list[Piece]:
    """`● ready`, `◐ cooling 0:41`."""
    tone = STATE_TONES[account.state]
    word = STATE_WORDS[account.state]
    if account.state == "cooling" and account.until:
        word = f"{word} {countdown(account.until - desk.clock.now())}"
    return [(f"{desk.marks.account[account.state]} ", tone), (word, tone)]


def trouble(desk: Desk, account: AccountView) -> tuple[str, str]:
    """What is wrong with it, and what helps; both empty for an account that is well."""
    if account.state == "ready":
        fault = account.last_fault
        if fault is None or desk.clock.now() - fault.at > NEWS_S:
            return "", ""
        return f"{span(desk.clock.now() - fault.at)} ago: {fault.message}", ""
    long_name = f"{account.provider}/{account.alias}: "
    message = (account.message or MEANS[account.state]).removeprefix(long_name)
    name, short = desk.account_name(account), desk.short(account.provider)
    helps = account.remedy or HELPS.get(account.state, "a2a accounts test {name}")
    for place, word in (("name", name), ("short", short), ("alias", account.alias)):
        helps = helps.replace(f"{{{place}}}", word)
    return message, helps


MEANS: dict[AccountState, str] = {
    "disabled": "you disabled it",
    "draining": "its conversations go on, new ones go elsewhere",
    "cooling": "it rests",
    "needs_login": "it needs a login",
    "needs_action": "it needs something from you",
    "suspended": "its upstream has suspended it",
    "retired": "its upstream has closed this tier",
}
HELPS: dict[AccountState, str] = {
    "disabled": "e enables it",
    "draining": "e enables it",
    "cooling": "R ends the rest",
    "needs_login": "l logs in again",
}
"""Keys of the account list; the server's own `remedy` comes first."""


def scarce(quotas: Sequence[Quota], now: float) -> Quota | None:
    """The allowance nearest to its end, of those that have not been filled up again since."""
    known = [one for one in quotas if one.remaining is not None and (one.resets_at is None or one.resets_at > now)]
    return min(known, key=left_share, default=None)


def left_share(quota: Quota) -> float:
    """What is left of it, 0 to 1; one without a limit counts as full."""
    return max(0.0, min(1.0, (quota.remaining or 0.0) / quota.limit)) if quota.limit else 1.0


def last_attempt(exchange: Exchange) -> Attempt | None:
    return exchange.attempts[-1] if exchange.attempts else None


def account_of(exchange: Exchange) -> str:
    """`kiro/work`; before there is one, who was asked for."""
    if attempt := last_attempt(exchange):
        return attempt.account
    return exchange.route.provider if exchange.route else ""


def model_of(exchange: Exchange) -> str:
    """`asked → used` where they differ by more than the provider in front."""
    route = exchange.route
    if route is None:
        return exchange.asked
    used = exchange.attempts[-1].model if exchange.attempts else route.model
    return used if route.asked == used or route.asked.endswith(f"/{used}") else f"{route.asked} → {used}"


def duration_ms(exchange: Exchange, now: float) -> float:
    """From the request to its end, or to now."""
    last = exchange.timings.last
    return last if last is not None else max(0.0, (now - exchange.started_at) * 1000)


def token_rate(exchange: Exchange, flow: Flow | None, now: float) -> tuple[float, bool] | None:
    """Tokens a second since the first came, and whether that is a guess from the bytes so far; None before it."""
    tokens, timings = exchange.tokens, exchange.timings
    if tokens is not None and tokens.output and timings.last is not None and timings.first_token is not None:
        took = (timings.last - timings.first_token) / 1000
        return (tokens.output / took, tokens.estimated) if took > 0.05 else None
    if flow is None or flow.first_token_ms is None:
        return None
    took = now - exchange.started_at - flow.first_token_ms / 1000
    return (flow.output_bytes / BYTES_PER_TOKEN / took, True) if took > 0.2 and exchange.stream else None
