"""Whole Responses answers, both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw
from responses_kit import VECTORS, call_item, conversion, message_item, parsed, vector

from a2a.errors import BadUpstream
from a2a.messages import (
    Candidate,
    Foreign,
    Inline,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Response,
    Stop,
    StopKind,
    Text,
    ToolCall,
    Usage,
)
from a2a.protocols.filters import Filters
from a2a.protocols.prepare import prepare
from a2a.protocols.responses import front, upstream

GOLDEN = (VECTORS / "responses.response.json").read_bytes()
EDGES = vector("edges.json")


def read(*output: Any, **fields: Any) -> Response:
    body = {"id": "resp_1", "model": "up-1", "created_at": 7, "status": "completed", "output": list(output), **fields}
    return upstream.parse_response(json.dumps(body).encode(), conversion())


def parts_of(*output: Any, **fields: Any) -> list[Part]:
    return read(*output, **fields).candidates[0].parts


def shown(*parts: Part, stop: Stop | None = None, **fields: Any) -> Any:
    """The client's view of an answer of another vendor."""
    candidate = Candidate(parts=list(parts), stop=stop or Stop(kind="end"), logprobs=fields.pop("logprobs", None))
    res = Response(proto=fields.pop("proto", "chat"), id="x", model="m", created=5, candidates=[candidate], **fields)
    return json.loads(front.render_response(res, conversion()))


# Upstream


def test_golden_response() -> None:
    res = upstream.parse_response(GOLDEN, conversion())
    wanted = vector("ir.json")["response"]
    reasoning, text, call = res.candidates[0].parts
    assert isinstance(reasoning, Reasoning)
    assert isinstance(text, Text)
    assert isinstance(call, ToolCall)
    assert [reasoning.text, text.text] == [wanted["parts"][0]["reasoning"], wanted["parts"][1]["text"]]
    assert reasoning.opaque == [Opaque("openai", "encrypted", vector("ir.json")["opaque"]["openai"][1])]
    assert (call.name, json.loads(call.args)) == ("log_expense", wanted["parts"][2]["tool_call"]["args"])
    assert (call.id, call.item_id) == ("call_log_1", "fc_g1")
    assert res.candidates[0].stop.kind == wanted["stop"]
    assert res.usage == Usage(**wanted["usage"])


def test_items_of_all_kinds() -> None:
    content = [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "no"}, {"type": "new", "x": 1}]
    found = parts_of(
        {"type": "message", "content": content, "phase": "final_answer"},
        {"type": "custom_tool_call", "call_id": "c", "name": "p", "input": "free"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "brand_new"},
    )
    assert [type(part) for part in found] == [Text, Refusal, Foreign, ToolCall, Foreign, Foreign]
    assert found[0] == Text(text="a", phase="final_answer")
    assert found[3] == ToolCall(id="c", name="p", args="free", custom=True)


@pytest.mark.parametrize(
    ("output", "fields", "kind", "raw"),
    [
        ([message_item("a")], {}, "end", "completed"),
        ([call_item("{}")], {}, "tool_call", "completed"),
        ([{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}], {}, "refusal", "completed"),
        (
            [message_item("a")],
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "length",
            "max_output_tokens",
        ),
        (
            [],
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "refusal",
            "content_filter",
        ),
        ([message_item("a")], {"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "end", "steered"),
        ([message_item("a")], {"status": "incomplete"}, "end", "incomplete"),
    ],
)
def test_stops(output: list[Any], fields: dict[str, Any], kind: str, raw: str) -> None:
    stop = read(*output, **fields).candidates[0].stop
    assert (stop.kind, stop.raw) == (kind, raw)


def test_a_cut_call_is_left_out_when_the_limit_explains_it() -> None:
    limit = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    res = read(call_item("{}"), call_item('{"a', ident="fc_2", call_id="c2"), **limit)
    assert [part.id for part in res.candidates[0].parts if isinstance(part, ToolCall)] == ["call_1"]
    assert res.candidates[0].stop.kind == "length"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"output":5}',
        b'{"output":[1]}',
        b'{"output":[{"type":"function_call","call_id":"c","name":"f","arguments":"{cut"}]}',
        b'{"output":[],"status":"in_progress"}',
        b'{"output":[],"status":"failed","error":{"code":"server_error","message":"boom"}}',
        b'{"error":{"message":"boom"}}',
    ],
)
def test_nonsense_is_the_upstreams_fault(body: bytes) -> None:
    with pytest.raises(BadUpstream):
        upstream.parse_response(body, conversion())


