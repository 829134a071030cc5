"""What happens to an answer between the upstream's parser and the client's renderer (specs/conversion.md 1.4, step 7).

In this order: the client's own tool names come back, reasoning the client did not ask for is left out, stop sequences
the upstream could not take are applied here. A stage that has nothing to do for a conversion does not exist for it;
with no stage at all the very list of events is handed back.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
from msgspec.structs import replace

from a2a.messages import (
    Delta,
    End,
    Event,
    Finish,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    Request,
    Response,
    Seal,
    Stop,
    Text,
    Tool,
    ToolCall,
)
from a2a.protocols.base import Conversion
from a2a.protocols.fold import explode, fold
from a2a.protocols.names import flat_name

_OF_A_PART = (Delta, PartStart, PartEnd, Seal)


class _Stage(Protocol):
    def on(self, events: list[Event]) -> list[Event]: ...


class Filters:
    """The stages one conversion needs. Made after the request was prepared; one per stream."""

    __slots__ = ("_stages", "_stop")

    def __init__(self, conv: Conversion) -> None:
        self._stages: list[_Stage] = []
        self._stop: _LocalStop | None = None
        if conv.restore or any(tool.namespace or tool.kind == "custom" for tool in conv.request.tools):
            self._stages.append(_ToolNames(conv))
        if hides_reasoning(conv.request):
            self._stages.append(_NoReasoning())
        if conv.extra.get("local_stop") == "1" and conv.request.stop:
            self._stop = _LocalStop(conv.request.stop, conv.request.sampling.n)
            self._stages.append(self._stop)

    @property
    def stopped(self) -> bool:
        """A local stop sequence ended the answer: `End` was given, the caller closes the upstream."""
        return self._stop is not None and self._stop.stopped

    def on(self, events: list[Event]) -> list[Event]:
        """The events the client's renderer gets; `events` itself when nothing needs doing."""
        for stage in self._stages:
            events = stage.on(events)
        return events

    def whole(self, res: Response) -> Response:
        """The same for an answer that came in one piece."""
        if not self._stages:
            return res
        folded = fold(self.on(explode(res)), res.proto)
        if not isinstance(folded, Response):
            return res
        for new, old in zip(folded.candidates, res.candidates, strict=False):
            new.ext = old.ext
        return replace(folded, ext=res.ext)


def hides_reasoning(request: Request) -> bool:
    """Whether the client's protocol shows reasoning only when asked and this client did not ask (7.2)."""
    think = request.think
    if request.proto == "claude":
        return think is None or think.budget == 0 or think.effort == "none" or think.show == "hidden"
    return request.proto == "gemini" and (think is None or think.show in (None, "hidden"))


