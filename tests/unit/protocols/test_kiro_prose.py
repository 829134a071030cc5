"""Thinking tags, written calls and fences, delta by delta (specs/kiro.md 6.8, 7.3; conversion.md 8.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a.protocols.kiro.called import CalledText
from a2a.protocols.kiro.fence import Fence
from a2a.protocols.kiro.tags import ThinkTags

SCRAPS = st.lists(
    st.sampled_from(["<thinking>", "</thinking>", "<thin", "</think", "`", "``", "```", "\n", " ", "a", "é"]),
    max_size=12,
)


def separated(*deltas: str) -> tuple[str, str]:
    """(thoughts, text)"""
    tags = ThinkTags()
    pieces = [piece for delta in deltas for piece in tags.feed(delta)] + tags.flush()
    thoughts, text = ("".join(piece for kind, piece in pieces if kind == wanted) for wanted in ("think", "text"))
    return thoughts, text


@pytest.mark.parametrize(
    ("answer", "thoughts", "text"),
    [
        ("<thinking>a</thinking>\n\nb", "a", "b"),
        ("\n <thinking>a</thinking>b", "a", "b"),
        ("<thinking>a</thinking>\n\n\nb", "a", "\nb"),
        ("<thinking>a</thinking>\n\nb <thinking>c</thinking>", "a", "b <thinking>c</thinking>"),
        ("b <thinking>a</thinking>", "", "b <thinking>a</thinking>"),
        ("<thinking>never closed", "never closed", ""),
        ("<thinking>the `</thinking>` tag</thinking>b", "the `</thinking>` tag", "b"),
        ("<thinking>```\n</thinking>\n```\n</thinking>b", "```\n</thinking>\n```\n", "b"),
        ("<thinking>a stray ` tick\n</thinking>b", "a stray ` tick\n", "b"),
        ("<thin", "", "<thin"),
        ("  ", "", "  "),
        ("", "", ""),
    ],
)
def test_tags(answer: str, thoughts: str, text: str) -> None:
    assert separated(answer) == (thoughts, text)
    assert separated(*answer) == (thoughts, text)


@given(SCRAPS)
def test_tags_come_out_the_same_for_any_split(scraps: list[str]) -> None:
    whole = separated("".join(scraps))
    assert separated(*scraps) == whole
    assert separated(*"".join(scraps)) == whole


def test_text_goes_on_at_once() -> None:
    tags = ThinkTags()
    assert tags.feed("<thinking>ab") == [("think", "ab")]
    assert tags.feed("c</") == [("think", "c")]
    assert tags.feed("thinking>\n") == []
    assert tags.feed("\nd") == [("text", "d")]
    assert tags.feed("<thinking>") == [("text", "<thinking>")]


def test_only_the_begin_of_a_line_is_held_back() -> None:
    called = CalledText(["f"])
    assert called.feed("a [Called f with args: {") == "a [Called f with args: {"
    assert called.feed("\n[Cal") == "\n"
    assert called.feed("ling it]") == "[Calling it]"
    assert called.feed(" [Called") == " [Called"


def test_held_text_can_be_released() -> None:
    called = CalledText(["f"])
    assert called.feed("x\n[Called f with args: {}") == "x\n"
    assert called.release() == "[Called f with args: {}"
    assert called.feed("[Called f with args: {}]") == "[Called f with args: {}]"


def test_several_written_calls_and_the_text_between() -> None:
    called = CalledText(["f", "g"])
    assert called.feed('[Called f with args: {"a": 1}]\nthen\n[Called g with args: { } ]\nbye') == ""
    assert called.calls() == ([("f", '{"a": 1}'), ("g", "{ }")], "then\nbye")


@given(st.lists(st.sampled_from(["[Called f with args: {", "[Ca", "}", "]", "\n", '"', "a", "{"]), max_size=12))
def test_no_text_is_lost_and_any_split_is_the_same(scraps: list[str]) -> None:
    def sent(deltas: list[str]) -> tuple[str, str]:
        called = CalledText(["f"])
        early = "".join(map(called.feed, deltas))
        return early, called.release()

    whole = "".join(scraps)
    assert "".join(sent(scraps)) == whole
    assert sent(list(whole)) == sent([whole]) == sent(scraps)


def unfenced(*deltas: str) -> str:
    fence = Fence()
    return "".join(map(fence.feed, deltas)) + fence.flush()


@pytest.mark.parametrize(
    ("answer", "inside"),
    [
        ('```json\n{"a": 1}\n```', '{"a": 1}'),
        ('\n``` \n{"a": 1}\n```\n', '{"a": 1}'),
        ('{"a": "```"}', '{"a": "```"}'),
        ('```json\n{"a": "```"}\n```', '{"a": "```"}'),
        ('```json\n{"a": 1', '{"a": 1'),
        ("```json", "```json"),
        ("```js {}", "```js {}"),
        ("```\na\n``\n", "a\n``\n"),
        ("```\na````", "a````"),
        ("```\n`````````", "`````````"),
        ("```\na````\n```", "a````"),
        ("", ""),
    ],
)
def test_fences(answer: str, inside: str) -> None:
    assert unfenced(answer) == inside
    assert unfenced(*answer) == inside


@given(st.lists(st.sampled_from(["```", "json", "\n", "`", " ", "{}", "a"]), max_size=10))
def test_fences_come_off_the_same_for_any_split(scraps: list[str]) -> None:
    whole = unfenced("".join(scraps))
    assert unfenced(*scraps) == whole == unfenced(*"".join(scraps))
