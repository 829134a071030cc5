"""What must be true of every front to every provider: one function per check of `cells.CHECKS`.

A check returns when all is well and raises `Wrong` otherwise. It says the same to every front; the answers are known
because the demo upstreams answer literally (`demo.brain`).
"""

from __future__ import annotations

import struct
import zlib

from a2a.demo.faults import Fault
from a2a.demo.matrix.lab import Desk
from a2a.demo.matrix.talk import Answer, Past, Question, Tool
from a2a.demo.matrix.wrong import Wrong, need, same
from a2a.demo.wire import dumps

_HELLO = "Grüße nach 京都 🌸, “quoted” \\ and\nsplit"
_CITY = {"city": {"type": "string", "description": "Name of the city"}}
_WEATHER = Tool(
    "get_weather",
    "Current weather of a city",
    {"type": "object", "properties": _CITY, "required": ["city"], "additionalProperties": False},
)
_TIME = Tool("get_time", "Local time of a city", {"type": "object", "properties": _CITY, "required": ["city"]})
_TOOLS = (_WEATHER, _TIME)
_RESULTS = {"Kyoto": "21 °C, sunny ☀", "Oslo": '{"temp": -3, "sky": "snow ❄"}'}
_FAILED = "The demo was asked to answer"
_BEFORE_HEAD = (
    Fault(kind="http", status=500),
    Fault(kind="http", status=429),
    Fault(kind="http", status=503),
    Fault(kind="html", status=502),
)


async def text(desk: Desk) -> None:
    """The answer in full, with usage and stop reason."""
    await _hello(desk, stream=False)


async def stream(desk: Desk) -> None:
    """The same as a stream, every event in its place."""
    await _hello(desk, stream=True)


async def _hello(desk: Desk, *, stream: bool, attempts: int | None = 1) -> None:
    question = Question(model=desk.provider.model, prompt=_HELLO, stream=stream)
    answer = await desk.ask(question, attempts=attempts)
    same(answer.text, _echo(_HELLO), "the text")
    same((answer.ending, answer.calls), ("end", ()), "the ending")


def _echo(prompt: str) -> str:
    return f"You said: {prompt} — noted ✓"


async def tools(desk: Desk) -> None:
    """A call, then its result, then the answer made of it."""
    await _tool_round(desk, ("Kyoto",), stream=False)


async def tools_stream(desk: Desk) -> None:
    await _tool_round(desk, ("Kyoto",), stream=True)


async def parallel(desk: Desk) -> None:
    """Two calls in one answer, both results back, neither mixed up."""
    await _tool_round(desk, ("Kyoto", "Oslo"), stream=False)


async def parallel_stream(desk: Desk) -> None:
    await _tool_round(desk, ("Kyoto", "Oslo"), stream=True)


async def _tool_round(desk: Desk, cities: tuple[str, ...], *, stream: bool, think: bool = False) -> Answer:
    """The answer that called; the one made of the results is checked here."""
    model = desk.provider.thinker if think else desk.provider.model
    prompt = f"Use get_weather: what is the weather in {' and '.join(cities)}?"
    called = await desk.ask(Question(model=model, prompt=prompt, tools=_TOOLS, stream=stream, think=think))
    same(called.ending, "tool", "the ending")
    same(
        [(call.name, call.arguments) for call in called.calls], [("get_weather", {"city": c}) for c in cities], "calls"
    )
    results = tuple(_RESULTS[city] for city in cities)
    past = Past(prompt, called, results)
    answer = await desk.ask(Question(model=model, tools=_TOOLS, stream=stream, think=think, past=past))
    same(answer.text, "\n".join(f"The tool said: {result}" for result in results), "the text behind the results")
    same(answer.ending, "end", "the ending behind the results")
    return called


async def image(desk: Desk) -> None:
    """A picture arrives whole: the upstream measures it."""
    prompt = "How large is this picture?"
    answer = await desk.ask(Question(model=desk.provider.model, prompt=prompt, image=_png(48, 31)))
    need("The image is 48x31 pixels (image/png)." in answer.text, f"the picture was not seen: {answer.text}")


