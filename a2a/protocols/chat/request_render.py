"""`Request` to the body for a Chat upstream: the top-level fields (specs/conversion.md 4.1, 4.2, 7.1, 8).

Whatever the profile says the upstream cannot take is left out with a note.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec
from msgspec import Raw

from a2a.messages import OutFormat, Request, Text
from a2a.protocols.base import Conversion
from a2a.protocols.chat.messages_render import render_messages
from a2a.protocols.chat.parts_render import JsonObject
from a2a.protocols.chat.tools_render import render_tools
from a2a.protocols.effort import fit, level
from a2a.protocols.names import safe_name
from a2a.protocols.wire import dumps, merge_ext

MAX_STOPS = 4
_MAX_USER = 64
_TIERS = {"standard_only": "default", "standard": "default", "unspecified": "auto", "ultrafast": "fast"}
"""Words of the other vendors; Chat's own pass."""
_JSON_HINT = "Answer with a single JSON object and nothing else."
_SCHEMA_HINT = "Answer with a single JSON value that matches this JSON schema, and nothing else:\n"


def render_request(req: Request, conv: Conversion) -> bytes:
    """The JSON body of a prepared request. Raises RequestError for content that Chat cannot carry."""
    same = req.proto == "chat"
    body: JsonObject = {"model": conv.model}
    body["messages"] = render_messages(req, conv, _format_hint(req, conv))
    body |= render_tools(req, conv)
    body |= _format(req.output, conv)
    body |= _limits(req, conv)
    body |= _sampling(req, conv)
    body |= _reasoning(req, conv)
    body |= _account_fields(req, conv)
    ext = dict(req.ext or {}) if same else {}
    options = ext.pop("stream_options", None)
    if conv.stream:
        body |= _stream(options, conv)
    merge_ext(body, ext)
    for key in conv.profile.deny:
        if body.pop(key, None) is not None:
            conv.note(key, "dropped", "the upstream rejects it")
    return dumps(body)


def _limits(req: Request, conv: Conversion) -> JsonObject:
    out: JsonObject = {}
    limit, wanted = conv.profile.max_output, req.max_output
    if wanted is not None and limit is not None and wanted > limit:
        conv.note("max_output", "clamped", f"the model's limit is {limit}")
        wanted = limit
    if wanted is not None:
        out[conv.profile.max_field] = wanted
    if req.stop:
        out["stop"] = req.stop[:MAX_STOPS]
    if len(req.stop) > MAX_STOPS:
        conv.note("stop", "emulated", f"sequences beyond {MAX_STOPS} are applied by a2a")
        conv.extra["local_stop"] = "1"
    return out


def _sampling(req: Request, conv: Conversion) -> JsonObject:
    """`top_k` is outside of the official API: it only goes back where a Chat client put it in itself."""
    given, profile = req.sampling, conv.profile
    rejected: tuple[str, ...] = _REJECTED[profile.sampling]
    wanted: JsonObject = {
        "temperature": given.temperature,
        "top_p": given.top_p,
        "top_k": given.top_k if given.top_k is None or given.top_k % 1 else int(given.top_k),
        "presence_penalty": given.presence,
        "frequency_penalty": given.frequency,
        "seed": given.seed,
        "n": given.n if given.n != 1 else None,
        "logprobs": None if given.top_logprobs is None else True,
        "top_logprobs": given.top_logprobs or None,
    }
    if req.proto != "chat":
        rejected = (*rejected, "top_k")
    out: JsonObject = {}
    for key, value in wanted.items():
        if value is None:
            continue
        if key in rejected:
            conv.note(key, "dropped", "the upstream does not take it")
        else:
            out[key] = value
    if given.temperature is not None and "temperature" in out and given.temperature > profile.max_temperature:
        out["temperature"] = profile.max_temperature
        conv.note("temperature", "clamped", f"the maximum is {profile.max_temperature}")
    return out


