"""What was said in an exchange, as lines."""

from __future__ import annotations

from support.recorded import chat, exchange, with_bodies

from a2a.control.types import Fault
from a2a.gateway.transcript import answer_lines, request_lines, talk_of

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at":"sea","far":true}'}}
HISTORY = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [
        {"type": "text", "text": "See:\nthis"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}},
    ]},
    {"role": "assistant", "content": "I look.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "waves"},
]  # fmt: skip


def test_the_clients_side() -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {}}}
    talk = talk_of(chat(0, HISTORY, "Waves.", body={"tools": [tool]}))
    assert talk is not None
    assert list(request_lines(talk.request)) == [
        "[tools] look",
        "[system]",
        "    Be brief.",
        "[user]",
        "    See:",
        "    this",
        "    [image image/png: 73 bytes]",
        "    [image: https://example.com/cat.png]",
        "[assistant]",
        "    I look.",
        "    [calls look]",
        "        {",
        '          "at": "sea",',
        '          "far": true',
        "        }",
        "[user]",
        "    [result of call_1]",
        "        waves",
    ]


def test_the_answer() -> None:
    answer = {"content": "I look.", "reasoning_content": "Hm.\nYes.", "tool_calls": [CALL]}
    assert answer_lines(chat(0, HISTORY[:2], answer)) == [
        "[thinks] Hm.",
        "[thinks] Yes.",
        "I look.",
        "[calls look]",
        "    {",
        '      "at": "sea",',
        '      "far": true',
        "    }",
        "[ends: tool_call]",
    ]


def test_a_refusal() -> None:
    assert answer_lines(chat(0, HISTORY[:2], {"content": None, "refusal": "No."}))[0] == "[refuses] No."


def test_an_error_is_told_in_words() -> None:
    failed = exchange(0, state="failed", status=429, fault=Fault(kind="rate_limited", message="slow down"))
    assert answer_lines(failed) == ["[error 429] slow down"]


def test_what_is_not_recorded_says_nothing() -> None:
    assert answer_lines(exchange(0)) == []
    assert answer_lines(with_bodies(exchange(0), "not json", "x")) == []
