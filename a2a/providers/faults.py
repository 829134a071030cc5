"""From a failure to what it means: whose fault, what to do, how long to rest. One table per provider.

A row matches by HTTP status, by the upstream's own code, by a piece of its message or by the neutral kind; the first
matching row wins. `cool_s` is the first rest; with `doubling` each further failure in a row doubles it up to `max_s`.
A reset time the upstream names (Retry-After) wins over `cool_s`, capped at MAX_COOL_S.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from a2a.control.types import Action
from a2a.errors import Scope
from a2a.messages import Failure

MAX_COOL_S = 6 * 3600.0
"""No cooldown lasts longer, whatever an upstream says: it is asked again (contract 7: capped)."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What a failure means for the account and for the request."""

    scope: Scope
    action: Action
    reason: str
    cool_s: float = 0.0
    doubling: bool = False
    max_s: float = 600.0
    remedy: str | None = None
    """What the user can do; `{short}` stands for the provider's short name, `{name}` and `{alias}` for the account."""

    def rest_s(self, failures_in_row: int, retry_after_s: float | None) -> float:
        """Seconds to rest after the `failures_in_row`-th failure (1 = first)."""
        if retry_after_s is not None and retry_after_s > 0:
            return min(retry_after_s, MAX_COOL_S)
        factor = 2 ** min(failures_in_row - 1, 16) if self.doubling else 1
        return min(self.cool_s * factor, max(self.max_s, self.cool_s), MAX_COOL_S)


class Row(Struct, frozen=True, kw_only=True):
    """Empty fields match anything; `codes` and `texts` are compared in lower case, `texts` as substrings."""

    verdict: Verdict
    kinds: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def matches(self, failure: Failure) -> bool:
        if self.kinds and failure.kind not in self.kinds:
            return False
        if self.statuses and failure.status not in self.statuses:
            return False
        if self.codes and (failure.code or "").lower() not in self.codes:
            return False
        return not self.texts or any(text in failure.message.lower() for text in self.texts)


def until_midnight_s(now: float, utc_offset_h: int) -> float:
    """Seconds until the day ends somewhere. `now`: Unix seconds."""
    return 86_400 - (now + utc_offset_h * 3600) % 86_400


def judge(failure: Failure, table: Sequence[Row]) -> Verdict:
    """First matching row of `table`, then of COMMON."""
    for row in (*table, *COMMON):
        if row.matches(failure):
            return row.verdict
    return _SERVER


NO_CREDENTIAL = Verdict(scope="account", action="cool_down", reason="no_credential", cool_s=5.0, max_s=5.0)
"""Our own store does not give it away just now (a locked keyring): looked at again soon, and never doubled."""


def needs_action(reason: str, remedy: str) -> Verdict:
    """The account rests until its user has done what `remedy` says."""
    return Verdict(scope="account", action="needs_action", reason=reason, remedy=remedy)


_REQUEST = Verdict(scope="request", action="fail", reason="bad_request")
_SERVER = Verdict(
    scope="account",
    action="cool_down",
    reason="server_error",
    cool_s=5.0,
    doubling=True,
    max_s=60.0,
    remedy="the upstream has trouble: nothing to do, it is asked again after the rest",
)
_UNREACHABLE = structs.replace(
    _SERVER,
    remedy="nothing answers there: see that the network is up and base_url is right (a2a accounts show {name}); "
    "it is asked again after the rest",
)
_RATE = Verdict(
    scope="account",
    action="cool_down",
    reason="rate_limited",
    cool_s=30.0,
    doubling=True,
    remedy="wait for the rest to end, or add another account: a2a login {short}",
)

_UNTRUSTED = structs.replace(
    _SERVER,
    reason="certificate",
    remedy="where an authority of your own made the certificate, start a2a with SSL_CERT_FILE=FILE "
    "(docs/proxies.md); else see base_url and proxy: a2a accounts show {name}",
)

COMMON: tuple[Row, ...] = (
    Row(
        codes=("no_tool_call",),
        verdict=Verdict(scope="request", action="repair", reason="no_tool_call"),
    ),
    Row(codes=("proxy", "unreachable"), texts=("certificate is not trusted",), verdict=_UNTRUSTED),
    Row(
        codes=("proxy",),
        verdict=Verdict(
            scope="account",
            action="cool_down",
            reason="proxy",
            cool_s=5.0,
            doubling=True,
            max_s=60.0,
            remedy="the proxy does not let a2a through: see proxy under `a2a accounts show {name}` "
            "and `a2a config show`",
        ),
    ),
    Row(codes=("unreachable",), verdict=_UNREACHABLE),
    Row(kinds=("context_overflow", "bad_request", "conflict", "too_large"), verdict=_REQUEST),
    Row(
        kinds=("not_found",),
        verdict=Verdict(
            scope="account_model",
            action="next",
            reason="model_not_found",
            cool_s=3600.0,
            remedy="this account does not have the model: a2a models -p {short}",
        ),
    ),
    Row(
        kinds=("quota",),
        verdict=Verdict(
            scope="account",
            action="cool_down",
            reason="quota_spent",
            cool_s=3600.0,
            max_s=3600.0,
            remedy="the allowance is spent: wait for its reset, raise it at the provider "
            "(then: a2a accounts reset {name}), or add another account: a2a login {short}",
        ),
    ),
    Row(kinds=("rate_limited",), verdict=_RATE),
    Row(
        statuses=(401,),
        verdict=Verdict(
            scope="account", action="needs_login", reason="key_refused", remedy="log in again: a2a login {short}"
        ),
    ),
    Row(
        statuses=(402,),
        verdict=Verdict(
            scope="account",
            action="cool_down",
            reason="payment_required",
            cool_s=3600.0,
            max_s=3600.0,
            remedy="check credit and billing at the provider, then: a2a accounts reset {name}",
        ),
    ),
    Row(
        statuses=(403,),
        verdict=Verdict(
            scope="account",
            action="cool_down",
            reason="forbidden",
            cool_s=300.0,
            doubling=True,
            max_s=3600.0,
            remedy="the key may lack a permission, a model or a region: see the provider's console, "
            "then: a2a accounts reset {name}",
        ),
    ),
    Row(
        kinds=("timeout",),
        verdict=Verdict(scope="account", action="cool_down", reason="timeout", cool_s=15.0, doubling=True, max_s=120.0),
    ),
)
