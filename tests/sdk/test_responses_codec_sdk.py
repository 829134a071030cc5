"""What the codec renders, read by the official openai SDK over a mock transport (conversion.md 17.3).

The SDK judges more than a schema can: its streaming helper checks order, ids and the completeness of every item.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from msgspec import Raw
from openai import OpenAI
from openai.types.responses import Response as SdkResponse
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    Opaque,
    PartEnd,
    PartStart,
    Reasoning,
    Refusal,
    Request,
    Seal,
    Start,
    Stop,
    StopKind,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.fold import explode
from a2a.protocols.prepare import prepare
from a2a.protocols.registry import UPSTREAMS
from a2a.protocols.responses import front, upstream
from a2a.protocols.sse import SseReader

VECTORS = Path(__file__).parents[1] / "golden" / "vectors"
SURFACE = json.loads((VECTORS / "surface.json").read_text())
GOLDEN = (VECTORS / "responses.stream.sse").read_bytes()
REQUEST = (VECTORS / "responses.request.json").read_bytes()

CAUSES: dict[str, Failure] = {
    "bad request": Failure("bad_request", "messages must not be empty", 400),
    "wrong local key": Failure("unauthorized", "invalid a2a key", 401),
    "forbidden": Failure("forbidden", "this key may not use kiro", 403),
    "unknown model": Failure("not_found", "no provider serves model x", 404),
    "body too large": Failure("too_large", "request body over 32 MiB", 413),
    "context overflow": Failure("context_overflow", "prompt is too long: 210118 tokens > 200000 maximum", 400),
    "all accounts limited": Failure("rate_limited", "all accounts of pool qwen are rate limited", 429),
    "upstream 500": Failure("upstream", "upstream error", 500),
    "upstream overloaded (529/503)": Failure("overloaded", "upstream overloaded", 529),
    "upstream timeout": Failure("timeout", "upstream timed out", 504),
}


def conversion(request: Request | None = None) -> Conversion:
    request = request or front.parse_request(REQUEST, headers={})
    return Conversion(request=request, profile=Profile(family="openai"), model="up", now=1700000000.0)


def client(status: int, body: bytes, kind: str = "application/json") -> OpenAI:
    """An SDK client that gets this one answer, in pieces of 7 bytes."""

    class Pieces(httpx2.SyncByteStream):
        def __iter__(self) -> Iterable[bytes]:  # type: ignore[override]
            return (body[at : at + 7] for at in range(0, len(body), 7))

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"content-type": kind}, stream=Pieces())

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    return OpenAI(api_key="k", base_url="http://a2a.test/v1", max_retries=0, http_client=transport)


def stream_of(*events: Event) -> bytes:
    renderer = front.stream_renderer(conversion())
    pieces = [renderer.keepalive()]
    for event in events:
        pieces += [renderer.on(event), renderer.keepalive()]
    return b"".join(pieces)


def streamed(*events: Event) -> OpenAI:
    """A client of the stream, whose every event was held against the SDK's own types before."""
    data = stream_of(*events)
    for event in SseReader().feed(data):
        EVENT.validate_json(event.data)
    return client(200, data, "text/event-stream")


EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def final(sdk: OpenAI) -> Any:
    """What the streaming helper puts together."""
    with sdk.responses.stream(model="m", input="hi") as stream:
        return stream.get_final_response()


START = Start(id="msg_c1", model="m", created=5)


def stop(kind: StopKind) -> list[Event]:
    return [Finish(Stop(kind=kind)), UsageNow(Usage(input=3, output=2, cache_read=1, reasoning=1)), End()]


def check_golden(found: Any) -> None:
    golden = json.loads((VECTORS / "responses.response.json").read_text())
    reasoning, _, call = found.output
    assert found.output_text == golden["output"][1]["content"][0]["text"]
    assert [part.text for part in reasoning.summary] == [golden["output"][0]["summary"][0]["text"]]
    assert reasoning.encrypted_content == golden["output"][0]["encrypted_content"]
    assert (call.name, call.call_id, call.arguments) == tuple(
        golden["output"][2][key] for key in ("name", "call_id", "arguments")
    )
    assert found.usage.total_tokens == 908
    assert found.usage.input_tokens_details.cached_tokens == 512


