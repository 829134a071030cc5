"""`Request` to the body for a Responses upstream: the top-level fields (specs/conversion.md 4.1, 4.2, 7, 8, 12).

Nothing is stored at the upstream for clients of other protocols, and encrypted reasoning is always asked for, so that
the next turn can give it back. Whatever the profile says the upstream cannot take is left out with a note.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec
from msgspec import Raw

from a2a.messages import Ext, OutFormat, Request, Text, Think
from a2a.protocols.base import Conversion
from a2a.protocols.effort import fit, level
from a2a.protocols.names import safe_name
from a2a.protocols.responses.items_render import render_items
from a2a.protocols.responses.parts_render import JsonObject, joined
from a2a.protocols.responses.request_parse import ENCRYPTED, LOGPROBS
from a2a.protocols.responses.tools_render import render_tools
from a2a.protocols.wire import client_side, dumps, kind_of, merge_ext

_MAX_USER = 64
_LEAST_OUTPUT = 16
"""What `max_output_tokens` must be at least; clients of other protocols probe with 1."""
_TIERS = {"standard_only": "default", "standard": "default", "unspecified": "auto"}
"""Words of the other vendors; OpenAI's own pass."""
_JSON_HINT = "Answer with a single JSON object and nothing else."
_SUMMARIES = {"summary": "auto", "full": "detailed"}
_UNKNOWN = ("top_k", "presence_penalty", "frequency_penalty", "seed")
_SAMPLING = ("temperature", "top_p", "top_logprobs")


def render_request(req: Request, conv: Conversion) -> bytes:
    """The JSON body of a prepared request. Raises RequestError for content that Responses cannot carry."""
    with client_side():  # a client's own bytes may turn out unreadable only now
        return dumps(_body(req, conv))


def _body(req: Request, conv: Conversion) -> JsonObject:
    body: JsonObject = {"model": conv.model}
    if req.system:
        body["instructions"] = joined(req.system, "\n\n")
    body["input"] = [*_json_hint(req, conv), *render_items(req, conv)]
    body |= render_tools(req, conv)
    body |= _limits(req, conv)
    body |= _sampling(req, conv)
    body |= _reasoning(req, conv)
    if text := text_config(req.output):
        body["text"] = text
    body |= _state(req, conv)
    body |= _account_fields(req, conv)
    if conv.stream:
        body["stream"] = True
    merge_nested(body, req.ext if req.proto == "responses" else None)
    for key in conv.profile.deny:
        if body.pop(key, None) is not None:
            conv.note(key, "dropped", "the upstream rejects it")
    return body


def merge_nested(body: JsonObject, ext: Ext | None) -> JsonObject:
    """Adds the client's unmodelled keys, also inside `text` and `reasoning`, never overriding; returns `body`."""
    for key, raw in (ext or {}).items():
        inner = body.get(key)
        if isinstance(inner, dict) and kind_of(raw) == "object":
            merge_ext(inner, msgspec.json.decode(raw, type=dict[str, Raw]))
    return merge_ext(body, ext)


def text_config(output: OutFormat | None) -> JsonObject:
    """The value of `text`; the Responses API has structured output by itself, so no profile is asked."""
    if output is None:
        return {}
    config: JsonObject = {}
    if output.kind == "json":
        config["format"] = {"type": "json_object"}
    elif output.kind == "schema":
        schema: JsonObject = {"type": "json_schema", "name": safe_name(output.name or "response")}
        for key, value in (("description", output.description), ("strict", output.strict), ("schema", output.schema)):
            if value is not None:
                schema[key] = value
        config["format"] = schema
    if output.verbosity is not None:
        config["verbosity"] = output.verbosity
    return config


def summary_word(think: Think, ext: Ext | None = None) -> str | None:
    """The value of `reasoning.summary`; a client's own word that the neutral form lacks stands in `ext` and wins."""
    if ext and "reasoning" in ext:
        own = msgspec.json.decode(ext["reasoning"])
        if isinstance(own, dict) and isinstance(own.get("summary"), str):
            return str(own["summary"])
    return _SUMMARIES.get(think.show or "")


def _json_hint(req: Request, conv: Conversion) -> list[object]:
    """OpenAI refuses `json_object` unless the input mentions JSON, which clients of other protocols cannot know."""
    output = req.output
    if output is None or output.kind != "json" or req.proto == "responses":
        return []
    spoken = (part.text for message in req.messages for part in message.parts if isinstance(part, Text))
    if any("json" in text.lower() for text in spoken):
        return []
    conv.note("input", "added", "a line that asks for JSON")
    return [{"type": "message", "role": "developer", "content": [{"type": "input_text", "text": _JSON_HINT}]}]


