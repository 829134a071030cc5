"""Body of `:generateContent`, `:streamGenerateContent` and `:countTokens` to a `Request`.

Source: specs/conversion.md 4.1, 7.1, 8.1, 13.1. The model and the wish for a stream stand in the path; the server says
the latter in the header `x-a2a-stream`. Safety settings, cached content, labels and all that is unknown go to `ext`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Raw

from a2a.messages import Ext, OutFormat, Request, Sampling, Text, Think
from a2a.protocols.gemini.contents_parse import read_contents
from a2a.protocols.gemini.objects import inner, leftover, opened, several
from a2a.protocols.gemini.parts_parse import read_part
from a2a.protocols.gemini.signature import read_signature
from a2a.protocols.gemini.tools_parse import Calling, read_tools
from a2a.protocols.schema import from_gemini
from a2a.protocols.wire import Fields, WireError, client_side, dumps, items, kind_of, string

STREAM_HEADER = "x-a2a-stream"
"""Set to `1` by the server for `:streamGenerateContent`; no client can set it."""
_TIER_PREFIX = "SERVICE_TIER_"
_JSON = "application/json"
_PLAIN = "text/plain"


def parse_request(body: bytes, headers: Mapping[str, str], model: str | None) -> Request:
    """Raises RequestError with the JSON path in `param`."""
    with client_side():
        return _request(opened(body), headers, model)


def parse_count(body: bytes, headers: Mapping[str, str], model: str | None) -> Request:
    """`{contents}` or `{generateContentRequest}`. Raises RequestError."""
    with client_side():
        fields = opened(body)
        return _request(inner(fields, "generateContentRequest") or fields, headers, model)


def _request(fields: Fields, headers: Mapping[str, str], model: str | None) -> Request:
    named = fields.str("model")
    model = model or named
    if not model:
        raise WireError("model", "is required: /v1beta/models/{model}:generateContent")
    contents = several(fields, "contents")
    if not contents:
        raise WireError(fields.at("contents"), "must not be empty")
    tool_config, config = inner(fields, "toolConfig"), inner(fields, "generationConfig") or Fields({})
    calling, thinking = Calling(tool_config), inner(config, "thinkingConfig")
    return Request(
        proto="gemini",
        model=model.removeprefix("models/"),
        messages=read_contents(contents, fields.at("contents")),
        system=_system(fields),
        tools=read_tools(fields, strict=calling.strict),
        choice=calling.choice,
        think=None if thinking is None else _think(thinking),
        sampling=_sampling(config),
        stop=_strings(config, "stopSequences"),
        max_output=config.int("maxOutputTokens"),
        output=_output(config),
        stream=headers.get(STREAM_HEADER) == "1",
        tier=_tier(fields),
        store=fields.bool("store"),
        ext=_ext(fields, {"toolConfig": calling.ext, "generationConfig": leftover(config, thinkingConfig=thinking)}),
    )


def _ext(fields: Fields, nested: dict[str, Ext | None]) -> Ext | None:
    """What nobody took, at the top and inside the opened objects."""
    ext = dict(fields.rest() or {})
    ext.update({key: Raw(dumps(left)) for key, left in nested.items() if left})
    return ext or None


def _system(fields: Fields) -> list[Text]:
    """`systemInstruction` as a content, a list of parts or a string; anything but text in it is refused."""
    raw, path = fields.raw("systemInstruction"), fields.at("systemInstruction")
    if raw is None:
        return []
    if kind_of(raw) == "string":
        text = string(raw, path)
        return [Text(text=text)] if text else []
    parts = items(raw, path) if kind_of(raw) == "array" else several(opened(raw, path), "parts")
    texts: list[Text] = []
    for n, item in enumerate(parts):
        part = read_part(item, f"{path}.parts[{n}]", read_signature)
        if isinstance(part, Text):
            texts.append(part)
        elif part is not None:
            raise WireError(f"{path}.parts[{n}]", "must be text")
    return texts


def _strings(fields: Fields, key: str) -> list[str]:
    path = fields.at(key)
    return [string(raw, f"{path}[{n}]") for n, raw in enumerate(fields.list(key) or [])]


def _sampling(config: Fields) -> Sampling:
    wants, top = config.bool("responseLogprobs"), config.int("logprobs")
    count = config.int("candidateCount")
    if count is not None and count < 1:
        raise WireError(config.at("candidateCount"), "must be at least 1")
    return Sampling(
        temperature=config.float("temperature"),
        top_p=config.float("topP"),
        top_k=config.float("topK"),
        presence=config.float("presencePenalty"),
        frequency=config.float("frequencyPenalty"),
        seed=config.int("seed"),
        n=1 if count is None else count,
        top_logprobs=(top or 0) if wants else None,
    )


def _think(fields: Fields) -> Think:
    """`thinkingConfig`: level or budget, and whether thoughts are shown."""
    level, budget, shown = fields.str("thinkingLevel"), fields.int("thinkingBudget"), fields.bool("includeThoughts")
    effort = None if level is None or level.endswith("_UNSPECIFIED") else level.lower()
    show: Literal["summary", "hidden"] | None = None if shown is None else "summary" if shown else "hidden"
    return Think(effort=effort, budget=budget, show=show)


def _output(config: Fields) -> OutFormat | None:
    """JSON with or without a schema. Other types (`text/x.enum`) have no neutral form and stay in `ext`."""
    raw = (config.rest() or {}).get("responseMimeType")
    mime = None if raw is None else string(raw, config.at("responseMimeType"))
    if mime not in (None, _JSON, _PLAIN):
        return None
    config.drop("responseMimeType")
    schema, own = config.raw("responseJsonSchema"), config.raw("responseSchema")
    if schema is None and own is not None:
        if kind_of(own) != "object":
            raise WireError(config.at("responseSchema"), "must be an object")
        schema = from_gemini(own)
    if schema is not None and mime != _PLAIN:
        return OutFormat(kind="schema", schema=schema)
    return OutFormat(kind="json") if mime == _JSON else None


def _tier(fields: Fields) -> str | None:
    tier = fields.str("serviceTier")
    return None if tier is None else tier.removeprefix(_TIER_PREFIX).lower()
