"""prepare: what a codec may rely on when it renders."""

from __future__ import annotations

from typing import Any

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
    Part,
    Proto,
    Reasoning,
    Refusal,
    Request,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from a2a.protocols.base import Conversion, Note, Profile
from a2a.protocols.prepare import prepare

SIGNED = Opaque("anthropic", "signature", "c2ln")
GOOGLE = Opaque("google", "signature", "Z29v")
BILLING = Text(text="x-anthropic-billing-header: cc_version=2.1; cch=ab12;")
SEARCH = Tool(name="web_search", kind="hosted", hosted="web_search", raw=Raw(b'{"type":"web_search_20250305"}'))
RAW = Raw(b"{}")


def msg(role: str, *parts: Part | str) -> Message:
    return Message(role=role, parts=[Text(text=one) if isinstance(one, str) else one for one in parts])  # type: ignore[arg-type]


def request(*messages: Message, proto: Proto = "claude", **fields: Any) -> Request:
    return Request(proto=proto, model="m", messages=list(messages) or [msg("user", "hi")], **fields)


def conversion(req: Request, **profile: Any) -> Conversion:
    return Conversion(request=req, profile=Profile(**profile), model="m", now=0.0)


def run(req: Request, target: Proto, **profile: Any) -> tuple[Request, Conversion]:
    conv = conversion(req, **profile)
    before = repr(req)
    prepared = prepare(req, conv, target)
    assert repr(req) == before, "the client's request was changed"
    return prepared, conv


def noted(conv: Conversion) -> list[str]:
    return [note.field for note in conv.notes]


def test_nothing_to_do_is_no_note() -> None:
    req = request(msg("user", "hi"), system=[Text(text="Be brief.", cache=CacheHint())], tools=[Tool(name="f")])
    prepared, conv = run(req, "chat")
    assert prepared == req
    assert (conv.notes, conv.names, conv.restore) == ([], {}, {})


@pytest.mark.parametrize("target", ["chat", "gemini", "kiro", "responses"])
def test_the_billing_line_stays_with_claude(target: Proto) -> None:
    req = request(system=[BILLING, Text(text="Be brief.")])
    prepared, conv = run(req, target)
    assert prepared.system == [Text(text="Be brief.")]
    assert noted(conv) == ["system"]
    assert run(req, "claude")[0].system == req.system


@pytest.mark.parametrize("target", ["claude", "responses", "kiro"])
@pytest.mark.parametrize(("proto", "param"), [("chat", "n"), ("gemini", "generationConfig.candidateCount")])
def test_several_answers_are_refused(target: Proto, proto: Proto, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        run(request(proto=proto, sampling=Sampling(n=2)), target)
    assert caught.value.param == param


def test_several_answers_pass_where_they_exist() -> None:
    assert run(request(proto="chat", sampling=Sampling(n=2)), "gemini")[0].sampling.n == 2


def test_foreign_parts_stay_become_text_or_go() -> None:
    readable = Foreign(proto="claude", wire_type="search_result", raw=RAW, as_text="found")
    blob = Foreign(proto="claude", wire_type="server_tool_use", raw=RAW)
    req = request(msg("user", readable, blob, ToolResult(call_id="1", parts=[readable, blob])), proto="claude")
    assert run(request(msg("user", readable, blob)), "claude")[0].messages == [msg("user", readable, blob)]
    prepared, conv = run(req, "chat")
    assert prepared.messages == [msg("user", "found", "[result of unknown tool call 1] found")]
    assert conv.notes[:2] == [
        Note("search_result", "mapped", "as text"),
        Note("server_tool_use", "dropped", "unknown to chat"),
    ]


@pytest.mark.parametrize("wire_type", ["compaction", "item_reference"])
def test_history_is_never_lost_silently(wire_type: str) -> None:
    part = Foreign(proto="responses", wire_type=wire_type, raw=RAW)
    with pytest.raises(RequestError):
        run(request(msg("user", part), proto="responses"), "claude")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_id": "resp_1"}, "previous_response_id"),
        ({"ext": {"background": Raw(b"true")}}, "background"),
        ({"ext": {"prompt": Raw(b'{"id":"p"}')}}, "prompt"),
        ({"ext": {"modalities": Raw(b'["text","audio"]')}}, "modalities"),
    ],
)
def test_what_changes_the_meaning_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        run(request(proto="responses", **fields), "claude")
    assert caught.value.param == param
    run(request(proto="responses", **fields), "responses")


def test_harmless_keys_are_named_and_left_out() -> None:
    text = Text(text="hi", ext={"annotations": Raw(b"[]"), "logprobs": Raw(b"null")})
    ext = {"background": Raw(b"false"), "truncation": Raw(b'"auto"')}
    tool = Tool(name="f", ext={"x": RAW})
    prepared, conv = run(request(msg("user", text), proto="responses", ext=ext, tools=[tool]), "claude")
    assert (prepared.ext, prepared.messages, prepared.tools) == (None, [msg("user", "hi")], [Tool(name="f")])
    assert noted(conv) == ["content.annotations", "tools.x", "background", "truncation"]


