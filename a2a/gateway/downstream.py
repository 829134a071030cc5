"""The client's side of one exchange: when the answer is committed, what keeps the client patient meanwhile.

Before the first event nothing is sent, so an error keeps its real status and another account may take over. After
`commit_after_s` of silence the 200 and keep-alives go out (conversion.md 1.4, 10.3): from then on an error is an error
inside the stream, but failover stays allowed until the first content.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from a2a.gateway.call import ClientGone, Sink
from a2a.gateway.capture import Capture
from a2a.messages import Failure
from a2a.protocols.base import StreamRenderer

STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class Downstream:
    """One per streaming exchange, used as an async context manager that ends its keep-alive task.

    `content`: set once content bytes have gone out; after that there is no second attempt. `blocked`: while the client
    has not taken them.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        headers: Callable[[], Mapping[str, str]],
        renderer: StreamRenderer,
        commit_after_s: float,
        keepalive_s: float,
        content_type: str = "text/event-stream; charset=utf-8",
        capture: Capture | None = None,
    ) -> None:
        """`capture` gets all but the keep-alives too, as far as it has room."""
        self._sink = sink
        self._headers = headers
        self._fixed = {"Content-Type": content_type, **STREAM_HEADERS}
        self._renderer = renderer
        self._commit_after_s = commit_after_s
        self._keepalive_s = keepalive_s
        self._capture = capture
        self._copy: list[bytes] = []
        self._copy_bytes = 0
        if capture is not None:
            capture.answer, self._copy_bytes = self._copy, capture.room
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.committed = False
        self.content = False
        self.blocked = False
        self.sent_bytes = 0

    async def __aenter__(self) -> Downstream:
        if self._commit_after_s:
            self._timer = asyncio.get_running_loop().call_later(self._commit_after_s, self.quiet)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        task, self._task = self._task, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task])

    def quiet(self) -> None:
        """The upstream is silent: commit if that has not happened and send one keep-alive."""
        if self._timer is not None and not self.content:
            self._timer.cancel()
            self._timer = (
                asyncio.get_running_loop().call_later(self._keepalive_s, self.quiet) if self._keepalive_s else None
            )
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._ping(), name="a2a keep-alive")

    async def _ping(self) -> None:
        try:
            await self.commit()
            await self._sink.write(self._renderer.keepalive())
        except ClientGone:
            pass  # the exchange's own write meets the same end

    def error(self, failure: Failure) -> bytes:
        """A protocol-shaped error for the middle of a stream that nothing else renders."""
        return self._renderer.on(failure)

    async def commit(self) -> None:
        """Send status and headers once."""
        if self.committed:
            return
        async with self._lock:
            if not self.committed:
                headers = {**self._fixed, **self._headers()}
                if self._capture is not None:
                    self._capture.answer_headers = headers
                await self._sink.start(200, headers)
                self.committed = True

    async def open(self, data: bytes) -> None:
        """An opening frame: commits, but is no content, so another account may still take over."""
        await self.commit()
        if self.sent_bytes < self._copy_bytes:
            self._copy.append(data)
        self.sent_bytes += len(data)
        await self._sink.write(data)

    async def write(self, data: bytes) -> None:
        """Content, in whole events, so that a keep-alive may follow."""
        if not self.content:
            self.content = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            await self.commit()
        if self.sent_bytes < self._copy_bytes:
            self._copy.append(data)
        self.sent_bytes += len(data)
        self.blocked = True
        await self._sink.write(data)
        self.blocked = False
