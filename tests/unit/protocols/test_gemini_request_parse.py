"""Bodies of Gemini clients to requests."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from gemini_kit import PNG, VECTORS, edge, history, parsed, vector

from a2a.errors import RequestError
from a2a.messages import (
    FileRef,
    Foreign,
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
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
)
from a2a.protocols.gemini import front
from a2a.protocols.gemini.signature import SENTINEL, enveloped

HI = {"role": "user", "parts": [{"text": "hi"}]}


def _ir_part(part: Any, calls: list[str]) -> Any:
    match part:
        case Text(text=text):
            return {"text": text}
        case Reasoning(text=text):
            return {"reasoning": text}
        case Media(source=Inline(data=data), mime=mime):
            return {"image": {"mime": mime, "data": data}}
        case ToolCall(id=id_, name=name, args=args):
            calls.append(id_)
            return {"tool_call": {"n": len(calls) - 1, "name": name, "args": json.loads(args)}}
        case ToolResult(call_id=id_, parts=[Text(text=text)]):
            return {"tool_result": {"n": calls.index(id_), "text": text}}
    raise AssertionError(part)


def _ir(req: Request) -> Any:
    calls: list[str] = []
    return {
        "system": [text.text for text in req.system],
        "messages": [
            {"role": message.role, "parts": [_ir_part(part, calls) for part in message.parts]}
            for message in req.messages
        ],
        "tools": [
            {"name": tool.name, "description": tool.description, "schema": json.loads(bytes(tool.schema or b"null"))}
            for tool in req.tools
        ],
        "tool_choice": req.choice.mode if req.choice else None,
        "max_output": req.max_output,
        "effort": req.think.effort if req.think else None,
    }


def test_golden_request_is_the_neutral_one() -> None:
    req = front.parse_request((VECTORS / "gemini.request.json").read_bytes(), headers={}, model="models/gemini-3.1-pro")
    assert _ir(req) == vector("ir.json")["request"]
    assert req.model == "gemini-3.1-pro"
    assert not req.stream
    assert req.ext is None
    call = req.messages[1].parts[2]
    assert isinstance(call, ToolCall)
    assert call.opaque == [Opaque("google", "signature", vector("ir.json")["opaque"]["gemini"][0])]


def test_what_the_sdk_sends_parses_as_camel_case() -> None:
    req = parsed(edge("gemini-sdk-wire")["in"])
    assert req.messages[0].parts == [
        Media(kind="image", source=Inline(PNG), mime="image/png"),
        Text(text="hi"),
    ]
    assert bytes(req.tools[0].schema or b"") == b'{"type": "object", "properties": {}}'
    assert req.think == Think(effort="low", show="summary")
    assert req.sampling.temperature == 0


def test_snake_case_all_the_way() -> None:
    """litellm's spelling (clients.md)."""
    req = parsed(
        {
            "system_instruction": {"parts": [{"text": "s"}]},
            "contents": [
                HI,
                {
                    "role": "model",
                    "parts": [{"function_call": {"name": "f", "args": {"a_b": 1}}, "thought_signature": "c2ln"}],
                },
                {"role": "user", "parts": [{"function_response": {"name": "f", "response": {"some_key": 1}}}]},
            ],
            "tools": [
                {
                    "function_declarations": [
                        {"name": "f", "parameters": {"type": "OBJECT", "properties": {"a_b": {"type": "INTEGER"}}}}
                    ]
                }
            ],
            "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
            "generation_config": {
                "max_output_tokens": 5,
                "stop_sequences": ["x"],
                "top_k": 40,
                "thinking_config": {"thinking_budget": 0},
            },
            "safety_settings": [{"category": "C", "threshold": "OFF"}],
        }
    )
    assert [text.text for text in req.system] == ["s"]
    assert req.messages[1].parts == [
        ToolCall(id="call_1_0", name="f", args='{"a_b":1}', opaque=[Opaque("google", "signature", "c2ln")])
    ]
    assert req.messages[2].parts == [ToolResult(call_id="call_1_0", name="f", parts=[Text(text='{"some_key":1}')])]
    assert json.loads(bytes(req.tools[0].schema or b"")) == {
        "type": "object",
        "properties": {"a_b": {"type": "integer"}},
    }
    assert req.choice == ToolChoice("tool", ("f",))
    assert (req.max_output, req.stop, req.sampling.top_k, req.think) == (5, ["x"], 40.0, Think(budget=0))
    assert set(req.ext or {}) == {"safetySettings"}