def test_keys_stay_with_their_own_protocol() -> None:
    req = request(ext={"container": RAW}, tools=[Tool(name="f", ext={"x": RAW})])
    prepared, conv = run(req, "claude")
    assert (prepared, conv.notes) == (req, [])


def test_a_file_at_another_vendor_cannot_be_sent() -> None:
    media = Media(kind="document", source=FileRef("file_1", "anthropic"))
    with pytest.raises(RequestError, match="file_1"):
        run(request(msg("user", media)), "gemini", family="google")
    run(request(msg("user", media)), "claude", family="other")


def test_a_server_tool_is_left_out_with_a_note() -> None:
    prepared, conv = run(request(tools=[SEARCH, Tool(name="f", deferred=True)]), "gemini")
    assert prepared.tools == [Tool(name="f")]
    assert noted(conv) == ["tools.defer_loading", "tools.web_search"]


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [SEARCH]},
        {"tools": [SEARCH, Tool(name="f")], "choice": ToolChoice(mode="tool", names=("web_search",))},
    ],
)
def test_a_needed_server_tool_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="web_search"):
        run(request(**fields), "gemini")


def test_a_server_tool_stays_where_it_can_run() -> None:
    req = request(tools=[SEARCH])
    assert run(req, "claude")[0].tools == [SEARCH]
    assert run(req, "chat", hosted_tools=True)[0].tools == [SEARCH]


def test_a_search_of_another_vendor_runs_where_the_target_has_one() -> None:
    function = Tool(name="f")
    assert run(request(tools=[SEARCH, function]), "responses", hosted_tools=True)[0].tools == [SEARCH, function]
    assert run(request(tools=[SEARCH]), "gemini", hosted_tools=True)[0].tools == [SEARCH]
    prepared, conv = run(request(tools=[SEARCH, function]), "gemini", hosted_tools=True)
    assert (prepared.tools, noted(conv)) == ([function], ["tools.web_search"])


def test_keys_with_a_neutral_meaning_are_not_called_lost() -> None:
    text = Text(text="hi", cache=CacheHint(), ext={"prompt_cache_breakpoint": RAW, "other": RAW})
    prepared, conv = run(request(msg("user", text), proto="chat"), "claude")
    assert (prepared.messages[0].parts[0], noted(conv)) == (Text(text="hi", cache=CacheHint()), ["content.other"])


def test_a_lost_tool_leaves_the_choice() -> None:
    choice = ToolChoice(mode="allowed", names=("web_search", "f"))
    prepared, _ = run(request(tools=[SEARCH, Tool(name="f")], choice=choice), "kiro")
    assert prepared.choice == ToolChoice(mode="allowed", names=("f",))


def test_a_tool_loader_goes_and_all_tools_are_loaded() -> None:
    loader = Tool(name="tool_search_tool_regex", kind="hosted", hosted="tool_search")
    prepared, _ = run(request(tools=[loader], choice=ToolChoice()), "chat")
    assert (prepared.tools, prepared.choice) == ([], None)


def test_names_are_mapped_everywhere() -> None:
    req = request(
        msg("user", "hi"),
        msg("assistant", ToolCall(id="c", name="a.b"), ToolCall(id="d", name="old/one")),
        msg("user", ToolResult(call_id="c", parts=[Text(text="x")]), ToolResult(call_id="d", parts=[Text(text="y")])),
        tools=[Tool(name="a.b"), Tool(name="f")],
        choice=ToolChoice(mode="tool", names=("a.b",)),
    )
    prepared, conv = run(req, "chat")
    assert [tool.name for tool in prepared.tools] == ["a_b", "f"]
    assert prepared.choice == ToolChoice(mode="tool", names=("a_b",))
    assert [part.name for message in prepared.messages[1:] for part in message.parts] == ["a_b", "old_one"] * 2  # type: ignore[union-attr]
    assert conv.names == {"a.b": "a_b", "old/one": "old_one"}
    assert conv.restore == {"a_b": "a.b", "old_one": "old/one"}


def test_each_target_has_its_alphabet() -> None:
    tools = [Tool(name="a.b"), Tool(name="1st"), Tool(name="x" * 64)]
    assert [tool.name for tool in run(request(tools=tools), "gemini")[0].tools] == ["a.b", "_1st", "x" * 64]
    assert [len(tool.name) for tool in run(request(tools=tools), "kiro")[0].tools] == [3, 3, 63]


def test_namespaces_become_part_of_the_name() -> None:
    req = request(
        msg("user", "hi"),
        msg("assistant", ToolCall(id="c", name="run", namespace="repl")),
        proto="responses",
        tools=[Tool(name="run", namespace="repl")],
        choice=ToolChoice(mode="tool", names=("run",)),
    )
    prepared, conv = run(req, "claude")
    assert prepared.tools == [Tool(name="repl__run")]
    assert prepared.messages[1] == msg("assistant", ToolCall(id="c", name="repl__run"))
    assert prepared.choice == ToolChoice(mode="tool", names=("repl__run",))
    assert conv.restore == {}
    assert run(req, "responses")[0] == req


