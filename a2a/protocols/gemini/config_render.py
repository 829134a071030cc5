"""`generationConfig`: limits, sampling, output format and the reasoning knob (specs/conversion.md 7.1, 8, 4.1).

Budget and level exclude each other. By `profile.reasoning`: `none` drops the knob; otherwise `profile.wire["thinking"]`
= `level` names the models that want `thinkingLevel` (3.x), all others get `thinkingBudget` (2.5).
"""

from __future__ import annotations

from a2a.messages import OutFormat, Request, Think
from a2a.protocols.base import Conversion
from a2a.protocols.effort import fit, level, to_budget
from a2a.protocols.gemini.objects import JsonObject
from a2a.protocols.gemini.tools_render import uses_openapi
from a2a.protocols.gemini.words import LEVELS
from a2a.protocols.schema import for_gemini_json, for_gemini_openapi

MAX_STOPS = 5
_LEAST_ROOM = 1024
"""`max_output` up to which a foreign client's thinking is switched off: it would leave no room for an answer."""
_INT32 = 2**31
_JSON = "application/json"


def generation_config(req: Request, conv: Conversion) -> JsonObject:
    """The object, empty when the request says nothing."""
    config: JsonObject = {}
    _sampling(config, req, conv)
    max_output = _max_output(req, conv)
    if max_output is not None:
        config["maxOutputTokens"] = max_output
    _stops(config, req, conv)
    if req.output is not None:
        _format(config, req.output, conv)
    thinking = _thinking(req, conv, max_output)
    if thinking:
        config["thinkingConfig"] = thinking
    return config


def _sampling(config: JsonObject, req: Request, conv: Conversion) -> None:
    sampling, profile = req.sampling, conv.profile
    values = {
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        "presencePenalty": sampling.presence,
        "frequencyPenalty": sampling.frequency,
    }
    for key, value in values.items():
        if value is None:
            continue
        if profile.sampling == "none" or (profile.sampling == "no_penalties" and key.endswith("Penalty")):
            conv.note(key, "dropped", "the model rejects it")
            continue
        if key == "temperature" and value > profile.max_temperature:
            conv.note(key, "clamped", f"{value:g} to {profile.max_temperature:g}")
            value = profile.max_temperature
        config[key] = int(value) if key == "topK" and value.is_integer() else value
    if sampling.seed is not None:
        if -_INT32 <= sampling.seed < _INT32:
            config["seed"] = sampling.seed
        else:
            conv.note("seed", "dropped", "over 32 bits")
    if sampling.n > 1:
        config["candidateCount"] = sampling.n
    if sampling.top_logprobs is not None:
        config["responseLogprobs"] = True
        if sampling.top_logprobs > 0:
            config["logprobs"] = sampling.top_logprobs


def _max_output(req: Request, conv: Conversion) -> int | None:
    wanted, limit = req.max_output, conv.profile.max_output
    if wanted is None or limit is None or wanted <= limit:
        return wanted
    conv.note("max_tokens", "clamped", f"{wanted} to the model's {limit}")
    return limit


def _stops(config: JsonObject, req: Request, conv: Conversion) -> None:
    """The first five; the answer is watched for the others here (8.2)."""
    if req.stop:
        config["stopSequences"] = req.stop[:MAX_STOPS]
    if len(req.stop) > MAX_STOPS:
        conv.extra["local_stop"] = "1"
        conv.note("stop", "emulated", f"Gemini takes {MAX_STOPS} sequences")


def _format(config: JsonObject, output: OutFormat, conv: Conversion) -> None:
    if output.verbosity is not None:
        conv.note("verbosity", "dropped", "not a Gemini setting")
    if output.kind == "text":
        return
    config["responseMimeType"] = _JSON
    if output.schema is None:
        return
    if uses_openapi(conv):
        config["responseSchema"] = for_gemini_openapi(output.schema, answer=True)
    else:
        config["responseJsonSchema"] = for_gemini_json(output.schema, answer=True)


# Thinking


def _thinking(req: Request, conv: Conversion, max_output: int | None) -> JsonObject:
    """`thinkingConfig`; a request that says nothing about reasoning says nothing here either."""
    think, native = req.think, req.proto == "gemini"
    if think is None:
        return {}
    off = _is_off(think)
    if conv.profile.reasoning == "none":
        if not off:
            conv.note("thinking", "dropped", "the model does not reason")
        return {}
    if not native and not off and max_output is not None and max_output <= _LEAST_ROOM:
        conv.note("thinking", "dropped", f"max_tokens leaves no room for it: {max_output}")
        think, off = Think(effort="none"), True
    config: JsonObject = {}
    shown = think.show in ("summary", "full") if native else not off and think.show != "hidden"
    if shown or (native and think.show is not None):
        config["includeThoughts"] = shown
    if conv.profile.wire.get("thinking") == "level":
        wanted = _level(think, conv)
        return config if wanted is None else {**config, "thinkingLevel": wanted.upper()}
    budget = _budget(think, conv, None if native else max_output)
    return config if budget is None else {**config, "thinkingBudget": budget}


def _is_off(think: Think) -> bool:
    return think.effort == "none" or (think.effort is None and think.budget == 0)


def _level(think: Think, conv: Conversion) -> str | None:
    """The nearest level the model has; None leaves it to the model."""
    wanted = level(think)
    if wanted is None:
        return None
    allowed = tuple(word for word in conv.profile.efforts if word != "none") or LEVELS
    fitting = fit(wanted, allowed)
    if fitting != wanted:
        conv.note("reasoning.effort", "clamped", f"{wanted} is not offered, {fitting} used")
    return fitting


def _budget(think: Think, conv: Conversion, max_output: int | None) -> int | None:
    """Thinking tokens inside the profile's range and below `max_output`; -1 leaves them to the model."""
    profile = conv.profile
    if _is_off(think):
        if profile.can_disable_reasoning:
            return 0
        conv.note("thinking", "clamped", "the model cannot switch reasoning off")
        return profile.budget_min
    wanted = think.budget
    if wanted is None and think.effort is not None:
        wanted = to_budget(think.effort)
    if wanted is None:
        return -1 if think.adaptive else None
    if wanted < 0:
        return -1
    budget = max(min(wanted, profile.budget_max), profile.budget_min)
    if max_output is not None:
        budget = min(budget, max_output - 1)
    if budget != wanted and think.budget is not None:
        conv.note("thinkingBudget", "clamped", f"{wanted} to {budget}")
    return budget
