"""`Request` to the body of `:generateContent` (specs/conversion.md 4.1, 4.2).

The model and the wish for a stream belong to the URL, which is the provider's. Every loss is a note. Key order is fixed
and nothing depends on the time or on chance, so that the prefix an upstream caches stays the same from turn to turn.
"""

from __future__ import annotations

from a2a.messages import Request
from a2a.protocols.base import Conversion
from a2a.protocols.gemini.config_render import generation_config
from a2a.protocols.gemini.contents_render import wire_contents
from a2a.protocols.gemini.objects import JsonObject, merge
from a2a.protocols.gemini.parts_render import text_part
from a2a.protocols.gemini.tools_render import wire_choice, wire_tools
from a2a.protocols.gemini.words import TIER_OUT
from a2a.protocols.wire import dumps


def render_request(req: Request, conv: Conversion) -> bytes:
    """The JSON body. Expects a request that went through `prepare`. Raises RequestError."""
    native = req.proto == "gemini"
    body: JsonObject = {}
    if req.system:
        parts = [text_part(text.text, [], text.ext if native else None) for text in req.system]
        body["systemInstruction"] = {"parts": parts}
    body["contents"] = wire_contents(req, conv)
    optional = {
        "tools": wire_tools(req, conv),
        "toolConfig": wire_choice(req, conv),
        "generationConfig": generation_config(req, conv),
    }
    body.update({key: value for key, value in optional.items() if value})
    _tier(body, req, conv)
    if native:
        if req.store is not None:
            body["store"] = req.store
        merge(body, req.ext)
    else:
        _unsaid(req, conv)
    for key in conv.profile.deny:
        if body.pop(key, None) is not None:
            conv.note(key, "dropped", "the upstream rejects it")
    return dumps(body)


def _tier(body: JsonObject, req: Request, conv: Conversion) -> None:
    """By name where Google has the tier; automatic is what it does unasked."""
    if req.tier is None:
        return
    tier = req.tier if req.proto == "gemini" else TIER_OUT.get(req.tier)
    if tier is not None:
        body["serviceTier"] = tier
    elif req.tier not in ("auto", "unspecified"):
        conv.note("service_tier", "dropped", f"{req.tier} is no tier of Google")


def _unsaid(req: Request, conv: Conversion) -> None:
    """Notes on what has no place here."""
    unsaid = {"prompt_cache_key": req.cache_key, "user": req.user, "metadata": req.metadata}
    for key, value in unsaid.items():
        if value is not None:
            conv.note(key, "dropped", "not a Gemini setting")
