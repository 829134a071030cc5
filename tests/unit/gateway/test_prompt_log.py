"""The lines of the prompt log."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from a2a.control.types import Attempt, Bodies, Exchange, Fault, Route, Timings, Tokens
from a2a.gateway.prompt_log import PromptLog, line_of

REQUEST = {
    "model": "sonnet",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "see", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "see", "description": "Looks.", "parameters": {"type": "object"}}}
    ],
}


def frame(delta: str, finish: str = "null") -> str:
    choice = f'{{"index":0,"delta":{delta},"finish_reason":{finish}}}'
    return f'data: {{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{choice}]}}\n\n'


STREAM = frame('{"content":"It is "}') + frame('{"content":"a cat."}') + frame("{}", '"stop"') + "data: [DONE]\n\n"


def exchange(bodies: Bodies | None, **given: Any) -> Exchange:
    made: dict[str, Any] = {
        "id": "ex_1",
        "started_at": 1_795_000_000.25,
        "client": "laptop",
        "front": "chat",
        "path": "/v1/chat/completions",
        "asked": "sonnet",
        "stream": True,
        "state": "done",
        "status": 200,
        "route": Route(front="chat", asked="sonnet", provider="claude-kiro-oauth", model="claude", via="alias"),
        "attempts": [Attempt(n=1, provider="claude-kiro-oauth", account="kiro/work", model="claude", started_at=0.0)],
        "timings": Timings(last=12.5),
        "tokens": Tokens(input=3, output=4),
        "bodies": bodies,
    }
    return Exchange(**{**made, **given})


def line(one: Exchange) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = json.loads(msgspec.json.encode(line_of(one)))
    return found


def test_a_conversation_and_its_answer() -> None:
    told = line(exchange(Bodies(request=json.dumps(REQUEST), answer=STREAM)))
    assert told["request"] == {
        "model": "sonnet",
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "look\n[image]"},
            {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "name": "see", "arguments": "{}"}]},
            {"role": "user", "content": "", "tool_results": [{"id": "c1", "content": "a cat"}]},
        ],
        "tools": [{"name": "see", "description": "Looks.", "parameters": {"type": "object"}}],
    }
    assert told["answer"] == {"content": "It is a cat.", "stop": "end"}
    assert (told["id"], told["time"], told["client"]) == ("ex_1", "2026-11-18T11:06:40.250+00:00", "laptop")
    assert (told["provider"], told["account"], told["model"]) == ("claude-kiro-oauth", "kiro/work", "claude")
    assert (told["state"], told["status"], told["usage"]["output"], told["error"]) == ("done", 200, 4, None)
    assert "cut" not in told


def test_a_failure_keeps_the_question() -> None:
    fault = Fault(kind="quota", message="spent")
    one = exchange(
        Bodies(request=json.dumps(REQUEST), answer='{"error":{}}'),
        state="failed",
        status=429,
        fault=fault,
        stream=False,
    )
    told = line(one)
    assert told["request"]["messages"][0]["content"] == "look\n[image]"
    assert (told["answer"], told["error"]) == ({"body": '{"error":{}}'}, "spent")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings"])
def test_what_is_no_conversation_stands_there_as_it_is(path: str) -> None:
    told = line(exchange(Bodies(request='{"model":', answer="{}"), path=path, route=None, attempts=[]))
    assert (told["request"], told["answer"]) == ({"model": "sonnet", "body": '{"model":'}, {"body": "{}"})
    assert (told["provider"], told["account"], told["model"]) == (None, None, None)


def test_a_body_that_was_cut_is_said() -> None:
    assert line(exchange(Bodies(request='{"mod', cut=["request"])))["cut"] == ["request"]


def test_lines_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "prompt_log-1.jsonl"
    log = PromptLog()
    for _ in range(3):
        log.write(exchange(Bodies(request=json.dumps(REQUEST), answer=STREAM)), "file", str(path))
    other = tmp_path / "other.jsonl"
    log.write(exchange(None), "file", str(other))
    log.close()
    assert [json.loads(one)["id"] for one in path.read_text().splitlines()] == ["ex_1"] * 3
    assert len(other.read_text().splitlines()) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("half", [b'{"id": "ex_0"', b"x" * 200_000])
@pytest.mark.parametrize("whole", [b"", b'{"id": "ex_9"}\n'])
def test_half_a_line_of_a_killed_process_goes(tmp_path: Path, whole: bytes, half: bytes) -> None:
    earlier, same = tmp_path / "mine-20261101-010101.jsonl", tmp_path / "mine-20261122-221153.jsonl"
    other = tmp_path / "notes-of-mine.jsonl"
    for file in (earlier, same, other):
        file.write_bytes(whole + half)
    prompts = PromptLog()
    prompts.write(exchange(None), "file", str(same))
    prompts.close()
    assert earlier.read_bytes() == whole
    lines = same.read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == (["ex_9", "ex_1"] if whole else ["ex_1"])
    assert other.read_bytes() == whole + half


def test_the_console_is_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    PromptLog().write(exchange(None), "console", "unused")
    said = capsys.readouterr()
    assert (said.out, json.loads(said.err)["id"]) == ("", "ex_1")


def test_what_had_no_room_is_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "prompt_log.jsonl"
    log = PromptLog()
    log.write(exchange(None), "file", str(path))
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:10]))
        log.write(exchange(None), "file", str(path))
        log.write(exchange(None), "file", str(path))
    log.write(exchange(None), "file", str(path))
    log.close()
    assert [json.loads(one)["id"] for one in path.read_text().splitlines()] == ["ex_1"] * 2
    assert caplog.text.count("prompt_not_logged") == 1
