"""What the Responses endpoint refuses at the top level: parameters, numbers, reasoning, text format, state.

Items: `responses.items`. Tools and choice: `responses.tools`. All raise `Refusal` with OpenAI's own body.

Sources: specs/conversion.md 4.1, 6, 7, 8, 12, and the published API reference of the Responses API.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from a2a.demo.catalog import OpenAIModel, words
from a2a.demo.openai.errors import bad
from a2a.demo.openai.history import tool_name
from a2a.demo.openai.rules import model_of, strict_fault
from a2a.demo.responses import items
from a2a.demo.responses.items import Desk
from a2a.demo.responses.state import Items
from a2a.demo.responses.tools import Declared, check_choice, declared
from a2a.demo.wire import Refusal

PARAMETERS = words(
    "background client_metadata context_management conversation include input instructions max_output_tokens "
    "max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key "
    "prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options "
    "temperature text tool_choice tools top_logprobs top_p truncation user"
)
COUNTED = words(
    "conversation input instructions model parallel_tool_calls personality previous_response_id reasoning text "
    "tool_choice tools truncation"
)
"""What `/responses/input_tokens` takes."""

_INCLUDABLE = words(
    "file_search_call.results web_search_call.results web_search_call.action.sources message.input_image.image_url "
    "computer_call_output.output.image_url code_interpreter_call.outputs reasoning.encrypted_content "
    "message.output_text.logprobs"
)
ENCRYPTED = "reasoning.encrypted_content"

_BOOLEANS = ("background", "parallel_tool_calls", "store", "stream")
_RANGES: dict[str, tuple[float, float]] = {"temperature": (0, 2), "top_p": (0, 1), "top_logprobs": (0, 20)}
_LEAST_OUTPUT = 16
_MOST_METADATA = 16
_NOT_FOR_REASONING = ("temperature", "top_p", "top_logprobs")
_CHOICES: dict[str, tuple[Any, ...]] = {
    "truncation": (None, "auto", "disabled"),
    "service_tier": (None, "auto", "default", "flex", "scale", "priority", "fast", "ultrafast"),
}
_SUMMARIES = (None, "auto", "concise", "detailed")
_REASONING_FIELDS = words("context effort generate_summary mode summary")


class Checked(Struct, frozen=True, kw_only=True):
    """A request that passed. `history`: stored turns, then this request's items with references resolved."""

    model: OpenAIModel
    history: Items
    tools: list[Declared]


def check(body: dict[str, Any], desk: Desk) -> Checked:
    """Every rule on a request to create a response."""
    _check_names(body, PARAMETERS)
    model = model_of(body)
    _check_scalars(body)
    _check_for_model(body, model)
    _check_include(body, model)
    _check_stream(body)
    return _content(body, model, desk)


def check_count(body: dict[str, Any], desk: Desk) -> Checked:
    """The same rules where only the prompt matters."""
    _check_names(body, COUNTED)
    model = model_of(body)
    _check_reasoning(body, model)
    return _content(body, model, desk)


def _content(body: dict[str, Any], model: OpenAIModel, desk: Desk) -> Checked:
    tools = declared(body.get("tools"))
    check_choice(body.get("tool_choice"), tools, body.get("tools"))
    if not isinstance(body.get("instructions", ""), str | None):
        raise bad("Invalid type for 'instructions': expected a string.", "instructions", "invalid_type")
    before = _previous(body, desk)
    if body.get("input") is None and body.get("previous_response_id") is None:
        message = "One of 'input', 'previous_response_id', 'prompt' or 'conversation' must be provided."
        raise bad(message, "input", "missing_required_parameter")
    given = items.normal(body["input"]) if body.get("input") is not None else []
    if not given and not before:
        raise bad("Invalid 'input': empty array. Expected at least 1 element.", "input", "empty_array")
    history = before + items.check(given, desk)
    items.check_pairs(history)
    items.check_needs(history, desk)
    for item in given:
        if item["type"] == "additional_tools":
            tools += declared(item.get("tools"), "input.tools")
    _check_text(body.get("text"), body)
    return Checked(model=model, history=history, tools=tools)


def _check_names(body: dict[str, Any], known: frozenset[str]) -> None:
    for name in body:
        if name not in known:
            raise bad(f"Unknown parameter: '{name}'.", name, "unknown_parameter")


def _check_scalars(body: dict[str, Any]) -> None:
    for name in _BOOLEANS:
        if not isinstance(body.get(name), bool | None):
            raise bad(f"Invalid type for '{name}': expected a boolean.", name, "invalid_type")
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise bad(f"Invalid type for '{name}': expected a number.", name, "invalid_type")
        if not low <= value <= high:
            raise bad(f"Invalid '{name}': {value} is not between {low} and {high}.", name, "decimal_out_of_range")
    for name, allowed in _CHOICES.items():
        if body.get(name) not in allowed:
            raise bad(f"Invalid value: '{body[name]}'.", name, "invalid_value")
    limit = body.get("max_output_tokens")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise bad("Invalid type for 'max_output_tokens': expected an integer.", "max_output_tokens", "invalid_type")
    if limit is not None and limit < _LEAST_OUTPUT:
        message = f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {_LEAST_OUTPUT}, but "
        raise bad(message + f"got {limit} instead.", "max_output_tokens", "integer_below_min_value")
    _check_metadata(body.get("metadata"))
    if body.get("background"):
        raise bad("Background mode is not available to this project.", "background", "unsupported_value")


