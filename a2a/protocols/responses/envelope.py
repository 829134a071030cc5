"""The `response` object around the items of an answer: what every event and every whole answer repeats of the request.

Source: specs/conversion.md 10.1 (required keys, echo of the request's values) and 12, rule 2 (`store` is false: a2a
keeps no answers).
"""

from __future__ import annotations

from msgspec.structs import replace

from a2a.messages import Failure, FailureKind, Request, Stop, Usage
from a2a.protocols.base import Conversion
from a2a.protocols.responses.items_out import JsonObject
from a2a.protocols.responses.request_render import summary_word, text_config
from a2a.protocols.responses.tools_render import choice_value, definitions
from a2a.protocols.responses.words import stop_out, usage_out

_ERROR_CODES: dict[FailureKind, str] = {
    "bad_request": "invalid_prompt",
    "context_overflow": "context_length_exceeded",
    "rate_limited": "rate_limit_exceeded",
    "quota": "insufficient_quota",
    "overloaded": "server_is_overloaded",
}
"""Failure -> `response.error.code`, the words Codex acts on (11.2, 14.2); everything else is `server_error`."""


def response_id(given: str, conv: Conversion) -> str:
    """An id of this protocol: the upstream's own, or a new one when another vendor answered."""
    return given if given.startswith("resp") else conv.new_id("resp_")


def envelope(conv: Conversion, ident: str, model: str, created: int) -> JsonObject:
    """An answer in progress, without items."""
    return {
        "id": ident,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "model": model,
        "output": [],
        "error": None,
        "incomplete_details": None,
        **_echo(conv.request),
        "usage": None,
    }


def closed(base: JsonObject, output: list[object], stop: Stop, usage: Usage, *, refused: bool) -> JsonObject:
    """The answer at its end. `refused`: a refusal was put into words."""
    status, reason = stop_out(stop, refused=refused)
    out = {**base, "status": status, "output": output, "usage": usage_out(usage)}
    if reason is not None:
        out["incomplete_details"] = {"reason": reason}
    if status == "failed":
        out["error"] = {"code": "server_error", "message": stop.detail or f"the upstream broke off: {stop.raw}"}
    return out


def failed(base: JsonObject, output: list[object], failure: Failure) -> JsonObject:
    """The answer that a failure ended. Codex reads the wait out of the message (11.2)."""
    message = failure.message
    if failure.kind == "rate_limited" and failure.retry_after is not None and "try again in" not in message:
        message = f"{message} Please try again in {failure.retry_after:g}s."
    error: JsonObject = {"code": _ERROR_CODES.get(failure.kind, "server_error"), "message": message}
    if failure.param is not None:
        error["param"] = failure.param
    return {**base, "status": "failed", "output": output, "error": error}


def _echo(req: Request) -> JsonObject:
    sampling, ext = req.sampling, req.ext or {}
    choice = req.choice
    tools = [replace(tool, strict=tool.strict or False) if tool.kind == "function" else tool for tool in req.tools]
    out: JsonObject = {
        "instructions": "\n\n".join(text.text for text in req.system) or None,
        "metadata": req.metadata or {},
        "max_output_tokens": req.max_output,
        "parallel_tool_calls": choice is None or choice.parallel is not False,
        "previous_response_id": req.previous_id,
        "reasoning": _reasoning(req),
        "store": False,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "text": {"format": {"type": "text"}, **text_config(req.output)},
        "tool_choice": "auto" if choice is None else choice_value(choice, tools),
        "tools": definitions(tools, same=True),
        "truncation": ext.get("truncation", "disabled"),
    }
    given: JsonObject = {
        "prompt_cache_key": req.cache_key,
        "safety_identifier": req.user,
        "service_tier": req.tier,
        "top_logprobs": sampling.top_logprobs,
    }
    return out | {key: value for key, value in given.items() if value is not None}


def _reasoning(req: Request) -> JsonObject:
    think, ext = req.think, req.ext
    summary = None if think is None else summary_word(think, ext)
    return {"effort": None if think is None else think.effort, "summary": summary}
