"""Whole answers of Gemini upstreams and for Gemini clients."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gemini_kit import GEMINI, PNG, VECTORS, chunk, conversion, parsed, request, vector
from msgspec import Raw
from msgspec.structs import replace

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
    Text,
    ToolCall,
    Usage,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.gemini import front, upstream

SIGNED = Opaque("google", "signature", "c2ln")


def _read(value: Any, conv: Conversion | None = None) -> Response:
    return upstream.parse_response(json.dumps(value).encode(), conv or conversion())


def _parts(*parts: Any) -> list[Part]:
    return _read(chunk(*parts, finish="STOP")).candidates[0].parts


def _answer(*parts: Part, stop: Stop | None = None, **fields: Any) -> Response:
    candidate = Candidate(parts=list(parts), stop=stop or Stop(kind="end"))
    fields.setdefault("usage", Usage(input=1, output=1))
    return Response(proto=fields.pop("proto", "chat"), id="r", model="m", created=1, candidates=[candidate], **fields)


def _shown(res: Response, conv: Conversion | None = None) -> Any:
    return json.loads(front.render_response(res, conv or conversion(profile=Profile())))


def _first(res: Response, conv: Conversion | None = None) -> Any:
    return _shown(res, conv)["candidates"][0]


def test_golden_answer_is_the_neutral_one() -> None:
    want = vector("ir.json")["response"]
    res = upstream.parse_response((VECTORS / "gemini.response.json").read_bytes(), conversion())
    thought, text, call = res.candidates[0].parts
    assert isinstance(thought, Reasoning)
    assert isinstance(text, Text)
    assert isinstance(call, ToolCall)
    assert [thought.text, text.text] == [want["parts"][0]["reasoning"], want["parts"][1]["text"]]
    assert json.loads(call.args) == want["parts"][2]["tool_call"]["args"]
    assert call.opaque[0].data == vector("ir.json")["opaque"]["gemini"][1]
    assert res.candidates[0].stop.kind == want["stop"]
    assert {key: getattr(res.usage, key) for key in want["usage"]} == want["usage"]


def test_golden_answer_goes_back_the_same() -> None:
    body = (VECTORS / "gemini.response.json").read_bytes()
    assert _shown(upstream.parse_response(body, conversion())) == json.loads(body)


@pytest.mark.parametrize(("word", "kind"), vector("edges.json")["gemini_finish_in"].items())
def test_finish_reasons_in(word: str, kind: str) -> None:
    if kind == "error":
        with pytest.raises(BadUpstream, match=word):
            _read(chunk({"text": "x"}, finish=word))
        return
    plain = _read(chunk({"text": "x"}, finish=word)).candidates[0].stop
    calls = _read(chunk({"functionCall": {"name": "f"}}, finish=word)).candidates[0].stop
    assert [plain.kind, calls.kind] == [*kind.split("|"), *kind.split("|")][:2]
    assert plain.raw == word


def test_unknown_finish_reasons_are_an_end() -> None:
    assert _read(chunk({"text": "x"}, finish="BRAND_NEW")).candidates[0].stop == Stop(kind="end", raw="BRAND_NEW")
    assert _read(chunk({"text": "x"})).candidates[0].stop == Stop(kind="end")


@pytest.mark.parametrize("case", vector("edges.json")["stop"], ids=lambda case: str(case["ir"]))
def test_finish_reasons_out(case: Any) -> None:
    assert _first(_answer(Text(text="x"), stop=Stop(kind=case["ir"])))["finishReason"] == case["gemini"]


def test_googles_own_word_comes_back() -> None:
    stop = Stop(kind="refusal", raw="RECITATION", detail="quoted")
    shown = _first(_answer(Text(text="x"), stop=stop))
    assert (shown["finishReason"], shown["finishMessage"]) == ("RECITATION", "quoted")


def test_a_blocked_prompt_is_a_refusal() -> None:
    res = _read({"promptFeedback": {"blockReason": "JAILBREAK"}, "usageMetadata": {"promptTokenCount": 3}})
    assert res.candidates == [
        Candidate(parts=[], stop=Stop(kind="refusal", detail="the prompt was blocked: JAILBREAK", raw="JAILBREAK"))
    ]
    assert res.usage.input == 3
    shown = _first(res)
    assert shown["finishReason"] == "SAFETY"
    assert shown["content"]["parts"] == [{"text": "the prompt was blocked: JAILBREAK"}]


def test_all_kinds_of_parts_in() -> None:
    code = {"executableCode": {"code": "1", "language": "PYTHON"}}
    parts = _parts(
        {"text": "a"},
        {"text": "b"},
        {"text": "c", "thoughtSignature": "c2ln"},
        {"text": "d"},
        code,
        {"inlineData": {"mimeType": "image/png", "data": PNG}, "thoughtSignature": "c2ln"},
        {"functionResponse": {"name": "f", "response": {}}},
        {"functionCall": {"name": "f", "args": {"x": 1}}},
        {"functionCall": {"name": "f", "id": "x"}},
    )
    assert parts[:2] == [Text(text="abc", opaque=[SIGNED]), Text(text="d")]
    foreign, media, result, *calls = parts[2:]
    assert isinstance(foreign, Foreign)
    assert (foreign.wire_type, json.loads(bytes(foreign.raw))) == ("executableCode", code)
    assert isinstance(media, Media)
    assert media.ext == {"thoughtSignature": Raw(b'"c2ln"')}
    assert isinstance(result, Foreign)
    assert calls == [ToolCall(id="call_2", name="f", args='{"x":1}'), ToolCall(id="x", name="f", args="{}")]


def test_a_gemini_client_gets_no_invented_ids() -> None:
    conv = conversion(parsed({}))
    res = _read(chunk({"functionCall": {"name": "f"}}, finish="STOP"), conv)
    assert "id" not in _first(res, conv)["content"]["parts"][0]["functionCall"]


def test_what_google_adds_goes_back_to_gemini_clients() -> None:
    extra = {"groundingMetadata": {"webSearchQueries": ["q"]}, "avgLogprobs": -0.5}
    first = {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP", "index": 0, **extra}
    second = {"content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS", "index": 1}
    res = _read({"candidates": [second, first], "createTime": "2026-11-22T00:00:00Z"})
    assert [candidate.stop.kind for candidate in res.candidates] == ["end", "length"]
    shown = _shown(res)
    assert {key: shown["candidates"][0][key] for key in extra} == extra
    assert "groundingMetadata" not in shown["candidates"][1]
    assert shown["createTime"] == "2026-11-22T00:00:00Z"
    assert "groundingMetadata" not in _first(replace(res, proto="chat"))


def test_code_assist_wraps_answers() -> None:
    """gemini-cli.md 11, G1."""
    inside = chunk({"text": "Hi!"}, finish="STOP", index=0)
    inside["usageMetadata"] = {
        "promptTokenCount": 4,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 11,
        "totalTokenCount": 17,
    }
    inside["modelVersion"] = "gemini-2.5-pro"
    res = _read({"response": inside, "traceId": "9f0c2b7e51aa4d10"})
    assert (res.id, res.model, res.candidates[0].parts) == ("9f0c2b7e51aa4d10", "gemini-2.5-pro", [Text(text="Hi!")])
    assert (res.usage.input, res.usage.output, res.usage.reasoning) == (4, 13, 11)


def test_usage_in() -> None:
    wire: dict[str, Any] = {
        "promptTokenCount": 10,
        "toolUsePromptTokenCount": 5,
        "cachedContentTokenCount": 3,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 4,
        "totalTokenCount": 21,
        "trafficType": "ON_DEMAND",
    }
    usage = _read(chunk({"text": "x"}, finish="STOP", usageMetadata=wire)).usage
    assert usage == Usage(input=15, cache_read=3, output=6, reasoning=4, ext={"trafficType": Raw(b'"ON_DEMAND"')})


def test_usage_vectors_out() -> None:
    for case in vector("edges.json")["usage"]:
        assert _shown(_answer(Text(text="x"), usage=Usage(**case["ir"])))["usageMetadata"] == case["gemini"]


def test_unknown_usage_is_estimated() -> None:
    res = _answer(Text(text="x" * 36), usage=Usage())
    conv = conversion(request(text="y" * 36), Profile())
    assert _shown(res, conv)["usageMetadata"] == {
        "promptTokenCount": 14,
        "candidatesTokenCount": 10,
        "totalTokenCount": 24,
    }
    conv.extra["input_estimate"] = "7"
    assert _shown(res, conv)["usageMetadata"]["promptTokenCount"] == 7


def test_parts_out() -> None:
    foreign = Foreign(proto="claude", wire_type="x", raw=Raw(b"{}"))
    token = Opaque("anthropic", "signature", "x")
    shown = _first(
        _answer(
            Reasoning(text="t", opaque=[token]),
            Text(text="a", ext={"claude": Raw(b"1")}),
            Refusal(text="no"),
            foreign,
            replace(foreign, as_text="seen"),
            Media(kind="image", source=Inline(PNG), mime="image/png"),
            ToolCall(id="1", name="f", args='{"a": 1.50}'),
            ToolCall(id="2", name="p", args="free", custom=True),
        )
    )["content"]["parts"]
    assert shown[0]["thought"] is True
    assert shown[0]["thoughtSignature"].startswith("YTJhMS5")  # base64 of our prefix
    assert shown[1:] == [
        {"text": "a"},
        {"text": "no"},
        {"text": "seen"},
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"functionCall": {"id": "1", "name": "f", "args": {"a": 1.5}}},
        {"functionCall": {"id": "2", "name": "p", "args": {"input": "free"}}},
    ]


def test_a_cut_call_is_withheld() -> None:
    conv = conversion(profile=GEMINI)
    res = _answer(Text(text="x"), ToolCall(id="1", name="f", args='{"a":'), stop=Stop(kind="length"))
    assert _first(res, conv)["content"]["parts"] == [{"text": "x"}]
    assert [note.field for note in conv.notes] == ["functionCall"]


def test_an_empty_answer_has_an_empty_text() -> None:
    assert _first(_answer())["content"] == {"role": "model", "parts": [{"text": ""}]}
    thought = _first(_answer(Reasoning(text="t")))["content"]["parts"]
    assert thought == [{"text": "t", "thought": True}, {"text": ""}]


def test_logprobs_both_ways() -> None:
    wire: dict[str, Any] = {
        "chosenCandidates": [{"token": "Hi", "logProbability": -0.25}, {"token": "é", "logProbability": -1.0}],
        "topCandidates": [
            {"candidates": [{"token": "Hi", "logProbability": -0.25}, {"token": "Yo", "logProbability": -2.0}]}
        ],
    }
    value = chunk({"text": "Hié"}, finish="STOP")
    value["candidates"][0]["logprobsResult"] = wire
    res = _read(value)
    tokens = json.loads(bytes(res.candidates[0].logprobs or b""))
    assert tokens[0] == {
        "token": "Hi",
        "logprob": -0.25,
        "bytes": [72, 105],
        "top_logprobs": [
            {"token": "Hi", "logprob": -0.25, "bytes": [72, 105]},
            {"token": "Yo", "logprob": -2.0, "bytes": [89, 111]},
        ],
    }
    assert tokens[1]["bytes"] == [195, 169]
    back = _first(res)["logprobsResult"]
    assert back["chosenCandidates"] == wire["chosenCandidates"]
    assert back["topCandidates"] == [*wire["topCandidates"], {"candidates": []}]


def test_unreadable_logprobs_are_left_out() -> None:
    value = chunk({"text": "x"}, finish="STOP")
    value["candidates"][0]["logprobsResult"] = {"chosenCandidates": 1}
    assert _read(value).candidates[0].logprobs is None
    candidate = Candidate(parts=[Text(text="x")], stop=Stop(kind="end"), logprobs=Raw(b'{"x":1}'))
    assert "logprobsResult" not in _first(replace(_answer(), candidates=[candidate]))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}', "busy"),
        (b'[{"error":{"code":503,"message":"busy"}}]', "busy"),
        (b"{}", "no candidates"),
        (b'{"candidates":[]}', "without candidates"),
        (b'{"candidates":[{"content":{"parts":[{"text":1}]}}]}', r"candidates\[0\].content.parts\[0\].text"),
        (b'{"candidates":[{"index":-1}]}', "index"),
        (b"<html>", "unreadable"),
        (b"", "unreadable"),
        (b"[" * 5000, "an unreadable body"),
    ],
)
def test_nonsense_is_the_upstreams_fault(body: bytes, message: str) -> None:
    with pytest.raises(BadUpstream, match=message):
        upstream.parse_response(body, conversion())
