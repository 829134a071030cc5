"""`additionalModelRequestFields`: the schema a model announces, and the check against it (specs/kiro.md 6.8, 8.1)."""

from __future__ import annotations

from typing import Any

from a2a.demo.catalog import KiroModel
from a2a.demo.kiro.errors import invalid


def schema_of(model: KiroModel) -> dict[str, Any] | None:
    """What ListAvailableModels says of the model; None = it takes no extra fields."""
    if not model.efforts:
        return None
    effort = {"type": "object", "properties": {"effort": {"type": "string", "enum": list(model.efforts)}}}
    if model.family == "gpt":
        return {"type": "object", "additionalProperties": False, "properties": {"reasoning": effort}}
    kinds = ["adaptive"] if model.always_thinks else ["adaptive", "disabled"]
    thinking: dict[str, Any] = {"type": {"type": "string", "enum": kinds}}
    if model.display:
        thinking["display"] = {"type": "string", "enum": ["summarized", "omitted"]}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "thinking": {"type": "object", "properties": thinking},
            "output_config": effort,
            "max_tokens": {"type": "integer", "minimum": 1024, "maximum": model.max_output},
        },
    }


def check(value: Any, model: KiroModel) -> None:
    """Raises Refusal (400 REQUEST_BODY_INVALID) for a member the schema does not have or allow."""
    schema = schema_of(model)
    if value is None:
        return
    if schema is None or not _fits(value, schema):
        message = f"additionalModelRequestFields do not match the schema of {model.id}."
        raise invalid(message, "REQUEST_BODY_INVALID")


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    if schema["type"] == "object":
        known = schema["properties"]
        return isinstance(value, dict) and all(key in known and _fits(sub, known[key]) for key, sub in value.items())
    if schema["type"] == "integer":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and schema["minimum"] <= value <= schema["maximum"]
    return value in schema["enum"]
