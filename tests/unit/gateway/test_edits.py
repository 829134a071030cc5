"""What the settings change of a request: whose word holds, and that it means the same on both ways."""

from __future__ import annotations

import copy
import json
from typing import Any

import msgspec
import pytest
from gateway_kit import STREAM, Answer, Scene, chat, error
from support.pool_kit import CLAUDE, KIRO, OPENAI, account

from a2a.config import ClientDecl, ModelDecl, ProviderSettings, ServerSettings, Settings
from a2a.config.parameters import ParameterRules
from a2a.gateway.call import Call
from a2a.gateway.edits import EditTable
from a2a.gateway.parameters import apply, rules_of
from a2a.protocols.base import Profile
from a2a.protocols.registry import FRONTS
from a2a.providers.registry import build

pytestmark = pytest.mark.anyio

FILE = "/prompts/all.md"
OURS = "Speak as a pirate."


def rules(**kinds: Any) -> ParameterRules:
    return msgspec.convert(kinds, ParameterRules)


def made(
    server: dict[str, Any] | None = None,
    providers: dict[str, dict[str, Any]] | None = None,
    models: dict[str, dict[str, Any]] | None = None,
    clients: dict[str, dict[str, Any]] | None = None,
) -> Settings:
    return Settings(
        server=ServerSettings(**(server or {})),
        providers={name: ProviderSettings(**table) for name, table in (providers or {}).items()},
        models={name: ModelDecl(**table) for name, table in (models or {}).items()},
        clients=[ClientDecl(name=name, key_env="X", **table) for name, table in (clients or {}).items()],
        prompts={FILE: OURS, "/prompts/empty.md": ""},
    )


def prompt(settings: Settings, model: str = "m", client: str = "default") -> tuple[str, str, str] | None:
    edits = EditTable(settings).of(build(settings)[OPENAI], model, client)
    found = edits.prompt if edits is not None else None
    return (found.text, found.mode, found.of) if found is not None else None


# whose word holds


def test_the_servers_file_holds_for_all() -> None:
    assert prompt(made({"system_prompt_file": FILE})) == (OURS, "overwrite", "[server]")


def test_the_most_particular_table_wins() -> None:
    settings = made(
        {"system_prompt_file": FILE, "system_prompt_mode": "append"},
        providers={OPENAI: {"system_prompt": "provider"}},
        models={"m": {"system_prompt": "model"}, "openai/m": {"system_prompt": "its model"}},
        clients={"laptop": {"system_prompt": "client"}},
    )
    assert prompt(settings, "other") == ("provider", "append", "[providers.openai-custom]")
    assert prompt(settings, "m") == ("its model", "append", '[models."openai/m"]')
    assert prompt(settings, "m", "laptop") == ("client", "append", "client laptop")


def test_a_mode_of_its_own_holds_for_the_prompt_of_another_table() -> None:
    settings = made({"system_prompt_file": FILE}, clients={"laptop": {"system_prompt_mode": "append"}})
    assert prompt(settings, client="laptop") == (OURS, "append", "[server]")


@pytest.mark.parametrize("table", [{"system_prompt": ""}, {"system_prompt_file": "/prompts/empty.md"}])
def test_an_empty_one_is_none(table: dict[str, str]) -> None:
    assert prompt(made({"system_prompt_file": FILE}, models={"m": table})) is None


def test_health_checks_are_left_alone() -> None:
    assert prompt(made({"system_prompt_file": FILE}), client="health-check") is None


def test_nothing_set_is_nothing_to_do() -> None:
    settings = Settings()
    assert EditTable(settings).of(build(settings)[KIRO], "m", "default") is None


def test_of_rules_the_most_particular_that_names_a_parameter_decides() -> None:
    found = rules_of(
        [
            ("client", rules(default={"temperature": 0.1})),
            ("provider", rules(override={"temperature": 1, "top_p": 0.5}, remove=["stop"])),
        ]
    )
    told = {name: (rule.action, rule.value, rule.of) for name, rule in found.items()}
    assert told == {
        "temperature": ("default", 0.1, "client"),
        "top_p": ("override", 0.5, "provider"),
        "stop": ("remove", None, "provider"),
    }


# the same on both ways

