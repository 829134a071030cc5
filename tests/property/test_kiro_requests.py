"""Whatever a client sends, the demo upstream (strict rules of specs/kiro.md 12.2) accepts what becomes of it."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from a2a.clock import SystemClock
from a2a.demo.catalog import KIRO
from a2a.demo.kiro import rules
from a2a.demo.kiro.state import KiroState
from a2a.errors import RequestError
from a2a.messages import Inline, Media, Message, Reasoning, Request, Text, Think, Tool, ToolCall, ToolChoice, ToolResult
from a2a.protocols.base import Conversion
from a2a.protocols.kiro import models, upstream
from a2a.protocols.prepare import prepare

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
SCHEMAS = (
    b"{}",
    b'{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}},"additionalProperties":false}',
    b'{"$schema":"x","anyOf":[{"type":"object","properties":{"q":{"const":1}}},{"type":"object"}],"required":[]}',
    b'{"properties":{"x":{"$ref":"#/$defs/X"}},"$defs":{"X":{"type":["string","null"]}}}',
)

texts = st.builds(Text, text=st.sampled_from(["", "a", " ", "x\x00y", "ü👋", "\n"]))
images = st.builds(Media, kind=st.just("image"), source=st.just(Inline(PIXEL)))
documents = st.builds(
    Media,
    kind=st.just("document"),
    source=st.just(Inline("aGk=")),
    mime=st.just("text/plain"),
    name=st.sampled_from([None, "a.txt", "ü/..", "a b"]),
)
content = texts | images | documents
ids = st.sampled_from(["t1", "t2", "toolu_x.y", "ü"])
names = st.sampled_from(["f", "g.h", "n" * 80, "ü", "f_"])
arguments = st.sampled_from(["", "{}", '{"a":1}', '{"":1}', "[1]", '{"a":', '{"a":null,"b":[]}'])
results = st.builds(ToolResult, call_id=ids, parts=st.lists(content, max_size=2), is_error=st.booleans())
calls = st.builds(ToolCall, id=ids, name=names, args=arguments)
messages = (
    st.builds(Message, role=st.just("user"), parts=st.lists(content | results, max_size=3))
    | st.builds(Message, role=st.just("assistant"), parts=st.lists(texts | calls | st.builds(Reasoning), max_size=3))
    | st.builds(Message, role=st.just("system"), parts=st.lists(texts, max_size=1))
)
tools = st.builds(
    Tool,
    name=names,
    description=st.sampled_from([None, "", "d", "z" * 11_000]),
    schema=st.none() | st.sampled_from([Raw(schema) for schema in SCHEMAS]),
)
choices = (
    st.none()
    | st.builds(ToolChoice, mode=st.sampled_from(["auto", "none", "required"]))
    | names.map(lambda name: ToolChoice("tool", (name,)))
)
thinking = (
    st.none()
    | st.builds(Think, effort=st.sampled_from(["none", "minimal", "low", "xhigh", "max"]))
    | st.builds(Think, budget=st.sampled_from([0, -1, 500, 32_000]))
    | st.just(Think(adaptive=True))
)
requests = st.builds(
    Request,
    proto=st.sampled_from(["chat", "claude"]),
    model=st.sampled_from([model.id for model in models.MODELS if model.id in KIRO]),
    messages=st.lists(messages, min_size=1, max_size=6),
    system=st.lists(texts, max_size=2),
    tools=st.lists(tools, max_size=3),
    choice=choices,
    think=thinking,
    max_output=st.sampled_from([None, 1, 5000, 1_000_000]),
)
STATE = KiroState(SystemClock())


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(requests)
def test_the_strict_upstream_accepts_every_body(req: Request) -> None:
    model = models.find(req.model)
    assert model is not None
    conv = Conversion(request=req, profile=models.profile(model), model=req.model, now=0.0)
    try:
        body = upstream.render_request(prepare(req, conv, "kiro"), conv)
    except RequestError:
        return
    rules.check(json.loads(body), STATE)
