"""The record of one exchange while it happens, and the errors it ends with."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from msgspec import Struct

from a2a.clock import Clock, exchange_id
from a2a.control.types import Attempt, Cost, Decision, Exchange, ExchangeState, Fault, NoteView
from a2a.errors import A2AError, ConfigError, NoAccount, ProxyFailed, UnknownRoute, Unreachable
from a2a.gateway.call import Call, Sink, whole_text
from a2a.gateway.capture import Capture
from a2a.logs.entry import Entry, EntryAttempt, EntryTokens, shown
from a2a.messages import Failure, FailureKind, Usage
from a2a.protocols.base import Note
from a2a.protocols.openai_errors import UNKNOWN_URL
from a2a.providers.faults import Verdict

LIMITED_KINDS = ("rate_limited", "quota")
"""Kinds of failure that a wait cures."""

NOTES_HEADER_BYTES = 512
"""`x-a2a-notes` is cut there (conversion.md 1.4)."""


class Failed(Struct, frozen=True, kw_only=True):
    """An attempt that did not serve the client. `verbatim`: the upstream's own JSON error body, same protocol only."""

    account: str
    failure: Failure
    verdict: Verdict
    verbatim: bytes | None = None
    headers: dict[str, str] = {}


class Report:
    """Writes one `entry`, which others see as `exchange`. Times are taken from the clock handed in, relative to the
    arrival.
    """

    def __init__(self, call: Call, clock: Clock) -> None:
        self._clock = clock
        self.began = clock.monotonic()
        self.capture: Capture | None = None
        """The bodies, where they are wanted."""
        now = clock.now()
        agent = call.headers.get("user-agent")
        self.entry = Entry(
            id=exchange_id(now),
            started_at=now,
            client=call.client,
            front=call.front.name,
            path=call.path,
            agent=agent and whole_text(agent),
            request_bytes=len(call.body),
        )
        self._attempt_began = self.began
        self._standing: list[Note] = []

    @property
    def exchange(self) -> Exchange:
        """A copy as it is now."""
        return shown(self.entry)

    def now(self) -> float:
        """Unix seconds."""
        return self._clock.now()

    def ms(self) -> float:
        """Milliseconds since the request arrived."""
        return _ms(self._clock.monotonic() - self.began)

    def _attempt_ms(self) -> float:
        return _ms(self._clock.monotonic() - self._attempt_began)

    def attempt(self, provider: str, account: str, model: str, decision: Decision) -> Attempt:
        self._attempt_began = self._clock.monotonic()
        attempt = EntryAttempt(
            n=len(self.entry.attempts) + 1,
            provider=provider,
            account=account,
            model=model,
            started_at=self._clock.now(),
            decision=decision,
        )
        self.entry.attempts.append(attempt)
        self.entry.state = "waiting"
        if self.entry.timings.queued is None:
            self.entry.timings.queued = self.ms()
        return attempt

    def respond(self, sink: Sink, status: int, headers: dict[str, str], body: bytes) -> Coroutine[Any, Any, None]:
        """Answer at once."""
        if self.capture is not None:
            self.capture.answer_headers, self.capture.answer = headers, [body]
        return sink.respond(status, headers, body)

    def head(self, attempt: Attempt, status: int) -> None:
        """The upstream's status line has arrived."""
        attempt.status = status
        now = self._clock.monotonic()
        attempt.headers_ms = _ms(now - self._attempt_began)
        self.entry.timings.headers = _ms(now - self.began)

    def first(self, attempt: Attempt) -> None:
        """The first content."""
        if attempt.first_event_ms is None:
            now = self._clock.monotonic()
            attempt.first_event_ms = _ms(now - self._attempt_began)
            self.entry.timings.first_token = _ms(now - self.began)
            self.entry.state = "streaming"

    def attempt_ok(self, attempt: Attempt) -> None:
        attempt.outcome = "ok"
        attempt.duration_ms = self._attempt_ms()

    def attempt_failed(self, attempt: Attempt, fault: Fault) -> None:
        attempt.outcome = "failed"
        attempt.duration_ms = self._attempt_ms()
        attempt.fault = fault

    def notes(self, notes: Sequence[Note]) -> None:
        """What this attempt did to the request, in place of what an earlier one did."""
        self.entry.notes = [NoteView(n.field, n.action, n.why) for n in (*self._standing, *notes)]

    def standing(self, note: Note) -> None:
        """What was done to the request before any attempt."""
        self._standing.append(note)
        self.notes(())

    def usage(self, usage: Usage | None) -> None:
        if usage is None:
            return
        self.entry.tokens = EntryTokens(
            input=usage.input,
            output=usage.output,
            cache_read=usage.cache_read,
            cache_write=usage.cache_write,
            reasoning=usage.reasoning,
            estimated=usage.estimated,
        )

    def cost(self, cost: Cost | None) -> None:
        """Of the attempt that used something; what an earlier one cost stays where this one's is not known."""
        self.entry.cost = cost or self.entry.cost

    def end(self, state: ExchangeState, status: int | None = None, fault: Fault | None = None) -> None:
        """Close the record; the first call counts."""
        entry = self.entry
        if entry.state in ("done", "failed", "client_closed"):
            return
        if state == "client_closed":
            for attempt in entry.attempts:
                if attempt.outcome is None:
                    attempt.outcome = "client_closed"
                    attempt.duration_ms = self._attempt_ms()
        entry.state = state
        entry.status = status if status is not None else entry.status
        entry.fault = fault or entry.fault
        entry.timings.last = self.ms()

    def headers(self) -> dict[str, str]:
        """The `x-a2a-*` headers as far as they are known now."""
        entry = self.entry
        headers = {"x-a2a-exchange": entry.id, "x-a2a-attempts": str(len(entry.attempts))}
        if entry.attempts:
            last = entry.attempts[-1]
            headers["x-a2a-account"] = last.account
            headers["x-a2a-model"] = _printable(last.model)
        if entry.notes:
            text = ", ".join(f"{n.field} {n.action}" + (f" ({n.why})" if n.why else "") for n in entry.notes)
            headers["x-a2a-notes"] = _printable(text)[:NOTES_HEADER_BYTES]
        return headers


