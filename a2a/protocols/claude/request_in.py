"""Body of `POST /v1/messages` (and of `/v1/messages/count_tokens`) to a `Request`.

Source: specs/conversion.md 4.1, 5.1, 6.1, 6.3, 7.1, 8.1, 14.1. Unknown top-level keys (context_management, container,
mcp_servers …) and unknown keys inside modelled objects go to `ext`; unknown enum values never fail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Raw, Struct, field

from a2a.messages import Ext, Message, OutFormat, Request, Sampling, Text, Think, Tool, ToolChoice
from a2a.protocols.claude.content_in import cache_hint, leftover, read_content
from a2a.protocols.claude.words import SHOW_IN, hosted_kind
from a2a.protocols.wire import Fields, WireError, client_side, dumps, kind_of, parse, string

_ROLES = ("user", "assistant", "system")
_CHOICES: dict[str, Literal["auto", "required", "tool", "none"]] = {
    "auto": "auto",
    "any": "required",
    "tool": "tool",
    "none": "none",
}
_SESSION = re.compile(r"session[_-]?(?:id)?[\"':_\s]*([0-9a-fA-F-]{8,64})")
"""Session part of Claude Code's `metadata.user_id`: `user_…_session_<uuid>` or JSON with `session_id`."""


def parse_request(body: bytes, headers: Mapping[str, str], *, counting: bool = False) -> Request:
    """Raises RequestError with the JSON path in `param`. `counting`: `max_tokens` may be missing (13.1)."""
    with client_side():
        return _request(parse(body), headers, counting)


def _request(fields: Fields, headers: Mapping[str, str], counting: bool) -> Request:
    model = fields.need_str("model")
    max_output = fields.int("max_tokens")
    if max_output is None and not counting:
        raise WireError("max_tokens", "is required")
    if max_output is not None and max_output < 0:
        raise WireError("max_tokens", "must not be negative")
    history = _history(fields)
    controls = _controls(fields, history.effort)
    metadata = fields.obj("metadata")
    user = metadata.str("user_id") if metadata is not None else None
    return Request(
        proto="claude",
        model=model,
        messages=history.messages,
        system=_system(fields),
        tools=[_tool(raw, f"tools[{n}]") for n, raw in enumerate(fields.list("tools") or [])],
        choice=_choice(fields, controls),
        think=controls.think,
        sampling=Sampling(
            temperature=fields.float("temperature"), top_p=fields.float("top_p"), top_k=fields.float("top_k")
        ),
        stop=_strings(fields, "stop_sequences"),
        max_output=max_output,
        output=controls.output,
        stream=bool(fields.bool("stream")),
        tier=fields.str("service_tier"),
        user=user,
        cache_key=headers.get("x-claude-code-session-id") or _session(user),
        betas=[beta.strip() for beta in headers.get("anthropic-beta", "").split(",") if beta.strip()],
        ext={**(leftover(fields, metadata=metadata) or {}), **controls.ext} or None,
    )


def _session(user: str | None) -> str | None:
    found = _SESSION.search(user) if user else None
    return found.group(1) if found else None


def _strings(fields: Fields, key: str) -> list[str]:
    path = fields.at(key)
    return [string(raw, f"{path}[{n}]") for n, raw in enumerate(fields.list(key) or [])]


def _system(fields: Fields) -> list[Text]:
    """`system` as a string or text blocks; anything but text is refused."""
    texts: list[Text] = []
    for n, part in enumerate(read_content(fields.raw("system"), "system")):
        if not isinstance(part, Text):
            raise WireError(f"system[{n}].type", "must be text")
        texts.append(part)
    return texts


# Messages


class _History(Struct):
    """`effort`: of the last system message that sets one (14.1)."""

    messages: list[Message] = field(default_factory=list)
    effort: str | None = None


def _history(fields: Fields) -> _History:
    """Adjacent messages of one role are one; a system message that only carries an effort leaves just the effort."""
    raws = fields.list("messages")
    if raws is None:
        raise WireError("messages", "is required")
    if not raws:
        raise WireError("messages", "at least one message is required")
    history = _History()
    for n, raw in enumerate(raws):
        message, effort = _message(parse(raw, f"messages[{n}]"))
        history.effort = effort or history.effort
        if message is None:
            continue
        last = history.messages[-1] if history.messages else None
        if last is not None and last.role == message.role and last.ext is None and message.ext is None:
            last.parts.extend(message.parts)
        else:
            history.messages.append(message)
    return history