def test_the_camel_case_spelling_wins() -> None:
    assert parsed({"generationConfig": {"topP": 0.5, "top_p": 0.9}}).sampling.top_p == 0.5


@pytest.mark.parametrize(
    "wire",
    [
        "hello",
        {"parts": [{"text": "hello"}]},
        [{"text": "hello"}],
        {"role": "user", "parts": [{"text": "hello"}]},
        {"parts": {"text": "hello"}},
    ],
)
def test_system_instruction_shapes(wire: Any) -> None:
    assert parsed({"systemInstruction": wire}).system == [Text(text="hello")]


def test_an_object_alone_is_a_list_of_one_as_in_googles_samples() -> None:
    tool = {"functionDeclarations": {"name": "f"}}
    alone = parsed({"contents": {"parts": {"text": "hi"}}, "tools": tool})
    listed = parsed({"contents": [{"parts": [{"text": "hi"}]}], "tools": [{"functionDeclarations": [{"name": "f"}]}]})
    assert alone == listed
    assert alone.messages == [Message(role="user", parts=[Text(text="hi")])]


def test_roles() -> None:
    messages = history(
        {"parts": [{"text": "a"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
        {"role": "function", "parts": [{"functionResponse": {"name": "f", "response": {}}}]},
        {"role": "user", "parts": [{"text": "b"}]},
    )
    assert [message.role for message in messages] == ["user", "assistant", "user"]
    assert messages[2].parts == [ToolResult(call_id="call_1_0", name="f"), Text(text="b")]


def test_calls_without_ids_pair_by_order_within_the_name() -> None:
    messages = parsed(edge("gemini-no-ids")["in"]).messages
    assert [part.id for part in messages[1].parts if isinstance(part, ToolCall)] == ["call_1_0", "call_1_1"]
    assert messages[2].parts == [
        ToolResult(call_id="call_1_0", name="read", parts=[Text(text="A")]),
        ToolResult(call_id="call_1_1", name="read", parts=[Text(text='{"lines":2}')]),
    ]


def test_ids_pair_before_names() -> None:
    messages = history(
        HI,
        {"role": "model", "parts": [{"functionCall": {"id": f"f__{n}", "name": "f"}} for n in "ab"]},
        {
            "role": "user",
            "parts": [{"functionResponse": {"id": f"f__{n}", "name": "f", "response": {"output": n}}} for n in "ba"],
        },
    )
    results = [part for part in messages[2].parts if isinstance(part, ToolResult)]
    assert [(result.call_id, result.parts) for result in results] == [
        ("f__b", [Text(text="b")]),
        ("f__a", [Text(text="a")]),
    ]


def test_a_response_id_that_no_call_had_falls_back_to_the_name() -> None:
    messages = history(
        HI,
        {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "x", "name": "f", "response": {}}}]},
    )
    assert messages[2].parts == [ToolResult(call_id="call_1_0", name="f")]


def test_a_response_without_a_call_keeps_what_it_has() -> None:
    parts = history(
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "x", "name": "g", "response": {}}},
                {"functionResponse": {"name": "g"}},
            ],
        }
    )[0].parts
    assert [part.call_id for part in parts if isinstance(part, ToolResult)] == ["x", "call_0_1"]


@pytest.mark.parametrize(
    ("response", "text", "is_error"),
    [
        ({"output": "x"}, "x", False),
        ({"result": [1, 2]}, "[1,2]", False),
        ({"error": "boom"}, "boom", True),
        ({"output": None}, "", False),
        ({"output": "x", "more": 1.50}, '{"output":"x","more":1.5}', False),
        ({"temperature": 4}, '{"temperature":4}', False),
        ({}, "", False),
    ],
)
def test_function_responses_are_unwrapped(response: Any, text: str, is_error: bool) -> None:
    part = history({"parts": [{"functionResponse": {"name": "f", "response": response}}]})[0].parts[0]
    assert isinstance(part, ToolResult)
    assert part.parts == ([Text(text=text)] if text else [])
    assert part.is_error is is_error


def test_media_inside_a_function_response() -> None:
    part = history(
        {
            "parts": [
                {
                    "functionResponse": {
                        "name": "f",
                        "response": {"output": "ok"},
                        "scheduling": "SILENT",
                        "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}],
                    }
                }
            ]
        }
    )[0].parts[0]
    assert isinstance(part, ToolResult)
    assert part.parts == [Text(text="ok"), Media(kind="image", source=Inline(PNG), mime="image/png")]
    assert bytes((part.ext or {})["functionResponse"]) == b'{"scheduling":"SILENT"}'


