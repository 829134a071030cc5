"""What is asked next after a failure: another account, the next target of the route, or nobody.

The targets of a route are what the client asked for, then what `fallback` puts in their place. A stand-in never makes
things worse: when it cannot take the request at all, the client is told why its own target did not serve.
"""

from __future__ import annotations

from typing import Literal

from a2a.errors import RequestError
from a2a.gateway.report import Failed, Report, failure_of
from a2a.gateway.route import Choice
from a2a.protocols.base import Note
from a2a.providers.faults import Verdict

Next = Literal["account", "target", "end"]

_UNFIT = Verdict(scope="request", action="next", reason="unfit")


class Walk:
    """One request on its way over the targets of its route. `failures`: what the client is told if nobody serves."""

    def __init__(self, report: Report) -> None:
        self.failures: list[Failed] = []
        self._report = report
        self._full = 0

    def begin(self, choice: Choice) -> None:
        """The first account of this target is about to be asked; a stand-in is said to be one."""
        self._full = 0
        route = choice.route
        self._report.entry.route = route
        if route.via == "fallback":
            instead = f"{route.instead_of} could not serve; {route.provider}/{route.model} is asked, as `fallback` says"
            self._report.standing(Note("model", "mapped", instead))

    def failed(self, choice: Choice, failed: Failed, *, last: bool) -> Next:
        """`failed`: an account of `choice`; `last`: there is no target behind it."""
        stands_in = choice.route.via == "fallback"
        if failed.verdict.scope == "request" and stands_in:
            return "target"
        self.failures.append(failed)
        if failed.verdict.scope == "request":
            return "end"
        self._full += failed.verdict.reason == "capacity"
        if self._full > 1:  # a third account would meet the same upstream without room (gemini-cli.md 9)
            return "end" if last else "target"
        return "account"


def unfit(choice: Choice, account: str, error: RequestError) -> Failed:
    """Converting found that this target cannot take the request. Raises `error` where the client chose the target."""
    if choice.route.via != "fallback":
        raise error
    return Failed(account=account, failure=failure_of(error), verdict=_UNFIT)
