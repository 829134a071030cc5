"""AWS's own client reads the emulated Kiro upstream over real HTTP: what it understands, the emulator says rightly.

Runs where npm has installed `@aws/codewhisperer-streaming-client`: the environment variable A2A_NODE_MODULES names that
folder, A2A_NODE the node binary where it is not on the path.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from a2a.demo.kiro.script import Text, Think
from a2a.demo.upstreams import Upstreams

SCRIPT = Path(__file__).parent / "demo_kiro.cjs"
PACKAGE = "@aws/codewhisperer-streaming-client"
MODULES = os.environ.get("A2A_NODE_MODULES", "")  # read at import: the fixtures clear A2A_*
NODE = os.environ.get("A2A_NODE") or shutil.which("node", path=f"{MODULES}/.bin") or shutil.which("node") or ""
FOUND = bool(MODULES) and bool(NODE) and (Path(MODULES) / PACKAGE).is_dir()

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not FOUND, reason=f"needs node and {PACKAGE} in the folder A2A_NODE_MODULES"),
]

ARN = "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
TOOL = {
    "toolSpecification": {
        "name": "get_weather",
        "description": "Current weather of a city.",
        "inputSchema": {
            "json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


async def ask(up: Upstreams, content: str, token: str = "aoa-social", **more: Any) -> dict[str, Any]:
    message = {"content": content, "modelId": "claude-opus-4.8", "origin": "AI_EDITOR"} | more.pop("message", {})
    state = {
        "conversationId": "6f1b0c1e-8a52-4f0e-9d3c-2f5a7c9e1b44",
        "chatTriggerType": "MANUAL",
        "currentMessage": {"userInputMessage": message},
    }
    body = {"conversationState": state, "profileArn": ARN, **more}
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(SCRIPT),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", ""), "NODE_PATH": MODULES, "NODE_OPTIONS": "--no-warnings"},
    )
    task = {"endpoint": f"{up.kiro_url}/runtime", "token": token, "body": body}
    out, err = await process.communicate(json.dumps(task).encode())
    assert process.returncode == 0, err.decode()
    answer: dict[str, Any] = json.loads(out)
    return answer


def of(answer: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [event[kind] for event in answer["events"] if kind in event]


async def test_text_and_usage(up: Upstreams) -> None:
    answer = await ask(up, "grüß dich, 世界")
    said = "".join(event["content"] for event in of(answer, "assistantResponseEvent"))
    assert said == "You said: grüß dich, 世界 — noted ✓"
    assert answer["conversation"] == "6f1b0c1e-8a52-4f0e-9d3c-2f5a7c9e1b44"
    usage = of(answer, "metadataEvent")[0]["tokenUsage"]
    assert usage["totalTokens"] == usage["uncachedInputTokens"] + usage["outputTokens"]
    assert of(answer, "meteringEvent")[0]["unit"] == "credit"
    assert of(answer, "contextUsageEvent")


async def test_tool_use(up: Upstreams) -> None:
    answer = await ask(
        up, "What is the weather in Kyoto and Oslo?", message={"userInputMessageContext": {"tools": [TOOL]}}
    )
    inputs: dict[str, str] = {}
    for event in of(answer, "toolUseEvent"):
        inputs[event["toolUseId"]] = inputs.get(event["toolUseId"], "") + event.get("input", "")
    assert [json.loads(text) for text in inputs.values()] == [{"city": "Kyoto"}, {"city": "Oslo"}]
    assert of(answer, "toolUseEvent")[-1]["stop"] is True


async def test_image_and_reasoning(up: Upstreams) -> None:
    # the published client does not know additionalModelRequestFields: thinking is scripted
    up.kiro.script.add(Think("It is red, naïve but true."), Text("A red pixel."))
    answer = await ask(up, "What?", message={"images": [{"format": "png", "source": {"bytes": PNG}}]})
    reasoning = of(answer, "reasoningContentEvent")
    assert "".join(event.get("text", "") for event in reasoning) == "It is red, naïve but true."
    assert reasoning[-1]["signature"]
    sent = json.loads(up.seen[0].body)["conversationState"]["currentMessage"]["userInputMessage"]
    assert sent["images"][0]["source"]["bytes"] == PNG


async def test_exception_in_the_stream(up: Upstreams) -> None:
    answer = await ask(up, "[[fault: error_event after=2 type=InternalServerException]] hello")
    assert len(of(answer, "assistantResponseEvent")) == 2
    assert answer["broken"]["name"] == "InternalServerException"


async def test_split_writes_are_read(up: Upstreams) -> None:
    answer = await ask(up, "[[fault: split size=3]] 世界")
    said = "".join(event["content"] for event in of(answer, "assistantResponseEvent"))
    assert said == "You said: 世界 — noted ✓"


REFUSED = [
    ("nobody", {}, "AccessDeniedException", None),
    ("aoa-quota", {}, "ServiceQuotaExceededException", "MONTHLY_REQUEST_COUNT"),
    ("aoa-social", {"modelId": "claude-1"}, "ValidationException", "INVALID_MODEL_ID"),
]


@pytest.mark.parametrize(("token", "message", "name", "reason"), REFUSED)
async def test_refusals(up: Upstreams, token: str, message: dict[str, Any], name: str, reason: str | None) -> None:
    answer = await ask(up, "hello", token, message=message)
    assert answer["refused"]["name"] == name
    assert answer["refused"].get("reason") == reason
