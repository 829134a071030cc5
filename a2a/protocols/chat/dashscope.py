"""The Chat dialect of DashScope and the Qwen portal (specs/qwen.md 6, 7): edits of top-level keys, for both paths.

What a profile says in `wire`: `thinking` = `hybrid` (`enable_thinking`, `thinking_budget`), `effort`
(`reasoning_effort`), `none` or nothing (another vendor's model: keys pass); `portal` = `1` for OAuth accounts, whose
host knows fewer keys; `dummy_tool` = `1` when streams without tools get a fake one, whose calls are swallowed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from a2a.errors import RequestError
from a2a.messages import Delta, Event, Finish, PartEnd, PartStart, Request, Seal, Think, ToolCall
from a2a.protocols.base import Conversion, Note, Profile, StreamParser
from a2a.protocols.chat import ChatUpstream
from a2a.protocols.chat.stream_parse import ChatStreamParser
from a2a.protocols.effort import fit
from a2a.protocols.wire import BAD_JSON, dumps

DUMMY_TOOL = "do_not_call_me"
_DUMMY = (
    b'[{"type":"function","function":{"name":"do_not_call_me","description":"Not a tool. Never call it.",'
    b'"parameters":{"type":"object","properties":{}}}}]'
)
_TRUE, _FALSE = Raw(b"true"), Raw(b"false")
_NOT_AT_THE_PORTAL = (
    "logit_bias",
    "user",
    "store",
    "service_tier",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "metadata",
    "verbosity",
    "web_search_options",
)
_SWITCHES = ("reasoning_effort", "enable_thinking", "thinking_budget")
_EXCLUDED = "a forced tool call excludes thinking"


class _Call(Struct):
    id: Any = None


class _Message(Struct):
    role: Any = None
    tool_calls: list[_Call] | None = None
    tool_call_id: Any = None
    content: Raw = Raw()


class _Part(Struct):
    type: Any = None


_MESSAGES = msgspec.json.Decoder(list[_Message])
_PARTS = msgspec.json.Decoder(list[_Part])


class DashScopeDialect:
    """The byte path's face."""

    def passes(self, top: Mapping[str, Raw], profile: Profile, *, stream: bool) -> bool:
        if not stream and _may_think(top, profile):
            return False  # refused unless streamed: it is streamed and folded
        if stream and profile.wire.get("dummy_tool") and "tools" not in top:
            return False
        try:
            return _in_order(_MESSAGES.decode(top.get("messages", b"[]")))
        except BAD_JSON:
            return False  # the codec finds the words for it

    def edit(self, top: dict[str, Raw], profile: Profile, *, stream: bool) -> list[Note]:
        return _Edit(top, profile, stream).notes


class DashScopeUpstream(ChatUpstream):
    """The converting path's face."""

    def render_request(self, req: Request, conv: Conversion) -> bytes:
        top = msgspec.json.decode(super().render_request(req, conv), type=dict[str, Raw])
        edit = _Edit(top, conv.profile, conv.stream, req.think)
        for note in edit.notes:
            conv.note(note.field, note.action, note.why)
        if conv.extra.get("fault") == "thinking":  # the model wants no such switch, or insists on the other position
            for key in _SWITCHES:
                top.pop(key, None)
        if _has_dummy(conv):
            top["tools"] = Raw(_DUMMY)
        return dumps(top)

    def stream_parser(self, conv: Conversion) -> StreamParser:
        parser = ChatStreamParser(conv)
        return _WithoutDummy(parser) if _has_dummy(conv) else parser