def _message(fields: Fields) -> tuple[Message | None, str | None]:
    role = fields.need_str("role")
    if role not in _ROLES:
        raise WireError(fields.at("role"), f"must be one of {', '.join(_ROLES)}")
    if role != "system" and not fields.has("content"):
        raise WireError(fields.at("content"), "is required")
    parts = read_content(fields.raw("content"), fields.at("content"))
    if role != "system":
        return Message(role="user" if role == "user" else "assistant", parts=parts, ext=fields.rest()), None
    config = fields.obj("output_config")
    effort = config.str("effort") if config is not None else None
    if not parts:
        return None, effort
    ext = leftover(fields, output_config=config)
    if effort is not None:  # on the same protocol the message keeps what it said
        ext = {**(ext or {}), "output_config": Raw(dumps({"effort": effort}))}
    return Message(role="system", parts=parts, ext=ext), effort


# Tools


def _tool(raw: Raw, path: str) -> Tool:
    fields = parse(raw, path)
    kind = fields.str("type")
    control = fields.obj("cache_control")
    deferred = bool(fields.bool("defer_loading"))
    if kind is not None and kind != "custom":
        hosted = hosted_kind(kind)
        name = fields.str("name") or hosted
        return Tool(name=name, kind="hosted", hosted=hosted, raw=raw, deferred=deferred, cache=cache_hint(control))
    schema = fields.raw("input_schema")
    if schema is not None and kind_of(schema) != "object":
        raise WireError(fields.at("input_schema"), "must be an object")
    return Tool(
        name=fields.need_str("name"),
        description=fields.str("description"),
        schema=schema,
        strict=fields.bool("strict"),
        deferred=deferred,
        cache=cache_hint(control),
        ext=leftover(fields, cache_control=control),
    )


# Controls: thinking, output format, choice


class _Controls(Struct):
    """`ext`: parts of the modelled objects that have no neutral home, by the object's name."""

    think: Think | None = None
    output: OutFormat | None = None
    ext: Ext = field(default_factory=dict)

    def keep(self, key: str, values: Mapping[str, Any] | None) -> None:
        if values:
            self.ext[key] = Raw(dumps(values))


def _controls(fields: Fields, turn_effort: str | None) -> _Controls:
    """`thinking`, `output_config` and the older `output_format`; a turn's effort goes before the request's."""
    controls = _Controls()
    config = fields.obj("output_config")
    effort: str | None = None
    unknown: Raw | None = None
    if config is not None:
        effort = config.str("effort")
        controls.output, unknown = _format(config, "format")
    effort = turn_effort or effort
    old, unknown_old = _format(fields, "output_format")
    controls.output = controls.output or old
    controls.think = _think(fields, effort, controls)
    left = dict(config.rest() or {}) if config is not None else {}
    if effort is not None and controls.think is not None and controls.think.budget == 0:
        left["effort"] = Raw(dumps(effort))  # with thinking off the effort means nothing to any other vendor
    if unknown is not None:
        left["format"] = unknown
    if unknown_old is not None:
        controls.ext["output_format"] = unknown_old
    controls.keep("output_config", left)
    return controls


def _format(fields: Fields, key: str) -> tuple[OutFormat | None, Raw | None]:
    """A `json_schema` format as neutral value; one of an unknown type as it came."""
    raw = fields.raw(key)
    if raw is None:
        return None, None
    inner = parse(raw, fields.at(key))
    if inner.need_str("type") != "json_schema":
        return None, raw
    schema = inner.raw("schema")
    if schema is None or kind_of(schema) != "object":
        raise WireError(inner.at("schema"), "is required and must be an object")
    return OutFormat(kind="schema", schema=schema, name=inner.str("name")), None


def _think(fields: Fields, effort: str | None, controls: _Controls) -> Think | None:
    """An effort without `thinking` steers the model but shows no reasoning to the client."""
    raw = fields.raw("thinking")
    if raw is None:
        return None if effort is None else Think(effort=effort, show="hidden")
    inner = parse(raw, "thinking")
    kind = inner.need_str("type")
    shown = inner.str("display")
    show = SHOW_IN.get(shown or "")
    match kind:
        case "enabled":
            budget = inner.int("budget_tokens")
            if budget is None:
                raise WireError("thinking.budget_tokens", "is required")
            think = Think(effort=effort, budget=budget, show=show)
        case "adaptive":
            think = Think(effort=effort, adaptive=True, show=show)
        case "disabled":
            think = Think(effort="none", budget=0)
        case _:
            controls.ext["thinking"] = raw
            return None if effort is None else Think(effort=effort)
    left: dict[str, Any] = dict(inner.rest() or {})
    if shown is not None and show is None:
        left["display"] = shown
    controls.keep("thinking", left)
    return think


def _choice(fields: Fields, controls: _Controls) -> ToolChoice | None:
    raw = fields.raw("tool_choice")
    if raw is None:
        return None
    inner = parse(raw, "tool_choice")
    mode = _CHOICES.get(inner.need_str("type"))
    alone = inner.bool("disable_parallel_tool_use")
    if mode is None:
        controls.ext["tool_choice"] = raw
        return None
    names = (inner.need_str("name"),) if mode == "tool" else ()
    parallel = None if alone is None else not alone
    return ToolChoice(mode=mode, names=names, parallel=parallel)
