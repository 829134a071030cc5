"""Recorded bodies for people: JSON indented, streams one frame a line block, with the time each read came in."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import msgspec

from a2a.cli import figures
from a2a.cli.output import Out
from a2a.control.types import Arrival, Bodies, Exchange
from a2a.errors import UsageError


class Body(msgspec.Struct, frozen=True):
    """One recorded body. `text`: as recorded; `arrivals`: the reads of an upstream's answer."""

    name: str
    text: str
    headers: dict[str, str]
    head: str
    cut: bool
    arrivals: Sequence[Arrival] = ()


def bodies_of(exchange: Exchange) -> list[Body]:
    """All that were recorded, in the order in which they went over the wire."""
    bodies = exchange.bodies or Bodies()
    status = f"{exchange.status or ''}".strip()
    none: list[Arrival] = []
    found = [("client-request", bodies.request, bodies.request_headers, f"POST {exchange.path}", "request", none)]
    for one in bodies.attempts:
        upstream = next((str(each.status) for each in exchange.attempts if each.n == one.n and each.status), "")
        found += [
            (
                f"{one.n}-request",
                one.request,
                one.request_headers,
                f"{one.method} {one.url or ''}",
                f"{one.n}.request",
                none,
            ),
            (f"{one.n}-answer", one.answer, one.answer_headers, upstream, f"{one.n}.answer", one.arrivals),
        ]
    found.append(("client-answer", bodies.answer, bodies.answer_headers, status, "answer", none))
    return [
        Body(name, text, headers, head, key in bodies.cut, arrivals)
        for name, text, headers, head, key, arrivals in found
        if text is not None
    ]


def chosen(exchange: Exchange, name: str) -> Body:
    """Raises UsageError for a body that is not there."""
    from a2a.control.bodies import unrecorded

    found = bodies_of(exchange)
    wanted = name
    if name in ("upstream-request", "upstream-answer") and exchange.attempts:
        wanted = f"{exchange.attempts[-1].n}-{name.partition('-')[2]}"
    for body in found:
        if body.name == wanted:
            return body
    if not found:
        none = unrecorded(exchange)
        raise UsageError(f"no bodies of {exchange.id} were recorded{none.why}", hint=none.hint)
    raise UsageError(f"there is no body called {name!r}", hint=f"there are: {', '.join(body.name for body in found)}")


class Difference(msgspec.Struct, frozen=True):
    """Two bodies by their names, and how they differ, as a unified diff."""

    before: str
    after: str
    lines: list[str]


def difference(exchange: Exchange) -> Difference:
    """What the last upstream was sent instead of what the client had. Raises UsageError where one was not recorded."""
    before, after = chosen(exchange, "client-request"), chosen(exchange, "upstream-request")
    lines = difflib.unified_diff([*pretty(before)], [*pretty(after)], before.name, after.name, lineterm="")
    return Difference(before.name, after.name, list(lines))


def listing(exchange: Exchange) -> Iterator[str]:
    for body in bodies_of(exchange):
        cut = ", cut at the size limit" if body.cut else ""
        yield f"  {body.name:<15} {figures.size(_bytes(body.text)):>9}{cut}"


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def whole(body: Body) -> Iterator[str]:
    """The body with its head."""
    yield f"--- {body.name}: {body.head}".rstrip()
    for name, value in body.headers.items():
        yield f"{name}: {value}"
    if body.headers:
        yield ""
    yield from pretty(body)
    if body.cut:
        yield "[cut at the size limit]"


def pretty(body: Body) -> Iterator[str]:
    """Indented JSON, the frames of a stream, or the text as it is."""
    from a2a.control.bodies import decoded, is_binary

    text = body.text
    if is_binary(text):
        yield from _binary(decoded(text))
        return
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from msgspec.json.format(text, indent=2).splitlines()
        except msgspec.DecodeError:
            yield from text.splitlines()
        return
    if body.arrivals:
        yield from _arrived(text, body.arrivals)
        return
    yield from text.splitlines()


def _arrived(text: str, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """The frames, each with the moment at which the read that began it came in."""
    data = text.encode("utf-8", "surrogatepass")
    starts: list[tuple[int, float]] = []
    place = 0
    for arrival in arrivals:
        starts.append((place, arrival.at_ms))
        place += arrival.size
    place, turn = 0, 0
    for frame in data.split(b"\n\n"):
        while turn + 1 < len(starts) and starts[turn + 1][0] <= place:
            turn += 1
        lines = frame.decode("utf-8", "replace").strip("\n").splitlines()
        for number, line in enumerate(lines):
            stamp = f"+{starts[turn][1]:.0f} ms" if number == 0 else ""
            yield f"{stamp:>10}  {line}"
        place += len(frame) + 2


def _binary(data: bytes) -> Iterator[str]:
    """The frames of an AWS event stream (Kiro's answers), else how much there is."""
    from a2a.protocols.eventstream import FrameError, FrameReader

    try:
        frames = FrameReader().feed(data)
    except FrameError:
        frames = []
    for frame in frames:
        name = frame.text(":event-type") or frame.text(":message-type")
        yield f"{name:<28}{frame.payload.decode('utf-8', 'replace')}"
    if not frames:
        yield f"[{figures.size(len(data))} that are no text; --raw gives them as base64]"


def show_body(out: Out, body: Body, *, raw: bool) -> None:
    """`raw`: the recorded text and nothing else."""
    if raw:
        out.piece(body.text)
        return
    for line in pretty(body):
        out.text(line)
    if body.cut:
        out.say("cut at the size limit")