def test_unary() -> None:
    res = upstream.parse_response((VECTORS / "responses.response.json").read_bytes(), conversion())
    body = front.render_response(res, conversion())
    SdkResponse.model_validate_json(body)
    check_golden(client(200, body).responses.create(model="m", input="hi"))


def test_golden_stream_through_the_helper() -> None:
    parser = upstream.stream_parser(conversion())
    found = final(streamed(*parser.feed(GOLDEN), *parser.eof()))
    check_golden(found)
    assert (found.id, found.status) == ("resp_g1", "completed")
    assert [tool.name for tool in found.tools] == ["get_rate", "suggest_category", "log_expense"]


@pytest.mark.parametrize("proto", ["chat", "claude", "gemini"])
def test_golden_streams_of_other_vendors(proto: str) -> None:
    parser = UPSTREAMS[proto].stream_parser(conversion())
    data = (VECTORS / f"{proto}.stream.sse").read_bytes()
    found = final(streamed(*parser.feed(data), *parser.eof()))
    wanted = json.loads((VECTORS / "ir.json").read_text())["response"]
    reasoning, message, call = found.output
    assert reasoning.summary[0].text == wanted["parts"][0]["reasoning"]
    assert message.content[0].text == wanted["parts"][1]["text"]
    assert json.loads(call.arguments) == wanted["parts"][2]["tool_call"]["args"]
    assert (found.usage.input_tokens, found.usage.output_tokens) == (812, 96)
    assert found.id.startswith("resp_")


def test_a_whole_answer_as_a_stream() -> None:
    res = upstream.parse_response((VECTORS / "responses.response.json").read_bytes(), conversion())
    check_golden(final(streamed(*explode(res))))


def test_text_deltas_and_snapshots() -> None:
    events: list[Event] = [START, PartStart(0, Text(text="")), Delta(0, "a"), Delta(0, "b"), PartEnd(0), *stop("end")]
    with streamed(*events).responses.stream(model="m", input="hi") as stream:
        found = [event for event in stream if event.type == "response.output_text.delta"]
        whole = stream.get_final_response()
    assert [(event.delta, event.snapshot) for event in found] == [("a", "a"), ("b", "ab")]
    assert whole.output_text == "ab"
    assert whole.usage is not None
    assert whole.usage.output_tokens_details.reasoning_tokens == 1


def test_parallel_calls_with_reasoning() -> None:
    found = final(
        streamed(
            START,
            PartStart(0, Reasoning(summary=False)),
            Delta(0, "let me "),
            Delta(0, "see"),
            PartEnd(0),
            PartStart(1, ToolCall(id="call_a", name="f", args="")),
            Delta(1, '{"x":'),
            Delta(1, "1}"),
            PartEnd(1),
            PartStart(2, ToolCall(id="call_b", name="g", args="")),
            PartEnd(2),
            PartStart(3, ToolCall(id="call_c", name="patch", args="", custom=True)),
            Delta(3, "*** Begin"),
            PartEnd(3),
            PartStart(4, Text(text="")),
            Delta(4, "after"),
            PartEnd(4),
            *stop("tool_call"),
        )
    )
    thought, one, two, free, message = found.output
    assert [part.text for part in thought.summary] == ["let me see"]
    assert [(call.call_id, call.name, call.arguments) for call in (one, two)] == [
        ("call_a", "f", '{"x":1}'),
        ("call_b", "g", "{}"),
    ]
    assert (free.type, free.call_id, free.input) == ("custom_tool_call", "call_c", "*** Begin")
    assert message.content[0].text == "after"


def test_encrypted_reasoning_and_vendor_items() -> None:
    search = b'{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"q"}}'
    found = final(
        streamed(
            START,
            PartStart(0, Reasoning()),
            Seal(0, Opaque("openai", "encrypted", "gAAAA")),
            PartEnd(0),
            PartStart(1, Foreign(proto="responses", wire_type="web_search_call", raw=Raw(search))),
            PartEnd(1),
            *stop("end"),
        )
    )
    assert [item.type for item in found.output] == ["reasoning", "web_search_call"]
    assert found.output[0].encrypted_content == "gAAAA"


