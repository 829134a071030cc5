"""Neutral messages as `messages` of a Chat request (specs/conversion.md 5.1, 6.4, 6.5, 7.2).

Expects a prepared request (prepare.py): roles alternate, results stand right behind their calls, names are legal.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from msgspec import Raw
from msgspec.structs import replace

from a2a.messages import Foreign, Media, Message, Part, Reasoning, Refusal, Request, Text, ToolCall, ToolResult
from a2a.protocols.args import as_object, usable
from a2a.protocols.base import Conversion
from a2a.protocols.chat.messages_parse import SPEAKER
from a2a.protocols.chat.parts_render import JsonObject, PartWriter, joined
from a2a.protocols.wire import merge_ext

EMPTY = "(empty)"
NO_OUTPUT = "(no output)"
_REMINDER = "<system-reminder>\n{}\n</system-reminder>"


def render_messages(req: Request, conv: Conversion, extra_system: str = "") -> list[JsonObject]:
    """`extra_system`: text of ours that goes behind the client's system text. Raises RequestError."""
    writer = _Writer(conv, same=req.proto == "chat")
    writer.system(req.system, extra_system)
    for message in req.messages:
        _TURNS[message.role](writer, message)
    return writer.out


class _Writer:
    def __init__(self, conv: Conversion, *, same: bool) -> None:
        self._conv = conv
        self._profile = conv.profile
        self._parts = PartWriter(conv, same=same)
        self._same = same
        self.out: list[JsonObject] = []

    def system(self, texts: list[Text], extra: str) -> None:
        """One message per speaker, or one for all where the upstream takes only one (qwen.md 6); joined by a blank line
        unless one carries keys of its own."""
        said = [*texts, Text(text=extra)] if extra else texts
        if not self._profile.system_mid and len(list(groupby(said, key=_speaker))) > 1:
            said = [_unnamed(text) for text in said]
            self._conv.note("messages.name", "dropped", "this upstream takes one system message")
        for name, run in groupby(said, key=_speaker):
            parts = [_unnamed(text) for text in run]
            content = joined(parts, "\n\n") if self._parts.plain(parts) else self._parts.content(parts, "\n\n")
            entry: JsonObject = {"role": self._profile.system_role, "content": content}
            self.out.append(entry if name is None else {**entry, "name": name})

    def turn_system(self, message: Message) -> None:
        """A system message in mid-conversation (Claude Code, IDE plug-ins)."""
        text = joined(message.parts, "\n\n")
        if not text:
            return
        if self._profile.system_mid:
            self.out.append(self._named(message, {"role": self._profile.system_role, "content": text}))
            return
        self._conv.note("system message", "mapped", "only allowed at the start: sent as a user reminder")
        self.out.append({"role": "user", "content": _REMINDER.format(text)})

    def turn_user(self, message: Message) -> None:
        """Results first, as tool messages; their media and everything else in one user message behind them."""
        hoisted: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                hoisted += self._result(part)
        rest = [*hoisted, *(part for part in message.parts if isinstance(part, Text | Media | Foreign))]
        if rest or not message.parts:
            content = self._parts.content(rest) or EMPTY
            self.out.append(self._named(message, {"role": "user", "content": content}))

    def _result(self, result: ToolResult) -> list[Part]:
        """Appends the tool message; returns what has to follow in a user message."""
        lines: list[str] = []
        hoisted: list[Part] = []
        counts: Counter[str] = Counter()
        for part in result.parts:
            match part:
                case Text():
                    lines.append(part.text)
                case Foreign():
                    lines += [part.as_text] if part.as_text else []
                case Media():
                    counts[part.kind] += 1
                    label = f"{part.kind} {counts[part.kind]} of {result.call_id}"
                    if self._profile.content_string or not self._parts.accepts(part):
                        lines.append(f"[{label} left out: this model takes no {part.kind} input]")
                        self._conv.note(f"tool result {part.kind}", "dropped", "the model cannot see it")
                    else:
                        lines.append(f"[{label} follows]")
                        hoisted += [Text(text=f"[{label}]"), part]
        text = "\n".join(lines) or NO_OUTPUT
        content = f"[tool error] {text}" if result.is_error else text
        entry: JsonObject = {"role": "tool", "tool_call_id": result.call_id, "content": content}
        self.out.append(merge_ext(entry, result.ext if self._same else None))
        return hoisted

    def turn_assistant(self, message: Message) -> None:
        texts: list[Part] = [part for part in message.parts if isinstance(part, Text | Foreign)]
        calls = [self._call(part) for part in message.parts if isinstance(part, ToolCall)]
        refusal = "".join(part.text for part in message.parts if isinstance(part, Refusal))
        chain = "".join(part.text for part in message.parts if isinstance(part, Reasoning))
        if any(isinstance(part, Media) for part in message.parts):
            self._conv.note("assistant media", "dropped", "Chat has no place for it in a history")
        entry: JsonObject = {"role": "assistant", "content": self._assistant_content(texts)}
        if refusal:
            entry["refusal"] = refusal
        if chain and self._profile.reasoning_field is not None:
            entry[self._profile.reasoning_field] = chain
            entry["content"] = entry["content"] or ""  # DashScope wants no null beside reasoning (qwen.md 6)
        elif any(isinstance(part, Reasoning) for part in message.parts):
            self._conv.note("reasoning", "dropped", "the upstream takes no earlier reasoning")
        if calls:
            entry["tool_calls"] = calls
        if entry["content"] is None and not calls and not refusal:
            entry["content"] = EMPTY
        self.out.append(self._named(message, entry))

    def _assistant_content(self, parts: list[Part]) -> object:
        """Texts joined without separator, null for none; parts only where one carries keys of its own."""
        if not parts:
            return None
        return (joined(parts, "") if self._parts.plain(parts) else self._parts.content(parts, "")) or None

    def _call(self, call: ToolCall) -> JsonObject:
        entry: JsonObject
        if call.custom and self._profile.custom_tools:
            entry = {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.args}}
        else:
            function = {"name": call.name, "arguments": _arguments(call)}
            entry = {"id": call.id, "type": "function", "function": function}
        signature = next((token.data for token in call.opaque if token.family == "google"), None)
        if signature is not None and self._profile.family == "google":
            entry["extra_content"] = {"google": {"thought_signature": signature}}
        return merge_ext(entry, call.ext if self._same else None)

    def _named(self, message: Message, entry: JsonObject) -> JsonObject:
        if not self._same:
            return entry
        if message.name is not None:
            entry["name"] = message.name
        return merge_ext(entry, message.ext)


_TURNS = {"system": _Writer.turn_system, "user": _Writer.turn_user, "assistant": _Writer.turn_assistant}


def _speaker(text: Text) -> Raw | None:
    """The name a client gave to a leading system message."""
    return (text.ext or {}).get(SPEAKER)


def _unnamed(text: Text) -> Text:
    """The text without its speaker, whose name stands beside the content."""
    if _speaker(text) is None:
        return text
    return replace(text, ext={key: value for key, value in (text.ext or {}).items() if key != SPEAKER} or None)


def _arguments(call: ToolCall) -> str:
    """The arguments verbatim when they are an object; free or broken text is wrapped."""
    good = None if call.custom else usable(call.args)
    return good if good is not None else _text_of(as_object(call.args, custom=call.custom))


def _text_of(raw: Raw) -> str:
    return bytes(raw).decode()
