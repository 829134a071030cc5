"""Responses request bodies to the neutral form: every item, every tool shape, every way of saying it wrong."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from responses_kit import PNG, VECTORS, parsed, parts_of, vector

from a2a.errors import RequestError
from a2a.messages import (
    FileRef,
    Foreign,
    Inline,
    Media,
    Opaque,
    OutFormat,
    Part,
    Reasoning,
    Refusal,
    Text,
    Think,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
)
from a2a.protocols.responses import front

PDF = "JVBERi0xLjQK"


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def one(part: dict[str, Any]) -> Part:
    return parts_of(user(part))[0][0]


def test_golden_request() -> None:
    request = front.parse_request((VECTORS / "responses.request.json").read_bytes(), headers={})
    wanted = vector("ir.json")["request"]
    assert [text.text for text in request.system] == wanted["system"]
    assert [message.role for message in request.messages] == [message["role"] for message in wanted["messages"]]
    assistant = request.messages[1].parts
    assert [type(part) for part in assistant] == [Reasoning, Text, ToolCall, ToolCall]
    assert isinstance(assistant[0], Reasoning)
    assert assistant[0].opaque == [Opaque("openai", "encrypted", vector("ir.json")["opaque"]["openai"][0])]
    assert [type(part) for part in request.messages[2].parts] == [ToolResult, ToolResult, Text]
    assert [tool.name for tool in request.tools] == [tool["name"] for tool in wanted["tools"]]
    assert request.think == Think(effort="medium", show="summary")
    assert (request.max_output, request.store, request.stream) == (4096, False, True)
    assert request.ext is None


def test_what_codex_sends() -> None:
    """clients.md: no instructions, two developer messages first, namespace tools, a search tool without a name."""
    request = parsed(
        input=[
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "rules"}]},
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "sandbox"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "env"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]},
        ],
        tools=[
            {"type": "function", "name": "shell", "parameters": {"type": "object"}, "strict": False},
            {
                "type": "namespace",
                "name": "mcp",
                "description": "servers",
                "tools": [{"type": "function", "name": "x"}],
            },
            {"type": "web_search", "external_web_access": False},
            {"type": "custom", "name": "apply_patch", "format": {"type": "grammar", "syntax": "lark"}},
        ],
        store=False,
        include=["reasoning.encrypted_content"],
        prompt_cache_key="k",
        client_metadata={"a": "b"},
        text={"verbosity": "low"},
        parallel_tool_calls=True,
    )
    assert [text.text for text in request.system] == ["rules", "sandbox"]
    assert len(request.messages) == 1
    kinds = [(tool.name, tool.kind, tool.namespace) for tool in request.tools]
    assert kinds == [
        ("shell", "function", None),
        ("x", "function", "mcp"),
        ("web_search", "hosted", None),
        ("apply_patch", "custom", None),
    ]
    assert request.choice == ToolChoice(parallel=True)
    assert (request.cache_key, request.output) == ("k", OutFormat(verbosity="low"))
    assert set(request.ext or {}) == {"client_metadata"}


# Items


def test_a_string_is_one_user_message() -> None:
    assert parsed(input="hello").messages[0].parts == [Text(text="hello")]


def test_items_of_one_side_become_one_message() -> None:
    found = parts_of(
        user("a"),
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"role": "assistant", "content": "b"},
        {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "*** Begin"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
        user("next"),
    )
    assert [[type(part) for part in parts] for parts in found] == [
        [Text],
        [Reasoning, Text, ToolCall],
        [ToolResult, Text],
    ]
    call, result = found[1][2], found[2][0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert (call.custom, call.args, result.custom) == (True, "*** Begin", True)


def test_a_later_developer_message_stays_where_it_is() -> None:
    request = parsed(input=[user("a"), {"role": "developer", "content": "now"}, user("b")])
    assert [message.role for message in request.messages] == ["user", "system", "user"]
    assert request.system == []


@pytest.mark.parametrize("key", ["previous_response_id", "conversation"])
def test_nothing_is_leading_in_a_continued_conversation(key: str) -> None:
    request = parsed(input=[{"role": "developer", "content": "now"}, user("b")], **{key: "x"})
    assert [message.role for message in request.messages] == ["system", "user"]


def test_previous_response_id_null_says_nothing() -> None:
    request = parsed(input=[{"role": "system", "content": "s"}, user("b")], previous_response_id=None)
    assert (request.previous_id, [text.text for text in request.system]) == (None, ["s"])


@pytest.mark.parametrize(
    ("item", "text", "summary"),
    [
        ({"summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]}, "a\n\nb", True),
        ({"summary": [], "content": [{"type": "reasoning_text", "text": "raw"}]}, "raw", False),
        ({"summary": [], "content": None}, "", True),
    ],
)
def test_reasoning(item: dict[str, Any], text: str, summary: bool) -> None:
    part = parts_of({"type": "reasoning", "id": "rs_1", **item})[0][0]
    assert part == Reasoning(text=text, summary=summary, item_id="rs_1")


def test_reasoning_keeps_raw_content_beside_its_summary() -> None:
    content = [{"type": "reasoning_text", "text": "raw"}]
    part = parts_of({"type": "reasoning", "summary": [{"type": "summary_text", "text": "a"}], "content": content})[0][0]
    assert isinstance(part, Reasoning)
    assert part.text == "a"
    assert json.loads(bytes((part.ext or {})["content"])) == content


@pytest.mark.parametrize(
    ("arguments", "args"), [('{"a": 1.50}', '{"a": 1.50}'), ("", "{}"), ({"a": 1}, '{"a":1}'), ("{cut", "{cut")]
)
def test_function_call(arguments: Any, args: str) -> None:
    item = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "namespace": "n", "status": "completed"}
    part = parts_of({**item, "arguments": arguments})[0][0]
    assert part == ToolCall(id="c", name="f", args=args, namespace="n", item_id="fc_1")


def test_outputs_are_strings_or_lists() -> None:
    image = {"type": "input_image", "detail": "low", "image_url": f"data:image/png;base64,{PNG}"}
    found = parts_of(
        {"type": "function_call_output", "call_id": "a", "output": "text", "id": "fco_1", "status": "completed"},
        {"type": "function_call_output", "call_id": "b", "output": [{"type": "input_text", "text": "t"}, image]},
        {"type": "function_call_output", "call_id": "c", "output": {"ok": True}},
    )[0]
    assert found == [
        ToolResult(call_id="a", parts=[Text(text="text")]),
        ToolResult(
            call_id="b",
            parts=[Text(text="t"), Media(kind="image", source=Inline(PNG), mime="image/png", detail="low")],
        ),
        ToolResult(call_id="c", parts=[Text(text='{"ok":true}')]),
    ]


@pytest.mark.parametrize(
    ("item", "wire_type", "role", "as_text"),
    [
        ({"id": "msg_9"}, "item_reference", "assistant", None),
        ({"type": "item_reference", "id": "msg_9"}, "item_reference", "assistant", None),
        ({"type": "compaction", "encrypted_content": "x"}, "compaction", "assistant", None),
        ({"type": "compaction_trigger"}, "compaction_trigger", "user", None),
        ({"type": "web_search_call", "id": "ws_1", "status": "completed"}, "web_search_call", "assistant", None),
        ({"type": "local_shell_call", "action": {"command": ["ls"]}}, "local_shell_call", "assistant", None),
        ({"type": "local_shell_call_output", "output": "file"}, "local_shell_call_output", "user", "file"),
        (
            {"type": "shell_call_output", "output": [{"stdout": "o", "stderr": "e", "outcome": {"type": "exit"}}]},
            "shell_call_output",
            "user",
            "o\ne",
        ),
        ({"type": "tool_search_output", "tools": [{"name": "t"}]}, "tool_search_output", "user", "t"),
        ({"type": "configuration_update", "text": "x"}, "configuration_update", "user", None),
        ({"type": "brand_new", "x": 1}, "brand_new", "assistant", None),
    ],
)
def test_items_only_this_protocol_knows(item: dict[str, Any], wire_type: str, role: str, as_text: str | None) -> None:
    message = parsed(input=[item]).messages[0]
    part = message.parts[0]
    assert isinstance(part, Foreign)
    assert (part.wire_type, message.role, part.as_text) == (wire_type, role, as_text)
    assert json.loads(bytes(part.raw)) == item


def test_additional_tools_join_the_tools() -> None:
    extra = {"type": "additional_tools", "role": "developer", "tools": [{"type": "function", "name": "late"}]}
    request = parsed(input=[user("a"), extra], tools=[{"type": "function", "name": "early"}])
    assert [tool.name for tool in request.tools] == ["early", "late"]
    assert len(request.messages) == 1


# Content


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        ({"type": "input_text", "text": "t"}, Text(text="t")),
        ({"text": "t"}, Text(text="t")),
        ({"type": "text", "text": "t"}, Text(text="t")),
        ({"type": "refusal", "refusal": "no"}, Refusal(text="no")),
        (
            {"type": "input_image", "detail": "high", "image_url": "https://x.test/a.png"},
            Media(kind="image", source=Url("https://x.test/a.png"), detail="high"),
        ),
        ({"type": "input_image", "file_id": "file_1"}, Media(kind="image", source=FileRef("file_1", "openai"))),
        (
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "low"}},
            Media(kind="image", source=Url("https://x.test/a.png"), detail="low"),
        ),
        ({"type": "input_file", "file_id": "file_1"}, Media(kind="document", source=FileRef("file_1", "openai"))),
        (
            {"type": "input_file", "file_url": "https://x.test/a.pdf"},
            Media(kind="document", source=Url("https://x.test/a.pdf")),
        ),
        (
            {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
            Media(kind="document", source=Inline(PDF), mime="application/pdf", name="a.pdf"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            Media(kind="audio", source=Inline("AAAA"), mime="audio/mpeg"),
        ),
    ],
)
def test_content_parts(part: dict[str, Any], wanted: Part) -> None:
    assert one(part) == wanted


def test_a_content_part_nobody_knows_becomes_an_item_of_its_own() -> None:
    found = parts_of(user("a", {"type": "input_video", "v": 1}, "b"))[0]
    assert [type(part) for part in found] == [Text, Foreign, Text]
    assert isinstance(found[1], Foreign)
    item = json.loads(bytes(found[1].raw))
    assert item == {"type": "message", "role": "user", "content": [{"type": "input_video", "v": 1}]}


def test_annotations_and_phase_stay_with_the_text() -> None:
    cited = [{"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}]
    content = [{"type": "output_text", "text": "t", "annotations": cited, "logprobs": []}]
    part = parts_of({"role": "assistant", "id": "msg_1", "phase": "commentary", "content": content})[0][0]
    assert isinstance(part, Text)
    assert (part.phase, part.ext) == ("commentary", None)
    assert json.loads(bytes(part.citations or b"")) == cited


def test_a_cache_breakpoint_is_known_and_kept() -> None:
    part = one({"type": "input_text", "text": "t", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}})
    assert isinstance(part, Text)
    assert part.cache is not None
    assert part.cache.ttl == "30m"
    assert set(part.ext or {}) == {"prompt_cache_breakpoint"}


# Tools


def test_tools_of_all_kinds() -> None:
    tools = parsed(
        tools=[
            {"type": "function", "name": "f", "description": "d", "strict": True, "defer_loading": True, "x": 1},
            {"type": "function", "function": {"name": "nested", "parameters": {"type": "object"}}},
            {"type": "namespace", "name": "ns", "tools": [{"type": "custom", "name": "c"}, {"name": "g"}]},
            {"type": "mcp", "server_label": "s"},
        ]
    ).tools
    assert [(tool.name, tool.kind, tool.namespace, tool.strict, tool.deferred) for tool in tools] == [
        ("f", "function", None, True, True),
        ("nested", "function", None, None, False),
        ("c", "custom", "ns", None, False),
        ("g", "function", "ns", None, False),
        ("mcp", "hosted", None, None, False),
    ]
    assert set(tools[0].ext or {}) == {"x"}


@pytest.mark.parametrize("row", vector("edges.json")["tool_choice"], ids=lambda row: json.dumps(row["ir"]))
def test_tool_choice(row: dict[str, Any]) -> None:
    found = parsed(tool_choice=row["responses"]).choice
    wanted = row["ir"]
    if isinstance(wanted, str):
        assert found == ToolChoice(mode=wanted)  # type: ignore[arg-type]
    elif "tool" in wanted:
        assert found == ToolChoice(mode="tool", names=(wanted["tool"],))
    else:
        must = wanted["mode"] == "required"
        assert found == ToolChoice(mode="allowed", names=tuple(wanted["allowed"]), must=must)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"type": "custom", "name": "p"}, ToolChoice(mode="tool", names=("p",))),
        ({"type": "web_search"}, ToolChoice(mode="tool", names=("web_search",))),
        ({"type": "mcp", "server_label": "s"}, None),
        ("sometimes", None),
    ],
)
def test_other_tool_choices(value: Any, wanted: ToolChoice | None) -> None:
    request = parsed(tool_choice=value)
    assert request.choice == wanted
    assert (request.ext is None) == (wanted is not None)


# Top level


@pytest.mark.parametrize(
    ("reasoning", "think", "kept"),
    [
        ({"effort": "high"}, Think(effort="high"), None),
        ({"effort": None, "summary": "auto"}, Think(show="summary"), None),
        ({"summary": "detailed"}, Think(show="full"), None),
        ({"summary": "concise"}, Think(show="summary"), {"summary": "concise"}),
        ({"effort": "low", "mode": "x"}, Think(effort="low"), {"mode": "x"}),
        ({}, None, None),
    ],
)
def test_the_reasoning_knob(reasoning: dict[str, Any], think: Think | None, kept: Any) -> None:
    request = parsed(reasoning=reasoning)
    assert request.think == think
    assert (json.loads(bytes(request.ext["reasoning"])) if request.ext else None) == kept


def test_formats() -> None:
    schema = {"type": "object", "properties": {}}
    found = parsed(text={"format": {"type": "json_schema", "name": "R", "strict": True, "schema": schema}}).output
    assert found is not None
    assert (found.kind, found.name, found.strict) == ("schema", "R", True)
    assert parsed(text={"format": {"type": "json_object"}}).output == OutFormat(kind="json")
    assert parsed(text={}).output is None
    odd = parsed(text={"format": {"type": "grammar"}, "verbosity": "high"})
    assert odd.output == OutFormat(verbosity="high")
    assert json.loads(bytes((odd.ext or {})["text"])) == {"format": {"type": "grammar"}}


def test_log_probabilities_are_asked_for_in_include() -> None:
    assert parsed(include=["message.output_text.logprobs"]).sampling.top_logprobs == 0
    assert parsed(include=["message.output_text.logprobs"], top_logprobs=3).sampling.top_logprobs == 3
    assert parsed(top_logprobs=0).sampling.top_logprobs is None
    kept = parsed(include=["file_search_call.results", "reasoning.encrypted_content"]).ext or {}
    assert json.loads(bytes(kept["include"])) == ["file_search_call.results"]


def test_zero_is_a_value() -> None:
    request = parsed(temperature=0, top_p=0.0, max_output_tokens=0)
    assert (request.sampling.temperature, request.sampling.top_p, request.max_output) == (0, 0, 0)


def test_state_and_books() -> None:
    request = parsed(
        previous_response_id="resp_0",
        store=True,
        service_tier="flex",
        user="u",
        safety_identifier="s",
        metadata={"a": "b", "n": 1},
        background=False,
        truncation="disabled",
        max_tool_calls=3,
    )
    assert (request.previous_id, request.store, request.tier, request.user) == ("resp_0", True, "flex", "s")
    assert request.metadata == {"a": "b", "n": "1"}
    assert set(request.ext or {}) == {"max_tool_calls", "user"}


@pytest.mark.parametrize("key", ["background", "truncation"])
def test_what_differs_from_the_default_is_kept(key: str) -> None:
    value = {"background": True, "truncation": "auto"}[key]
    assert set(parsed(**{key: value}).ext or {}) == {key}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": 5}, "input"),
        ({"input": []}, "input"),
        ({"input": None}, "input"),
        ({"model": None}, "model"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": 7}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "f", "parameters": 1}]}, "tools[0].parameters"),
        ({"temperature": "warm"}, "temperature"),
        ({"reasoning": "high"}, "reasoning"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
    ],
)
def test_nonsense_is_the_clients_fault(body: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        parsed(**body)
    assert caught.value.param == param


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_a_request_error(body: bytes) -> None:
    with pytest.raises(RequestError):
        front.parse_request(body, headers={})


def test_an_empty_input_is_fine_where_the_conversation_lies_elsewhere() -> None:
    body = msgspec.json.encode({"model": "m", "prompt": {"id": "pmpt_1"}})
    assert front.parse_request(body, headers={}).messages == []


def test_counting_needs_nothing() -> None:
    row = vector("surface.json")["count_tokens"]["responses"]
    request = front.parse_count(json.dumps(row["request"]).encode(), {})
    assert [text.text for text in request.system] == [row["request"]["instructions"]]
    assert front.parse_count(b"{}", {}).messages == []
    assert json.loads(front.render_count(31)) == row["response"]


def test_model_from_the_path() -> None:
    assert front.parse_request(b'{"input":"x"}', headers={}, model="p").model == "p"


def test_free_form_tools_keep_what_nobody_models() -> None:
    given = {"type": "custom", "name": "p", "format": {"type": "text"}, "async": True, "defer_loading": True}
    (tool,) = parsed(tools=[given]).tools
    assert (tool.deferred, tool.ext) == (True, {"async": msgspec.Raw(b"true")})
