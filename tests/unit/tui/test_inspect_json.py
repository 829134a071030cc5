"""JSON as the inspector shows it: readable, whole or cut off, and compared by path or by section."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_exchange import CHAT_REQUEST, CLAUDE_REQUEST

from a2a.control.types import NoteView
from a2a.tui.diff import align
from a2a.tui.inspect import json_diff, json_text, sections
from a2a.tui.inspect.json_text import Number, cleaned, mended, parse, parse_cut, printed
from a2a.tui.inspect.sheet import LONGEST, Row, Sheet, stacked, visible

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def texts(value: Any) -> list[str]:
    return [each.line.text for each in printed(value)]


def told(rows: list[Row]) -> list[tuple[str, str, str]]:
    """(sign, left, right), "" where nothing stands."""
    return [(row.sign, row.left.text if row.left else "", row.right.text if row.right else "") for row in rows]


def differing(left: Any, right: Any) -> list[tuple[str, str, str]]:
    return [
        (sign, one.strip(), other.strip()) for sign, one, other in told(json_diff.rows(left, right)[0]) if sign != " "
    ]


def test_small_things_stay_on_one_line_and_large_ones_open() -> None:
    value = {"model": "m", "tools": [{"name": "a", "schema": {"type": "object"}}], "empty": [], "stop": None}
    assert texts(value) == [
        "{",
        '  model: "m"',
        "  tools: [",
        "    {",
        '      name: "a"',
        '      schema: { type: "object" }',
        "    }",
        "  ]",
        "  empty: []",
        "  stop: null",
        "}",
    ]


def test_a_text_of_several_lines_is_read_as_lines_and_folds() -> None:
    first, second, third = printed("one\ntwo\nthree", 0, "content")
    assert [first.line.text, second.line.text, third.line.text] == ['content: "one', "  ┊ two", '  ┊ three"']
    assert (first.size, first.brief) == (2, ' … 3 lines"')


def test_numbers_are_shown_as_they_were_written() -> None:
    assert texts(parse("[1.0, 1, 1e400, 12345678901234567890123]")) == ["[1.0, 1, 1e400, 12345678901234567890123]"]
    assert parse("1.0") != parse("1")
    assert parse('"1"') != Number("1")


def test_what_a_terminal_would_obey_is_spelled_out() -> None:
    assert cleaned("a\x1b[31mb\u202ec\ud800\td") == "a\\u001b[31mb\\u202ec\\ud800    d"


def test_a_file_in_a_string_starts_folded() -> None:
    head, *rest = printed("iVBOR" * 2000, 0, "data")
    assert head.closed
    assert head.brief == '…" 9.8 KiB'
    assert head.size == len(rest)


@given(st.text(min_size=1, max_size=5000))
def test_no_line_is_longer_than_the_limit(text: str) -> None:
    assert max(len(line) for line in json_text.text_lines(text * 3)) <= LONGEST


@given(JSON, st.data())
def test_a_text_that_ends_too_early_is_closed_where_it_ends(value: Any, data: st.DataObject) -> None:
    text = json.dumps({"a": [1, {"b": value}], "c": value})
    cut = text[: data.draw(st.integers(1, len(text)))]
    assert isinstance(parse_cut(cut), dict)


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        ('{"a": "one two', '{"a": "one two"}'),
        ('{"a": "x\\u00', '{"a": "x"}'),
        ('{"a": 1, "b', '{"a": 1}'),
        ('{"a": [1, 2', '{"a": [1]}'),
        ('{"a": tr', "{}"),
        ('{"a": {"b": []', '{"a": {"b": []}}'),
    ],
)
def test_what_is_kept_of_a_cut_text(cut: str, whole: str) -> None:
    assert mended(cut) == whole


def test_what_nobody_can_read_is_refused_in_one_way() -> None:
    for text in ("{", "[" * 100_000, "no json"):
        with pytest.raises(ValueError):
            parse(text)


def test_a_difference_is_found_by_path() -> None:
    left = {"model": "a", "gone": 1, "n": {"x": [1, 2]}}
    right = {"model": "b", "n": {"x": [1, 2]}, "new": True}
    assert differing(left, right) == [
        ("~", 'model: "a"', 'model: "b"'),
        ("-", "gone: 1", ""),
        ("+", "", "new: true"),
    ]


def test_an_item_put_in_front_does_not_change_those_behind_it() -> None:
    user = {"role": "user", "content": "hello " * 20}
    rows = differing({"messages": [user, user]}, {"messages": [{"role": "system", "content": "be terse"}, user, user]})
    assert rows == [("+", "", '{ role: "system", content: "be terse" }')]


def test_texts_are_compared_line_by_line() -> None:
    assert differing({"s": "one\ntwo\nthree"}, {"s": "one\n2\nthree\nfour"}) == [
        ("~", "┊ two", "┊ 2"),
        ("+", "", "┊ four"),
    ]


def test_equal_parts_start_folded_and_changed_ones_open() -> None:
    same = {f"key {n}": "a long value that makes it open" for n in range(9)}
    rows, folded = json_diff.rows({"same": same, "a": {"b": 1}}, {"same": same, "a": {"b": 2}})
    shown = [rows[index].left for index in visible(Sheet(rows), folded)]
    assert [line.text.strip() for line in shown if line] == ["{", "same: {", "a: {", "b: 1", "}", "}"]


def test_order_of_keys_is_no_difference() -> None:
    assert differing({"a": 1, "b": 2}, {"b": 2, "a": 1}) == []


@given(JSON, JSON)
def test_a_diff_holds_all_of_both_sides(left: Any, right: Any) -> None:
    rows, folded = json_diff.rows(left, right)
    if left != right:
        assert any(row.sign != " " for row in rows)
    assert all(index < len(rows) and rows[index].size for index in folded)
    assert all(index + row.size < len(rows) for index, row in enumerate(rows))


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
def test_alignment_keeps_both_orders(before: list[int], after: list[int]) -> None:
    pairs = list(align(before, after))
    assert [old for old, _ in pairs if old is not None] == list(range(len(before)))
    assert [new for _, new in pairs if new is not None] == list(range(len(after)))


def test_long_sequences_are_aligned_by_place() -> None:
    pairs = list(align(list(range(3000)), list(range(5000, 8000))))
    assert pairs == [(n, n) for n in range(3000)]


def test_protocols_are_taken_apart_by_what_their_parts_are_for() -> None:
    gemini = {
        "model": "m",
        "request": {
            "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
            "systemInstruction": {"parts": [{"text": "be terse"}]},
            "tools": [{"functionDeclarations": [{"name": "a"}, {"name": "b"}]}],
            "generationConfig": {"temperature": 1},
        },
    }
    kiro = {
        "conversationState": {
            "history": [{"userInputMessage": {"content": "a"}}],
            "currentMessage": {"userInputMessage": {"userInputMessageContext": {"tools": [{"name": "a"}]}}},
        }
    }

    def found(request: Any) -> dict[str, list[str]]:
        return {name: [part.key for part in parts] for name, parts in sections.parts(request).items()}

    assert found(CHAT_REQUEST) == {
        "system": ["messages[0]"],
        "tools": ["tools[0]"],
        "messages": ["messages[1]"],
        "parameters": ["model", "stream", "temperature", "logit_bias"],
    }
    assert found(gemini) == {
        "system": ["systemInstruction"],
        "tools": ["tools[0]", "tools[1]"],
        "messages": ["contents[0]"],
        "parameters": ["model", "generationConfig"],
    }
    assert found(kiro)["messages"] == ["history[0]", "currentMessage"]
    assert found(kiro)["tools"] == ["tools[0]"]
    assert found([1])["parameters"] == [""]


def test_a_note_is_told_in_its_section_and_marked_at_its_field() -> None:
    notes = [
        NoteView("logit_bias", "dropped", "the upstream knows none"),
        NoteView("system message", "mapped", "its own field"),
        NoteView("tool_choice", "emulated"),
        NoteView("something new", "clamped"),
    ]
    rows, _ = sections.rows(CHAT_REQUEST, CLAUDE_REQUEST, notes)
    left = [row.left.text for row in rows if row.left]
    places = [
        left.index(f"{name}  {count}")
        for name, count in (("system", 1), ("tools", 1), ("messages", 1), ("parameters", 4))
    ]
    assert places == sorted(places)
    assert left[places[0] + 1] == "  ~ system message mapped: its own field"
    assert left[places[1] + 1] == "  ~ tool_choice emulated"
    assert "  logit_bias: { 50256: -100 }  dropped" in left
    assert "  ~ something new clamped" in left[places[3] :]


def test_parameters_of_one_name_stand_beside_each_other() -> None:
    rows, _ = sections.rows({"stream": True, "seed": 7}, {"max_tokens": 1, "stream": True}, [])
    assert ("|", "  stream: true", "  stream: true") in told(rows)
    assert ("|", "  seed: 7", "  max_tokens: 1") in told(rows)


def test_in_one_column_what_differs_stands_below_each_other() -> None:
    rows, _ = json_diff.rows({"a": 1, "b": 2, "z": 0}, {"a": 3, "b": 4, "z": 0})
    sheet = Sheet(rows, ("left", "right"))
    shown = []
    for each in stacked(sheet, range(len(rows))):
        line = rows[each.row].right if each.side == "right" else rows[each.row].left
        shown.append((each.side, line.text.strip() if line else ""))
    assert shown == [
        ("both", "{"),
        ("left", "a: 1"),
        ("left", "b: 2"),
        ("right", "a: 3"),
        ("right", "b: 4"),
        ("both", "z: 0"),
        ("both", "}"),
    ]
