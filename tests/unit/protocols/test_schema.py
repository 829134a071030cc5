"""schema: cleaned for each target, with knowledge of position, and never changed in place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw

from a2a.errors import RequestError
from a2a.protocols.schema import (
    for_claude,
    for_claude_answer,
    for_gemini_json,
    for_gemini_openapi,
    for_kiro,
    from_gemini,
    object_schema,
)

Clean = Callable[[Raw | None], Raw]
ALL: list[Clean] = [object_schema, for_claude, for_kiro, for_gemini_json, for_gemini_openapi]
EMPTY = {"type": "object", "properties": {}}
RECURSIVE = {
    "type": "object",
    "properties": {"tree": {"$ref": "#/$defs/Node"}},
    "$defs": {"Node": {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}}},
}


def raw(value: object) -> Raw:
    return Raw(json.dumps(value).encode())


def run(clean: Callable[..., Raw], schema: object, **options: Any) -> Any:
    return json.loads(bytes(clean(raw(schema), **options)))


def prop(clean: Callable[..., Raw], schema: object, **options: Any) -> Any:
    """The cleaned form of one property."""
    return run(clean, {"type": "object", "properties": {"p": schema}}, **options)["properties"]["p"]


def test_golden_gemini(vectors: dict[str, Any]) -> None:
    case = vectors["edges"]["schema"]
    assert run(for_gemini_json, case["in"]) == case["gemini_json"]
    assert run(for_gemini_openapi, case["in"]) == case["gemini_openapi"]


def test_golden_root_union(vectors: dict[str, Any]) -> None:
    case = vectors["edges"]["schema_root_union"]
    assert run(for_claude, case["in"]) == case["claude"]


def test_golden_empty(vectors: dict[str, Any]) -> None:
    assert json.loads(bytes(object_schema(None))) == vectors["edges"]["schema_empty"]["all"]


@pytest.mark.parametrize("clean", ALL[:-1])
@pytest.mark.parametrize("schema", [None, b"{}", b"true", b"[]", b'"x"', b'{"type": ["object", "null"]}'])
def test_the_root_is_always_an_object(clean: Clean, schema: bytes | None) -> None:
    assert json.loads(bytes(clean(None if schema is None else Raw(schema)))) == EMPTY


def test_a_sound_schema_leaves_as_its_own_bytes() -> None:
    schema = Raw(b'{"type":"object", "properties" : {"n": {"type":"number","default":1.50}},"required":["n"]}')
    assert bytes(object_schema(schema)) == bytes(schema)
    assert bytes(for_claude(schema)) == bytes(schema)


@pytest.mark.parametrize("clean", ALL)
def test_keyword_names_are_legal_property_names(clean: Clean) -> None:
    names = ["title", "format", "const", "default", "$ref", "required", "anyOf", "properties", "nullable", "items"]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    cleaned = run(clean, schema)
    assert list(cleaned["properties"]) == names
    assert cleaned["required"] == names


@pytest.mark.parametrize("clean", ALL)
def test_values_are_data(clean: Clean) -> None:
    schema = {"type": "string", "enum": ["title", "$ref", "oneOf"]}
    assert prop(clean, schema)["enum"] == schema["enum"]


def test_boolean_required_moves_to_the_parent() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "required": True}, "b": {"required": False}}}
    cleaned = run(object_schema, schema)
    assert cleaned == {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}


def test_unknown_required_names_go() -> None:
    assert run(object_schema, {"properties": {"a": {}}, "required": ["a", "z", 1]})["required"] == ["a"]
    assert "required" not in run(object_schema, {"type": "object", "required": ["z"]})


def test_required_of_a_branch_may_name_properties_of_its_parent() -> None:
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    assert run(object_schema, schema) == schema
    assert run(for_claude, schema)["description"] == "(exactly one group: a | b)"


def test_malformed_maps_are_dropped() -> None:
    assert run(object_schema, {"type": "object", "properties": None, "$defs": [], "required": "a"}) == EMPTY


def test_all_of_at_the_root_adds_up() -> None:
    schema = {
        "allOf": [{"$ref": "#/$defs/Base"}, {"properties": {"b": {"type": "integer"}}, "required": ["b"]}],
        "$defs": {"Base": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}},
    }
    cleaned = run(for_claude, schema)
    assert cleaned["properties"] == {"a": {"type": "string"}, "b": {"type": "integer"}}
    assert cleaned["required"] == ["a", "b"]
    assert "allOf" not in cleaned


def test_a_property_that_differs_between_branches_keeps_both_forms() -> None:
    one, two = ({"properties": {"kind": {"const": word}, word: {}}, "required": ["kind", word]} for word in "ab")
    cleaned = run(for_claude, {"type": "object", "oneOf": [one, two]})
    assert cleaned["properties"]["kind"] == {"anyOf": [{"const": "a"}, {"const": "b"}]}
    assert cleaned["required"] == ["kind"]
    assert cleaned["description"] == "(exactly one group: a | b)"


def test_claude_keeps_unions_below_the_root() -> None:
    schema = {"anyOf": [{"type": "string"}, {"type": "null"}], "pattern": "x"}
    assert prop(for_claude, schema) == schema


@pytest.mark.parametrize("clean", [for_kiro, for_gemini_openapi])
def test_recursion_ends_in_a_plain_object(clean: Clean) -> None:
    cleaned = run(clean, RECURSIVE)
    inner = cleaned["properties"]["tree"]["properties"]["kids"]["items"]
    assert inner["description"].startswith("($ref: #/$defs/Node)")
    assert "$defs" not in cleaned


def test_claude_survives_a_root_that_refers_to_itself() -> None:
    assert run(for_claude, {"$ref": "#"}) == EMPTY


def test_many_references_do_not_explode() -> None:
    definitions = {f"D{n}": {"properties": {k: {"$ref": f"#/$defs/D{n + 1}"} for k in "abc"}} for n in range(20)}
    assert len(bytes(for_kiro(raw({"$ref": "#/$defs/D0", "$defs": definitions})))) < 100_000


def test_kiro_gentle() -> None:
    schema = {
        "$schema": "x",
        "type": "object",
        "additionalProperties": False,
        "required": [],
        "properties": {
            "n": {"type": ["null", "integer"], "format": "int32"},
            "c": {"const": 1},
            "o": {"type": "object", "additionalProperties": True, "properties": {}, "required": []},
        },
    }
    assert run(for_kiro, schema) == {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "format": "int32"},
            "c": {"enum": [1], "type": "integer"},
            "o": {"type": "object", "properties": {}},
        },
    }


def test_kiro_strict_keeps_only_the_plain_keywords() -> None:
    schema = {
        "type": "string",
        "format": "uri",
        "pattern": "x",
        "title": "T",
        "x-y": 1,
        "description": "d",
        "default": "",
    }
    assert prop(for_kiro, schema, strict=True) == {"type": "string", "description": "d"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            {"type": "string", "description": "d", "pattern": "^x$"},
            {"type": "string", "description": "d (pattern: ^x$)"},
        ),
        ({"not": {"type": "null"}}, {"description": '(not: {"type":"null"})'}),
        ({"const": 1.5}, {"enum": [1.5], "type": "number"}),
        ({"type": "array", "items": [{"type": "string"}]}, {"type": "array", "prefixItems": [{"type": "string"}]}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "object", "patternProperties": {"x": {}}, "if": {}, "x-go": 1}, {"type": "object"}),
        (True, {}),
        (
            {"$ref": "#/definitions/P", "description": "d"},
            {"anyOf": [{"$ref": "#/$defs/P"}], "description": "d"},
        ),
        (
            {"allOf": [{"$ref": "#/definitions/P"}]},
            {"$ref": "#/$defs/P"},
        ),
        (
            {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {"format": "uri"}}}], "type": "object"},
            {"type": "object", "properties": {"a": {}, "b": {"description": "(format: uri)"}}},
        ),
    ],
)
def test_gemini_json(schema: object, expected: object) -> None:
    assert prop(for_gemini_json, schema) == expected


def test_gemini_json_calls_definitions_by_their_new_name() -> None:
    schema = {"properties": {"p": {"$ref": "#/definitions/P"}}, "definitions": {"P": {"title": "P", "type": "string"}}}
    assert run(for_gemini_json, schema) == {
        "type": "object",
        "properties": {"p": {"$ref": "#/$defs/P"}},
        "$defs": {"P": {"type": "string"}},
    }


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (
            {"type": ["string", "integer", "null"]},
            {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}], "nullable": True},
        ),
        ({"oneOf": [{"type": "string"}, {"type": "number"}]}, {"anyOf": [{"type": "STRING"}, {"type": "NUMBER"}]}),
        ({"type": "string", "enum": ["a", 1, None]}, {"type": "STRING", "enum": ["a", "1"]}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "INTEGER", "description": "(enum: [1,2])"}),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"description": "(type: object)"}),
        ({"type": "array"}, {"type": "ARRAY", "items": {}}),
        ({"anyOf": [{"type": "null"}]}, {"nullable": True}),
    ],
)
def test_gemini_openapi(schema: object, expected: object) -> None:
    assert prop(for_gemini_openapi, schema) == expected


@pytest.mark.parametrize(("clean", "word"), [(for_gemini_json, "array"), (for_gemini_openapi, "ARRAY")])
def test_the_schema_of_an_answer_may_have_any_root(clean: Callable[..., Raw], word: str) -> None:
    schema = {"type": "array", "items": {"type": "object", "title": "T"}}
    assert run(clean, schema, answer=True)["type"] == word


def test_from_gemini() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {
            "type": {"type": "STRING", "nullable": True, "enum": ["a"]},
            "list": {"type": "ARRAY", "min_items": "1", "maxItems": "3", "items": {"type": "TYPE_UNSPECIFIED"}},
            "any": {"any_of": [{"type": "STRING"}, {"type": "INTEGER"}], "nullable": True},
        },
    }
    assert run(from_gemini, schema) == {
        "type": "object",
        "properties": {
            "type": {"type": ["string", "null"], "enum": ["a", None]},
            "list": {"type": "array", "minItems": 1, "maxItems": 3, "items": {}},
            "any": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        },
    }


def test_objects_of_an_answer_are_closed_for_claude() -> None:
    made = for_claude_answer(Raw(json.dumps(RECURSIVE).encode()))
    assert made is not None
    schema = json.loads(bytes(made))
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["Node"]["additionalProperties"] is False
    assert for_claude_answer(made) is made
    named = {"type": ["object", "null"], "properties": {"additionalProperties": {"type": "string"}}}
    kept = for_claude_answer(Raw(json.dumps(named).encode()))
    assert kept is not None
    assert json.loads(bytes(kept)) == {**named, "additionalProperties": False}


@pytest.mark.parametrize("key", ["additionalProperties", "patternProperties"])
def test_a_map_cannot_be_closed(key: str) -> None:
    schema = {"type": "array", "items": {"type": "object", key: {"a": {"type": "string"}}}}
    assert for_claude_answer(Raw(json.dumps(schema).encode())) is None


def test_an_answers_schema_may_be_too_deep() -> None:
    with pytest.raises(RequestError):
        for_claude_answer(Raw(b'{"items":' * 400 + b"{}" + b"}" * 400))


@pytest.mark.parametrize("clean", ALL)
def test_too_deep_or_broken_is_the_clients_fault(clean: Clean) -> None:
    with pytest.raises(RequestError):
        clean(Raw(b'{"a":' * 5000 + b"1" + b"}" * 5000))
    with pytest.raises(RequestError):
        clean(Raw(b'{"items":' * 400 + b"{}" + b"}" * 400))
    with pytest.raises(RequestError):
        clean(Raw(b'{"a": "\\ud800"}'))


@pytest.mark.parametrize("clean", ALL)
@pytest.mark.parametrize("key", ["type", "properties", "required", "items", "anyOf", "allOf", "$ref", "$defs", "enum"])
@pytest.mark.parametrize("value", [None, True, 1, "x", [], [1], {}, {"a": 1}])
def test_nonsense_gives_some_schema(clean: Clean, key: str, value: object) -> None:
    schema = {"type": "object", "properties": {"p": {key: value}}, key: value}
    assert run(clean, schema)["type"] in ("object", "OBJECT")
