"""The `messages` of a Chat request as neutral messages (specs/conversion.md 5.1, 5.2, 6.5, 14.4).

Chat says things that the neutral form keeps elsewhere: leading system messages are `Request.system`, a run of tool
messages and the user message behind it are one user turn, the legacy `function_call` is a call with a made-up id.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Raw

from a2a.messages import Foreign, Media, Message, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from a2a.protocols.args import usable
from a2a.protocols.chat.parts_parse import content
from a2a.protocols.openai_parts import extras
from a2a.protocols.wire import Fields, WireError, compact, kind_of, parse, string

REASONING_KEYS = ("reasoning_content", "reasoning")
"""DeepSeek, Kimi, Qwen, GLM; Ollama, OpenRouter, newer vLLM."""
SPEAKER = "name"
"""Key of `Text.ext` under which a leading system text remembers the name of its message."""


def parse_messages(raws: list[Raw], path: str = "messages") -> tuple[list[Text], list[Message]]:
    """(leading system texts, turns). Raises WireError."""
    history = _History()
    for index, raw in enumerate(raws):
        history.add(parse(raw, f"{path}[{index}]"))
    return history.system, history.messages


def reasoning_text(fields: Fields) -> str:
    """Chain text under whichever key the vendor uses; both keys are taken."""
    found = ""
    for key in REASONING_KEYS:
        raw = fields.raw(key)
        if raw is not None and kind_of(raw) == "string":
            found = found or string(raw, fields.at(key))
    return found


def tool_call(fields: Fields, fallback_id: str) -> ToolCall:
    """A function or custom call; the flat shape of Responses and arguments given as an object are accepted too.

    `args` is the text as sent, even when it is no JSON. Raises WireError.
    """
    custom = fields.obj("custom")
    body = custom or fields.obj("function") or fields
    name = body.need_str("name")
    given = body.raw("input" if custom else "arguments")
    if given is None:
        args = ""
    else:
        args = string(given, body.at("arguments")) if kind_of(given) == "string" else compact(given)
    call_id = fields.str("id") or fallback_id
    fields.drop("type", "index")
    opaque = _google_signature(fields)
    if not custom:
        args = usable(args) or args
    return ToolCall(id=call_id, name=name, args=args, custom=custom is not None, opaque=opaque, ext=extras(fields))


def _google_signature(fields: Fields) -> list[Opaque]:
    """`extra_content.google.thought_signature` of Google's Chat-compatible endpoint."""
    extra = fields.obj("extra_content")
    google = extra.obj("google") if extra is not None else None
    signature = google.str("thought_signature") if google is not None else None
    return [Opaque(family="google", kind="signature", data=signature)] if signature else []


class _History:
    """The conversation while it is read."""

    def __init__(self) -> None:
        self.system: list[Text] = []
        self.messages: list[Message] = []
        self._results_open = False  # the last wire message was a result: the next user message belongs to it
        self._legacy: list[tuple[str, str]] = []  # (id, name) of function_calls without a result
        self._legacy_count = 0
        self._nameless: list[str] = []  # made-up ids of calls that came without one
        self._custom: set[str] = set()

    def add(self, fields: Fields) -> None:
        role = fields.need_str("role")
        reader = _ROLES.get(role)
        if reader is None:
            raise WireError(fields.at("role"), f"unknown role {role!r}")
        reader(self, fields)
        self._results_open = role in ("tool", "function")

    def read_system(self, fields: Fields) -> None:
        parts = content(fields.raw("content"), fields.at("content"))
        if self.messages:
            self.messages.append(Message(role="system", parts=parts, name=fields.str("name"), ext=extras(fields)))
            return
        name = fields.raw("name")
        for part in parts:
            if not isinstance(part, Text):
                raise WireError(fields.at("content"), "a system message may only hold text")
            if name is not None:
                part.ext = {**(part.ext or {}), SPEAKER: name}
            self.system.append(part)

    def read_user(self, fields: Fields) -> None:
        parts = content(fields.raw("content"), fields.at("content"))
        name, ext = fields.str("name"), extras(fields)
        if self._results_open:
            turn = self.messages[-1]
            turn.parts, turn.name, turn.ext = turn.parts + parts, name, ext
        else:
            self.messages.append(Message(role="user", parts=parts, name=name, ext=ext))

    def read_assistant(self, fields: Fields) -> None:
        chain = reasoning_text(fields)
        parts: list[Part] = [Reasoning(text=chain, summary=False)] if chain else []
        parts += content(fields.raw("content"), fields.at("content"))
        refusal = fields.str("refusal")
        if refusal:
            parts.append(Refusal(text=refusal))
        for number, raw in enumerate(fields.list("tool_calls") or []):
            path = f"{fields.at('tool_calls')}[{number}]"
            made = f"call_{len(self.messages)}_{number}"
            call = tool_call(parse(raw, path), made)
            if call.id == made:
                self._nameless.append(made)
            if call.custom:
                self._custom.add(call.id)
            parts.append(call)
        legacy = fields.obj("function_call")
        if legacy is not None:
            call = tool_call(legacy, f"call_fn_{self._legacy_count}")
            self._legacy_count += 1
            self._legacy.append((call.id, call.name))
            parts.append(call)
        name = fields.str("name")
        self.messages.append(Message(role="assistant", parts=parts, name=name, ext=extras(fields)))

    def read_tool(self, fields: Fields) -> None:
        """A result with an empty id belongs to the oldest open call that had none either (some local servers)."""
        call_id = fields.need_str("tool_call_id")
        if not call_id and self._nameless:
            call_id = self._nameless.pop(0)
        self._result(fields, call_id, fields.str("name"))

    def read_function(self, fields: Fields) -> None:
        """A legacy result names the function, not the call: the oldest open call of that name is meant."""
        name = fields.need_str("name")
        match = next((pair for pair in self._legacy if pair[1] == name), None)
        if match is None:
            match = (f"call_fn_{self._legacy_count}", name)
            self._legacy_count += 1
        else:
            self._legacy.remove(match)
        self._result(fields, match[0], name)

    def _result(self, fields: Fields, call_id: str, name: str | None) -> None:
        heard = content(fields.raw("content"), fields.at("content"))
        parts = [part for part in heard if isinstance(part, Text | Media | Foreign)]
        custom = call_id in self._custom
        result = ToolResult(call_id=call_id, parts=parts, name=name, custom=custom, ext=extras(fields))
        if self._results_open:
            self.messages[-1].parts.append(result)
        else:
            self.messages.append(Message(role="user", parts=[result]))


_ROLES: dict[str, Callable[[_History, Fields], None]] = {
    "system": _History.read_system,
    "developer": _History.read_system,
    "user": _History.read_user,
    "assistant": _History.read_assistant,
    "tool": _History.read_tool,
    "function": _History.read_function,
}