def _check_metadata(metadata: Any) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or any(not isinstance(value, str) for value in metadata.values()):
        raise bad("Invalid type for 'metadata': expected an object of strings.", "metadata", "invalid_type")
    if len(metadata) > _MOST_METADATA:
        raise bad("Invalid 'metadata': too many properties.", "metadata", "object_above_max_properties")


def _check_for_model(body: dict[str, Any], model: OpenAIModel) -> None:
    effort = _check_reasoning(body, model)
    if not model.reasoning or effort == "none":
        return
    for name in _NOT_FOR_REASONING:
        if body.get(name) is not None:
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise bad(message, name, "unsupported_parameter")


def _check_reasoning(body: dict[str, Any], model: OpenAIModel) -> str | None:
    """The effort asked for."""
    wanted = body.get("reasoning")
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise bad("Invalid type for 'reasoning': expected an object.", "reasoning", "invalid_type")
    if extra := set(wanted) - _REASONING_FIELDS:
        raise bad(f"Unknown parameter: 'reasoning.{min(extra)}'.", f"reasoning.{min(extra)}", "unknown_parameter")
    effort: str | None = wanted.get("effort")
    if not model.efforts:
        for name in ("effort", "summary"):
            if wanted.get(name) is not None:
                message = f"Unsupported parameter: 'reasoning.{name}' is not supported with this model."
                raise bad(message, f"reasoning.{name}", "unsupported_parameter")
    elif effort is not None and effort not in model.efforts:
        listed = ", ".join(f"'{one}'" for one in model.efforts)
        message = f"Unsupported value: '{effort}' is not supported with the '{model.id}' model. Supported values are: "
        raise bad(f"{message}{listed}.", "reasoning.effort", "unsupported_value")
    if wanted.get("summary") not in _SUMMARIES:
        message = f"Invalid value: '{wanted['summary']}'. Supported values are: 'auto', 'concise', 'detailed'."
        raise bad(message, "reasoning.summary", "invalid_value")
    return effort


def _check_include(body: dict[str, Any], model: OpenAIModel) -> None:
    wanted = body.get("include")
    if wanted is None:
        return
    if not isinstance(wanted, list):
        raise bad("Invalid type for 'include': expected an array.", "include", "invalid_type")
    for number, name in enumerate(wanted):
        if name not in _INCLUDABLE:
            raise bad(f"Invalid value: '{name}'.", f"include[{number}]", "invalid_value")
    if ENCRYPTED in wanted and not model.efforts:
        raise bad("Encrypted content is not supported with this model.", "include")


def _check_stream(body: dict[str, Any]) -> None:
    options = body.get("stream_options")
    if options is None:
        return
    if not isinstance(options, dict) or set(options) - {"include_obfuscation"}:
        raise bad("Unknown parameter: 'stream_options.include_usage'.", "stream_options", "unknown_parameter")
    if not body.get("stream"):
        raise bad("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")


def _previous(body: dict[str, Any], desk: Desk) -> Items:
    """The stored conversation that the request goes on from."""
    for name in ("conversation", "prompt"):
        if body.get(name) is not None:
            wanted = body[name].get("id") if isinstance(body[name], dict) else body[name]
            raise Refusal(404, f"{name.title()} with id '{wanted}' not found.", param=name)
    response_id = body.get("previous_response_id")
    if response_id is None:
        return []
    kept = desk.state.kept(desk.account, response_id) if isinstance(response_id, str) else None
    if kept is None:
        message = f"Previous response with id '{response_id}' not found."
        raise bad(message, "previous_response_id", "previous_response_not_found")
    return list(kept.history)


def _check_text(wanted: Any, body: dict[str, Any]) -> None:
    if wanted is None:
        return
    if not isinstance(wanted, dict) or set(wanted) - {"format", "verbosity"}:
        raise bad("Unknown parameter in 'text'.", "text", "unknown_parameter")
    if wanted.get("verbosity") not in (None, "low", "medium", "high"):
        raise bad(f"Invalid value: '{wanted['verbosity']}'.", "text.verbosity", "invalid_value")
    shape = wanted.get("format")
    kind = shape.get("type") if isinstance(shape, dict) else None
    if shape is None or kind == "text":
        return
    if kind == "json_object":
        if "json" not in str(body.get("input")).lower() + str(body.get("instructions")).lower():
            message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            raise bad(message + "'json_object'.", "input")
        return
    if kind != "json_schema":
        raise bad(f"Invalid value: '{kind}'.", "text.format.type", "invalid_value")
    _check_schema(shape)


def _check_schema(shape: dict[str, Any]) -> None:
    if "json_schema" in shape:
        raise bad("Unknown parameter: 'text.format.json_schema'.", "text.format.json_schema", "unknown_parameter")
    name, schema = tool_name(shape, "text.format"), shape.get("schema")
    if extra := set(shape) - {"type", "name", "schema", "strict", "description"}:
        raise bad(f"Unknown parameter: 'text.format.{min(extra)}'.", f"text.format.{min(extra)}", "unknown_parameter")
    if not isinstance(schema, dict):
        raise bad(
            "Missing required parameter: 'text.format.schema'.", "text.format.schema", "missing_required_parameter"
        )
    fault = strict_fault(schema) if shape.get("strict") else None
    if schema.get("type") != "object":
        fault = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{schema.get('type')}\"'."
    if fault:
        message = f"Invalid schema for response_format '{name}': {fault}"
        raise bad(message, "text.format.schema", "invalid_json_schema")
