"""Different protocols: request to the neutral form and on, events of the answer back (conversion.md 1.4).

One truth for stream and non-stream: a whole answer is exploded into events, filtered, and folded again.
"""

from __future__ import annotations

from a2a.errors import BadUpstream, UpstreamError
from a2a.gateway.attempt import Deadline, Try, wire_extra
from a2a.gateway.report import Failed, failure_of
from a2a.messages import (
    Delta,
    End,
    Event,
    Failure,
    Finish,
    PartEnd,
    PartStart,
    Reasoning,
    Refusal,
    Request,
    Response,
    Seal,
    Start,
    Stop,
    Text,
    ToolCall,
    Usage,
    UsageNow,
)
from a2a.protocols.base import Conversion, StreamParser
from a2a.protocols.filters import Filters
from a2a.protocols.fold import Assembler, explode, fold
from a2a.protocols.ledger import Capture, restore
from a2a.protocols.losses import of_answer
from a2a.protocols.prepare import prepare
from a2a.protocols.registry import READERS
from a2a.protocols.tokens import request_tokens
from a2a.providers.base import read_capped
from a2a.providers.http import Answer

MAX_ANSWER_BYTES = 256 * 1024 * 1024


async def run(this: Try) -> Failed | None:
    """One attempt through the neutral form; None when the client was served."""
    job = this.job
    job.report.entry.mode = "convert"
    call = job.call
    if job.request is None:
        job.request = call.front.parse_request(call.body, headers=call.headers, model=call.model)
        job.request.stream = job.stream  # the path may say so, not the body
    conv = _conversion(this)
    now = job.report.entry.started_at
    asked = this.responses.expand(conv.request, call.client, now)
    keep = Keep(this, asked) if this.responses.wants(call.front.name, asked) else None
    known = restore(asked, this.ledger, call.client, this.profile.family, now)
    whole = await this.media.inline(known, this.lease.provider.proto, proxy=this.proxy)
    if this.edits is not None:
        whole = this.edits.system(whole, conv)
    prepared = prepare(whole, conv, this.lease.provider.proto)
    body = this.codec.render_request(prepared, conv)
    job.report.notes(conv.notes)
    return await (_stream(this, conv, body, keep) if job.stream else _whole(this, conv, body, keep))


class Keep:
    """An answer on its way into the local store, under an id of the client's protocol."""

    def __init__(self, this: Try, asked: Request) -> None:
        self._this = this
        self._asked = asked
        self._assembler = Assembler(this.lease.provider.proto)

    def on(self, events: list[Event], conv: Conversion) -> None:
        for event in events:
            if isinstance(event, Start) and not event.id.startswith("resp"):
                event.id = conv.new_id("resp_")
            self._assembler.add(event)

    def stream_done(self, conv: Conversion) -> None:
        response = self._assembler.response()
        self.put(response, self._this.job.call.front.render_response(response, conv))

    def put(self, response: Response, body: bytes) -> None:
        this = self._this
        this.responses.keep(this.job.call.client, self._asked, response, body, this.job.report.entry.started_at)


def _conversion(this: Try) -> Conversion:
    job, provider = this.job, this.lease.provider
    assert job.request is not None
    conv = Conversion(
        request=job.request,
        profile=provider.repaired(this.profile, job.flags) if job.flags else this.profile,
        model=this.model,
        now=job.report.entry.started_at,
        stream=job.stream or provider.stream_only,
    )
    if this.edits is not None:
        conv.request = this.edits.parameters(job.request, conv, provider.proto, job.call)
    conv.extra.update(job.flags)
    conv.extra.update(wire_extra(job.call))
    conv.extra.update(provider.private(this.lease.account, this.credential, job.session))
    if job.stream and job.call.front.name == "claude":
        conv.extra["input_estimate"] = str(request_tokens(job.request))
    return conv


