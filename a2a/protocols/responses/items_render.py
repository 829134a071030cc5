"""Neutral messages as `input` items of a Responses request (specs/conversion.md 5.1, 6.2, 6.4, 6.5, 7.2).

Expects a prepared request (prepare.py): roles alternate, results stand right behind their calls, names are legal. Item
ids go back only where the upstream stores its answers: anywhere else they are rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from a2a.messages import Foreign, Media, Message, Part, Reasoning, Refusal, Request, Text, ToolCall, ToolResult
from a2a.protocols.args import as_object, usable
from a2a.protocols.base import Conversion
from a2a.protocols.responses.parts_render import JsonObject, PartWriter, joined
from a2a.protocols.responses.token import openai_token
from a2a.protocols.wire import merge_ext

NO_OUTPUT = "(no output)"
ERROR_PREFIX = "[tool error] "
_REMINDER = "<system-reminder>\n{}\n</system-reminder>"


def render_items(req: Request, conv: Conversion) -> list[object]:
    """Raises RequestError for content that the upstream cannot see."""
    writer = _Writer(req, conv)
    for message in req.messages:
        writer.message(message)
    return writer.out


class _Writer:
    def __init__(self, req: Request, conv: Conversion) -> None:
        self._conv = conv
        self._same = req.proto == "responses"
        self._with_ids = self._same and req.store is True
        self._custom = self._same or conv.profile.custom_tools
        self._parts = PartWriter(conv, same=self._same)
        self.out: list[object] = []

    def message(self, message: Message) -> None:
        if message.role == "system":
            self._system(message)
        elif message.role == "user":
            self._user(message.parts)
        else:
            for part in message.parts:
                self._assistant(part)

    def _system(self, message: Message) -> None:
        """A system message in mid-conversation (Claude Code, Codex)."""
        if self._conv.profile.system_mid:
            content = self._parts.content(message.parts)
            if content:
                self.out.append({"type": "message", "role": "developer", "content": content})
        elif text := joined(message.parts, "\n\n"):
            self._conv.note("system message", "mapped", "only allowed at the start: sent as a user reminder")
            self._user([Text(text=_REMINDER.format(text))])

    def _user(self, parts: list[Part]) -> None:
        """Runs of content as messages; results and foreign items stand between them in their place."""
        run: list[Part] = []
        for part in parts:
            item = self._result(part) if isinstance(part, ToolResult) else self._own(part)
            if item is None:
                run.append(part)
            else:
                self._flush(run)
                self.out.append(item)
        self._flush(run)

    def _flush(self, run: list[Part]) -> None:
        content = self._parts.content(run)
        if content:
            self.out.append({"type": "message", "role": "user", "content": content})
        run.clear()

    def _own(self, part: Part) -> object | None:
        """A foreign item of the client's, byte for byte."""
        return part.raw if isinstance(part, Foreign) and part.proto == "responses" and self._same else None

    def _assistant(self, part: Part) -> None:
        writer = _ASSISTANT.get(type(part))
        item = self._own(part)
        if item is None and writer is not None:
            item = writer(self, part)
        if item is not None:
            self.out.append(item)
        elif writer is None:
            self._conv.note(f"assistant {type(part).__name__.lower()}", "dropped", "no place for it in a history")

    def text(self, part: Text | Foreign) -> JsonObject | None:
        """Assistant text as a plain string: a typed output message would need an id."""
        said = part.text if isinstance(part, Text) else part.as_text
        if not said:
            return None
        item: JsonObject = {"type": "message", "role": "assistant", "content": said}
        if self._same and isinstance(part, Text) and part.phase is not None:
            item["phase"] = part.phase
        return item

    def refusal(self, part: Refusal) -> JsonObject:
        return {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": part.text}]}

    def reasoning(self, part: Reasoning) -> JsonObject | None:
        """Only with a token of the maker: reasoning is never forged."""
        token = openai_token(part.opaque)
        if token is None:
            self._conv.note("reasoning", "dropped", "earlier reasoning carries no token of this model's vendor")
            return None
        item: JsonObject = {"type": "reasoning", "summary": [], "encrypted_content": token}
        if part.text and part.summary:
            item["summary"] = [{"type": "summary_text", "text": part.text}]
        elif part.text:
            item["content"] = [{"type": "reasoning_text", "text": part.text}]
        return self._finished(item, part.item_id, part)

    def call(self, part: ToolCall) -> JsonObject:
        """Arguments verbatim when they are an object; broken text is wrapped, so that call and result pair."""
        item: JsonObject
        if part.custom and self._custom:
            item = {"type": "custom_tool_call", "call_id": part.id, "name": part.name, "input": part.args}
        else:
            good = None if part.custom else usable(part.args)
            args = good if good is not None else bytes(as_object(part.args, part.custom)).decode()
            item = {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": args}
        if part.namespace is not None:
            item["namespace"] = part.namespace
        return self._finished(item, part.item_id, part)

    def _finished(self, item: JsonObject, item_id: str | None, part: Reasoning | ToolCall) -> JsonObject:
        if self._with_ids and item_id is not None:
            item["id"] = item_id
        return merge_ext(item, part.ext if self._same else None)

    def _result(self, result: ToolResult) -> JsonObject:
        kind = "custom_tool_call_output" if result.custom and self._custom else "function_call_output"
        item: JsonObject = {"type": kind, "call_id": result.call_id, "output": self._output(result)}
        return merge_ext(item, result.ext if self._same else None)

    def _output(self, result: ToolResult) -> object:
        """One text as a string, anything else as a list; media that the model cannot see leave their label."""
        counts: Counter[str] = Counter()
        shown: list[Part] = []
        for part in result.parts:
            if isinstance(part, Media) and not self._parts.accepts(part):
                counts[part.kind] += 1
                label = f"{part.kind} {counts[part.kind]} of {result.call_id}"
                self._conv.note(f"tool result {part.kind}", "dropped", "the model cannot see it")
                shown.append(Text(text=f"[{label} left out: this model takes no {part.kind} input]"))
            else:
                shown.append(part)
        prefix = ERROR_PREFIX if result.is_error else ""
        if not shown:
            return prefix + NO_OUTPUT
        if len(shown) == 1 and isinstance(shown[0], Text) and not (self._same and shown[0].ext):
            return prefix + shown[0].text
        content = self._parts.content(shown)
        return [{"type": "input_text", "text": prefix.rstrip()}, *content] if prefix else content


_ASSISTANT: dict[type, Callable[[_Writer, Any], JsonObject | None]] = {
    Text: _Writer.text,
    Foreign: _Writer.text,
    Refusal: _Writer.refusal,
    Reasoning: _Writer.reasoning,
    ToolCall: _Writer.call,
}
