"""The model behind the emulators: what it makes of a prompt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.demo.brain import answer, slices
from a2a.demo.fill import instance
from a2a.demo.view import Document, Picture, Tool, View


def tool(name: str, *required: str, **properties: Any) -> Tool:
    return Tool(name, {"type": "object", "properties": properties, "required": list(required)})


STRING = {"type": "string"}
WEATHER = tool("get_weather", "city", city=STRING, days={"type": "integer"})
READ = tool("Read", "file_path", file_path=STRING, limit={"type": "number"}, offset={"type": "number"})
WRITE = tool("Write", "file_path", "content", file_path=STRING, content=STRING)
BASH = tool("Bash", "command", command=STRING, description=STRING, timeout={"type": "number"})
GLOB = tool("glob", "pattern", pattern=STRING)
CODER = (READ, WRITE, BASH, GLOB)

CALLS: list[tuple[str, tuple[Tool, ...], list[tuple[str, dict[str, Any]]]]] = [
    ("What is the weather in Kyoto?", (WEATHER,), [("get_weather", {"city": "Kyoto"})]),
    ("Weather in New York for 3 days", (WEATHER,), [("get_weather", {"city": "New York", "days": 3})]),
    (
        "Use get_weather for Kyoto, Oslo and Lima",
        (WEATHER,),
        [("get_weather", {"city": "Kyoto"}), ("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Lima"})],
    ),
    (
        "Use the Read tool to read /tmp/x/notes.txt and tell me the secret word",
        CODER,
        [("Read", {"file_path": "/tmp/x/notes.txt"})],
    ),
    ("Use the Read tool to read notes.txt", CODER, [("Read", {"file_path": "notes.txt"})]),
    (
        "<system-reminder>Use the Write tool</system-reminder>\nUse the Read tool on /a/b.md.",
        CODER,
        [("Read", {"file_path": "/a/b.md"})],
    ),
    ("Run the Bash tool with `ls -la /tmp`", CODER, [("Bash", {"command": "ls -la /tmp"})]),
    (
        "Use the Write tool: write 'hi there' to /tmp/out.txt",
        CODER,
        [("Write", {"file_path": "/tmp/out.txt", "content": "hi there"})],
    ),
    ("Please read the paper and write me a poem", CODER, []),
    ("hello", CODER, []),
    ("use a tool", (GLOB,), [("glob", {"pattern": "use a tool"})]),
    (
        'call get_weather with {"city": "Zürich", "days": 7}',
        (WEATHER,),
        [("get_weather", {"city": "Zürich", "days": 7})],
    ),
]


@pytest.mark.parametrize(("text", "tools", "calls"), CALLS)
def test_tool_calls(text: str, tools: tuple[Tool, ...], calls: list[tuple[str, dict[str, Any]]]) -> None:
    made = answer(View(text=text, tools=tools))
    assert [(call.name, json.loads(call.arguments)) for call in made.calls] == calls
    assert made.stop == ("tool" if calls else "end")


def test_a_literal_keeps_its_spelling() -> None:
    made = answer(View(text='call get_weather with { "days": 1.50e1, "city":"x" }', tools=(WEATHER,)))
    assert made.calls[0].arguments == '{ "days": 1.50e1, "city":"x" }'


def test_parallel_can_be_switched_off() -> None:
    view = View(text="get_weather in Kyoto and Oslo", tools=(WEATHER,), parallel=False)
    assert len(answer(view).calls) == 1


def test_twice() -> None:
    assert len(answer(View(text="call glob twice", tools=(GLOB,))).calls) == 2


def test_choices() -> None:
    assert not answer(View(text="use glob", tools=(GLOB,), choice="none")).calls
    assert answer(View(text="hi", tools=(GLOB, READ), choice="required", forced="Read")).calls[0].name == "Read"
    assert answer(View(text="hi", tools=(GLOB, READ), choice="required")).calls[0].name == "glob"


def test_a_result_ends_the_turn_unless_a_choice_forces_a_call() -> None:
    view = View(text="use glob", tools=(GLOB, READ), results=("a.txt",), answered=("glob",))
    assert answer(view).text == "The tool said: a.txt"
    forced = View(text="use glob", tools=(GLOB, READ), results=("a.txt",), answered=("glob",), choice="required")
    assert answer(forced).calls[0].name == "Read"


HINTS = [
    ("Be terse.\n\nYour answer to this turn must be a call of the tool Read.", "Read"),
    ("Your answer must be a call of one of the available tools.", "glob"),
    ("You must call Read first.\n\n" + "Other rules. " * 500, None),
    ("Answer with text only: do not call any tool in this turn.", None),
]


@pytest.mark.parametrize(("system", "name"), HINTS)
def test_hints_in_the_system_text(system: str, name: str | None) -> None:
    calls = answer(View(text="hi", tools=(GLOB, READ), instructions=system)).calls
    assert [call.name for call in calls] == ([name] if name else [])


def test_json_hints() -> None:
    schema = '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}'
    asked = f"Rules.\n\nAnswer with one JSON value only. It must be valid against this JSON Schema:\n{schema}"
    assert json.loads(answer(View(text="give me 5", instructions=asked)).text) == {"n": 5}
    plain = "Answer with one JSON object and nothing else."
    assert json.loads(answer(View(text="x", instructions=plain)).text) == {"answer": "You said: x — noted ✓"}


def test_media() -> None:
    png = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d")
    view = View(text="", images=(Picture(png), Picture(url="https://e.org/a")), documents=(Document("a.pdf", "x", 9),))
    assert answer(view).text.split("\n") == [
        "The image is 3x2 pixels (image/png).",
        "The image is at https://e.org/a.",
        "The document a.pdf is x, 9 bytes.",
    ]


def test_reasoning_is_only_there_when_asked() -> None:
    assert answer(View(text="hi")).thinking == ""
    assert "hi" in answer(View(text="hi", reasoning=True)).thinking


def test_limits() -> None:
    assert answer(View(text="hello", max_output=2)).stop == "length"
    cut = answer(View(text="glob tool: 'some long pattern'", tools=(GLOB,), max_output=10))
    assert cut.stop == "length"
    stopped = answer(View(text="a STOP b", stops=("zz", "STOP")))
    assert (stopped.text, stopped.stop, stopped.stop_text) == ("You said: a ", "stop_sequence", "STOP")


def test_words() -> None:
    assert len(answer(View(text="[[words: 50]]")).text.split()) == 50


SCHEMAS: list[tuple[dict[str, Any], Any]] = [
    (
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/x"}}, "required": ["a"], "$defs": {"x": {"const": 4}}},
        {"a": 4},
    ),
    ({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 10}]}, 10),
    ({"type": ["null", "boolean"]}, False),
    ({"enum": ["red", "blue"]}, "blue"),
    ({"type": "array", "items": {"type": "number", "maximum": 0.5}, "minItems": 2}, [0.5, 0.5]),
    ({"allOf": [{"type": "object", "properties": {"a": STRING}}, {"required": ["a"]}]}, {"a": "a blue thing, 7 of it"}),
    ({"type": "string", "format": "date"}, "2026-11-22"),
    ({"type": "string", "maxLength": 3}, "dem"),
    ({"type": "string", "minLength": 6}, "demo.."),
    ({"type": "null"}, None),
]


@pytest.mark.parametrize(("schema", "value"), SCHEMAS)
def test_instances(schema: dict[str, Any], value: Any) -> None:
    assert instance(schema, "a blue thing, 7 of it") == value


def test_slices_are_the_whole() -> None:
    text = "naïve 世界 " * 9
    assert "".join(slices(text)) == text
    assert slices("") == []
