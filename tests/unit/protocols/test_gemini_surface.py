"""Model lists, and what the byte path reads of Gemini's bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gemini_kit import VECTORS, chunk, golden_stream, sse, vector

from a2a.errors import RequestError
from a2a.messages import Usage
from a2a.protocols.gemini.lists import Entry, render_model, render_models
from a2a.protocols.gemini.tap import reader
from a2a.protocols.tap import Glance, Tap

PRO = Entry("gemini-3.1-pro", "Gemini 3.1 Pro", 1048576, 65536, True)
USAGE = Usage(input=812, cache_read=512, output=96, reasoning=40)


def test_list_vector() -> None:
    assert json.loads(render_models([PRO])) == vector("surface.json")["models"]["gemini"]["body"]


def test_one_model() -> None:
    assert json.loads(render_model(Entry("m", "M"))) == {
        "name": "models/m",
        "version": "001",
        "displayName": "M",
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def test_pages() -> None:
    entries = [Entry(str(n), "x") for n in range(5)]
    names: list[str] = []
    token: str | None = None
    for _ in range(3):
        page = json.loads(render_models(entries, page_size="2", page_token=token))
        names += [model["name"] for model in page["models"]]
        token = page.get("nextPageToken")
    assert names == [f"models/{n}" for n in range(5)]
    assert token is None
    assert len(json.loads(render_models(entries, page_size="0"))["models"]) == 5


@pytest.mark.parametrize(
    "query", [{"page_size": "-1"}, {"page_size": "x"}, {"page_token": "x"}, {"page_size": "9" * 99}]
)
def test_nonsense_in_the_query(query: Any) -> None:
    with pytest.raises(RequestError):
        render_models([], **query)


def _tapped(data: bytes, size: int = 64) -> tuple[bool, Glance]:
    tap = Tap(reader)
    begun = False
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        if begun:
            tap.feed(piece)
        else:
            begun = tap.first(piece)
    return begun, tap.close()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_golden_stream(end: bytes) -> None:
    begun, glance = _tapped(golden_stream().replace(b"\n", end))
    assert begun
    assert glance == Glance(usage=USAGE, stop="tool_call", complete=True, begun=True)


def test_a_cut_stream_is_incomplete() -> None:
    _, glance = _tapped(golden_stream()[:-300])
    assert not glance.complete


def test_errors_in_a_stream() -> None:
    for value in ({"error": {"code": 429, "message": "slow"}}, [{"error": {"code": 429, "message": "slow"}}]):
        _, glance = _tapped(sse(value))
        assert glance.failure is not None
        assert glance.failure.kind == "rate_limited"


def test_what_does_not_begin_an_answer() -> None:
    begun, glance = _tapped(sse({}, 5) + b"data: {\n\n" + sse({"usageMetadata": {"promptTokenCount": 1}}))
    assert not begun
    assert glance == Glance(usage=Usage(input=1))


def test_a_blocked_prompt_is_an_answer() -> None:
    begun, glance = _tapped(sse({"promptFeedback": {"blockReason": "SAFETY"}}))
    assert (begun, glance.complete, glance.stop) == (True, True, "SAFETY")


def test_whole_answers() -> None:
    glance = reader.whole((VECTORS / "gemini.response.json").read_bytes())
    assert glance == Glance(usage=USAGE, stop="tool_call", complete=True)
    assert reader.whole(json.dumps(chunk({"text": "a"})).encode()).failure is None


@pytest.mark.parametrize(
    "body", [b"{}", b'{"candidates":[]}', b"<html>", b"", b'{"error":{"code":500}}', b'[{"error":{"code":500}}]']
)
def test_what_is_no_answer(body: bytes) -> None:
    failure = reader.whole(body).failure
    assert failure is not None
    assert failure.kind == "upstream"
