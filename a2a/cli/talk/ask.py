"""One prompt through the gateway: what came of it can be read at any time, also when it was stopped in the middle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from a2a.cli.local import LocalFront, NullSink
from a2a.cli.output import Out, ReaderGone
from a2a.cli.talk.aim import Aim
from a2a.cli.talk.display import Display, remark
from a2a.control.types import Cost, Exchange, NoteView
from a2a.errors import A2AError, ExitCode
from a2a.gateway.call import Call, ClientGone
from a2a.gateway.engine import Engine
from a2a.messages import Event, Failure, Message, Part, Reasoning, Refusal, Request, Text, ToolCall
from a2a.protocols.fold import Assembler


class Answer:
    """`exchange` and `failure` are there once `come` has ended; an answer that was stopped has neither."""

    def __init__(self, show: Callable[[], Display] | None) -> None:
        """`show`: makes the display, inside the loop; None shows nothing."""
        self._show = show
        self._display: Display | None = None
        self._assembler = Assembler("chat")
        self._front = LocalFront(self._event)
        self._gone: ReaderGone | None = None
        self.exchange: Exchange | None = None

    async def come(
        self, engine: Engine, aim: Aim, messages: Sequence[Message], *, system: str | None, session: str, stream: bool
    ) -> None:
        """Ask, and show what comes. Raises ReaderGone: whoever read the answer has left, and the upstream is let go."""
        request = Request(
            proto="chat",
            model=aim.model,
            messages=list(messages),
            system=[Text(text=system)] if system else [],
            stream=stream,
        )
        headers = {"x-session-id": session} | ({"model-provider": aim.provider} if aim.provider else {})
        call = Call(front=self._front, path="chat", body=b"", headers=headers, request=request)
        self._display = self._show() if self._show else None
        try:
            self.exchange = (await engine.gateway.answer(call, NullSink())).exchange
            if self._display is not None and self._front.response is not None:
                self._display.whole(self.parts)
        finally:
            if self._display is not None and self._gone is None:
                self._display.end()
        if self._gone is not None:
            raise self._gone

    def _event(self, event: Event) -> None:
        if not isinstance(event, Failure):
            self._assembler.add(event)
        try:
            if self._display is not None:
                self._display.event(event)
        except ReaderGone as gone:
            self._gone = gone
            raise ClientGone from gone

    @property
    def failure(self) -> Failure | None:
        return self._front.failure

    @property
    def parts(self) -> list[Part]:
        """What has come."""
        response = self._front.response or self._assembler.response()
        return response.candidates[0].parts if response.candidates else []

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text | Refusal))

    def close(self, out: Out, *, hint: str | None = None) -> int:
        """Say on stderr how it ended; the exit code. `hint`: what helps after a failure, None for a command's."""
        assert self.exchange is not None
        for part in self.parts:
            if isinstance(part, ToolCall):
                out.say(f"tool call {part.name} {part.args}")
        if (failure := self.failure) is not None:
            code = exit_code(failure, self.exchange)
            out.failed(A2AError(failure.message, hint=hint or _HELPS.get(code)), exit_code=code, kind=failure.kind)
            return code
        remark(out, summary(self.exchange))
        return ExitCode.DONE

    def data(self) -> dict[str, Any]:
        """The result with `--json`."""
        assert self.exchange is not None
        last = self.exchange.attempts[-1]
        return {
            "text": self.text,
            "reasoning": "".join(part.text for part in self.parts if isinstance(part, Reasoning)) or None,
            "account": last.account,
            "model": last.model,
            "stop": self.exchange.stop,
            "usage": self.exchange.tokens,
            "cost": self.exchange.cost,
            "exchange": self.exchange.id,
            "notes": self.exchange.notes,
        }


def summary(exchange: Exchange) -> str:
    """`[kiro/work claude-sonnet-4.6, 12 in, 34 out, $0.0012, 2.1 s]`, and what the upstream could not be told."""
    last = exchange.attempts[-1]
    told = [f"{last.account} {last.model}"]
    if (tokens := exchange.tokens) is not None:
        about = "~" if tokens.estimated else ""
        told += [f"{about}{tokens.input or 0} in", f"{about}{tokens.output or 0} out"]
    if exchange.cost is not None:
        told.append(cost_in_words(exchange.cost))
    if exchange.timings.last is not None:
        told.append(_took(exchange.timings.last))
    if exchange.stop == "length":
        told.append("cut at the token limit")
    lost = [f"{note.field} dropped" for note in exchange.notes if note.action == "dropped" and _matters(note)]
    return f"[{', '.join([*told, *lost])}]"


def _took(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _matters(note: NoteView) -> bool:
    """Not that a file's name did not go along: its content did."""
    return not note.field.endswith(".name")


def cost_in_words(cost: Cost) -> str:
    """`$0.0012`, `0.35 credit`: two figures are as exact as a price table is."""
    amount = f"{cost.amount:.2f}" if cost.amount >= 1 else format(Decimal(f"{cost.amount:.2g}"), "f")
    return f"${amount}" if cost.currency == "USD" else f"{amount} {cost.currency}"


_EXIT_CODES: dict[str, ExitCode] = {
    "bad_request": ExitCode.FAILED,
    "not_found": ExitCode.USAGE,
    "unauthorized": ExitCode.LOGIN_NEEDED,
    "rate_limited": ExitCode.UNAVAILABLE,
    "quota": ExitCode.UNAVAILABLE,
    "unavailable": ExitCode.UNAVAILABLE,
    "overloaded": ExitCode.UNAVAILABLE,
    "timeout": ExitCode.UNAVAILABLE,
}

_HELPS = {
    ExitCode.USAGE: "a2a models lists who serves what",
    ExitCode.LOGIN_NEEDED: "a2a accounts names the login that helps",
    ExitCode.UNAVAILABLE: "a2a accounts tells why, and who is back when",
}

_NOBODY_THERE = ("unreachable", "proxy")
"""Codes of failures where no connection came about: as `Unreachable` says, a wait may help."""


def exit_code(failure: Failure, exchange: Exchange) -> ExitCode:
    """Login needed where only that helps, unavailable where waiting does, else failed."""
    faults = [attempt.fault for attempt in exchange.attempts if attempt.fault is not None]
    if faults and all(fault.action == "needs_login" for fault in faults):
        return ExitCode.LOGIN_NEEDED
    if failure.code in _NOBODY_THERE:
        return ExitCode.UNAVAILABLE
    return _EXIT_CODES.get(failure.kind, ExitCode.FAILED)
