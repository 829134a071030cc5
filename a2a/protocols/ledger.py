"""Thought signatures and encrypted reasoning that a client cannot carry (specs/conversion.md 7.3, mechanism 2).

A vendor wants its own tokens back on the next turn; a client of another protocol has no place for them. The ledger
keeps them by (client key, tool call id): `capture` listens to the events of an answer, `restore` puts them back into a
history. In memory only, bounded, never on disk.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from a2a.messages import (
    Delta,
    Event,
    Family,
    Finish,
    Message,
    Opaque,
    Part,
    PartEnd,
    PartStart,
    Reasoning,
    Request,
    Seal,
    ToolCall,
)

MAX_TURNS = 2000
TTL_S = 2 * 3600.0


class Turn(Struct):
    """What one assistant turn carried: sealed reasoning in order, and the tokens on each call. `at`: Unix seconds."""

    at: float
    reasoning: list[Reasoning]
    calls: dict[str, list[Opaque]]


class Ledger:
    """One per process."""

    def __init__(self, max_turns: int = MAX_TURNS, ttl_s: float = TTL_S) -> None:
        self._turns: OrderedDict[tuple[str, str], Turn] = OrderedDict()
        self._max = max_turns
        self._ttl_s = ttl_s

    def __len__(self) -> int:
        return len(self._turns)

    def keep(self, client: str, turn: Turn) -> None:
        """Under every call of the turn: a client may bring back any of them."""
        for call_id in turn.calls:
            self._turns[client, call_id] = turn
            self._turns.move_to_end((client, call_id))
        while len(self._turns) > self._max:
            self._turns.popitem(last=False)

    def find(self, client: str, call_id: str, now: float) -> Turn | None:
        turn = self._turns.get((client, call_id))
        return turn if turn is not None and now - turn.at <= self._ttl_s else None


class Capture:
    """Listens to one answer's events, before anything is hidden from the client."""

    __slots__ = ("_calls", "_client", "_i", "_ledger", "_now", "_reasoning", "_sealed", "_shell", "_text")

    def __init__(self, ledger: Ledger, client: str, now: float) -> None:
        self._ledger = ledger
        self._client = client
        self._now = now
        self._reasoning: list[Reasoning] = []
        self._calls: dict[str, list[Opaque]] = {}
        self._shell: Part | None = None
        self._i = -1
        self._text: list[str] = []
        self._sealed: list[Opaque] = []

    def on(self, events: Sequence[Event]) -> None:
        for event in events:
            kind = type(event)
            if kind is Delta:
                if event.i == self._i:  # type: ignore[union-attr]
                    self._text.append(event.text)  # type: ignore[union-attr]
            elif isinstance(event, PartStart):
                self._open(event)
            elif isinstance(event, Seal):
                self._sealed.append(event.opaque)
            elif isinstance(event, PartEnd):
                self._close(event)
            elif isinstance(event, Finish):
                self._keep()

    def _open(self, event: PartStart) -> None:
        part = event.part
        self._shell = part
        self._sealed = list(getattr(part, "opaque", ()))
        self._text = []
        self._i = event.i if isinstance(part, Reasoning) else -1

    def _close(self, event: PartEnd) -> None:
        shell = event.part or self._shell
        if isinstance(shell, Reasoning):
            tokens = self._sealed or shell.opaque
            if tokens:
                self._reasoning.append(replace(shell, text=shell.text or "".join(self._text), opaque=tokens))
        elif isinstance(shell, ToolCall):
            self._calls[shell.id] = self._sealed or shell.opaque
        self._shell, self._i = None, -1

    def _keep(self) -> None:
        if self._calls and (self._reasoning or any(self._calls.values())):
            self._ledger.keep(self._client, Turn(self._now, self._reasoning, self._calls))


def restore(request: Request, ledger: Ledger, client: str, family: Family, now: float) -> Request:
    """The request with kept tokens of `family` back on its tool turns; itself when there are none."""
    if not len(ledger):
        return request
    messages = [
        _restored(message, ledger, client, family, now) if message.role == "assistant" else message
        for message in request.messages
    ]
    changed = any(new is not old for new, old in zip(messages, request.messages, strict=True))
    return replace(request, messages=messages) if changed else request


def _restored(message: Message, ledger: Ledger, client: str, family: Family, now: float) -> Message:
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    turn = next((found for call in calls if (found := ledger.find(client, call.id, now)) is not None), None)
    if turn is None or any(_has(part, family) for part in message.parts):
        return message
    sealed: list[Part] = [part for part in turn.reasoning if _has(part, family)]
    parts: list[Part] = [
        replace(part, opaque=_of(turn.calls.get(part.id, []), family)) if isinstance(part, ToolCall) else part
        for part in message.parts
        if not (sealed and isinstance(part, Reasoning))
    ]
    return replace(message, parts=[*sealed, *parts])


def _has(part: Part, family: Family) -> bool:
    return any(token.family == family for token in getattr(part, "opaque", ()))


def _of(tokens: list[Opaque], family: Family) -> list[Opaque]:
    return [token for token in tokens if token.family == family]
