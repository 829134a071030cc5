"""Neutral requests to the body of a Claude upstream."""

from __future__ import annotations

import json
from typing import Any

import pytest
from claude_kit import CLAUDE, VECTORS, conversion, notes, parsed, rendered, request, vector
from msgspec import Raw
from msgspec.structs import replace

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
    Sampling,
    Text,
    Think,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
)
from a2a.protocols.base import Profile
from a2a.protocols.claude import front, upstream

PNG = vector("claude.request.json")["messages"][0]["content"][1]["source"]["data"]
SCHEMA = Raw(b'{"type":"object","properties":{"a":{"type":"string"}}}')
F = Tool(name="f", schema=SCHEMA)
G = Tool(name="g", schema=SCHEMA)


def _user(*parts: Part) -> Message:
    return Message(role="user", parts=list(parts))


def _model(*parts: Part) -> Message:
    return Message(role="assistant", parts=list(parts))


def _system(text: str) -> Message:
    return Message(role="system", parts=[Text(text=text)])


def _call(call_id: str = "t1", args: str = "{}", **fields: Any) -> ToolCall:
    return ToolCall(id=call_id, name="f", args=args, **fields)


def _result(call_id: str = "t1", text: str = "ok", **fields: Any) -> ToolResult:
    return ToolResult(call_id=call_id, parts=[Text(text=text)] if text else [], **fields)


def _signed(text: str = "t") -> Reasoning:
    return Reasoning(text=text, opaque=[Opaque("anthropic", "signature", "sig")])


def _messages(*messages: Message, profile: Profile = CLAUDE, **fields: Any) -> Any:
    return rendered(request(messages=list(messages), **fields), profile)["messages"]


def test_golden_request_survives_the_hub() -> None:
    req = front.parse_request((VECTORS / "claude.request.json").read_bytes(), headers={})
    conv = conversion(req, stream=True)
    body = rendered(req, conv=conv)
    want = vector("claude.request.json")
    want["model"] = "claude-opus-4-6"
    del want["tool_choice"]["disable_parallel_tool_use"]
    assert body == want
    assert conv.notes == []


# Limits


@pytest.mark.parametrize(
    ("asked", "limit", "sent"),
    [(None, None, 8192), (None, 4000, 4000), (9000, 4000, 4000), (100, 4000, 100), (0, 10, 0)],
)
def test_max_tokens(asked: int | None, limit: int | None, sent: int) -> None:
    assert rendered(request(max_output=asked), replace(CLAUDE, max_output=limit))["max_tokens"] == sent


def test_several_answers_are_refused() -> None:
    with pytest.raises(RequestError):
        upstream.render_request(request(sampling=Sampling(n=2)), conversion())


def test_previous_response_is_refused() -> None:
    with pytest.raises(RequestError, match="not stored"):
        upstream.render_request(request("responses", previous_id="resp_1"), conversion())


# Order of messages


def test_plain_texts_as_in_the_vector() -> None:
    vectors = {entry["id"]: entry for entry in vector("edges.json")["vectors"]}
    history = [_user(Text(text="a")), _model(Reasoning(text="secret plan"), Text(text="b")), _user(Text(text="c"))]
    assert _messages(*history) == vectors["unsigned-thinking"]["out"]["claude"]["messages"]


def test_results_come_first() -> None:
    got = _messages(_user(Text(text="a")), _model(_call()), _user(Text(text="now"), _result()), tools=[F])
    assert [block["type"] for block in got[2]["content"]] == ["tool_result", "text"]


def test_first_message_is_the_users() -> None:
    assert _messages(_model(Text(text="b")))[0] == {"role": "user", "content": "(start)"}
    assert _messages()[0] == {"role": "user", "content": "(start)"}


def test_system_in_mid_conversation_moves_behind_the_user() -> None:
    got = _messages(_user(Text(text="a")), _model(_call()), _system("s"), _user(_result()), tools=[F])
    assert [message["role"] for message in got] == ["user", "assistant", "user", "system"]
    assert got[3]["content"] == "s"


