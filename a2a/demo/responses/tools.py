"""What the Responses endpoint refuses in `tools` and `tool_choice`. All raise `Refusal`.

Tools are flat; a namespace holds function and custom tools. A function without `strict` is strict: its schema must
close every object and require every property (specs/conversion.md 6.1, 6.3).
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from a2a.demo.catalog import words
from a2a.demo.openai.errors import bad
from a2a.demo.openai.history import tool_name
from a2a.demo.openai.rules import strict_fault

_FIELDS = {
    "function": words("type name description parameters strict defer_loading allowed_callers output_schema async"),
    "custom": words("type name description format defer_loading allowed_callers async"),
    "namespace": words("type name description tools"),
}
_HOSTED = words(
    "web_search web_search_2025_08_26 web_search_preview web_search_preview_2025_03_11 file_search code_interpreter "
    "image_generation mcp computer computer_use_preview local_shell shell apply_patch tool_search"
)
"""Tools the platform runs itself: accepted, never called by the demo model."""

_SYNTAXES = ("lark", "regex")


class Declared(Struct, frozen=True, kw_only=True):
    """A tool that the client runs. `namespace`: the one it was declared in."""

    kind: str
    name: str
    namespace: str | None = None
    schema: dict[str, Any] = {}


def declared(tools: Any, at: str = "tools") -> list[Declared]:
    """Every function and custom tool, checked, those inside namespaces included."""
    if tools is None:
        return []
    if not isinstance(tools, list):
        raise bad(f"Invalid type for '{at}': expected an array of objects.", at, "invalid_type")
    found: list[Declared] = []
    for number, tool in enumerate(tools):
        found += _declared(tool, f"{at}[{number}]")
    seen: set[tuple[str | None, str]] = set()
    for one in found:
        if (one.namespace, one.name) in seen:
            raise bad(f"Duplicate tool name '{one.name}' in '{at}'.", at, "invalid_value")
        seen.add((one.namespace, one.name))
    return found


def _declared(tool: Any, at: str) -> list[Declared]:
    kind = tool.get("type") if isinstance(tool, dict) else None
    if kind in _HOSTED:
        return []
    if kind not in _FIELDS:
        listed = ", ".join(f"'{one}'" for one in sorted(_HOSTED | set(_FIELDS)))
        raise bad(f"Invalid value: '{kind}'. Supported values are: {listed}.", f"{at}.type", "invalid_value")
    name = tool_name(tool, at)
    if extra := set(tool) - _FIELDS[kind]:
        raise bad(f"Unknown parameter: '{at}.{min(extra)}'.", f"{at}.{min(extra)}", "unknown_parameter")
    if kind == "namespace":
        return _inside(tool, name, at)
    if kind == "custom":
        _check_format(tool.get("format"), f"{at}.format")
        return [Declared(kind="custom", name=name)]
    return [Declared(kind="function", name=name, schema=_schema(tool, at))]


def _inside(space: dict[str, Any], name: str, at: str) -> list[Declared]:
    """The tools of a namespace. Their schemas may be loose: without `strict` the platform falls back by itself."""
    if not isinstance(space.get("description"), str):
        raise bad(f"Missing required parameter: '{at}.description'.", f"{at}.description", "missing_required_parameter")
    inner = space.get("tools")
    if not isinstance(inner, list) or not inner:
        raise bad(f"Invalid '{at}.tools': empty array.", f"{at}.tools", "empty_array")
    found: list[Declared] = []
    for number, tool in enumerate(inner):
        where = f"{at}.tools[{number}]"
        kind = tool.get("type") if isinstance(tool, dict) else None
        if kind not in ("function", "custom"):
            message = f"Invalid value: '{kind}'. Supported values are: 'function' and 'custom'."
            raise bad(message, f"{where}.type", "invalid_value")
        loose = tool if kind == "custom" else {"strict": False, **tool}
        found += [
            Declared(kind=one.kind, name=one.name, namespace=name, schema=one.schema) for one in _declared(loose, where)
        ]
    return found


def _schema(tool: dict[str, Any], at: str) -> dict[str, Any]:
    schema = tool.get("parameters")
    if schema is None:
        return {}
    fault = None
    if not isinstance(schema, dict) or (schema and schema.get("type") != "object"):
        fault = "schema must be a JSON Schema of 'type: \"object\"'."
    elif schema and "properties" not in schema:
        fault = "In context=(), object schema missing properties."
    elif schema and tool.get("strict") is not False:
        fault = strict_fault(schema)
    if fault:
        message = f"Invalid schema for function '{tool['name']}': {fault}"
        raise bad(message, f"{at}.parameters", "invalid_function_parameters")
    return dict(schema)


def _check_format(wanted: Any, at: str) -> None:
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "text":
        return
    if kind != "grammar":
        raise bad(
            f"Invalid value: '{kind}'. Supported values are: 'text' and 'grammar'.", f"{at}.type", "invalid_value"
        )
    if wanted.get("syntax") not in _SYNTAXES or not isinstance(wanted.get("definition"), str):
        raise bad(f"Invalid '{at}': a grammar has a 'syntax' of lark or regex and a 'definition'.", at, "invalid_value")


def check_choice(choice: Any, tools: list[Declared], given: Any) -> None:
    """`tool_choice` names something that is there. `given`: the tools as the request has them."""
    if choice is None or choice in ("none", "auto"):
        return
    if choice == "required":
        if not given:
            raise bad("Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice")
        return
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind == "allowed_tools":
        if choice.get("mode") not in ("auto", "required") or not isinstance(choice.get("tools"), list):
            raise bad("Invalid value for 'tool_choice'.", "tool_choice", "invalid_value")
        for one in choice["tools"]:
            _check_chosen(one, tools, given)
        return
    _check_chosen(choice, tools, given)


def _check_chosen(choice: Any, tools: list[Declared], given: Any) -> None:
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind in ("function", "custom"):
        if not isinstance(choice.get("name"), str):
            where = "tool_choice.name"
            raise bad(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
        there = any(tool.kind == kind and tool.name == choice["name"] for tool in tools)
    elif kind in _HOSTED:
        there = any(isinstance(tool, dict) and tool.get("type") == kind for tool in given or ())
    else:
        raise bad("Invalid value for 'tool_choice'.", "tool_choice", "invalid_value")
    if not there:
        raise bad(f"Tool choice '{choice.get('name', kind)}' not found in 'tools' parameter.", "tool_choice")