@pytest.mark.parametrize("row", EDGES["usage"], ids=lambda row: row["about"])
def test_usage(row: dict[str, Any]) -> None:
    assert read(message_item("a"), usage=row["responses"]).usage == Usage(**row["ir"])
    assert shown(usage=Usage(**row["ir"]))["usage"] == row["responses"]


def test_unknown_usage_is_shown_with_both_details() -> None:
    assert read(message_item("a")).usage == Usage()
    usage = shown()["usage"]
    assert (usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"]) == (0, 0)
    assert usage["output_tokens_details"] == {"reasoning_tokens": 0}


def test_log_probabilities_travel_with_the_text() -> None:
    tokens = [{"token": "a", "logprob": -1.50}]
    content = [{"type": "output_text", "text": "a", "logprobs": tokens}]
    res = read({"type": "message", "content": content})
    assert json.loads(bytes(res.candidates[0].logprobs or b"")) == tokens
    assert shown(Text(text="a"), logprobs=res.candidates[0].logprobs)["output"][0]["content"][0]["logprobs"] == tokens


# Client


def test_golden_response_survives_the_hub() -> None:
    body = json.loads(front.render_response(upstream.parse_response(GOLDEN, conversion()), conversion()))
    wanted = json.loads(GOLDEN)
    wanted["output"][1]["id"] = "msg_1"
    assert {key: body[key] for key in wanted} == wanted


def test_the_requests_values_are_echoed() -> None:
    req = parsed(
        instructions="be brief",
        tools=[{"type": "function", "name": "f"}, {"type": "web_search"}],
        tool_choice={"type": "function", "name": "f"},
        parallel_tool_calls=False,
        reasoning={"effort": "high", "summary": "concise"},
        text={"format": {"type": "json_object"}, "verbosity": "low"},
        temperature=0,
        max_output_tokens=9,
        prompt_cache_key="k",
        metadata={"a": "b"},
        store=True,
    )
    res = Response(proto="claude", id="msg_x", model="claude", created=5, candidates=[])
    body = json.loads(front.render_response(res, conversion(req)))
    assert body["id"].startswith("resp_")
    assert (body["object"], body["status"], body["store"], body["output"]) == ("response", "completed", False, [])
    assert (body["instructions"], body["temperature"], body["max_output_tokens"]) == ("be brief", 0, 9)
    assert body["tools"] == [
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False},
        {"type": "web_search"},
    ]
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ({"type": "function", "name": "f"}, False)
    assert body["reasoning"] == {"effort": "high", "summary": "concise"}
    assert body["text"] == {"format": {"type": "json_object"}, "verbosity": "low"}
    assert (body["prompt_cache_key"], body["metadata"]) == ("k", {"a": "b"})


def test_parts_become_items_with_ids_of_their_kind() -> None:
    found = shown(
        Reasoning(text="think", summary=False),
        Text(text="a"),
        Refusal(text="no"),
        ToolCall(id="c1", name="f", args=""),
        ToolCall(id="c2", name="p", args="free", custom=True, namespace="ns"),
        Media(kind="image", source=Inline("AAAA"), mime="image/png"),
        Foreign(proto="claude", wire_type="search", raw=Raw(b"{}"), as_text="found"),
        Foreign(proto="claude", wire_type="secret", raw=Raw(b"{}")),
        Media(kind="audio", source=Inline("AAAA"), mime="audio/wav"),
    )["output"]
    assert [item["type"] for item in found] == [
        "reasoning",
        "message",
        "message",
        "function_call",
        "custom_tool_call",
        "image_generation_call",
        "message",
    ]
    ids = [item["id"].rstrip("0123456789") for item in found]
    assert ids == ["rs_a2a_", "msg_", "msg_", "fc_", "ctc_", "ig_", "msg_"]
    assert found[0]["summary"] == [{"type": "summary_text", "text": "think"}]
    assert found[2]["content"] == [{"type": "refusal", "refusal": "no"}]
    assert (found[3]["arguments"], found[4]["input"], found[4]["namespace"]) == ("{}", "free", "ns")
    assert found[5]["result"] == "AAAA"
    assert all(item["status"] == "completed" for item in found)