@pytest.mark.parametrize(
    ("wire", "kind", "source"),
    [
        ({"fileUri": "gs://b/o.pdf", "mimeType": "application/pdf"}, "document", FileRef("gs://b/o.pdf", "google")),
        (
            {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x", "mimeType": "video/mp4"},
            "video",
            FileRef("https://generativelanguage.googleapis.com/v1beta/files/x", "google"),
        ),
        ({"fileUri": "files/x", "mimeType": "audio/mp3"}, "audio", FileRef("files/x", "google")),
        ({"fileUri": "https://x.test/a.png", "mimeType": "image/png"}, "image", Url("https://x.test/a.png")),
        ({"fileUri": "https://youtu.be/x"}, "video", Url("https://youtu.be/x")),
        ({"fileUri": "https://[broken"}, "document", Url("https://[broken")),
    ],
)
def test_files(wire: dict[str, str], kind: str, source: Any) -> None:
    part = history({"parts": [{"fileData": wire}]})[0].parts[0]
    assert isinstance(part, Media)
    assert (part.kind, part.source) == (kind, source)


def test_media_settings_survive() -> None:
    blob = {"mimeType": "image/png", "data": PNG, "displayName": "r.png"}
    low = {"inlineData": blob, "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}}
    ultra = {
        "inlineData": blob,
        "mediaResolution": {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"},
        "videoMetadata": {"fps": 1},
    }
    first, second = history({"parts": [low, ultra]})[0].parts
    assert isinstance(first, Media)
    assert (first.name, first.detail, first.ext) == ("r.png", "low", None)
    assert isinstance(second, Media)
    assert {key: json.loads(bytes(value)) for key, value in (second.ext or {}).items()} == {
        "mediaResolution": {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"},
        "videoMetadata": {"fps": 1},
    }


def test_server_tool_parts_are_foreign_and_readable() -> None:
    parts = history(
        {
            "role": "model",
            "parts": [
                {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
                {"toolCall": {"toolType": "X", "args": {}}},
                {"toolResponse": {"toolType": "X", "response": {"a": 1}}},
                {"newThing": {"x": 1}, "thought": False},
            ],
        }
    )[0].parts
    foreign = [part for part in parts if isinstance(part, Foreign)]
    assert [(part.wire_type, part.as_text) for part in foreign] == [
        ("executableCode", "```python\nprint(1)\n```"),
        ("codeExecutionResult", "1\n"),
        ("toolCall", None),
        ("toolResponse", '{"a":1}'),
        ("newThing", None),
    ]
    assert json.loads(bytes(foreign[4].raw)) == {"newThing": {"x": 1}, "thought": False}


def test_parts_that_say_nothing_vanish() -> None:
    assert history({"parts": [{}, {"text": ""}, {"text": None}, {"videoMetadata": {}}, {"text": "a"}]})[0].parts == [
        Text(text="a")
    ]


def test_signatures_stay_on_their_parts() -> None:
    parts = history(
        {
            "role": "model",
            "parts": [
                {"text": "plan", "thought": True, "thoughtSignature": "AAAA"},
                {"text": "a", "thoughtSignature": "a-_b"},
                {"text": "b"},
                {"text": "", "thoughtSignature": "c2ln"},
                {"functionCall": {"name": "f"}, "thoughtSignature": "not base64!"},
            ],
        }
    )[0].parts
    tokens = [(type(part), getattr(part, "text", ""), [one.data for one in part.opaque]) for part in parts]  # type: ignore[union-attr]
    assert tokens == [
        (Reasoning, "plan", ["AAAA"]),
        (Text, "a", ["a+/b"]),
        (Text, "b", []),
        (Text, "", ["c2ln"]),
        (ToolCall, "", ["not base64!"]),
    ]


@pytest.mark.parametrize("wire", [SENTINEL, base64.b64encode(SENTINEL.encode()).decode()])
def test_the_sentinel_is_no_token(wire: str) -> None:
    part = history({"role": "model", "parts": [{"functionCall": {"name": "f"}, "thoughtSignature": wire}]})[0].parts[0]
    assert isinstance(part, ToolCall)
    assert part.opaque == []


def test_a_token_of_another_vendor_comes_back_with_the_whole_thought() -> None:
    """What this codec sends to a client and gets back in the fragments of a stream."""
    token = Opaque("anthropic", "signature", "Eq1.x/y+z==")
    parts = [
        {"text": "one ", "thought": True},
        {"text": "two", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": enveloped(token)},
    ]
    fragments = [{"role": "model", "parts": [part]} for part in [*parts, {"text": "Hel"}, {"text": "lo"}]]
    assert history(HI, *fragments)[1:] == [
        Message(role="assistant", parts=[Reasoning(text="one two", opaque=[token]), Text(text="Hello")])
    ]


@pytest.mark.parametrize("inside", ["a2a1.nobody.signature.x", "a2a1.google.forged.x", "a2a1."])
def test_a_broken_envelope_is_a_google_token(inside: str) -> None:
    wire = base64.b64encode(inside.encode()).decode()
    part = history({"role": "model", "parts": [{"text": "t", "thoughtSignature": wire}]})[0].parts[0]
    assert isinstance(part, Text)
    assert part.opaque == [Opaque("google", "signature", wire)]


def test_user_texts_stay_apart() -> None:
    assert history({"parts": [{"text": "a"}, {"text": "b"}]})[0].parts == [Text(text="a"), Text(text="b")]


def test_server_tools() -> None:
    req = parsed(
        {
            "tools": [
                {"functionDeclarations": [{"name": "f", "behavior": "BLOCKING"}], "google_search": {}},
                {"codeExecution": {"x": 1}},
                {"brandNew": {}},
            ]
        }
    )
    assert [(tool.kind, tool.name, tool.hosted) for tool in req.tools] == [
        ("function", "f", None),
        ("hosted", "googleSearch", "web_search"),
        ("hosted", "codeExecution", "code"),
        ("hosted", "brandNew", "brandNew"),
    ]
    assert bytes(req.tools[2].raw or b"") == b'{"codeExecution":{"x": 1}}'
    assert set(req.tools[0].ext or {}) == {"behavior"}


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice()),
        ({}, ToolChoice()),
        ({"mode": "NONE"}, ToolChoice("none")),
        ({"mode": "ANY"}, ToolChoice("required")),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ToolChoice("tool", ("f",))),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, ToolChoice("allowed", ("f", "g"), must=True)),
        ({"mode": "AUTO", "allowedFunctionNames": ["f"]}, ToolChoice("allowed", ("f",))),
        ({"mode": "SOMETHING"}, ToolChoice()),
    ],
)
def test_choices(config: Any, choice: ToolChoice) -> None:
    assert parsed({"toolConfig": {"functionCallingConfig": config}}).choice == choice


def test_validated_means_strict() -> None:
    tools = [{"functionDeclarations": [{"name": "f"}]}]
    req = parsed(
        {
            "tools": tools,
            "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}, "retrievalConfig": {"languageCode": "de"}},
        }
    )
    assert (req.tools[0].strict, req.choice) == (True, ToolChoice())
    assert json.loads(bytes((req.ext or {})["toolConfig"])) == {"retrievalConfig": {"languageCode": "de"}}


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"responseMimeType": "application/json"}, OutFormat(kind="json")),
        ({"responseMimeType": "text/plain"}, None),
        ({}, None),
    ],
)
def test_output_formats(config: Any, output: OutFormat | None) -> None:
    assert parsed({"generationConfig": config}).output == output