_PENALTIES = ("presence_penalty", "frequency_penalty")
_REJECTED: dict[str, tuple[str, ...]] = {
    "full": (),
    "no_penalties": _PENALTIES,
    "none": ("temperature", "top_p", "top_k", *_PENALTIES, "logprobs", "top_logprobs"),
}


def _reasoning(req: Request, conv: Conversion) -> JsonObject:
    """`reasoning_effort`, from an effort or a budget; nothing when the request leaves it to the model."""
    profile, effort = conv.profile, level(req.think)
    if effort is None:
        return {}
    if profile.reasoning == "none":
        conv.note("reasoning", "dropped", "the model does not reason")
        return {}
    fitted = fit(effort, profile.efforts)
    if fitted == "none" and not profile.can_disable_reasoning:
        fitted = next((word for word in profile.efforts if word != "none"), "low")
    if fitted != effort:
        conv.note("reasoning_effort", "clamped", f"{effort} is not offered: {fitted}")
    return {"reasoning_effort": fitted}


def _format(output: OutFormat | None, conv: Conversion) -> JsonObject:
    out: JsonObject = {}
    if output is None:
        return out
    if output.verbosity is not None:
        out["verbosity"] = output.verbosity
    if conv.profile.structured != "native" or output.kind == "text":
        return out
    if output.kind == "json":
        return {"response_format": {"type": "json_object"}, **out}
    schema: JsonObject = {"name": safe_name(output.name or "response")}
    for key, value in (("description", output.description), ("strict", output.strict), ("schema", output.schema)):
        if value is not None:
            schema[key] = value
    return {"response_format": {"type": "json_schema", "json_schema": schema}, **out}


def _format_hint(req: Request, conv: Conversion) -> str:
    """What has to be said in the system text for the answer to come out as JSON.

    An upstream without structured output gets the schema in words; OpenAI refuses `json_object` unless the
    conversation mentions JSON, which clients of other protocols cannot know.
    """
    output = req.output
    if output is None or output.kind == "text":
        return ""
    if conv.profile.structured != "native":
        conv.note("response_format", "emulated", "asked for in the system text")
        return _JSON_HINT if output.schema is None else _SCHEMA_HINT + bytes(output.schema).decode()
    if output.kind == "json" and req.proto != "chat" and not _mentions_json(req):
        conv.note("system", "added", "a line that asks for JSON")
        return _JSON_HINT
    return ""


def _mentions_json(req: Request) -> bool:
    spoken = (part for message in req.messages for part in message.parts)
    return any("json" in part.text.lower() for part in (*req.system, *spoken) if isinstance(part, Text))


def _account_fields(req: Request, conv: Conversion) -> JsonObject:
    """Tier, user, cache key, metadata, store: what concerns the vendor's books, not the answer."""
    out: JsonObject = {}
    same, openai = req.proto == "chat", conv.profile.family == "openai"
    if req.tier is not None:
        tier = req.tier.lower()
        out["service_tier"] = _TIERS.get(tier, tier)
    if req.user is not None:
        out["safety_identifier" if openai else "user"] = _short_user(req.user)
    if req.cache_key is not None and (same or openai):
        out["prompt_cache_key"] = req.cache_key
    if req.metadata and same:
        out["metadata"] = req.metadata
    elif req.metadata:
        conv.note("metadata", "dropped", "Chat takes it only for stored answers")
    if req.store is not None and same:
        out["store"] = req.store
    return out


def _short_user(user: str) -> str:
    """OpenAI takes 64 characters; a longer id (Claude Code puts account and session into it) leaves as its hash."""
    return user if len(user) <= _MAX_USER else sha256(user.encode("utf-8", "replace")).hexdigest()


def _stream(options: Raw | None, conv: Conversion) -> JsonObject:
    """Usage is always asked for, for the record; whether the client sees it is the renderer's business."""
    out: JsonObject = {"stream": True}
    wanted: JsonObject = {"include_usage": True} if conv.profile.stream_usage else {}
    if options is not None:
        merge_ext(wanted, msgspec.json.decode(options, type=dict[str, Raw]))
    if wanted:
        out["stream_options"] = wanted
    return out
