"""What changes too often to be told each time: how far streams are, and what accounts are busy with.

Looked at now and then, and only while somebody listens, so that no chunk and no lease pays for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from a2a.control.types import AccountChanged, AccountView, Progress
from a2a.gateway.attempt import Job
from a2a.logs.live import Live
from a2a.pool.pool import Pool

EVERY_S = 0.25
_EACH_S = 0.001
"""Further apart with many streams: a thousand are told once a second."""


class ProgressWatch:
    """Publishes `Progress` of the streams whose first token has come, where bytes have gone out since the last look."""

    def __init__(self, streams: Mapping[str, Job], live: Live) -> None:
        """`streams`: by the id of their exchange, as they begin and end."""
        self._streams = streams
        self._live = live
        self._told: dict[str, int] = {}

    def look(self) -> None:
        told: dict[str, int] = {}
        for exchange_id, job in self._streams.items():
            first, down = job.report.entry.timings.first_token, job.down
            if first is None or down is None:
                continue
            told[exchange_id] = down.sent_bytes
            if self._told.get(exchange_id) != down.sent_bytes:
                self._live.publish(Progress(id=exchange_id, output_bytes=down.sent_bytes, first_token_ms=first))
        self._told = told

    @property
    def pause_s(self) -> float:
        """Until the next look."""
        return max(EVERY_S, len(self._streams) * _EACH_S)


class AccountWatch:
    """Publishes the accounts whose calls in flight, counts or quota are others than at the last look.

    Of what happens to an account's state the pool tells at once.
    """

    pause_s = 1.0
    """Until the next look."""

    def __init__(self, pool: Pool, live: Live) -> None:
        self._pool = pool
        self._live = live
        self._told: dict[str, AccountView] | None = None

    def look(self) -> None:
        """The first look tells nothing: who begins to listen asks for all accounts."""
        views = {view.id: view for view in self._pool.views()}
        if self._told is not None:
            for account_id, view in views.items():
                if self._told.get(account_id) != view:
                    self._live.publish(AccountChanged(view))
        self._told = views
