"""Many turns on a terminal: what is typed is asked, Ctrl-C stops the answer and not the program, Ctrl-D ends it.

An answer that failed is no part of the conversation and can be asked for again; one that was stopped is, as far as it
came, and the model is told that it was stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

from msgspec import Struct

from a2a.cli.output import Out
from a2a.cli.talk import commands
from a2a.cli.talk.aim import Aim
from a2a.cli.talk.ask import Answer
from a2a.cli.talk.background import Background
from a2a.cli.talk.display import Display, remark
from a2a.cli.talk.line import Lines, silence
from a2a.cli.talk.record import Conversation, LastChat, Turn
from a2a.config import PROVIDER_SHORT, provider_id
from a2a.errors import A2AError, StoreError
from a2a.gateway.engine import Engine
from a2a.messages import Message, Part, Text

T = TypeVar("T")

RETRY = "/retry asks again, /provider and /model change who is asked"

LISTS_S = 5.0
"""Patience with lists of models at the prompt line."""

_COMMAND = re.compile(r"/[a-z]*( |$)")
"""A line that is a command; `/etc/hosts` is none."""


class Manner(Struct, frozen=True, kw_only=True):
    """How answers come and what is kept. `store`: the file of the last conversation, None to keep none."""

    stream: bool = True
    markdown: bool = True
    store: LastChat | None = None


class Talk:
    """One conversation at a terminal; the commands change it as they go."""

    def __init__(
        self,
        out: Out,
        background: Background,
        engine: Engine,
        conversation: Conversation,
        aim: Aim,
        manner: Manner,
    ) -> None:
        self.out = out
        self.engine = engine
        self.conversation = conversation
        self.aim = aim
        self.attached: list[Part] = []
        """Files for what is said next."""
        self.unanswered: Message | None = None
        """What was asked last, where no answer came of it."""
        self._background = background
        self._manner = manner
        self._listed: set[str | None] = set()

    @property
    def provider(self) -> str | None:
        """Id of the provider it goes to, None where the model decides."""
        return provider_id(self.aim.provider.partition("/")[0]) if self.aim.provider else None

    @property
    def where(self) -> str:
        """Where it goes, as a user types it."""
        if self.aim.provider is None:
            return self.aim.model
        head, slash, alias = self.aim.provider.partition("/")
        return f"{self.short(provider_id(head))}{slash}{alias} {self.aim.model}"

    @staticmethod
    def short(provider: str) -> str:
        return PROVIDER_SHORT[provider]

    def learn_models(self) -> None:
        """Ask for the lists that nobody has read yet, once for each provider, and wait for them a little."""
        if self.provider in self._listed:
            return
        self._listed.add(self.provider)

        async def ask() -> None:
            with contextlib.suppress(TimeoutError):  # who is slow may be named, and judges the name itself
                async with asyncio.timeout(LISTS_S):
                    await self.engine.list_models(self.provider, only_new=True)

        self.wait(ask())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Something of the loop. Raises what it raises, and KeyboardInterrupt."""
        return self._background.call(work)

    def run(self, lines: Lines) -> None:
        """Until somebody ends it. Raises ReaderGone."""
        remark(self.out, f"[{self.where}] /help lists the commands, Ctrl-D ends")
        if turns := self.conversation.turns:
            remark(self.out, f"[going on after {len(turns)} answer{'s' if len(turns) > 1 else ''}]")
        while True:
            try:
                line = lines.read()
                if line is None or self._take(line):
                    return
            except KeyboardInterrupt:
                self.out.prompt("\n")
            except A2AError as error:
                self.out.failed(error)

    def _take(self, line: str) -> bool:
        """Do or ask what was typed; True ends it. Raises A2AError."""
        if _COMMAND.match(line):
            return commands.run(self, line)
        if text := line.strip():
            self.ask(Message(role="user", parts=[Text(text=text), *self.attached]))
        return False

    def ask(self, message: Message, *, after: int | None = None) -> None:
        """Ask, and take question and answer into the conversation. `after`: the turns it follows, None = all."""
        turns = self.conversation.turns[:after]
        self.attached.clear()
        self.unanswered = message
        answer = Answer(self._display)
        said = Conversation(id=self.conversation.id, turns=turns).messages()
        stopped = False
        with silence(self.out.stdin):
            try:
                self.wait(
                    answer.come(
                        self.engine,
                        self.aim,
                        [*said, message],
                        system=self.conversation.system,
                        session=self.conversation.id,
                        stream=self._manner.stream,
                    )
                )
            except KeyboardInterrupt:
                stopped = True
                remark(self.out, "[stopped]")
        failed = not stopped and answer.close(self.out, hint=RETRY)
        if not failed and (text := answer.text):
            self.conversation.turns = [*turns, turn_of(message, text, answer, stopped=stopped)]
            self.unanswered = None
            self._keep()
        self.out.say("")

    def _display(self) -> Display:
        return Display(self.out, asyncio.get_running_loop(), markdown=self._manner.markdown)

    def _keep(self) -> None:
        if self._manner.store is None:
            return
        self.conversation.provider, self.conversation.model = self.aim.provider, self.aim.model
        try:
            self._manner.store.save(self.conversation)
        except StoreError as error:
            self.out.trouble(f"{error}; --last will not know of this")


def turn_of(message: Message, text: str, answer: Answer, *, stopped: bool) -> Turn:
    """A question with what came of it."""
    last = answer.exchange.attempts[-1] if answer.exchange and answer.exchange.attempts else None
    return Turn(
        ask=message,
        answer=text,
        account=last.account if last else None,
        model=last.model if last else None,
        stopped=stopped,
    )