class _ToolNames:
    """Gives calls their client's name, namespace and kind; a custom tool that went out as a function gets its free
    text back, which has to be whole first: its deltas are held until the part ends.
    """

    __slots__ = ("_held", "_restore", "_tools")

    def __init__(self, conv: Conversion) -> None:
        self._restore = conv.restore
        self._tools: dict[str, Tool] = {flat_name(tool.name, tool.namespace): tool for tool in conv.request.tools}
        self._held: dict[tuple[int, int], list[str]] = {}

    def on(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if isinstance(event, Delta):
                held = self._held.get((event.c, event.i)) if self._held else None
                if held is None:
                    out.append(event)
                else:
                    held.append(event.text)
            elif isinstance(event, PartStart) and isinstance(event.part, ToolCall):
                out.append(self._started(event, event.part))
            elif isinstance(event, PartEnd):
                out += self._ended(event)
            else:
                out.append(event)
        return out

    def _started(self, event: PartStart, call: ToolCall) -> PartStart:
        restored = self._restored(call)
        if restored.custom and not call.custom:
            self._held[event.c, event.i] = []
        return PartStart(event.i, restored, event.c)

    def _ended(self, event: PartEnd) -> list[Event]:
        held = self._held.pop((event.c, event.i), None)
        out: list[Event] = []
        if held:
            out.append(Delta(event.i, _free_text("".join(held)), event.c))
        if isinstance(event.part, ToolCall):
            call = self._restored(event.part)
            if held is not None:
                call = replace(call, args=_free_text(call.args))
            event = PartEnd(event.i, event.c, call)
        return [*out, event]

    def _restored(self, call: ToolCall) -> ToolCall:
        name = self._restore.get(call.name, flat_name(call.name, call.namespace))
        tool = self._tools.get(name)
        if tool is None:
            return call if name == call.name or call.namespace else replace(call, name=name)
        return replace(call, name=tool.name, namespace=tool.namespace, custom=tool.kind == "custom")


class _NoReasoning:
    """Leaves reasoning parts out and closes the gap in the part numbers."""

    __slots__ = ("_hidden", "_lost")

    def __init__(self) -> None:
        self._lost: dict[int, int] = {}  # candidate -> parts left out so far
        self._hidden: set[tuple[int, int]] = set()

    def on(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if not isinstance(event, _OF_A_PART) or (type(event) is Delta and not self._lost):
                out.append(event)
            elif isinstance(event, PartStart) and isinstance(event.part, Reasoning):
                self._hidden.add((event.c, event.i))
                self._lost[event.c] = self._lost.get(event.c, 0) + 1
            elif (event.c, event.i) not in self._hidden:
                lost = self._lost.get(event.c, 0)
                out.append(replace(event, i=event.i - lost) if lost else event)
        return out


class _LocalStop:
    """Ends a text at the first stop sequence; what may be the start of one is held back until it is decided."""

    __slots__ = ("_done", "_held", "_n", "_stops", "stopped")

    def __init__(self, stops: list[str], n: int) -> None:
        self._stops = [stop for stop in stops if stop]
        self._n = n
        self._held: dict[tuple[int, int], str] = {}  # open text parts
        self._done: set[int] = set()
        self.stopped = False

    def on(self, events: list[Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if self.stopped:
                break
            match event:
                case Delta(c=c) | PartStart(c=c) | PartEnd(c=c) | Seal(c=c) | Finish(c=c) if c in self._done:
                    continue
                case Delta() if (event.c, event.i) in self._held:
                    out += self._text(event)
                case PartStart(part=Text()):
                    self._held[event.c, event.i] = ""
                    out.append(event)
                case PartEnd() if (event.c, event.i) in self._held:
                    out += self._close(event)
                case _:
                    out.append(event)
        return out

    def _text(self, event: Delta) -> list[Event]:
        text = self._held[event.c, event.i] + event.text
        found = self._find(text)
        if found is not None:
            at, stop = found
            cut: list[Event] = [replace(event, text=text[:at])] if at else []
            return [*cut, *self._finish(PartEnd(event.i, event.c), stop)]
        keep = self._undecided(text)
        ready = text[: len(text) - keep]
        self._held[event.c, event.i] = text[len(ready) :]
        return [replace(event, text=ready)] if ready or event.logprobs is not None else []

    def _close(self, event: PartEnd) -> list[Event]:
        """The end of a text: what was held is no stop sequence; a final form of the upstream is searched too."""
        if isinstance(event.part, Text):
            found = self._find(event.part.text)
            if found is not None:
                part: Part = replace(event.part, text=event.part.text[: found[0]])
                return self._finish(PartEnd(event.i, event.c, part), found[1])
        held = self._held.pop((event.c, event.i))
        return [Delta(event.i, held, event.c), event] if held else [event]

    def _finish(self, end: PartEnd, stop: str) -> list[Event]:
        del self._held[end.c, end.i]
        self._done.add(end.c)
        self.stopped = len(self._done) >= self._n
        finish = Finish(Stop(kind="stop_seq", sequence=stop), end.c)
        return [end, finish, End()] if self.stopped else [end, finish]

    def _find(self, text: str) -> tuple[int, str] | None:
        """(where, which) of the stop sequence that is complete first: a model would have ended there."""
        found = [(at + len(stop), at, stop) for stop in self._stops if (at := text.find(stop)) >= 0]
        return min(found)[1:] if found else None

    def _undecided(self, text: str) -> int:
        """Length of the longest end of the text with which a stop sequence begins."""
        longest = min(len(text), max(map(len, self._stops), default=1) - 1)
        for size in range(longest, 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stops):
                return size
        return 0


def _free_text(args: str) -> str:
    """The text of a custom tool from the arguments `{"input": …}` it was declared with, else as it is (6.1)."""
    try:
        value = msgspec.json.decode(args.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return args
    text = value.get("input") if isinstance(value, dict) else None
    return text if isinstance(text, str) else args
