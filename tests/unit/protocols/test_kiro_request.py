"""Bodies of GenerateAssistantResponse: the golden ones of specs/kiro.md section 13 and the rules of section 6."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec import Raw

from a2a.errors import RequestError
from a2a.messages import (
    Inline,
    Media,
    Message,
    Opaque,
    OutFormat,
    Reasoning,
    Request,
    Sampling,
    Text,
    Think,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.kiro import models, upstream

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "vectors" / "kiro.json").read_text())["cases"]
ARN = "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL"
CHAT = {
    "profile_arn": ARN,
    "conversation_id": "6f1b0c1e-8a52-4f0e-9d3c-2f5a7c9e1b44",
    "continuation_id": "0d9c5a7e-1f43-4c35-8d0b-9a1c77a0f2e1",
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
WEATHER = Tool(
    name="get_weather",
    description="Current weather of a city.",
    schema=Raw(
        b'{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}'
    ),
)
CALL = ToolCall(id="tooluse_9XkLmN0pQrStUvWxYz12Ab", name="get_weather", args='{"city":"Kyoto","days":1}')


def user(*parts: Any) -> Message:
    return Message(role="user", parts=[Text(text=part) if isinstance(part, str) else part for part in parts])


def assistant(*parts: Any) -> Message:
    return Message(role="assistant", parts=[Text(text=part) if isinstance(part, str) else part for part in parts])


def request(*messages: Message, model: str = "claude-sonnet-4.5", **fields: Any) -> Request:
    return Request(proto="claude", model=model, messages=list(messages), **fields)


def conversion(req: Request, **extra: str) -> Conversion:
    return Conversion(request=req, profile=Profile(family="kiro"), model=req.model, now=0.0, extra=dict(extra))


def render(req: Request, **extra: str) -> tuple[dict[str, Any], Conversion]:
    conv = conversion(req, **extra)
    return json.loads(upstream.render_request(req, conv)), conv


def body_of(req: Request, **extra: str) -> dict[str, Any]:
    return render(req, **extra)[0]


def current(body: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = body["conversationState"]["currentMessage"]["userInputMessage"]
    return message


def history(body: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = body["conversationState"].get("history", [])
    return items


def system_text(body: dict[str, Any]) -> str:
    return str(history(body)[0]["userInputMessage"]["content"])


def tool_names(body: dict[str, Any]) -> list[str]:
    tools = current(body)["userInputMessageContext"]["tools"]
    return [tool["toolSpecification"]["name"] for tool in tools]


def noted(conv: Conversion) -> set[tuple[str, str]]:
    return {(note.field, note.action) for note in conv.notes}


GOLDEN_REQUESTS = {
    "A": request(user("Say hello to the world."), system=[Text(text="You are terse.")]),
    "B": request(user("What is the weather in Kyoto?"), tools=[WEATHER]),
    "C": request(
        user("What is the weather in Kyoto?"),
        assistant("I'll check the weather.", CALL),
        user(ToolResult(call_id=CALL.id, parts=[Text(text="12 °C, clear")])),
        tools=[WEATHER],
    ),
    "D": request(
        user("What is in this picture?", Media(kind="image", source=Inline(PIXEL), mime="image/png")),
        model="claude-opus-4.8",
        think=Think(effort="high"),
    ),
}


@pytest.mark.parametrize("name", GOLDEN_REQUESTS)
def test_golden_bodies(name: str) -> None:
    extra = dict(CHAT)
    if name == "D":
        extra |= {"conversation_id": "b2a7d0c4-5f0b-4b56-8f2e-6f3d1d6c9e10", "continuation_id": ""}
    assert body_of(GOLDEN_REQUESTS[name], **extra) == GOLDEN[name]["body"]


# History (6.5)


def test_an_answer_begun_by_the_client_goes_to_the_history() -> None:
    body, conv = render(request(user("Count."), assistant("1, 2")))
    assert history(body)[1] == {"assistantResponseMessage": {"content": "1, 2"}}
    assert current(body)["content"] == "Continue"
    assert ("messages", "emulated") in noted(conv)


def test_open_calls_of_the_last_turn_get_an_error_result() -> None:
    body = body_of(request(user("Go."), assistant(CALL)))
    assert current(body)["userInputMessageContext"]["toolResults"] == [
        {"toolUseId": CALL.id, "status": "error", "content": [{"text": "[no result recorded]"}]}
    ]
    assert current(body)["content"] == "Tool results provided."


def test_the_user_comes_first() -> None:
    body = body_of(request(assistant("Hello."), user("Hi.")))
    assert [next(iter(item)) for item in history(body)] == ["userInputMessage", "assistantResponseMessage"]
    assert history(body)[0]["userInputMessage"]["content"] == "(start)"


def test_neighbours_of_one_role_are_one_turn() -> None:
    body = body_of(request(user("One."), user("Two."), assistant("a"), assistant("b"), user("Three.")))
    assert history(body)[0]["userInputMessage"]["content"] == "One.\n\nTwo."
    assert history(body)[1]["assistantResponseMessage"]["content"] == "a\nb"


def test_aborted_turns_of_the_assistant_are_left_out() -> None:
    body = body_of(request(user("One."), assistant(" "), user("Two.")))
    assert history(body) == []
    assert current(body)["content"] == "One.\n\nTwo."


def test_a_system_message_in_mid_conversation_becomes_a_reminder() -> None:
    reminder = Message(role="system", parts=[Text(text="Be brief.")])
    body = body_of(request(user("Hi."), reminder))
    assert current(body)["content"] == "Hi.\n\n<system-reminder>\nBe brief.\n</system-reminder>"


def test_results_come_in_the_order_of_their_calls() -> None:
    calls = [ToolCall(id=name, name="get_weather") for name in ("t1", "t2")]
    results = [ToolResult(call_id=name, parts=[], is_error=name == "t2") for name in ("t2", "t1")]
    body = body_of(request(user("Go."), assistant(*calls), user(*results), tools=[WEATHER]))
    assert current(body)["userInputMessageContext"]["toolResults"] == [
        {"toolUseId": "t1", "status": "success", "content": [{"text": "(no output)"}]},
        {"toolUseId": "t2", "status": "error", "content": [{"text": "(no output)"}]},
    ]


def test_tools_stand_in_the_current_message_only_and_history_names_get_stubs() -> None:
    result = ToolResult(call_id=CALL.id, parts=[Text(text="ok")])
    body = body_of(request(user("Go."), assistant(CALL), user(result), assistant("Done."), user("Title?")))
    assert tool_names(body) == ["get_weather"]
    assert current(body)["userInputMessageContext"]["tools"][0]["toolSpecification"] == {
        "name": "get_weather",
        "description": "Tool",
        "inputSchema": {"json": {"type": "object", "properties": {}}},
    }
    assert all("tools" not in json.dumps(item) for item in history(body))


@pytest.mark.parametrize(("endpoint", "blank"), [("krs", ""), ("legacy", " ")])
def test_a_turn_of_calls_alone_has_the_blank_of_its_endpoint(endpoint: str, blank: str) -> None:
    result = ToolResult(call_id=CALL.id, parts=[Text(text="ok")])
    body = body_of(request(user("Go."), assistant(CALL), user(result)), endpoint=endpoint)
    assert history(body)[1]["assistantResponseMessage"]["content"] == blank


@pytest.mark.parametrize(
    ("args", "custom", "wire"),
    [
        ('{"a":1.50,"":2,"b":{"":3,"c":[{"":4}]}}', False, {"a": 1.5, "b": {"c": [{}]}}),
        ("[1]", False, {"value": [1]}),
        ('{"a":', False, {"_raw": '{"a":'}),
        ("free text", True, {"input": "free text"}),
        ('{"a":"x\\u0000y\\\\u0000"}', False, {"a": "xy\\u0000"}),
    ],
)
def test_arguments_are_always_an_object_the_upstream_takes(args: str, custom: bool, wire: object) -> None:
    body = body_of(request(user("Go."), assistant(ToolCall(id="t1", name="f", args=args, custom=custom))))
    assert history(body)[1]["assistantResponseMessage"]["toolUses"][0]["input"] == wire


def test_nul_characters_are_removed_and_backslashes_kept() -> None:
    body, conv = render(request(user("a\x00b \\u0000 \\")))
    assert current(body)["content"] == "ab \\u0000 \\"
    assert [(note.field, note.action) for note in conv.notes] == [("messages", "dropped")]
    assert render(request(user("\\u0000 in words")))[1].notes == []


def test_long_results_keep_head_and_tail() -> None:
    text = "h" * 300_000 + "t" * 300_000
    result = ToolResult(call_id=CALL.id, parts=[Text(text=text)])
    body = body_of(request(user("Go."), assistant(CALL), user(result)))
    sent = current(body)["userInputMessageContext"]["toolResults"][0]["content"][0]["text"]
    assert sent.startswith("hh")
    assert sent.endswith("tt")
    assert "200000 characters omitted" in sent


def test_an_empty_conversation_is_refused() -> None:
    with pytest.raises(RequestError, match="empty"):
        body_of(request())


# Tools (6.7)


def test_tool_names_are_unique_and_descriptions_never_empty() -> None:
    tools = [Tool(name="f", description="old"), Tool(name="f", description="  ")]
    body, conv = render(request(user("Go."), tools=tools))
    (tool,) = current(body)["userInputMessageContext"]["tools"]
    assert tool["toolSpecification"]["description"] == "f"
    assert ("tools.f", "dropped") in noted(conv)


def test_a_long_description_continues_in_the_system_text() -> None:
    body = body_of(request(user("Go."), tools=[Tool(name="f", description="x" * 10_500)]))
    (tool,) = current(body)["userInputMessageContext"]["tools"]
    assert len(tool["toolSpecification"]["description"]) <= 10_000
    assert system_text(body) == "## Tool f\n\n" + "x" * 10_500


def test_a_free_text_tool_is_a_function_of_one_string() -> None:
    raw = Raw(b'{"type":"custom","name":"patch","format":{"type":"grammar","syntax":"lark","definition":"start: X"}}')
    body = body_of(request(user("Go."), tools=[Tool(name="patch", kind="custom", description="Patch.", raw=raw)]))
    (tool,) = current(body)["userInputMessageContext"]["tools"]
    assert tool["toolSpecification"]["inputSchema"]["json"]["required"] == ["input"]
    assert tool["toolSpecification"]["description"].startswith("Patch.")
    assert "start: X" in tool["toolSpecification"]["description"]


def test_the_grammar_of_a_chat_client_stands_one_level_deeper() -> None:
    raw = Raw(
        b'{"type":"custom","custom":{"name":"p","format":{"type":"grammar","grammar":{"definition":"start: Y"}}}}'
    )
    body = body_of(request(user("Go."), tools=[Tool(name="p", kind="custom", raw=raw)]))
    (tool,) = current(body)["userInputMessageContext"]["tools"]
    assert "start: Y" in tool["toolSpecification"]["description"]


def test_hosted_tools_are_named_when_they_are_dropped() -> None:
    body, conv = render(request(user("Go."), tools=[Tool(name="web_search", kind="hosted")]))
    assert "userInputMessageContext" not in current(body)
    assert ("tools.web_search", "dropped") in noted(conv)


CHOICES = [
    (ToolChoice("required"), ["get_weather", "g"], "must be a call of one of"),
    (ToolChoice("tool", ("g",)), ["g"], "must be a call of the tool g"),
    (ToolChoice("allowed", ("g",), must=True), ["g"], "must be a call of the tool g"),
]


@pytest.mark.parametrize(("choice", "offered", "hint"), CHOICES)
def test_forced_choices_are_asked_for_in_words(choice: ToolChoice, offered: list[str], hint: str) -> None:
    body, conv = render(request(user("Go."), tools=[WEATHER, Tool(name="g")], choice=choice))
    assert tool_names(body) == offered
    assert hint in system_text(body)
    assert ("tool_choice", "emulated") in noted(conv)


def test_the_second_try_insists() -> None:
    req = request(user("Go."), tools=[WEATHER], choice=ToolChoice("required"))
    assert "rejected" not in system_text(body_of(req))
    assert "rejected" in system_text(body_of(req, insist="1"))


def test_no_call_leaves_only_stubs_of_the_history() -> None:
    result = ToolResult(call_id=CALL.id, parts=[Text(text="ok")])
    req = request(
        user("Go."), assistant(CALL), user(result), tools=[WEATHER, Tool(name="g")], choice=ToolChoice("none")
    )
    body, conv = render(req)
    assert tool_names(body) == ["get_weather"]
    assert "do not call" in system_text(body)
    assert ("tool_choice", "emulated") in noted(conv)


def test_a_free_choice_is_no_loss_but_single_calls_cannot_be_had() -> None:
    _, conv = render(request(user("Go."), tools=[WEATHER], choice=ToolChoice("auto", parallel=False)))
    assert noted(conv) == {("parallel_tool_calls", "dropped")}


def test_the_repair_of_schemas_keeps_less() -> None:
    tool = Tool(name="f", schema=Raw(b'{"type":"object","properties":{"a":{"type":"string","format":"x-odd"}}}'))
    gentle, strict = (body_of(request(user("Go."), tools=[tool]), repair=why) for why in ("", "TOOL_SCHEMA_INVALID"))
    assert '"format"' in json.dumps(gentle)
    assert '"format"' not in json.dumps(strict)


# Reasoning (6.8)

THINKING = [
    ("claude-opus-4.8", Think(budget=16384), {"type": "adaptive", "display": "summarized"}, {"effort": "high"}),
    ("claude-opus-4.8", Think(adaptive=True), {"type": "adaptive", "display": "summarized"}, None),
    (
        "claude-opus-4.8",
        Think(effort="low", show="hidden"),
        {"type": "adaptive", "display": "omitted"},
        {"effort": "low"},
    ),
    ("claude-opus-4.8", Think(effort="none"), {"type": "disabled"}, None),
    ("claude-opus-4.6", Think(effort="xhigh"), {"type": "adaptive"}, {"effort": "high"}),
    ("claude-opus-5.5", Think(budget=0), {"type": "adaptive", "display": "summarized"}, {"effort": "low"}),
]


@pytest.mark.parametrize(("model", "think", "thinking", "effort"), THINKING)
def test_claude_models_think_natively(model: str, think: Think, thinking: object, effort: object) -> None:
    fields = body_of(request(user("Hm."), model=model, think=think))["additionalModelRequestFields"]
    assert fields["thinking"] == thinking
    assert fields.get("output_config") == effort


def test_gpt_models_take_an_effort() -> None:
    body = body_of(request(user("Hm."), model="gpt-5.6-sol", think=Think(effort="minimal")))
    assert body["additionalModelRequestFields"] == {"reasoning": {"effort": "low"}}


def test_without_a_wish_nothing_is_said() -> None:
    body, conv = render(request(user("Hm."), model="claude-opus-4.8"))
    assert "additionalModelRequestFields" not in body
    assert conv.notes == []


def test_the_suffix_of_a_name_asks_for_reasoning() -> None:
    body = body_of(request(user("Hm."), model="claude-opus-4-8-thinking"))
    assert body["additionalModelRequestFields"]["thinking"]["type"] == "adaptive"
    assert current(body)["modelId"] == "claude-opus-4.8"


TAGS = [
    (Think(budget=5000), "<thinking_mode>enabled</thinking_mode><max_thinking_length>5000</max_thinking_length>"),
    (Think(effort="max"), "<thinking_mode>enabled</thinking_mode><max_thinking_length>24576</max_thinking_length>"),
    (Think(budget=-1), "<thinking_mode>enabled</thinking_mode><max_thinking_length>20000</max_thinking_length>"),
    (Think(adaptive=True), "<thinking_mode>adaptive</thinking_mode><thinking_effort>high</thinking_effort>"),
]


@pytest.mark.parametrize(("think", "tags"), TAGS)
def test_other_models_think_in_tags(think: Think, tags: str) -> None:
    body, conv = render(request(user("Hm."), think=think, system=[Text(text="Be kind.")]))
    assert system_text(body) == f"{tags}\n\nBe kind."
    assert conv.extra["kiro.thinking_tags"] == "1"
    assert ("reasoning", "emulated") in noted(conv)


def test_the_legacy_endpoint_knows_only_tags() -> None:
    body = body_of(request(user("Hm."), model="claude-opus-4.8", think=Think(effort="low")), endpoint="legacy")
    assert "additionalModelRequestFields" not in body
    assert system_text(body).startswith("<thinking_mode>")


def test_the_limit_goes_where_the_model_has_one() -> None:
    body, conv = render(request(user("Hm."), model="claude-opus-4.8", max_output=100))
    assert body["additionalModelRequestFields"] == {"max_tokens": 1024}
    assert noted(conv) == {("max_tokens", "clamped")}
    _, conv = render(request(user("Hm."), max_output=100))
    assert noted(conv) == {("max_tokens", "dropped")}


def test_the_account_s_own_list_outweighs_the_table() -> None:
    req = request(user("Hm."), model="claude-opus-4.8", think=Think(effort="max"))
    model = models.Model(id="claude-opus-4.8", thinking=models.Thinking("claude", ("low", "high")))
    conv = Conversion(request=req, profile=models.profile(model), model=req.model, now=0.0)
    body = json.loads(upstream.render_request(req, conv))
    assert body["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
    }


def _signed(model: str) -> Reasoning:
    return Reasoning(text="hm", opaque=[Opaque("kiro", "signature", "c2ln", model)])


@pytest.mark.parametrize(
    ("model", "extra", "kept"),
    [
        ("claude-opus-4.8", {}, True),
        ("", {}, True),
        ("claude-opus-5", {}, False),
        ("claude-opus-4.8", {"repair": "THINKING_SIGNATURE_INVALID"}, False),
        ("claude-opus-4.8", {"endpoint": "legacy"}, False),
    ],
)
def test_only_thoughts_that_this_model_signed_go_back(model: str, extra: dict[str, str], kept: bool) -> None:
    req = request(user("a"), assistant(_signed(model), "b"), user("c"), model="claude-opus-4.8")
    message = history(body_of(req, **extra))[1]["assistantResponseMessage"]
    expected = {"reasoningText": {"text": "hm", "signature": "c2ln"}} if kept else None
    assert message.get("reasoningContent") == expected


def test_redacted_thoughts_go_back_as_they_came() -> None:
    secret = Reasoning(opaque=[Opaque("kiro", "redacted", "eHg=", "claude-opus-4.8")])
    body = body_of(request(user("a"), assistant(secret, "b"), user("c"), model="claude-opus-4.8"))
    assert history(body)[1]["assistantResponseMessage"]["reasoningContent"] == {"redactedContent": "eHg="}


# Parameters without a counterpart (6.12), ids (6.10), wire


def test_parameters_without_a_counterpart_are_named() -> None:
    sampling = Sampling(temperature=0.0, top_p=1.0, top_k=1.0, seed=1, presence=0.0, frequency=0.0, top_logprobs=0)
    req = request(user("Hi."), sampling=sampling, stop=["END"], tier="flex", output=OutFormat(verbosity="low"))
    _, conv = render(req)
    assert {note.field for note in conv.notes} == {
        "temperature",
        "top_p",
        "top_k",
        "seed",
        "presence_penalty",
        "frequency_penalty",
        "logprobs",
        "stop",
        "service_tier",
        "verbosity",
    }
    assert conv.extra["local_stop"] == "1"


def test_several_answers_cannot_be_had() -> None:
    with pytest.raises(RequestError) as caught:
        body_of(request(user("Hi."), sampling=Sampling(n=2)))
    assert caught.value.param == "n"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (OutFormat(kind="json"), "one JSON value only"),
        (OutFormat(kind="schema", schema=Raw(b'{"type":"object"}'), description="d"), '(d):\n{"type":"object"}'),
    ],
)
def test_formats_are_asked_for_in_words(output: OutFormat, words: str) -> None:
    body, conv = render(request(user("Hi."), output=output))
    assert words in system_text(body)
    assert noted(conv) == {("response_format", "emulated")}
    assert conv.extra["kiro.strip_fence"] == "1"


def _ids(*messages: Message, **fields: Any) -> tuple[str, str]:
    state = body_of(request(*messages, **fields))["conversationState"]
    return state["conversationId"], state["agentContinuationId"]


def test_a_chat_keeps_its_id_and_a_tool_loop_its_turn() -> None:
    first = _ids(user("Hi."))
    loop = _ids(user("Hi."), assistant(CALL), user(ToolResult(call_id=CALL.id, parts=[])))
    later = _ids(user("Hi."), assistant("Hello."), user("Hi."))
    assert first == loop
    assert later[0] == first[0]
    assert later[1] != first[1]
    assert all(UUID(value).version == 5 for value in first)


def test_sessions_tell_equal_chats_apart() -> None:
    ids = {_ids(user("Hi."), **fields)[0] for fields in ({}, {"cache_key": "s1"}, {"cache_key": "s2"}, {"user": "u"})}
    assert len(ids) == 4


def test_the_profile_says_origin_and_wire_and_the_account_may_differ() -> None:
    req = request(user("Hi."))
    target = models.profile(models.Model(id=req.model), origin="KIRO_CLI", wire="aws-json")
    conv = Conversion(request=req, profile=target, model=req.model, now=0.0)
    body = json.loads(upstream.render_request(req, conv))
    assert (current(body)["origin"], body["agentMode"]) == ("KIRO_CLI", "vibe")
    assert "profileArn" not in body
    conv.extra["origin"] = "CLI"
    assert current(json.loads(upstream.render_request(req, conv)))["origin"] == "CLI"
