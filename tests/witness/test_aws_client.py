"""AWS's own packages as witnesses of the Kiro wire: frames both ways, request members, answer streams.

They run where npm has installed `@smithy/eventstream-codec` and `@aws/codewhisperer-streaming-client`: the environment
variable A2A_NODE_MODULES names that folder. A second reading of the same specification finds what a test that shares
our own misunderstanding cannot.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec import Raw

from a2a.messages import Inline, Media, Message, Opaque, Reasoning, Request, Text, Think, Tool, ToolCall, ToolResult
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.eventstream import Frame, FrameReader, encode_frame
from a2a.protocols.kiro import upstream

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE.parent / "golden" / "vectors" / "kiro.json").read_text())["cases"]
MODULES = os.environ.get("A2A_NODE_MODULES", "")
NODE = shutil.which("node", path=f"{MODULES}/.bin") or shutil.which("node") or ""
PIXEL = GOLDEN["D"]["body"]["conversationState"]["currentMessage"]["userInputMessage"]["images"][0]["source"]["bytes"]


def needs(package: str) -> pytest.MarkDecorator:
    found = bool(MODULES) and bool(NODE) and (Path(MODULES) / package).is_dir()
    return pytest.mark.skipif(not found, reason=f"needs node and {package} in the folder A2A_NODE_MODULES")


def run(script: str, task: object) -> dict[str, Any]:
    environment = {"PATH": os.environ.get("PATH", ""), "NODE_PATH": MODULES, "NODE_OPTIONS": "--no-warnings"}
    done = subprocess.run(
        [NODE, str(HERE / script)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def golden_frames(name: str) -> list[tuple[dict[str, str], bytes]]:
    return [
        ({f":{kind}-type": event, ":content-type": "application/json", ":message-type": kind}, payload.encode())
        for kind, event, payload in GOLDEN[name]["events"]
    ]


@needs("@smithy/eventstream-codec")
def test_aws_reads_our_frames() -> None:
    ours = [({}, b""), ({"naïve": "ü" * 300}, bytes(range(256))), *golden_frames("A"), *golden_frames("E2")]
    read = run("frames.cjs", {"read": [encode_frame(*frame).hex() for frame in ours], "write": []})["read"]
    assert [
        ({name: header["value"] for name, header in headers.items()}, bytes.fromhex(payload))
        for headers, payload in read
    ] == ours
    assert {header["type"] for headers, _ in read for header in headers.values()} == {"string"}


@needs("@smithy/eventstream-codec")
def test_we_read_the_frames_of_aws_with_every_type_of_header() -> None:
    headers = {
        "yes": {"type": "boolean", "value": True},
        "no": {"type": "boolean", "value": False},
        "byte": {"type": "byte", "value": -7},
        "short": {"type": "short", "value": -3000},
        "integer": {"type": "integer", "value": 1_000_000},
        "long": {"type": "long", "value": -(2**40)},
        "binary": {"type": "binary", "value": "00ff10"},
        "string": {"type": "string", "value": "é👋"},
        "timestamp": {"type": "timestamp", "value": 1_763_800_000_123},
        "uuid": {"type": "uuid", "value": "01234567-89ab-cdef-0123-456789abcdef"},
    }
    (written,) = run("frames.cjs", {"read": [], "write": [[headers, b"payload".hex()]]})["written"]
    reader = FrameReader()
    frames = [frame for byte in bytes.fromhex(written) for frame in reader.feed(bytes([byte]))]
    reader.eof()
    values = {name: header["value"] for name, header in headers.items()} | {
        "binary": b"\x00\xff\x10",
        "timestamp": datetime(2025, 11, 22, 8, 26, 40, 123_000, tzinfo=UTC),
        "uuid": UUID("01234567-89ab-cdef-0123-456789abcdef"),
    }
    assert frames == [Frame(values, b"payload")]


@needs("@smithy/eventstream-codec")
def test_both_write_the_same_bytes() -> None:
    frames = golden_frames("B")
    typed = [
        [{name: {"type": "string", "value": value} for name, value in headers.items()}, payload.hex()]
        for headers, payload in frames
    ]
    written = run("frames.cjs", {"read": [], "write": typed})["written"]
    assert written == [encode_frame(*frame).hex() for frame in frames]


def rich_request() -> Request:
    """A conversation that uses every member we ever send."""
    model = "claude-opus-4.8"
    thoughts = Reasoning(text="hm", opaque=[Opaque("kiro", "signature", "c2ln", model)])
    image = Media(kind="image", source=Inline(PIXEL), mime="image/png")
    document = Media(kind="document", source=Inline("JVBERi0xLjc="), mime="application/pdf", name="a.pdf")
    result = ToolResult(call_id="t1", parts=[Text(text="there"), image], is_error=True)
    return Request(
        proto="claude",
        model=model,
        system=[Text(text="Be kind.")],
        messages=[
            Message(role="user", parts=[Text(text="Look."), image]),
            Message(role="assistant", parts=[thoughts, Text(text="I look."), ToolCall(id="t1", name="look")]),
            Message(role="user", parts=[result, document]),
        ],
        tools=[Tool(name="look", description="Looks.", schema=Raw(b'{"type":"object","properties":{}}'))],
        think=Think(effort="high"),
        max_output=4096,
    )


@needs("@aws/codewhisperer-streaming-client")
def test_the_client_of_aws_knows_every_member_we_send() -> None:
    req = rich_request()
    conv = Conversion(request=req, profile=Profile(), model=req.model, now=0.0, extra={"profile_arn": "arn:aws:x"})
    body = json.loads(upstream.render_request(req, conv))
    sent = run("client.cjs", {"body": body, "stream": ""})
    assert sent["path"] == "/generateAssistantResponse"
    assert sent["body"] == body


@needs("@aws/codewhisperer-streaming-client")
@pytest.mark.parametrize("name", GOLDEN)
def test_the_client_of_aws_reads_the_golden_streams(name: str) -> None:
    stream = b"".join(encode_frame(*frame) for frame in golden_frames(name))
    body = GOLDEN["A"]["body"]
    events = run("client.cjs", {"body": body, "stream": stream.hex()})["events"]
    kinds = [event if kind == "event" else "error" for kind, event, _ in GOLDEN[name]["events"]]
    assert [next(iter(event)) for event in events] == kinds
