"""What the OpenAI chat endpoint refuses at the top level: parameters, tools, choice, format.

Messages and their parts: `openai.history`. All raise `Refusal` with OpenAI's own body.

Sources: specs/conversion.md 4.1, 5, 6, 8, 10.1, 11.1, and the published API reference of chat completions.
"""

from __future__ import annotations

from typing import Any

from a2a.demo.catalog import OPENAI, OpenAIModel, words
from a2a.demo.openai.errors import bad
from a2a.demo.openai.history import check_messages, tool_name
from a2a.demo.wire import Refusal

PARAMETERS = words(
    "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages "
    "metadata modalities model n parallel_tool_calls prediction presence_penalty prompt_cache_key "
    "prompt_cache_retention prompt_cache_options reasoning_effort response_format safety_identifier seed service_tier "
    "stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity "
    "web_search_options moderation"
)

_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "top_logprobs": (0, 20),
    "n": (1, 128),
}

_SAMPLING_DEFAULTS: dict[str, object] = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
_NOT_FOR_REASONING = ("logprobs", "top_logprobs", "logit_bias")


def model_of(body: dict[str, Any]) -> OpenAIModel:
    """The model asked for, or 404."""
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise bad("you must provide a model parameter")
    model = OPENAI.get(name)
    if model is None or model.embeds:
        message = f"The model `{name}` does not exist or you do not have access to it."
        raise Refusal(404, message, type="invalid_request_error", code="model_not_found")
    return model


def check(body: dict[str, Any]) -> OpenAIModel:
    """Every rule on a chat request; the model it names."""
    model = model_of(body)
    for name in body:
        if name not in PARAMETERS and name not in model.extra_fields:
            raise bad(f"Unrecognized request argument supplied: {name}")
    _check_numbers(body)
    _check_for_model(body, model)
    _check_stream(body)
    tools = _check_tools(body)
    _check_choice(body, tools)
    check_messages(body.get("messages"))
    _check_format(body)
    return model


def _check_numbers(body: dict[str, Any]) -> None:
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise bad(f"Invalid type for '{name}': expected a number.", name, "invalid_type")
        if not low <= value <= high:
            raise bad(f"Invalid '{name}': {value} is not between {low} and {high}.", name, "decimal_out_of_range")
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise bad(f"Invalid '{name}': expected an integer above 0.", name, "integer_below_min_value")
    stop = body.get("stop")
    if isinstance(stop, list) and len(stop) > 4:
        raise bad("Invalid 'stop': at most 4 sequences are allowed.", "stop", "array_above_max_length")


def _check_for_model(body: dict[str, Any], model: OpenAIModel) -> None:
    effort = body.get("reasoning_effort")
    if effort is not None and not model.efforts:
        raise bad("Unrecognized request argument supplied: reasoning_effort")
    if effort is not None and effort not in model.efforts:
        listed = ", ".join(f"'{one}'" for one in model.efforts)
        message = f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. Use {listed}."
        raise bad(message, "reasoning_effort", "unsupported_value")
    if not model.reasoning:
        return
    if body.get("max_tokens") is not None:
        message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        raise bad(message, "max_tokens", "unsupported_parameter")
    if effort == "none":
        return
    for name, only in _SAMPLING_DEFAULTS.items():
        if body.get(name) is not None and body[name] != only:
            message = f"Unsupported value: '{name}' does not support {body[name]} with this model. Only {only} is."
            raise bad(message, name, "unsupported_value")
    for name in _NOT_FOR_REASONING:
        if body.get(name):
            raise bad(
                f"Unsupported parameter: '{name}' is not supported with this model.", name, "unsupported_parameter"
            )


def _check_stream(body: dict[str, Any]) -> None:
    options = body.get("stream_options")
    if options is None:
        return
    if not isinstance(options, dict) or set(options) - {"include_usage", "include_obfuscation"}:
        raise bad("Invalid type for 'stream_options': expected an object.", "stream_options", "invalid_type")
    if not body.get("stream"):
        raise bad("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")


