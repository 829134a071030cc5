"""Responses request body to `Request`: the top-level fields (specs/conversion.md 4.1, 4.2, 7.1, 8, 12).

Unknown enum words stay strings and unknown keys go to `ext`, also those inside `text` and `reasoning`; a known field of
the wrong type is the client's fault. Keys that only repeat the vendor's default say nothing.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Raw

from a2a.messages import Ext, OutFormat, Request, Sampling, Text, Think
from a2a.protocols.openai_parts import extras
from a2a.protocols.responses.history_parse import History
from a2a.protocols.responses.tools_parse import parse_choice, parse_tools
from a2a.protocols.wire import Fields, WireError, client_side, dumps, kind_of, parse, string

ENCRYPTED = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
_SHOWN: dict[str, Literal["summary", "full"]] = {"auto": "summary", "detailed": "full"}
_DEFAULTS = {"background": b"false", "truncation": b'"disabled"'}
_ELSEWHERE = ("conversation", "prompt")
"""Keys that say where the conversation is, so that `input` may be missing; kept as they are."""


def parse_request(body: bytes, model: str | None = None, *, counting: bool = False) -> Request:
    """Raises RequestError with the JSON path of the field at fault.

    `model`: used when the body names none. `counting`: the body of `/responses/input_tokens`, all optional.
    """
    with client_side():
        return _request(parse(body), model, counting)


def _request(fields: Fields, model: str | None, counting: bool) -> Request:
    kept: Ext = {key: raw for key in _ELSEWHERE if (raw := fields.raw(key)) is not None}
    previous_id = fields.str("previous_response_id")
    history = History(continued=previous_id is not None or "conversation" in kept)
    given = fields.raw("input")
    if given is not None:
        history.read(given)
    if not (history.messages or history.system or kept or previous_id or counting):
        raise WireError("input", "must not be empty")
    instructions = fields.str("instructions")
    request = Request(
        proto="responses",
        model=fields.str("model") or model or ("" if counting else fields.need_str("model")),
        system=[Text(text=instructions), *history.system] if instructions else history.system,
        messages=history.messages,
        tools=[*parse_tools(fields.list("tools") or [], fields.at("tools")), *history.tools],
        choice=parse_choice(fields, kept),
        think=_think(fields, kept),
        sampling=_sampling(fields, kept),
        max_output=fields.int("max_output_tokens"),
        output=_output(fields, kept),
        stream=fields.bool("stream") or False,
        tier=fields.str("service_tier"),
        user=fields.str("safety_identifier") or fields.str("user"),
        cache_key=fields.str("prompt_cache_key"),
        metadata=_metadata(fields),
        previous_id=previous_id,
        store=fields.bool("store"),
    )
    rest = extras(fields) or {}
    request.ext = {**{key: raw for key, raw in rest.items() if _DEFAULTS.get(key) != bytes(raw)}, **kept} or None
    return request


def _think(fields: Fields, kept: Ext) -> Think | None:
    """`reasoning`; a summary word the neutral form does not have is kept."""
    given = fields.obj("reasoning")
    if given is None:
        return None
    effort = given.str("effort")
    summary, former = given.str("summary"), given.str("generate_summary")
    word = summary or former
    rest: dict[str, object] = dict(extras(given) or {})
    if word is not None and word not in _SHOWN:
        rest["summary"] = word
    _keep(kept, "reasoning", rest)
    if effort is None and word is None:
        return None
    return Think(effort=effort, show=None if word is None else _SHOWN.get(word, "summary"))


def _sampling(fields: Fields, kept: Ext) -> Sampling:
    """Takes `include` too: log probabilities are asked for there."""
    included = fields.list("include") or []
    names = [string(raw, f"{fields.at('include')}[{n}]") for n, raw in enumerate(included)]
    others = [name for name in names if name not in (ENCRYPTED, LOGPROBS)]
    if others:
        kept["include"] = Raw(dumps(others))
    ranks = fields.int("top_logprobs")
    return Sampling(
        temperature=fields.float("temperature"),
        top_p=fields.float("top_p"),
        top_logprobs=(ranks or 0) if LOGPROBS in names or ranks else None,
    )


def _output(fields: Fields, kept: Ext) -> OutFormat | None:
    """`text`: format and verbosity; a format of another type is kept as it is."""
    text = fields.obj("text")
    if text is None:
        return None
    verbosity, raw = text.str("verbosity"), text.raw("format")
    given = parse(raw, text.at("format")) if raw is not None else Fields({})
    kind = given.str("type") or "text"
    rest: dict[str, object] = dict(extras(text) or {})
    known = kind in ("text", "json_object", "json_schema")
    if raw is not None and not known:
        rest["format"] = raw
    _keep(kept, "text", rest)
    if kind == "json_schema":
        return OutFormat(
            kind="schema",
            name=given.str("name"),
            description=given.str("description"),
            schema=given.raw("schema"),
            strict=given.bool("strict"),
            verbosity=verbosity,
        )
    if raw is None and verbosity is None:
        return None
    return OutFormat(kind="json" if kind == "json_object" else "text", verbosity=verbosity)


def _keep(kept: Ext, key: str, rest: dict[str, object]) -> None:
    if rest:
        kept[key] = Raw(dumps(rest))


def _metadata(fields: Fields) -> dict[str, str] | None:
    """Pairs of strings; values of other types (some gateways take them) become their JSON text."""
    given = fields.obj("metadata")
    rest = given.rest() if given is not None else None
    if not rest:
        return None
    return {
        key: string(value, f"metadata.{key}") if kind_of(value) == "string" else bytes(value).decode()
        for key, value in rest.items()
    }