def _limits(req: Request, conv: Conversion) -> JsonObject:
    limit, wanted = conv.profile.max_output, req.max_output
    if req.stop:
        conv.note("stop", "emulated", "stop sequences are applied by a2a")
        conv.extra["local_stop"] = "1"
    if wanted is not None and limit is not None and wanted > limit:
        conv.note("max_output", "clamped", f"the model's limit is {limit}")
        wanted = limit
    if wanted is not None and wanted < _LEAST_OUTPUT:
        conv.note("max_output", "clamped", f"the upstream's minimum is {_LEAST_OUTPUT}")
        wanted = _LEAST_OUTPUT
    return {} if wanted is None else {"max_output_tokens": wanted}


def _sampling(req: Request, conv: Conversion) -> JsonObject:
    given, profile = req.sampling, conv.profile
    wanted: JsonObject = {
        "temperature": given.temperature,
        "top_p": given.top_p,
        "top_logprobs": given.top_logprobs,
        "top_k": given.top_k,
        "presence_penalty": given.presence,
        "frequency_penalty": given.frequency,
        "seed": given.seed,
    }
    rejected = (*_UNKNOWN, *_SAMPLING) if profile.sampling == "none" else _UNKNOWN
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


def _reasoning(req: Request, conv: Conversion) -> JsonObject:
    """Effort and summary; nothing when the request leaves both to the model."""
    think, profile = req.think, conv.profile
    if think is None:
        return {}
    if profile.reasoning == "none":
        conv.note("reasoning", "dropped", "the model does not reason")
        return {}
    out: JsonObject = {}
    effort = level(think)
    if effort is not None:
        fitted = fit(effort, profile.efforts)
        if fitted == "none" and not profile.can_disable_reasoning:
            fitted = next((word for word in profile.efforts if word != "none"), "low")
        if fitted != effort:
            conv.note("reasoning.effort", "clamped", f"{effort} is not offered: {fitted}")
        out["effort"] = fitted
    summary = _summary(req, think)
    if summary is not None and effort != "none":
        out["summary"] = summary
    return {"reasoning": out} if out else {}


def _summary(req: Request, think: Think) -> str | None:
    """A Claude client that enables thinking sees it unless it says otherwise, a Chat client cannot say; the others ask
    for it."""
    if req.proto in ("chat", "claude") and think.show is None:
        return "auto"
    return summary_word(think, req.ext if req.proto == "responses" else None)


def _state(req: Request, conv: Conversion) -> JsonObject:
    """`store`, `previous_response_id` and `include`.

    A Responses client keeps its own word on storing, also by silence: it may go on from the id of this answer.
    """
    same = req.proto == "responses"
    out: JsonObject = {}
    store = req.store if same else False
    if store is not None:
        out["store"] = store
    if req.store and not same:
        conv.note("store", "dropped", "nothing is stored at this upstream")
    if req.previous_id is not None:
        out["previous_response_id"] = req.previous_id
    include: list[object] = []
    if conv.profile.reasoning != "none":
        include.append(ENCRYPTED)
    if req.sampling.top_logprobs is not None and conv.profile.sampling != "none":
        include.append(LOGPROBS)
    if same and req.ext and "include" in req.ext:
        include += msgspec.json.decode(req.ext["include"], type=list[Raw])
    if include:
        out["include"] = include
    return out


def _account_fields(req: Request, conv: Conversion) -> JsonObject:
    """Tier, user, cache key, metadata: what concerns the vendor's books, not the answer."""
    out: JsonObject = {}
    openai = conv.profile.family == "openai"
    if req.tier is not None:
        tier = req.tier.lower()
        out["service_tier"] = _TIERS.get(tier, tier)
    if req.user is not None:
        out["safety_identifier" if openai else "user"] = _short_user(req.user)
    if req.cache_key is not None and (openai or req.proto == "responses"):
        out["prompt_cache_key"] = req.cache_key
    if req.metadata:
        out["metadata"] = req.metadata
    return out


def _short_user(user: str) -> str:
    """OpenAI takes 64 characters; a longer id (Claude Code puts account and session into it) leaves as its hash."""
    return user if len(user) <= _MAX_USER else sha256(user.encode("utf-8", "replace")).hexdigest()
