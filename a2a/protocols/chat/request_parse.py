"""Chat request body to `Request`: the top-level fields (specs/conversion.md 4.1, 4.2, 8).

Unknown enum words stay strings and unknown keys go to `ext`; a known field of the wrong type is the client's fault.
"""

from __future__ import annotations

from msgspec import Raw

from a2a.messages import Ext, OutFormat, Request, Sampling, Think
from a2a.protocols.chat.messages_parse import parse_messages
from a2a.protocols.chat.tools_parse import parse_choice, parse_tools
from a2a.protocols.openai_parts import extras
from a2a.protocols.wire import Fields, WireError, client_side, dumps, items, kind_of, parse, string


def parse_request(body: bytes, model: str | None = None) -> Request:
    """Raises RequestError with the JSON path of the field at fault. `model`: used when the body names none."""
    with client_side():
        return _request(parse(body), model)


def _request(fields: Fields, model: str | None) -> Request:
    listed = fields.list("messages")
    if not listed:
        raise WireError("", "messages must not be empty")
    system, messages = parse_messages(listed)
    stream = fields.bool("stream") or False
    kept: Ext = {}
    include_usage = _include_usage(fields, kept)
    request = Request(
        proto="chat",
        model=fields.str("model") or model or fields.need_str("model"),
        system=system,
        messages=messages,
        tools=parse_tools(fields),
        choice=parse_choice(fields, kept),
        think=_think(fields),
        sampling=_sampling(fields),
        stop=_stop(fields),
        max_output=_max_output(fields),
        output=_output(fields, kept),
        stream=stream,
        want_usage=include_usage if stream else True,
        tier=fields.str("service_tier"),
        user=fields.str("safety_identifier") or fields.str("user"),
        cache_key=fields.str("prompt_cache_key"),
        metadata=_metadata(fields),
        store=fields.bool("store"),
    )
    request.ext = {**(extras(fields) or {}), **kept} or None
    return request


def _sampling(fields: Fields) -> Sampling:
    """`top_k` is no Chat field, but many servers and clients of the dialect have it."""
    n = fields.int("n")
    ranks = fields.int("top_logprobs")
    return Sampling(
        temperature=fields.float("temperature"),
        top_p=fields.float("top_p"),
        top_k=fields.float("top_k"),
        presence=fields.float("presence_penalty"),
        frequency=fields.float("frequency_penalty"),
        seed=fields.int("seed"),
        n=1 if n is None else n,
        top_logprobs=(ranks or 0) if fields.bool("logprobs") else None,
    )


def _think(fields: Fields) -> Think | None:
    effort = fields.str("reasoning_effort")
    return None if effort is None else Think(effort=effort)


def _stop(fields: Fields) -> list[str]:
    raw, path = fields.raw("stop"), fields.at("stop")
    if raw is None:
        return []
    if kind_of(raw) == "string":
        return [string(raw, path)]
    return [string(item, f"{path}[{index}]") for index, item in enumerate(items(raw, path))]


def _max_output(fields: Fields) -> int | None:
    current, former = fields.int("max_completion_tokens"), fields.int("max_tokens")
    return former if current is None else current


def _output(fields: Fields, kept: Ext) -> OutFormat | None:
    """`response_format` and `verbosity`; a format of another type is kept as it is."""
    verbosity = fields.str("verbosity")
    raw = fields.raw("response_format")
    if raw is None:
        return None if verbosity is None else OutFormat(verbosity=verbosity)
    given = parse(raw, fields.at("response_format"))
    kind = given.str("type") or "text"
    if kind == "json_schema":
        inner = given.obj("json_schema") or given
        return OutFormat(
            kind="schema",
            name=inner.str("name"),
            description=inner.str("description"),
            schema=inner.raw("schema"),
            strict=inner.bool("strict"),
            verbosity=verbosity,
        )
    if kind not in ("text", "json_object"):
        kept["response_format"] = raw
        return None if verbosity is None else OutFormat(verbosity=verbosity)
    return OutFormat(kind="json" if kind == "json_object" else "text", verbosity=verbosity)


def _include_usage(fields: Fields, kept: Ext) -> bool:
    """`stream_options.include_usage`; whatever else the options hold is kept."""
    options = fields.obj("stream_options")
    if options is None:
        return False
    wanted = options.bool("include_usage") or False
    rest = extras(options)
    if rest:
        kept["stream_options"] = Raw(dumps(rest))
    return wanted


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
