"""The person on the other side of the control API: what a login shows becomes a `LoginView`, answers come back.

Nothing that was pasted or chosen is kept or shown; a page and its code are shown while the login goes on, not after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import structs

from a2a.auth.login.person import DeviceCode
from a2a.control.types import LoginAnswer, LoginQuestion, LoginShown, LoginView
from a2a.errors import LoginFailed, RequestError

_MOST_REMARKS = 50
_MOST_LINES = 8
"""Pasted lines that no flow has read yet."""

CHOICE_S = 600.0
"""How long a question waits for its answer."""


class RemotePerson:
    """A `Person`. `changed` hears each new view."""

    def __init__(self, view: LoginView, changed: Callable[[LoginView], None]) -> None:
        self.view = view
        self._changed = changed
        self._lines: asyncio.Queue[str] = asyncio.Queue(_MOST_LINES)
        self._choice: asyncio.Future[int] | None = None

    def show_code(self, code: DeviceCode) -> None:
        shown = LoginShown(
            url=code.url, user_code=code.user_code, complete_url=code.complete_url, expires_at=code.expires_at
        )
        self.set(shown=shown)

    def show_page(self, url: str, *, opens: bool, paste: str | None, expires_at: float) -> None:
        """`opens` does not matter: whoever shows the page opens it."""
        self.set(shown=LoginShown(url=url, paste=paste, expires_at=expires_at))

    async def pasted(self) -> str:
        return (await self._lines.get()).strip()

    def remark(self, text: str) -> None:
        self.set(remarks=[*self.view.remarks, text][-_MOST_REMARKS:])

    async def choose(self, question: str, options: list[str]) -> int:
        """Raises LoginFailed where no answer comes in time."""
        self._choice = asyncio.get_running_loop().create_future()
        self.set(state="asking", question=LoginQuestion(question=question, options=options))
        try:
            async with asyncio.timeout(CHOICE_S):
                return await self._choice
        except TimeoutError:
            raise LoginFailed("nothing was chosen in time", hint="start the login again") from None
        finally:
            self._choice = None
            self.set(state="running", question=None)

    def answer(self, answer: LoginAnswer) -> None:
        """Raises RequestError for an answer to nothing, and for a choice that is no option."""
        if answer.choice is not None:
            self._choose(answer.choice)
        elif answer.text is not None:
            self._paste(answer.text)
        else:
            raise RequestError("there is no answer in it", hint="text, or choice: the index of an option")

    def _choose(self, choice: int) -> None:
        question = self.view.question
        if question is None or self._choice is None or self._choice.done():
            raise RequestError("nothing is asked now", hint="GET the login: `question` says when something is")
        if not 0 <= choice < len(question.options):
            raise RequestError(f"there is no option {choice}", hint=f"0 to {len(question.options) - 1}")
        self._choice.set_result(choice)

    def _paste(self, text: str) -> None:
        shown = self.view.shown
        if shown is None or shown.paste is None:
            raise RequestError("nothing is to be pasted now", hint="GET the login: `shown.paste` says when and what")
        try:
            self._lines.put_nowait(text)
        except asyncio.QueueFull:
            raise RequestError("the login has not read the lines before this one", hint="wait a moment") from None

    @property
    def waits(self) -> bool:
        """Whether the login goes on."""
        return self.view.state in ("running", "asking")

    def set(self, **fields: object) -> None:
        """Change the view, and tell. An ended login stays as it ended."""
        if not self.waits:
            return
        self.view = structs.replace(self.view, **fields)
        self._changed(self.view)
