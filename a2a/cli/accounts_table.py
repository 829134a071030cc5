"""How accounts are shown: the table, what is wrong with whom and what helps, and everything about one."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Sequence
from datetime import datetime

from a2a.cli.home import in_words, short_name, span
from a2a.cli.output import Out
from a2a.config import PROVIDER_SHORT
from a2a.control.types import AccountCounts, AccountDetail, AccountState, AccountView, Fault, Quota

COLUMNS = ("ACCOUNT", "STATE", "KIND", "TOKEN ENDS", "QUOTA", "FROM", "NOTE")

_MISSED_LEAST = ("KIND", "FROM")
GAP = 2
"""Blanks between two columns."""

FAULT_SHOWN_S = 86400.0
"""A ready account's last error is news for so long."""

_MEANS: dict[AccountState, str] = {
    "disabled": "you disabled it",
    "draining": "its conversations go on, new ones go elsewhere",
    "cooling": "it rests",
    "needs_login": "it needs a login",
    "needs_action": "it needs something from you",
    "suspended": "its upstream has suspended it",
    "retired": "its upstream has closed this tier",
}
_HELPS: dict[AccountState, str] = {
    "disabled": "a2a accounts enable {name}",
    "draining": "a2a accounts enable {name}",
    "cooling": "a2a accounts reset {name}",
    "needs_login": "a2a login {short} --name {alias}",
}
_TESTS = "a2a accounts test {name}"


def table(out: Out, views: Sequence[AccountView]) -> None:
    """The accounts, and below them a line for each that is not ready or has failed lately."""
    width = shutil.get_terminal_size().columns if out.stdout.isatty() else None
    out.table(*fitting([row(view) for view in views], width))
    told = [line for view in views if (line := trouble(view))]
    if told:
        out.text("")
    for line in told:
        out.text(_folded(line, width))


def fitting(rows: Sequence[Sequence[str]], width: int | None) -> tuple[list[str], list[list[str]]]:
    """Columns and rows. In a terminal of too few columns, empty ones go first, then those that are missed least.

    `width`: of the terminal, None for a file or a pipe.
    """
    kept = list(COLUMNS)
    widest = {name: max(len(name), *(len(cells[n]) for cells in rows)) for n, name in enumerate(COLUMNS)}
    empty = [name for n, name in enumerate(COLUMNS) if not any(cells[n] for cells in rows)]
    for name in dict.fromkeys([*empty, *_MISSED_LEAST]):
        if width is not None and sum(widest[one] + GAP for one in kept) > width:
            kept.remove(name)
    places = [COLUMNS.index(name) for name in kept]
    return kept, [[cells[n] for n in places] for cells in rows]


def _folded(line: str, width: int | None) -> str:
    """Commands and URLs stay whole, so that they can be copied."""
    if width is None:
        return line
    return textwrap.fill(line, width, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)


def row(view: AccountView) -> tuple[str, ...]:
    ends = in_words(view.expires_at)
    return short_name(view), view.state, view.kind, ends, quota_cell(view.quota), view.origin, note(view)


def note(view: AccountView) -> str:
    """For how long it is in its state, and what sets it apart, in few words; why stands below the table."""
    left = f"{span(view.until - time.time())} left" if view.state == "cooling" and view.until else None
    pinned = "pinned" if view.pinned else None
    priority = f"priority {view.priority}" if view.priority else None
    return ", ".join(word for word in (left, pinned, priority) if word)


def quota_cell(quotas: Sequence[Quota]) -> str:
    """The allowance that is nearest to its end: `850/1000 credit for 9 days`, when it is renewed. One that has been
    renewed since says nothing."""
    now = time.time()
    known = [one for one in quotas if one.remaining is not None and (one.resets_at is None or one.resets_at > now)]
    if not known:
        return ""
    least = min(known, key=_share)
    until = f" for {span(least.resets_at - now)}" if least.resets_at is not None else ""
    return f"{_amount(least)} {least.unit}{until}" + (f" +{len(known) - 1}" if len(known) > 1 else "")


def _share(quota: Quota) -> float:
    """What is left of it, 0 to 1; one without a limit counts as full."""
    return (quota.remaining or 0.0) / quota.limit if quota.limit else 1.0


def _amount(quota: Quota) -> str:
    left = "?" if quota.remaining is None else _number(quota.remaining)
    return left if quota.limit is None else f"{left}/{_number(quota.limit)}"