def _png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(height * (width + 1)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def reasoning(desk: Desk) -> None:
    """Thinking is shown apart from the text, and survives a tool round that sends it back."""
    await _thought(desk, stream=False)


async def reasoning_stream(desk: Desk) -> None:
    await _thought(desk, stream=True)


async def _thought(desk: Desk, *, stream: bool) -> None:
    question = Question(model=desk.provider.thinker, prompt=_HELLO, stream=stream, think=True)
    answer = await desk.ask(question)
    need("I answer in my own words" in answer.thinking, f"no thinking, but: {answer.thinking!r}")
    same(answer.text, _echo(_HELLO), "the text behind the thinking")
    called = await _tool_round(desk, ("Oslo",), stream=stream, think=True)
    need("I call get_weather" in called.thinking, f"no thinking before the call, but: {called.thinking!r}")


async def wrong_key(desk: Desk) -> None:
    """A client's wrong key is the client's 401; no upstream hears of it."""
    reply = await desk.send(_question(desk), key="not-the-key")
    desk.refused(reply, *desk.front.refusals.wrong_key)


async def malformed_body(desk: Desk) -> None:
    """Neither JSON that is cut nor a value of the wrong type gets through, and no account suffers."""
    wire = desk.front.body(_question(desk))
    for body in (b'{"model": "x", ', dumps(wire | {"messages": "none"}), b"[]"):
        reply = await desk.send(_question(desk), body=body)
        desk.refused(reply, *desk.front.refusals.bad_request)
    await _hello(desk, stream=False)


async def upstream_400(desk: Desk) -> None:
    """The request's own fault: told as such, at once, without asking another account."""
    with desk.trouble(Fault(kind="http", status=400)):
        reply = await desk.send(_question(desk))
    complaint = desk.refused(reply, *desk.front.refusals.bad_request)
    need(_FAILED in complaint.message, f"the upstream's words are lost: {complaint.message}")
    same(reply.head("x-a2a-attempts"), "1", "x-a2a-attempts")


async def upstream_401(desk: Desk) -> None:
    """The account's key is refused: never the client's 401."""
    with desk.trouble(Fault(kind="http", status=401), times=None):
        reply = await desk.send(_question(desk), account=_first(desk))
    desk.refused(reply, *desk.front.refusals.account_refused)


async def upstream_429(desk: Desk) -> None:
    """The last account is at its limit: the client learns when to come back."""
    with desk.trouble(Fault(kind="http", status=429, headers={"retry-after": "7"}), times=None):
        reply = await desk.send(_question(desk), account=_first(desk))
    desk.refused(reply, *desk.front.refusals.rate_limited)
    same(reply.head("retry-after"), "7", "retry-after")


async def upstream_500(desk: Desk) -> None:
    """The last account's upstream is broken: in its own words where it speaks the client's protocol."""
    status, kind = desk.front.refusals.upstream_broken
    for stream in (False, True):
        with desk.trouble(Fault(kind="http", status=500), times=None):
            reply = await desk.send(_question(desk, stream=stream), account=_first(desk))
        complaint = desk.refused(reply, 500 if desk.passes_through else status, kind)
        need(_FAILED in complaint.message, f"the upstream's words are lost: {complaint.message}")


async def broken_stream(desk: Desk) -> None:
    """An error behind the first words: an error of the protocol, no other account, nothing that looks like an end."""
    with desk.trouble(Fault(kind="error_event", after=4)):
        reply = await desk.send(_question(desk, stream=True))
    same(reply.status, 200, "the status")
    said, complaint = desk.front.read_broken_stream(reply.body)
    need(bool(said) and _echo(_HELLO).startswith(said), f"the text before the error is {said!r}")
    need(bool(complaint.message), "the error says nothing")


async def unknown_model(desk: Desk) -> None:
    """A model that nobody has: 404, and no account suffers."""
    reply = await desk.send(Question(model="no-such-model", prompt=_HELLO))
    desk.refused(reply, *desk.front.refusals.not_found)
    await _hello(desk, stream=False)


async def all_fail(desk: Desk) -> None:
    """No account is left: one error that names each attempt, and no invitation to ask again at once."""
    with desk.trouble(Fault(kind="http", status=500), times=None):
        reply = await desk.send(_question(desk))
    complaint = desk.refused(reply, *desk.front.refusals.upstream_broken)
    for account in desk.provider.accounts:
        need(f"/{account}: " in complaint.message, f"account {account} is not named: {complaint.message}")
    same(reply.head("x-should-retry"), "false", "x-should-retry")


async def failover(desk: Desk) -> None:
    """The first account fails, the second one answers, and the client sees only the answer."""
    await _fail_over(desk, _BEFORE_HEAD, stream=False)


async def failover_stream(desk: Desk) -> None:
    """The same until the first content has gone out: also behind a 200 that turns out to be none."""
    opening = desk.provider.opening
    behind_200 = (
        Fault(kind="empty"),
        Fault(kind="cut"),
        Fault(kind="error_event"),
        Fault(kind="error_event", status=429, after=opening),
        Fault(kind="end", after=opening),
    )
    await _fail_over(desk, _BEFORE_HEAD + behind_200, stream=True)


async def _fail_over(desk: Desk, faults: tuple[Fault, ...], *, stream: bool) -> None:
    for fault in faults:
        with desk.trouble(fault):
            try:
                # behind an opening that has gone out, the head was written before the second attempt
                await _hello(desk, stream=stream, attempts=None if fault.after else 2)
            except Wrong as wrong:
                raise Wrong(f"after {fault.kind} {fault.status}: {wrong}") from wrong


def _question(desk: Desk, *, stream: bool = False) -> Question:
    return Question(model=desk.provider.model, prompt=_HELLO, stream=stream)


def _first(desk: Desk) -> str:
    return next(iter(desk.provider.accounts))
