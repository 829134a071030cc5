"""What each format makes of a conversation."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from support.recorded import Shelf, chat, exchange, with_bodies

from a2a.control.types import Exchange, ExchangeFilter
from a2a.gateway.export.write import FORMATS, Outcome, Wish, export

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Of a city.", "parameters": SCHEMA}}


def call(number: int, city: str) -> dict[str, Any]:
    arguments = json.dumps({"city": city})
    return {"id": f"call_{number}", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}


CALLS = [call(1, "Kyoto"), call(2, "Oslo")]
ASKED = {"role": "user", "content": "weather?"}
RESULTS = [
    {"role": "tool", "tool_call_id": "call_1", "content": "21 °C"},
    {"role": "tool", "tool_call_id": "call_2", "content": "3 °C"},
]
HISTORY = [
    {"role": "system", "content": "Be brief."},
    ASKED,
    {"role": "assistant", "content": "I look.", "reasoning_content": "Two calls.", "tool_calls": CALLS},
    *RESULTS,
]


def line(form: str, *exchanges: Exchange, **wish: Any) -> tuple[dict[str, Any], Outcome]:
    outcome = Outcome()
    written = b"".join(export(Shelf(*exchanges), Wish(format=form, which=ExchangeFilter(), **wish), outcome))
    assert written.count(b"\n") == 1 or form == "har"
    made: dict[str, Any] = json.loads(written)
    return made, outcome


def agent() -> Exchange:
    return chat(0, HISTORY, "Warm and cold.", body={"tools": [TOOL], "parallel_tool_calls": True})


def test_openai() -> None:
    made, outcome = line("openai", agent())
    assert made == {
        "messages": [*HISTORY, {"role": "assistant", "content": "Warm and cold."}],
        "tools": [TOOL],
        "parallel_tool_calls": True,
    }
    assert outcome.lost == {}


def test_anthropic() -> None:
    made, _ = line("anthropic", agent())
    used = [
        {"type": "tool_use", "id": f"call_{n}", "name": "get_weather", "input": {"city": city}}
        for n, city in ((1, "Kyoto"), (2, "Oslo"))
    ]
    thought = {"type": "thinking", "thinking": "Two calls.", "signature": ""}
    told = [{"type": "tool_result", "tool_use_id": one["tool_call_id"], "content": one["content"]} for one in RESULTS]
    assert made == {
        "system": "Be brief.",
        "messages": [
            ASKED,
            {"role": "assistant", "content": [thought, {"type": "text", "text": "I look."}, *used]},
            {"role": "user", "content": told},
            {"role": "assistant", "content": [{"type": "text", "text": "Warm and cold."}]},
        ],
        "tools": [{"name": "get_weather", "description": "Of a city.", "input_schema": SCHEMA}],
    }


def test_sharegpt() -> None:
    made, _ = line("sharegpt", agent())
    calls = '[{"name":"get_weather","arguments":{"city":"Kyoto"}},{"name":"get_weather","arguments":{"city":"Oslo"}}]'
    assert made["conversations"] == [
        {"from": "system", "value": "Be brief."},
        {"from": "human", "value": "weather?"},
        {
            "from": "function_call",
            "value": f"<think>\nTwo calls.\n</think>\n\nI look.\n<tool_call>\n{calls}\n</tool_call>",
        },
        {"from": "observation", "value": '["21 °C","3 °C"]'},
        {"from": "gpt", "value": "Warm and cold."},
    ]
    assert json.loads(made["tools"]) == [{"name": "get_weather", "description": "Of a city.", "parameters": SCHEMA}]


def test_a_single_call_in_sharegpt_is_an_object() -> None:
    made, _ = line("sharegpt", chat(0, [ASKED], {"content": None, "tool_calls": CALLS[:1]}))
    assert made["conversations"][-1] == {
        "from": "function_call",
        "value": '{"name":"get_weather","arguments":{"city":"Kyoto"}}',
    }


LOOK = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}},
    {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
]


def seen() -> Exchange:
    return chat(0, [{"role": "user", "content": LOOK}], "A dot and a cat.")


def test_images_in_openai() -> None:
    assert line("openai", seen())[0]["messages"][0]["content"] == LOOK


def test_images_in_anthropic() -> None:
    assert line("anthropic", seen())[0]["messages"][0]["content"][1:] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}},
    ]


def test_images_in_sharegpt() -> None:
    made, _ = line("sharegpt", seen())
    assert made["conversations"][0]["value"] == "What is this?\n<image>\n<image>"
    assert made["images"] == [f"data:image/png;base64,{PNG}", "https://example.com/cat.png"]


def claude(messages: list[Any], content: list[Any], **body: Any) -> Exchange:
    asked = {"model": "m", "max_tokens": 9, "messages": messages, **body}
    answer = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
    return with_bodies(exchange(0, front="claude"), asked, {**answer, "content": content})


def test_signed_thinking_stays_as_it_was() -> None:
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"},
        {"type": "redacted_thinking", "data": "aGlkZGVu"},
        {"type": "text", "text": "Yes."},
    ]
    made, _ = line("anthropic", claude([ASKED], content))
    assert made["messages"][1]["content"] == content


def test_system_blocks_stay_apart() -> None:
    system = [
        {"type": "text", "text": "One."},
        {"type": "text", "text": "Two.", "cache_control": {"type": "ephemeral"}},
    ]
    one = claude([ASKED], [{"type": "text", "text": "Yes."}], system=system)
    assert line("anthropic", one)[0]["system"] == [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    assert line("openai", one)[0]["messages"][0] == {
        "role": "system",
        "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}],
    }


def test_pictures_in_results_go_with_their_call() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    history = [
        ASKED,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "shot", "input": {}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": [picture]},
                {"type": "text", "text": "and?"},
            ],
        },
    ]
    one = claude(history, [{"type": "text", "text": "Blank."}])
    assert line("anthropic", one)[0]["messages"][:3] == history
    made, _ = line("openai", one)
    assert made["messages"][2] == {"role": "tool", "tool_call_id": "t1", "content": "[tool error]"}
    assert [part["type"] for part in made["messages"][3]["content"]] == ["text", "image_url", "text"]


def test_server_tools_have_no_word_elsewhere_and_are_named() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    one = claude([ASKED], [{"type": "text", "text": "Yes."}], tools=[search])
    assert line("anthropic", one)[0]["tools"] == [search]
    made, outcome = line("openai", one)
    assert "tools" not in made
    assert list(outcome.lost) == ["the server tool web_search"]


def test_a_schema_of_several_lines_makes_no_second_one() -> None:
    body = json.dumps({"model": "m", "messages": [ASKED], "tools": [TOOL]}, indent=2)
    whole = chat(0, [ASKED], "Yes.")
    assert whole.bodies is not None
    whole.bodies.request = body
    assert line("openai", whole)[0]["tools"] == [TOOL]


def test_raw_is_the_exchange_itself() -> None:
    one = agent()
    made, outcome = line("raw", one)
    assert made["id"] == one.id
    assert json.loads(made["bodies"]["request"])["messages"] == HISTORY
    assert outcome.written == 1


def test_har() -> None:
    one = agent()
    made, _ = line("har", one)
    assert made["log"]["version"] == "1.2"
    client, upstream = made["log"]["entries"]
    assert client["request"]["url"] == "http://localhost/v1/chat/completions"
    assert client["time"] == sum(client["timings"][name] for name in ("send", "wait", "receive"))
    assert json.loads(client["request"]["postData"]["text"])["messages"] == HISTORY
    assert upstream["request"]["queryString"] == [{"name": "api-version", "value": "1"}]
    assert upstream["response"]["status"] == 200
    assert client["startedDateTime"] < upstream["startedDateTime"]


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_makes_a_valid_file(form: str) -> None:
    outcome = Outcome()
    written = b"".join(export(Shelf(), Wish(format=form, which=ExchangeFilter()), outcome))
    assert json.loads(written)["log"]["entries"] == [] if form == "har" else written == b""


@pytest.mark.parametrize("form", FORMATS)
def test_redaction_reaches_every_format(form: str) -> None:
    told = "Write to jane.doe@example.com, see /home/jane/notes."
    one = chat(0, [{"role": "user", "content": told}], "Done, jane.doe@example.com.")
    outcome = Outcome()
    written = b"".join(export(Shelf(one), Wish(format=form, which=ExchangeFilter(), redact=True), outcome)).decode()
    assert "jane" not in written
    assert written.count("[e-mail]") >= 2


NEEDED: dict[str, tuple[str, ...]] = {
    "log": ("version", "creator", "entries"),
    "creator": ("name", "version"),
    "entry": ("startedDateTime", "time", "request", "response", "cache", "timings"),
    "request": ("method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"),
    "response": (
        *("status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL"),
        *("headersSize", "bodySize"),
    ),
    "content": ("size", "mimeType"),
    "postData": ("mimeType", "text"),
    "timings": ("send", "wait", "receive"),
}
"""What HAR 1.2 requires, by object; keys of one's own begin with `_`."""
ALLOWED: dict[str, set[str]] = {
    "log": {"browser", "pages", "comment"},
    "entry": {"pageref", "serverIPAddress", "connection", "comment"},
    "request": {"postData", "comment"},
    "response": {"comment"},
    "content": {"compression", "text", "encoding", "comment"},
    "postData": {"params", "comment"},
    "timings": {"blocked", "dns", "connect", "ssl", "comment"},
}


