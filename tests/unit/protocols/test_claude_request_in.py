"""Bodies of Claude clients to the neutral form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from claude_kit import VECTORS, parsed, vector

from a2a.errors import RequestError
from a2a.messages import FileRef, Foreign, Inline, Media, Reasoning, Request, Text, ToolCall, ToolResult, Url
from a2a.protocols.claude import front

PNG = vector("claude.request.json")["messages"][0]["content"][1]["source"]["data"]


def test_golden_request_is_the_neutral_request() -> None:
    req = front.parse_request((VECTORS / "claude.request.json").read_bytes(), headers={})
    want = vector("ir.json")["request"]
    assert [text.text for text in req.system] == want["system"]
    assert [(m.role, [_view(part) for part in m.parts]) for m in req.messages] == [
        (m["role"], m["parts"]) for m in want["messages"]
    ]
    assert [(t.name, t.description, json.loads(bytes(t.schema or b""))) for t in req.tools] == [
        (t["name"], t["description"], t["schema"]) for t in want["tools"]
    ]
    assert (req.choice.mode, req.choice.parallel) == ("auto", True) if req.choice else False
    assert req.max_output == want["max_output"]
    assert req.think is not None
    assert (req.think.effort, req.think.adaptive, req.think.show) == (want["effort"], True, "summary")
    assert req.stream
    assert req.ext is None


_CALLS = {"call_rate_1": 0, "call_cat_1": 1}


def _view(part: Any) -> Any:
    match part:
        case Text():
            return {"text": part.text}
        case Media(source=Inline(data=data)):
            return {"image": {"mime": part.mime, "data": data}}
        case Reasoning():
            return {"reasoning": part.text}
        case ToolCall():
            return {"tool_call": {"n": _CALLS[part.id], "name": part.name, "args": json.loads(part.args)}}
        case ToolResult():
            return {"tool_result": {"n": _CALLS[part.call_id], "text": part.parts[0].text}}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"model": None}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": 1}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages[0].content[0].source"),
        (
            {
                "messages": [
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": 1}]}
                ]
            },
            "messages[0].content[0].input",
        ),
        ({"system": [{"type": "image", "source": {"type": "url", "url": "https://x"}}]}, "system[0].type"),
        ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "input_schema": []}]}, "tools[0].input_schema"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"stop_sequences": ["a", 2]}, "stop_sequences[1]"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_wrong_body_is_the_clients_fault_with_its_path(change: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestError) as caught:
        parsed(change)
    assert caught.value.param == path


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff\xfe", b"[" * 5000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError):
        front.parse_request(body, headers={})


def test_counting_needs_no_max_tokens() -> None:
    want = vector("surface.json")["count_tokens"]["claude"]
    req = front.parse_count(json.dumps(want["request"]).encode(), {})
    assert req.max_output is None
    assert req.system[0].cache is not None
    assert json.loads(front.render_count(31)) == want["response"]


def test_zero_is_a_value() -> None:
    req = parsed({"temperature": 0, "top_p": 0, "top_k": 0, "max_tokens": 0})
    assert (req.sampling.temperature, req.sampling.top_p, req.sampling.top_k, req.max_output) == (0, 0, 0, 0)


def test_betas_come_from_the_header() -> None:
    assert parsed({}, anthropic_beta="a-1, b-2,").betas == ["a-1", "b-2"]


@pytest.mark.parametrize(
    ("user", "session"),
    [
        ("user_ab_account_11_session_0f3c2d10-aaaa-4bbb-8ccc-0123456789ab", "0f3c2d10-aaaa-4bbb-8ccc-0123456789ab"),
        ('{"device_id":"d","account_uuid":"","session_id":"0f3c2d10-aaaa"}', "0f3c2d10-aaaa"),
        ("somebody", None),
    ],
)
def test_session_of_the_user_id_is_the_cache_key(user: str, session: str | None) -> None:
    req = parsed({"metadata": {"user_id": user}})
    assert (req.user, req.cache_key) == (user, session)


def test_session_header_is_the_cache_key() -> None:
    assert parsed({}, x_claude_code_session_id="s-1").cache_key == "s-1"


# System messages in mid-conversation


def test_empty_system_message_leaves_only_its_effort() -> None:
    req = parsed(
        {
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "system", "content": "", "output_config": {"effort": "high"}},
            ],
            "output_config": {"effort": "low"},
            "thinking": {"type": "adaptive"},
        }
    )
    assert [message.role for message in req.messages] == ["user"]
    assert req.think is not None
    assert req.think.effort == "high"


def test_system_message_without_content_is_allowed() -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "system", "output_config": {"effort": "max"}}]
    req = parsed({"messages": messages})
    assert req.think is not None
    assert req.think.effort == "max"


def test_system_message_with_text_keeps_its_config_for_its_own_protocol() -> None:
    message = {"role": "system", "content": "x", "output_config": {"effort": "low"}, "clear_at": "never"}
    req = parsed({"messages": [{"role": "user", "content": "a"}, message]})
    ext = req.messages[1].ext or {}
    assert {key: json.loads(bytes(value)) for key, value in ext.items()} == {
        "clear_at": "never",
        "output_config": {"effort": "low"},
    }


def test_adjacent_messages_of_one_role_merge() -> None:
    req = parsed({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]})
    assert [[part.text for part in m.parts if isinstance(part, Text)] for m in req.messages] == [["a", "b"]]


# Blocks


def _block(block: dict[str, Any], role: str = "user") -> Any:
    return parsed({"messages": [{"role": role, "content": [block]}]}).messages[0].parts[0]


@pytest.mark.parametrize(
    ("source", "held", "mime"),
    [
        ({"type": "base64", "media_type": "image/png", "data": PNG}, Inline(PNG), "image/png"),
        ({"type": "base64", "media_type": "image/jpeg", "data": PNG}, Inline(PNG), "image/png"),
        ({"type": "url", "url": "https://x/y.png"}, Url("https://x/y.png"), None),
        ({"type": "file", "file_id": "file_1"}, FileRef("file_1", "anthropic"), None),
    ],
)
def test_image_sources(source: dict[str, str], held: Any, mime: str | None) -> None:
    part = _block({"type": "image", "source": source})
    assert (part.kind, part.source, part.mime) == ("image", held, mime)


def test_url_safe_base64_is_normalised() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PNG.replace("/", "_").rstrip("=")}
    assert _block({"type": "image", "source": source}).source == Inline(PNG)


def test_text_document_keeps_title_and_settings() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "Grüße"}
    part = _block({"type": "document", "source": source, "title": "t", "context": "c", "citations": {"enabled": True}})
    assert (part.kind, part.mime, part.name, part.source) == ("document", "text/plain", "t", Inline("R3LDvMOfZQ=="))
    assert sorted(part.ext) == ["citations", "context"]


def test_document_of_blocks_is_foreign_with_its_text() -> None:
    part = _block({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "in"}]}})
    assert isinstance(part, Foreign)
    assert (part.proto, part.wire_type, part.as_text) == ("claude", "document", "in")


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (
            {
                "type": "search_result",
                "source": "https://s",
                "title": "T",
                "content": [{"type": "text", "text": "found"}],
            },
            "T\nhttps://s\nfound",
        ),
        ({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}, None),
        (
            {
                "type": "web_search_tool_result",
                "tool_use_id": "s",
                "content": [
                    {"type": "web_search_result", "title": "A", "url": "https://a", "encrypted_content": "zzz"}
                ],
            },
            "A\nhttps://a",
        ),
        (
            {
                "type": "code_execution_tool_result",
                "tool_use_id": "s",
                "content": {"type": "code_execution_result", "stdout": "1\n", "stderr": "", "return_code": 0},
            },
            "1\n",
        ),
        (
            {
                "type": "tool_search_tool_result",
                "tool_use_id": "s",
                "content": {
                    "type": "tool_search_tool_search_result",
                    "tool_references": [{"type": "tool_reference", "tool_name": "f"}],
                },
            },
            "f",
        ),
        ({"type": "compaction", "content": "so far"}, "so far"),
        ({"type": "brand_new", "x": 1}, None),
    ],
)
def test_unknown_blocks_are_foreign(block: dict[str, Any], text: str | None) -> None:
    part = _block(block, "assistant")
    assert isinstance(part, Foreign)
    assert (part.wire_type, part.as_text) == (block["type"], text)
    assert json.loads(bytes(part.raw)) == block


def test_thinking_and_its_tokens() -> None:
    signed = _block({"type": "thinking", "thinking": "t", "signature": "sig"}, "assistant")
    hidden = _block({"type": "redacted_thinking", "data": "xx"}, "assistant")
    unsigned = _block({"type": "thinking", "thinking": "t", "signature": ""}, "assistant")
    assert [(o.family, o.kind, o.data) for o in signed.opaque] == [("anthropic", "signature", "sig")]
    assert [(o.family, o.kind, o.data) for o in hidden.opaque] == [("anthropic", "redacted", "xx")]
    assert (hidden.text, unsigned.opaque) == ("", [])


def test_arguments_keep_their_numbers() -> None:
    body = (
        b'{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a",'
        b'"name":"f","input": {"z": 1.50, "a": [1e3, "\\u00e9"]}}]}]}'
    )
    call = front.parse_request(body, headers={}).messages[0].parts[0]
    assert isinstance(call, ToolCall)
    assert call.args == '{"z":1.50,"a":[1e3,"\\u00e9"]}'


def test_tool_result_with_blocks_beside_text() -> None:
    vectors = {entry["id"]: entry for entry in vector("edges.json")["vectors"]}
    parts = parsed(vectors["tool-result-image"]["in"]).messages[2].parts
    first, second, text = parts
    assert isinstance(first, ToolResult)
    assert [type(part) for part in first.parts] == [Text, Media]
    assert isinstance(second, ToolResult)
    assert second.is_error
    assert isinstance(text, Text)


def test_tool_result_variants() -> None:
    empty = _block({"type": "tool_result", "tool_use_id": "a"})
    reference = _block(
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "tool_reference", "tool_name": "f"}]}
    )
    assert empty.parts == []
    assert reference.parts[0].as_text == "f"


def test_cache_control_everywhere() -> None:
    mark = {"type": "ephemeral", "ttl": "1h", "scope": "global"}
    req = parsed(
        {
            "system": [{"type": "text", "text": "s", "cache_control": mark}],
            "tools": [{"name": "f", "input_schema": {}, "cache_control": mark}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": mark}]},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}, "cache_control": mark}],
                },
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "cache_control": mark}]},
            ],
        }
    )
    held: list[Any] = [req.system[0], req.tools[0], *(message.parts[0] for message in req.messages)]
    assert [node.cache.ttl for node in held] == ["1h"] * 5
    assert [json.loads(bytes(node.ext["cache_control"])) for node in held] == [{"scope": "global"}] * 5


# Tools, choice, controls


def test_tools_of_all_kinds() -> None:
    search = {"type": "web_search_20260318", "name": "web_search", "max_uses": 3}
    loader = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    function = {"type": "custom", "name": "f", "input_schema": {"type": "object"}, "strict": True}
    req = parsed({"tools": [{**function, "defer_loading": True, "input_examples": [{"a": 1}]}, search, loader]})
    made, hosted, found = req.tools
    assert (made.kind, made.strict, made.deferred, sorted(made.ext or {})) == (
        "function",
        True,
        True,
        ["input_examples"],
    )
    assert (hosted.kind, hosted.hosted, json.loads(bytes(hosted.raw or b""))) == ("hosted", "web_search", search)
    assert (found.hosted, found.name) == ("tool_search", "tool_search_tool_regex")


@pytest.mark.parametrize("entry", vector("edges.json")["tool_choice"], ids=lambda entry: json.dumps(entry["ir"]))
def test_tool_choice_table(entry: dict[str, Any]) -> None:
    choice = parsed({"tool_choice": entry["claude"], "tools": [{"name": "f", "input_schema": {}}]}).choice
    assert choice is not None
    ir = entry["ir"]
    expected = "tool" if isinstance(ir, dict) and "tool" in ir else "required" if isinstance(ir, dict) else ir
    assert choice.mode == expected
    assert choice.parallel is (False if entry.get("parallel") is False else None)


@pytest.mark.parametrize(
    ("body", "think"),
    [
        ({}, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 5000}}, (None, 5000, False, None)),
        ({"thinking": {"type": "enabled", "budget_tokens": 5000, "display": "omitted"}}, (None, 5000, False, "hidden")),
        ({"thinking": {"type": "adaptive", "display": "summarized"}}, (None, None, True, "summary")),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, ("max", None, True, None)),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}, ("none", 0, False, None)),
        ({"output_config": {"effort": "low"}}, ("low", None, False, "hidden")),
    ],
)
def test_thinking(body: dict[str, Any], think: tuple[Any, ...] | None) -> None:
    got = parsed(body).think
    assert (None if got is None else (got.effort, got.budget, got.adaptive, got.show)) == think


@pytest.mark.parametrize("key", ["output_config", "output_format"])
def test_output_format_old_and_new(key: str) -> None:
    form = {"type": "json_schema", "schema": {"type": "object"}}
    output = parsed({key: {"format": form} if key == "output_config" else form}).output
    assert output is not None
    assert (output.kind, bytes(output.schema or b"")) == ("schema", b'{"type": "object"}')


def test_unknown_keys_and_words_survive() -> None:
    body = {
        "context_management": {"edits": []},
        "container": "c",
        "mcp_servers": [],
        "cache_control": {"type": "ephemeral"},
        "thinking": {"type": "between_tools"},
        "tool_choice": {"type": "some_day"},
        "output_config": {"task_budget": {"total": 1}, "format": {"type": "yaml"}},
        "metadata": {"user_id": "u", "more": 1},
    }
    req = parsed(body)
    assert {key: json.loads(bytes(value)) for key, value in (req.ext or {}).items()} == {
        **body,
        "metadata": {"more": 1},
    }


def test_requests_share_nothing() -> None:
    first, second = parsed({}), parsed({})
    assert isinstance(first, Request)
    first.messages[0].parts.append(Text(text="x"))
    assert len(second.messages[0].parts) == 1
