"""Calls to the server from a widget, without blocking the screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from textual.message import Message
from textual.widget import Widget

from a2a.errors import A2AError

T = TypeVar("T")


class Tell(Message):
    """Asks the app for a toast: what happened, and what helps. `busy`: it goes on happening."""

    def __init__(self, text: str, *, hint: str | None = None, bad: bool = False, busy: bool = False) -> None:
        super().__init__()
        self.text = text
        self.hint = hint
        self.bad = bad
        self.busy = busy


def ask(
    widget: Widget,
    work: Awaitable[T],
    then: Callable[[T], None],
    failed: Callable[[A2AError], None] | None = None,
) -> None:
    """Await `work` and call `then` with its result; the widget owns the task, and it ends with the widget.

    An error of our family goes to `failed`, else it becomes a toast with what helps.
    """

    async def whole() -> None:
        try:
            result = await work
        except A2AError as error:
            if failed is not None:
                failed(error)
            else:
                widget.post_message(Tell(error.message, hint=error.hint, bad=True))
        else:
            then(result)

    widget.run_worker(whole(), name=f"{type(widget).__name__}.ask")
