"""How an answer ended: what the closing events said, the stop reason and the usage (specs/kiro.md 7.4 and 7.5)."""

from __future__ import annotations

from msgspec import Raw

from a2a.messages import Stop, StopKind, Usage
from a2a.protocols.base import Conversion
from a2a.protocols.kiro.models import find, resolve
from a2a.protocols.tokens import request_tokens
from a2a.protocols.wire import Fields

_STOPS: dict[str, StopKind] = {
    "CONTENT_FILTERED": "refusal",
    "MAX_TOKENS": "length",
    "MODEL_CONTEXT_WINDOW_EXCEEDED": "context_full",
    "PAUSE_TURN": "pause",
}
"""Reasons that mean more than a normal end; the upstream says END_TURN for many tool turns too."""


class Ending:
    """Collects `metadataEvent`, `contextUsageEvent` and `meteringEvent`, in any order and number: the last counts."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._reason: str | None = None
        self._refusal: str | None = None
        self._refused = False
        self._counted: Usage | None = None
        self._percent: float | None = None
        self._credits: Raw | None = None
        self.came = False

    def metadata(self, event: Fields) -> None:
        self.came = True
        self._reason = event.str("stopReason") or self._reason
        details = event.obj("stopDetails")
        refusal = details.obj("refusal") if details is not None else None
        if refusal is not None:
            self._refused = True
            self._refusal = refusal.str("explanation") or refusal.str("category")
        tokens = event.obj("tokenUsage")
        if tokens is not None:
            self._counted = _counted(tokens)
            self._percent = tokens.float("contextUsagePercentage") or self._percent

    def context(self, event: Fields) -> None:
        self.came = True
        percent = event.float("contextUsagePercentage")
        self._percent = percent if percent is not None else self._percent

    def metering(self, event: Fields) -> None:
        """Credits keep the upstream's own number; they never become tokens."""
        self.came = True
        self._credits = event.raw("usage") or self._credits

    @property
    def explains_silence(self) -> bool:
        """The upstream gave a reason why there is no content: asking again would not help."""
        return self._refused or self._reason in _STOPS

    def stop(self, *, has_calls: bool, cut: bool) -> Stop:
        """The first row of the table of section 7.5 that fits. `cut`: the last call was withheld, which outweighs
        whole calls before it (conversion.md 9.2).
        """
        kind = _STOPS.get(self._reason or "", "end")
        if has_calls:
            kind = "length" if cut else "tool_call"
        elif self._refused:
            kind = "refusal"
        elif cut and kind == "end":
            kind = "length"
        return Stop(kind=kind, detail=self._refusal if kind == "refusal" else None, raw=self._reason)

    def usage(self, output: int) -> Usage:
        """Counted by the upstream, else from the share of the context window, else estimated.

        `output`: our own estimate of the output tokens.
        """
        usage = self._counted
        if usage is None:
            usage = Usage(input=self._estimated_input(output), output=output, estimated=True)
        if self._credits is not None:
            usage.ext = {"credits": self._credits}
        return usage

    def _estimated_input(self, output: int) -> int:
        window = self._conv.profile.context
        if window is None:
            model = find(resolve(self._conv.model)[0])
            window = model.context if model is not None else None
        if self._percent is None or window is None:
            return request_tokens(self._conv.request)
        return max(round(self._percent / 100 * window) - output, 0)  # the share includes the output


def _counted(tokens: Fields) -> Usage | None:
    """Usage as the upstream counts it; None when it sent no input number."""
    fresh, output = tokens.int("uncachedInputTokens"), tokens.int("outputTokens")
    if fresh is None or output is None:
        return None
    read = tokens.int("cacheReadInputTokens") or 0
    write = tokens.int("cacheWriteInputTokens") or 0
    return Usage(input=fresh + read + write, cache_read=read, cache_write=write, output=output)
