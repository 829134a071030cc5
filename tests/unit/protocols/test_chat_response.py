"""Whole Chat answers, both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from a2a.errors import BadUpstream
from a2a.messages import (
    Candidate,
    Foreign,
    Inline,
    Media,
    Part,
    Reasoning,
    Refusal,
    Request,
    Response,
    Stop,
    Text,
    ToolCall,
    Url,
    Usage,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.chat import front, upstream
from a2a.protocols.chat.words import usage_in, usage_out

VECTORS = Path(__file__).parents[2] / "golden" / "vectors"
GOLDEN = (VECTORS / "chat.response.json").read_bytes()
EDGES = json.loads((VECTORS / "edges.json").read_text())


def conversion() -> Conversion:
    request = Request(proto="chat", model="alias", messages=[])
    return Conversion(
        request=request, profile=Profile(), model="up", now=1700000000.0, new_id=lambda prefix: f"{prefix}1"
    )


def parsed(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> Response:
    body = {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}
    return upstream.parse_response(json.dumps(body).encode(), conversion())


def rendered(parts: list[Part], kind: str = "end", **stop: Any) -> dict[str, Any]:
    """The choice of an answer with these parts."""
    candidate = Candidate(parts=parts, stop=Stop(kind=kind, **stop))  # type: ignore[arg-type]
    res = Response(proto="claude", id="r", model="m", created=5, candidates=[candidate])
    choice: dict[str, Any] = json.loads(front.render_response(res, conversion()))["choices"][0]
    return choice


def entry(args: object, **more: Any) -> dict[str, Any]:
    return {"id": "i", "type": "function", "function": {"name": "f", "arguments": args}, **more}


def test_golden_response() -> None:
    res = upstream.parse_response(GOLDEN, conversion())
    expected = json.loads((VECTORS / "ir.json").read_text())["response"]
    reasoning, text, call = res.candidates[0].parts
    assert isinstance(reasoning, Reasoning)
    assert isinstance(text, Text)
    assert isinstance(call, ToolCall)
    assert reasoning.text == expected["parts"][0]["reasoning"]
    assert text.text == expected["parts"][1]["text"]
    assert json.loads(call.args) == expected["parts"][2]["tool_call"]["args"]
    assert res.candidates[0].stop.kind == expected["stop"]
    usage = res.usage
    assert (usage.input, usage.cache_read, usage.output, usage.reasoning) == (812, 512, 96, 40)


def test_golden_response_comes_out_again() -> None:
    res = upstream.parse_response(GOLDEN, conversion())
    body, golden = json.loads(front.render_response(res, conversion())), json.loads(GOLDEN)
    assert body["choices"] == golden["choices"]
    for key in ("id", "object", "created", "model"):
        assert body[key] == golden[key]
    assert body["usage"]["total_tokens"] == 908


def test_defaults_for_what_an_upstream_leaves_out() -> None:
    res = upstream.parse_response(b'{"choices":[{"message":{"content":null}}]}', conversion())
    assert (res.id, res.model, res.created) == ("chatcmpl-1", "up", 1700000000)
    assert res.candidates[0] == Candidate(parts=[], stop=Stop(kind="end"))


def test_unmodelled_keys_go_back_to_a_chat_client() -> None:
    res = parsed(
        {"role": "assistant", "content": "a", "annotations": [{"x": 1}]}, system_fingerprint="fp", service_tier=None
    )
    body = json.loads(front.render_response(res, conversion()))
    assert body["system_fingerprint"] == "fp"
    assert "service_tier" not in body
    assert body["choices"][0]["message"]["annotations"] == [{"x": 1}]


@pytest.mark.parametrize(
    ("finish", "message", "kind"),
    [
        ("stop", {"content": "a"}, "end"),
        ("", {"content": "a"}, "end"),
        (None, {"content": "a"}, "end"),
        ("whatever", {"content": "a"}, "end"),
        ("tool_calls", {"content": "a"}, "end"),
        ("stop", {"content": None, "tool_calls": [entry("{}")]}, "tool_call"),
        ("function_call", {"content": None, "function_call": {"name": "f", "arguments": "{}"}}, "tool_call"),
        ("length", {"content": "a"}, "length"),
        ("length", {"content": None, "tool_calls": [entry('{"a')]}, "length"),
        ("content_filter", {"content": None}, "refusal"),
        ("stop", {"content": None, "refusal": "no"}, "refusal"),
    ],
)
def test_stop_reasons(finish: str | None, message: dict[str, Any], kind: str) -> None:
    stop = parsed(message, finish).candidates[0].stop
    assert (stop.kind, stop.raw) == (kind, finish or None)


def test_a_cut_call_is_left_out_and_whole_ones_stay() -> None:
    calls = [entry('{"a":1}'), entry('{"b')]
    parts = parsed({"content": None, "tool_calls": calls}, "length").candidates[0].parts
    assert parts == [ToolCall(id="i", name="f", args='{"a":1}')]


def test_content_as_a_list_images_and_logprobs() -> None:
    message = {
        "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}],
        "images": [
            {"image_url": {"url": "https://x/y.png"}},
            {"image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        ],
    }
    choice = {"message": message, "finish_reason": "stop", "logprobs": {"content": [1]}}
    candidate = upstream.parse_response(json.dumps({"choices": [choice]}).encode(), conversion()).candidates[0]
    assert candidate.parts == [
        Reasoning(text="hm", summary=False),
        Text(text="a"),
        Media(kind="image", source=Url("https://x/y.png")),
        Media(kind="image", source=Inline("iVBORw0KGgo="), mime="image/png"),
    ]
    assert candidate.logprobs == Raw(b"[1]")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"error":{"message":"slow down"}}', "slow down"),
        (b'{"message":"slow down","code":5}', "slow down"),
        (b"<html></html>", "unreadable"),
        (b"", "unreadable"),
        (b"[]", "unreadable"),
        (b"{}", "choices"),
        (b'{"choices":[]}', "choices"),
        (b'{"choices":[{}]}', "choices[0].message"),
        (b'{"choices":[{"message":{"content":5}}]}', "choices[0].message.content"),
        (b'{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{"}}]}}]}', "tool call"),
        (b'{"choices":[{"message":{"content":"x"},"finish_reason":"error"}]}', "broke off"),
    ],
)
def test_nonsense_is_the_upstreams_fault(body: bytes, word: str) -> None:
    with pytest.raises(BadUpstream) as caught:
        upstream.parse_response(body, conversion())
    assert word in caught.value.message


# To the client


def test_stop_words_for_the_client() -> None:
    for row in EDGES["stop"]:
        parts: list[Part] = [ToolCall(id="i", name="f")] if row["ir"] == "tool_call" else [Text(text="a")]
        assert rendered(parts, row["ir"])["finish_reason"] == row["chat"]
    assert rendered([Text(text="a")], "tool_call")["finish_reason"] == "stop"


def test_messages_for_the_client() -> None:
    message = rendered([Reasoning(text="r"), Text(text="a"), Text(text="b"), ToolCall(id="i", name="f", args="")])[
        "message"
    ]
    assert (message["content"], message["reasoning_content"], message["refusal"]) == ("ab", "r", None)
    assert message["tool_calls"] == [entry("{}")]
    assert rendered([])["message"] == {"role": "assistant", "content": None, "refusal": None}


def test_refusals_for_the_client() -> None:
    assert rendered([Refusal(text="no")], "refusal")["message"]["refusal"] == "no"
    assert rendered([], "refusal", detail="because")["message"]["refusal"] == "because"


def test_custom_calls_foreign_parts_and_images_for_the_client() -> None:
    parts: list[Part] = [
        ToolCall(id="i", name="p", args="*** x", custom=True),
        Foreign(proto="claude", wire_type="x", raw=Raw(b"{}"), as_text="found"),
        Media(kind="image", source=Inline("aGk="), mime="image/png"),
        Media(kind="image", source=Url("https://x")),
        Media(kind="audio", source=Inline("aGk=")),
    ]
    message = rendered(parts)["message"]
    assert message["tool_calls"] == [{"id": "i", "type": "custom", "custom": {"name": "p", "input": "*** x"}}]
    assert message["content"] == "found"
    assert [image["image_url"]["url"] for image in message["images"]] == ["data:image/png;base64,aGk=", "https://x"]


def test_several_candidates_and_logprobs() -> None:
    candidates = [
        Candidate(parts=[Text(text="a")], stop=Stop(kind="end"), logprobs=Raw(b'[{"token":"a"}]')),
        Candidate(parts=[Text(text="b")], stop=Stop(kind="length")),
    ]
    res = Response(proto="gemini", id="", model="", created=0, candidates=candidates)
    body = json.loads(front.render_response(res, conversion()))
    assert (body["id"], body["model"], body["created"]) == ("chatcmpl-1", "alias", 1700000000)
    assert [choice["index"] for choice in body["choices"]] == [0, 1]
    assert body["choices"][0]["logprobs"] == {"content": [{"token": "a"}], "refusal": None}


# Usage


def test_usage_vectors() -> None:
    for row in EDGES["usage"]:
        usage = usage_in(Raw(json.dumps(row["chat"]).encode()))
        assert usage == Usage(**row["ir"])
        assert usage_out(usage) == row["chat"]


def test_unknown_usage() -> None:
    assert usage_in(None) == Usage()
    assert usage_out(Usage())["total_tokens"] == 0


def test_usage_keys_of_other_vendors_stay() -> None:
    usage = usage_in(Raw(b'{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.10}'))
    assert usage.ext == {"cost": Raw(b"0.10")}
    assert usage_out(usage, usage.ext)["cost"] == Raw(b"0.10")