def test_system_without_a_user_behind_it_is_a_reminder() -> None:
    got = _messages(_user(Text(text="a")), _model(Text(text="b")), _system("s"))
    assert got[2] == {"role": "user", "content": "<system-reminder>\ns\n</system-reminder>"}


def test_system_as_reminder_where_the_model_takes_none() -> None:
    profile = replace(CLAUDE, system_mid=False)
    got = _messages(_user(Text(text="a")), _system("s"), _model(Text(text="b")), profile=profile)
    assert [message["role"] for message in got] == ["user", "assistant"]
    assert got[0]["content"][1]["text"] == "<system-reminder>\ns\n</system-reminder>"


def test_reminder_in_a_tool_loop_stays_behind_the_results() -> None:
    profile = replace(CLAUDE, system_mid=False)
    history = [_user(Text(text="a")), _model(_call()), _system("s"), _user(_result())]
    got = _messages(*history, tools=[F], profile=profile)
    assert [block["type"] for block in got[2]["content"]] == ["tool_result", "text"]


def test_emptied_turn_still_separates() -> None:
    got = upstream.render_request(
        request(messages=[_user(Text(text="a")), _model(Reasoning(text="x")), _user(Text(text="c"))]), conversion()
    )
    assert json.loads(got)["messages"][1] == {"role": "assistant", "content": [{"type": "text", "text": "(empty)"}]}


def test_prefill_loses_its_trailing_space() -> None:
    assert _messages(_user(Text(text="a")), _model(Text(text="The answer: ")))[1]["content"][0]["text"] == "The answer:"


# Parts


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (Refusal(text="no"), {"type": "text", "text": "no"}),
        (
            Media(kind="image", source=Inline(PNG), mime="image/png", detail="low"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        ),
        (
            Media(kind="image", source=Url("https://x")),
            {"type": "image", "source": {"type": "url", "url": "https://x"}},
        ),
        (
            Media(kind="document", source=FileRef("file_1", "anthropic")),
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        ),
        (
            Media(kind="document", source=Inline("JVBERi0="), name="a.pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                "title": "a.pdf",
            },
        ),
        (
            Media(kind="document", source=Inline("R3LDvMOfZQ=="), mime="text/markdown"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"}},
        ),
    ],
)
def test_parts(part: Part, block: dict[str, Any]) -> None:
    assert _messages(_user(Text(text="x"), part))[0]["content"][1] == block


@pytest.mark.parametrize(
    "part",
    [
        Media(kind="audio", source=Inline("AAAA"), mime="audio/wav"),
        Media(kind="video", source=Url("https://x")),
        Media(kind="image", source=Inline("AAAA"), mime="image/svg+xml"),
        Media(kind="document", source=Inline("AAAA"), mime="application/msword"),
        Media(kind="document", source=Inline("//79"), mime="text/plain"),
        Media(kind="image", source=FileRef("file_1", "openai")),
    ],
)
def test_what_claude_cannot_see_is_refused(part: Part) -> None:
    with pytest.raises(RequestError):
        _messages(_user(part))


def test_models_without_eyes() -> None:
    blind = replace(CLAUDE, vision=False, documents=False)
    note = Media(kind="document", source=Inline("R3LDvMOfZQ=="), mime="text/plain", name="n")
    assert _messages(_user(note), profile=blind)[0]["content"] == "[document n]\nGrüße"
    for part in (Media(kind="image", source=Url("https://x")), Media(kind="document", source=Inline("JVBERi0="))):
        with pytest.raises(RequestError):
            _messages(_user(part), profile=blind)


@pytest.mark.parametrize(
    ("args", "sent"),
    [
        ("", {}),
        ('{"a": 1.50}', {"a": 1.5}),
        ('{"a":1', {"_raw": '{"a":1'}),
        ("[1]", {"value": [1]}),
        ('"{\\"a\\":1}"', {"a": 1}),
    ],
)
def test_arguments_of_a_history(args: str, sent: Any) -> None:
    got = _messages(_user(Text(text="a")), _model(_call(args=args)), _user(_result()), tools=[F])
    assert got[1]["content"][0]["input"] == sent


def test_numbers_of_arguments_keep_their_spelling() -> None:
    req = request(messages=[_user(Text(text="a")), _model(_call(args='{"a":1.50}')), _user(_result())], tools=[F])
    assert b'"input":{"a":1.50}' in upstream.render_request(req, conversion(req))


