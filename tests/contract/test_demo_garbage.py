"""Whatever a client sends, an emulator answers or refuses; it never fails itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

VECTORS = Path(__file__).parent.parent / "golden" / "vectors"
JUNK: list[Any] = [None, True, 0, -1, 1.5, "", "x", "\u2028", [], [None], [[]], {}, {"type": "text"}, {"": {}}]
TARGETS: list[tuple[str, str, dict[str, str]]] = [
    ("chat", "openai/v1/chat/completions", {"authorization": "Bearer sk-demo-openai-1"}),
    ("claude", "claude/v1/messages", {"x-api-key": "sk-demo-claude-1", "anthropic-version": "2026-10-21"}),
    ("kiro", "kiro/runtime/generateAssistantResponse", {"authorization": "Bearer aoa-social"}),
    ("responses", "openai/v1/responses", {"authorization": "Bearer sk-demo-openai-1"}),
    ("gemini", "gemini/v1beta/models/gemini-3-flash-preview:generateContent", {"x-goog-api-key": "AIza-demo-gemini-1"}),
    ("codeassist", "codeassist/v1internal:generateContent", {"authorization": "Bearer ya29.ca-standard-1"}),
    ("qwen", "qwen/v1/chat/completions", {"authorization": "Bearer at-qwen-1-1"}),
]
KIRO: dict[str, Any] = {
    "conversationState": {
        "conversationId": "c",
        "chatTriggerType": "MANUAL",
        "history": [
            {"userInputMessage": {"content": "Weather?", "modelId": "claude-sonnet-4.5", "origin": "AI_EDITOR"}},
            {
                "assistantResponseMessage": {
                    "content": "",
                    "toolUses": [{"toolUseId": "t1", "name": "get_weather", "input": {"city": "Kyoto"}}],
                }
            },
        ],
        "currentMessage": {
            "userInputMessage": {
                "content": "get_weather in Oslo",
                "modelId": "claude-sonnet-4.5",
                "origin": "AI_EDITOR",
                "userInputMessageContext": {
                    "toolResults": [{"toolUseId": "t1", "status": "success", "content": [{"text": "12"}]}],
                    "tools": [
                        {
                            "toolSpecification": {
                                "name": "get_weather",
                                "description": "x",
                                "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}}},
                            }
                        }
                    ],
                },
            }
        },
    },
    "profileArn": "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL",
}


def vector(name: str) -> dict[str, Any]:
    body = json.loads((VECTORS / f"{name}.request.json").read_bytes())
    assert isinstance(body, dict)
    return body


def claude() -> dict[str, Any]:
    """Without the vector's signature: it is a dummy, which would hide everything behind it."""
    body = vector("claude")
    body["messages"][1]["content"].pop(0)
    return body


def responses() -> dict[str, Any]:
    """Without the vector's reasoning and ids, which no emulator issued."""
    body = vector("responses")
    body["input"] = [item for item in body["input"] if item["type"] != "reasoning"]
    for item in body["input"]:
        item.pop("id", None)
    return body


def gemini() -> dict[str, Any]:
    """With the signature that fits any call."""
    body = vector("gemini")
    body["contents"][1]["parts"][2]["thoughtSignature"] = "skip_thought_signature_validator"
    return body


def codeassist() -> dict[str, Any]:
    return {"model": "gemini-3-flash", "project": "acme-dev-1", "user_prompt_id": "u", "request": gemini()}


def qwen() -> dict[str, Any]:
    """The vector of chat in the dialect: no effort, no field that OAuth does not take."""
    body = vector("chat")
    taken = ("messages", "tools", "tool_choice", "stream", "stream_options")
    return {"model": "coder-model", **{key: body[key] for key in taken if key in body}}


BODIES: dict[str, Callable[[], dict[str, Any]]] = {
    "chat": lambda: vector("chat"),
    "claude": claude,
    "kiro": lambda: KIRO,
    "responses": responses,
    "gemini": gemini,
    "codeassist": codeassist,
    "qwen": qwen,
}


def paths(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(node, dict | list):
        for key, sub in node.items() if isinstance(node, dict) else enumerate(node):
            yield from paths(sub, (*at, key))


def mutated(body: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    made = copy.deepcopy(body)
    node = made
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = junk
    return made


@pytest.mark.parametrize(("name", "path", "headers"), TARGETS)
async def test_garbage_never_breaks_an_emulator(name: str, path: str, headers: dict[str, str]) -> None:
    body = BODIES[name]()
    cases = [(where, junk) for where in paths(body) for junk in JUNK]
    async with Upstreams() as up, aiohttp.ClientSession(headers=headers) as http:
        async with http.post(f"{up.root_url}/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()  # else the junk would hide behind another fault
        for where, junk in [((), b"{"), ((), b"\xff"), *cases]:
            sent = junk if isinstance(junk, bytes) else json.dumps(mutated(body, where, junk)).encode()
            async with http.post(f"{up.root_url}/{path}", data=sent) as answer:
                said = await answer.read()
            assert answer.status in (200, 400, 403, 404), (where, junk, said[:300])
