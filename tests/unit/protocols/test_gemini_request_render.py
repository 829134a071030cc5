"""Requests to bodies for a Gemini upstream."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gemini_kit import GEMINI, GEMINI_3, PNG, VECTORS, conversion, edge, notes, parsed, rendered, request, vector
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
from a2a.protocols import chat, claude
from a2a.protocols.base import Profile
from a2a.protocols.gemini import front, upstream
from a2a.protocols.gemini.signature import SENTINEL

SIGNED = Opaque("google", "signature", "c2ln")
F = Tool(name="f", schema=Raw(b'{"type":"object","properties":{"a":{"type":"string","minLength":1}}}'))


def _said(*messages: tuple[Any, list[Part]], proto: Any = "chat", profile: Profile = GEMINI) -> Any:
    req = request(proto, messages=[Message(role=role, parts=parts) for role, parts in messages])
    return rendered(req, profile)["contents"]


def _config(profile: Profile = GEMINI, **fields: Any) -> Any:
    return rendered(request(**fields), profile).get("generationConfig")


def _noted(req: Request, profile: Profile = GEMINI) -> dict[str, str]:
    conv = conversion(req, profile)
    rendered(req, conv=conv)
    return notes(conv)


def _user(*parts: Part) -> tuple[str, list[Part]]:
    return "user", list(parts) or [Text(text="hi")]


# Vectors


def test_golden_request_survives() -> None:
    """But for bare thoughts, which are never sent back, and the ids that calls get."""
    wire = vector("gemini.request.json")
    got = rendered(front.parse_request(json.dumps(wire).encode(), headers={}, model="m"), GEMINI_3)
    for content in got["contents"]:
        for part in content["parts"]:
            for key in ("functionCall", "functionResponse"):
                part.get(key, {}).pop("id", None)
    del wire["contents"][1]["parts"][0]
    assert got == wire


def test_golden_request_of_others_is_the_same() -> None:
    want = vector("gemini.request.json")["contents"]
    for codec, name in ((chat, "chat"), (claude, "claude")):
        body = (VECTORS / f"{name}.request.json").read_bytes()
        got = rendered(codec.front.parse_request(body, headers={}, model="m"))
        call, other = (part for part in got["contents"][1]["parts"] if "functionCall" in part)
        assert call["thoughtSignature"] == SENTINEL
        assert "thoughtSignature" not in other
        assert [content["role"] for content in got["contents"]] == [content["role"] for content in want]
        assert got["contents"][3] == want[3]
        assert got["tools"] == vector("gemini.request.json")["tools"]
        assert got["generationConfig"]["maxOutputTokens"] == 4096


@pytest.mark.parametrize(
    ("name", "codec"),
    [("tool-result-image", claude), ("system-mid-conversation", claude), ("unsigned-thinking", chat)],
)
def test_edge_vectors(name: str, codec: Any) -> None:
    case = edge(name)
    body = {"model": "m", "max_tokens": 100, **case["in"]}
    got = rendered(codec.front.parse_request(json.dumps(body).encode(), headers={}))
    assert {key: got[key] for key in case["out"]["gemini"]} == case["out"]["gemini"]


@pytest.mark.parametrize("case", vector("edges.json")["tool_choice"], ids=lambda case: json.dumps(case["ir"]))
def test_tool_choices(case: Any) -> None:
    ir = case["ir"]
    choice = ToolChoice("allowed", tuple(ir["allowed"]), must=True) if "allowed" in ir else ToolChoice()
    if isinstance(ir, str):
        choice = replace(choice, mode=ir, parallel=case.get("parallel"))
    elif "tool" in ir:
        choice = ToolChoice("tool", (ir["tool"],))
    got = rendered(request(tools=[F, replace(F, name="g"), replace(F, name="h")], choice=choice))
    assert got["toolConfig"] == {"functionCallingConfig": case["gemini"]}


def test_structured_output_vector() -> None:
    case = vector("edges.json")["structured_output"]
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **case["in_chat"]}
    got = rendered(chat.front.parse_request(json.dumps(body).encode(), headers={}))
    assert got["generationConfig"] == case["gemini"]["generationConfig"]


@pytest.mark.parametrize("case", [one for one in vector("edges.json")["sampling"] if "gemini" in one])
def test_sampling_vectors(case: Any) -> None:
    said = case["in"]
    got = _config(sampling=Sampling(temperature=said.get("temperature")), stop=said.get("stop", []))
    assert got == case["gemini"]


# Contents


def test_results_stand_alone_behind_their_calls() -> None:
    contents = _said(
        _user(),
        ("assistant", [ToolCall(id="a", name="f"), ToolCall(id="b", name="g", args='{"x": 1.50}')]),
        _user(
            Text(text="and now?"),
            ToolResult(call_id="b", parts=[Text(text="B1"), Text(text="B2")]),
            ToolResult(call_id="a", parts=[Text(text="bad")], is_error=True),
        ),
    )
    assert contents[1]["parts"][1] == {"functionCall": {"id": "b", "name": "g", "args": {"x": 1.5}}}
    assert contents[2:] == [
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "a", "name": "f", "response": {"error": "bad"}}},
                {"functionResponse": {"id": "b", "name": "g", "response": {"output": "B1\nB2"}}},
            ],
        },
        {"role": "user", "parts": [{"text": "and now?"}]},
    ]


def test_a_system_message_never_parts_calls_from_results() -> None:
    contents = _said(
        _user(),
        ("assistant", [ToolCall(id="a", name="f")]),
        ("system", [Text(text="hurry")]),
        _user(ToolResult(call_id="a")),
    )
    assert [content["role"] for content in contents] == ["user", "model", "user", "user"]
    assert contents[2]["parts"][0]["functionResponse"]["response"] == {"output": ""}
    assert contents[3]["parts"] == [{"text": "<system-reminder>\nhurry\n</system-reminder>"}]


def test_the_first_content_is_the_users() -> None:
    contents = _said(("assistant", [ToolCall(id="a", name="f")]), _user(ToolResult(call_id="a")))
    assert contents[0] == {"role": "user", "parts": [{"text": "(start)"}]}


def test_a_begun_answer_is_dropped() -> None:
    req = request(messages=[Message(role=role, parts=[Text(text="x")]) for role in ("user", "assistant")])
    assert len(rendered(req)["contents"]) == 1
    assert _noted(req)["messages"] == "dropped"


def test_no_message_at_all() -> None:
    got = rendered(request(messages=[], system=[Text(text="s"), Text(text="t")]))
    assert got["contents"] == [{"role": "user", "parts": [{"text": "(start)"}]}]
    assert got["systemInstruction"] == {"parts": [{"text": "s"}, {"text": "t"}]}


def test_custom_calls_and_unusable_arguments() -> None:
    calls: list[Part] = [
        ToolCall(id="a", name="patch", args="*** Begin", custom=True),
        ToolCall(id="b", name="f", args='{"a":1'),
        ToolCall(id="c", name="f", args="[1]"),
    ]
    parts = _said(_user(), ("assistant", calls), _user())[1]["parts"]
    assert [part["functionCall"]["args"] for part in parts] == [
        {"input": "*** Begin"},
        {"_raw": '{"a":1'},
        {"value": [1]},
    ]


def test_refusals_and_foreign_parts_are_text() -> None:
    foreign = Foreign(proto="claude", wire_type="search_result", raw=Raw(b"{}"), as_text="found")
    parts = _said(_user(), ("assistant", [Refusal(text="no"), foreign]), _user())[1]["parts"]
    assert parts == [{"text": "no"}, {"text": "found"}]


def test_own_foreign_parts_go_back_verbatim() -> None:
    raw = b'{"executableCode":{"code":"1.50","language":"PYTHON"},"thoughtSignature":"c2ln"}'
    parts: list[Part] = [Foreign(proto="gemini", wire_type="executableCode", raw=Raw(raw))]
    assert _said(_user(), ("assistant", parts), _user(), proto="gemini")[1]["parts"] == [json.loads(raw)]


# Signatures


def test_the_first_call_of_every_turn_is_signed() -> None:
    def turn(*opaque: Opaque) -> tuple[Any, list[Part]]:
        return "assistant", [
            Text(text="x"),
            ToolCall(id="a", name="f", opaque=list(opaque)),
            ToolCall(id="b", name="f"),
        ]

    results = _user(ToolResult(call_id="a"), ToolResult(call_id="b"))
    contents = _said(_user(), turn(), results, turn(SIGNED), results)
    signatures = [[part.get("thoughtSignature") for part in contents[at]["parts"]] for at in (1, 3)]
    assert signatures == [[None, SENTINEL, None], [None, "c2ln", None]]


def test_tokens_of_others_are_not_sent() -> None:
    token = Opaque("anthropic", "signature", "x")
    parts: list[Part] = [
        Reasoning(text="t", opaque=[token]),
        Text(text="a"),
        ToolCall(id="a", name="f", opaque=[token]),
    ]
    written = _said(_user(), ("assistant", parts), _user())[1]["parts"]
    assert written == [
        {"text": "a"},
        {"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": SENTINEL},
    ]


def test_signed_parts_keep_place_and_borders() -> None:
    parts: list[Part] = [
        Reasoning(text="t", opaque=[SIGNED]),
        Text(text="a", opaque=[SIGNED]),
        Text(text="b"),
        Text(text="", opaque=[SIGNED]),
    ]
    assert _said(_user(), ("assistant", parts), _user(), proto="gemini")[1]["parts"] == [
        {"text": "t", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "a", "thoughtSignature": "c2ln"},
        {"text": "b"},
        {"text": "", "thoughtSignature": "c2ln"},
    ]


def test_ids_can_be_left_out() -> None:
    profile = replace(GEMINI, wire={"call_ids": "off"})
    contents = _said(
        _user(), ("assistant", [ToolCall(id="a", name="f")]), _user(ToolResult(call_id="a")), profile=profile
    )
    assert "id" not in contents[1]["parts"][0]["functionCall"]
    assert "id" not in contents[2]["parts"][0]["functionResponse"]


# Media


def test_media() -> None:
    parts = _said(
        _user(
            Media(kind="image", source=Inline(PNG)),
            Media(kind="video", source=FileRef("gs://b/v.mp4", "google"), mime="video/mp4"),
            Media(kind="document", source=Url("https://storage.googleapis.com/b/o.pdf"), mime="application/pdf"),
            Media(kind="document", source=Inline("eHg="), name="notes"),
        )
    )[0]["parts"]
    assert parts == [
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/v.mp4"}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": "https://storage.googleapis.com/b/o.pdf"}},
        {"inlineData": {"mimeType": "application/octet-stream", "data": "eHg="}},
    ]


def test_media_of_a_gemini_client_leave_as_they_came() -> None:
    wire = [
        {
            "inlineData": {"mimeType": "image/png", "data": PNG, "displayName": "r"},
            "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"},
        },
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://youtu.be/x"}, "videoMetadata": {"fps": 2}},
        {
            "inlineData": {"mimeType": "image/png", "data": PNG},
            "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW", "numTokens": 5},
        },
        {"inlineData": {"mimeType": "image/png", "data": PNG}, "thoughtSignature": "c2ln"},
    ]
    assert rendered(parsed({"contents": [{"role": "user", "parts": wire}]}))["contents"][0]["parts"] == wire


def test_detail_of_an_image() -> None:
    picture = Media(kind="image", source=Inline(PNG), mime="image/png", detail="high")
    messages = [Message(role="user", parts=[picture])]
    sharp = rendered(request(messages=messages), GEMINI_3)["contents"][0]["parts"][0]
    assert sharp["mediaResolution"] == {"level": "MEDIA_RESOLUTION_HIGH"}
    assert "mediaResolution" not in rendered(request(messages=messages))["contents"][0]["parts"][0]
    assert _noted(request(messages=messages))["image.detail"] == "dropped"


@pytest.mark.parametrize(
    ("media", "profile"),
    [
        (Media(kind="image", source=Url("https://x.test/a.png")), GEMINI),
        (Media(kind="image", source=Inline(PNG)), replace(GEMINI, vision=False)),
        (Media(kind="document", source=Inline("JVBERi0="), mime="application/pdf"), replace(GEMINI, documents=False)),
    ],
)
def test_media_that_cannot_be_taken(media: Media, profile: Profile) -> None:
    with pytest.raises(RequestError):
        rendered(request(messages=[Message(role="user", parts=[media])]), profile)


def test_media_beside_results() -> None:
    """2.5 knows no media inside function responses; 3.x knows no sounds there."""
    sound = Media(kind="audio", source=Inline("SUQz"), mime="audio/mpeg")
    picture = Media(kind="image", source=Inline(PNG), mime="image/png")
    turns: list[tuple[Any, list[Part]]] = [
        _user(),
        ("assistant", [ToolCall(id="a", name="f")]),
        _user(ToolResult(call_id="a", parts=[Text(text="ok"), picture, sound]), Text(text="go on")),
    ]
    nested = _said(*turns)
    assert [*nested[2]["parts"][0]["functionResponse"]["parts"][0]] == ["inlineData"]
    assert [part.get("text") for part in nested[3]["parts"]] == ["[audio 1 of a]", None, "go on"]
    sibling = _said(*turns, profile=replace(GEMINI, wire={"result_media": "sibling"}))
    assert "parts" not in sibling[2]["parts"][0]["functionResponse"]
    assert [part.get("text") for part in sibling[3]["parts"]] == [
        "[image 1 of a]",
        None,
        "[audio 2 of a]",
        None,
        "go on",
    ]


@pytest.mark.parametrize(
    ("response", "back"),
    [
        ({"temperature": 4}, {"temperature": 4}),
        ({"result": {"lines": 2}}, {"lines": 2}),
        ({"output": "x"}, {"output": "x"}),
        ({"output": {"error": "x"}}, {"output": '{"error":"x"}'}),
        ({"error": {"a": 1}}, {"error": '{"a":1}'}),
        ({"output": "{not json"}, {"output": "{not json"}),
        ({"output": '{"a": 1}'}, {"output": '{"a": 1}'}),
    ],
)
def test_a_gemini_clients_own_result_objects(response: Any, back: Any) -> None:
    contents = [
        {"parts": [{"text": "hi"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
        {"parts": [{"functionResponse": {"name": "f", "response": response, "willContinue": False}}]},
    ]
    got = rendered(parsed({"contents": contents}))["contents"][2]["parts"][0]["functionResponse"]
    assert got["response"] == back
    assert got["willContinue"] is False


# Tools


def test_declarations_in_both_notations() -> None:
    tools = [F, Tool(name="bare", description="d"), Tool(name="empty", schema=Raw(b"{}"))]
    new = rendered(request(tools=tools))["tools"][0]["functionDeclarations"]
    assert new == [
        {
            "name": "f",
            "parametersJsonSchema": {
                "type": "object",
                "properties": {"a": {"type": "string", "description": "(minLength: 1)"}},
            },
        },
        {"name": "bare", "description": "d"},
        {"name": "empty", "parametersJsonSchema": {"type": "object", "properties": {}}},
    ]
    old = rendered(request(tools=tools), replace(GEMINI, wire={"schema": "openapi"}))["tools"][0][
        "functionDeclarations"
    ]
    assert old == [
        {
            "name": "f",
            "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING", "description": "(minLength: 1)"}}},
        },
        {"name": "bare", "description": "d"},
        {"name": "empty"},
    ]


def test_schema_vectors() -> None:
    schemas = vector("edges.json")
    tool = Tool(name="f", schema=Raw(json.dumps(schemas["schema"]["in"]).encode()))
    assert (
        rendered(request(tools=[tool]))["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"]
        == schemas["schema"]["gemini_json"]
    )
    old = rendered(request(tools=[tool]), replace(GEMINI, wire={"schema": "openapi"}))
    assert old["tools"][0]["functionDeclarations"][0]["parameters"] == schemas["schema"]["gemini_openapi"]


def test_a_free_form_tool() -> None:
    raw = Raw(b'{"type":"custom","name":"patch","format":{"type":"grammar","syntax":"lark","definition":"start: x"}}')
    req = request("responses", tools=[Tool(name="patch", kind="custom", description="Edits.", raw=raw)])
    tool = rendered(req)["tools"][0]["functionDeclarations"][0]
    assert tool["parametersJsonSchema"]["required"] == ["input"]
    assert tool["description"] == "Edits.\n\nWrite the input in this lark grammar:\nstart: x"


def test_only_the_allowed_are_declared_when_none_is_forced() -> None:
    got = rendered(request(tools=[F, replace(F, name="g")], choice=ToolChoice("allowed", ("g",))))
    assert [tool["name"] for tool in got["tools"][0]["functionDeclarations"]] == ["g"]
    assert got["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}


def test_the_gemini_clients_server_tools() -> None:
    wire = [
        {"functionDeclarations": [{"name": "f", "response": {"type": "STRING"}}]},
        {"googleSearch": {"timeRangeFilter": {}}},
        {"urlContext": {}},
    ]
    assert rendered(parsed({"tools": wire}))["tools"] == wire


@pytest.mark.parametrize(
    ("hosted", "wire"),
    [("web_search_20260209", {"googleSearch": {}}), ("web_fetch", {"urlContext": {}}), ("code", {"codeExecution": {}})],
)
def test_server_tools_that_exist_here_too(hosted: str, wire: Any) -> None:
    req = request(tools=[Tool(name="x", kind="hosted", hosted=hosted, raw=Raw(b"{}"))])
    conv = conversion(req)
    assert json.loads(upstream.render_request(req, conv))["tools"] == [wire]
    assert notes(conv) == {"tools.x": "mapped"}


def test_server_tools_that_do_not_exist_here() -> None:
    req = request(tools=[Tool(name="x", kind="hosted", hosted="computer")])
    conv = conversion(req)
    assert "tools" not in json.loads(upstream.render_request(req, conv))
    assert notes(conv) == {"tools.x": "dropped"}


def test_server_tools_alone_have_no_calling_mode() -> None:
    got = rendered(parsed({"tools": [{"googleSearch": {}}], "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}))
    assert "toolConfig" not in got


def test_validated() -> None:
    wire = {"functionCallingConfig": {"mode": "VALIDATED"}}
    own = parsed({"tools": [{"functionDeclarations": [{"name": "f"}]}], "toolConfig": wire})
    assert rendered(own)["toolConfig"] == wire
    strict = request(tools=[replace(F, strict=True)], choice=ToolChoice())
    assert rendered(strict)["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}
    assert rendered(strict, replace(GEMINI, wire={"validated": "1"}))["toolConfig"] == wire


def test_a_forced_choice_that_the_model_cannot_take() -> None:
    req = request(tools=[F], choice=ToolChoice("required", parallel=False))
    profile = replace(GEMINI, forced_tool=False)
    assert rendered(req, profile)["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}
    assert _noted(req, profile) == {"tool_choice": "mapped", "parallel_tool_calls": "dropped"}


# Configuration


def test_nothing_said_nothing_sent() -> None:
    assert rendered(request()) == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_sampling() -> None:
    sampling = Sampling(temperature=3, top_p=0, top_k=4.5, presence=0, frequency=1, seed=7, n=2, top_logprobs=0)
    assert _config(sampling=sampling) == {
        "temperature": 2.0,
        "topP": 0,
        "topK": 4.5,
        "presencePenalty": 0,
        "frequencyPenalty": 1,
        "seed": 7,
        "candidateCount": 2,
        "responseLogprobs": True,
    }
    assert _config(sampling=Sampling(top_logprobs=4, seed=2**40, top_k=40.0)) == {
        "topK": 40,
        "responseLogprobs": True,
        "logprobs": 4,
    }


@pytest.mark.parametrize(("rule", "left"), [("none", None), ("no_penalties", {"temperature": 1.0})])
def test_sampling_the_model_rejects(rule: Any, left: Any) -> None:
    assert _config(replace(GEMINI, sampling=rule), sampling=Sampling(temperature=1, presence=1)) == left


def test_limits() -> None:
    assert _config(replace(GEMINI, max_output=100), max_output=200) == {"maxOutputTokens": 100}
    req = request(stop=list("abcdef"))
    conv = conversion(req)
    assert rendered(req, conv=conv)["generationConfig"] == {"stopSequences": list("abcde")}
    assert conv.extra["local_stop"] == "1"


def test_output_formats() -> None:
    schema = Raw(b'{"type":"array","items":{"type":"integer"}}')
    assert _config(output=OutFormat(kind="json")) == {"responseMimeType": "application/json"}
    assert _config(output=OutFormat(kind="text", verbosity="low")) is None
    assert _config(output=OutFormat(kind="schema", schema=schema))["responseJsonSchema"] == json.loads(bytes(schema))
    old = _config(replace(GEMINI, wire={"schema": "openapi"}), output=OutFormat(kind="schema", schema=schema))
    assert old["responseSchema"] == {"type": "ARRAY", "items": {"type": "INTEGER"}}


@pytest.mark.parametrize(
    ("think", "config"),
    [
        (Think(effort="medium"), {"includeThoughts": True, "thinkingBudget": 8192}),
        (Think(effort="max", show="summary"), {"includeThoughts": True, "thinkingBudget": 24576}),
        (Think(budget=4000, show="hidden"), {"thinkingBudget": 4000}),
        (Think(adaptive=True), {"includeThoughts": True, "thinkingBudget": -1}),
        (Think(budget=-1), {"includeThoughts": True, "thinkingBudget": -1}),
        (Think(effort="none"), {"thinkingBudget": 0}),
        (Think(budget=0), {"thinkingBudget": 0}),
    ],
)
def test_thinking_as_a_budget(think: Think, config: Any) -> None:
    assert _config(think=think) == {"thinkingConfig": config}


@pytest.mark.parametrize(
    ("think", "config"),
    [
        (Think(effort="medium"), {"includeThoughts": True, "thinkingLevel": "MEDIUM"}),
        (Think(effort="xhigh"), {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        (Think(budget=2000), {"includeThoughts": True, "thinkingLevel": "LOW"}),
        (Think(effort="none"), {"thinkingLevel": "LOW"}),
        (Think(adaptive=True), {"includeThoughts": True}),
    ],
)
def test_thinking_as_a_level(think: Think, config: Any) -> None:
    assert _config(GEMINI_3, think=think) == {"thinkingConfig": config}


def test_thinking_has_limits() -> None:
    pro = replace(GEMINI, can_disable_reasoning=False, budget_min=128)
    assert _config(pro, think=Think(effort="none")) == {"thinkingConfig": {"thinkingBudget": 128}}
    assert _config(pro, think=Think(budget=5)) == {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 128}}
    assert _config(think=Think(effort="high"), max_output=2000)["thinkingConfig"]["thinkingBudget"] == 1999
    assert _config(think=Think(effort="high"), max_output=1000)["thinkingConfig"] == {"thinkingBudget": 0}
    assert _config(replace(GEMINI, reasoning="none"), think=Think(effort="high")) is None


@pytest.mark.parametrize(
    ("wire", "profile"),
    [
        ({"includeThoughts": False}, GEMINI),
        ({"thinkingBudget": 0}, GEMINI),
        ({"includeThoughts": True, "thinkingBudget": -1}, GEMINI),
        ({"thinkingLevel": "HIGH"}, GEMINI_3),
        ({"thinkingBudget": 5000, "brandNew": 1}, GEMINI),
    ],
)
def test_a_gemini_clients_own_words(wire: Any, profile: Profile) -> None:
    req = parsed({"generationConfig": {"thinkingConfig": wire, "maxOutputTokens": 100}})
    assert rendered(req, profile)["generationConfig"]["thinkingConfig"] == wire


# The rest


def test_unmodelled_keys_go_back_to_google_only() -> None:
    body = {
        "safetySettings": [{"category": "C", "threshold": "OFF"}],
        "generationConfig": {"speechConfig": {}, "topP": 1},
        "store": False,
        "serviceTier": "flex",
    }
    got = rendered(parsed(body))
    assert {key: got[key] for key in body} == body


@pytest.mark.parametrize(
    ("tier", "wire"), [("default", "standard"), ("flex", "flex"), ("auto", None), ("ultrafast", None)]
)
def test_tiers(tier: str, wire: str | None) -> None:
    assert rendered(request(tier=tier)).get("serviceTier") == wire


def test_losses_are_noted() -> None:
    req = request(cache_key="k", user="u", metadata={"a": "b"}, tier="ultrafast", output=OutFormat(verbosity="low"))
    want = ("prompt_cache_key", "user", "metadata", "service_tier", "verbosity")
    assert _noted(req) == dict.fromkeys(want, "dropped")


def test_denied_keys_are_taken_out() -> None:
    profile = replace(GEMINI, deny=("systemInstruction",))
    req = request(system=[Text(text="s", cache=CacheHint())])
    assert "systemInstruction" not in rendered(req, profile)
    assert _noted(req, profile)["systemInstruction"] == "dropped"


def test_the_body_is_the_same_every_time() -> None:
    body = (VECTORS / "claude.request.json").read_bytes()
    first, second = (json.dumps(rendered(claude.front.parse_request(body, headers={}))) for _ in range(2))
    assert first == second
