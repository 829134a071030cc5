"""What must be true of every answer, from every front to every provider: functions of `cells.CHECKS`.

A check returns when all is well and raises `Wrong` otherwise. It says the same to every front; the answers are known
because the demo upstreams answer literally (`demo.brain`). Refusals and failures: `troubles`.
"""

from __future__ import annotations

import struct
import zlib
from typing import Literal

from msgspec import Struct

from a2a.demo.matrix.lab import Desk
from a2a.demo.matrix.talk import Answer, Past, Question, Tool
from a2a.demo.matrix.wrong import decode, need, same

HELLO = "Grüße nach 京都 🌸, “quoted” \\ and\nsplit"
_CITY = {"city": {"type": "string", "description": "Name of the city"}}
_WEATHER = Tool(
    "get_weather",
    "Current weather of a city",
    {"type": "object", "properties": _CITY, "required": ["city"], "additionalProperties": False},
)
_TIME = Tool("get_time", "Local time of a city", {"type": "object", "properties": _CITY, "required": ["city"]})
_TOOLS = (_WEATHER, _TIME)
_RESULTS = {"Kyoto": "21 °C, sunny ☀", "Oslo": '{"temp": -3, "sky": "snow ❄"}'}
_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_REPORT = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "degrees": {"type": "integer"},
        "sky": {"type": "string", "enum": ["clear", "snow"]},
    },
    "required": ["city", "degrees", "sky"],
    "additionalProperties": False,
}


class _Report(Struct, forbid_unknown_fields=True):
    """What `_REPORT` allows, and nothing else."""

    city: str
    degrees: int
    sky: Literal["clear", "snow"]


async def text(desk: Desk) -> None:
    """The answer in full, with usage and stop reason."""
    await hello(desk, stream=False)


async def stream(desk: Desk) -> None:
    """The same as a stream, every event in its place."""
    await hello(desk, stream=True)


async def stream_array(desk: Desk) -> None:
    """The same as the elements of one JSON array."""
    await hello(desk, stream=True, array=True)


async def hello(desk: Desk, *, stream: bool, array: bool = False, attempts: int | None = 1) -> None:
    """An ordinary question and its whole answer."""
    question = Question(model=desk.provider.model, prompt=HELLO, stream=stream, array=array)
    answer = await desk.ask(question, attempts=attempts)
    same(answer.text, echo(HELLO), "the text")
    same((answer.ending, answer.calls), ("end", ()), "the ending")


def echo(prompt: str) -> str:
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


async def document(desk: Desk) -> None:
    """A PDF arrives whole: the upstream counts its bytes."""
    question = Question(model=desk.provider.model, prompt="What is in this document?", document=_PDF)
    answer = await desk.ask(question)
    need(f"pdf, {len(_PDF)} bytes." in answer.text, f"the document was not seen: {answer.text}")


async def structured(desk: Desk) -> None:
    """The answer is JSON of the schema that was asked for."""
    await _report(desk, stream=False)


async def structured_stream(desk: Desk) -> None:
    await _report(desk, stream=True)


async def _report(desk: Desk, *, stream: bool) -> None:
    prompt = "Report the weather in Kyoto."
    answer = await desk.ask(Question(model=desk.provider.model, prompt=prompt, schema=_REPORT, stream=stream))
    same(decode(answer.text, _Report, "the answer").city, "Kyoto", "the city of the answer")
    same((answer.ending, answer.calls), ("end", ()), "the ending")


async def count_tokens(desk: Desk) -> None:
    """The upstream's own number where it counts; else an estimate that says it is one and grows with the prompt."""
    question = Question(model=desk.provider.model, prompt=HELLO, tools=_TOOLS)
    number, notes = await desk.count(question)
    if not desk.provider.counts:
        need("input_tokens emulated" in notes, f"an estimate is not called one: {notes!r}")
        longer = Question(model=desk.provider.model, prompt=HELLO * 9, tools=_TOOLS)
        need((await desk.count(longer))[0] > number > 0, "a longer prompt does not count more")
        return
    answer = await desk.ask(question)
    need(answer.usage is not None, "no usage to compare the count with")
    same(number, answer.usage and answer.usage[0], "the count")


async def reasoning(desk: Desk) -> None:
    """Thinking is shown apart from the text, and survives a tool round that sends it back."""
    await _thought(desk, stream=False)


async def reasoning_stream(desk: Desk) -> None:
    await _thought(desk, stream=True)


async def _thought(desk: Desk, *, stream: bool) -> None:
    question = Question(model=desk.provider.thinker, prompt=HELLO, stream=stream, think=True)
    answer = await desk.ask(question)
    need("I answer in my own words" in answer.thinking, f"no thinking, but: {answer.thinking!r}")
    same(answer.text, echo(HELLO), "the text behind the thinking")
    called = await _tool_round(desk, ("Oslo",), stream=stream, think=True)
    need("I call get_weather" in called.thinking, f"no thinking before the call, but: {called.thinking!r}")
