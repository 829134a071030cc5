"""History repair: what clients really send, put into the order every upstream insists on (specs/conversion.md 5.3).

Results stand directly behind the turn that called, each call has exactly one, ids are unique and roles alternate.
A turn that needs no repair is handed on as it is. Reasoning and foreign parts never pair with anything.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from a2a.messages import Ext, Message, Part, Text, ToolCall, ToolResult
from a2a.protocols.base import NoteAction

Noter = Callable[[str, NoteAction, str], None]

_NO_RESULT = "[no result recorded]"


def repair(messages: list[Message], note: Noter) -> list[Message]:
    """The history with calls and results paired and neighbours of one role merged; every repair is noted."""
    pairing = _Pairing(note)
    for index, message in enumerate(messages):
        pairing.take(index, message)
    return _merged(pairing.turns(), note)


class _Call(Struct):
    """One call of the history. `index`: its message; `old_id`: what the client calls it."""

    call: ToolCall
    old_id: str
    index: int
    result: ToolResult | None = None
    result_index: int = -1


class _Turn(Struct):
    """A message without its results, and the calls whose results follow it."""

    index: int
    message: Message
    calls: list[_Call]


class _Pairing:
    """Reads the history once, front to back; a result belongs to an earlier call or to none."""

    def __init__(self, note: Noter) -> None:
        self._note = note
        self._turns: list[_Turn] = []
        self._by_id: dict[str, list[_Call]] = {}
        self._used: set[str] = set()

    def take(self, index: int, message: Message) -> None:
        calls: list[_Call] = []
        parts: list[Part] = []
        for part in message.parts:
            match part:
                case ToolCall():
                    calls.append(self._call(index, part))
                    parts.append(calls[-1].call)
                case ToolResult():
                    parts += self._result(index, part)
                case _:
                    parts.append(part)
        if parts or not message.parts:
            same = len(parts) == len(message.parts) and all(map(_is, parts, message.parts))
            self._turns.append(_Turn(index, message if same else replace(message, parts=parts), calls))

    def turns(self) -> list[tuple[Message, bool]]:
        """(message, made here) in order; results stand behind their calls, in the order of the calls."""
        last = max((turn.index for turn in self._turns if turn.message.role != "system"), default=-1)
        answered = [call.result_index for calls in self._by_id.values() for call in calls]
        last = max([last, *answered])
        out: list[tuple[Message, bool]] = []
        for position, turn in enumerate(self._turns):
            out.append((turn.message, False))
            results = self._results(turn, last)
            if not results:
                continue
            self._note_moved(turn, position)
            out.append((Message(role="user", parts=results), True))
        return out

    def _call(self, index: int, call: ToolCall) -> _Call:
        new_id, count = call.id, 1
        while new_id in self._used:
            count += 1
            new_id = f"{call.id}_{count}"
        if new_id != call.id:
            self._note(f"messages[{index}]", "repaired", f"second tool call with the id {call.id}")
        self._used.add(new_id)
        entry = _Call(call if new_id == call.id else replace(call, id=new_id), call.id, index)
        self._by_id.setdefault(call.id, []).append(entry)
        return entry

    def _result(self, index: int, result: ToolResult) -> list[Part]:
        """Hands the result to its call; what no call wants comes back as text."""
        calls = self._by_id.get(result.call_id)
        if not calls:
            self._note(f"messages[{index}]", "repaired", f"result of an unknown tool call {result.call_id}")
            return _as_text(result)
        call = next((call for call in calls if call.result is None), None)
        if call is None:
            call = calls[-1]
            self._note(
                f"messages[{index}]", "repaired", f"second result of tool call {result.call_id}: the last counts"
            )
        same = result.call_id == call.call.id
        call.result = result if same else replace(result, call_id=call.call.id)
        call.result_index = index
        return []

    def _results(self, turn: _Turn, last: int) -> list[Part]:
        """The results of a turn's calls; the last turn of all may still wait for its own."""
        if turn.index >= last:
            return []
        for call in turn.calls:
            if call.result is None:
                self._note(f"messages[{turn.index}]", "repaired", f"no result for tool call {call.old_id}")
        return [call.result or _missing(call.call) for call in turn.calls]

    def _note_moved(self, turn: _Turn, position: int) -> None:
        """A result is in place when nothing but other results lies between it and its call."""
        following = self._turns[position + 1].index if position + 1 < len(self._turns) else None
        for call in turn.calls:
            if following is not None and call.result_index > following:
                self._note(f"messages[{call.result_index}]", "repaired", f"result of {call.old_id} moved to its call")


def _merged(turns: list[tuple[Message, bool]], note: Noter) -> list[Message]:
    """Neighbours of one role as one message; emptied ones are gone."""
    out: list[Message] = []
    made = False
    for message, made_here in turns:
        if not message.parts:
            continue
        if out and out[-1].role == message.role and message.role != "system":
            if not made and not made_here:
                note("messages", "repaired", f"neighbouring {message.role} messages merged")
            out[-1] = _joined(out[-1], message)
        else:
            out.append(message)
        made = made_here
    return out


def _joined(first: Message, second: Message) -> Message:
    ext: Ext | None = {**(second.ext or {}), **(first.ext or {})} or None
    name = first.name if first.name == second.name else None
    return Message(role=first.role, parts=[*first.parts, *second.parts], name=name, ext=ext)


def _missing(call: ToolCall) -> ToolResult:
    return ToolResult(call_id=call.id, parts=[Text(text=_NO_RESULT)], name=call.name, is_error=True, custom=call.custom)


def _as_text(result: ToolResult) -> list[Part]:
    """An orphan result: its words with a label, its media behind them."""
    words = [part.text for part in result.parts if isinstance(part, Text)]
    label = f"[result of unknown tool call {result.call_id}]"
    others = [part for part in result.parts if not isinstance(part, Text)]
    return [Text(text=" ".join([label, "\n".join(words)]).rstrip()), *others]


def _is(one: Part, other: Part) -> bool:
    return one is other
