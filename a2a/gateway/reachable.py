"""The model list with what the pool knows: which of the accounts that list a model can serve it now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from a2a.control.types import ModelView
from a2a.pool.account import PoolAccount


def reachable(views: Iterable[ModelView], members: Iterable[PoolAccount]) -> list[ModelView]:
    """The views with their accounts parted into those that can serve now and `unable`.

    A limit of the user's own is over in a moment and makes nobody unable. For an alias only the accounts count, not
    what they know of each of its models.
    """
    known = {member.name: member for member in members}
    return [_now(view, known) for view in views]


def _now(view: ModelView, known: Mapping[str, PoolAccount]) -> ModelView:
    whys = {name: _why_not(known[name], view) for name in view.accounts if name in known}
    unable = {name: why for name, why in whys.items() if why is not None}
    if not unable:
        return view
    return structs.replace(view, accounts=[name for name in view.accounts if name not in unable], unable=unable)


def _why_not(member: PoolAccount, view: ModelView) -> str | None:
    return member.state if member.state != "ready" else member.blocked(view.id)
