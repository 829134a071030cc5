"""What leaves the inspector: a curl command, files for an editor."""

from __future__ import annotations

import json
import shlex
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
from support.fake_exchange import CHAT_REQUEST, KIRO_STREAM, converted

from a2a.control.types import Bodies, Exchange
from a2a.errors import UsageError
from a2a.tui.inspect import curl, outside

URL = "http://127.0.0.1:3000"


def requested(body: str, **headers: str) -> Exchange:
    return converted(bodies=Bodies(request=body, request_headers=headers))


def words(exchange: Exchange) -> list[str]:
    """As a shell reads it."""
    return shlex.split(curl.command(exchange, URL).replace("\\\n", " "))


def test_a_request_becomes_a_command_that_a_shell_reads_the_same() -> None:
    body = json.dumps({"text": 'it\'s "quoted", $HOME `id` \\ 京都\n'}, ensure_ascii=False)
    found = words(requested(body, accept="text/event-stream"))
    assert found[:3] == ["curl", "-N", f"{URL}/v1/chat/completions"]
    assert found[-2:] == ["--data-raw", body]
    assert "accept: text/event-stream" in found
    assert "content-type: application/json" in found


@pytest.mark.parametrize(
    ("front", "header"),
    [
        ("chat", "authorization: Bearer $A2A_KEY"),
        ("responses", "authorization: Bearer $A2A_KEY"),
        ("claude", "x-api-key: $A2A_KEY"),
        ("gemini", "x-goog-api-key: $A2A_KEY"),
    ],
)
def test_the_key_is_a_variable_in_the_form_of_its_protocol(front: str, header: str) -> None:
    exchange = requested("{}", authorization="[removed]", cookie="a=b", host="x")
    exchange.front = front
    text = curl.command(exchange, URL)
    assert f'-H "{header}"' in text
    assert "[removed]" not in text
    assert "cookie" not in text


def test_a_key_in_the_path_is_left_out() -> None:
    exchange = requested("{}")
    exchange.path = "/v1beta/models/m:generateContent?alt=sse&key=AIzaSecret"
    assert words(exchange)[2] == f"{URL}/v1beta/models/m:generateContent?alt=sse"


def test_a_long_body_goes_in_by_standard_input() -> None:
    body = json.dumps({"text": "x" * curl.ARGUMENT + "\nA2A_BODY\n"})
    text = curl.command(requested(body + "\nA2A_BODY"), URL)
    assert "--data-binary @- <<'A2A_BODY_'\n" in text
    assert text.endswith("\nA2A_BODY_")


@pytest.mark.parametrize(
    "bodies",
    [None, Bodies(), Bodies(request="{", cut=["request"]), Bodies(request="base64:AAAA"), Bodies(request="\0")],
)
def test_what_cannot_be_sent_again_is_refused(bodies: Bodies | None) -> None:
    with pytest.raises(UsageError):
        curl.command(converted(bodies=bodies), URL)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("request", ["client-request.json", "upstream-request.json"]),
        ("answer", ["upstream-answer.txt", "client-answer.txt"]),
        ("stream", ["upstream-answer.txt", "client-answer.txt"]),
        ("summary", ["ex_01kamc8q1v00000002.json"]),
    ],
)
def test_a_page_hands_out_what_it_shows(page: str, names: list[str]) -> None:
    assert list(outside.documents(converted(), page, 2)) == names


def test_json_is_indented_and_everything_else_as_it_was() -> None:
    found = outside.documents(converted(), "request", 2)
    assert json.loads(found["client-request.json"]) == CHAT_REQUEST
    assert "\n  " in found["client-request.json"]
    exchange = converted()
    assert exchange.bodies is not None
    exchange.bodies.attempts[1].answer = KIRO_STREAM
    assert outside.documents(exchange, "answer", 2)["upstream-answer.txt"] == KIRO_STREAM


def test_a_program_gets_the_files_and_they_are_gone_afterwards(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = tmp_path / "my editor"
    script.write_text(f'#!/bin/sh\necho "$@" > {seen}\ncat "$2" >> {seen}\nstat -c %a "$(dirname "$2")" >> {seen}\n')
    script.chmod(stat.S_IRWXU)
    outside.run(f"'{script}' --wait", {"a.json": "{}"})
    arguments, text = seen.read_text().splitlines()[:2]
    assert arguments.startswith("--wait ")
    assert text.startswith("{}")
    assert seen.read_text().rstrip().endswith("700")
    assert not Path(arguments.split()[1]).exists()


@pytest.mark.parametrize("command", ["no-such-editor-here", "'unclosed"])
def test_a_program_that_is_none_is_told(command: str) -> None:
    with pytest.raises(UsageError):
        outside.run(command, {"a": ""})


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said before Enter goes back; nothing for a program that waited for somebody to read."""
    said: list[str] = []
    monkeypatch.setattr(outside, "_wait_for_enter", said.append)
    return said


def test_what_is_over_at_once_stays_in_sight_until_enter(told: list[str]) -> None:
    outside.run("true", {"a": ""})
    assert told == [""]


def test_a_program_that_waits_comes_back_by_itself(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "AT_ONCE_S", 0)
    outside.run("true", {"a": ""})
    assert told == []


@pytest.mark.parametrize(
    ("script", "says"),
    [("exit 3", "sh ended with exit code 3. "), ("kill -TERM $$", "sh was ended by SIGTERM. ")],
)
def test_how_a_program_failed_is_told(told: list[str], monkeypatch: pytest.MonkeyPatch, script: str, says: str) -> None:
    monkeypatch.setattr(outside, "AT_ONCE_S", 0)
    outside.run(f"sh -c '{script}'", {"a": ""})
    assert told == [says]


def test_an_interrupt_is_for_the_program_alone(told: list[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    outside.run("sh -c 'kill -INT $PPID; kill -INT $$'", {"a": ""})
    assert told == ["sh was ended by SIGINT. "]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("command", ["", "   "])
def test_no_command_is_told(command: str) -> None:
    with pytest.raises(UsageError, match="no command line"):
        outside.run(command, {"a": ""})


def test_a_request_that_came_without_a_server_has_no_command() -> None:
    exchange = requested("{}")
    exchange.path = "chat"
    with pytest.raises(UsageError, match="a2a chat sent this without a server"):
        curl.command(exchange, URL)


def test_whatever_is_recorded_can_be_handed_out() -> None:
    changes: list[dict[str, Any]] = [{"bodies": None}, {"attempts": []}]
    for each in changes:
        for page in ("summary", "request", "answer", "stream", "headers", "replay"):
            assert outside.documents(converted(**each), page, 1)
