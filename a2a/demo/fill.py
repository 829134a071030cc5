"""An instance of a JSON schema, filled from a prompt where the property's name suggests what belongs there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from a2a.demo import prompt as read

_DEEPEST = 8

_FORMATS = {
    "date": "2026-11-22",
    "date-time": "2026-11-22T09:15:30Z",
    "time": "09:15:30Z",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "6f1b0c1e-8a52-4f0e-9d3c-2f5a7c9e1b44",
    "ipv4": "127.0.0.1",
    "hostname": "example.com",
}


class Prompt(Struct, frozen=True):
    """What the arguments are made from. `turn`: the how-manieth call this is, so that each takes its own item."""

    text: str
    turn: int = 0

    def pick(self, values: list[str]) -> str | None:
        """The item of this call; the last one when there are too few."""
        return values[min(self.turn, len(values) - 1)] if values else None


def _first_quote(prompt: Prompt) -> str | None:
    return prompt.pick(read.quoted(prompt.text))


_HINTS: tuple[tuple[re.Pattern[str], Callable[[Prompt], str | None]], ...] = (
    (re.compile(r"url|uri|href|link"), lambda p: p.pick(read.urls(p.text))),
    (re.compile(r"path|file|folder|directory|^dir$"), lambda p: p.pick(read.paths(p.text))),
    (re.compile(r"city|cities|location|place|town|country|destination"), lambda p: p.pick(read.places(p.text))),
    (re.compile(r"command|cmd|script"), lambda p: read.command(p.text)),
    (re.compile(r"query|search|keyword|pattern|topic|term|^q$"), lambda p: read.topic(p.text)),
    (re.compile(r"description|reason|purpose|explanation|justification"), lambda _: "Asked for by the user."),
    (re.compile(r"prompt|message|text|content|input|body|note|title|question"), _first_quote),
)
"""Property name (lower case) -> where its value stands in the prompt. The first pattern that matches decides."""


def instance(schema: dict[str, Any], text: str, turn: int = 0) -> Any:
    """A value that the schema accepts."""
    return _value(schema, "", Prompt(text, turn), schema, 0)


def wants_items(schema: dict[str, Any], text: str) -> int:
    """How many different things of the kind this tool takes the prompt names: two cities, three files."""
    counts = [1]
    for name, sub in _properties(schema).items():
        if "string" not in _types(_resolve(sub, schema)):
            continue
        lowered = name.lower()
        if re.search(r"path|file", lowered):
            counts.append(len(read.paths(text)))
        elif re.search(r"city|location|place|town", lowered):
            counts.append(len(read.places(text)))
    return max(counts)


def _value(schema: Any, name: str, prompt: Prompt, root: dict[str, Any], depth: int) -> Any:
    node = _resolve(schema, root)
    if "const" in node:
        return node["const"]
    if node.get("enum"):
        return _from_enum(node["enum"], prompt.text)
    kinds = _types(node)
    for kind in kinds:
        if kind in _MAKERS:
            return _MAKERS[kind](node, name, prompt, root, depth)
    return None if kinds == ["null"] else _string(node, name, prompt, root, depth)


def _from_enum(values: list[Any], text: str) -> Any:
    """The value that the prompt mentions, else the first."""
    lowered = text.lower()
    for value in values:
        if isinstance(value, str) and value and re.search(rf"\b{re.escape(value.lower())}\b", lowered):
            return value
    return values[0]


def _object(node: dict[str, Any], name: str, prompt: Prompt, root: dict[str, Any], depth: int) -> dict[str, Any]:
    required = set(node.get("required") or ())
    made: dict[str, Any] = {}
    for key, sub in _properties(node).items():
        if depth >= _DEEPEST and key not in required:
            continue
        if key in required or _suggested(key, _resolve(sub, root), prompt):
            made[key] = _value(sub, key, prompt, root, depth + 1)
    for key in required - made.keys():
        made[key] = "demo"
    return made


def _suggested(key: str, node: dict[str, Any], prompt: Prompt) -> bool:
    """Whether the prompt speaks of an optional property."""
    kinds = _types(node)
    if "string" in kinds:
        lowered = key.lower()
        if node.get("enum"):
            return any(isinstance(value, str) and value and value in prompt.text for value in node["enum"])
        if re.search(r"city|location|place|path|url", lowered):
            return _hint(lowered, prompt) is not None
        return False
    return bool({"integer", "number"} & set(kinds)) and read.number_near(prompt.text, key) is not None


def _array(node: dict[str, Any], name: str, prompt: Prompt, root: dict[str, Any], depth: int) -> list[Any]:
    item = node.get("items") or {}
    if depth >= _DEEPEST and not node.get("minItems"):
        return []
    least = max(1, int(node.get("minItems") or 0))
    if re.search(r"cities|locations|places", name.lower()) and (known := read.places(prompt.text)):
        return known if len(known) >= least else known + known[:1] * (least - len(known))
    return [_value(item, name, prompt, root, depth + 1) for _ in range(least)]


def _string(node: dict[str, Any], name: str, prompt: Prompt, root: dict[str, Any], depth: int) -> str:
    if node.get("format") in _FORMATS:
        return _FORMATS[node["format"]]
    if isinstance(node.get("default"), str):
        return str(node["default"])
    text = _hint(name.lower(), prompt) or _first_quote(prompt) or (prompt.text[:200] if name else "") or "demo"
    text = text.ljust(int(node.get("minLength") or 0), ".")
    return text[: int(node.get("maxLength") or len(text))]


def _hint(name: str, prompt: Prompt) -> str | None:
    for pattern, find in _HINTS:
        if pattern.search(name):
            return find(prompt)
    return None


def _number(node: dict[str, Any], name: str, prompt: Prompt, root: dict[str, Any], depth: int) -> int | float:
    found = read.number_near(prompt.text, name) if name else None
    if found is None:
        default = node.get("default")
        known = read.numbers(prompt.text)
        found = str(default) if isinstance(default, int | float) else (known[0] if known else "1")
    value = float(found)
    low, high = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum", node.get("exclusiveMaximum"))
    if isinstance(low, int | float) and value < low:
        value = low + (1 if "minimum" not in node else 0)
    if isinstance(high, int | float) and value > high:
        value = high - (1 if "maximum" not in node else 0)
    return int(value) if "integer" in _types(node) or float(value).is_integer() else value


def _boolean(node: dict[str, Any], name: str, prompt: Prompt, root: dict[str, Any], depth: int) -> bool:
    return bool(node.get("default", False))


_MAKERS: dict[str, Callable[[dict[str, Any], str, Prompt, dict[str, Any], int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
}


def _properties(node: dict[str, Any]) -> dict[str, Any]:
    known = node.get("properties")
    return known if isinstance(known, dict) else {}


def _types(node: dict[str, Any]) -> list[str]:
    """The allowed types, the useful ones before `null`; guessed where a schema does not say."""
    named = node.get("type")
    kinds = [named] if isinstance(named, str) else list(named) if isinstance(named, list) else []
    if not kinds:
        kinds = ["object"] if _properties(node) else ["array"] if "items" in node else ["string"]
    return sorted((kind.lower() for kind in kinds), key=lambda kind: kind == "null")


def _resolve(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """The schema without `$ref`, unions (first branch that is not null) and `allOf` (merged)."""
    node: dict[str, Any] = schema if isinstance(schema, dict) else {}
    for _ in range(_DEEPEST):
        target = node.get("$ref")
        union = node.get("anyOf") or node.get("oneOf")
        if isinstance(target, str) and target.startswith("#/"):
            node = _at(root, target) | {key: value for key, value in node.items() if key != "$ref"}
        elif union:
            rest = {key: value for key, value in node.items() if key not in ("anyOf", "oneOf")}
            branch = next((one for one in union if isinstance(one, dict) and one.get("type") != "null"), {})
            node = _merged(rest, branch)
        elif node.get("allOf"):
            parts, node = node["allOf"], {key: value for key, value in node.items() if key != "allOf"}
            for part in parts:
                node = _merged(node, _resolve(part, root))
        else:
            break
    return node


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = one | other
    if "properties" in one and "properties" in other:
        both["properties"] = one["properties"] | other["properties"]
    if "required" in one and "required" in other:
        both["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    return both


def _at(root: dict[str, Any], pointer: str) -> dict[str, Any]:
    node: Any = root
    for step in pointer[2:].split("/"):
        node = node.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def as_text(value: Any) -> str:
    """Arguments as JSON text, characters unescaped."""
    return json.dumps(value, ensure_ascii=False)
