"""What to do about an exchange: next steps in words, from what its record says. For whoever shows one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from a2a.control.types import Attempt, Considered, Decision, Exchange, Fault

VIA: Mapping[str, str] = {
    "prefix": "the path names the provider",
    "header": "the Model-Provider header names the provider",
    "name": "the model's name begins with the provider",
    "alias": "an alias of yours",
    "catalogue": "the provider lists that name",
    "default": "nobody lists that name: the default chain takes it",
    "fallback": "the fallback of what was asked for",
}
"""What decided a route."""

_STATE: Mapping[str, str] = {
    "disabled": "{account} is switched off: a2a accounts enable {account}",
    "draining": "{account} takes no new conversations: a2a accounts enable {account}",
    "needs_login": "{account} needs a new login: a2a accounts show {account} says which",
    "needs_action": "{account} needs something from you: a2a accounts show {account} says what",
    "suspended": "the provider suspended {account}: a2a accounts show {account}",
    "retired": "the provider closed the tier of {account}: a2a accounts show {account}",
    "does not list the model": "{account} lacks the model: a2a models says who has it",
    "at its concurrency limit": "{account} was busy: wait, or a2a accounts set {account} --max-concurrency N",
    "at its pace (min_interval_ms)": "{account} was busy: wait, or a2a accounts set {account} --min-interval-ms N",
    "at its limit of requests per minute": "{account} was busy: wait, or a2a accounts set {account} --rpm N",
    "at its limit of tokens per minute": "{account} was busy: wait, or a2a accounts set {account} --tpm N",
}
"""Why an account was passed over -> what helps."""

_DOWN = "provider down"
"""What the pool says of accounts whose provider is out, before a colon and the cause."""

_KIND: Mapping[str, str] = {
    "timeout": "{account} did not answer in time: a2a accounts test {account}; first_byte_timeout_s and idle_timeout_s"
    " say how long a2a waits",
    "upstream": "{account} had trouble at its upstream: try again, or a2a accounts test {account}",
    "unavailable": "{account} was not available: a2a accounts test {account}",
    "rate_limited": "{account} is at its upstream's limit: wait, or add another account",
    "quota": "{account} has used up its quota: wait for the reset, or add another account",
}
"""What came back, where the upstream's fault table names no remedy -> what helps."""


def next_steps(exchange: Exchange) -> list[str]:
    """At least one sentence; the most helpful first."""
    match exchange.state:
        case "done":
            return ["nothing: it was served"]
        case "client_closed":
            return ["nothing here: the client left before the answer was complete"]
        case "routing" | "waiting" | "streaming":
            return ["nothing yet: it is still going on"]
        case "failed":
            return list(dict.fromkeys(_steps(exchange))) or ["try again; a2a serve --verbose shows the log"]


def _steps(exchange: Exchange) -> Iterator[str]:
    fault = exchange.fault
    if exchange.route is None:
        yield "a2a models lists the names that are served"
    if fault is not None and fault.scope == "request":
        yield fault.remedy or "the request itself was refused: change what the message names"
        return
    if any(attempt.first_event_ms is not None for attempt in exchange.attempts):
        yield "the answer broke off after it had begun, where no other account may take over: send the request again"
    for attempt in exchange.attempts:
        yield from _of_attempt(attempt)
    passed = last_seen(exchange.unserved)
    yield from of_accounts(passed)
    if fault is not None and fault.remedy and all(fault.remedy != remedy for remedy in _remedies(exchange)):
        yield fault.remedy
    if exchange.route is not None and not passed and not exchange.attempts:
        yield "a2a accounts shows what there is; a2a login adds an account"


def _remedies(exchange: Exchange) -> Iterator[str | None]:
    return (attempt.fault.remedy for attempt in exchange.attempts if attempt.fault is not None)


def last_seen(turns: Iterable[Decision]) -> list[Considered]:
    """Each account as it was when it was last passed over: earlier waits are history."""
    return list({each.account: each for turn in turns for each in turn.considered}.values())


def _of_attempt(attempt: Attempt) -> Iterator[str]:
    fault = attempt.fault
    if fault is None or fault.scope == "request":
        return
    if fault.remedy:
        yield f"{attempt.account}: {fault.remedy}"
    elif known := _KIND.get(fault.kind):
        yield known.format(account=attempt.account)


def of_accounts(passed: Iterable[Considered]) -> Iterator[str]:
    """What helps against each account that was passed over."""
    for each in passed:
        if known := _STATE.get(each.why):
            yield known.format(account=each.account)
        elif each.why.startswith(_DOWN):
            yield f"the provider itself has trouble, not {each.account}: try again shortly, or ask for another provider"
        elif each.until is not None:
            again = f"a2a accounts reset {each.account} asks it at once"
            yield f"{each.account} serves again at {clock(each.until)}; {again}"


def what_followed(fault: Fault) -> str:
    """What a2a did about it."""
    match fault.action:
        case "fail":
            return "given to the client: another account would have met the same"
        case "repair":
            return "the request was changed and sent once more"
        case "refresh":
            return "its token was renewed"
        case "next":
            return "it was the next account's turn, where there was one"
        case "cool_down":
            until = f" until {clock(fault.until)}" if fault.until is not None else ""
            return f"the account rests{until}"
        case "needs_login" | "needs_action" | "suspended" | "retired":
            return f"the account is out ({fault.action}) until you act"


def clock(at: float) -> str:
    """Local time, with the day where it is another one than today."""
    there = time.localtime(at)
    today = time.localtime()[:3] == there[:3]
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", there)
