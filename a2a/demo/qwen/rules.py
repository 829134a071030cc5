"""What the DashScope dialect refuses at the top level (specs/qwen.md 6 to 8, 13). All raise `Refusal`."""

from __future__ import annotations

import re
from typing import Any

from a2a.demo.catalog import words
from a2a.demo.qwen.errors import bad
from a2a.demo.qwen.history import check_hint, check_messages
from a2a.demo.qwen.models import QWEN, Plan, QwenModel
from a2a.demo.wire import Refusal

_PARAMETERS = words(
    "model messages stream stream_options tools tool_choice metadata vl_high_resolution_images max_tokens temperature "
    "top_p top_k presence_penalty frequency_penalty repetition_penalty seed stop response_format enable_thinking "
    "thinking_budget reasoning_effort preserve_thinking enable_search search_options modalities"
)
_FOR_KEYS = words("n parallel_tool_calls logprobs top_logprobs max_completion_tokens user logit_bias")
"""What only the plans with an API key take."""

_BOOLEANS = ("stream", "enable_thinking", "vl_high_resolution_images", "preserve_thinking", "enable_search")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def model_of(body: dict[str, Any], plan: Plan) -> QwenModel:
    """The model asked for, or 404."""
    name = body.get("model")
    model = QWEN.get(str(name))
    if model is None or plan not in model.plans:
        message = f"The model `{name}` does not exist or you do not have access to it."
        raise Refusal(404, message, code="model_not_found")
    return model


def check(body: dict[str, Any], plan: Plan) -> QwenModel:
    """Every rule on a chat request; the model it names."""
    model = model_of(body, plan)
    for name in body:
        if name not in _PARAMETERS and (plan == "oauth" or name not in _FOR_KEYS):
            raise bad(f"Unrecognized request argument supplied: {name}", "InvalidParameter")
    _check_scalars(body, model)
    check_messages(body.get("messages"), model)
    tools = _check_tools(body)
    _check_choice(body, tools, model)
    _check_thinking(body, model)
    _check_format(body)
    return model


def thinks(body: dict[str, Any], model: QwenModel) -> bool:
    """Whether the answer begins with reasoning."""
    if model.efforts:
        return bool(body.get("reasoning_effort", "medium") != "none")
    if not model.hybrid:
        return False
    asked = body.get("enable_thinking")
    return model.thinks if asked is None else bool(asked)


def _check_scalars(body: dict[str, Any], model: QwenModel) -> None:
    for name in _BOOLEANS:
        if not isinstance(body.get(name), bool | None):
            raise bad(f"{body[name]!r} is not of type 'boolean' - '{name}'")
    limit = body.get("max_tokens")
    if limit is not None and (not isinstance(limit, int) or not 1 <= limit <= model.max_output):
        raise bad(f"Range of max_tokens should be [1, {model.max_output}]", "InvalidParameter")
    heat = body.get("temperature")
    if heat is not None and (isinstance(heat, bool) or not isinstance(heat, int | float) or not 0 <= heat < 2):
        raise bad("'temperature' must be Float in [0.0, 2.0)", "InvalidParameter")
    share = body.get("top_p")
    if share is not None and (isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1):
        raise bad("'top_p' must be Float in (0.0, 1.0]", "InvalidParameter")
    options = body.get("stream_options")
    if options is not None and not body.get("stream"):
        raise bad("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    if options is not None and (not isinstance(options, dict) or set(options) - {"include_usage"}):
        raise bad(f"{options!r} is not valid - 'stream_options'")
    if not isinstance(body.get("metadata"), dict | None):
        raise bad(f"{body['metadata']!r} is not of type 'object' - 'metadata'")


def _check_tools(body: dict[str, Any]) -> set[str]:
    """The names of the tools."""
    tools = body.get("tools")
    if tools is None:
        return set()
    if not isinstance(tools, list) or not tools:
        raise bad("[] is too short - 'tools'")
    names: set[str] = set()
    for number, tool in enumerate(tools):
        inner = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(inner, dict):
            raise bad(f"Tools are of type function - 'tools.{number}'")
        check_hint(tool, f"tools.{number}")
        if _NAME.fullmatch(str(inner.get("name"))) is None:
            raise bad(
                f"'{inner.get('name')}' does not match '^[a-zA-Z0-9_-]{{1,64}}$' - 'tools.{number}.function.name'"
            )
        if inner["name"] in names:
            raise bad(f"Duplicate tool name '{inner['name']}'.")
        if not isinstance(inner.get("parameters", {}), dict):
            raise bad(f"{inner['parameters']!r} is not of type 'object' - 'tools.{number}.function.parameters'")
        names.add(inner["name"])
    return names


def _check_choice(body: dict[str, Any], tools: set[str], model: QwenModel) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not tools:
        raise bad("'tool_choice' is only allowed when 'tools' are specified.")
    if choice in ("auto", "none"):
        return
    if choice != "required":
        inner = choice.get("function") if isinstance(choice, dict) and choice.get("type") == "function" else None
        if not isinstance(inner, dict) or inner.get("name") not in tools:
            raise bad(f"Invalid tool_choice: {choice!r}", "InvalidParameter")
    if thinks(body, model):
        message = "The tool_choice parameter does not support being set to required or object in thinking mode"
        raise bad(message, "InvalidParameter")


def _check_thinking(body: dict[str, Any], model: QwenModel) -> None:
    effort, budget = body.get("reasoning_effort"), body.get("thinking_budget")
    if effort is not None and effort not in model.efforts:
        raise bad(f"'{effort}' is not a reasoning_effort of {model.id}.", "InvalidParameter")
    if effort is not None and budget is not None:
        raise bad("reasoning_effort and thinking_budget must not be set together.", "InvalidParameter")
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 1):
        raise bad("'thinking_budget' must be a positive integer.", "InvalidParameter")
    if model.stream_only and thinks(body, model) and not body.get("stream"):
        raise bad("parameter.enable_thinking must be set to false for non-streaming calls", "invalid_parameter_error")


def _check_format(body: dict[str, Any]) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        raise bad(f"{kind} is not one of ['text', 'json_object', 'json_schema'] - 'response_format.type'")
    if kind == "json_object" and "json" not in str(body["messages"]).lower():
        raise bad(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
    if kind == "json_schema":
        inner = wanted.get("json_schema")
        if not isinstance(inner, dict) or not inner.get("name") or not isinstance(inner.get("schema"), dict):
            raise bad("A name and a schema are required - 'response_format.json_schema'")
