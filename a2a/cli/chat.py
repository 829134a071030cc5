"""`a2a chat`: a prompt, or a conversation, through the same pipeline as `a2a serve`, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from a2a.cli.output import Out, out_of
from a2a.config import prompts
from a2a.errors import ExitCode, StoreError

if TYPE_CHECKING:
    from a2a.cli.talk.aim import Aim
    from a2a.cli.talk.ask import Answer
    from a2a.cli.talk.display import Display
    from a2a.cli.talk.record import Conversation
    from a2a.cli.talk.talk import Manner
    from a2a.config import Settings
    from a2a.gateway.engine import Engine
    from a2a.messages import Message

_EXAMPLES = """\b
Examples:
  a2a chat -p kiro "hi"
  git diff | a2a chat "write a commit message"
  a2a chat -f photo.png "what is this?"
  a2a chat --last "and in one sentence?"
  a2a chat                           a conversation: /help lists its commands

\b
The answer goes to stdout; reasoning, usage and the account that answered go to stderr.
"""


def register(app: typer.Typer) -> None:
    app.command("chat", epilog=_EXAMPLES)(_chat)


def _chat(
    ctx: typer.Context,
    prompt: Annotated[list[str] | None, typer.Argument(help="What to ask; - reads it from stdin.")] = None,
    provider: Annotated[str | None, typer.Option("-p", "--provider", help="Provider, or provider/alias.")] = None,
    model: Annotated[str | None, typer.Option("-m", "--model", help="Model; default: the provider's own.")] = None,
    system: Annotated[str | None, typer.Option("-s", "--system", help="System prompt.")] = None,
    file: Annotated[list[Path] | None, typer.Option("-f", "--file", help="Text, image or PDF; repeatable.")] = None,
    last: Annotated[bool, typer.Option("--last", help="Go on with the last conversation.")] = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is complete.")] = False,
    no_markdown: Annotated[bool, typer.Option("--no-markdown", help="On a terminal too the text as it is.")] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep nothing for --last.")] = False,
) -> None:
    """Ask one question; stdin is appended to the prompt. Without a prompt, on a terminal: a conversation."""
    from a2a.cli.talk.record import LastChat, begun
    from a2a.cli.talk.talk import Manner

    out = out_of(ctx)
    if (reconfigure := getattr(out.stdout, "reconfigure", None)) is not None:
        reconfigure(errors="replace")  # an answer may hold what the locale has no letter for
    settings = out.settings()
    prompts.check(settings)
    store = LastChat(settings.folders)
    conversation = store.read(out.say) if last else begun()
    conversation.system = system or conversation.system
    stream = not (no_stream or out.json)
    manner = Manner(stream=stream, markdown=not no_markdown, store=None if no_save else store)
    chat = _Chat(out, settings, conversation, provider, model, manner)
    if not prompt and out.interactive and not out.json:
        code = chat.talk(file or [])
    else:
        code = chat.once(prompt or [], file or [])
    if code:
        raise typer.Exit(code)


class _Chat:
    """One run of the command."""

    def __init__(
        self,
        out: Out,
        settings: Settings,
        conversation: Conversation,
        provider: str | None,
        model: str | None,
        manner: Manner,
    ) -> None:
        self._out = out
        self._settings = settings
        self._conversation = conversation
        self._wanted = (provider, model)
        self._manner = manner

    # -- one question --------------------------------------------------------------------------------------------------

    def once(self, prompt: list[str], files: list[Path]) -> int:
        """Ask and print the answer; the exit code. Raises A2AError."""
        from a2a.cli.loop import run
        from a2a.cli.prompt import user_message
        from a2a.cli.talk.ask import Answer
        from a2a.cli.talk.commands import remember
        from a2a.cli.talk.line import silence

        out = self._out
        message = user_message(out, prompt, files)
        for part, path in zip(message.parts[len(message.parts) - len(files) :], files, strict=True):
            remember(self._conversation, part, path)
        answer = Answer(None if out.json else self._display)
        try:
            with silence(out.stdin):
                run(self._ask(answer, message))
        except KeyboardInterrupt:
            self._keep(answer, message, stopped=True)
            raise
        if out.json and answer.failure is None:
            self._keep(answer, message)
            out.result(answer.data())
            return ExitCode.DONE
        code = answer.close(out)
        if not code:
            self._keep(answer, message)
        return code

    async def _ask(self, answer: Answer, message: Message) -> None:
        from a2a.gateway.engine import Engine

        async with Engine(self._settings, say=self._out.trouble) as engine:
            aim = await self._aim(engine)
            self._conversation.provider, self._conversation.model = aim.provider, aim.model
            await answer.come(
                engine,
                aim,
                [*self._conversation.messages(), message],
                system=self._conversation.system,
                session=self._conversation.id,
                stream=self._manner.stream,
            )

    async def _aim(self, engine: Engine) -> Aim:
        """Where this goes: as asked for, else as the conversation went. Raises A2AError."""
        from a2a.cli.talk.aim import Aim, aim_at, moved

        before = self._conversation
        if before.model is None:
            return await aim_at(engine, *self._wanted)
        if self._wanted == (None, None):
            return await aim_at(engine, before.provider, before.model)
        return await moved(engine, Aim(before.provider, before.model), *self._wanted)

    def _display(self) -> Display:
        import asyncio

        from a2a.cli.talk.display import Display

        return Display(self._out, asyncio.get_running_loop(), markdown=self._manner.markdown)

    def _keep(self, answer: Answer, message: Message, *, stopped: bool = False) -> None:
        """For `--last`, where there is an answer."""
        from a2a.cli.talk.talk import turn_of

        if self._manner.store is None or not (text := answer.text):
            return
        turn = turn_of(message, text, answer, stopped=stopped)
        self._conversation.turns = [*self._conversation.turns, turn]
        try:
            self._manner.store.save(self._conversation)
        except StoreError as error:
            self._out.trouble(f"{error}; --last will not know of this")

    # -- a conversation ------------------------------------------------------------------------------------------------

    def talk(self, files: list[Path]) -> int:
        """Until somebody ends it; the exit code. Raises A2AError."""
        from a2a.cli.talk import commands
        from a2a.cli.talk.background import Background
        from a2a.cli.talk.line import Lines
        from a2a.cli.talk.talk import Talk

        with Background() as background:
            engine = background.call(self._open())
            try:
                aim = background.call(self._aim(engine))
                talk = Talk(self._out, background, engine, self._conversation, aim, self._manner)
                for path in files:
                    commands.attach(talk, path)
                history = self._settings.folders.state / "chat_history" if self._manner.store else None
                lines = Lines(self._out, history, lambda line: commands.complete(talk, line))
                talk.run(lines)
                lines.keep()
            finally:
                background.call(engine.__aexit__(None, None, None))
        return ExitCode.DONE

    async def _open(self) -> Engine:
        from a2a.gateway.engine import Engine

        return await Engine(self._settings, say=self._out.trouble).__aenter__()
