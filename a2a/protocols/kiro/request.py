"""The body of GenerateAssistantResponse (specs/kiro.md 6.3 to 6.12).

There is no system prompt (a first pair of turns carries it), no sampling, no stop sequence and no tool choice: what
has no counterpart is emulated in the system text or dropped, and always noted.

`Conversion.extra` and, behind it, `Profile.wire` may say: `profile_arn`, `conversation_id`, `continuation_id` (empty:
leave the member out), `origin`, `endpoint` (krs, legacy), `wire` (rest, aws-json), `repair` (the reason of a 400 whose
cause is removed on the second try), `insist`. What the stream parser has to undo is marked there too (`prose.py`), and
`local_stop` for the filters.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Raw

from a2a.errors import RequestError
from a2a.messages import OutFormat, Reasoning, Request, ToolCall
from a2a.protocols.args import as_object
from a2a.protocols.base import Conversion
from a2a.protocols.kiro import models
from a2a.protocols.kiro.attachments import Takes
from a2a.protocols.kiro.ids import continuation_id, conversation_id
from a2a.protocols.kiro.prose import FENCE_MARK, TAGS_MARK
from a2a.protocols.kiro.thinking import ThinkPlan, plan_thinking
from a2a.protocols.kiro.tools import plan_tools
from a2a.protocols.kiro.turns import AssistantTurn, Turn, UserTurn, build_turns, pairs, require_content
from a2a.protocols.wire import client_side, dumps, kind_of

ACKNOWLEDGEMENT = "Understood. I will follow these instructions."

_JSON_ONLY = "Answer with one JSON value only: no text before or after it and no Markdown fence."
_EMPTY_KEY = re.compile(rb'""\s*:')
_NUL = rb"\u0000"
_ESCAPE = re.compile(rb"(\\[^u])|\\u0000")

_UNSUPPORTED = (
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("presence", "presence_penalty"),
    ("frequency", "frequency_penalty"),
    ("seed", "seed"),
    ("top_logprobs", "logprobs"),
)
"""(field of Sampling, the name clients know it by)."""


def render_request(req: Request, conv: Conversion) -> bytes:
    """The JSON body. Raises RequestError for what cannot be expressed: several candidates, audio, remote media."""
    if req.sampling.n > 1:
        raise RequestError("this upstream gives one answer per request: n must be 1", param="n")
    require_content(req.messages, req.system)
    with client_side():
        return _cleaned(dumps(_body(req, conv)), conv)


def option(conv: Conversion, key: str, default: str = "") -> str:
    """A value of this attempt: the account's word, else the profile's."""
    return conv.extra.get(key) or conv.profile.wire.get(key) or default


def is_legacy(conv: Conversion) -> bool:
    """The attempt goes to the older generation of hosts (specs/kiro.md 1.1)."""
    return option(conv, "endpoint", "krs") == "legacy"


def _body(req: Request, conv: Conversion) -> dict[str, object]:
    model = models.resolve(conv.model)[0]
    legacy = is_legacy(conv)
    think = models.wanted_thinking(req.think, req.model, conv.model)
    schema = None if legacy else models.thinking_of(model, conv.profile)
    thinking = plan_thinking(think, schema, req.max_output, conv)
    if thinking.tags:
        conv.extra[TAGS_MARK] = "1"
    takes = Takes(images=conv.profile.vision, documents=conv.profile.documents and not legacy)
    turns = build_turns(req.messages, conv.note, takes)
    used = [call.name for turn in turns if isinstance(turn, AssistantTurn) for call in turn.calls]
    tools = plan_tools(req, conv, used)
    _note_unsupported(req, conv)
    system = [thinking.tags, *(text.text for text in req.system), *tools.texts, *_format_texts(req.output, conv)]
    write = _Writer(model, conv, keeps_reasoning=_keeps_reasoning(thinking, conv))
    body: dict[str, object] = {"conversationState": _state(req, conv, turns, system, tools.wire, write)}
    if arn := option(conv, "profile_arn"):
        body["profileArn"] = arn
    if thinking.fields:
        body["additionalModelRequestFields"] = thinking.fields
    if option(conv, "wire") == "aws-json":
        body["agentMode"] = "vibe"
    return body


def _state(
    req: Request,
    conv: Conversion,
    turns: list[Turn],
    system: list[str],
    tools: list[dict[str, object]],
    write: _Writer,
) -> dict[str, object]:
    chat = option(conv, "conversation_id") or conversation_id(req)
    turn = conv.extra.get("continuation_id")
    state: dict[str, object] = {"conversationId": chat}
    if turn != "":
        state["agentContinuationId"] = turn or continuation_id(chat, req.messages)
    state["agentTaskType"] = "vibe"
    state["chatTriggerType"] = "MANUAL"
    *past, current = turns
    history = [*write.system("\n\n".join(text for text in system if text.strip())), *write.history(past)]
    if history:
        state["history"] = history
    assert isinstance(current, UserTurn)
    state["currentMessage"] = write.user(current, tools)
    return state


class _Writer:
    """Turns as the wire has them: absent members instead of null and empty ones (6.5 rule 8)."""

    def __init__(self, model: str, conv: Conversion, *, keeps_reasoning: bool) -> None:
        self._model = model
        self._origin = option(conv, "origin", "AI_EDITOR")
        self._blank = " " if is_legacy(conv) else ""
        self._keeps_reasoning = keeps_reasoning

    def system(self, text: str) -> list[dict[str, object]]:
        """The pair that carries the system text, nothing without one (6.6)."""
        if not text:
            return []
        return [self._user({"content": text}), {"assistantResponseMessage": {"content": ACKNOWLEDGEMENT}}]

    def history(self, turns: list[Turn]) -> list[dict[str, object]]:
        return [item for user, answer in pairs(turns) for item in (self.user(user), self._assistant(answer))]

    def user(self, turn: UserTurn, tools: list[dict[str, object]] | None = None) -> dict[str, object]:
        """`tools`: for the current message only (6.5 rule 6)."""
        message: dict[str, object] = {"content": turn.content}
        kept = [item for item in turn.attachments() if item.dropped is None]
        for member, kind in (("images", "image"), ("documents", "document")):
            if found := [item.wire() for item in kept if item.kind == kind]:
                message[member] = found
        context: dict[str, object] = {}
        if turn.results:
            context["toolResults"] = [
                {
                    "toolUseId": result.call_id,
                    "status": "error" if result.is_error else "success",
                    "content": [{"text": result.text}],
                }
                for result in turn.results
            ]
        if tools:
            context["tools"] = tools
        if context:
            message["userInputMessageContext"] = context
        return self._user(message)

    def _user(self, message: dict[str, object]) -> dict[str, object]:
        return {"userInputMessage": {**message, "modelId": self._model, "origin": self._origin}}

    def _assistant(self, turn: AssistantTurn) -> dict[str, object]:
        text = "\n".join(turn.texts)
        message: dict[str, object] = {"content": text if text.strip() else self._blank}
        if turn.calls:
            message["toolUses"] = [
                {"toolUseId": call.id, "name": call.name, "input": _input(call)} for call in turn.calls
            ]
        if self._keeps_reasoning and (content := self._reasoning(turn.reasoning)) is not None:
            message["reasoningContent"] = content
        return {"assistantResponseMessage": message}

    def _reasoning(self, parts: list[Reasoning]) -> dict[str, object] | None:
        """The first thoughts that this model signed; a message has room for one (6.8 replay)."""
        for part in parts:
            for seal in part.opaque:
                if seal.family != "kiro" or seal.model not in ("", self._model):
                    continue
                if seal.kind == "redacted":
                    return {"redactedContent": seal.data}
                return {"reasoningText": {"text": part.text, "signature": seal.data}}
        return None


def _keeps_reasoning(thinking: ThinkPlan, conv: Conversion) -> bool:
    """Earlier thoughts go back only where their signature is understood and wanted."""
    return not (thinking.off or is_legacy(conv) or conv.extra.get("repair") == "THINKING_SIGNATURE_INVALID")


def _input(call: ToolCall) -> Raw:
    """The arguments as an object without empty keys, which the upstream rejects (6.5 rule 10)."""
    raw = as_object(call.args, call.custom)
    return _without_empty_keys(raw) if _EMPTY_KEY.search(raw) else raw


def _without_empty_keys(raw: Raw) -> Raw:
    kind = kind_of(raw)
    if kind == "object":
        members = msgspec.json.decode(raw, type=dict[str, Raw])
        return Raw(dumps({key: _without_empty_keys(value) for key, value in members.items() if key}))
    if kind == "array":
        return Raw(dumps([_without_empty_keys(value) for value in msgspec.json.decode(raw, type=list[Raw])]))
    return raw


def _format_texts(output: OutFormat | None, conv: Conversion) -> list[str]:
    """The answer's format in words (conversion.md 8.1, the `prompt` way)."""
    if output is None:
        return []
    if output.verbosity is not None:
        conv.note("verbosity", "dropped", "this upstream has no such knob")
    if output.kind == "text":
        return []
    conv.extra[FENCE_MARK] = "1"
    conv.note("response_format", "emulated", "asked for in the system text")
    if output.kind == "json" or output.schema is None:
        return [_JSON_ONLY]
    about = f" ({output.description})" if output.description else ""
    return [f"{_JSON_ONLY} It must be valid against this JSON Schema{about}:\n{bytes(output.schema).decode()}"]


def _note_unsupported(req: Request, conv: Conversion) -> None:
    for name, known_as in _UNSUPPORTED:
        if getattr(req.sampling, name) is not None:
            conv.note(known_as, "dropped", "this upstream takes no sampling parameters")
    if req.tier is not None:
        conv.note("service_tier", "dropped", "this upstream has no tiers")
    if req.stop:
        conv.extra["local_stop"] = "1"
        conv.note("stop", "emulated", "the answer is cut by a2a")


def _cleaned(body: bytes, conv: Conversion) -> bytes:
    """Without NULs, which the upstream refuses in any string (6.5 rule 11); `wire` lets no half surrogate in."""
    if _NUL not in body:
        return body
    cleaned = _ESCAPE.sub(rb"\1", body)
    if cleaned != body:
        conv.note("messages", "dropped", "NUL characters, which this upstream refuses")
    return cleaned
