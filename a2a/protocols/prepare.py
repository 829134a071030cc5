"""The policy passes between parsing and rendering (specs/conversion.md 1.4, step 4).

A codec that renders the prepared request may rely on: roles alternate (system messages aside), results stand right
behind their calls, names and ids are legal for the target, no empty text, no token of another vendor, no wire key and
no foreign part of another protocol. The client's request is never changed; every loss is a note.
"""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from a2a.errors import RequestError
from a2a.messages import (
    Ext,
    FileRef,
    Foreign,
    Media,
    Message,
    Part,
    Proto,
    Reasoning,
    Refusal,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from a2a.protocols.base import Conversion
from a2a.protocols.losses import Losses
from a2a.protocols.names import flat_name, name_map
from a2a.protocols.repair import repair
from a2a.protocols.tokens import without_billing
from a2a.protocols.wire import kind_of

_Signed = TypeVar("_Signed", Text, Reasoning, ToolCall)
_Token = TypeVar("_Token", Text, ToolCall)
_EMPTY = "(empty)"
_ONE_ANSWER: tuple[Proto, ...] = ("claude", "responses", "kiro")
"""Targets that give one answer per request (4.2)."""
_ALPHABETS: dict[Proto, str] = {"gemini": "gemini", "kiro": "kiro"}
"""Name pattern by target; all others take OpenAI's."""
_MAPPED_HOSTED: dict[Proto, tuple[str, ...]] = {
    "chat": ("web_search",),
    "responses": ("web_search",),
    "gemini": ("web_search", "web_fetch", "code"),
}
"""Server tools a codec can express for another vendor's client, if the profile says `hosted_tools` (6.7)."""
_ALONE: tuple[Proto, ...] = ("gemini",)
"""Targets that refuse server tools beside functions."""
_LOADERS = ("tool_search",)
"""Server tools that only load others: without them all tools are loaded (6.7 rule 6)."""
_STATEFUL: dict[str, str] = {
    "compaction": "a compacted history can only be read by the vendor that made it",
    "compaction_summary": "a compacted history can only be read by the vendor that made it",
    "item_reference": "previous_response_not_found: items stored at another vendor cannot be referenced",
}
"""Foreign parts that stand for history: leaving them out would lose it silently (12, rules 2 and 5)."""
_TOLD_TWICE = ("content.prompt_cache_breakpoint", "system.prompt_cache_breakpoint", "messages.output_config")
"""Unmodelled keys whose meaning stands in the neutral form too, beside the spelling that may go back."""
_REFUSED: dict[Proto, tuple[str, ...]] = {"responses": ("background", "prompt", "conversation")}
"""Wire keys by the client's protocol that change what a request means (4.2)."""


def prepare(req: Request, conv: Conversion, target: Proto) -> Request:
    """The request as the target can take it; fills `conv.names`, `conv.restore` and `conv.notes`.

    Raises RequestError for what can neither be expressed nor left out without changing the meaning.
    """
    _refuse(req, target)
    losses = Losses(conv, target, same=req.proto == target)
    losses.request(req)
    parts = _Parts(req, conv, target, losses)
    system = req.system if target == "claude" else without_billing(req.system)
    if system is not req.system:
        conv.note("system", "dropped", "the client's billing line, which changes with every request")
    for text in system:
        losses.text(text, "system")
    messages = [parts.message(message, f"messages[{index}]") for index, message in enumerate(req.messages)]
    messages = repair(_without_empty(messages), conv.note)
    for tool in req.tools:
        losses.tool(tool)
    _check_choice(req, target)
    tools, choice = _tools(req, conv, target)
    if choice is not None and not tools and choice.mode not in ("auto", "none"):
        conv.note("tool_choice", "dropped", "there are no tools")
    legal = _Legal(tools, choice, messages, target)
    legal.record(conv)
    return replace(
        req,
        messages=[legal.message(message) for message in messages],
        system=[replace(text, ext=parts.ext(text.ext, "system")) for text in system if text.text],
        tools=[replace(legal.tool(tool), ext=parts.ext(tool.ext, "tools")) for tool in tools],
        choice=legal.choice(choice) if tools else None,
        ext=parts.ext(req.ext, ""),
    )


def _refuse(req: Request, target: Proto) -> None:
    """400 for what no emulation can give."""
    if req.sampling.n > 1 and target in _ONE_ANSWER:
        param = "generationConfig.candidateCount" if req.proto == "gemini" else "n"
        raise RequestError(f"{param}: this model's provider gives one answer per request", param=param)
    if req.sampling.n < 1:
        raise RequestError("n: must be at least 1", param="n")
    if any(not tool.name for tool in req.tools):
        raise RequestError("tools: a tool must have a name", param="tools")
    if req.proto == target:
        return
    if req.previous_id is not None:
        why = "previous_response_not_found: a2a keeps no responses for other vendors' models, send the whole input"
        raise RequestError(why, param="previous_response_id")
    ext = req.ext or {}
    for key in _REFUSED.get(req.proto, ()):
        if key in ext and bytes(ext[key]) not in (b"null", b"false"):
            raise RequestError(f"{key} works only with an upstream of the same protocol", param=key)
    if "modalities" in ext and b'"audio"' in bytes(ext["modalities"]):
        raise RequestError("this upstream gives no audio output", param="modalities")


def _check_choice(req: Request, target: Proto) -> None:
    """400 for a choice of a tool that is not there: where a choice is emulated no upstream would say so."""
    if req.choice is None or not req.tools or req.proto == target:
        return
    known = {name for tool in req.tools for name in (tool.name, flat_name(tool.name, tool.namespace), tool.hosted)}
    for name in req.choice.names:
        if name not in known:
            raise RequestError(f"tool_choice: there is no tool named {name}", param="tool_choice")


class _Parts:
    """Message parts without what belongs to another protocol or vendor."""

    def __init__(self, req: Request, conv: Conversion, target: Proto, losses: Losses) -> None:
        self._conv = conv
        self._losses = losses
        self._target = target
        self._same = req.proto == target
        self._family = conv.profile.family
        # An upstream of unknown make that speaks the client's own protocol gets its own tokens back.
        self._any_token = self._same and self._family == "other"
        self._bare_reasoning = target == "chat" and conv.profile.reasoning_field is not None

    def message(self, message: Message, path: str) -> Message:
        self._losses.message(message)
        parts = [new for part in message.parts for new in self._part(part, path)]
        return replace(message, parts=parts, ext=self.ext(message.ext, "messages"))

    def ext(self, ext: Ext | None, where: str) -> Ext | None:
        """Unmodelled wire keys: kept for their own protocol, else named and left out."""
        if ext is None or self._same:
            return ext
        for key, value in ext.items():
            name = f"{where}.{key}" if where else key
            if kind_of(value) != "null" and name not in _TOLD_TWICE:
                self._conv.note(name, "dropped", f"unknown to {self._target}")
        return None

    def _part(self, part: Part, path: str) -> list[Part]:
        match part:
            case Text():
                self._losses.text(part)
                kept = self._signed(part)
                return [kept] if kept.text or kept.opaque else []
            case Reasoning():
                return self._reasoning(self._own(part))
            case ToolCall():
                self._losses.cache(part.cache, "call")
                return [self._signed(part)]
            case ToolResult():
                self._losses.cache(part.cache, "result")
                inner = [new for one in part.parts for new in self._part(one, path)]
                allowed = [one for one in inner if isinstance(one, Text | Media | Foreign)]
                return [replace(part, parts=allowed, ext=self.ext(part.ext, "content"))]
            case Media():
                return [self._media(part, path)]
            case Refusal():
                return [replace(part, ext=self.ext(part.ext, "content"))] if part.text else []
            case Foreign():
                return self._foreign(part, path)

    def _signed(self, part: _Token) -> _Token:
        """The same for a part that stays without its token."""
        own = self._own(part)
        if len(own.opaque) < len(part.opaque):
            self._conv.note("signature", "dropped", "another vendor's model made it")
        return own

    def _own(self, part: _Signed) -> _Signed:
        """The part with the tokens that the target's family made, and the keys that its protocol knows."""
        tokens = part.opaque
        if not self._any_token:
            tokens = [opaque for opaque in tokens if opaque.family == self._family]
        return replace(part, opaque=tokens, ext=self.ext(part.ext, "content"))

    def _reasoning(self, part: Reasoning) -> list[Part]:
        """Reasoning nobody signed for this target is left out, never forged (7.2)."""
        if part.opaque or (self._bare_reasoning and part.text):
            return [part]
        self._conv.note("reasoning", "dropped", "earlier reasoning carries no token of this model's vendor")
        return []

    def _media(self, part: Media, path: str) -> Media:
        self._losses.media(part)
        source = part.source
        if isinstance(source, FileRef) and not self._same and source.family != self._family:
            raise RequestError(f"{path}: the file {source.id} lies at another vendor; send its content", param=path)
        return replace(part, ext=self.ext(part.ext, "content"))

    def _foreign(self, part: Foreign, path: str) -> list[Part]:
        if part.proto == self._target:
            return [part]
        if part.wire_type in _STATEFUL:
            raise RequestError(f"{path}: {_STATEFUL[part.wire_type]}", param=path)
        if part.as_text:
            self._conv.note(part.wire_type, "mapped", "as text")
            return [Text(text=part.as_text)]
        self._conv.note(part.wire_type, "dropped", f"unknown to {self._target}")
        return []


def _without_empty(messages: list[Message]) -> list[Message]:
    """Without emptied messages; one that holds two turns of the other role apart keeps its place (5.2)."""
    out: list[Message] = []
    for index, message in enumerate(messages):
        if message.parts:
            out.append(message)
        elif message.role != "system" and out and out[-1].role not in (message.role, "system"):
            following = next((later.role for later in messages[index + 1 :] if later.parts), None)
            if following == out[-1].role:
                out.append(replace(message, parts=[Text(text=_EMPTY)]))
    return out


def _tools(req: Request, conv: Conversion, target: Proto) -> tuple[list[Tool], ToolChoice | None]:
    """Tools and choice without server tools that the target cannot run (6.7, rules 4 and 6)."""
    if req.proto == target:
        return req.tools, req.choice
    mapped = _MAPPED_HOSTED.get(target, ()) if conv.profile.hosted_tools else ()
    if target in _ALONE and any(tool.kind != "hosted" for tool in req.tools):
        mapped = ()
    left: list[Tool] = []
    lost: list[Tool] = []
    for tool in req.tools:
        runs = tool.kind != "hosted" or (tool.hosted or "").startswith(mapped)
        (left if runs else lost).append(replace(tool, deferred=False))
    gone = {tool.name for tool in lost}
    choice = req.choice
    needed = [tool for tool in lost if not (tool.hosted or "").startswith(_LOADERS)]
    if needed and not left:
        raise RequestError(f"tools: {needed[0].name} is a server tool that this upstream does not have", param="tools")
    for tool in lost:
        conv.note(f"tools.{tool.name}", "dropped", "a server tool that this upstream does not have")
    if choice is not None and gone & set(choice.names):
        names = tuple(name for name in choice.names if name not in gone)
        if not names:
            raise RequestError(f"tool_choice: {choice.names[0]} does not exist at this upstream", param="tool_choice")
        choice = replace(choice, names=names)
    return left, choice


class _Legal:
    """Names and ids in the target's alphabet (6.2); a namespace becomes part of the name where it is unknown."""

    def __init__(self, tools: list[Tool], choice: ToolChoice | None, messages: list[Message], target: Proto) -> None:
        self._namespaces = target == "responses"
        own = [self._name(tool.name, tool.namespace) for tool in tools if tool.kind != "hosted"]
        calls = [part for message in messages for part in message.parts if isinstance(part, ToolCall)]
        results = [part for message in messages for part in message.parts if isinstance(part, ToolResult)]
        told = [self._name(call.name, call.namespace) for call in calls]
        self._names = name_map([*own, *told], pattern=_ALPHABETS.get(target, "openai"))
        self._bare = {tool.name: self._name(tool.name, tool.namespace) for tool in tools if tool.namespace}
        self._ids = name_map([*(call.id for call in calls), *(result.call_id for result in results)])
        self._called = {call.id: self._names[self._name(call.name, call.namespace)] for call in calls}

    def record(self, conv: Conversion) -> None:
        """Tells the conversion which names differ on the wire."""
        for name, wire in self._names.items():
            if name != wire:
                conv.names[name] = wire
                conv.restore[wire] = name

    def tool(self, tool: Tool) -> Tool:
        if tool.kind == "hosted":
            return tool
        name = self._names[self._name(tool.name, tool.namespace)]
        return replace(tool, name=name, namespace=tool.namespace if self._namespaces else None)

    def choice(self, choice: ToolChoice | None) -> ToolChoice | None:
        if choice is None or not choice.names:
            return choice
        full = (name if name in self._names else self._bare.get(name, name) for name in choice.names)
        return replace(choice, names=tuple(self._names.get(name, name) for name in full))

    def message(self, message: Message) -> Message:
        if not any(isinstance(part, ToolCall | ToolResult) for part in message.parts):
            return message
        return replace(message, parts=[self._part(part) for part in message.parts])

    def _name(self, name: str, namespace: str | None) -> str:
        return name if self._namespaces else flat_name(name, namespace)

    def _part(self, part: Part) -> Part:
        match part:
            case ToolCall():
                name = self._names[self._name(part.name, part.namespace)]
                namespace = part.namespace if self._namespaces else None
                return replace(part, id=self._ids[part.id], name=name, namespace=namespace)
            case ToolResult():
                called = self._called.get(part.call_id, part.name)
                return replace(part, call_id=self._ids[part.call_id], name=called)
            case _:
                return part