class _Edit:
    """One request's edits; `top` is changed in place."""

    def __init__(self, top: dict[str, Raw], profile: Profile, stream: bool, think: Think | None = None) -> None:
        self._top = top
        self._profile = profile
        self._portal = bool(profile.wire.get("portal"))
        self.notes: list[Note] = []
        if not stream:
            top.pop("stream_options", None)
        if self._portal:
            self._cut()
        self._limit()
        self._think(profile.wire.get("thinking", ""), think)
        if profile.vision and profile.wire.get("thinking") in ("hybrid", "effort"):
            top.setdefault("vl_high_resolution_images", _TRUE)

    def _cut(self) -> None:
        """What the portal is not known to take; several answers cannot be left out unseen."""
        many = self._top.pop("n", None)
        if many is not None and bytes(many) not in (b"1", b"null"):
            raise RequestError("n: this model's provider gives one answer per request", param="n")
        for key in _NOT_AT_THE_PORTAL:
            if self._top.pop(key, None) is not None:
                self._note(key, "unknown to the Qwen portal")

    def _limit(self) -> None:
        """One name, and not above the model's limit."""
        other = self._top.pop("max_completion_tokens", None)
        if other is not None:
            self._top.setdefault("max_tokens", other)
        limit, wanted = self._profile.max_output, _number(self._top.get("max_tokens"))
        if limit is not None and wanted is not None and wanted > limit:
            self._top["max_tokens"] = Raw(str(limit).encode())
            self.notes.append(Note("max_tokens", "clamped", f"the model's limit is {limit}"))

    def _think(self, style: str, think: Think | None) -> None:
        if style == "hybrid":
            self._switch(think)
        elif style == "effort":
            self._effort()
        elif style == "none":
            for key in _SWITCHES:
                value = self._top.pop(key, None)
                if value is not None and bytes(value) not in (b'"none"', b"false", b"null"):
                    self._note(key, "the model does not think")
        if style in ("hybrid", "effort") and _forces(self._top.get("tool_choice")):
            self._without_thinking(style)

    def _switch(self, think: Think | None) -> None:
        """`reasoning_effort` as a switch, with the budget a client gave."""
        effort = _word(self._top.pop("reasoning_effort", None))
        if effort is None or "enable_thinking" in self._top:
            return
        on = effort != "none"
        self._top["enable_thinking"] = _TRUE if on else _FALSE
        if on and think is not None and think.budget is not None and think.budget > 0:
            self._top.setdefault("thinking_budget", Raw(str(think.budget).encode()))
        elif on:
            self.notes.append(Note("reasoning_effort", "mapped", "the model thinks or does not"))

    def _effort(self) -> None:
        """One of the model's words; together with a budget it is refused."""
        effort = _word(self._top.get("reasoning_effort"))
        if effort is None:
            return
        fitted = effort if effort == "none" else fit(effort, self._profile.efforts)
        if effort == "none" and not self._profile.can_disable_reasoning:
            fitted = self._profile.efforts[0]
        if fitted != effort:
            self._top["reasoning_effort"] = Raw(dumps(fitted))
            self.notes.append(Note("reasoning_effort", "clamped", f"{effort} is not offered: {fitted}"))
        if self._top.pop("thinking_budget", None) is not None:
            self._note("thinking_budget", "excluded by reasoning_effort")

    def _without_thinking(self, style: str) -> None:
        if not self._profile.can_disable_reasoning:
            raise RequestError(f"tool_choice: {_EXCLUDED}, and this model always thinks", param="tool_choice")
        wanted = [key for key in _SWITCHES if self._top.pop(key, None) not in (None, _FALSE)]
        if style == "hybrid":
            self._top["enable_thinking"] = _FALSE
        else:
            self._top["reasoning_effort"] = Raw(b'"none"')
        if wanted:
            self._note("reasoning", _EXCLUDED)

    def _note(self, field: str, why: str) -> None:
        self.notes.append(Note(field, "dropped", why))


def _may_think(top: Mapping[str, Raw], profile: Profile) -> bool:
    """The model may think on this request: nobody said that it must not."""
    style = profile.wire.get("thinking")
    if style not in ("hybrid", "effort"):
        return False
    off = bytes(top.get("enable_thinking", b"")) == b"false" or _word(top.get("reasoning_effort")) == "none"
    return not off


def _forces(choice: Raw | None) -> bool:
    return choice is not None and (bytes(choice) == b'"required"' or bytes(choice)[:1] == b"{")


def _in_order(messages: list[_Message]) -> bool:
    """One system message, first; every call answered right behind it, every answer called for (section 6)."""
    open_calls: set[str] = set()
    before = None
    for index, message in enumerate(messages):
        role = message.role
        if role == "developer" or (role == "system" and index) or (role == before == "assistant"):
            return False
        if _refused(role, bytes(message.content)):
            return False
        if role == "tool":
            if message.tool_call_id not in open_calls:
                return False
            open_calls.discard(message.tool_call_id)
        elif open_calls:
            return False
        else:
            open_calls = {str(call.id) for call in message.tool_calls or ()}
        before = role
    return not open_calls


def _refused(role: Any, content: bytes) -> bool:
    """Whether the back end refuses such a content: a tool's media, a user's null, a list of nothing.

    A tool's text in parts passes: Qwen Code itself sends it so, with a mark for the cache.
    """
    if role == "tool" and content[:1] == b"[":
        parts = _PARTS.decode(content)
        return not parts or any(part.type != "text" for part in parts)
    return content == b"[]" or (role == "user" and content == b"null")


def _word(raw: Raw | None) -> str | None:
    value = _value(raw)
    return value if isinstance(value, str) else None


def _number(raw: Raw | None) -> int | None:
    value = _value(raw)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _value(raw: Raw | None) -> Any:
    try:
        return msgspec.json.decode(raw) if raw is not None else None
    except BAD_JSON:
        return None


# The dummy tool


def _has_dummy(conv: Conversion) -> bool:
    return conv.stream and bool(conv.profile.wire.get("dummy_tool")) and not conv.request.tools


class _WithoutDummy:
    """A stream without calls of the fake tool. Part numbers may have gaps, which the filters close."""

    def __init__(self, parser: StreamParser) -> None:
        self._parser = parser
        self._gone: set[tuple[int, int]] = set()

    def feed(self, data: bytes) -> list[Event]:
        return self._cleared(self._parser.feed(data))

    def eof(self) -> list[Event]:
        return self._cleared(self._parser.eof())

    def _cleared(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            match event:
                case PartStart(i=i, c=c, part=ToolCall(name=name)) if name == DUMMY_TOOL:
                    self._gone.add((c, i))
                case PartStart(i=i, c=c) | Delta(i=i, c=c) | Seal(i=i, c=c) | PartEnd(i=i, c=c) if (c, i) in self._gone:
                    pass
                case Finish(stop=stop) if self._gone and stop.kind == "tool_call":
                    out.append(structs.replace(event, stop=structs.replace(stop, kind="end")))
                case _:
                    out.append(event)
        return out


dialect = DashScopeDialect()
upstream = DashScopeUpstream()
