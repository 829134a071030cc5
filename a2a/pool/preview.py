"""Which accounts a request would be given, in order, without giving it any."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence, Set

from msgspec import Struct

from a2a.control.types import Considered
from a2a.pool.account import PoolAccount
from a2a.pool.cooldown import LACKS
from a2a.pool.limits import WORDS
from a2a.pool.selection import Strategy


class Preview(Struct, frozen=True):
    """`asked`: in the order of being asked. `waiting`: who cannot serve this now, and until when."""

    strategy: str
    asked: list[Considered]
    waiting: list[Considered]


def preview(
    members: Iterable[PoolAccount],
    strategy: Strategy,
    model: str,
    *,
    alias: str | None = None,
    only: Set[str] | None = None,
    prefer: str | None = None,
) -> Preview:
    """As `Pool.lease` would, again and again until nobody is left; takes its arguments."""
    usable: list[PoolAccount] = []
    waiting: list[Considered] = []
    lacking: list[tuple[PoolAccount, Considered]] = []
    for member in members:
        if alias is not None and member.account.alias != alias:
            continue
        if only is not None and member.account.id not in only:
            waiting.append(Considered(account=member.name, why="does not list the model"))
            continue
        skip = member.why_not(model, bound=alias is not None or member.account.id == prefer)
        if skip is None:
            usable.append(member)
            continue
        told = Considered(account=member.name, why=skip[0], until=skip[1])
        if skip[0] == LACKS:
            lacking.append((member, told))
        else:
            waiting.append(told)
    if usable or any(item.until is not None or item.why in WORDS for item in waiting):
        waiting += [told for _, told in lacking]
    else:
        usable = [member for member, _ in lacking]  # as `Pool` does: where nobody else can come, they are asked anew
    first = next((m for m in usable if m.account.pinned), None) or _of(usable, prefer)
    asked = [] if first is None else [Considered(account=first.name, why=_why(first))]
    rest = [member for member in usable if member is not first]
    turns = [Considered(account=each.name, why="next in turn") for each in _turns(rest, strategy, model)]
    if first is None and turns:
        turns[0] = Considered(account=turns[0].account, why="its turn")
    return Preview(strategy.name, asked + turns, waiting)


def _of(members: Sequence[PoolAccount], account_id: str | None) -> PoolAccount | None:
    return next((member for member in members if member.account.id == account_id), None)


def _why(member: PoolAccount) -> str:
    return "pinned" if member.account.pinned else "its conversation is there"


def _turns(members: Sequence[PoolAccount], strategy: Strategy, model: str) -> list[PoolAccount]:
    """What the strategy would pick, best priority first: asked of copies, as a pick counts as a turn."""
    chooser = copy.copy(strategy)  # what a strategy knows of an account lies on the account
    left = {id(twin): (twin, member) for member in members for twin in [copy.copy(member)]}
    order: list[PoolAccount] = []
    while left:
        settled = [twin for twin, _ in left.values() if not twin.on_trial] or [twin for twin, _ in left.values()]
        best = min(twin.account.priority for twin in settled)
        picked = chooser.pick([twin for twin in settled if twin.account.priority == best], model)
        order.append(left.pop(id(picked))[1])
    return order
