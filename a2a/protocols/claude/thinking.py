"""The reasoning knob as `thinking` and `output_config.effort` (specs/conversion.md 7.1, 7.3).

By `profile.reasoning`: `none` drops it; `budget` knows manual budgets only; `adaptive` rejects manual budgets;
`effort` prefers efforts but leaves a manual budget of a Claude client as it is.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from a2a.messages import Request, Think
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.claude.words import EFFORTS, SHOW_OUT
from a2a.protocols.effort import fit, from_budget, to_budget
from a2a.protocols.wire import dumps

_AUTOMATIC = "medium"
"""Budget of a request that leaves the amount to the model, for models that need a number."""
_CLEARING = "clear_thinking"


class Thinking(Struct, frozen=True):
    """`config`: value of `thinking`; `effort`: of `output_config.effort`. None: say nothing."""

    config: dict[str, object] | None = None
    effort: str | None = None

    @property
    def manual(self) -> bool:
        """A budget was set: the forced tool choice and most sampling keys are refused then."""
        return self.config is not None and self.config["type"] == "enabled"

    @property
    def on(self) -> bool:
        return self.config is not None and self.config["type"] != "disabled"


def thinking_for(req: Request, conv: Conversion, max_tokens: int) -> Thinking:
    """What to say upstream; nothing when the request says nothing."""
    think, profile = req.think, conv.profile
    if think is None:
        return Thinking()
    if profile.reasoning == "none":
        if not _is_off(think):
            conv.note("thinking", "dropped", "the model does not reason")
        return Thinking()
    if _is_off(think):
        return _off(conv)
    show = SHOW_OUT.get(think.show or "")
    display: dict[str, object] = {"display": show} if show else {}
    native = req.proto == "claude"
    if native and not think.adaptive and think.budget is None:  # an effort alone does not switch thinking on
        return Thinking(effort=_effort(think, conv)) if profile.reasoning != "budget" else _unsaid(conv)
    if profile.reasoning == "budget" or (native and profile.reasoning == "effort" and (think.budget or 0) > 0):
        return _manual(think, conv, max_tokens, display)
    return Thinking({"type": "adaptive", **display}, _effort(think, conv))


def _is_off(think: Think) -> bool:
    return think.effort == "none" or (think.effort is None and think.budget == 0)


def _unsaid(conv: Conversion) -> Thinking:
    conv.note("output_config.effort", "dropped", "the model knows thinking budgets only")
    return Thinking()


def _off(conv: Conversion) -> Thinking:
    if conv.profile.can_disable_reasoning:
        return Thinking({"type": "disabled"})
    conv.note("thinking", "clamped", "the model cannot switch reasoning off")
    return Thinking() if conv.profile.reasoning == "budget" else Thinking(effort=fit("none", _allowed(conv.profile)))


def _allowed(profile: Profile) -> tuple[str, ...]:
    return profile.efforts or EFFORTS


def _effort(think: Think, conv: Conversion) -> str | None:
    wanted = think.effort
    if wanted is None and think.budget is not None:
        wanted = from_budget(think.budget)
        conv.note("thinking.budget", "mapped", f"effort {wanted or 'left to the model'}")
    if wanted is None:
        return None
    effort = fit(wanted, _allowed(conv.profile))
    if effort != wanted:
        conv.note("reasoning.effort", "clamped", f"{wanted} is not offered, {effort} used")
    return effort


def _manual(think: Think, conv: Conversion, max_tokens: int, display: dict[str, object]) -> Thinking:
    """`budget_tokens` inside the profile's range and below `max_tokens`; off when there is no room."""
    profile = conv.profile
    stated = think.budget is not None and think.budget > 0
    wanted = think.budget if stated and think.budget is not None else to_budget(think.effort or _AUTOMATIC)
    if not stated:
        conv.note("reasoning.effort", "mapped", f"budget of {wanted} tokens")
    lowest = profile.budget_min
    if max_tokens <= lowest:
        conv.note("thinking", "dropped", f"max_tokens leaves no room for the least budget of {lowest}")
        return Thinking()
    budget = min(max(wanted, lowest), profile.budget_max, max_tokens - 1)
    if budget != wanted:
        conv.note("thinking.budget_tokens", "clamped", f"{wanted} to {budget}")
    effort = think.effort if profile.reasoning == "effort" else None
    return Thinking({"type": "enabled", "budget_tokens": budget, **display}, effort)


def without_clear_thinking(context_management: Raw) -> Raw:
    """`context_management` minus the edit that the API refuses while thinking is off (7.3)."""
    value: Any = msgspec.json.decode(context_management)
    edits = value.get("edits") if isinstance(value, dict) else None
    if not isinstance(edits, list):
        return context_management
    kept = [edit for edit in edits if not (isinstance(edit, dict) and str(edit.get("type")).startswith(_CLEARING))]
    return Raw(dumps({**value, "edits": kept}))
