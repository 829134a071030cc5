"""What all authorities of the demo share: the flags of a login, device logins, and the answer that comes too late.

A test sets flags in process (`up.qwen.flags`, `up.codeassist.flags`, `up.kiro.logins.flags`) or from outside
(`POST /_control/logins`). The numbers that a vendor fixes are the defaults of its own subclass.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated, Literal

from msgspec import Meta, Struct

from a2a.demo.world import Book

Verdict = Literal["expired", "slow_down", "denied", "pending", "approved"]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]

_SLOWER_S = 5
"""What `slow_down` adds to the interval, for good (RFC 8628 3.5)."""

_GRACE_S = 0.1
"""Two clocks and a network between them: a poll so little too soon is on time."""

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


class TokenFlags(Struct, kw_only=True, forbid_unknown_fields=True):
    """How one authority deals with its tokens.

    `life_s`: what access tokens issued from now on live, None = as the vendor's do. `code_life_s`: the same for device
    codes and authorization codes. `rotate`: a refresh token works once. `answer_delay_s`: every answer that brings
    tokens comes so much later than the change it tells of, so that who is killed in between has lost them.
    """

    life_s: Count | None = None
    code_life_s: Count = 600
    rotate: bool = True
    revoke_on_reuse: bool = False
    """A spent refresh token that comes back kills the account's tokens, as RFC 9700 4.14.2 asks for."""
    answer_delay_s: Seconds = 0.0


class DeviceFlags(TokenFlags, kw_only=True, forbid_unknown_fields=True):
    """`interval_s`: between two polls. `pending_polls`: polls in time that say "wait" before a login is done."""

    interval_s: Count = 5
    pending_polls: Count = 1


class DeviceLogin(Struct, kw_only=True):
    """One device login under way. `decision`: None until the person has said something. Times in Unix seconds."""

    user_code: str
    expires_at: float
    interval_s: float
    decision: bool | None = None
    polls: int = 0
    polled_at: float | None = None


def decided(approval: str) -> bool | None:
    """What the person has already said when a login begins: yes, no, or nothing yet with `page`."""
    return {"page": None, "deny": False}.get(approval, True)


def verdict(login: DeviceLogin, flags: DeviceFlags, now: float) -> Verdict:
    """What a poll at `now` is told; counts it. After a `slow_down` the longer interval holds."""
    if now >= login.expires_at:
        return "expired"
    too_soon = login.polled_at is not None and now < login.polled_at + login.interval_s - _GRACE_S
    login.polled_at = now
    if too_soon and login.interval_s > 0:
        login.interval_s += _SLOWER_S
        return "slow_down"
    login.polls += 1
    if login.decision is False:
        return "denied"
    return "pending" if login.decision is None or login.polls <= flags.pending_polls else "approved"


def user_code_of(device_code: str) -> str:
    """`KXQT-ZPLM`: eight letters to type."""
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in hashlib.sha256(device_code.encode()).digest()[:8])
    return f"{letters[:4]}-{letters[4:]}"


async def dawdle(flags: TokenFlags, book: Book) -> None:
    """The wait between a change of tokens and the answer that tells of it. Who waits at the book hears of it first."""
    book.changed()
    if flags.answer_delay_s:
        await asyncio.sleep(flags.answer_delay_s)
