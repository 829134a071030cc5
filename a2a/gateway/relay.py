"""Same protocol on both sides: the bytes pass through (contract section 7, conversion.md 1.3).

The request keeps every byte but the top-level keys that must change; the answer is forwarded as it arrives while a tap
reads usage, stop and errors. Nothing of this module waits for more bytes than one read brings.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from a2a.errors import RequestError, UpstreamError
from a2a.gateway.attempt import Deadline, Try, passed
from a2a.gateway.report import Failed
from a2a.messages import Failure, Usage
from a2a.protocols.base import Note
from a2a.protocols.carried import carries_foreign
from a2a.protocols.registry import DIALECTS, READERS
from a2a.protocols.tap import Tap, neutral_stop, opening_alone, without_opening
from a2a.protocols.wire import BAD_JSON
from a2a.providers.http import Answer

MAX_HELD_BYTES = 4 * 1024 * 1024
_SHORTEST_EVENT = 5
"""Below that an index is no event's end but the -1 of a search."""

_TRUNCATED = "the upstream ended the answer before it was complete"


def edited(body: bytes, asked: str, model: str, deny: Sequence[str]) -> tuple[bytes, list[Note]]:
    """The body with another model name and without denied keys; the original bytes when nothing changes."""
    if asked == model and not deny:
        return body, []
    top = _top(body)
    notes = [Note(key, "dropped", "this upstream rejects it") for key in deny if top.pop(key, None) is not None]
    if asked != model:
        top["model"] = Raw(msgspec.json.encode(model))
    elif not notes:
        return body, []
    return msgspec.json.encode(top), notes


def _top(body: bytes) -> dict[str, Raw]:
    """Raises RequestError."""
    try:
        return msgspec.json.decode(body, type=dict[str, Raw])
    except BAD_JSON as error:
        raise RequestError(f"the body is no JSON object: {error}") from error


def passes(this: Try) -> bool:
    """Whether this attempt can go over the byte path: one protocol on both sides, nothing to repair inside the body,
    a dialect that differs in top-level keys at most, and edits of the settings that fit into the bytes."""
    call, provider = this.job.call, this.lease.provider
    if this.proto != call.front.name or this.proto not in READERS or call.array or this.job.flags:
        return False
    if this.profile.family != "other" and carries_foreign(call.body):
        return False
    if this.edits is not None:
        this.wired = this.edits.on_wire(call, this.profile, this.model, stream=this.job.stream)
        if this.wired is None:
            return False
    if not provider.codec:
        return True
    dialect = DIALECTS.get(provider.codec)
    body = this.wired.body if this.wired is not None else call.body
    return dialect is not None and dialect.passes(_top(body), this.profile, stream=this.job.stream)


async def run(this: Try) -> Failed | None:
    """One attempt over the byte path; None when the client was served."""
    job = this.job
    job.report.entry.mode = "relay"
    asked = this.model if job.call.model else job.asked  # a model in the path is none in the body
    body = this.wired.body if this.wired is not None else job.call.body
    body, notes = edited(body, asked, this.model, this.profile.deny)
    if this.wired is not None:
        notes = [*this.wired.notes, *notes]
    if dialect := DIALECTS.get(this.lease.provider.codec):
        top = _top(body)
        notes += dialect.edit(top, this.profile, stream=job.stream)
        body = msgspec.json.encode(top)
    job.report.notes(notes)
    return await (_stream(this, body) if job.stream else _whole(this, body))


async def _whole(this: Try, body: bytes) -> Failed | None:
    job = this.job
    with this.deadline():
        answer = await this.open(body, stream=False)
        try:
            if answer.status != 200:
                return await this.refused(answer)
            data = await answer.body()
        finally:
            answer.close()
    glance = READERS[this.proto].whole(data)
    if glance.failure is not None:
        return this.fail(glance.failure)
    job.report.first(this.entry)
    this.served(glance.usage, neutral_stop(glance.stop), len(data))
    headers = {"Content-Type": "application/json", **passed(answer.headers), **job.report.headers()}
    await job.report.respond(job.sink, 200, headers, data)
    return None


