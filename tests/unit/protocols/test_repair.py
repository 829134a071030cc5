"""repair: histories as clients send them become histories that upstreams accept."""

from __future__ import annotations

import pytest

from a2a.messages import Foreign, Inline, Media, Message, Part, Reasoning, Text, ToolCall, ToolResult
from a2a.protocols.repair import repair

Notes = list[tuple[str, str, str]]


def user(*parts: Part | str) -> Message:
    return Message(role="user", parts=[Text(text=part) if isinstance(part, str) else part for part in parts])


def assistant(*parts: Part | str) -> Message:
    return Message(role="assistant", parts=[Text(text=part) if isinstance(part, str) else part for part in parts])


def system(text: str) -> Message:
    return Message(role="system", parts=[Text(text=text)])


def call(id: str, name: str = "f") -> ToolCall:  # noqa: A002
    return ToolCall(id=id, name=name)


def result(id: str, text: str = "ok") -> ToolResult:  # noqa: A002
    return ToolResult(call_id=id, parts=[Text(text=text)])


def missing(id: str, name: str = "f") -> ToolResult:  # noqa: A002
    return ToolResult(call_id=id, parts=[Text(text="[no result recorded]")], name=name, is_error=True)


def run(*messages: Message) -> tuple[list[Message], Notes]:
    notes: Notes = []
    return repair(list(messages), lambda what, action, why: notes.append((what, action, why))), notes


@pytest.mark.parametrize(
    "history",
    [
        [user("a")],
        [user("a"), assistant("b"), user("c")],
        [user("a"), assistant("x", call("1"), call("2")), user(result("1"), result("2"), "and?")],
        [user("a"), assistant(call("1"))],
        [user("a"), assistant("b"), user("c"), system("d")],
        [system("a"), system("b"), user("c")],
        [],
    ],
)
def test_a_good_history_stays(history: list[Message]) -> None:
    assert run(*history) == (history, [])


def test_an_orphan_result_becomes_text() -> None:
    image = Media(kind="image", source=Inline("aGk="))
    orphan = ToolResult(call_id="9", parts=[Text(text="one"), image, Text(text="two")])
    got, notes = run(user("a"), assistant("b"), user(orphan))
    assert got[2] == user("[result of unknown tool call 9] one\ntwo", image)
    assert notes == [("messages[2]", "repaired", "result of an unknown tool call 9")]


def test_a_result_before_its_call_is_an_orphan() -> None:
    got, _ = run(user(result("1")), assistant(call("1")), user("x"))
    assert got == [user("[result of unknown tool call 1] ok"), assistant(call("1")), user(missing("1"), "x")]


def test_a_call_without_result_gets_one_when_the_talk_went_on() -> None:
    got, notes = run(user("a"), assistant(call("1"), call("2")), user(result("2")))
    assert got[2] == user(missing("1"), result("2"))
    assert notes == [("messages[1]", "repaired", "no result for tool call 1")]


def test_the_last_duplicate_result_counts() -> None:
    got, notes = run(user("a"), assistant(call("1")), user(result("1", "old"), result("1", "new")))
    assert got[2] == user(result("1", "new"))
    assert "second result" in notes[0][2]


def test_duplicate_call_ids_are_told_apart_with_their_results() -> None:
    got, notes = run(
        user("a"),
        assistant(call("1")),
        user(result("1", "x")),
        assistant(call("1")),
        user(result("1", "y")),
        assistant("z"),
    )
    assert got[3:5] == [assistant(call("1_2")), user(result("1_2", "y"))]
    assert got[2] == user(result("1", "x"))
    assert notes == [("messages[3]", "repaired", "second tool call with the id 1")]


def test_duplicate_ids_inside_one_turn() -> None:
    got, _ = run(user("a"), assistant(call("1", "f"), call("1", "g")), user(result("1", "x"), result("1", "y")))
    assert got[1:] == [assistant(call("1", "f"), call("1_2", "g")), user(result("1", "x"), result("1_2", "y"))]


def test_results_move_behind_their_calls() -> None:
    got, notes = run(user("a"), assistant(call("1")), system("injected"), user("b", result("1")))
    assert got == [user("a"), assistant(call("1")), user(result("1")), system("injected"), user("b")]
    assert notes == [("messages[3]", "repaired", "result of 1 moved to its call")]


def test_results_come_first_and_in_the_order_of_the_calls() -> None:
    got, notes = run(user("a"), assistant(call("1"), call("2")), user("text", result("2"), result("1")))
    assert got[2] == user(result("1"), result("2"), "text")
    assert notes == []


def test_results_in_several_messages_come_together() -> None:
    got, _ = run(user("a"), assistant(call("1"), call("2")), user(result("1")), user(result("2"), "b"))
    assert got[2:] == [user(result("1"), result("2"), "b")]


def test_neighbours_of_one_role_merge() -> None:
    first, second = (Message(role="user", parts=[Text(text=text)], name=text) for text in "ab")
    got, notes = run(first, second, assistant("c"), assistant("d"))
    assert got == [user("a", "b"), assistant("c", "d")]
    assert len(notes) == 2


def test_emptied_messages_go() -> None:
    got, _ = run(user("a"), assistant(), user("b"))
    assert got == [user("a", "b")]


def test_reasoning_and_foreign_parts_never_pair() -> None:
    server = Foreign(proto="claude", wire_type="server_tool_use", raw=b'{"id":"1"}')  # type: ignore[arg-type]
    history = [user("a"), assistant(Reasoning(text="hm"), server), user("b")]
    assert run(*history) == (history, [])


def test_the_input_is_not_changed() -> None:
    messages = [user("a"), assistant(call("1"), call("1")), user(result("1")), user("b")]
    before = repr(messages)
    run(*messages)
    assert repr(messages) == before