def complete(name: str, value: dict[str, Any]) -> None:
    own = {key for key in value if not key.startswith("_")}
    assert set(NEEDED[name]) <= own <= {*NEEDED[name], *ALLOWED.get(name, ())}, name


def test_har_keeps_to_its_specification() -> None:
    log = line("har", agent(), exchange(1, state="failed", status=None, attempts=[], agent=None), all=True)[0]["log"]
    complete("log", log)
    complete("creator", log["creator"])
    assert len(log["entries"]) == 3
    for entry in log["entries"]:
        complete("entry", entry)
        for name in ("request", "response", "timings"):
            complete(name, entry[name])
        complete("content", entry["response"]["content"])
        if "postData" in entry["request"]:
            complete("postData", entry["request"]["postData"])
        assert entry["time"] >= 0
        assert all(set(header) == {"name", "value"} for header in entry["request"]["headers"])


def test_binary_bodies_are_base64_in_har() -> None:
    one = with_bodies(exchange(0), {"model": "m"}, "base64:/wA=")
    content = line("har", one)[0]["log"]["entries"][0]["response"]["content"]
    assert (content["text"], content["encoding"], content["size"]) == ("/wA=", "base64", 2)


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FILES = [
    {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{b64('%PDF-1.7')}"}},
    {"type": "file", "file": {"file_id": "file-1"}},
    {"type": "input_audio", "input_audio": {"data": b64("RIFFxxxxWAVE"), "format": "wav"}},
]


def test_documents_and_sound_in_openai() -> None:
    one = chat(0, [{"role": "user", "content": FILES}], "Read.")
    assert line("openai", one)[0]["messages"][0]["content"] == FILES


def test_documents_in_anthropic() -> None:
    """A PDF, a text; what only another vendor can read, and sound, have no place."""
    text = {"type": "file", "file": {"filename": "a.txt", "file_data": f"data:text/plain;base64,{b64('hi')}"}}
    made, outcome = line("anthropic", chat(0, [{"role": "user", "content": [*FILES, text]}], "Read."))
    assert made["messages"][0]["content"] == [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": b64("%PDF-1.7")},
            "title": "a.pdf",
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}, "title": "a.txt"},
    ]
    assert outcome.lost == {"document": 1, "audio": 1}