def test_a_cut_call_is_no_complete_item() -> None:
    item = shown(ToolCall(id="c", name="f", args='{"a'), stop=Stop(kind="length"))["output"][0]
    assert (item["status"], item["arguments"]) == ("incomplete", '{"a')


def test_tokens_of_other_vendors_travel_in_an_envelope() -> None:
    """conversion.md 7.3: the client brings it back, and its family is told by our prefix."""
    for token in (Opaque("anthropic", "signature", "s.i.g"), Opaque("openai", "encrypted", "gAAAA")):
        item = shown(Reasoning(text="t", opaque=[token]))["output"][0]
        part = parsed(input=[{"role": "user", "content": "a"}, item]).messages[1].parts[0]
        assert isinstance(part, Reasoning)
        assert (part.text, part.opaque) == ("t", [token])
    assert item["encrypted_content"] == "gAAAA"
    assert "encrypted_content" not in shown(Reasoning(text="t"))["output"][0]


@pytest.mark.parametrize("text", ["YTJhMS4=", "YTJhMS5ub2JvZHkuc2lnbmF0dXJlLng=", "a2a1.openai.encrypted.x", "/w=="])
def test_what_only_looks_like_an_envelope_is_openais(text: str) -> None:
    part = parsed(input=[{"type": "reasoning", "summary": [], "encrypted_content": text}]).messages[0].parts[0]
    assert isinstance(part, Reasoning)
    assert part.opaque == [Opaque("openai", "encrypted", text)]


def test_citations_of_other_vendors_are_not_annotations() -> None:
    own = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
    claude = {"type": "char_location", "cited_text": "x"}
    text = Text(text="a", citations=Raw(json.dumps([own, claude]).encode()))
    assert shown(text)["output"][0]["content"][0]["annotations"] == [own]


@pytest.mark.parametrize("row", EDGES["stop"], ids=lambda row: row["ir"])
def test_stops_for_the_client(row: dict[str, Any]) -> None:
    kind: StopKind = row["ir"]
    call = [ToolCall(id="c", name="f")] if kind == "tool_call" else []
    body = shown(*call, stop=Stop(kind=kind))
    details = body["incomplete_details"]
    assert [body["status"], details and details["reason"]] == row["responses"]


def test_a_refusal_in_words_is_a_completed_answer() -> None:
    for body in (
        shown(Refusal(text="no"), stop=Stop(kind="refusal")),
        shown(stop=Stop(kind="refusal", detail="no")),
    ):
        assert (body["status"], body["incomplete_details"]) == ("completed", None)
        assert body["output"][0]["content"] == [{"type": "refusal", "refusal": "no"}]


def test_an_answer_that_broke_off_is_failed() -> None:
    body = shown(stop=Stop(kind="error", raw="MALFORMED"))
    assert (body["status"], body["error"]["code"]) == ("failed", "server_error")


def test_names_namespaces_and_kinds_come_back() -> None:
    """conversion.md 6.1: tools of Codex went out flat; its calls come back as it declared them."""
    req = parsed(
        tools=[
            {"type": "namespace", "name": "ns", "tools": [{"type": "function", "name": "run"}]},
            {"type": "custom", "name": "apply_patch"},
        ]
    )
    conv = conversion(req)
    assert [tool.name for tool in prepare(req, conv, "claude").tools] == ["ns__run", "apply_patch"]
    calls: list[Part] = [
        ToolCall(id="c1", name="ns__run", args='{"x":1}'),
        ToolCall(id="c2", name="apply_patch", args='{"input":"*** Begin"}'),
    ]
    candidate = Candidate(parts=calls, stop=Stop(kind="tool_call"))
    res = Response(proto="claude", id="msg_1", model="m", created=1, candidates=[candidate])
    output = json.loads(front.render_response(Filters(conv).whole(res), conv))["output"]
    assert (output[0]["type"], output[0]["name"], output[0]["namespace"]) == ("function_call", "run", "ns")
    assert (output[1]["type"], output[1]["input"]) == ("custom_tool_call", "*** Begin")


def test_an_upstreams_own_id_stays() -> None:
    candidates = [Candidate(parts=[], stop=Stop(kind="end"))]
    own = Response(proto="responses", id="r-77", model="m", created=1, candidates=candidates)
    assert json.loads(front.render_response(own, conversion()))["id"] == "r-77"
