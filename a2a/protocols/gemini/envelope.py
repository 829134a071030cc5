"""The wrapper in which Code Assist carries this API (gemini-cli.md 6).

Request: `{model, project, user_prompt_id, request: {…, session_id}}`; answers and stream events: `{response: {…},
traceId}`. Code Assist refuses names it does not know, so a request is cut down to what it takes. Pure functions over
bytes; the parsers of this codec also read wrapped answers as they are.
"""

from __future__ import annotations

import uuid
from hashlib import sha256

import msgspec
from msgspec import Raw

from a2a.messages import Ext
from a2a.protocols.gemini.objects import inner, opened
from a2a.protocols.sse import SseReader, frame
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
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


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


def wrap_count(body: bytes, model: str) -> bytes:
    """Body of `:countTokens`: the contents alone; only here the model has its prefix. Raises RequestError."""
    with client_side():
        fields = opened(body)
        whole = inner(fields, "generateContentRequest") or fields
        contents = whole.raw("contents") or Raw(b"[]")
    return dumps({"request": {"model": f"models/{_bare(model)}", "contents": contents}})


def conversation_ids(body: bytes) -> tuple[str, str]:
    """(session id, prompt id) of a generateContent body: the first content tells one conversation from another, the
    number of contents one turn from the next. Raises RequestError.
    """
    with client_side():
        contents = opened(body).list("contents") or []
    first = bytes(contents[0]) if contents else b""
    return _uuid(first), _uuid(first + b"#%d" % len(contents))


def unwrap(body: bytes) -> bytes:
    """The answer inside, with the trace id as its id; errors and answers without wrapper as they are."""
    try:
        outer = _OBJECT.decode(body)
        if "response" not in outer:
            return body if outer.keys() & {"error", "candidates", "totalTokens"} else b'{"candidates":[]}'
        answer = _OBJECT.decode(outer["response"])
    except msgspec.MsgspecError:
        return body
    trace = outer.get("traceId")
    if trace is None or "responseId" in answer:
        return bytes(outer["response"])
    return dumps({**answer, "responseId": trace})


class Unwrapper:
    """The same for a stream: wrapped events in any split, bare events out, line ends normal."""

    __slots__ = ("_reader", "_whole")

    def __init__(self) -> None:
        self._reader = SseReader()
        self._whole: bytearray | None = None

    def feed(self, data: bytes) -> bytes:
        """Raises SseOverflow."""
        if self._whole is None and not self._reader.pending and data.lstrip()[:1] in (b"{", b"["):
            self._whole = bytearray()  # an error, or an answer that is no stream
        if self._whole is not None:
            self._whole += data
            return b""
        return b"".join(frame(unwrap(event.data)) for event in self._reader.feed(data))

    def eof(self) -> bytes:
        """What is left: an unfinished event as it is, or the whole of a plain body."""
        if self._whole is not None:
            return unwrap(bytes(self._whole))
        return b"".join(_last(event.data) for event in self._reader.eof())


def _last(data: bytes) -> bytes:
    """An event without its empty line; one that was cut must not look whole."""
    bare = unwrap(data)
    return b"data: " + data if bare is data else frame(bare)


def _bare(model: str) -> str:
    return model.removeprefix("models/")


def _uuid(seed: bytes) -> str:
    return str(uuid.UUID(bytes=sha256(seed).digest()[:16], version=4))