def _ms(seconds: float) -> float:
    """In hundredths; `round` takes three times as long."""
    return int(seconds * 100_000 + 0.5) / 100


def _printable(text: str) -> str:
    """Safe as a header value."""
    return text if text.isascii() and text.isprintable() else "".join(c if " " <= c <= "~" else "?" for c in text)


def failure_of(error: A2AError) -> Failure:
    """An error of ours as the value every front renders."""
    kind: FailureKind = "internal" if isinstance(error, ConfigError) else error.kind  # type: ignore[assignment]
    status = error.status
    retry_after = None
    if isinstance(error, NoAccount):
        retry_after = error.retry_after_s
        if error.limited:
            kind, status = "rate_limited", 429
    code = None
    if isinstance(error, Unreachable):
        code = "proxy" if isinstance(error, ProxyFailed) else "unreachable"
    elif isinstance(error, UnknownRoute):
        code = UNKNOWN_URL
    return Failure(kind=kind, message=str(error), status=status, code=code, param=error.param, retry_after=retry_after)


def combined(failures: Sequence[Failed], nobody: NoAccount | None) -> Failure:
    """What the client is told when nothing served: one failure as it is, several by name (style, Errors)."""
    last = failures[-1]
    failure = _for_client(last)
    if len(failures) > 1:
        told = "; ".join(_named(f.account, _for_client(f).message) for f in failures)
        failure.message = f"{len(failures)} accounts were asked and none could answer: {told}"
        if failure.kind in LIMITED_KINDS and not all(f.failure.kind in LIMITED_KINDS for f in failures):
            failure.kind, failure.status = "unavailable", 503
    else:
        failure.message = _named(last.account, failure.message)
    if nobody is not None and nobody.retry_after_s is not None and failure.kind in (*LIMITED_KINDS, "unavailable"):
        failure.retry_after = nobody.retry_after_s
    return failure


def _named(account: str, message: str) -> str:
    """With its account in front, where the message does not begin with it."""
    return message if message.startswith(account) else f"{account}: {message}"


def _for_client(failed: Failed) -> Failure:
    """An account's own fault is never the client's: 401 and 403 of an upstream become 503, a spent quota 429."""
    failure = failed.failure
    message = failure.message
    kind, status = failure.kind, failure.status
    if failed.verdict.scope == "account" and status in (401, 402, 403):
        kind, status = ("quota", 429) if kind == "quota" else ("unavailable", 503)
        if failed.verdict.remedy:
            message = f"{message} ({failed.verdict.remedy})"
    return Failure(
        kind=kind,
        message=message,
        status=status,
        code=failure.code,
        param=failure.param,
        retry_after=failure.retry_after,
    )