def test_tool_results() -> None:
    image = Media(kind="image", source=Inline(PNG), mime="image/png")
    results = [
        _result("t1", "bad", is_error=True),
        _result("t2", ""),
        ToolResult(call_id="t3", parts=[Text(text="see"), image]),
    ]
    got = _messages(_user(Text(text="a")), _model(_call("t1"), _call("t2"), _call("t3")), _user(*results), tools=[F])
    bad, nothing, picture = got[2]["content"]
    assert bad == {"type": "tool_result", "tool_use_id": "t1", "content": "bad", "is_error": True}
    assert nothing == {"type": "tool_result", "tool_use_id": "t2", "content": "(no output)"}
    assert [block["type"] for block in picture["content"]] == ["text", "image"]


def test_foreign_blocks_stay_at_home() -> None:
    raw = b'{"type":"search_result","n":1.0}'
    part = Foreign(proto="claude", wire_type="search_result", raw=Raw(raw), as_text="t")
    req = request("claude", messages=[_user(Text(text="a"), part)])
    assert raw in upstream.render_request(req, conversion(req))
    other = Foreign(proto="gemini", wire_type="executableCode", raw=Raw(b"{}"), as_text="code")
    assert _messages(_user(Text(text="a"), other))[0]["content"][1] == {"type": "text", "text": "code"}


def test_reasoning_goes_back_only_signed_and_while_thinking() -> None:
    hidden = Reasoning(opaque=[Opaque("anthropic", "redacted", "xx")])
    history = [_user(Text(text="a")), _model(_signed(), hidden, Text(text="b")), _user(Text(text="c"))]
    on = _messages(*history, think=Think(effort="high"))[1]["content"]
    off = _messages(*history)[1]["content"]
    assert on == [
        {"type": "thinking", "thinking": "t", "signature": "sig"},
        {"type": "redacted_thinking", "data": "xx"},
        {"type": "text", "text": "b"},
    ]
    assert off == [{"type": "text", "text": "b"}]


# Tools


def test_tools() -> None:
    custom = Tool(
        name="patch",
        kind="custom",
        description="Apply.",
        raw=Raw(
            b'{"type":"custom","name":"patch","format":{"type":"grammar","syntax":"lark","definition":"start: X"}}'
        ),
    )
    conv = conversion()
    tools = rendered(
        request(tools=[replace(F, strict=True, description="d"), Tool(name="bare", strict=False), custom]), conv=conv
    )["tools"]
    assert tools[0] == {
        "name": "f",
        "description": "d",
        "input_schema": json.loads(bytes(SCHEMA)),
        "strict": True,
    }
    assert tools[1] == {"name": "bare", "input_schema": {"type": "object", "properties": {}}}
    assert tools[2]["input_schema"]["required"] == ["input"]
    assert tools[2]["description"] == "Apply.\n\nThe input must follow this lark grammar:\nstart: X"


def test_server_tools_keep_their_bytes() -> None:
    search = {"type": "web_search_20260318", "name": "web_search", "max_uses": 3}
    assert rendered(parsed({"tools": [search]}))["tools"] == [search]


@pytest.mark.parametrize("entry", vector("edges.json")["tool_choice"], ids=lambda entry: json.dumps(entry["ir"]))
def test_tool_choice_table(entry: dict[str, Any]) -> None:
    ir, parallel = entry["ir"], entry.get("parallel")
    match ir:
        case {"tool": name}:
            choice = ToolChoice(mode="tool", names=(name,), parallel=parallel)
        case {"allowed": names, "mode": mode}:
            choice = ToolChoice(mode="allowed", names=tuple(names), must=mode == "required", parallel=parallel)
        case _:
            choice = ToolChoice(mode=ir, parallel=parallel)
    body = rendered(request(tools=[F, G, Tool(name="h")], choice=choice))
    assert body["tool_choice"] == entry["claude"]
    assert [tool["name"] for tool in body["tools"]] == (["f", "g"] if choice.mode == "allowed" else ["f", "g", "h"])


