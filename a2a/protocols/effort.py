"""One scale for the reasoning knob that every vendor spells differently (specs/conversion.md 7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from a2a.messages import Think

_BUDGETS = {"none": 0, "minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 64000}
"""Effort -> thinking tokens, weakest first."""
_RANKS = {effort: rank for rank, effort in enumerate(_BUDGETS)}
_STEPS = ((0, "none"), (4096, "low"), (12288, "medium"), (24576, "high"), (63999, "xhigh"))
"""(largest budget, effort); everything above is max."""
_UNKNOWN = "medium"
"""What a word outside of the scale counts as."""


def to_budget(effort: str) -> int:
    """Thinking tokens of an effort; 0 is off."""
    return _BUDGETS.get(effort, _BUDGETS[_UNKNOWN])


def from_budget(budget: int) -> str | None:
    """The effort of a budget in tokens; None for -1 (automatic): nothing is said then."""
    if budget < 0:
        return None
    return next((effort for limit, effort in _STEPS if budget <= limit), "max")


def fit(effort: str, allowed: Sequence[str]) -> str:
    """The effort if allowed, else the nearest allowed one below it, else the lowest. `allowed` empty: all pass."""
    if not allowed or effort in allowed:
        return effort
    wanted = _rank(effort)
    ranked = sorted(allowed, key=_rank)
    return next((word for word in reversed(ranked) if _rank(word) <= wanted), ranked[0])


def level(think: Think | None) -> str | None:
    """The effort a request asks for, from its effort or its budget; None when it leaves the choice to the model."""
    if think is None:
        return None
    if think.effort is not None:
        return think.effort
    return None if think.budget is None else from_budget(think.budget)


def _rank(effort: str) -> int:
    return _RANKS.get(effort, _RANKS[_UNKNOWN])
