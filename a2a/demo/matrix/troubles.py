"""What must be true when something is refused or fails: functions of `cells.CHECKS`.

Each sets its fault on the board of the demo upstreams and reads the error by the front's own rules.
"""

from __future__ import annotations

from a2a.demo.faults import Fault
from a2a.demo.matrix.checks import HELLO, echo, hello
from a2a.demo.matrix.lab import Desk
from a2a.demo.matrix.talk import Question
from a2a.demo.matrix.wrong import Wrong, need, same
from a2a.demo.wire import dumps

_FAILED = "The demo was asked to answer"
_BEFORE_HEAD = (
    Fault(kind="http", status=500),
    Fault(kind="http", status=429),
    Fault(kind="http", status=503),
    Fault(kind="html", status=502),
)


async def wrong_key(desk: Desk) -> None:
    """A client's wrong key is the client's 401; no upstream hears of it."""
    reply = await desk.send(_question(desk), key="not-the-key")
    desk.refused(reply, *desk.front.refusals.wrong_key)


async def malformed_body(desk: Desk) -> None:
    """Neither JSON that is cut nor a value of the wrong type gets through, and no account suffers."""
    wire = desk.front.body(_question(desk))
    for body in (b'{"model": "x", ', dumps(wire | {desk.front.prompt_key: 7}), b"[]"):
        reply = await desk.send(_question(desk), body=body)
        desk.refused(reply, *desk.front.refusals.bad_request)
    await hello(desk, stream=False)


async def upstream_400(desk: Desk) -> None:
    """The request's own fault: told as such, at once, without asking another account."""
    with desk.trouble(Fault(kind="http", status=400)):
        reply = await desk.send(_question(desk))
    complaint = desk.refused(reply, *desk.front.refusals.bad_request)
    need(_FAILED in complaint.message, f"the upstream's words are lost: {complaint.message}")
    same(reply.head("x-a2a-attempts"), "1", "x-a2a-attempts")


async def upstream_401(desk: Desk) -> None:
    """The account's key is refused: never the client's 401."""
    with desk.trouble(Fault(kind="http", status=401), times=None):
        reply = await desk.send(_question(desk), account=_first(desk))
    desk.refused(reply, *desk.front.refusals.account_refused)


async def upstream_429(desk: Desk) -> None:
    """The last account is at its limit: the client learns when to come back."""
    with desk.trouble(Fault(kind="http", status=429, headers={"retry-after": "7"}), times=None):
        reply = await desk.send(_question(desk), account=_first(desk))
    desk.refused(reply, *desk.front.refusals.rate_limited)
    same(reply.head("retry-after"), "7", "retry-after")


async def upstream_500(desk: Desk) -> None:
    """The last account's upstream is broken: in its own words where it speaks the client's protocol."""
    status, kind = desk.front.refusals.upstream_broken
    for stream in (False, True):
        with desk.trouble(Fault(kind="http", status=500), times=None):
            reply = await desk.send(_question(desk, stream=stream), account=_first(desk))
        complaint = desk.refused(reply, 500 if desk.passes_through else status, kind)
        need(_FAILED in complaint.message, f"the upstream's words are lost: {complaint.message}")


async def broken_stream(desk: Desk) -> None:
    """An error behind the first words: an error of the protocol, no other account, nothing that looks like an end."""
    with desk.trouble(Fault(kind="error_event", after=desk.provider.told)):
        reply = await desk.send(_question(desk, stream=True))
    same(reply.status, 200, "the status")
    said, complaint = desk.front.read_broken_stream(reply.body)
    need(bool(said) and echo(HELLO).startswith(said), f"the text before the error is {said!r}")
    need(bool(complaint.message), "the error says nothing")


async def unknown_model(desk: Desk) -> None:
    """A model that nobody has: 404, and no account suffers."""
    reply = await desk.send(Question(model="no-such-model", prompt=HELLO))
    desk.refused(reply, *desk.front.refusals.not_found)
    await hello(desk, stream=False)


async def all_fail(desk: Desk) -> None:
    """No account is left: one error that names each attempt, and no invitation to ask again at once."""
    with desk.trouble(Fault(kind="http", status=500), times=None):
        reply = await desk.send(_question(desk))
    complaint = desk.refused(reply, *desk.front.refusals.upstream_broken)
    for account in desk.provider.accounts:
        need(f"/{account}: " in complaint.message, f"account {account} is not named: {complaint.message}")
    same(reply.head("x-should-retry"), "false", "x-should-retry")


async def failover(desk: Desk) -> None:
    """The first account fails, the second one answers, and the client sees only the answer."""
    await _fail_over(desk, _BEFORE_HEAD, stream=False)


async def failover_stream(desk: Desk) -> None:
    """The same until the first content has gone out: also behind a 200 that turns out to be none."""
    opening = desk.provider.opening
    behind_200 = (
        Fault(kind="empty"),
        Fault(kind="cut"),
        Fault(kind="error_event"),
        Fault(kind="error_event", status=429, after=opening),
        Fault(kind="end", after=opening),
    )
    await _fail_over(desk, _BEFORE_HEAD + behind_200, stream=True)


async def _fail_over(desk: Desk, faults: tuple[Fault, ...], *, stream: bool) -> None:
    for fault in faults:
        with desk.trouble(fault):
            try:
                # behind an opening that has gone out, the head was written before the second attempt
                await hello(desk, stream=stream, attempts=None if fault.after else 2)
            except Wrong as wrong:
                raise Wrong(f"after {fault.kind} {fault.status}: {wrong}") from wrong


def _question(desk: Desk, *, stream: bool = False) -> Question:
    return Question(model=desk.provider.model, prompt=HELLO, stream=stream)


def _first(desk: Desk) -> str:
    return next(iter(desk.provider.accounts))
