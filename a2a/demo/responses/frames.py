"""A response on the wire: its output items, and the object around them (specs/conversion.md 10.1)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from a2a.clock import hex_id
from a2a.demo.responses.items import CIPHER, SEAL
from a2a.demo.responses.rules import ENCRYPTED, Checked
from a2a.demo.responses.state import Items
from a2a.demo.signature import sign
from a2a.demo.view import Answer, Call, View
from a2a.demo.wire import dumps

_ECHOED: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Parameters that come back in the answer, with what stands there when the request has none."""


class Reply(Struct, frozen=True, kw_only=True):
    """Everything needed to write an answer. `output`: its items. `created`: Unix seconds."""

    id: str
    body: dict[str, Any]
    checked: Checked
    view: View
    answer: Answer
    output: Items
    cached: int
    created: int

    @property
    def stored(self) -> bool:
        return self.body.get("store") is not False

    @property
    def status(self) -> str:
        return "incomplete" if self.answer.stop == "length" else "completed"


def output_of(body: dict[str, Any], checked: Checked, view: View, answer: Answer) -> Items:
    """The items of the answer: reasoning, message, calls."""
    found: Items = []
    if view.reasoning and answer.thinking:
        found.append(_reasoning(body, answer.thinking))
    if answer.text or not answer.calls:
        found.append(
            {
                "id": hex_id("msg_", 48),
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": answer.text}],
            }
        )
    found += [_call(call, checked) for call in answer.calls]
    if answer.stop == "length":
        found[-1]["status"] = "incomplete"
    return found


def _reasoning(body: dict[str, Any], thinking: str) -> dict[str, Any]:
    """The thoughts: readable only if a summary was asked for, sealed only if that was."""
    shown = (body.get("reasoning") or {}).get("summary") or (body.get("reasoning") or {}).get("generate_summary")
    item: dict[str, Any] = {
        "id": hex_id("rs_", 48),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": thinking}] if shown else [],
    }
    if ENCRYPTED in (body.get("include") or ()):
        item["encrypted_content"] = SEAL + sign(CIPHER, thinking)
    return item


def _call(call: Call, checked: Checked) -> dict[str, Any]:
    tool = next(tool for tool in checked.tools if tool.name == call.name)
    freeform = tool.kind == "custom"
    item = {
        "id": hex_id("ctc_" if freeform else "fc_", 48),
        "type": "custom_tool_call" if freeform else "function_call",
        "status": "completed",
        "call_id": hex_id("call_"),
        "name": call.name,
        "input" if freeform else "arguments": call.arguments,
    }
    return item | ({"namespace": tool.namespace} if tool.namespace else {})


def response(reply: Reply, status: str, output: Items, used: dict[str, Any] | None) -> dict[str, Any]:
    """The response object in one state of its life. `used`: None until it is over."""
    body, whole = reply.body, dict[str, Any]()
    for name, default in _ECHOED.items():
        whole[name] = default if body.get(name) is None else body[name]
    if reply.checked.model.reasoning:
        whole |= {"temperature": None, "top_p": None}
    asked = body.get("reasoning") or {}
    text = body.get("text") or {}
    return {
        "id": reply.id,
        "object": "response",
        "created_at": reply.created,
        "completed_at": reply.created if status == "completed" else None,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": reply.checked.model.id,
        "output": output,
        "reasoning": {"effort": asked.get("effort"), "summary": asked.get("summary")},
        "text": {"format": text.get("format") or {"type": "text"}, "verbosity": text.get("verbosity") or "medium"},
        "usage": used,
        **whole,
    }


def usage(reply: Reply) -> dict[str, Any]:
    prompt, made = reply.view.input_tokens, reply.answer.output_tokens
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": reply.cached, "cache_write_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": reply.answer.thinking_tokens},
        "total_tokens": prompt + made,
    }


def finished(reply: Reply) -> dict[str, Any]:
    """The response object at its end."""
    return response(reply, reply.status, reply.output, usage(reply))


def whole(reply: Reply) -> bytes:
    """The answer as one object."""
    return dumps(finished(reply))
