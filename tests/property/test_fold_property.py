"""`fold(explode(r)) == r`: stream and whole answer are one truth, also through filters that have nothing to do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from a2a.messages import (
    CacheHint,
    Candidate,
    Delta,
    Foreign,
    Inline,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Request,
    Response,
    Stop,
    Text,
    ToolCall,
    Usage,
)
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.filters import Filters
from a2a.protocols.fold import explode, fold

WORDS = st.text(max_size=20)
MAYBE = st.none() | WORDS
EXT = st.none() | st.dictionaries(WORDS, st.just(Raw(b"1.50")), min_size=1, max_size=2)
OPAQUE = st.lists(
    st.builds(
        Opaque,
        family=st.sampled_from(["openai", "anthropic", "google"]),
        kind=st.sampled_from(["signature", "encrypted", "redacted"]),
        data=WORDS,
    ),
    max_size=2,
    unique_by=repr,
)
TEXT = st.builds(
    Text,
    text=WORDS,
    cache=st.none() | st.just(CacheHint("5m")),
    opaque=OPAQUE,
    citations=st.none() | st.just(Raw(b"[]")),
    phase=MAYBE,
    ext=EXT,
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    TEXT,
    st.builds(Reasoning, text=WORDS, summary=st.booleans(), opaque=OPAQUE, item_id=MAYBE, ext=EXT),
    st.builds(ToolCall, id=WORDS, name=WORDS, args=WORDS, custom=st.booleans(), opaque=OPAQUE, ext=EXT),
    st.builds(Refusal, text=WORDS, ext=EXT),
    st.builds(Media, kind=st.just("image"), source=st.builds(Inline, data=WORDS), mime=MAYBE),
    st.builds(Foreign, proto=st.just("claude"), wire_type=WORDS, raw=st.just(Raw(b"{}")), as_text=MAYBE),
)
COUNTS = st.integers(0, 10**6)
RESPONSES = st.builds(
    Response,
    proto=st.sampled_from(["chat", "responses", "claude", "gemini", "kiro"]),
    id=WORDS,
    model=WORDS,
    created=COUNTS,
    candidates=st.lists(
        st.builds(
            Candidate,
            parts=st.lists(PARTS, max_size=4),
            stop=st.builds(
                Stop, kind=st.sampled_from(["end", "tool_call", "length", "refusal"]), detail=MAYBE, raw=MAYBE
            ),
        ),
        max_size=3,
    ),
    usage=st.builds(Usage, input=st.none() | COUNTS, cache_read=COUNTS, output=st.none() | COUNTS, reasoning=COUNTS),
)
PIECE = st.integers(1, 5)


def idle_filters() -> Filters:
    request = Request(proto="chat", model="m", messages=[])
    return Filters(Conversion(request=request, profile=Profile(), model="m", now=0.0))


@given(RESPONSES)
def test_fold_undoes_explode(res: Response) -> None:
    assert fold(explode(res), res.proto) == res


@given(RESPONSES, PIECE)
def test_the_size_of_the_deltas_does_not_matter(res: Response, size: int) -> None:
    events = []
    for event in explode(res):
        if isinstance(event, Delta):
            text = event.text
            events += [Delta(event.i, text[at : at + size], event.c) for at in range(0, len(text), size)]
        else:
            events.append(event)
    assert fold(events, res.proto) == res


@given(RESPONSES)
def test_idle_filters_change_nothing(res: Response) -> None:
    filters = idle_filters()
    events = explode(res)
    assert filters.on(events) is events
    assert filters.whole(res) is res


@given(
    st.text("aSTOPX ", max_size=30), st.lists(st.text("STOPX", min_size=1, max_size=4), min_size=1, max_size=3), PIECE
)
def test_a_local_stop_cuts_where_the_first_sequence_is_complete(text: str, stops: list[str], size: int) -> None:
    request = Request(proto="chat", model="m", messages=[], stop=stops)
    conv = Conversion(request=request, profile=Profile(), model="m", now=0.0, extra={"local_stop": "1"})
    res = Response(
        proto="chat",
        id="r",
        model="m",
        created=0,
        candidates=[Candidate(parts=[Text(text=text)], stop=Stop(kind="end"))],
    )
    filters = Filters(conv)
    events = []
    for event in explode(res):
        pieces = [event]
        if isinstance(event, Delta):
            pieces = [Delta(0, text[at : at + size]) for at in range(0, len(text), size)]
        events += [out for piece in pieces for out in filters.on([piece])]
    folded = fold(events, "chat")
    assert isinstance(folded, Response)
    cuts = [(at + len(stop), at) for stop in stops if (at := text.find(stop)) >= 0]
    assert folded.candidates[0].parts == [Text(text=text[: min(cuts)[1]] if cuts else text)]
    assert filters.stopped is bool(cuts)
