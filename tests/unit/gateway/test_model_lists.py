"""`GET /v1/models` as OpenAI and Claude clients read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from a2a.errors import RequestError
from a2a.protocols.chat import lists as chat
from a2a.protocols.claude import lists as claude

ENTRIES = [claude.Entry(f"m{number}", f"M {number}", 1_767_225_600) for number in range(5)]


def page(**query: str) -> Any:
    return json.loads(claude.render_models(ENTRIES, **query))


def ids(found: Any) -> list[str]:
    return [entry["id"] for entry in found["data"]]


def test_the_openai_shape() -> None:
    entry = chat.Entry("m", 5, "me")
    shown = {"id": "m", "object": "model", "created": 5, "owned_by": "me"}
    assert json.loads(chat.render_model(entry)) == shown
    assert json.loads(chat.render_models([entry])) == {"object": "list", "data": [shown]}
    assert json.loads(chat.render_models([])) == {"object": "list", "data": []}


def test_the_claude_shape() -> None:
    shown = {"type": "model", "id": "m0", "display_name": "M 0", "created_at": "2026-01-01T00:00:00Z"}
    assert json.loads(claude.render_model(ENTRIES[0])) == shown
    assert page(limit="1") == {"data": [shown], "has_more": True, "first_id": "m0", "last_id": "m0"}


@pytest.mark.parametrize(
    ("query", "expected", "more"),
    [
        ({}, ["m0", "m1", "m2", "m3", "m4"], False),
        ({"limit": "2"}, ["m0", "m1"], True),
        ({"limit": "2", "after_id": "m1"}, ["m2", "m3"], True),
        ({"limit": "2", "after_id": "m2"}, ["m3", "m4"], False),
        ({"after_id": "m4"}, [], False),
        ({"after_id": "nobody", "limit": "1"}, ["m0"], True),
        ({"limit": "2", "before_id": "m4"}, ["m2", "m3"], True),
        ({"limit": "2", "before_id": "m2"}, ["m0", "m1"], False),
        ({"limit": "5", "before_id": "m1"}, ["m0"], False),
        ({"before_id": "nobody", "limit": "2"}, ["m3", "m4"], True),
        ({"after_id": "m0", "before_id": "m3"}, ["m1", "m2"], True),
    ],
)
def test_paging(query: dict[str, str], expected: list[str], more: bool) -> None:
    found = page(**query)
    assert (ids(found), found["has_more"]) == (expected, more)


def test_an_empty_page_has_no_ids() -> None:
    found = page(after_id="m4")
    assert (found["first_id"], found["last_id"]) == (None, None)


def test_walking_all_pages_sees_each_model_once() -> None:
    seen: list[str] = []
    found = page(limit="2")
    while True:
        seen += ids(found)
        if not found["has_more"]:
            break
        found = page(limit="2", after_id=found["last_id"])
    assert seen == [entry.id for entry in ENTRIES]


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "two", "1.5", ""])
def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    with pytest.raises(RequestError) as caught:
        page(limit=limit)
    assert caught.value.param == "limit"


@pytest.mark.parametrize("limit", ["1", "1000"])
def test_limits_that_are_allowed(limit: str) -> None:
    assert page(limit=limit)["data"]