USER = {"role": "user", "content": "hi"}
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [USER], "temperature": 0.7, "max_tokens": 50, "stop": ["x"], "logit_bias": {"1": 2}},
    "responses": {"input": "hi", "temperature": 0.7, "max_output_tokens": 50, "reasoning": {"summary": "auto"}},
    "claude": {"messages": [USER], "temperature": 0.7, "max_tokens": 50, "stop_sequences": ["x"], "container": "c"},
    "gemini": {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "generation_config": {"temperature": 0.7, "max_output_tokens": 50, "topK": 3, "audioTimestamp": True},
    },
}
RULES = {
    "temperature overridden": rules(override={"temperature": 0.2}),
    "temperature removed": rules(remove=["temperature"]),
    "temperature said by the client": rules(default={"temperature": 0.2}),
    "top_p added": rules(default={"top_p": 0.9}, remove=["temperature"]),
    "max_tokens overridden": rules(override={"max_tokens": 20}),
    "reasoning added": rules(default={"reasoning_effort": "high"}, override={"max_tokens": 30000}),
    "reasoning off": rules(override={"reasoning_effort": "none"}),
    "seed added": rules(default={"seed": 4}),
}


def wired(
    proto: str,
    given: ParameterRules,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    **profile: Any,
) -> Any:
    settings = made(providers={OPENAI: {"parameters": given}})
    edits = EditTable(settings).of(build(settings)[OPENAI], "m", "default")
    assert edits is not None
    sent = json.dumps({"model": "m", **(body or BODIES[proto])}).encode()
    call = Call(front=FRONTS[proto], path="/", body=sent, headers=headers or {})
    return edits.on_wire(call, Profile(**profile), "m", stream=False)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("proto", BODIES)
def test_edited_bytes_read_as_the_edited_request(proto: str, name: str) -> None:
    parse = FRONTS[proto].parse_request
    sent = json.dumps({"model": "m", **BODIES[proto]}).encode()
    wanted, notes = apply(parse(sent, headers={}, model="m"), rules_of([("x", RULES[name])]))
    found = wired(proto, RULES[name])
    got = parse(found.body, headers={}, model="m")
    lost = {note.field for note in found.notes if note.action == "dropped" and not note.why.startswith("remove")}
    assert got.max_output == wanted.max_output
    assert got.stop == wanted.stop
    assert (got.think is None) is (wanted.think is None)
    for field in ("temperature", "top_p", "seed"):
        if field not in lost:
            assert getattr(got.sampling, field) == getattr(wanted.sampling, field), field
    assert [note.field for note in notes] == [note.field for note in found.notes][: len(notes)]


@pytest.mark.parametrize("proto", BODIES)
def test_what_no_rule_names_stays_as_it_was(proto: str) -> None:
    found = json.loads(wired(proto, rules(override={"temperature": 0.2})).body)
    expected = {"model": "m", **copy.deepcopy(BODIES[proto])}
    expected.get("generation_config", expected)["temperature"] = 0.2
    assert found == expected


def test_a_rule_that_changes_nothing_leaves_every_byte() -> None:
    found = wired("chat", rules(override={"temperature": 0.7}))
    assert (found.body, found.notes) == (json.dumps({"model": "m", **BODIES["chat"]}).encode(), [])


def test_the_clients_spelling_of_a_limit_stays() -> None:
    assert json.loads(wired("chat", rules(override={"max_tokens": 5})).body)["max_tokens"] == 5
    added = wired("chat", rules(override={"max_tokens": 5}), {"messages": [USER]}, max_field="max_completion_tokens")
    assert json.loads(added.body)["max_completion_tokens"] == 5


def test_a_rule_is_clamped_as_a_converted_request_is() -> None:
    found = wired("chat", rules(override={"max_tokens": 500}), max_output=100)
    assert json.loads(found.body)["max_tokens"] == 100
    assert [(note.field, note.action) for note in found.notes] == [
        ("max_tokens", "overwritten"),
        ("max_output", "clamped"),
    ]


def test_thinking_takes_the_sampling_away_that_it_excludes() -> None:
    given = rules(override={"reasoning_effort": "high", "max_tokens": 40000})
    found = wired("claude", given, reasoning="budget")
    body = json.loads(found.body)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 16384}
    assert "temperature" not in body


def test_what_the_clients_api_version_forbids_is_not_said() -> None:
    given, body = rules(override={"temperature": 0.2, "max_tokens": 20}), {"messages": [USER], "max_tokens": 50}
    found = wired("claude", given, body, {"anthropic-version": "2026-10-21"})
    assert json.loads(found.body) == {"model": "m", "messages": [USER], "max_tokens": 20}
    assert {note.field: note.action for note in found.notes} == {"temperature": "dropped", "max_tokens": "overwritten"}
    older = wired("claude", given, body, {"anthropic-version": "2023-06-01"})
    assert json.loads(older.body)["temperature"] == 0.2