def _check_tools(body: dict[str, Any]) -> dict[str, str]:
    """Name -> kind of each tool."""
    tools = body.get("tools")
    if tools is None:
        return {}
    if not isinstance(tools, list) or not tools:
        raise bad("Invalid 'tools': expected an array with at least one element.", "tools", "empty_array")
    known: dict[str, str] = {}
    for number, tool in enumerate(tools):
        at = f"tools[{number}]"
        kind = tool.get("type") if isinstance(tool, dict) else None
        if kind not in ("function", "custom"):
            raise bad(f"Invalid value: '{kind}'. Supported values are: 'function' and 'custom'.", f"{at}.type")
        inner = tool.get(kind)
        if not isinstance(inner, dict):
            raise bad(f"Missing required parameter: '{at}.{kind}'.", f"{at}.{kind}", "missing_required_parameter")
        known[tool_name(inner, f"{at}.{kind}")] = kind
        if kind == "function":
            _check_function(inner, f"{at}.function")
    return known


def _check_function(inner: dict[str, Any], at: str) -> None:
    extra = set(inner) - {"name", "description", "parameters", "strict"}
    if extra:
        raise bad(f"Unknown parameter: '{at}.{min(extra)}'.", f"{at}.{min(extra)}", "unknown_parameter")
    schema = inner.get("parameters")
    if schema is None:
        return
    if not isinstance(schema, dict) or (schema and schema.get("type") != "object"):
        message = f"Invalid schema for function '{inner['name']}': schema must be of type 'object'."
        raise bad(message, f"{at}.parameters", "invalid_function_parameters")
    if schema and "properties" not in schema:
        message = f"Invalid schema for function '{inner['name']}': object schema missing properties."
        raise bad(message, f"{at}.parameters", "invalid_function_parameters")
    if inner.get("strict") and (fault := strict_fault(schema)):
        message = f"Invalid schema for function '{inner['name']}': {fault}"
        raise bad(message, f"{at}.parameters", "invalid_function_parameters")


def strict_fault(schema: Any, at: str = "()") -> str | None:
    """Why a schema cannot be used with `strict`: every object closed, every property required."""
    if isinstance(schema, list):
        return next((fault for one in schema if (fault := strict_fault(one, at))), None)
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        if schema.get("additionalProperties") is not False:
            return f"In context={at}, 'additionalProperties' is required to be supplied and to be false."
        missing = set(properties or {}) - set(schema.get("required") or [])
        if missing:
            return f"In context={at}, 'required' must include every key in properties. Missing '{min(missing)}'."
        for name, sub in (properties or {}).items():
            if fault := strict_fault(sub, f"{at}.{name}"):
                return fault
    for key in ("items", "anyOf", "oneOf"):
        if fault := strict_fault(schema.get(key), at):
            return fault
    return "'oneOf' is not permitted." if "oneOf" in schema else None


def _check_choice(body: dict[str, Any], tools: dict[str, str]) -> None:
    for name in ("tool_choice", "parallel_tool_calls"):
        if body.get(name) is not None and not tools:
            raise bad(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", name)
    choice = body.get("tool_choice")
    if choice is None or choice in ("none", "auto", "required"):
        return
    if not isinstance(choice, dict) or choice.get("type") not in ("function", "custom", "allowed_tools"):
        raise bad("Invalid value for 'tool_choice'.", "tool_choice", "invalid_value")
    kind = choice["type"]
    wanted = choice.get("allowed_tools", {}).get("tools", []) if kind == "allowed_tools" else [choice]
    for one in wanted:
        inner = one.get(one.get("type"))
        wanted_name = inner.get("name") if isinstance(inner, dict) else None
        if wanted_name not in tools:
            raise bad(f"Invalid value for 'tool_choice': no tool named '{wanted_name}' in 'tools'.", "tool_choice")


def _check_format(body: dict[str, Any]) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        if "json" not in str(body["messages"]).lower():
            message = (
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
            )
            raise bad(message, "messages")
        return
    if kind == "text":
        return
    inner = wanted.get("json_schema") if kind == "json_schema" else None
    if not isinstance(inner, dict):
        raise bad("Invalid value for 'response_format'.", "response_format", "invalid_value")
    tool_name(inner, "response_format.json_schema")
    schema = inner.get("schema")
    fault = strict_fault(schema) if inner.get("strict") else None
    if not isinstance(schema, dict) or fault:
        message = f"Invalid schema for response_format '{inner['name']}': {fault or 'schema must be an object.'}"
        raise bad(message, "response_format")
