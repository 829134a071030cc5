"""What a target has no place for is noted, whoever would have had to write it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from a2a.messages import (
    CacheHint,
    Inline,
    Media,
    Message,
    Opaque,
    OutFormat,
    Part,
    PartEnd,
    Proto,
    Request,
    Text,
    Think,
    Tool,
    ToolCall,
    ToolResult,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.losses import of_answer
from a2a.protocols.prepare import prepare

HINT = CacheHint()
ALL: tuple[Proto, ...] = ("chat", "responses", "claude", "gemini", "kiro")
CALLED = (ToolCall(id="c", name="f"), ToolResult(call_id="c", parts=[Text(text="ok")]))


def noted(
    target: Proto, *parts: Part, proto: Proto = "claude", wire: dict[str, str] | None = None, **fields: Any
) -> list[str]:
    """`field action` of every note; the parts are the user's, calls aside."""
    calls: list[Part] = [part for part in parts if isinstance(part, ToolCall)]
    own: list[Part] = [part for part in parts if not isinstance(part, ToolCall)]
    messages = fields.pop(
        "messages", [Message(role="assistant", parts=calls)] * bool(calls) + [Message(role="user", parts=own)]
    )
    req = Request(proto=proto, model="m", messages=messages, **fields)
    conv = Conversion(request=req, profile=Profile(wire=wire or {}), model="m", now=0.0)
    prepare(req, conv, target)
    return [f"{note.field} {note.action}" for note in conv.notes]


def where(note: str, *parts: Part, proto: Proto = "claude", **fields: Any) -> set[str]:
    """The targets at which it is noted."""
    return {target for target in ALL if note in noted(target, *parts, proto=proto, **fields)}


def test_cache_breakpoints() -> None:
    """Chat and Responses say the rest themselves, where they write the part."""
    lost = "cache_control dropped"
    assert where(lost, Text(text="x", cache=HINT)) == {"gemini", "kiro"}
    assert where(lost, Media(kind="image", source=Inline(data="eA=="), cache=HINT)) == {"gemini", "kiro"}
    assert where(lost, Text(text="x"), system=[Text(text="s", cache=HINT)]) == {"responses", "gemini", "kiro"}
    assert where(lost, Text(text="x"), tools=[Tool(name="f", cache=HINT)]) == {"responses", "gemini", "kiro"}
    call, result = ToolCall(id="c", name="f", cache=HINT), ToolResult(call_id="c", parts=[Text(text="ok")], cache=HINT)
    assert where(lost, call, CALLED[1]) == where(lost, CALLED[0], result) == set(ALL) - {"claude"}


def test_texts() -> None:
    cited = Text(text="x", citations=Raw(b"[{}]"))
    assert where("citations dropped", cited) == set(ALL) - {"claude"}
    assert where("citations dropped", cited, proto="responses") == set(ALL)
    assert where("phase dropped", Text(text="x", phase="commentary"), proto="responses") == set(ALL) - {"responses"}


def test_names_of_speakers() -> None:
    messages = [Message(role="user", parts=[Text(text="x")], name="anna")]
    assert where("messages.name dropped", proto="chat", messages=messages) == set(ALL) - {"chat"}


def test_media() -> None:
    image = Media(kind="image", source=Inline(data="eA=="), name="a.png", detail="low")
    document = Media(kind="document", source=Inline(data="eA=="), name="a.pdf", detail="low")
    assert where("image.name dropped", image) == set(ALL) - {"gemini"}
    assert where("image.detail dropped", image) == {"kiro"}
    assert where("document.name dropped", document) == set()
    assert where("document.detail dropped", document) == {"chat", "claude", "kiro"}


def test_tools() -> None:
    strict = [Tool(name="f", strict=True)]
    assert where("tools.strict dropped", Text(text="x"), tools=strict) == {"gemini", "kiro"}
    assert "tools.strict dropped" not in noted("gemini", Text(text="x"), tools=strict, wire={"validated": "1"})
    assert where("tools.strict dropped", Text(text="x"), proto="gemini", tools=strict) == {"kiro"}
    deferred = [Tool(name="f", deferred=True)]
    assert where("tools.defer_loading mapped", Text(text="x"), tools=deferred) == set(ALL) - {"claude"}


def test_signatures() -> None:
    token = Opaque("google", "signature", "Z29v")
    call = ToolCall(id="c", name="f", opaque=[token])
    assert where("signature dropped", call, CALLED[1], proto="gemini") == set(ALL) - {"gemini"}
    assert where("signature dropped", Text(text="x", opaque=[token]), proto="gemini") == set(ALL) - {"gemini"}


def test_the_request() -> None:
    said = Text(text="x")
    assert where("anthropic-beta dropped", said, betas=["b"]) == set(ALL) - {"claude"}
    assert where("store dropped", said, proto="responses", store=True) == {"chat", "gemini", "kiro"}
    assert where("store dropped", said, proto="responses", store=False) == set()
    described = OutFormat(kind="schema", schema=Raw(b"{}"), description="d")
    assert where("response_format.description dropped", said, proto="chat", output=described) == {"claude", "gemini"}
    assert where("reasoning.summary dropped", said, think=Think(show="summary")) == {"chat"}
    assert where("metadata dropped", said, proto="chat", metadata={"a": "b"}) == {"kiro"}


@pytest.mark.parametrize(("field", "name"), [("user", "user"), ("cache_key", "prompt_cache_key")])
def test_what_becomes_kiros_conversation(field: str, name: str) -> None:
    assert where(f"{name} mapped", Text(text="x"), **{field: "u"}) == {"kiro"}


@pytest.mark.parametrize("proto", ALL[:4])
def test_a_plain_request_loses_nothing(proto: Proto) -> None:
    for target in ALL:
        assert noted(target, Text(text="x"), proto=proto, system=[Text(text="s")], tools=[Tool(name="f")]) == []


@pytest.mark.parametrize(("source", "noted"), [("claude", True), ("chat", False)])
def test_sources_a_text_cites_are_noted_where_they_end(source: str, noted: bool) -> None:
    conv = Conversion(request=Request(proto="chat", model="m", messages=[]), profile=Profile(), model="m", now=0.0)
    cited = Text(text="x", citations=Raw(b'[{"type":"x"}]'))
    of_answer([PartEnd(0, part=Text(text="y")), PartEnd(1, part=cited)], conv, source)  # type: ignore[arg-type]
    assert ([note.field for note in conv.notes] == ["citations"]) is noted