def test_output_schemas() -> None:
    json_type = {"responseMimeType": "application/json"}
    own = parsed({"generationConfig": {**json_type, "responseSchema": {"type": "STRING", "nullable": True}}}).output
    assert own is not None
    assert (own.kind, json.loads(bytes(own.schema or b""))) == ("schema", {"type": ["string", "null"]})
    verbatim = parsed({"generationConfig": {**json_type, "responseJsonSchema": {"type": "object"}}}).output
    assert verbatim is not None
    assert bytes(verbatim.schema or b"") == b'{"type": "object"}'


def test_other_answer_types_are_kept_for_google() -> None:
    req = parsed(
        {
            "generationConfig": {
                "responseMimeType": "text/x.enum",
                "responseSchema": {"type": "STRING"},
                "responseModalities": ["AUDIO"],
            }
        }
    )
    assert req.output is None
    assert set(json.loads(bytes((req.ext or {})["generationConfig"]))) == {
        "responseMimeType",
        "responseSchema",
        "responseModalities",
    }


def test_sampling() -> None:
    config = {
        "temperature": 0,
        "topP": 1,
        "topK": 4.5,
        "presencePenalty": -1,
        "frequencyPenalty": 0.5,
        "seed": 3.0,
        "candidateCount": 2,
    }
    assert parsed({"generationConfig": config}).sampling == Sampling(
        temperature=0, top_p=1, top_k=4.5, presence=-1, frequency=0.5, seed=3, n=2
    )


