"""The neutral form to Chat request bodies: what a profile allows, and a note for whatever it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
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
    Proto,
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
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.chat import front, upstream
from a2a.protocols.prepare import prepare

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
IMAGE = Media(kind="image", source=Inline(PNG), mime="image/png")


def conversion(request: Request, profile: Profile, *, stream: bool = False) -> Conversion:
    return Conversion(request=request, profile=profile, model="up", now=1700000000.0, stream=stream)


def render(request: Request, conv: Conversion) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(upstream.render_request(request, conv))
    return body


def request(*parts: Part, proto: Proto = "claude", **fields: Any) -> Request:
    fields.setdefault("messages", [Message(role="user", parts=list(parts) or [Text(text="hi")])])
    return Request(proto=proto, model="m", **fields)


def body_of(given: Request, **profile: Any) -> dict[str, Any]:
    return render(given, conversion(given, Profile(**profile)))


def rendered(*parts: Part, **profile: Any) -> list[dict[str, Any]]:
    """The messages for one user turn."""
    listed: list[dict[str, Any]] = body_of(request(*parts), **profile)["messages"]
    return listed


def notes(given: Request, **profile: Any) -> list[str]:
    conv = conversion(given, Profile(**profile))
    upstream.render_request(given, conv)
    return [f"{note.field} {note.action}" for note in conv.notes]


# Golden


def test_golden_request_survives_the_hub() -> None:
    original = json.loads((VECTORS / "chat.request.json").read_text())
    given = front.parse_request(json.dumps(original).encode(), headers={})
    conv = conversion(given, Profile(family="openai", reasoning_field="reasoning_content"), stream=True)
    conv.model = "gpt-5.6"
    assert render(prepare(given, conv, "chat"), conv) == original
    assert conv.notes == []


def test_reasoning_goes_back_only_where_the_profile_names_a_field() -> None:
    given = front.parse_request((VECTORS / "chat.request.json").read_bytes(), headers={})
    conv = conversion(given, Profile())
    assert "reasoning_content" not in render(prepare(given, conv, "chat"), conv)["messages"][2]
    assert [note.field for note in conv.notes] == ["reasoning"]


def test_tool_result_image_vector() -> None:
    """`edges.json: tool-result-image`."""
    vector = next(
        v for v in json.loads((VECTORS / "edges.json").read_text())["vectors"] if v["id"] == "tool-result-image"
    )
    given = request(
        messages=[
            Message(role="user", parts=[Text(text="crop both")]),
            Message(
                role="assistant",
                parts=[ToolCall(id="t1", name="crop", args='{"k":1}'), ToolCall(id="t2", name="crop", args='{"k":2}')],
            ),
            Message(
                role="user",
                parts=[
                    ToolResult(call_id="t1", parts=[Text(text="ok"), IMAGE]),
                    ToolResult(call_id="t2", parts=[Text(text="no such region")], is_error=True),
                    Text(text="Continue."),
                ],
            ),
        ]
    )
    assert body_of(given)["messages"] == vector["out"]["chat"]["messages"]


def test_tool_choice_vectors() -> None:
    modes = {"auto": ToolChoice(), "none": ToolChoice(mode="none"), "required": ToolChoice(mode="required")}
    tools = [Tool(name="f"), Tool(name="g")]
    for vector in json.loads((VECTORS / "edges.json").read_text())["tool_choice"]:
        ir = vector["ir"]
        if isinstance(ir, str):
            choice = replace(modes[ir], parallel=vector.get("parallel"))
        elif "tool" in ir:
            choice = ToolChoice(mode="tool", names=(ir["tool"],))
        else:
            choice = ToolChoice(mode="allowed", names=tuple(ir["allowed"]), must=ir["mode"] == "required")
        body = body_of(request(tools=tools, choice=choice), family="openai")
        assert body["tool_choice"] == vector["chat"]
        assert body.get("parallel_tool_calls") == vector.get("parallel")


def test_structured_output_vector() -> None:
    wanted = json.loads((VECTORS / "edges.json").read_text())["structured_output"]["in_chat"]
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **wanted}
    given = front.parse_request(json.dumps(body).encode(), headers={})
    assert body_of(given)["response_format"] == wanted["response_format"]


# Top level


def test_model_stream_and_usage() -> None:
    given = request()
    body = render(given, conversion(given, Profile(), stream=True))
    assert (body["model"], body["stream"], body["stream_options"]) == ("up", True, {"include_usage": True})
    body = render(given, conversion(given, Profile(stream_usage=False), stream=True))
    assert "stream_options" not in body
    assert "stream" not in body_of(given)


def test_the_clients_stream_options_come_along() -> None:
    given = request(proto="chat", ext={"stream_options": Raw(b'{"include_obfuscation":false}')})
    body = render(given, conversion(given, Profile(), stream=True))
    assert body["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert "stream_options" not in render(given, conversion(given, Profile()))


def test_unmodelled_keys_go_back_verbatim_only_to_chat() -> None:
    ext = {"logit_bias": Raw(b'{"5": 1.50}'), "model": Raw(b'"other"')}
    given = request(proto="chat", ext=ext)
    assert b'"logit_bias":{"5": 1.50}' in upstream.render_request(given, conversion(given, Profile()))
    assert body_of(given)["model"] == "up"
    assert "logit_bias" not in body_of(request(proto="claude", ext=ext))


def test_deny_list() -> None:
    given = request(proto="chat", ext={"x": Raw(b"1")}, sampling=Sampling(seed=1))
    assert not {"x", "seed"} & set(body_of(given, deny=("x", "seed", "absent")))
    assert notes(given, deny=("x", "seed", "absent")) == ["x dropped", "seed dropped"]


@pytest.mark.parametrize("field", ["max_completion_tokens", "max_tokens"])
def test_output_limit(field: str) -> None:
    assert body_of(request(max_output=9), max_field=field)[field] == 9
    assert body_of(request(max_output=9), max_field=field, max_output=5)[field] == 5
    assert notes(request(max_output=9), max_output=5) == ["max_output clamped"]


def test_more_stop_sequences_than_chat_takes() -> None:
    vector = json.loads((VECTORS / "edges.json").read_text())["sampling"][3]
    given = request(stop=vector["in"]["stop"])
    conv = conversion(given, Profile())
    assert render(given, conv)["stop"] == vector["chat"]["stop"]
    assert conv.extra["local_stop"] == "1"
    assert [note.action for note in conv.notes] == ["emulated"]


FULL = Sampling(temperature=0, top_p=0.5, top_k=3, presence=1, frequency=-1, seed=0, n=2, top_logprobs=2)


def test_sampling_by_profile() -> None:
    body = body_of(request(sampling=FULL))
    assert (body["temperature"], body["top_p"], body["presence_penalty"], body["seed"], body["n"]) == (0, 0.5, 1, 0, 2)
    assert (body["logprobs"], body["top_logprobs"]) == (True, 2)
    assert notes(request(sampling=FULL)) == ["top_k dropped"]
    none = body_of(request(sampling=FULL), sampling="none")
    assert {"seed", "n"} <= set(none)
    assert not {"temperature", "top_p", "top_k", "presence_penalty", "logprobs", "top_logprobs"} & set(none)
    assert "presence_penalty dropped" in notes(request(sampling=FULL), sampling="no_penalties")


def test_top_k_goes_back_to_a_chat_upstream() -> None:
    assert body_of(request(proto="chat", sampling=Sampling(top_k=3)))["top_k"] == 3


def test_logprobs_of_the_chosen_token_only() -> None:
    body = body_of(request(sampling=Sampling(top_logprobs=0)))
    assert body["logprobs"] is True
    assert "top_logprobs" not in body


def test_temperature_is_clamped() -> None:
    given = request(sampling=Sampling(temperature=1.7))
    assert body_of(given)["temperature"] == 1.7
    assert body_of(given, max_temperature=1.0)["temperature"] == 1.0
    assert notes(given, max_temperature=1.0) == ["temperature clamped"]


@pytest.mark.parametrize(
    ("think", "profile", "effort"),
    [
        (None, {}, None),
        (Think(effort="low"), {}, "low"),
        (Think(budget=10000), {}, "medium"),
        (Think(budget=-1), {}, None),
        (Think(adaptive=True), {}, None),
        (Think(budget=0), {}, "none"),
        (Think(effort="none"), {"can_disable_reasoning": False, "efforts": ("low", "high")}, "low"),
        (Think(effort="none"), {"can_disable_reasoning": False}, "low"),
        (Think(effort="max"), {"efforts": ("low", "high")}, "high"),
        (Think(effort="high"), {"reasoning": "none"}, None),
    ],
)
def test_reasoning_effort(think: Think | None, profile: dict[str, Any], effort: str | None) -> None:
    assert body_of(request(think=think), **profile).get("reasoning_effort") == effort


def test_reasoning_notes() -> None:
    assert notes(request(think=Think(effort="high")), reasoning="none") == ["reasoning dropped"]
    assert notes(request(think=Think(effort="max")), efforts=("low",)) == ["reasoning_effort clamped"]


def test_account_fields() -> None:
    fields = {"tier": "flex", "user": "u", "cache_key": "k", "metadata": {"a": "b"}, "store": True}
    own = body_of(request(proto="chat", **fields))
    assert (own["service_tier"], own["user"], own["prompt_cache_key"]) == ("flex", "u", "k")
    assert (own["metadata"], own["store"]) == ({"a": "b"}, True)
    other = body_of(request(proto="gemini", **fields))
    assert not {"metadata", "store", "prompt_cache_key"} & set(other)
    openai = body_of(request(proto="claude", **fields), family="openai")
    assert (openai["safety_identifier"], openai["prompt_cache_key"]) == ("u", "k")
    assert notes(request(metadata={"a": "b"})) == ["metadata dropped"]


@pytest.mark.parametrize(
    ("tier", "word"), [("standard_only", "default"), ("STANDARD", "default"), ("priority", "priority")]
)
def test_tiers_of_other_vendors(tier: str, word: str) -> None:
    assert body_of(request(tier=tier))["service_tier"] == word


def test_a_long_user_id_leaves_as_its_hash() -> None:
    user = body_of(request(user="user_x_account_y_session_" + "z" * 60))["user"]
    assert len(user) == 64
    assert "account" not in user


def test_structured_output_in_words() -> None:
    output = OutFormat(kind="schema", schema=Raw(b'{"type":"object"}'))
    body = body_of(request(output=output, system=[Text(text="s")]), structured="prompt")
    assert "response_format" not in body
    assert body["messages"][0]["content"].startswith("s\n\nAnswer with")
    assert body["messages"][0]["content"].endswith('{"type":"object"}')
    assert notes(request(output=output), structured="prompt") == ["response_format emulated"]


def test_json_mode_mentions_json() -> None:
    output = OutFormat(kind="json", verbosity="low")
    body = body_of(request(output=output))
    assert (body["response_format"], body["verbosity"]) == ({"type": "json_object"}, "low")
    assert "JSON" in body["messages"][0]["content"]
    assert body_of(request(Text(text="as json"), output=output))["messages"][0]["role"] == "user"
    assert body_of(request(proto="chat", output=output))["messages"][0]["role"] == "user"


# Messages


def test_system_texts_are_joined() -> None:
    given = request(system=[Text(text="a"), Text(text="b")])
    assert body_of(given)["messages"][0] == {"role": "system", "content": "a\n\nb"}
    assert body_of(given, system_role="developer")["messages"][0]["role"] == "developer"


def test_system_in_mid_conversation() -> None:
    given = request(
        messages=[Message(role="user", parts=[Text(text="a")]), Message(role="system", parts=[Text(text="b")])]
    )
    assert body_of(given)["messages"][1] == {"role": "system", "content": "b"}
    reminder = {"role": "user", "content": "<system-reminder>\nb\n</system-reminder>"}
    assert body_of(given, system_mid=False)["messages"][1] == reminder
    assert notes(given, system_mid=False) == ["system message mapped"]


def test_one_text_is_a_string_and_several_are_parts() -> None:
    assert rendered(Text(text="a")) == [{"role": "user", "content": "a"}]
    two = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert rendered(Text(text="a"), Text(text="b")) == [{"role": "user", "content": two}]
    assert rendered(Text(text="a"), Text(text="b"), content_string=True) == [{"role": "user", "content": "a\nb"}]


def test_cache_hints() -> None:
    text = Text(text="a", cache=CacheHint("1h"))
    assert rendered(text) == [{"role": "user", "content": "a"}]
    assert notes(request(text)) == ["cache_control dropped"]
    control = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert rendered(text, wire={"cache": "cache_control"})[0]["content"] == [control]
    assert body_of(request(text, proto="chat"))["messages"][0]["content"] == [control]
    explicit = {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert rendered(text, wire={"cache": "prompt_cache_breakpoint"})[0]["content"] == [explicit]


def test_the_clients_own_breakpoint_goes_back_verbatim() -> None:
    part = {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}
    body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
    assert body_of(front.parse_request(json.dumps(body).encode(), headers={}))["messages"] == body["messages"]


def test_assistant_turns() -> None:
    parts: list[Part] = [Reasoning(text="r"), Text(text="a"), Text(text="b"), Refusal(text="no")]
    given = request(messages=[Message(role="assistant", parts=parts, name="bot")])
    plain = {"role": "assistant", "content": "ab", "refusal": "no"}
    assert body_of(given)["messages"] == [plain]
    assert body_of(given, reasoning_field="reasoning")["messages"] == [{**plain, "reasoning": "r"}]
    assert notes(given) == ["reasoning dropped"]
    assert body_of(replace(given, proto="chat"))["messages"][0]["name"] == "bot"


def test_content_beside_calls() -> None:
    call = ToolCall(id="i", name="f")
    given = request(messages=[Message(role="assistant", parts=[call])])
    assert body_of(given)["messages"][0]["content"] is None
    given = request(messages=[Message(role="assistant", parts=[Reasoning(text="r"), call])])
    assert body_of(given, reasoning_field="reasoning_content")["messages"][0]["content"] == ""
    given = request(messages=[Message(role="assistant", parts=[Reasoning(text="r")])])
    assert body_of(given)["messages"][0]["content"] == "(empty)"


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ("", "{}"),
        ('{"a": 1.50}', '{"a": 1.50}'),
        ('{"a":1', '{"_raw":"{\\"a\\":1"}'),
        ("[1]", '{"value":[1]}'),
    ],
)
def test_arguments(args: str, text: str) -> None:
    given = request(messages=[Message(role="assistant", parts=[ToolCall(id="i", name="f", args=args)])])
    assert body_of(given)["messages"][0]["tool_calls"][0]["function"]["arguments"] == text


def test_google_signature_goes_to_google_only() -> None:
    call = ToolCall(id="i", name="f", opaque=[Opaque(family="google", kind="signature", data="c2ln")])
    given = request(messages=[Message(role="assistant", parts=[call])])
    assert "extra_content" not in body_of(given)["messages"][0]["tool_calls"][0]
    entry = body_of(given, family="google")["messages"][0]["tool_calls"][0]
    assert entry["extra_content"] == {"google": {"thought_signature": "c2ln"}}


def test_results() -> None:
    found = rendered(
        ToolResult(call_id="a"), ToolResult(call_id="b", parts=[Text(text="x"), Text(text="y")], is_error=True)
    )
    assert found == [
        {"role": "tool", "tool_call_id": "a", "content": "(no output)"},
        {"role": "tool", "tool_call_id": "b", "content": "[tool error] x\ny"},
    ]


@pytest.mark.parametrize("profile", [{"vision": False}, {"content_string": True}])
def test_an_image_result_the_model_cannot_see_is_named(profile: dict[str, Any]) -> None:
    found = rendered(ToolResult(call_id="a", parts=[IMAGE]), **profile)
    assert len(found) == 1
    assert "left out" in found[0]["content"]
    assert notes(request(ToolResult(call_id="a", parts=[IMAGE])), **profile) == ["tool result image dropped"]


def test_foreign_parts() -> None:
    own = Foreign(proto="chat", wire_type="hologram", raw=Raw(b'{"type":"hologram","x":1.50}'))
    given = request(own, proto="chat")
    assert b'{"type":"hologram","x":1.50}' in upstream.render_request(given, conversion(given, Profile()))
    other = Foreign(proto="claude", wire_type="search_result", raw=Raw(b"{}"), as_text="found")
    assert rendered(other) == [{"role": "user", "content": [{"type": "text", "text": "found"}]}]
    assert notes(request(Foreign(proto="claude", wire_type="blob", raw=Raw(b"{}")))) == ["blob dropped"]


# Media


def media(given: Media, **profile: Any) -> object:
    return rendered(given, **profile)[0]["content"][0]


def test_images() -> None:
    link = {"url": f"data:image/png;base64,{PNG}", "detail": "low"}
    assert media(replace(IMAGE, detail="low")) == {"type": "image_url", "image_url": link}
    remote = Media(kind="image", source=Url("https://x/y.png"))
    assert media(remote) == {"type": "image_url", "image_url": {"url": "https://x/y.png"}}


def test_documents() -> None:
    pdf = Media(kind="document", source=Inline("JVBERi0="), mime="application/pdf")
    data = {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "document.pdf"}
    assert media(pdf) == {"type": "file", "file": data}
    text = Media(kind="document", source=Inline("aGk="), mime="text/plain", name="a.txt")
    assert media(text, documents=False) == {"type": "text", "text": "[document: a.txt]\nhi"}
    ref = Media(kind="document", source=FileRef("file-1", "openai"))
    assert media(ref, family="openai") == {"type": "file", "file": {"file_id": "file-1"}}


def test_audio() -> None:
    audio = Media(kind="audio", source=Inline("aGk="), mime="audio/mpeg")
    assert media(audio, audio=True) == {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}}


def test_video_goes_back_to_a_chat_upstream() -> None:
    video = Media(kind="video", source=Url("https://x/v.mp4"))
    content = body_of(request(video, proto="chat"))["messages"][0]["content"]
    assert content == [{"type": "video_url", "video_url": {"url": "https://x/v.mp4"}}]


@pytest.mark.parametrize(
    ("part", "profile"),
    [
        (IMAGE, {"vision": False}),
        (IMAGE, {"content_string": True}),
        (Media(kind="image", source=FileRef("f", "anthropic")), {}),
        (Media(kind="document", source=Inline("JVBERi0="), mime="application/pdf"), {"documents": False}),
        (Media(kind="document", source=Url("https://x/a.pdf")), {}),
        (Media(kind="document", source=FileRef("f", "anthropic")), {}),
        (Media(kind="audio", source=Inline("aGk="), mime="audio/wav"), {}),
        (Media(kind="audio", source=Inline("aGk="), mime="audio/flac"), {"audio": True}),
        (Media(kind="video", source=Url("https://x/v.mp4")), {}),
    ],
)
def test_what_the_model_cannot_see_is_refused(part: Media, profile: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        rendered(part, **profile)


# Tools


def test_functions() -> None:
    tool = Tool(name="f", description="d", schema=Raw(b'{"type":"object","properties":{"a":{}}}'), strict=False)
    assert body_of(request(tools=[tool]))["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "d",
                "parameters": {"type": "object", "properties": {"a": {}}},
                "strict": False,
            },
        }
    ]
    bare = body_of(request(tools=[Tool(name="f")]))["tools"][0]["function"]
    assert bare == {"name": "f", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            True,
        ),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, False),
        ({"type": "object", "properties": {"a": {}}, "required": [], "additionalProperties": False}, False),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "array", "items": {"type": "object", "properties": {}}}},
                "required": ["a"],
                "additionalProperties": False,
            },
            False,
        ),
        ({"type": "object", "properties": {}, "required": [], "additionalProperties": False, "oneOf": []}, False),
    ],
)
def test_strict_from_another_vendor(schema: dict[str, Any], strict: bool) -> None:
    tool = Tool(name="f", schema=Raw(json.dumps(schema).encode()), strict=True)
    assert body_of(request(tools=[tool]))["tools"][0]["function"]["strict"] is strict
    assert body_of(request(tools=[tool], proto="chat"))["tools"][0]["function"]["strict"] is True


GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: X"}
FLAT = Tool(
    name="p",
    kind="custom",
    description="d",
    raw=Raw(json.dumps({"type": "custom", "name": "p", "format": GRAMMAR}).encode()),
)


def test_custom_tools_as_functions() -> None:
    function = body_of(request(tools=[FLAT]))["tools"][0]["function"]
    assert function["description"] == "d\n\nThe input must match this lark grammar:\nstart: X"
    assert function["parameters"]["required"] == ["input"]
    given = request(messages=[Message(role="assistant", parts=[ToolCall(id="i", name="p", args="*** x", custom=True)])])
    call = body_of(given)["messages"][0]["tool_calls"][0]
    assert call["function"] == {"name": "p", "arguments": '{"input":"*** x"}'}


def test_custom_tools_natively() -> None:
    wanted = {
        "name": "p",
        "description": "d",
        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: X"}},
    }
    choice = ToolChoice(mode="tool", names=("p",))
    body = body_of(request(tools=[FLAT], choice=choice, proto="responses"), custom_tools=True)
    assert body["tools"] == [{"type": "custom", "custom": wanted}]
    assert body["tool_choice"] == {"type": "custom", "custom": {"name": "p"}}
    given = request(messages=[Message(role="assistant", parts=[ToolCall(id="i", name="p", args="*** x", custom=True)])])
    call = body_of(given, custom_tools=True)["messages"][0]["tool_calls"][0]
    assert call == {"id": "i", "type": "custom", "custom": {"name": "p", "input": "*** x"}}
    nested = {"type": "custom", "custom": {"name": "p", "x": 1}}
    own = Tool(name="p", kind="custom", raw=Raw(json.dumps(nested).encode()))
    assert body_of(request(tools=[own], proto="chat"), custom_tools=True)["tools"] == [nested]


def test_web_search() -> None:
    claude = {"type": "web_search_20260209", "user_location": {"type": "approximate", "city": "Oslo"}, "max_uses": 3}
    tool = Tool(name="web_search", kind="hosted", hosted="web_search_20260209", raw=Raw(json.dumps(claude).encode()))
    body = body_of(request(tools=[tool]))
    assert body["web_search_options"] == {"user_location": {"type": "approximate", "approximate": {"city": "Oslo"}}}
    assert "tools" not in body


def test_web_search_of_a_chat_client_goes_back_as_it_came() -> None:
    sent = {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}],
        "tools": [{"type": "web_search", "web_search": {"enable": True}}],
        "web_search_options": {"search_context_size": "low"},
    }
    body = body_of(front.parse_request(json.dumps(sent).encode(), headers={}))
    assert (body["tools"], body["web_search_options"]) == (sent["tools"], sent["web_search_options"])


def test_choice_without_tools_is_left_out() -> None:
    given = request(choice=ToolChoice(mode="required", parallel=False))
    assert not {"tool_choice", "parallel_tool_calls"} & set(body_of(given))
    assert notes(given) == ["tool_choice dropped"]


def test_allowed_tools_are_filtered_for_other_families() -> None:
    given = request(tools=[Tool(name="f"), Tool(name="g")], choice=ToolChoice(mode="allowed", names=("g",), must=True))
    body = body_of(given)
    assert [tool["function"]["name"] for tool in body["tools"]] == ["g"]
    assert body["tool_choice"] == "required"


def test_an_upstream_that_cannot_be_forced() -> None:
    given = request(tools=[Tool(name="f")], choice=ToolChoice(mode="tool", names=("f",)))
    assert body_of(given, forced_tool=False)["tool_choice"] == "auto"
    assert notes(given, forced_tool=False) == ["tool_choice dropped"]


def test_system_messages_keep_their_speakers() -> None:
    body = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "a", "name": "chair"},
            {"role": "system", "content": "b"},
            {"role": "system", "content": "c"},
            {"role": "user", "content": "hi"},
        ],
    }
    given = front.parse_request(json.dumps(body).encode(), headers={})
    assert body_of(given)["messages"] == [
        {"role": "system", "content": "a", "name": "chair"},
        {"role": "system", "content": "b\n\nc"},
        {"role": "user", "content": "hi"},
    ]


def test_an_upstream_of_one_system_message_gets_one() -> None:
    body = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "a", "name": "chair"},
            {"role": "system", "content": "b"},
            {"role": "user", "content": "hi"},
        ],
    }
    given = front.parse_request(json.dumps(body).encode(), headers={})
    assert body_of(given, system_mid=False)["messages"] == [
        {"role": "system", "content": "a\n\nb"},
        {"role": "user", "content": "hi"},
    ]
    assert notes(given, system_mid=False) == ["messages.name dropped"]


@pytest.mark.parametrize(
    ("proto", "spelling", "marked"), [("chat", "", True), ("claude", "", False), ("claude", "cache_control", True)]
)
def test_breakpoints_on_tools(proto: Proto, spelling: str, marked: bool) -> None:
    given = request(proto=proto, tools=[Tool(name="f", cache=CacheHint(ttl="1h"))])
    wire = {"cache": spelling} if spelling else {}
    (tool,) = body_of(given, wire=wire)["tools"]
    assert tool.get("cache_control") == ({"type": "ephemeral", "ttl": "1h"} if marked else None)
    assert ("cache_control dropped" in notes(given, wire=wire)) is not marked


def test_a_whole_top_k_stays_whole() -> None:
    """Servers that have it want an integer."""
    given = request(proto="chat", sampling=Sampling(top_k=17.0))
    conv = conversion(given, Profile())
    assert b'"top_k":17.0' not in upstream.render_request(given, conv)


def test_reasoning_that_is_all_token_is_noted() -> None:
    sealed = Reasoning(opaque=[Opaque("openai", "encrypted", "gAAA")])
    turn = Message(role="assistant", parts=[sealed, Text(text="ok")])
    assert "reasoning dropped" in notes(request(messages=[turn]))


def test_a_chat_clients_audio_is_the_upstreams_to_judge() -> None:
    audio = Media(kind="audio", source=Inline("eA=="), mime="audio/wav")
    (message,) = body_of(request(audio, proto="chat"))["messages"]
    assert message["content"][0]["type"] == "input_audio"