def test_choice_without_tools_is_dropped() -> None:
    assert "tool_choice" not in rendered(request(choice=ToolChoice(mode="required")))


@pytest.mark.parametrize("profile", [replace(CLAUDE, forced_tool=False), replace(CLAUDE, reasoning="budget")])
def test_forced_choice_that_is_not_allowed_becomes_auto(profile: Profile) -> None:
    req = request(tools=[F], choice=ToolChoice(mode="required"), think=Think(effort="low"))
    conv = conversion(req, profile)
    assert rendered(req, conv=conv)["tool_choice"] == {"type": "auto"}
    assert notes(conv)["tool_choice"] == "mapped"


# Sampling


@pytest.mark.parametrize(
    ("sampling", "profile", "think", "sent"),
    [
        (Sampling(temperature=0.0), CLAUDE, None, {"temperature": 0}),
        (Sampling(temperature=1.7), CLAUDE, None, {"temperature": 1.0}),
        (Sampling(temperature=0.3), replace(CLAUDE, sampling="none"), None, {}),
        (Sampling(temperature=0.3, top_p=0.5, top_k=3.0), CLAUDE, None, {"temperature": 0.3, "top_k": 3}),
        (Sampling(top_p=0.5), CLAUDE, None, {"top_p": 0.5}),
        (Sampling(temperature=0.3, top_k=3, top_p=0.97), CLAUDE, Think(effort="high"), {"top_p": 0.97}),
        (Sampling(temperature=0.3, top_p=0.5), CLAUDE, Think(effort="high"), {}),
        (Sampling(presence=1, frequency=1, seed=1, top_logprobs=0), CLAUDE, None, {}),
    ],
)
def test_sampling(sampling: Sampling, profile: Profile, think: Think | None, sent: dict[str, float]) -> None:
    req = request(sampling=sampling, think=think, max_output=9000)
    conv = conversion(req, profile)
    body = rendered(req, conv=conv)
    assert {key: body[key] for key in ("temperature", "top_p", "top_k") if key in body} == sent
    lost = {key for key in ("temperature", "top_p", "top_k") if getattr(sampling, key) is not None} - sent.keys()
    assert lost <= notes(conv).keys()


def test_whitespace_stop_is_applied_here() -> None:
    req = request(stop=["END", "\n"])
    conv = conversion(req)
    assert rendered(req, conv=conv)["stop_sequences"] == ["END"]
    assert conv.extra["local_stop"] == "1"


# Thinking


def _thinking(think: Think | None, profile: Profile = CLAUDE, proto: str = "chat", max_output: int = 40_000) -> Any:
    body = rendered(request(proto, think=think, max_output=max_output), profile)
    return body.get("thinking"), body.get("output_config", {}).get("effort")


BUDGET = replace(CLAUDE, reasoning="budget")
ADAPTIVE = replace(CLAUDE, reasoning="adaptive")


@pytest.mark.parametrize(
    ("think", "profile", "config", "effort"),
    [
        (None, CLAUDE, None, None),
        (Think(effort="high"), CLAUDE, {"type": "adaptive"}, "high"),
        (Think(effort="minimal"), CLAUDE, {"type": "adaptive"}, "low"),
        (Think(effort="max"), replace(CLAUDE, efforts=("low", "high")), {"type": "adaptive"}, "high"),
        (Think(budget=8192), CLAUDE, {"type": "adaptive"}, "medium"),
        (Think(budget=-1), CLAUDE, {"type": "adaptive"}, None),
        (Think(adaptive=True, show="summary"), CLAUDE, {"type": "adaptive", "display": "summarized"}, None),
        (Think(effort="low", show="hidden"), ADAPTIVE, {"type": "adaptive", "display": "omitted"}, "low"),
        (Think(effort="none"), CLAUDE, {"type": "disabled"}, None),
        (Think(budget=0), CLAUDE, {"type": "disabled"}, None),
        (Think(effort="none"), replace(CLAUDE, can_disable_reasoning=False), None, "low"),
        (Think(effort="high"), replace(CLAUDE, reasoning="none"), None, None),
        (Think(effort="high"), BUDGET, {"type": "enabled", "budget_tokens": 16384}, None),
        (Think(budget=500), BUDGET, {"type": "enabled", "budget_tokens": 1024}, None),
        (Think(budget=99_000), BUDGET, {"type": "enabled", "budget_tokens": 39_999}, None),
        (Think(adaptive=True), BUDGET, {"type": "enabled", "budget_tokens": 8192}, None),
    ],
)
def test_thinking_by_profile(think: Think | None, profile: Profile, config: Any, effort: str | None) -> None:
    assert _thinking(think, profile) == (config, effort)