def test_ids_become_legal_on_both_sides() -> None:
    req = request(
        msg("user", "hi"),
        msg("assistant", ToolCall(id="a.1", name="f"), ToolCall(id="a:1", name="f")),
        msg("user", ToolResult(call_id="a.1"), ToolResult(call_id="a:1")),
    )
    messages = run(req, "claude")[0].messages
    ids = [part.id for part in messages[1].parts]  # type: ignore[union-attr]
    assert ids == [part.call_id for part in messages[2].parts]  # type: ignore[union-attr]
    assert len(set(ids)) == 2


def test_tokens_go_only_to_their_maker() -> None:
    req = request(
        msg("user", "hi"),
        msg(
            "assistant",
            Reasoning(text="hm", opaque=[SIGNED]),
            Text(text="x", opaque=[GOOGLE]),
            ToolCall(id="c", name="f"),
        ),
    )
    assert run(req, "claude", family="anthropic")[0].messages[1].parts[:2] == [
        Reasoning(text="hm", opaque=[SIGNED]),
        Text(text="x"),
    ]
    prepared, conv = run(req, "gemini", family="google")
    assert prepared.messages[1].parts[0] == Text(text="x", opaque=[GOOGLE])
    assert noted(conv) == ["reasoning"]


def test_an_unknown_upstream_of_the_same_protocol_gets_its_own_tokens_back() -> None:
    req = request(msg("user", "hi"), msg("assistant", Reasoning(text="hm", opaque=[SIGNED]), "x"))
    assert run(req, "claude", family="other")[0] == req


def test_plain_reasoning_goes_back_only_where_it_is_wanted() -> None:
    req = request(msg("user", "hi"), msg("assistant", Reasoning(text="hm"), "x"), proto="chat")
    wanted, conv = run(req, "chat", reasoning_field="reasoning_content")
    assert (wanted, conv.notes) == (req, [])
    assert run(req, "chat")[0].messages[1] == msg("assistant", "x")


def test_an_empty_signed_text_is_kept_and_other_empty_texts_are_not() -> None:
    signed = Text(text="", opaque=[GOOGLE])
    req = request(
        msg("user", "hi", ""), msg("assistant", signed, Refusal(text="")), system=[Text(text="")], proto="gemini"
    )
    prepared, _ = run(req, "gemini", family="google")
    assert prepared.messages == [msg("user", "hi"), msg("assistant", signed)]
    assert prepared.system == []


def test_an_emptied_turn_holds_its_place_only_between_two_others() -> None:
    req = request(
        msg("assistant", ""),
        msg("user", "a"),
        msg("assistant", Reasoning(text="hm")),
        msg("user", "b"),
        msg("assistant", ""),
    )
    assert run(req, "chat")[0].messages == [msg("user", "a"), msg("assistant", "(empty)"), msg("user", "b")]


def test_an_emptied_system_message_goes() -> None:
    req = request(msg("user", "a"), msg("system", ""), msg("assistant", "b"), msg("user", "c"))
    assert [one.role for one in run(req, "chat")[0].messages] == ["user", "assistant", "user"]


def test_without_tools_there_is_no_choice() -> None:
    assert run(request(choice=ToolChoice(mode="required", parallel=False)), "claude")[0].choice is None


def test_a_result_keeps_media_only_parts() -> None:
    image = Media(kind="image", source=Inline("aGk="), mime="image/png")
    result = ToolResult(call_id="c", name="f", parts=[Text(text=""), image])
    req = request(msg("user", "a"), msg("assistant", ToolCall(id="c", name="f")), msg("user", result))
    assert run(req, "gemini")[0].messages[2] == msg("user", ToolResult(call_id="c", name="f", parts=[image]))


def test_a_forced_call_without_tools_is_noted() -> None:
    prepared, conv = run(request(choice=ToolChoice(mode="required")), "chat")
    assert (prepared.choice, noted(conv)) == (None, ["tool_choice"])
    assert noted(run(request(choice=ToolChoice()), "chat")[1]) == []


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (request(tools=[Tool(name="")]), "tools"),
        (request(sampling=Sampling(n=0)), "n"),
        (request(tools=[Tool(name="f")], choice=ToolChoice(mode="tool", names=("g",))), "tool_choice"),
    ],
)
def test_what_no_upstream_would_name_is_refused_here(given: Request, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        run(given, "kiro")
    assert caught.value.param == param


def test_a_choice_may_name_a_tool_with_or_without_its_namespace() -> None:
    tool = Tool(name="f", namespace="ns")
    for name in ("f", "ns__f"):
        prepared, _ = run(request(tools=[tool], choice=ToolChoice(mode="tool", names=(name,))), "kiro")
        assert prepared.choice is not None
        assert prepared.choice.names == ("ns__f",)