async def _stream(this: Try, body: bytes) -> Failed | None:
    tap = Tap(READERS[this.proto])
    with this.deadline() as deadline:
        answer = await this.open(body, stream=True)
        try:
            if answer.status != 200:
                return await this.refused(answer)
            head = await _first(this, answer, tap, deadline)
            if isinstance(head, Failed):
                return head
            deadline.met()
            await _forward(this, answer, tap, head)
        finally:
            answer.close()
    return None


async def _first(this: Try, answer: Answer, tap: Tap, deadline: Deadline) -> bytes | Failed:
    """Everything up to and with the first content; errors and empty streams may still fail over.

    An opening that comes before it goes out at once, so that a client sees as early as without us that work began. A
    part that says nothing yet is kept back.
    """
    job, reader = this.job, READERS[this.proto]
    this.continues = bool(job.opening)
    data = b""
    while chunk := await answer.chunk():
        data += chunk
        if tap.first(chunk):
            if tap.glance.failure is not None:
                return this.fail(tap.glance.failure)
            return without_opening(reader, data) if this.continues else data
        if tap.glance.opened and not job.opening and data.endswith(b"\n\n"):
            opening = opening_alone(reader, data) if tap.glance.hollow else data
            if opening:
                job.opening, data = opening, data[len(opening) :]
                await job.stream_down().open(opening)
        if tap.glance.hollow:
            this.begun(deadline)
            if len(data) > MAX_HELD_BYTES:
                return without_opening(reader, data) if this.continues else data
    if tap.close().complete:
        return data
    whole = reader.whole(data) if data.lstrip()[:1] == b"{" else tap.glance
    return this.fail(whole.failure or Failure("upstream", "the upstream sent an empty stream", 502, code="EMPTY"))


class _WholeEvents:
    """Cuts reads where events end: half an event is of no use to a client, and an error frame must not follow one.

    What has no end within MAX_HELD_BYTES is let through as it is: it may be no event stream at all.
    """

    __slots__ = ("held",)

    def __init__(self) -> None:
        self.held = b""

    def cut(self, chunk: bytes) -> bytes:
        data = self.held + chunk if self.held else chunk
        if data.endswith((b"\n\n", b"\r\n\r\n")):  # the usual case: no copy
            self.held = b""
            return data
        at = max(data.rfind(b"\n\n") + 2, data.rfind(b"\r\n\r\n") + 4)
        at = 0 if at < _SHORTEST_EVENT else at
        if len(data) - at > MAX_HELD_BYTES:
            at = len(data)
        self.held = data[at:]
        return data[:at]


async def _forward(this: Try, answer: Answer, tap: Tap, head: bytes) -> None:
    """From the first event on there is no second attempt: whatever happens ends this stream."""
    down = this.job.stream_down()
    this.job.report.first(this.entry)
    failure: Failure | None = None
    watch = this.watch(answer, down)
    whole = _WholeEvents()
    join = READERS[this.proto].join if this.continues else None
    try:
        out = whole.cut(head)
        await down.write(join(this.job.opening, out) if join else out)
        while chunk := await answer.chunk():
            tap.feed(chunk)
            watch.touch()
            if out := whole.cut(chunk):
                if tap.glance.failure is not None:
                    out = this.unquoted(out)
                await down.write(join(this.job.opening, out) if join else out)
    except UpstreamError as error:
        failure = this.interrupted(watch, error)
    except BaseException:  # the client left: what was used until then
        this.used(_usage(this, tap))
        raise
    finally:
        watch.stop()
    glance = tap.close()
    if failure is None and glance.failure is None and not glance.complete:
        failure = Failure("truncated", _TRUNCATED, 502)
    if failure is None and whole.held:
        await down.write(whole.held)
    if failure is not None:
        await down.write(down.error(failure))
    if failure := failure or glance.failure:
        this.broke(failure, _usage(this, tap), down.sent_bytes)
    else:
        this.served(_usage(this, tap), neutral_stop(glance.stop), down.sent_bytes)


def _usage(this: Try, tap: Tap) -> Usage | None:
    """As the upstream has counted. Where it does not, as for Chat clients that did not ask for it, an estimate: the
    body stays as it is (conversion.md 4.2)."""
    if tap.glance.usage is not None:
        return tap.glance.usage
    said = tap.said_tokens()
    return Usage(input=this.job.input_tokens(), output=said, estimated=True) if said else None