def test_thinking_without_room_is_off() -> None:
    assert _thinking(Think(effort="high"), BUDGET, max_output=1024) == (None, None)


@pytest.mark.parametrize(
    ("think", "profile", "config", "effort"),
    [
        (Think(budget=5000), CLAUDE, {"type": "enabled", "budget_tokens": 5000}, None),
        (Think(budget=5000), ADAPTIVE, {"type": "adaptive"}, "medium"),
        (Think(effort="low", show="hidden"), CLAUDE, None, "low"),
        (Think(effort="low", show="hidden"), BUDGET, None, None),
    ],
)
def test_thinking_of_a_claude_client(think: Think, profile: Profile, config: Any, effort: str | None) -> None:
    assert _thinking(think, profile, "claude") == (config, effort)


def test_disabled_thinking_keeps_the_effort_for_claude_only() -> None:
    body = rendered(parsed({"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}))
    assert (body["thinking"], body["output_config"]) == ({"type": "disabled"}, {"effort": "low"})


def test_tool_loop_of_another_vendor_goes_on_without_thinking() -> None:
    edits = [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}]
    loop = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}]},
    ]
    body = rendered(
        parsed(
            {
                "messages": loop,
                "max_tokens": 9000,
                "thinking": {"type": "enabled", "budget_tokens": 2000},
                "context_management": {"edits": edits},
            }
        )
    )
    assert "thinking" not in body
    assert body["context_management"] == {"edits": edits[1:]}


def test_signed_tool_loop_keeps_thinking() -> None:
    history = [_user(Text(text="a")), _model(_signed(), _call()), _user(_result())]
    body = rendered(request(messages=history, tools=[F], think=Think(budget=2000), max_output=9000), BUDGET)
    assert body["thinking"]["type"] == "enabled"
    assert body["messages"][1]["content"][0]["type"] == "thinking"


# Structured output

ANSWER = OutFormat(kind="schema", name="R", schema=Raw(b'{"type":"object","properties":{"a":{"type":"string"}}}'))


def test_structured_output_natively() -> None:
    body = rendered(request(output=ANSWER, think=Think(effort="low")))
    assert body["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": json.loads(bytes(SCHEMA)) | {"additionalProperties": False}},
    }


def test_a_map_as_the_answer_is_asked_for_in_words() -> None:
    schema = Raw(b'{"type":"object","additionalProperties":{"type":"integer"}}')
    body = rendered(request(output=OutFormat(kind="schema", name="R", schema=schema)))
    assert "output_config" not in body
    assert '"additionalProperties":{"type":"integer"}' in json.dumps(body["system"]).replace('\\"', '"')


def test_structured_output_through_a_tool() -> None:
    body = rendered(request(output=ANSWER), replace(CLAUDE, structured="tool"))
    assert [tool["name"] for tool in body["tools"]] == ["R"]
    assert body["tool_choice"] == {"type": "tool", "name": "R", "disable_parallel_tool_use": True}


@pytest.mark.parametrize(
    ("fields", "structured"),
    [
        ({"output": OutFormat(kind="json")}, "native"),
        ({"output": ANSWER, "tools": [F]}, "tool"),
        ({"output": ANSWER, "think": Think(effort="low")}, "tool"),
        ({"output": ANSWER}, "prompt"),
    ],
)
def test_structured_output_through_words(fields: dict[str, Any], structured: Any) -> None:
    req = request(system=[Text(text="s")], **fields)
    conv = conversion(req, replace(CLAUDE, structured=structured))
    body = rendered(req, conv=conv)
    assert [block["text"][:6] for block in body["system"]] == ["s", "Answer"]
    assert notes(conv)["response_format"] == "emulated"