def test_raw_events() -> None:
    events: list[Event] = [START, PartStart(0, Text(text="")), Delta(0, "a"), PartEnd(0), *stop("end")]
    found = list(streamed(*events).responses.create(model="m", input="hi", stream=True))
    assert [event.sequence_number for event in found] == list(range(len(found)))
    assert [event.type for event in (found[0], found[-1])] == ["response.created", "response.completed"]


def test_refusal_and_length() -> None:
    refused = list(
        streamed(START, PartStart(0, Refusal(text="")), Delta(0, "no"), PartEnd(0), *stop("refusal")).responses.create(
            model="m", input="hi", stream=True
        )
    )
    assert refused[-1].type == "response.completed"
    cut = list(streamed(START, *stop("length")).responses.create(model="m", input="hi", stream=True))
    assert cut[-1].type == "response.incomplete"
    assert cut[-1].response.incomplete_details is not None
    assert cut[-1].response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("row", SURFACE["errors"], ids=lambda row: row["cause"])
def test_errors_raise_the_class_clients_know(row: dict[str, Any]) -> None:
    status, body = front.render_error(CAUSES[row["cause"]])
    with pytest.raises(getattr(openai, row["responses"]["raises"])) as caught:
        client(status, body).responses.create(model="m", input="hi")
    error = caught.value
    assert isinstance(error, openai.APIStatusError)
    assert (error.status_code, error.code) == (status, row["responses"]["body"]["error"]["code"])


@pytest.mark.parametrize("begun", [True, False])
def test_an_error_in_mid_stream(*, begun: bool) -> None:
    opening: list[Event] = [START, PartStart(0, Text(text="")), Delta(0, "a")] if begun else []
    sdk = streamed(*opening, Failure("truncated", "upstream closed", 502), End())
    found = list(sdk.responses.create(model="m", input="hi", stream=True))
    assert [event.type for event in (found[0], found[-1])] == ["response.created", "response.failed"]
    last = found[-1]
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert (last.response.error.code, last.response.error.message) == ("server_error", "upstream closed")
    with pytest.raises(RuntimeError, match=r"response\.completed"):
        final(sdk)


def test_the_body_the_sdk_sends_is_parsed() -> None:
    sent: list[bytes] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.content)
        res = upstream.parse_response((VECTORS / "responses.response.json").read_bytes(), conversion())
        body = front.render_response(res, conversion())
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=body)

    transport = httpx2.Client(transport=httpx2.MockTransport(answer))
    sdk = OpenAI(api_key="k", base_url="http://a2a.test/v1", http_client=transport)
    body = json.loads(REQUEST)
    body.update(stream=False)
    first = sdk.responses.create(**body)
    output: Any = {"type": "function_call_output", "call_id": "call_log_1", "output": "ok"}
    sdk.responses.create(model="m", input=[*body["input"], *first.output, output])  # type: ignore[list-item]
    requests = [front.parse_request(each, headers={}) for each in sent]
    assert [tool.name for tool in requests[0].tools] == ["get_rate", "suggest_category", "log_expense"]
    history = requests[1].messages
    assert [type(part) for part in history[-2].parts] == [Reasoning, Text, ToolCall]
    assert [type(part) for part in history[-1].parts] == [ToolResult]
    assert all(part.ext is None for part in history[-2].parts if not isinstance(part, Foreign))


def test_the_body_we_send_is_what_the_sdk_would_send() -> None:
    """Every input item and tool of a rendered request, held against the SDK's parameter types."""
    from openai.types.responses import ResponseInputItemParam, ToolParam

    request = front.parse_request(REQUEST, headers={})
    conv = conversion(request)
    body = json.loads(upstream.render_request(prepare(request, conv, "responses"), conv))
    items, tools = TypeAdapter(list[ResponseInputItemParam]), TypeAdapter(list[ToolParam])
    tools.validate_python(body["tools"])
    items.validate_python([item for item in body["input"] if item["type"] != "reasoning"])


def test_counting() -> None:
    row = SURFACE["count_tokens"]["responses"]
    found = client(200, front.render_count(31)).responses.input_tokens.count(**row["request"])
    assert found.input_tokens == 31
