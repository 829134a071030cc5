"""Reasoning on request, in the two ways this upstream knows (specs/kiro.md 6.8).

Native: `additionalModelRequestFields`, for models with an effort schema on the current endpoint. Tags: two elements at
the start of the system text, for everything else; the model then thinks aloud in its text and the stream parser
separates it again. Without a wish of the client nothing is said.
"""

from __future__ import annotations

from msgspec import Struct

from a2a.messages import Think
from a2a.protocols.base import Conversion
from a2a.protocols.effort import fit, level, to_budget
from a2a.protocols.kiro.models import Thinking

TAG_LENGTHS = (1024, 24_576)
TAG_LENGTH = 20_000
_TAG_EFFORTS = ("low", "medium", "high")


class ThinkPlan(Struct):
    """`fields`: `additionalModelRequestFields`. `tags`: head of the system text. `off`: no thoughts are wanted."""

    fields: dict[str, object]
    tags: str = ""
    off: bool = False


def plan_thinking(think: Think | None, schema: Thinking | None, max_output: int | None, conv: Conversion) -> ThinkPlan:
    """`schema`: of the model on this endpoint, None where only tags work."""
    off = think is not None and level(think) == "none"
    if schema is None:
        tags = _tags(think) if think is not None and not off else ""
        plan = ThinkPlan({}, tags, off)
        if tags:
            conv.note("reasoning", "emulated", "asked for in the system text: the model has no switch for it")
    else:
        plan = ThinkPlan(_STYLES[schema.style](think, schema, off, conv) if think is not None else {}, off=off)
    _max_tokens(plan.fields, schema, max_output, conv)
    return plan


def _claude(think: Think, schema: Thinking, off: bool, conv: Conversion) -> dict[str, object]:
    if off and schema.can_disable:
        return {"thinking": {"type": "disabled"}}
    mode: dict[str, object] = {"type": "adaptive"}
    if schema.display:
        mode["display"] = "omitted" if think.show == "hidden" else "summarized"
    effort = _effort(think, schema, conv)
    return {"thinking": mode} if effort is None else {"thinking": mode, "output_config": {"effort": effort}}


def _gpt(think: Think, schema: Thinking, off: bool, conv: Conversion) -> dict[str, object]:
    effort = _effort(think, schema, conv)
    return {} if effort is None else {"reasoning": {"effort": effort}}


_STYLES = {"claude": _claude, "gpt": _gpt}


def _effort(think: Think, schema: Thinking, conv: Conversion) -> str | None:
    """The wanted effort as the nearest one the model has; None leaves it to the model."""
    wanted = level(think)
    if wanted is None:
        return None
    allowed = fit(wanted, schema.efforts)
    if allowed != wanted:
        conv.note("reasoning.effort", "clamped", f"{wanted} is {allowed} at this model")
    return allowed


def _tags(think: Think) -> str:
    effort = level(think)
    if think.adaptive and think.budget is None:
        word = fit(effort or "high", _TAG_EFFORTS)
        return f"<thinking_mode>adaptive</thinking_mode><thinking_effort>{word}</thinking_effort>"
    length = think.budget if think.budget is not None and think.budget > 0 else to_budget(effort) if effort else None
    low, high = TAG_LENGTHS
    length = TAG_LENGTH if length is None else min(max(length, low), high)
    return f"<thinking_mode>enabled</thinking_mode><max_thinking_length>{length}</max_thinking_length>"


def _max_tokens(fields: dict[str, object], schema: Thinking | None, wanted: int | None, conv: Conversion) -> None:
    """Adds the client's limit where the model has the field."""
    if wanted is None:
        return
    if schema is None or schema.max_tokens is None:
        conv.note("max_tokens", "dropped", "this model takes no limit")
        return
    low, high = schema.max_tokens
    fields["max_tokens"] = min(max(wanted, low), high)
    if fields["max_tokens"] != wanted:
        conv.note("max_tokens", "clamped", f"{wanted} is outside of {low} to {high}")
