"""The neutral form to Responses request bodies: what a profile allows, and a note for whatever it does not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from msgspec import Raw
from responses_kit import OPENAI, PNG, VECTORS, again, conversion, notes, parsed, rendered, request, vector

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
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
)
from a2a.protocols.base import Profile
from a2a.protocols.responses import front, upstream

CHAT_EDGES = {row["id"]: row for row in vector("edges.json")["vectors"]}
IMAGE = Media(kind="image", source=Inline(PNG), mime="image/png")
CALL = ToolCall(id="c1", name="f", args="{}")


def items(*messages: Message, proto: Any = "claude", profile: Profile = OPENAI) -> Any:
    return rendered(request(proto=proto, messages=list(messages)), profile)["input"]


def user(*parts: Part) -> Message:
    return Message(role="user", parts=list(parts))


def assistant(*parts: Part) -> Message:
    return Message(role="assistant", parts=list(parts))


def content(part: Part, **options: Any) -> Any:
    return items(user(part), **options)[0]["content"][0]


def outcome(*parts: Text | Media | Foreign, **fields: Any) -> Any:
    """The output item of one tool result."""
    found = items(user(Text(text="x")), assistant(CALL), user(ToolResult(call_id="c1", parts=list(parts), **fields)))
    return found[2]


# Golden


def test_golden_request_survives_the_hub() -> None:
    original = vector("responses.request.json")
    again = rendered(front.parse_request((VECTORS / "responses.request.json").read_bytes(), headers={}))
    assert again["input"][0] == original["input"][0]
    for key in ("instructions", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "reasoning"):
        assert again[key] == original[key]
    assert (again["store"], again["include"]) == (False, ["reasoning.encrypted_content"])
    assert [item["type"] for item in again["input"]] == [item["type"] for item in original["input"]]
    assert not any("id" in item for item in again["input"])


@pytest.mark.parametrize("row", ["system-mid-conversation", "unsigned-thinking", "tool-result-image"])
def test_edges(row: str) -> None:
    """Vectors of other protocols, written out by hand as neutral requests."""
    wanted = CHAT_EDGES[row]["out"]["responses"]
    two = [ToolCall(id="t1", name="crop", args='{"k":1}'), ToolCall(id="t2", name="crop", args='{"k":2}')]
    results = [
        ToolResult(call_id="t1", parts=[Text(text="ok"), IMAGE]),
        ToolResult(call_id="t2", parts=[Text(text="no such region")], is_error=True),
    ]
    requests = {
        "system-mid-conversation": request(
            system=[Text(text="x-anthropic-billing-header: cc_version=2.1.220; cch=ab12;"), Text(text="Be brief.")],
            messages=[
                user(Text(text="a")),
                assistant(Text(text="b")),
                user(Text(text="c")),
                Message(role="system", parts=[Text(text="The date changed.")]),
            ],
        ),
        "unsigned-thinking": request(
            proto="chat",
            messages=[
                user(Text(text="a")),
                assistant(Reasoning(text="secret plan", summary=False), Text(text="b")),
                user(Text(text="c")),
            ],
        ),
        "tool-result-image": request(
            messages=[user(Text(text="crop both")), assistant(*two), user(*results, Text(text="Continue."))]
        ),
    }
    found = rendered(requests[row])
    assert {key: found[key] for key in wanted} == wanted


# Items


def test_ids_go_back_only_where_answers_are_stored() -> None:
    given = [
        {"role": "user", "content": "a"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "o"},
    ]
    assert [item.get("id") for item in again(input=given, store=True)["input"]] == [None, "rs_1", "fc_1", None]
    for store in (False, None):
        assert not any("id" in item for item in again(input=given, store=store)["input"])


def test_reasoning_needs_a_token_of_openai() -> None:
    token = Opaque("openai", "encrypted", "x")
    turn = [user(Text(text="a")), assistant(Reasoning(text="s", opaque=[token]), Text(text="b")), user(Text(text="c"))]
    assert items(*turn)[1] == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "s"}],
        "encrypted_content": "x",
    }
    signed = Reasoning(text="s", opaque=[Opaque("anthropic", "signature", "y")])
    assert [item["type"] for item in items(user(Text(text="a")), assistant(signed, Text(text="b")))] == ["message"] * 2


def test_raw_reasoning_goes_back_as_content() -> None:
    chain = Reasoning(text="raw", summary=False, opaque=[Opaque("openai", "encrypted", "x")])
    item = items(user(Text(text="a")), assistant(chain), user(Text(text="b")))[1]
    assert (item["summary"], item["content"]) == ([], [{"type": "reasoning_text", "text": "raw"}])


def test_assistant_turns() -> None:
    found = items(
        user(Text(text="a")),
        assistant(Text(text="b", phase="commentary"), Refusal(text="no"), CALL, IMAGE),
        user(ToolResult(call_id="c1")),
    )
    assert found[1:] == [
        {"type": "message", "role": "assistant", "content": "b"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "(no output)"},
    ]


def test_phase_stays_inside_the_family() -> None:
    turn = {"role": "assistant", "content": "b", "phase": "commentary"}
    assert again(input=[{"role": "user", "content": "a"}, turn])["input"][1]["phase"] == "commentary"


@pytest.mark.parametrize(
    ("args", "wanted"), [('{"a": 1.50}', '{"a": 1.50}'), ("{cut", '{"_raw":"{cut"}'), ("[1]", '{"value":[1]}')]
)
def test_arguments(args: str, wanted: str) -> None:
    found = items(user(Text(text="a")), assistant(ToolCall(id="c", name="f", args=args)), user(Text(text="b")))
    assert found[1]["arguments"] == wanted


@pytest.mark.parametrize(
    ("proto", "custom_tools", "kind"),
    [("chat", False, "function_call"), ("chat", True, "custom_tool_call"), ("responses", False, "custom_tool_call")],
)
def test_free_form_calls(proto: str, custom_tools: bool, kind: str) -> None:
    call = ToolCall(id="c", name="p", args="*** Begin", custom=True)
    result = ToolResult(call_id="c", parts=[Text(text="ok")], custom=True)
    profile = Profile(family="openai", custom_tools=custom_tools)
    found = items(user(Text(text="a")), assistant(call), user(result), proto=proto, profile=profile)
    assert [item["type"] for item in found[1:]] == [kind, f"{kind}_output"]
    said = found[1].get("input") or json.loads(found[1]["arguments"])["input"]
    assert said == "*** Begin"


def test_tool_results() -> None:
    assert outcome(Text(text="a"))["output"] == "a"
    assert outcome(Text(text="a"), is_error=True)["output"] == "[tool error] a"
    assert outcome(is_error=True)["output"] == "[tool error] (no output)"
    assert outcome(Text(text="a"), Text(text="b"))["output"] == [
        {"type": "input_text", "text": "a"},
        {"type": "input_text", "text": "b"},
    ]
    failed = outcome(IMAGE, is_error=True)["output"]
    assert [part["type"] for part in failed] == ["input_text", "input_image"]
    assert failed[0]["text"] == "[tool error]"


def test_results_leave_a_label_where_the_model_is_blind() -> None:
    turns = [user(Text(text="x")), assistant(CALL), user(ToolResult(call_id="c1", parts=[IMAGE]))]
    found = items(*turns, profile=Profile(family="openai", vision=False))
    assert found[2]["output"] == "[image 1 of c1 left out: this model takes no image input]"


def test_foreign_items_go_back_byte_for_byte() -> None:
    search = '{"type":"web_search_call", "id":"ws_1","n":1.50}'
    shell = '{"type":"local_shell_call_output","output":"o"}'
    body = f'{{"model":"m","input":[{{"role":"user","content":"a"}},{search},{shell}]}}'
    req = front.parse_request(body.encode(), headers={})
    conv = conversion(req)
    data = upstream.render_request(req, conv).decode()
    assert search in data
    assert shell in data


def test_foreign_parts_of_others_leave_as_text() -> None:
    block = Foreign(proto="claude", wire_type="search_result", raw=Raw(b"{}"), as_text="found")
    assert content(block) == {"type": "input_text", "text": "found"}
    found = items(user(Text(text="a")), assistant(block), user(Text(text="b")))
    assert found[1]["content"] == "found"


@pytest.mark.parametrize("mid", [True, False])
def test_a_system_message_in_mid_conversation(mid: bool) -> None:
    turns = [user(Text(text="a")), assistant(Text(text="b")), Message(role="system", parts=[Text(text="now")])]
    last = items(*turns, profile=Profile(family="openai", system_mid=mid))[-1]
    text = last["content"][0]["text"]
    assert (last["role"], text) == (
        ("developer", "now") if mid else ("user", "<system-reminder>\nnow\n</system-reminder>")
    )


# Content


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (IMAGE, {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}),
        (
            Media(kind="image", source=Url("https://x.test/a"), detail="low"),
            {"type": "input_image", "detail": "low", "image_url": "https://x.test/a"},
        ),
        (
            Media(kind="image", source=FileRef("file_1", "openai")),
            {"type": "input_image", "detail": "auto", "file_id": "file_1"},
        ),
        (
            Media(kind="document", source=Inline("JVBERi0="), mime="application/pdf"),
            {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        ),
        (
            Media(kind="document", source=Url("https://x.test/a.pdf")),
            {"type": "input_file", "file_url": "https://x.test/a.pdf"},
        ),
        (
            Media(kind="document", source=FileRef("file_1", "openai")),
            {"type": "input_file", "file_id": "file_1"},
        ),
        (
            Media(kind="document", source=Inline(base64.b64encode(b"hi").decode()), mime="text/plain", name="a.txt"),
            {"type": "input_text", "text": "[document: a.txt]\nhi"},
        ),
    ],
)
def test_media(part: Media, wanted: Any) -> None:
    assert content(part) == wanted


def test_audio_only_where_the_profile_says_so() -> None:
    audio = Media(kind="audio", source=Inline("AAAA"), mime="audio/wav")
    heard = content(audio, profile=Profile(family="openai", audio=True))
    assert heard == {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}


@pytest.mark.parametrize(
    ("part", "profile"),
    [
        (Media(kind="audio", source=Inline("AAAA"), mime="audio/wav"), OPENAI),
        (Media(kind="audio", source=Inline("AAAA"), mime="audio/ogg"), Profile(family="openai", audio=True)),
        (Media(kind="video", source=Inline("AAAA"), mime="video/mp4"), OPENAI),
        (IMAGE, Profile(family="openai", vision=False)),
        (Media(kind="image", source=FileRef("file_1", "anthropic")), OPENAI),
    ],
)
def test_what_the_target_cannot_see_is_a_400(part: Media, profile: Profile) -> None:
    with pytest.raises(RequestError):
        content(part, profile=profile)


def test_cache_breakpoints() -> None:
    hinted = Text(text="a", cache=CacheHint("1h"))
    explicit = Profile(family="openai", wire={"cache": "prompt_cache_breakpoint"})
    assert content(hinted, profile=explicit)["prompt_cache_breakpoint"] == {"mode": "explicit"}
    assert set(content(hinted)) == {"type", "text"}
    own = {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert again(input=[{"role": "user", "content": [own]}])["input"][0]["content"] == [own]


# Tools


def test_functions_spell_out_strict() -> None:
    tools = rendered(request(tools=[Tool(name="f", description="d")]))["tools"]
    assert tools == [
        {
            "type": "function",
            "name": "f",
            "description": "d",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        }
    ]


@pytest.mark.parametrize(
    ("proto", "schema", "strict"),
    [
        ("claude", b'{"type":"object","properties":{"a":{"type":"string"}}}', False),
        (
            "claude",
            b'{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}',
            True,
        ),
        ("claude", b'{"type":"object","properties":{},"required":[],"additionalProperties":false,"oneOf":[]}', False),
        ("chat", b'{"type":"object","properties":{"a":{"type":"string"}}}', True),
        ("responses", b'{"type":"object","properties":{}}', True),
    ],
)
def test_strict_from_elsewhere(proto: str, schema: bytes, strict: bool) -> None:
    tools = rendered(request(proto=proto, tools=[Tool(name="f", schema=Raw(schema), strict=True)]))["tools"]
    assert tools[0]["strict"] is strict


def test_the_clients_own_silence_about_strict_stays() -> None:
    given = [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "x": 1}]
    assert again(tools=given)["tools"] == given


def test_namespaces_and_hosted_tools_go_back_whole() -> None:
    given: list[Any] = [
        {"type": "web_search", "external_web_access": False},
        {
            "type": "namespace",
            "name": "ns",
            "description": "servers",
            "tools": [
                {"type": "function", "name": "a", "parameters": {"type": "object", "properties": {}}, "strict": False},
                {"type": "custom", "name": "b", "format": {"type": "text"}},
            ],
        },
        {"type": "custom", "name": "apply_patch", "description": "d", "format": {"type": "grammar", "syntax": "lark"}},
        {"type": "mcp", "server_label": "s"},
    ]
    assert again(tools=given)["tools"] == given


GRAMMAR = Raw(
    b'{"type":"custom","custom":{"name":"p","format":'
    b'{"type":"grammar","grammar":{"syntax":"lark","definition":"s: A"}}}}'
)


def test_free_form_tools_of_chat_clients() -> None:
    req = request(proto="chat", tools=[Tool(name="p", kind="custom", description="patch", raw=GRAMMAR)])
    native = rendered(req, Profile(family="openai", custom_tools=True))["tools"]
    assert native == [
        {
            "type": "custom",
            "name": "p",
            "description": "patch",
            "format": {"type": "grammar", "syntax": "lark", "definition": "s: A"},
        }
    ]
    emulated = rendered(req)["tools"][0]
    assert (emulated["type"], emulated["parameters"]["required"]) == ("function", ["input"])
    assert emulated["description"] == "patch\n\nThe input must match this lark grammar:\ns: A"


def test_web_search_of_other_vendors() -> None:
    raw = b'{"type":"web_search_20260209","name":"web_search","allowed_domains":["a.test"],"max_uses":3,'
    raw += b'"user_location":{"type":"approximate","city":"Berlin"}}'
    req = request(tools=[Tool(name="web_search", kind="hosted", hosted="web_search_20260209", raw=Raw(raw))])
    body = json.loads(upstream.render_request(req, conversion(req)))
    assert body["tools"] == [
        {
            "type": "web_search",
            "filters": {"allowed_domains": ["a.test"]},
            "user_location": {"type": "approximate", "city": "Berlin"},
        }
    ]


@pytest.mark.parametrize("row", vector("edges.json")["tool_choice"], ids=lambda row: json.dumps(row["ir"]))
def test_tool_choice(row: dict[str, Any]) -> None:
    wanted = row["ir"]
    if isinstance(wanted, str):
        choice = ToolChoice(mode=wanted, parallel=row.get("parallel"))  # type: ignore[arg-type]
    elif "tool" in wanted:
        choice = ToolChoice(mode="tool", names=(wanted["tool"],))
    else:
        choice = ToolChoice(mode="allowed", names=tuple(wanted["allowed"]), must=wanted["mode"] == "required")
    body = rendered(request(tools=[Tool(name="f"), Tool(name="g")], choice=choice))
    assert body["tool_choice"] == row["responses"]
    assert body.get("parallel_tool_calls") == row.get("parallel")


def test_choices_of_other_kinds_go_back() -> None:
    tools = [{"type": "custom", "name": "p"}, {"type": "web_search"}, {"type": "mcp", "server_label": "s"}]
    for choice in ({"type": "custom", "name": "p"}, {"type": "web_search"}, {"type": "mcp", "server_label": "s"}):
        assert again(tools=tools, tool_choice=choice)["tool_choice"] == choice


def test_allowed_tools_are_filtered_for_third_parties() -> None:
    choice = ToolChoice(mode="allowed", names=("g",), must=True)
    body = rendered(request(tools=[Tool(name="f"), Tool(name="g")], choice=choice), Profile())
    assert ([tool["name"] for tool in body["tools"]], body["tool_choice"]) == (["g"], "required")


def test_choices_that_cannot_be() -> None:
    forced = request(tools=[Tool(name="f")], choice=ToolChoice(mode="required"))
    assert rendered(forced, Profile(forced_tool=False))["tool_choice"] == "auto"
    req = request(choice=ToolChoice(mode="required"))
    conv = conversion(req)
    upstream.render_request(req, conv)
    assert notes(conv) == {"tool_choice": "dropped"}


# Top level


def test_nothing_is_stored_for_others() -> None:
    req = request(proto="chat", store=True)
    conv = conversion(req)
    body = rendered(req, conv=conv)
    assert (body["store"], body["include"]) == (False, ["reasoning.encrypted_content"])
    assert notes(conv) == {"store": "dropped"}
    assert "include" not in rendered(request(), Profile(reasoning="none"))


@pytest.mark.parametrize("store", [True, False, None])
def test_a_responses_client_decides_on_storing(store: bool | None) -> None:
    body = again(store=store, previous_response_id="resp_0", include=["file_search_call.results"])
    assert body.get("store") is store
    assert body["previous_response_id"] == "resp_0"
    assert body["include"] == ["reasoning.encrypted_content", "file_search_call.results"]


def test_sampling() -> None:
    given = Sampling(temperature=0, top_p=1.0, top_k=5, presence=0.5, frequency=0, seed=1, top_logprobs=2)
    req = request(sampling=given, stop=["END"])
    conv = conversion(req)
    body = rendered(req, conv=conv)
    assert (body["temperature"], body["top_p"], body["top_logprobs"]) == (0, 1.0, 2)
    assert "message.output_text.logprobs" in body["include"]
    dropped = ("top_k", "presence_penalty", "frequency_penalty", "seed")
    assert notes(conv) == {**dict.fromkeys(dropped, "dropped"), "stop": "emulated"}
    assert not set(dropped) & set(body)
    assert conv.extra == {"local_stop": "1"}


def test_reasoning_models_take_no_sampling() -> None:
    req = request(sampling=Sampling(temperature=1, top_logprobs=0))
    body = rendered(req, Profile(family="openai", sampling="none"))
    assert not {"temperature", "top_logprobs"} & set(body)
    assert body["include"] == ["reasoning.encrypted_content"]


def test_limits_are_clamped() -> None:
    req = request(sampling=Sampling(temperature=1.7), max_output=9000)
    body = rendered(req, Profile(max_output=4096, max_temperature=1.0))
    assert (body["max_output_tokens"], body["temperature"]) == (4096, 1.0)


@pytest.mark.parametrize(
    ("proto", "think", "wanted"),
    [
        ("chat", Think(effort="low"), {"effort": "low", "summary": "auto"}),
        ("claude", Think(budget=10_000), {"effort": "medium", "summary": "auto"}),
        ("claude", Think(adaptive=True), {"summary": "auto"}),
        ("claude", Think(budget=0), {"effort": "none"}),
        ("claude", Think(effort="high", show="hidden"), {"effort": "high"}),
        ("gemini", Think(budget=-1, show="summary"), {"summary": "auto"}),
        ("gemini", Think(budget=-1), None),
        ("chat", None, None),
    ],
)
def test_reasoning(proto: str, think: Think | None, wanted: Any) -> None:
    assert rendered(request(proto=proto, think=think)).get("reasoning") == wanted


@pytest.mark.parametrize("word", ["auto", "concise", "detailed"])
def test_a_clients_word_for_the_summary_survives(word: str) -> None:
    given = {"effort": "low", "summary": word, "mode": "x"}
    assert again(reasoning=given)["reasoning"] == given


def test_efforts_are_fitted() -> None:
    req = request(think=Think(effort="none"))
    tied = Profile(family="openai", efforts=("low", "high"), can_disable_reasoning=False)
    assert rendered(req, tied)["reasoning"] == {"effort": "low"}
    assert "reasoning" not in rendered(req, Profile(reasoning="none"))


def test_structured_output() -> None:
    row = vector("edges.json")["structured_output"]
    form = row["in_chat"]["response_format"]["json_schema"]
    schema = Raw(json.dumps(form["schema"]).encode())
    req = request(proto="chat", output=OutFormat(kind="schema", name="R", strict=True, schema=schema))
    assert rendered(req)["text"] == row["responses"]["text"]


def test_json_mode_mentions_json() -> None:
    found = rendered(request(proto="gemini", output=OutFormat(kind="json")))
    assert found["text"] == {"format": {"type": "json_object"}}
    assert (found["input"][0]["role"], "JSON" in found["input"][0]["content"][0]["text"]) == ("developer", True)
    told = rendered(request(Text(text="as json"), proto="gemini", output=OutFormat(kind="json")))
    assert len(told["input"]) == 1


def test_unmodelled_keys_go_back_to_their_own_protocol_only() -> None:
    given: dict[str, Any] = {
        "text": {"verbosity": "low", "x": 1},
        "truncation": "auto",
        "max_tool_calls": 2,
        "client_metadata": {"a": "b"},
    }
    body = again(**given)
    assert {key: body[key] for key in given} == given
    foreign = request(proto="chat", ext={"logit_bias": Raw(b"{}")})
    assert "logit_bias" not in rendered(foreign)


def test_books() -> None:
    req = request(proto="chat", tier="standard", user="u" * 80, cache_key="k", metadata={"a": "b"})
    body = rendered(req)
    assert (body["service_tier"], body["prompt_cache_key"], body["metadata"]) == ("default", "k", {"a": "b"})
    assert len(body["safety_identifier"]) == 64
    third = rendered(req, Profile())
    assert "prompt_cache_key" not in third
    assert len(third["user"]) == 64


def test_denied_keys_are_left_out() -> None:
    req = request()
    conv = conversion(req, Profile(deny=("include", "store")))
    assert not {"include", "store"} & set(rendered(req, conv=conv))
    assert notes(conv) == {"include": "dropped", "store": "dropped"}


def test_streams_are_asked_for() -> None:
    req = request()
    assert rendered(req, conv=conversion(req, stream=True))["stream"] is True
    assert "stream" not in rendered(req)


def test_the_clients_request_is_not_changed() -> None:
    req: Request = parsed(input=[{"role": "user", "content": "a"}], reasoning={"summary": "concise"})
    before = repr(req)
    rendered(req)
    assert repr(req) == before


def test_a_clients_unreadable_bytes_are_its_own_fault() -> None:
    bad = Raw(b'{"format":"\xff"}')
    req = request(proto="responses", tools=[Tool(name="p", kind="custom", raw=bad)], ext={"reasoning": Raw(b"{\xff}")})
    req.think = Think(effort="low")
    with pytest.raises(RequestError):
        upstream.render_request(req, conversion(req))


def test_settings_of_another_vendors_search_are_noted() -> None:
    raw = Raw(b'{"type":"web_search_20250305","name":"web_search","max_uses":3,"allowed_domains":["a.b"]}')
    req = request(tools=[Tool(name="web_search", kind="hosted", hosted="web_search", raw=raw)])
    conv = conversion(req, Profile(family="openai", hosted_tools=True))
    (tool,) = rendered(req, conv=conv)["tools"]
    assert tool == {"type": "web_search", "filters": {"allowed_domains": ["a.b"]}}
    assert [note.field for note in conv.notes] == ["tools.web_search.max_uses"]


def test_a_probe_for_one_token_gets_the_least_there_is() -> None:
    assert rendered(request(max_output=1), Profile())["max_output_tokens"] == 16