def test_sound_in_sharegpt() -> None:
    made, outcome = line("sharegpt", chat(0, [{"role": "user", "content": FILES}], "Read."))
    assert made["conversations"][0]["value"] == "<audio>"
    assert made["audios"] == [f"data:audio/wav;base64,{b64('RIFFxxxxWAVE')}"]
    assert outcome.lost == {"document": 2}


GRAMMAR = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "[a-z]+"}}
FREE = {"type": "custom", "custom": {"name": "sql", "description": "Runs SQL.", "format": GRAMMAR}}
FREE_CALL = {"id": "call_9", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}


def test_free_form_tools() -> None:
    one = chat(0, [ASKED], {"content": None, "tool_calls": [FREE_CALL]}, body={"tools": [FREE]})
    made, _ = line("openai", one)
    assert made["tools"] == [FREE]
    assert made["messages"][-1]["tool_calls"] == [FREE_CALL]
    elsewhere, _ = line("anthropic", one)
    used = {"type": "tool_use", "id": "call_9", "name": "sql", "input": {"input": "select 1"}}
    assert elsewhere["messages"][-1]["content"] == [used]
    assert elsewhere["tools"][0]["input_schema"]["required"] == ["input"]


def test_a_flat_grammar_of_responses_is_nested_in_openai() -> None:
    tool = {"type": "custom", "name": "sql", "format": {"type": "grammar", "syntax": "regex", "definition": "[a-z]+"}}
    item = {"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "a"}
    answer = {"id": "r", "object": "response", "status": "completed", "output": [item]}
    one = with_bodies(exchange(0, front="responses"), {"model": "m", "input": "hi", "tools": [tool]}, answer)
    assert line("openai", one)[0]["tools"] == [{"type": "custom", "custom": {"name": "sql", "format": GRAMMAR}}]


def test_a_system_message_in_the_middle() -> None:
    history = [ASKED, {"role": "assistant", "content": "Where?"}, {"role": "system", "content": "Be kind."}, ASKED]
    one = chat(0, history, "Warm.")
    assert line("openai", one)[0]["messages"][2] == history[2]
    reminder = "<system-reminder>\nBe kind.\n</system-reminder>"
    assert line("anthropic", one)[0]["messages"][2] == {"role": "user", "content": reminder}
    human = line("sharegpt", one)[0]["conversations"][2]
    assert human == {"from": "human", "value": "Be kind.\nweather?"}


def test_names_and_refusals() -> None:
    named = {"role": "user", "name": "jane", "content": "weather?"}
    one = chat(0, [named], {"content": None, "refusal": "No."})
    assert line("openai", one, all=True)[0]["messages"] == [
        named,
        {"role": "assistant", "content": None, "refusal": "No."},
    ]
    refused = {"role": "assistant", "content": [{"type": "text", "text": "No."}]}
    assert line("anthropic", one, all=True)[0]["messages"][-1] == refused


def test_blocks_that_only_claude_knows() -> None:
    found = {"type": "search_result", "title": "A", "source": "b", "content": [{"type": "text", "text": "c"}]}
    called = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}}
    content = [called, {"type": "text", "text": "Yes."}]
    one = claude([{"role": "user", "content": [found]}], content)
    made, _ = line("anthropic", one)
    assert made["messages"] == [
        {"role": "user", "content": [found]},
        {"role": "assistant", "content": content},
    ]
    elsewhere, outcome = line("openai", one)
    assert elsewhere["messages"][0]["content"] == [{"type": "text", "text": "A\nb\nc"}]
    assert outcome.lost == {"server_tool_use": 1}


def test_pictures_that_the_model_made() -> None:
    url = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    one = chat(0, [ASKED], {"content": "Here.", "images": [url]})
    assert line("openai", one)[0]["messages"][-1] == {"role": "assistant", "content": "Here.", "images": [url]}
    assert line("sharegpt", one)[0]["images"] == [url["image_url"]["url"]]  # type: ignore[index]


def test_thinking_goes_back_to_its_place() -> None:
    """Between the text and the call, where the model had it."""
    first = [
        {"type": "text", "text": "Hm."},
        {"type": "thinking", "thinking": "A call.", "signature": "c2ln"},
        {"type": "tool_use", "id": "t1", "name": "look", "input": {}},
    ]
    began = claude([ASKED], first)
    assert began.bodies is not None
    sent = {"role": "assistant", "content": [first[0], first[2]]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]}
    on = claude([ASKED, sent, result], [{"type": "text", "text": "Done."}])
    on.id, on.started_at = on.id + "z", on.started_at + 60
    made, outcome = line("anthropic", began, on)
    assert made["messages"][1]["content"] == first
    assert outcome.joined == 1
