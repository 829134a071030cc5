"""The wrapper in which Code Assist carries this API (gemini-cli.md 6).

Request: `{model, project, user_prompt_id, request: {…, session_id}}`; answers and stream events: `{response: {…},
traceId}`. Code Assist refuses names it does not know, so a request is cut down to what it takes. Pure functions over
bytes; the parsers of this codec read wrapped answers as they are.
"""

from __future__ import annotations

import uuid
from hashlib import sha256

from msgspec import Raw

from a2a.messages import Ext
from a2a.protocols.gemini.objects import inner, opened, several
from a2a.protocols.wire import Fields, client_side, dumps

_REQUEST = ("systemInstruction", "contents", "tools", "toolConfig", "safetySettings", "labels")
_CONFIG = frozenset(
    (
        "temperature",
        "topP",
        "topK",
        "candidateCount",
        "maxOutputTokens",
        "stopSequences",
        "responseLogprobs",
        "logprobs",
        "presencePenalty",
        "frequencyPenalty",
        "seed",
        "responseMimeType",
        "responseSchema",
        "responseJsonSchema",
        "routingConfig",
        "modelSelectionConfig",
        "responseModalities",
        "mediaResolution",
        "speechConfig",
        "audioTimestamp",
        "thinkingConfig",
    )
)


def wrap(body: bytes, *, model: str, project: str, session_id: str, prompt_id: str) -> tuple[bytes, list[str]]:
    """(wrapped body, keys left out) of a generateContent body. Raises RequestError when it is no object.

    `project` "" is left out: an empty one is refused.
    """
    with client_side():
        fields = opened(body)
        request: Ext = {key: value for key in _REQUEST if (value := fields.raw(key)) is not None}
        config = inner(fields, "generationConfig") or Fields({})
        known = {key: value for key, value in (config.rest() or {}).items() if key in _CONFIG}
        lost = [f"generationConfig.{key}" for key in config.rest() or {} if key not in _CONFIG]
        if known:
            request["generationConfig"] = Raw(dumps(known))
    fields.drop("model")
    request["session_id"] = Raw(dumps(session_id))
    named = {"project": project} if project else {}
    wrapped = {"model": _bare(model), **named, "user_prompt_id": prompt_id, "request": request}
    return dumps(wrapped), [*(fields.rest() or {}), *lost]


def conversation_ids(body: bytes) -> tuple[str, str]:
    """(session id, prompt id) of a generateContent body: the first content tells one conversation from another, the
    number of contents one turn from the next. Raises RequestError.
    """
    with client_side():
        contents = several(opened(body), "contents")
    first = bytes(contents[0]) if contents else b""
    return _uuid(first), _uuid(first + b"#%d" % len(contents))


def _bare(model: str) -> str:
    return model.removeprefix("models/")


def _uuid(seed: bytes) -> str:
    return str(uuid.UUID(bytes=sha256(seed).digest()[:16], version=4))