# Cache


def _marks(body: Any) -> list[str]:
    found = [f"tool {tool['name']}" for tool in body.get("tools", ()) if "cache_control" in tool]
    found += [f"system {block['text']}" for block in body.get("system", ()) if "cache_control" in block]
    for message in body["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else ():
            if "cache_control" in block:
                found.append(f"{message['role']} {block.get('text', block['type'])}")
    return found


def test_breakpoints_are_set_for_clients_that_cannot() -> None:
    history = [_user(Text(text=f"u{n}")) if n % 2 == 0 else _model(Text(text=f"a{n}")) for n in range(5)]
    req = request(messages=history, system=[Text(text="s1"), Text(text="s2")], tools=[F, G])
    body = rendered(req, replace(CLAUDE, auto_cache=True))
    assert _marks(body) == ["tool g", "system s2", "user u2", "user u4"]


@pytest.mark.parametrize(("proto", "auto"), [("chat", False), ("claude", True)])
def test_no_breakpoints_of_ours(proto: str, auto: bool) -> None:
    assert _marks(rendered(request(proto, tools=[F]), replace(CLAUDE, auto_cache=auto))) == []


def test_breakpoints_of_the_client_win() -> None:
    req = request(messages=[_user(Text(text="a", cache=CacheHint("30m")), Text(text="b"))], tools=[F])
    body = rendered(req, replace(CLAUDE, auto_cache=True))
    assert body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert _marks(body) == ["user a"]


def test_five_breakpoints_lose_the_earliest_of_the_messages() -> None:
    texts = [Text(text=f"u{n}", cache=CacheHint()) for n in range(4)]
    req = request("claude", messages=[_user(*texts)], tools=[replace(F, cache=CacheHint())])
    conv = conversion(req)
    assert _marks(rendered(req, conv=conv)) == ["tool f", "user u1", "user u2", "user u3"]
    assert notes(conv)["cache_control"] == "dropped"


def test_long_breakpoint_behind_a_short_one_is_shortened() -> None:
    texts = [Text(text="a", cache=CacheHint("5m")), Text(text="b", cache=CacheHint("1h"))]
    body = rendered(request("claude", messages=[_user(*texts)]))
    assert [block["cache_control"] for block in body["messages"][0]["content"]] == [
        {"type": "ephemeral", "ttl": "5m"},
        {"type": "ephemeral"},
    ]


# The rest


@pytest.mark.parametrize(
    ("tier", "sent"), [("auto", "auto"), ("default", "standard_only"), ("standard", "standard_only"), ("flex", "auto")]
)
def test_service_tier(tier: str, sent: str) -> None:
    assert rendered(request(tier=tier))["service_tier"] == sent


def test_unknown_keys_return_to_their_own_protocol_only() -> None:
    wild = {"context_management": {"edits": []}, "output_config": {"task_budget": {"total": 1}}}
    body = rendered(parsed({**wild, "thinking": {"type": "adaptive"}}))
    assert {key: body[key] for key in wild} == wild
    req = request(ext={"logit_bias": Raw(b"{}")}, cache_key="k", store=True, metadata={"a": "b"})
    conv = conversion(req)
    assert rendered(req, conv=conv).keys() == {"model", "max_tokens", "messages"}
    assert {"logit_bias", "prompt_cache_key", "store", "metadata"} <= notes(conv).keys()


def test_denied_keys_are_removed() -> None:
    req = parsed({"context_management": {"edits": []}})
    conv = conversion(req, replace(CLAUDE, deny=("context_management",)))
    assert "context_management" not in rendered(req, conv=conv)
    assert notes(conv) == {"context_management": "dropped"}


def test_stream_is_what_the_conversion_says() -> None:
    req = request(stream=False)
    assert rendered(req, conv=conversion(req, stream=True))["stream"] is True
    assert "stream" not in rendered(req)


def test_rendering_does_not_change_the_request() -> None:
    req = front.parse_request((VECTORS / "claude.request.json").read_bytes(), headers={})
    before = upstream.render_request(req, conversion(req))
    assert upstream.render_request(req, conversion(req)) == before