async def _whole(this: Try, conv: Conversion, body: bytes, keep: Keep | None) -> Failed | None:
    job = this.job
    with this.deadline():
        answer = await this.open(body, stream=conv.stream)
        try:
            if answer.status != 200:
                return await this.refused(answer)
            data = await read_capped(answer, MAX_ANSWER_BYTES)
        finally:
            answer.close()
    outcome = _read(this, conv, data)
    if isinstance(outcome, Response) and must_call(conv) and not _calls(outcome):
        outcome = _NO_CALL
    if isinstance(outcome, Failure):
        return this.fail(outcome)
    if keep is not None and not outcome.id.startswith("resp"):
        outcome.id = conv.new_id("resp_")
    rendered = job.call.front.render_response(outcome, conv)
    if keep is not None:
        keep.put(outcome, rendered)
    job.report.first(this.entry)
    job.report.notes(conv.notes)
    stop = outcome.candidates[0].stop.kind if outcome.candidates else None
    this.served(outcome.usage, stop, len(rendered))
    await job.report.respond(job.sink, 200, {"Content-Type": "application/json", **job.report.headers()}, rendered)
    return None


def _read(this: Try, conv: Conversion, data: bytes) -> Response | Failure:
    """A whole answer, or what an upstream said instead of one."""
    codec, proto = this.codec, this.lease.provider.proto
    capture = _capture(this)
    if conv.stream:
        parser = codec.stream_parser(conv)
        events = parser.feed(data) + parser.eof()
        capture.on(events)
        of_answer(events, conv, proto)
        return fold(Filters(conv).on(events), proto)
    try:
        response = codec.parse_response(data, conv)
        events = explode(response)
        capture.on(events)
        of_answer(events, conv, proto)
        return Filters(conv).whole(response)
    except BadUpstream as error:
        said = codec.parse_error(200, {}, data)  # an error object inside a 200 keeps its kind
        return said if said.kind != "upstream" else failure_of(error)


def _capture(this: Try) -> Capture:
    return Capture(this.ledger, this.job.call.client, this.job.report.entry.started_at)


def must_call(conv: Conversion) -> bool:
    """The client forces a tool call and the target cannot: it is asked in words and checked here (kiro.md 6.7)."""
    choice = conv.request.choice
    if choice is None or conv.profile.forced_tool or not conv.request.tools:
        return False
    return choice.mode in ("required", "tool") or (choice.mode == "allowed" and choice.must)


_NO_CALL = Failure("upstream", "the model called no tool although the request demands one", 502, code="NO_TOOL_CALL")


def _calls(response: Response) -> bool:
    return any(isinstance(part, ToolCall) for part in response.candidates[0].parts)


class _Ledger:
    """What the record wants to know of the events that pass."""

    __slots__ = ("ended", "failure", "stop", "usage")

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.stop: Stop | None = None
        self.failure: Failure | None = None
        self.ended = False

    def note(self, events: list[Event]) -> None:
        for event in events:
            kind = type(event)
            if kind is Delta:
                continue
            if kind is UsageNow:
                self.usage = event.usage  # type: ignore[union-attr]
            elif kind is Finish:
                self.stop = event.stop  # type: ignore[union-attr]
            elif kind is Failure:
                self.failure = event  # type: ignore[assignment]
            elif kind is End:
                self.ended = True


async def _stream(this: Try, conv: Conversion, body: bytes, keep: Keep | None) -> Failed | None:
    with this.deadline() as deadline:
        answer = await this.open(body, stream=True)
        try:
            if answer.status != 200:
                return await this.refused(answer)
            flow = _Flow(this, conv, answer, keep)
            failed = await flow.until_content(deadline)
            if failed is not None:
                return failed
            deadline.met()
            await flow.to_the_end()
        finally:
            answer.close()
    return None


def _shows(event: Event) -> bool:
    """Whether a client would see something of it; the mere beginning of a text or a thought shows nothing."""
    match event:
        case Delta():
            return bool(event.text) or event.logprobs is not None
        case PartStart():
            return not isinstance(event.part, Text | Reasoning | Refusal)
        case PartEnd():
            return event.part is not None
        case _:
            return isinstance(event, Seal | Finish)