def _number(value: float) -> str:
    """Without a fraction that nobody misses."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def trouble(view: AccountView) -> str | None:
    """`kiro/work: what happened → the command that helps`; None for an account that is well."""
    name = short_name(view)
    if view.state == "ready":
        fault = view.last_fault
        if fault is None or fault.action == "next" or time.time() - fault.at > FAULT_SHOWN_S:
            return None  # `next`: it lacks a model that somebody asked for, and has no trouble
        return f"{name}: ready again; {_fault(fault, view)}"
    message = _bare(view.message or _MEANS[view.state], view)
    helps = view.remedy or _HELPS.get(view.state, _TESTS)
    return f"{name}: {message} → {_filled(helps, view)}"


def _filled(text: str, view: AccountView) -> str:
    places = {"name": short_name(view), "short": PROVIDER_SHORT[view.provider], "alias": view.alias}
    for place, word in places.items():
        text = text.replace(f"{{{place}}}", word)
    return text


def details(out: Out, found: AccountDetail) -> None:
    """Everything known about one account, a line each."""
    rows = [(name, text) for name, text in _rows(found) if text]
    out.table(("FIELD", "VALUE"), rows)
    if line := trouble(found):
        out.text("")
        out.text(_folded(line, shutil.get_terminal_size().columns if out.stdout.isatty() else None))


def _rows(found: AccountDetail) -> list[tuple[str, str]]:
    flags = [word for word, on in (("pinned", found.pinned), ("draining", found.draining)) if on]
    return [
        ("id", found.id),
        ("provider", found.provider),
        ("alias", found.alias),
        ("state", found.state),
        ("reason", found.reason or ""),
        ("until", _time(found.until)),
        ("kind", found.kind),
        ("label", found.label or ""),
        ("plan", found.plan or ""),
        *(("quota", _quota(quota)) for quota in found.quota),
        ("origin", found.origin),
        ("source", found.source or ""),
        ("preset", found.preset or ""),
        ("base_url", found.base_url or ""),
        ("urls", ", ".join(f"{key} {url}" for key, url in found.urls.items() if key != "base_url")),
        ("region", found.region or ""),
        ("project_id", found.project_id or ""),
        ("proxy", found.proxy or ""),
        ("priority", str(found.priority)),
        ("weight", str(found.weight)),
        ("enabled", "yes" if found.enabled else "no"),
        ("set", ", ".join(flags)),
        ("limits", _limits(found)),
        ("created_at", _time(found.created_at)),
        ("expires_at", _time(found.expires_at)),
        ("last_used_at", _time(found.last_used_at)),
        ("requests", _counts(found.counts)),
        ("last_fault", _fault(found.last_fault, found) if found.last_fault else ""),
    ]


def _limits(found: AccountDetail) -> str:
    """Those that hold, and which of them are not its own."""
    held = {key: number for key, number in (found.limits | found.limits_in_force).items() if number}
    words = {key: "" if found.limits.get(key) else " (of every account of its provider)" for key in held}
    return ", ".join(f"{key} {number}{words[key]}" for key, number in held.items()) or "none"


def _time(at: float | None) -> str:
    try:
        return "" if at is None else datetime.fromtimestamp(at).astimezone().isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):  # an upstream's number that is no time
        return f"{at:g}"


def _quota(quota: Quota) -> str:
    """`850/1000 credit, full again in 3 days (2026-12-01 …), as of …`."""
    whose = f" for {quota.model}" if quota.model else ""
    which = f" ({quota.name})" if quota.name else ""
    left = f"{_amount(quota)} {quota.unit}{which} left{whose}"
    resets = f", resets {in_words(quota.resets_at)} ({_time(quota.resets_at)})" if quota.resets_at else ""
    return left + resets + (f", as of {_time(quota.taken_at)}" if quota.taken_at else "")


def _counts(counts: AccountCounts) -> str:
    if not counts.requests:
        return "none yet"
    tokens = f"; tokens: {counts.input_tokens} in, {counts.output_tokens} out"
    return f"{counts.requests}, of which {counts.successes} answered, {counts.failures} failed{tokens}"


def _fault(fault: Fault, view: AccountView) -> str:
    status = f" ({fault.status})" if fault.status else ""
    return f"{span(max(0.0, time.time() - fault.at))} ago: {_bare(fault.message, view)}{status}"


def _bare(message: str, view: AccountView) -> str:
    """Without the account's name, which stands before the line already."""
    for name in (short_name(view), f"{view.provider}/{view.alias}"):
        if message.startswith((f"{name}: ", f"{name} ")):
            return message[len(name) :].removeprefix(":").lstrip()
    return message
