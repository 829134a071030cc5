"""Chat request bodies to the neutral form: the golden request, every field, what sloppy clients send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from a2a.errors import RequestError
from a2a.messages import (
    CacheHint,
    FileRef,
    Foreign,
    Inline,
    Media,
    Message,
    Opaque,
    OutFormat,
    Part,
    Reasoning,
    Refusal,
    Request,
    Sampling,
    Text,
    Think,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
)
from a2a.protocols.chat import front

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="


def parsed(**body: Any) -> Request:
    body.setdefault("messages", [{"role": "user", "content": "hi"}])
    return front.parse_request(json.dumps({"model": "m", **body}).encode(), headers={})


def messages(*listed: dict[str, Any]) -> list[Message]:
    return parsed(messages=list(listed)).messages


def user_parts(content: object) -> list[Part]:
    return messages({"role": "user", "content": content})[0].parts


def refused(**body: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        parsed(**body)
    return caught.value


def ir_part(part: Part, ids: list[str]) -> dict[str, Any]:
    """A part as `ir.json` writes it; calls are numbered in order."""
    match part:
        case Text():
            return {"text": part.text}
        case Media(source=Inline(data=data)):
            return {"image": {"mime": part.mime, "data": data}}
        case Reasoning():
            return {"reasoning": part.text}
        case ToolCall():
            ids.append(part.id)
            return {"tool_call": {"n": len(ids) - 1, "name": part.name, "args": json.loads(part.args)}}
        case ToolResult():
            text = "".join(piece.text for piece in part.parts if isinstance(piece, Text))
            return {"tool_result": {"n": ids.index(part.call_id), "text": text}}
    raise AssertionError(part)


def test_golden_request() -> None:
    request = front.parse_request((VECTORS / "chat.request.json").read_bytes(), headers={})
    expected = json.loads((VECTORS / "ir.json").read_text())["request"]
    ids: list[str] = []
    assert [text.text for text in request.system] == expected["system"]
    assert [
        {"role": message.role, "parts": [ir_part(part, ids) for part in message.parts]} for message in request.messages
    ] == expected["messages"]
    assert [
        {"name": tool.name, "description": tool.description, "schema": json.loads(bytes(tool.schema or b"null"))}
        for tool in request.tools
    ] == expected["tools"]
    assert request.choice == ToolChoice(mode="auto", parallel=True)
    assert (request.max_output, request.think) == (4096, Think(effort="medium"))
    assert (request.stream, request.want_usage, request.ext) == (True, True, None)


# Top level


def test_sampling_zero_is_a_value() -> None:
    assert parsed(temperature=0, top_p=0.0, presence_penalty=-1, frequency_penalty=2, seed=7, n=2).sampling == Sampling(
        temperature=0.0, top_p=0.0, presence=-1.0, frequency=2.0, seed=7, n=2
    )
    assert parsed().sampling == Sampling()
    assert parsed(temperature=None, n=None).sampling == Sampling()


def test_logprobs() -> None:
    assert parsed(logprobs=True).sampling.top_logprobs == 0
    assert parsed(logprobs=True, top_logprobs=3).sampling.top_logprobs == 3
    assert parsed(logprobs=False).sampling.top_logprobs is None


@pytest.mark.parametrize(
    ("body", "limit"),
    [({"max_tokens": 5}, 5), ({"max_completion_tokens": 7, "max_tokens": 5}, 7), ({"max_tokens": 5.0}, 5), ({}, None)],
)
def test_max_output(body: dict[str, Any], limit: int | None) -> None:
    request = parsed(**body)
    assert (request.max_output, request.ext) == (limit, None)


def test_stop_as_text_and_as_list() -> None:
    assert parsed(stop="a").stop == ["a"]
    assert parsed(stop=["a", "b"]).stop == ["a", "b"]
    assert parsed(stop=None).stop == []


def test_usage_is_wanted_only_when_asked_for_in_a_stream() -> None:
    assert parsed(stream=True).want_usage is False
    assert parsed(stream=True, stream_options={"include_usage": True}).want_usage is True
    assert parsed().want_usage is True


def test_other_stream_options_are_kept() -> None:
    kept = parsed(stream=True, stream_options={"include_usage": True, "include_obfuscation": False}).ext
    assert kept == {"stream_options": Raw(b'{"include_obfuscation":false}')}


def test_account_fields() -> None:
    request = parsed(service_tier="flex", prompt_cache_key="k", store=True, metadata={"a": "b"}, user="u")
    assert (request.tier, request.cache_key, request.store, request.user) == ("flex", "k", True, "u")
    assert request.metadata == {"a": "b"}


def test_safety_identifier_wins_and_user_is_kept() -> None:
    request = parsed(safety_identifier="s", user="u")
    assert request.user == "s"
    assert request.ext == {"user": Raw(b'"u"')}


def test_metadata_of_other_types_becomes_text() -> None:
    assert parsed(metadata={"a": 1, "b": {"c": True}}).metadata == {"a": "1", "b": '{"c": true}'}


def test_unknown_keys_keep_their_bytes() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}],"logit_bias":{"5": 1.50},"x_new":[1,  2],"n":null}'
    request = front.parse_request(body, headers={})
    assert request.ext == {"logit_bias": Raw(b'{"5": 1.50}'), "x_new": Raw(b"[1,  2]")}


def test_response_formats() -> None:
    schema = {"name": "R", "strict": True, "schema": {"type": "object"}, "description": "d"}
    output = parsed(response_format={"type": "json_schema", "json_schema": schema}, verbosity="low").output
    assert output is not None
    assert (output.kind, output.name, output.strict, output.description, output.verbosity) == (
        "schema",
        "R",
        True,
        "d",
        "low",
    )
    assert json.loads(bytes(output.schema or b"null")) == {"type": "object"}
    assert parsed(response_format={"type": "json_object"}).output == OutFormat(kind="json")
    assert parsed(response_format={"type": "text"}).output == OutFormat()
    assert parsed(verbosity="high").output == OutFormat(verbosity="high")
    assert parsed().output is None


def test_an_unknown_response_format_is_kept() -> None:
    request = parsed(response_format={"type": "grammar"})
    assert request.output is None
    assert request.ext == {"response_format": Raw(b'{"type": "grammar"}')}


def test_the_model_may_come_from_the_path() -> None:
    body = b'{"messages":[{"role":"user","content":"x"}]}'
    assert front.parse_request(body, headers={}, model="p").model == "p"
    with pytest.raises(RequestError) as caught:
        front.parse_request(body, headers={})
    assert caught.value.param == "model"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"stop": [1]}, "stop[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]},
            "messages[0].tool_calls[0].function.name",
        ),
        ({"messages": "x"}, "messages"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
    ],
)
def test_wrong_types_name_the_field(body: dict[str, Any], param: str) -> None:
    assert refused(**body).param == param


def test_no_messages() -> None:
    assert refused(messages=[]).message == "messages must not be empty"


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"model":"m"', b"\xff\xfe"])
def test_a_body_that_is_no_object(body: bytes) -> None:
    with pytest.raises(RequestError):
        front.parse_request(body, headers={})


# Messages


def test_leading_system_and_developer_messages() -> None:
    request = parsed(
        messages=[
            {"role": "system", "content": "a"},
            {"role": "developer", "content": [{"type": "text", "text": "b"}]},
            {"role": "user", "content": "c"},
            {"role": "system", "content": "d"},
        ]
    )
    assert [text.text for text in request.system] == ["a", "b"]
    assert request.messages[1] == Message(role="system", parts=[Text(text="d")])


@pytest.mark.parametrize(
    "message", [{"role": "user", "content": None}, {"role": "user"}, {"role": "user", "content": ""}]
)
def test_no_content_is_no_part(message: dict[str, Any]) -> None:
    assert messages(message)[0].parts == []


def test_results_and_the_user_message_behind_them_are_one_turn() -> None:
    found = messages(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "2"}]},
        {"role": "user", "content": "go on", "name": "bob"},
        {"role": "user", "content": "really"},
    )
    assert [message.role for message in found] == ["assistant", "user", "user"]
    assert found[1].parts == [
        ToolResult(call_id="a", parts=[Text(text="1")]),
        ToolResult(call_id="b", parts=[Text(text="2")]),
        Text(text="go on"),
    ]
    assert found[1].name == "bob"


def test_assistant_reasoning_refusal_and_unknown_keys() -> None:
    found = messages(
        {
            "role": "assistant",
            "content": "b",
            "reasoning": "a",
            "refusal": "no",
            "audio": {"id": "x"},
            "annotations": [],
        }
    )[0]
    assert found.parts == [Reasoning(text="a", summary=False), Text(text="b"), Refusal(text="no")]
    assert found.ext == {"audio": Raw(b'{"id": "x"}')}


def test_legacy_functions() -> None:
    request = parsed(
        functions=[{"name": "f", "parameters": {"type": "object"}}],
        function_call={"name": "f"},
        messages=[
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a":1}'}},
            {"role": "function", "name": "f", "content": "r"},
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "s"},
        ],
    )
    parts = [part for message in request.messages for part in message.parts]
    assert [part.id for part in parts if isinstance(part, ToolCall)] == ["call_fn_0", "call_fn_1"]
    assert [part.call_id for part in parts if isinstance(part, ToolResult)] == ["call_fn_0", "call_fn_1"]
    assert [tool.name for tool in request.tools] == ["f"]
    assert request.choice == ToolChoice(mode="tool", names=("f",))


def test_a_legacy_result_without_its_call() -> None:
    part = messages({"role": "function", "name": "f", "content": "r"})[0].parts[0]
    assert part == ToolResult(call_id="call_fn_0", parts=[Text(text="r")], name="f")


def test_custom_calls_and_their_results() -> None:
    found = messages(
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "p", "input": "*** x"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "ok"},
    )
    assert found[0].parts == [ToolCall(id="a", name="p", args="*** x", custom=True)]
    assert found[1].parts == [ToolResult(call_id="a", parts=[Text(text="ok")], custom=True)]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", "{}"),
        ("null", "{}"),
        ('{"a": 1.50}', '{"a": 1.50}'),
        ('{"a":1', '{"a":1'),
        ('{"a":1}{"a":1}', '{"a":1}{"a":1}'),
        ('"{\\"a\\":1}"', '{"a":1}'),
        (None, "{}"),
        ({"a": [1]}, '{"a":[1]}'),
    ],
)
def test_arguments_of_the_history(sent: object, kept: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": sent}}
    part = messages({"role": "assistant", "content": "", "tool_calls": [call]})[0].parts[0]
    assert isinstance(part, ToolCall)
    assert part.args == kept


def test_flat_calls_and_missing_ids() -> None:
    part = messages({"role": "assistant", "tool_calls": [{"name": "f", "arguments": "{}"}]})[0].parts[0]
    assert part == ToolCall(id="call_0_0", name="f")


def test_google_signature() -> None:
    extra = {"google": {"thought_signature": "c2ln"}}
    call = {"id": "a", "extra_content": extra, "function": {"name": "f", "arguments": "{}"}}
    part = messages({"role": "assistant", "tool_calls": [call]})[0].parts[0]
    assert part == ToolCall(id="a", name="f", opaque=[Opaque(family="google", kind="signature", data="c2ln")])


# Parts


def test_images() -> None:
    link = {"url": f"data:image/jpeg;base64,{PNG}", "detail": "low"}
    assert user_parts([{"type": "image_url", "image_url": link}]) == [
        Media(kind="image", source=Inline(PNG), mime="image/png", detail="low")
    ]
    assert user_parts([{"type": "image_url", "image_url": "https://x/y.png"}]) == [
        Media(kind="image", source=Url("https://x/y.png"))
    ]
    assert user_parts([{"type": "input_image", "image_url": "https://x/y.png", "detail": "high"}]) == [
        Media(kind="image", source=Url("https://x/y.png"), detail="high")
    ]


def test_url_safe_base64_is_normalised() -> None:
    safe = PNG.replace("+", "-").replace("/", "_").rstrip("=")
    part = user_parts([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{safe}"}}])[0]
    assert isinstance(part, Media)
    assert part.source == Inline(PNG)


def test_files() -> None:
    pdf = "JVBERi0xLjQ="
    data = f"data:application/pdf;base64,{pdf}"
    assert user_parts([{"type": "file", "file": {"file_data": data, "filename": "a.pdf"}}]) == [
        Media(kind="document", source=Inline(pdf), mime="application/pdf", name="a.pdf")
    ]
    assert user_parts([{"type": "file", "file": {"file_data": "aGk=", "filename": "a.md"}}]) == [
        Media(kind="document", source=Inline("aGk="), mime="text/markdown", name="a.md")
    ]
    assert user_parts([{"type": "file", "file": {"file_id": "file-1"}}]) == [
        Media(kind="document", source=FileRef("file-1", "openai"))
    ]
    assert user_parts([{"type": "input_file", "file_url": "https://x/a.pdf"}]) == [
        Media(kind="document", source=Url("https://x/a.pdf"))
    ]


def test_audio_and_video() -> None:
    assert user_parts([{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}}]) == [
        Media(kind="audio", source=Inline("aGk="), mime="audio/mpeg")
    ]
    assert user_parts([{"type": "video_url", "video_url": {"url": "https://x/v.mp4"}}]) == [
        Media(kind="video", source=Url("https://x/v.mp4"))
    ]


def test_parts_without_a_type_and_bare_strings() -> None:
    assert user_parts([{"text": "a"}, "b", {"image_url": {"url": "https://x"}}, {"type": "text", "text": ""}]) == [
        Text(text="a"),
        Text(text="b"),
        Media(kind="image", source=Url("https://x")),
    ]


def test_unknown_parts_stay_whole() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":[{"type":"hologram", "x": 1.50}]}]}'
    part = front.parse_request(body, headers={}).messages[0].parts[0]
    assert part == Foreign(proto="chat", wire_type="hologram", raw=Raw(b'{"type":"hologram", "x": 1.50}'))


def test_cache_hints() -> None:
    control = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert user_parts([control]) == [Text(text="a", cache=CacheHint("1h"))]
    own = {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}
    part = user_parts([own])[0]
    assert isinstance(part, Text)
    assert part.cache == CacheHint("30m")
    assert part.ext == {"prompt_cache_breakpoint": Raw(b'{"mode": "explicit", "ttl": "30m"}')}


# Tools


def test_both_tool_shapes() -> None:
    schema = {"type": "object", "properties": {}}
    nested = {"type": "function", "function": {"name": "f", "description": "d", "parameters": schema, "strict": True}}
    flat = {"type": "function", "name": "f", "description": "d", "parameters": schema, "strict": True}
    untyped = {"name": "f", "description": "d", "parameters": schema, "strict": True}
    tools = [parsed(tools=[tool]).tools for tool in (nested, flat, untyped)]
    assert [msgspec.json.encode(each) for each in tools] == [msgspec.json.encode(tools[0])] * 3
    assert (tools[0][0].name, tools[0][0].strict, tools[0][0].kind) == ("f", True, "function")


def test_custom_and_hosted_tools() -> None:
    custom = {"type": "custom", "custom": {"name": "p", "description": "d"}}
    tools = parsed(
        tools=[custom, {"type": "builtin_function", "function": {"name": "$web_search"}}, {"type": "web_search"}],
        web_search_options={"search_context_size": "low"},
    ).tools
    assert [(tool.kind, tool.name, tool.hosted) for tool in tools] == [
        ("custom", "p", None),
        ("hosted", "$web_search", "builtin_function"),
        ("hosted", "web_search", "web_search"),
        ("hosted", "web_search", "web_search"),
    ]
    assert json.loads(bytes(tools[0].raw or b"")) == custom


@pytest.mark.parametrize(
    ("sent", "choice"),
    [
        ("auto", ToolChoice()),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ("any", ToolChoice(mode="required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice(mode="tool", names=("f",))),
        ({"type": "function", "name": "f"}, ToolChoice(mode="tool", names=("f",))),
        ({"type": "custom", "custom": {"name": "f"}}, ToolChoice(mode="tool", names=("f",))),
        ({"type": "auto"}, ToolChoice()),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "name": "f"}]},
            },
            ToolChoice(mode="allowed", names=("f",), must=True),
        ),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]},
            ToolChoice(mode="allowed", names=("f",)),
        ),
        ({"type": "web_search"}, ToolChoice(mode="tool", names=("web_search",))),
    ],
)
def test_tool_choice(sent: object, choice: ToolChoice) -> None:
    assert parsed(tool_choice=sent).choice == choice


def test_parallel_alone_and_unknown_words() -> None:
    assert parsed(parallel_tool_calls=False).choice == ToolChoice(parallel=False)
    request = parsed(tool_choice="validated")
    assert request.choice is None
    assert request.ext == {"tool_choice": Raw(b'"validated"')}


def test_results_without_ids_belong_to_the_calls_without_ids_in_order() -> None:
    calls = [{"id": "", "type": "function", "function": {"name": name, "arguments": "{}"}} for name in "fg"]
    results = [{"role": "tool", "tool_call_id": "", "content": text} for text in "12"]
    turns = messages({"role": "user", "content": "go"}, {"role": "assistant", "tool_calls": calls}, *results)
    called, answered = turns[1].parts, turns[2].parts
    assert [one.id for one in called] == [one.call_id for one in answered]  # type: ignore[union-attr]
    assert len({one.id for one in called}) == 2  # type: ignore[union-attr]