class _Flow:
    """The events of one stream: held until the first content, then rendered read by read."""

    def __init__(self, this: Try, conv: Conversion, answer: Answer, keep: Keep | None) -> None:
        self._this = this
        self._keep = keep
        self._conv = conv
        self._answer = answer
        self._parser: StreamParser = this.codec.stream_parser(conv)
        self._filters = Filters(conv)
        self._capture = _capture(this)
        self._renderer = this.job.call.front.stream_renderer(conv)
        self._held: list[Event] = []
        self._ledger = _Ledger()

    async def _read(self) -> list[Event] | None:
        """Events of one read, [] when they are not whole yet, None after the last."""
        data = await self._answer.chunk()
        if data:
            return self._pass(self._parser.feed(data))
        if self._ledger.ended or self._ledger.failure is not None:
            return None
        return self._pass(self._parser.eof()) or None

    def _pass(self, events: list[Event]) -> list[Event]:
        self._capture.on(events)
        of_answer(events, self._conv, self._this.lease.provider.proto)
        events = self._filters.on(events)
        if self._keep is not None:
            self._keep.on(events, self._conv)
        return events

    async def until_content(self, deadline: Deadline) -> Failed | None:
        """Hold what comes before the first content; a failure there may still fail over."""
        forced = must_call(self._conv)
        while (events := await self._read()) is not None:
            self._ledger.note(events)
            self._held += events
            if self._ledger.failure is not None and not self._begun(self._held, forced):
                return self._this.fail(self._ledger.failure)
            if self._begun(events, forced):
                return None
            if self._ledger.ended:
                break
            if any(isinstance(event, PartStart) for event in self._held):
                self._this.begun(deadline)
        empty = Failure("upstream", "the upstream sent an empty stream", 502, code="EMPTY")
        return self._this.fail(_NO_CALL if forced and self._held else empty)

    @staticmethod
    def _begun(events: list[Event], forced: bool) -> bool:
        """Something the client may see; where a tool call is demanded, nothing before the call is."""
        if forced:
            return any(isinstance(event, PartStart) and isinstance(event.part, ToolCall) for event in events)
        return any(_shows(event) for event in events)

    def _joined(self, frames: bytes) -> bytes:
        opening = self._this.job.opening
        return READERS[self._this.job.call.front.name].join(opening, frames) if opening else frames

    def _begin(self, event: Event) -> bytes:
        """An opening that another account's answer has sent already is not sent twice."""
        frames = self._renderer.on(event)
        return b"" if self._this.job.opening and isinstance(event, Start) else frames

    async def to_the_end(self) -> None:
        """From here on there is no second attempt."""
        this, ledger = self._this, self._ledger
        down = this.job.stream_down()
        this.job.report.notes(self._conv.notes)
        this.job.report.first(this.entry)
        watch = this.watch(self._answer, down)
        render = self._renderer.on
        try:
            begin = self._begin if this.job.opening else render
            await down.write(self._joined(b"".join([begin(event) for event in self._held])))
            while not (ledger.ended or ledger.failure or self._filters.stopped):
                events = await self._read()
                if events is None:
                    break
                watch.touch()
                ledger.note(events)
                if out := b"".join([render(event) for event in events]):
                    await down.write(self._joined(out))
        except UpstreamError as error:
            ledger.failure = this.interrupted(watch, error)
            await down.write(render(ledger.failure))
        except BaseException:  # the client left: what was used until then
            this.used(ledger.usage)
            raise
        finally:
            watch.stop()
        this.job.report.notes(self._conv.notes)
        if ledger.failure is not None:
            this.broke(ledger.failure, ledger.usage, down.sent_bytes)
            return
        if self._keep is not None:
            self._keep.stream_done(self._conv)
        this.served(ledger.usage, ledger.stop.kind if ledger.stop else None, down.sent_bytes)
