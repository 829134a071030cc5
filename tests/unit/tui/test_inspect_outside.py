"""What leaves the inspector: files for an editor or a pager."""

from __future__ import annotations

import json
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
from support.fake_exchange import CHAT_REQUEST, KIRO_STREAM, converted

from a2a.errors import UsageError
from a2a.tui.inspect import outside


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


def test_whatever_is_recorded_can_be_handed_out() -> None:
    changes: list[dict[str, Any]] = [{"bodies": None}, {"attempts": []}]
    for each in changes:
        for page in ("summary", "request", "answer", "stream", "headers", "replay"):
            assert outside.documents(converted(**each), page, 1)
