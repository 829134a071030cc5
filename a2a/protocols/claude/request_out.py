"""`Request` to the body of `POST /v1/messages`.

Source: specs/conversion.md 4.1 to 4.3, 8.2. Every loss is a note. Key order is fixed and nothing depends on the time or
on chance, so that the prefix an upstream caches stays the same from turn to turn.
"""

from __future__ import annotations

from a2a.errors import RequestError
from a2a.messages import Ext, Request
from a2a.protocols.base import Conversion
from a2a.protocols.claude import cache
from a2a.protocols.claude.content_out import Block, BlockWriter, merge
from a2a.protocols.claude.structured import apply_format
from a2a.protocols.claude.thinking import Thinking, thinking_for, without_clear_thinking
from a2a.protocols.claude.tools_out import wire_choice, wire_tools
from a2a.protocols.claude.turns import message_object, tool_loop_unsigned, wire_messages
from a2a.protocols.claude.words import TIER_OUT
from a2a.protocols.wire import dumps

_MAX_TEMPERATURE = 1.0
_LEAST_TOP_P = 0.95
"""With thinking on, `top_p` is taken from here to 1 only."""
_UNSAID = ("presence", "frequency", "seed", "top_logprobs")


def render_request(req: Request, conv: Conversion) -> bytes:
    """The JSON body. Expects a request that went through `prepare`. Raises RequestError."""
    _refuse(req)
    max_tokens = _max_tokens(req, conv)
    thinking = thinking_for(req, conv, max_tokens)
    lost_thread = thinking.manual and tool_loop_unsigned(req.messages)
    if lost_thread:
        conv.note("thinking", "dropped", "a tool loop begun without signed thinking cannot go on with it")
        thinking = Thinking()
    silent = req.think is None and req.proto == "claude"
    writer = BlockWriter(req, conv, signed=thinking.on or silent)
    body: Block = {"model": conv.model, "max_tokens": max_tokens}
    system = writer.blocks(req.system)
    if system:
        body["system"] = system
    tools = wire_tools(req, conv)
    if tools:
        body["tools"] = tools
        if req.choice is not None:
            body["tool_choice"] = wire_choice(req.choice, conv, manual_thinking=thinking.manual)
    elif req.choice is not None and req.choice.mode != "none":
        conv.note("tool_choice", "dropped", "there are no tools")
    body["messages"] = [message_object(turn) for turn in wire_messages(req, conv, writer)]
    _controls(body, req, conv, thinking)
    if req.proto == "claude":
        merge(body, _kept(req.ext or {}, conv, lost_thread=lost_thread))
    else:
        _foreign_rest(body, req, conv)
    cache.limit(body, conv)
    for key in conv.profile.deny:
        if body.pop(key, None) is not None:
            conv.note(key, "dropped", "the upstream rejects it")
    return dumps(body)


def _refuse(req: Request) -> None:
    """What no note can make up for."""
    if req.sampling.n > 1:
        raise RequestError(f"a Claude model gives one answer, {req.sampling.n} were asked for", param="n")
    if req.previous_id is not None:
        raise RequestError("earlier responses are not stored for a Claude model", param="previous_response_id")


def _max_tokens(req: Request, conv: Conversion) -> int:
    profile = conv.profile
    wanted = profile.default_max_output if req.max_output is None else req.max_output
    if profile.max_output is None or wanted <= profile.max_output:
        return wanted
    if req.max_output is not None:
        conv.note("max_tokens", "clamped", f"{wanted} to the model's {profile.max_output}")
    return profile.max_output


def _controls(body: Block, req: Request, conv: Conversion, thinking: Thinking) -> None:
    if thinking.config is not None:
        body["thinking"] = thinking.config
    if thinking.effort is not None:
        body["output_config"] = {"effort": thinking.effort}
    if req.output is not None:
        apply_format(req.output, body, req, conv, thinking=thinking.on)
    _sampling(body, req, conv, thinking)
    _stops(body, req, conv)
    if req.tier is not None:
        body["service_tier"] = TIER_OUT.get(req.tier, req.tier if req.proto == "claude" else "auto")
        if req.tier not in TIER_OUT and req.proto != "claude":
            conv.note("service_tier", "mapped", f"{req.tier} to auto")
    if req.user is not None:
        body["metadata"] = {"user_id": req.user}
    if conv.stream:
        body["stream"] = True


def _sampling(body: Block, req: Request, conv: Conversion, thinking: Thinking) -> None:
    """Never `temperature` and `top_p` together; most of it is refused while thinking, all of it by newer models."""
    sampling = req.sampling
    for key in _UNSAID:
        if getattr(sampling, key) is not None:
            conv.note(key, "dropped", "not a Claude setting")
    wanted = {key: getattr(sampling, key) for key in ("temperature", "top_p", "top_k")}
    for key, value in wanted.items():
        if value is None:
            continue
        why = _sampling_refused(key, value, body, conv, thinking)
        if why is not None:
            conv.note(key, "dropped", why)
        elif key == "temperature":
            body[key] = _temperature(value, conv)
        else:
            body[key] = int(value) if key == "top_k" else value


def _sampling_refused(key: str, value: float, body: Block, conv: Conversion, thinking: Thinking) -> str | None:
    if conv.profile.sampling == "none":
        return "the model rejects sampling settings"
    if thinking.on and not (key == "top_p" and _LEAST_TOP_P <= value <= 1):
        return "not together with thinking"
    if key == "top_p" and "temperature" in body:
        return "not together with temperature"
    return None


def _temperature(value: float, conv: Conversion) -> float:
    highest = min(_MAX_TEMPERATURE, conv.profile.max_temperature)
    if value <= highest:
        return value
    conv.note("temperature", "clamped", f"{value} to {highest}")
    return highest


def _stops(body: Block, req: Request, conv: Conversion) -> None:
    """The API refuses sequences of whitespace only: those are watched for in the answer instead."""
    stops = [text for text in req.stop if text.strip()]
    if len(stops) < len(req.stop):
        conv.extra["local_stop"] = "1"
        conv.note("stop", "emulated", "a sequence of whitespace is applied by a2a")
    if stops:
        body["stop_sequences"] = stops


def _kept(ext: Ext, conv: Conversion, *, lost_thread: bool) -> Ext:
    """The client's unmodelled keys, but for those that make no sense once its thinking was dropped."""
    kept = dict(ext)
    if lost_thread or conv.profile.reasoning == "none":
        kept.pop("thinking", None)
    if lost_thread and "context_management" in kept:
        kept["context_management"] = without_clear_thinking(kept["context_management"])
    return kept


def _foreign_rest(body: Block, req: Request, conv: Conversion) -> None:
    """For clients of another protocol: notes on what has no place here, and breakpoints they could not set."""
    unsaid = {"prompt_cache_key": req.cache_key, "metadata": req.metadata, "store": req.store}
    for key, value in unsaid.items():
        if value is not None:
            conv.note(key, "dropped", "not a Claude setting")
    if conv.profile.auto_cache and not cache.any_marked(body):
        cache.originate(body)