@pytest.mark.parametrize(
    ("config", "top"),
    [
        ({"responseLogprobs": True}, 0),
        ({"responseLogprobs": True, "logprobs": 3}, 3),
        ({"responseLogprobs": False, "logprobs": 3}, None),
    ],
)
def test_logprobs(config: Any, top: int | None) -> None:
    assert parsed({"generationConfig": config}).sampling.top_logprobs == top


@pytest.mark.parametrize(
    ("config", "think"),
    [
        ({"thinkingBudget": -1}, Think(budget=-1)),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, Think()),
        ({"includeThoughts": False}, Think(show="hidden")),
    ],
)
def test_thinking(config: Any, think: Think) -> None:
    assert parsed({"generationConfig": {"thinkingConfig": config}}).think == think


def test_stream_wish_and_tier_come_from_the_server_and_the_body() -> None:
    req = parsed({"serviceTier": "SERVICE_TIER_FLEX", "store": True}, x_a2a_stream="1")
    assert (req.stream, req.tier, req.store) == (True, "flex", True)


def test_unknown_keys_are_kept() -> None:
    req = parsed(
        {
            "cachedContent": "cachedContents/x",
            "labels": {"a_b": "c"},
            "generationConfig": {"thinkingConfig": {"new": 1}},
        }
    )
    kept = {key: json.loads(bytes(value)) for key, value in (req.ext or {}).items()}
    assert kept == {
        "cachedContent": "cachedContents/x",
        "labels": {"a_b": "c"},
        "generationConfig": {"thinkingConfig": {"new": 1}},
    }


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"contents": []}, "contents"),
        ({"contents": "hi"}, "contents"),
        ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text"),
        ({"contents": [{"parts": [{"functionCall": {"args": {}}}]}]}, "contents[0].parts[0].functionCall.name"),
        (
            {"contents": [{"parts": [{"functionCall": {"name": "f", "args": []}}]}]},
            "contents[0].parts[0].functionCall.args",
        ),
        ({"contents": [{"parts": [{"inlineData": {"data": "%%"}}]}]}, "contents[0].parts[0].inlineData.data"),
        (
            {"contents": [{"parts": [{"functionResponse": {"name": "f", "response": "x"}}]}]},
            "contents[0].parts[0].functionResponse.response",
        ),
        ({"systemInstruction": {"parts": [{"functionCall": {"name": "f"}}]}}, "systemInstruction.parts[0]"),
        ({"contents": [{"role": "boss", "parts": [{"text": "hi"}]}]}, "contents[0].role"),
        ({"generationConfig": {"maxOutputTokens": "many"}}, "generationConfig.maxOutputTokens"),
        ({"generationConfig": {"candidateCount": 0}}, "generationConfig.candidateCount"),
        (
            {"tools": [{"functionDeclarations": [{"name": "f", "parameters": []}]}]},
            "tools[0].functionDeclarations[0].parameters",
        ),
    ],
)
def test_nonsense_names_its_place(body: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        parsed(body)
    assert caught.value.param == param


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff", b"[" * 5000])
def test_no_object_is_the_clients_fault(body: bytes) -> None:
    with pytest.raises(RequestError):
        front.parse_request(body, headers={}, model="m")


def test_a_model_is_needed() -> None:
    with pytest.raises(RequestError, match="model"):
        parsed({}, model=None)


def test_both_forms_of_counting() -> None:
    for name in ("request", "request_alt"):
        wire = vector("surface.json")["count_tokens"]["gemini"][name]
        req = front.parse_count(json.dumps(wire).encode(), {}, "gemini-3.1-pro")
        assert (req.model, len(req.messages)) == ("gemini-3.1-pro", 1)
    assert len(req.system) == 1
    assert json.loads(front.render_count(31)) == vector("surface.json")["count_tokens"]["gemini"]["response"]


def test_half_an_emoji_is_mended() -> None:
    body = b'{"contents":[{"parts":[{"text":"\\ud83d!"}]}]}'
    req = front.parse_request(body, headers={}, model="m")
    assert req.messages[0].parts == [Text(text="\ufffd!")]
