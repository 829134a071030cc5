"""What the Messages API refuses at the top level: version, limits, sampling, thinking, tools, cache hints.

Messages and blocks: `claude.history`. Sources: specs/clients.md, specs/conversion.md 4.1, 6, 7.1, 8.2, 11.1.
All raise `Refusal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from a2a.demo.catalog import CLAUDE, CLAUDE_ALIASES, ClaudeModel, words
from a2a.demo.claude.errors import bad
from a2a.demo.claude.history import check_messages
from a2a.demo.wire import Refusal

VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")
NO_SAMPLING_SINCE = "2026-10-21"
_SAMPLING = ("temperature", "top_p", "top_k")

FIELDS = words(
    "model max_tokens messages system tools tool_choice thinking stream temperature top_p top_k stop_sequences "
    "metadata service_tier container mcp_servers context_management output_config output_format cache_control "
    "inference_geo speed diagnostics fallbacks task_budget user_profile_id workspace_id"
)
_COUNT_FIELDS = FIELDS - {"max_tokens", "stream", "stop_sequences", "metadata", "temperature", "top_p", "top_k"}

_TOOL_FIELDS = words(
    "name description input_schema type cache_control strict defer_loading eager_input_streaming input_examples "
    "allowed_callers"
)
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MOST_CACHE_HINTS = 4
_LEAST_BUDGET = 1024


def check_version(headers: Any) -> str:
    """The API version of the request; it is required and must be known."""
    version = headers.get("anthropic-version")
    if not version:
        raise bad("anthropic-version: header is required")
    if version not in VERSIONS:
        raise bad(f'anthropic-version: "{version}" is not a valid version')
    return str(version)


def check(body: dict[str, Any], version: str, betas: str) -> ClaudeModel:
    """Every rule on a Messages request; the model it names."""
    _check_fields(body, FIELDS)
    model = model_of(body)
    _check_limits(body, model)
    _check_sampling(body, model, version)
    check_prompt(body, model, version)
    _check_thinking(body, model)
    _check_output(body, model, version, betas)
    return model


def check_count(body: dict[str, Any], version: str) -> ClaudeModel:
    """The rules of count_tokens: those of a request without its limits."""
    _check_fields(body, _COUNT_FIELDS)
    model = model_of(body)
    check_prompt(body, model, version)
    return model


def check_prompt(body: dict[str, Any], model: ClaudeModel, version: str) -> None:
    """System, tools, choice, cache hints and messages."""
    _check_system(body.get("system"))
    names = _check_tools(body.get("tools"))
    _check_choice(body, names)
    _check_cache_hints(body)
    check_messages(body, model, version)


def model_of(body: dict[str, Any]) -> ClaudeModel:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise bad("model: Field required")
    model = CLAUDE.get(CLAUDE_ALIASES.get(name, name))
    if model is None:
        raise Refusal(404, f"model: {name}")
    return model


def _check_fields(body: dict[str, Any], known: frozenset[str]) -> None:
    for name in body:
        if name not in known:
            raise bad(f"{name}: Extra inputs are not permitted")


def _check_limits(body: dict[str, Any], model: ClaudeModel) -> None:
    limit = body.get("max_tokens")
    if limit is None:
        raise bad("max_tokens: Field required")
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise bad("max_tokens: Input should be a valid integer")
    if limit < 0:
        raise bad("max_tokens: Input should be greater than or equal to 0")
    if limit > model.max_output:
        raise bad(
            f"max_tokens: {limit} > {model.max_output}, which is the maximum allowed number of output "
            f"tokens for {model.id}"
        )
    stops = body.get("stop_sequences")
    if stops is not None and not isinstance(stops, list):
        raise bad("stop_sequences: Input should be a valid list")
    if any(not isinstance(stop, str) or not stop.strip() for stop in stops or ()):
        raise bad("stop_sequences: each stop sequence must contain non-whitespace")
    metadata = body.get("metadata") or {}
    if extra := set(metadata) - {"user_id"}:
        raise bad(f"metadata.{min(extra)}: Extra inputs are not permitted")


def _check_sampling(body: dict[str, Any], model: ClaudeModel, version: str) -> None:
    for name in _SAMPLING:
        value = body.get(name)
        if value is None:
            continue
        if version >= NO_SAMPLING_SINCE:
            raise bad(f"{name}: not supported in API version {version}")
        if not model.sampling:
            raise bad(f"{name}: not supported by {model.id}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise bad(f"{name}: Input should be a valid number")
        if name != "top_k" and not 0 <= value <= 1:
            raise bad(f"{name}: range: 0..1")


def _check_thinking(body: dict[str, Any], model: ClaudeModel) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in ("enabled", "disabled", "adaptive", "between_tools"):
        raise bad(
            "thinking: Input tag found does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'"
        )
    if kind == "enabled":
        _check_budget(thinking, body, model)
    if kind == "adaptive" and not model.adaptive:
        raise bad("adaptive thinking is not supported on this model")
    if kind in ("disabled", "between_tools"):
        return
    if thinking.get("display", "summarized") not in ("summarized", "omitted"):
        raise bad("thinking.display: Input should be 'summarized' or 'omitted'")
    if body.get("temperature") not in (None, 1):
        raise bad("`temperature` may only be set to 1 when thinking is enabled.")
    if body.get("top_k") is not None:
        raise bad("`top_k` must be unset when thinking is enabled.")
    if kind == "enabled" and (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise bad("Thinking may not be enabled when tool_choice forces tool use.")


def _check_budget(thinking: dict[str, Any], body: dict[str, Any], model: ClaudeModel) -> None:
    if not model.budget:
        raise bad(f'"thinking.type.enabled" is not supported for {model.id}. Use "thinking.type.adaptive".')
    budget = thinking.get("budget_tokens")
    if isinstance(budget, bool) or not isinstance(budget, int):
        raise bad("thinking.enabled.budget_tokens: Field required")
    if budget < _LEAST_BUDGET:
        raise bad(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {_LEAST_BUDGET}")
    if budget >= body["max_tokens"]:
        raise bad("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_output(body: dict[str, Any], model: ClaudeModel, version: str, betas: str) -> None:
    config = body.get("output_config") or {}
    if extra := set(config) - {"effort", "format", "task_budget"}:
        raise bad(f"output_config.{min(extra)}: Extra inputs are not permitted")
    effort = config.get("effort")
    if effort is not None and effort not in model.efforts:
        raise bad(f"output_config.effort: {effort!r} is not supported by {model.id}")
    wanted = config.get("format") or body.get("output_format")
    if wanted is None:
        return
    if version < NO_SAMPLING_SINCE and "structured-outputs" not in betas:
        raise bad("output_config.format: Extra inputs are not permitted")
    if (
        not isinstance(wanted, dict)
        or wanted.get("type") != "json_schema"
        or not isinstance(wanted.get("schema"), dict)
    ):
        raise bad("output_config.format: Input should be a JSON schema format")
    _check_closed(wanted["schema"])


def _check_closed(schema: Any) -> None:
    """Structured output asks that every object says `additionalProperties: false`."""
    if isinstance(schema, list):
        for one in schema:
            _check_closed(one)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise bad("output_format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false")
    for sub in (schema.get("properties") or {}).values():
        _check_closed(sub)
    for key in ("items", "anyOf", "allOf"):
        _check_closed(schema.get(key))


def _check_system(system: Any) -> None:
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        raise bad("system: Input should be a valid string or list of text blocks")
    for number, block in enumerate(system):
        if not isinstance(block, dict) or block.get("type") != "text" or not isinstance(block.get("text"), str):
            raise bad(f"system.{number}.type: Input should be 'text'")
        if not block["text"]:
            raise bad("system: text content blocks must be non-empty")


def _check_tools(tools: Any) -> set[str]:
    """The names of the tools."""
    if tools is None:
        return set()
    if not isinstance(tools, list):
        raise bad("tools: Input should be a valid list")
    names: set[str] = set()
    for number, tool in enumerate(tools):
        name = tool.get("name") if isinstance(tool, dict) else None
        if tool.get("type") in (None, "custom"):
            _check_tool(tool, f"tools.{number}.custom")
        if name in names:
            raise bad("tools: Tool names must be unique.")
        names.add(str(name))
    return names


def _check_tool(tool: dict[str, Any], at: str) -> None:
    if extra := set(tool) - _TOOL_FIELDS:
        raise bad(f"{at}.{min(extra)}: Extra inputs are not permitted")
    name = tool.get("name")
    if not isinstance(name, str) or _TOOL_NAME.fullmatch(name) is None:
        raise bad(f"{at}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
    if not isinstance(tool.get("description", ""), str):
        raise bad(f"{at}.description: Input should be a valid string")
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        raise bad(f"{at}.input_schema: Field required")
    if schema.get("type") != "object":
        raise bad(f"{at}.input_schema.type: Input should be 'object'")
    if {"anyOf", "oneOf", "allOf"} & set(schema):
        raise bad(f"{at}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level")


def _check_choice(body: dict[str, Any], names: set[str]) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        raise bad("tool_choice: Input tag does not match any of the expected tags: 'any', 'auto', 'none', 'tool'")
    if not names:
        raise bad("tool_choice: tool_choice may only be specified while providing tools")
    if kind == "tool" and choice.get("name") not in names:
        raise bad(f"Tool '{choice.get('name')}' not found in provided tools")
    allowed = {"type", "name"} if kind == "tool" else {"type"}
    allowed |= set() if kind == "none" else {"disable_parallel_tool_use"}
    if extra := set(choice) - allowed:
        raise bad(f"tool_choice.{kind}.{min(extra)}: Extra inputs are not permitted")


def _check_cache_hints(body: dict[str, Any]) -> None:
    hints = list(_cache_hints(body))
    if len(hints) > _MOST_CACHE_HINTS:
        raise bad(f"A maximum of {_MOST_CACHE_HINTS} blocks with cache_control may be provided. Found {len(hints)}.")
    short = False
    for hint in hints:
        if not isinstance(hint, dict) or hint.get("type") != "ephemeral":
            raise bad("cache_control: Input should be {'type': 'ephemeral'}")
        ttl = hint.get("ttl") or "5m"
        if ttl not in ("5m", "1h"):
            raise bad("cache_control.ephemeral.ttl: Input should be '5m' or '1h'")
        if ttl == "1h" and short:
            raise bad("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")
        short = short or ttl == "5m"


def _cache_hints(body: dict[str, Any]) -> Iterator[Any]:
    """The hints in the order in which the prompt is read: tools, system, messages."""
    groups: list[Any] = [body.get("tools"), body.get("system")]
    groups += [message.get("content") for message in body.get("messages") or () if isinstance(message, dict)]
    for group in groups:
        for block in group if isinstance(group, list) else ():
            if isinstance(block, dict):
                if block.get("cache_control") is not None:
                    yield block["cache_control"]
                inner = block.get("content")
                for part in inner if isinstance(inner, list) else ():
                    if isinstance(part, dict) and part.get("cache_control") is not None:
                        yield part["cache_control"]