@pytest.mark.parametrize(
    ("proto", "body"),
    [
        ("responses", {"input": "hi"}),
        ("chat", {"messages": [USER]}),
    ],
)
def test_stop_sequences_that_have_to_be_applied_here_need_a_conversion(proto: str, body: dict[str, Any]) -> None:
    stops = ["a", "b", "c", "d", "e"]
    assert wired(proto, rules(override={"stop": stops}), body) is None


def test_thinking_in_a_tool_loop_needs_a_conversion() -> None:
    call = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]}
    body = {"max_tokens": 9000, "messages": [USER, call]}
    assert wired("claude", rules(default={"reasoning_effort": "high"}), body) is None


# through the gateway


def scene(*script: Any, provider: str = OPENAI, **tables: Any) -> Scene:
    return Scene(*script, accounts=[account("a", provider), account("b", provider)], given=made(**tables))


def claude_answer() -> Answer:
    usage = {"input_tokens": 3, "output_tokens": 4}
    message = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
    content = [{"type": "text", "text": "hello"}]
    return Answer(200, json.dumps({**message, "content": content, "usage": usage}).encode())


async def test_relayed_and_converted_requests_get_the_same_prompt() -> None:
    system = {"role": "system", "content": "own"}
    one = scene(chat(), chat(), server={"system_prompt_file": FILE, "system_prompt_mode": "append"})
    await one.ask("chat", messages=[system, USER])
    relayed, mode = one.egress.body(), one.exchange.mode
    sink = await one.ask("claude", system="own")
    assert (mode, one.exchange.mode) == ("relay", "convert")
    assert (
        relayed["messages"]
        == one.egress.body()["messages"]
        == [
            {"role": "system", "content": f"own\n\n{OURS}"},
            {"role": "user", "content": "hi"},
        ]
    )
    assert "system added (the prompt of [server], behind the client's)" in sink.headers["x-a2a-notes"]


async def test_a_second_account_begins_with_the_clients_request() -> None:
    one = scene(error(500), claude_answer(), provider=CLAUDE, server={"system_prompt_file": FILE})
    sink = await one.ask("chat", messages=[{"role": "system", "content": "own"}, USER])
    first, second = (json.loads(body) for _, body in one.egress.sent)
    assert sink.status == 200
    assert first["system"] == second["system"]
    assert [block["text"] for block in second["system"]] == [OURS]
    assert [(note.field, note.action) for note in one.exchange.notes if note.field == "system"] == [
        ("system", "overwritten")
    ]


async def test_a_stream_that_is_relayed_gets_it_too() -> None:
    one = scene(Answer(200, *STREAM), server={"system_prompt_file": FILE})
    sink = await one.ask("chat", stream=True)
    assert one.egress.body()["messages"][0] == {"role": "system", "content": OURS}
    assert one.exchange.mode == "relay"
    assert sink.body.endswith(b"[DONE]\n\n")


async def test_rules_reach_a_converted_request() -> None:
    table = {"parameters": rules(override={"temperature": 0.2}, remove=["stop"])}
    one = scene(chat(), providers={OPENAI: table})
    await one.ask("claude", temperature=0.9, stop_sequences=["x"])
    assert one.egress.body()["temperature"] == 0.2
    assert "stop" not in one.egress.body()
    assert [(note.field, note.action) for note in one.exchange.notes] == [
        ("temperature", "overwritten"),
        ("stop", "dropped"),
    ]


async def test_a_stop_sequence_of_ours_ends_an_answer_that_the_upstream_does_not_end() -> None:
    table = {"parameters": rules(override={"stop": ["a", "b", "c", "d", "ll"]})}
    one = scene(chat("hello"), providers={OPENAI: table})
    sink = await one.ask("chat")
    assert one.exchange.mode == "convert"
    assert sink.json["choices"][0]["message"]["content"] == "he"


async def test_the_key_decides() -> None:
    one = scene(chat(), chat(), clients={"laptop": {"system_prompt": "for laptop"}})
    body = json.dumps({"model": "m", "messages": [USER]}).encode()
    for client in ("laptop", "default"):
        await one.send(Call(front=FRONTS["chat"], path="/v1/x", body=body, client=client))
    first, second = (json.loads(sent) for _, sent in one.egress.sent)
    assert [each["role"] for each in first["messages"]] == ["system", "user"]
    assert second["messages"] == [USER]


async def test_a_responses_client_is_not_told_our_instructions() -> None:
    one = scene(chat(), server={"system_prompt_file": FILE})
    body = json.dumps({"model": "m", "input": "hi", "instructions": "own"}).encode()
    sink = await one.send(Call(front=FRONTS["responses"], path="/v1/responses", body=body))
    assert one.egress.body()["messages"][0]["content"] == OURS
    assert sink.json["instructions"] == "own"
