"""`a2a chat`: one prompt through the same pipeline as `a2a serve`, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from a2a.cli.output import Out, out_of
from a2a.errors import A2AError, ExitCode, NeedsLogin, NoAccount, UsageError

if TYPE_CHECKING:
    from a2a.cli.local import LocalFront
    from a2a.control.types import Exchange
    from a2a.gateway.engine import Engine
    from a2a.messages import Event, Failure, Message
    from a2a.pool.account import PoolAccount

_EXAMPLES = """\b
Examples:
  a2a chat -p kiro "hi"
  git diff | a2a chat "write a commit message"
  a2a chat -f photo.png "what is this?"

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
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is complete.")] = False,
) -> None:
    """Ask one question; stdin is appended to the prompt."""
    from a2a.cli.loop import run
    from a2a.cli.prompt import user_message

    out = out_of(ctx)
    message = user_message(out, prompt or [], file or [])
    code = run(_ask(out, message, provider, model, system, stream=not (no_stream or out.json)))
    if code:
        raise typer.Exit(code)


async def _ask(
    out: Out, message: Message, provider: str | None, model: str | None, system: str | None, *, stream: bool
) -> int:
    from a2a.cli.local import LocalFront, NullSink
    from a2a.gateway.call import Call
    from a2a.gateway.engine import Engine
    from a2a.messages import Request, Text

    async with Engine(out.settings(), say=out.trouble) as engine:
        headers, name = await _where(engine, provider, model)
        request = Request(
            proto="chat",
            model=name,
            messages=[message],
            system=[Text(text=system)] if system else [],
            stream=stream,
        )
        shower = _Shower(out)
        front = LocalFront(shower.event)
        call = Call(front=front, path="chat", body=b"", headers=headers, request=request)
        report = await engine.gateway.answer(call, NullSink())
    return _finish(out, shower, front, report.exchange)


async def _where(engine: Engine, provider: str | None, model: str | None) -> tuple[dict[str, str], str]:
    """Routing header and model. Without -p the default chain, then any provider with a usable account; a model named
    without -p is looked up. Raises NoAccount, UsageError."""
    from a2a.config import did_you_mean, provider_id

    if not engine.pool.members():
        raise NeedsLogin("there is no account yet", hint="a2a login openai, a2a login kiro, …")
    if provider is None and model is not None:
        if not engine.catalogue.find(model):
            await engine.list_models(only_new=True)
        return {}, model
    chosen = provider
    if chosen is None:
        ready = [member.account.provider for member in engine.pool.members() if member.state == "ready"]
        chosen = next((name for name in (*engine.router.chain, *ready) if name in ready), None)
        if chosen is None:
            _check_login(engine.pool.members())
            raise NoAccount("no account can serve now", hint="a2a accounts shows why")
    head, _, alias = chosen.partition("/")
    wanted = provider_id(head)
    members = engine.pool.members(wanted)
    if not members:
        raise NeedsLogin(f"there is no {head} account yet", hint=f"a2a login {head}")
    if alias and alias not in (aliases := [member.account.alias for member in members]):
        raise UsageError(
            f"there is no account {chosen!r}", hint=did_you_mean(alias, aliases, "accounts: " + ", ".join(aliases))
        )
    _check_login([member for member in members if alias in ("", member.account.alias)])
    if model is None:
        if engine.router.default_model(wanted) is None:
            await engine.list_models(wanted, only_new=True)
        model = engine.router.default_model(wanted)
    if model is None:
        raise UsageError(f"{head} names no default model", hint="give one with -m; a2a models lists them")
    return {"model-provider": chosen}, model


def _check_login(members: Sequence[PoolAccount]) -> None:
    """Raises NeedsLogin, with the commands, where nothing but a login helps any of them."""
    wanted = [member for member in members if member.account.enabled]
    if wanted and all(member.state == "needs_login" for member in wanted):
        told = "; ".join(member.message or f"{member.name} needs a login" for member in wanted)
        raise NeedsLogin(told, hint="; ".join(dict.fromkeys(member.remedy or "a2a accounts" for member in wanted)))


class _Shower:
    """Prints a stream as it comes: text to stdout, reasoning dim to stderr."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._kinds: dict[int, str] = {}
        self._dim = out.stderr.isatty()
        self.wrote = False
        self._thought = False

    def event(self, event: Event) -> None:
        from a2a.messages import Delta, PartStart

        if isinstance(event, PartStart):
            self._kinds[event.i] = type(event.part).__name__
        elif isinstance(event, Delta):
            self.text(self._kinds.get(event.i, "Text"), event.text)

    def text(self, kind: str, text: str) -> None:
        if kind in ("Text", "Refusal"):
            if self._thought:
                self._thought = False
                self._out.say("")
            self.wrote = True
            self._out.piece(text)
        elif kind == "Reasoning" and not self._out.quiet:
            self._thought = True
            self._out.stderr.write(f"\x1b[2m{text}\x1b[0m" if self._dim else text)
            self._out.stderr.flush()


def _finish(out: Out, shower: _Shower, front: LocalFront, exchange: Exchange) -> int:
    """What is left to say when the answer is over; the exit code."""
    from a2a.messages import Reasoning, Refusal, Text, ToolCall

    failure = front.failure
    parts = front.response.candidates[0].parts if front.response else []
    if failure is None and out.json:
        out.result(_data(parts, exchange))
        return ExitCode.DONE
    for part in parts:
        if isinstance(part, Text | Refusal | Reasoning):
            shower.text(type(part).__name__, part.text)
        elif isinstance(part, ToolCall):
            out.say(f"tool call {part.name} {part.args}")
    if shower.wrote:
        out.piece("\n")
    if failure is not None:
        code = exit_code(failure, exchange)
        out.failed(A2AError(failure.message), exit_code=code, kind=failure.kind)
        return code
    out.say(_summary(exchange))
    return ExitCode.DONE


def _data(parts: list[Any], exchange: Exchange) -> dict[str, Any]:
    from a2a.messages import Reasoning, Refusal, Text

    last = exchange.attempts[-1]
    return {
        "text": "".join(part.text for part in parts if isinstance(part, Text | Refusal)),
        "reasoning": "".join(part.text for part in parts if isinstance(part, Reasoning)) or None,
        "account": last.account,
        "model": last.model,
        "stop": exchange.stop,
        "usage": exchange.tokens,
        "exchange": exchange.id,
        "notes": exchange.notes,
    }


def _summary(exchange: Exchange) -> str:
    last = exchange.attempts[-1]
    tokens = exchange.tokens
    used = ""
    if tokens is not None:
        about = "~" if tokens.estimated else ""
        used = f", {about}{tokens.input or 0} in, {about}{tokens.output or 0} out"
    return f"[{last.account} {last.model}{used}]"


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


def exit_code(failure: Failure, exchange: Exchange) -> ExitCode:
    """Login needed where only that helps, unavailable where waiting does, else failed."""
    faults = [attempt.fault for attempt in exchange.attempts if attempt.fault is not None]
    if faults and all(fault.action == "needs_login" for fault in faults):
        return ExitCode.LOGIN_NEEDED
    return _EXIT_CODES.get(failure.kind, ExitCode.FAILED)
