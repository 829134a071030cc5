"""Scripted turns: what the upstream answers to the next request that matches (specs/kiro.md 12.3)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from a2a.demo.faults import Fault


class Text(Struct, frozen=True, tag_field="step", tag="text"):
    """Text in `chunks` pieces, or exactly in the pieces given."""

    text: str | list[str]
    chunks: int = 1


class Think(Struct, frozen=True, tag_field="step", tag="think"):
    """Reasoning and the frame that carries its signature; None = a genuine one."""

    text: str
    signature: str | None = None


class ToolUse(Struct, frozen=True, tag_field="step", tag="tool"):
    """A tool call. `input`: an object, or JSON text as it is (also broken). `fragments`: how many pieces, or which."""

    name: str
    input: dict[str, Any] | str
    fragments: int | list[str] = 3
    id: str | None = None
    stop: bool = True


class RawEvent(Struct, frozen=True, tag_field="step", tag="raw_event"):
    """Any event with any payload."""

    type: str
    payload: dict[str, Any]


class Delay(Struct, frozen=True, tag_field="step", tag="delay"):
    ms: int


Step = Text | Think | ToolUse | RawEvent | Delay


class Match(Struct, frozen=True):
    """Which request a turn answers; a member that is None matches everything."""

    text: str | None = None
    """Part of the last user text."""
    model: str | None = None
    tool_result: str | None = None
    """A toolUseId among the results of this turn."""
    account: str | None = None


class Turn(Struct, frozen=True, kw_only=True):
    """One answer. `tail`: end with metadata, context usage and metering as the real stream does.

    `legacy_tail`: without metadataEvent. `wrapped`: each payload inside `{"<event type>": …}`. `usage`: the tokenUsage
    of the tail instead of a computed one. `times`: how many requests it answers.
    """

    steps: list[Step] = []
    match: Match = Match()
    tail: bool = True
    legacy_tail: bool = False
    wrapped: bool = False
    stop_reason: str = "END_TURN"
    usage: dict[str, int] | None = None
    fault: Fault | str | None = None
    times: int = 1


class Call(Struct, frozen=True):
    """What a turn is matched against."""

    text: str
    model: str
    results: tuple[str, ...]
    account: str


class Script:
    """The turns that wait, in order; the first that matches is taken."""

    def __init__(self) -> None:
        self._turns: list[tuple[Turn, int]] = []

    def extend(self, turns: list[Turn]) -> None:
        self._turns += [(turn, turn.times) for turn in turns]

    def add(self, *steps: Step, **options: Any) -> Turn:
        """A turn of these steps; `options` are the members of `Turn`."""
        turn = Turn(steps=list(steps), **options)
        self.extend([turn])
        return turn

    @property
    def pending(self) -> int:
        """Turns nobody asked for yet: a test that leaves some proved less than it thinks."""
        return len(self._turns)

    def take(self, call: Call) -> Turn | None:
        for at, (turn, left) in enumerate(self._turns):
            if _matches(turn.match, call):
                self._turns[at : at + 1] = [(turn, left - 1)] if left > 1 else []
                return turn
        return None


def _matches(match: Match, call: Call) -> bool:
    return (
        (match.text is None or match.text in call.text)
        and (match.model is None or match.model == call.model)
        and (match.tool_result is None or match.tool_result in call.results)
        and (match.account is None or match.account == call.account)
    )
