"""The pipeline itself: from a call to an answer, over as many accounts as it takes.

Failover happens only before the first content, without any sleep. Every account that failed is judged before the next
is asked, so that the record tells in order what was tried and why it ended.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, structs

from a2a.auth.renewal import login_again
from a2a.auth.tokens import TokenKeeper
from a2a.clock import Clock
from a2a.config import ServerSettings, Settings
from a2a.control.types import Fault
from a2a.errors import (
    A2AError,
    AccountError,
    NeedsAction,
    NeedsLogin,
    NoAccount,
    RequestError,
    StoreError,
    UpstreamError,
)
from a2a.gateway import convert, plain, relay
from a2a.gateway.affinity import Affinity, Conversation, session_of
from a2a.gateway.affinity import conversation as conversation_of
from a2a.gateway.attempt import Job, Try, wire_extra
from a2a.gateway.call import Call, ClientGone, Sink, whole_text
from a2a.gateway.capture import capture
from a2a.gateway.catalogue import Catalogue
from a2a.gateway.cost import Prices
from a2a.gateway.course import Course
from a2a.gateway.downstream import Downstream
from a2a.gateway.edits import EditTable
from a2a.gateway.fallback import unfit
from a2a.gateway.media import MediaFetcher
from a2a.gateway.report import Failed, Report, combined, failure_of
from a2a.gateway.responses_store import ResponseStore
from a2a.gateway.retries import Retries
from a2a.gateway.route import Choice, Router
from a2a.logs.recorder import Recorder
from a2a.messages import Failure, Request
from a2a.pool.pool import Lease, Pool
from a2a.protocols.base import Conversion, Note, Profile
from a2a.protocols.ledger import Ledger
from a2a.protocols.wire import BAD_JSON, whole_pairs
from a2a.providers.faults import NO_CREDENTIAL
from a2a.providers.http import Egress


class _Peek(Struct):
    """The two keys every decision needs; the rest is not even copied."""

    model: str | None = None
    stream: bool | None = None


_PEEK = msgspec.json.Decoder(_Peek)

MAX_NAME = 200
"""Characters of a model name that are kept of one that may be anything."""

_WAITS = (429, 503, 529)
"""Statuses that `retry-after` belongs to."""


class Gateway:
    """One per process. `answer()` serves one call and never raises for what a request or an upstream does."""

    def __init__(
        self,
        *,
        server: ServerSettings,
        router: Router,
        catalogue: Catalogue,
        pool: Pool,
        keeper: TokenKeeper,
        egress: Egress,
        recorder: Recorder,
        clock: Clock,
        affinity: Affinity | None = None,
        rng: random.Random | None = None,
        edits: EditTable | None = None,
    ) -> None:
        self._server = server
        self.edits = edits or EditTable(Settings())
        self.router = router
        self._catalogue = catalogue
        self.pool = pool
        self._keeper = keeper
        self._egress = egress
        self.recorder = recorder
        self._clock = clock
        self.ledger = Ledger()
        self._affinity = affinity or Affinity()
        self._rng = rng or random.Random()  # noqa: S311 (jitter)
        self._media = MediaFetcher(server)
        self.responses = ResponseStore(server.response_store)
        self.prices = Prices(catalogue)
        self.streams: dict[str, Job] = {}
        """Streaming calls in flight, by the id of their exchange."""

    def under(self, server: ServerSettings, router: Router, edits: EditTable) -> Gateway:
        """This gateway by other settings: calls in flight end in this one, and both share what was learned."""
        other = copy.copy(self)
        other._server, other.router, other.edits = server, router, edits
        other._media = self._media.under(server)
        other.responses.enabled = server.response_store
        return other

    async def aclose(self) -> None:
        """End what only the gateway opened."""
        await self._media.aclose()
        await self.save(last=True)

    async def save(self, *, last: bool = False) -> None:
        """Write which conversation is on which account, off the way of the requests."""
        await self._affinity.save(last=last)

    async def answer(self, call: Call, sink: Sink) -> Report:
        """Serve one call; the report says how it went. CancelledError means the client left."""
        report = Report(call, self._clock)
        recorder = self.recorder
        if recorder.body_cap:
            report.capture = capture(call, recorder.body_cap, recorder.secrets)
        recorder.begin(report.entry)
        try:
            await self._serve(call, sink, report)
            report.end("done", 200)
        except (ClientGone, asyncio.CancelledError) as left:
            report.end("client_closed", 499)
            if isinstance(left, asyncio.CancelledError):
                raise
        finally:
            report.end("failed", 500)
            recorder.end(report.entry, report.capture)
        return report

    async def _serve(self, call: Call, sink: Sink, report: Report) -> None:
        try:
            peek = _peek(call, report)
            report.entry.asked = (peek.model or "")[:MAX_NAME]
            report.entry.stream = bool(peek.stream)
            choices = self.router.choices(call, peek.model or "")
        except A2AError as error:
            await self._refuse(call, sink, report, failure_of(error), error.scope)
            return
        job = Job(
            call=call,
            sink=sink,
            report=report,
            asked=peek.model or "",
            stream=bool(peek.stream),
            request=call.request,
            session=session_of(call.headers),
        )
        report.entry.session = job.session and whole_text(job.session)
        if call.operation != "generate":
            choices = [choice for choice in choices if self._passes(choice, call)]
        if not job.stream:
            await self._tried(job, choices)
            return
        async with self._downstream(job) as job.down:
            self.streams[report.entry.id] = job
            try:
                await self._tried(job, choices)
            finally:
                self.streams.pop(report.entry.id, None)
                report.entry.answer_bytes = job.down.sent_bytes
                if report.capture is not None and job.down.committed:
                    report.capture.total = job.down.sent_bytes

    def _passes(self, choice: Choice, call: Call) -> bool:
        """Whether that provider's upstream is asked for a count or an embedding."""
        return self.router.offers(choice.route.provider, call.operation, call.front.name)

    async def _tried(self, job: Job, choices: Sequence[Choice]) -> None:
        try:
            if choices:
                await self._attempts(job, choices)
            else:
                await plain.without_upstream(job)
        except A2AError as error:
            await self._refuse(job.call, job.sink, job.report, failure_of(error), error.scope, down=job.down)

    def _downstream(self, job: Job) -> Downstream:
        front = job.call.front
        blank = Conversion(
            request=Request(proto="chat", model=job.asked, messages=[]),
            profile=Profile(),
            model=job.asked,
            now=job.report.entry.started_at,
            extra=wire_extra(job.call),
        )
        return Downstream(
            job.sink,
            headers=job.report.headers,
            renderer=front.stream_renderer(blank),
            commit_after_s=self._server.commit_after_s,
            keepalive_s=self._server.keepalive_s,
            content_type="application/json" if job.call.array else "text/event-stream; charset=utf-8",
            capture=job.report.capture,
        )

    async def _attempts(self, job: Job, choices: Sequence[Choice]) -> None:
        """Until one account has served. Raises A2AError where there is nothing to try at all."""
        conversations: dict[str, Conversation | None] = {}

        def prefer(provider: str) -> str | None:
            if provider not in conversations:
                conversations[provider] = self._conversation(job.call, provider)
            return self._stays_on(provider, conversations[provider])

        server = self._server
        retries = Retries(server.request_max_retries, server.request_base_delay, self._rng)
        course = Course(job, self.pool, server, retries, self._attempt, prefer)
        await course.run(choices)
        if (lease := course.served_by) is not None:
            provider = lease.account.provider
            self._affinity.bind(provider, conversations[provider], lease.account.id)
        elif course.ended_by is not None:
            await self._give_up(job, [course.ended_by], None)
        elif course.failures:
            last = {failed.account: failed for failed in course.failures}  # a retry tells more than what it repeats
            await self._give_up(job, list(last.values()), course.nobody)
        else:
            assert course.nobody is not None
            raise course.nobody

    def _conversation(self, call: Call, provider: str) -> Conversation | None:
        """What the request continues; None where one account serves all, or affinity is off."""
        members = self.pool.members(provider)
        if not members or (len(members) == 1 and members[0].state != "draining"):
            return None
        own = members[0].provider.settings.affinity
        wanted = self._server.affinity if own is None else own
        return conversation_of(call.headers, call.body) if wanted else None

    def stays_on(self, call: Call, provider: str) -> str | None:
        """Id of the account that the conversation of this call is on."""
        return self._stays_on(provider, self._conversation(call, provider))

    def _stays_on(self, provider: str, conversation: Conversation | None) -> str | None:
        """Id of the account the conversation is on. One that is alone has had them all, without a binding."""
        if conversation is None:
            return None
        members = self.pool.members(provider)
        if len(members) == 1 and conversation.known:
            return members[0].account.id
        return self._affinity.account(provider, conversation)

    async def _attempt(self, job: Job, lease: Lease, choice: Choice) -> Failed | None:
        """One account, with one refresh where its token was refused. None when the client was served."""
        model = choice.route.model
        entry = job.report.attempt(lease.provider.id, lease.name, model, lease.decision)
        self.recorder.changed(job.report.entry)
        try:
            credential = await self._keeper.current(lease.account)
        except (AccountError, UpstreamError, StoreError) as error:
            return self._unusable(job, lease, error, model)
        this = Try(
            job=job,
            lease=lease,
            model=model,
            entry=entry,
            credential=credential,
            profile=lease.member.profile(model, self._catalogue.info(lease.account.id, model)),
            timeouts=lease.provider.limits_of(model),
            egress=self._egress,
            ledger=self.ledger,
            media=self._media,
            responses=self.responses,
            prices=self.prices,
            edits=self.edits.of(lease.provider, model, job.call.client),
        )
        try:
            failed = await self._tries(this)
        except RequestError as error:  # found while converting: nobody was asked
            told = Fault(
                kind=error.kind, message=error.message, status=error.status, scope="request", at=self._clock.now()
            )
            job.report.attempt_failed(entry, told)
            return unfit(choice, lease.name, error)
        except (AccountError, StoreError) as error:
            return self._unusable(job, lease, error, model)
        if failed is not None:
            job.report.attempt_failed(entry, lease.fail(failed.failure, failed.verdict, model))
        return failed

    async def _tries(self, this: Try) -> Failed | None:
        """The call, once more after a repair of the body, once more after a refresh of the token.

        Raises AccountError and StoreError: the account's credential cannot be had.
        """
        job, lease = this.job, this.lease
        failed = await self._run(this)
        if failed is not None and failed.verdict.action == "repair" and not job.flags:
            job.flags.update(_repair(failed))
            failed = await self._run(this)
        if failed is not None and failed.verdict.action == "refresh":
            try:
                this.credential = await self._keeper.refresh(lease.account, stale=this.credential)
            except UpstreamError as error:
                return this.fail(failure_of(error))
            failed = await self._run(this)
            if failed is not None and failed.verdict.action == "refresh":
                if lease.provider.refused_again is not None:
                    return structs.replace(failed, verdict=lease.provider.refused_again)
                told = f"the upstream refuses a token that was just renewed: {failed.failure.message}"
                raise NeedsLogin(told, hint=login_again(lease.account))
        return failed

    async def _run(self, this: Try) -> Failed | None:
        """One call, and one more where the upstream turns out to have moved."""
        failed = await self._call(this)
        if failed is not None and await this.reroute(failed.failure):
            failed = await self._call(this)
        return failed

    @staticmethod
    async def _call(this: Try) -> Failed | None:
        """Relay where both sides speak the same protocol, else convert."""
        try:
            if refused := await this.prepare():
                return refused
            if this.job.call.operation != "generate":
                return await plain.run(this)
            return await (relay.run(this) if relay.passes(this) else convert.run(this))
        except UpstreamError as error:
            return this.fail(failure_of(error))

    def _unusable(self, job: Job, lease: Lease, error: A2AError, model: str) -> Failed:
        """The account's credential cannot be had: out until the user logs in, or a rest when it may come back."""
        failure = failure_of(error)
        verdict = structs.replace(NO_CREDENTIAL, remedy=error.hint)
        if isinstance(error, NeedsLogin):
            verdict = structs.replace(verdict, action="needs_login", reason="needs_login")
            fault = lease.member.hold("needs_login", "needs_login", error.message, error.hint)
        elif isinstance(error, NeedsAction):
            verdict = structs.replace(verdict, action="needs_action", reason=error.reason)
            fault = lease.member.hold("needs_action", error.reason, error.message, error.hint)
        else:
            fault = lease.fail(failure, verdict, model, elsewhere=True)
        job.report.attempt_failed(job.report.entry.attempts[-1], fault)
        return Failed(account=lease.name, failure=failure, verdict=verdict)

    async def _give_up(self, job: Job, failures: list[Failed], nobody: NoAccount | None) -> None:
        last = failures[-1]
        status = last.failure.status
        judged = last.verdict.scope in ("request", "account_model") or status == 429 or status >= 500
        committed = job.down is not None and job.down.committed
        if len(failures) == 1 and last.verbatim is not None and judged and not committed:
            said = last.headers
            if nobody is not None and nobody.retry_after_s is not None and status in _WAITS:
                last.failure.retry_after = nobody.retry_after_s  # another account may be back before this one
                said = {name: value for name, value in said.items() if name not in ("retry-after", "retry-after-ms")}
            again = retry_headers(last.failure, status)
            headers = {"Content-Type": "application/json", **again, **said, **job.report.headers()}
            job.report.end("failed", status, job.report.entry.attempts[-1].fault)
            await job.report.respond(job.sink, status, headers, last.verbatim)
            return
        failure = combined(failures, nobody)
        scope = last.verdict.scope
        await self._refuse(job.call, job.sink, job.report, failure, scope, down=job.down)

    async def _refuse(
        self, call: Call, sink: Sink, report: Report, failure: Failure, scope: str, *, down: Downstream | None = None
    ) -> None:
        """The error in the client's own protocol: with its status, or inside a stream that has begun."""
        fault = Fault(
            kind=failure.kind, message=failure.message, status=failure.status, scope=scope, at=self._clock.now()
        )
        if down is not None and down.committed:
            report.end("failed", 200, fault)
            await down.write(down.error(failure))
            return
        status, body = call.front.render_error(failure, report.entry.id)
        report.end("failed", status, fault)
        ids = {"request-id": report.entry.id}  # the Claude SDK shows it, conversion.md 11.1
        headers = {"Content-Type": "application/json", **ids, **retry_headers(failure, status), **report.headers()}
        await report.respond(sink, status, headers, body)


def _repair(failed: Failed) -> dict[str, str]:
    """What codec and provider are told for the second try on the same account (kiro.md 6.7, 10.3)."""
    if failed.failure.code == "NO_TOOL_CALL":
        return {"insist": "1"}
    return {"repair": failed.failure.code or "", "fault": failed.verdict.reason}


def retry_headers(failure: Failure, status: int) -> Mapping[str, str]:
    """What an SDK should do: wait so long, or not try again because a2a has tried everything (conversion.md 11.1)."""
    if failure.retry_after is not None and status in _WAITS:
        return {"retry-after": str(max(1, round(failure.retry_after)))}
    if status in (429, 500, 502, 503, 504, 529):
        return {"x-should-retry": "false"}
    return {}


def _peek(call: Call, report: Report) -> _Peek:
    """Raises RequestError by the codec's own words when the body is not what the protocol says."""
    if call.request is not None:
        return _Peek(call.request.model, call.request.stream)
    if call.model is not None and call.stream is not None:
        return _Peek(call.model, call.stream)
    try:
        peek = _PEEK.decode(call.body)
    except BAD_JSON as error:
        mended = whole_pairs(call.body)
        if mended != call.body:
            call.body = mended
            report.standing(Note("body", "repaired", "half of a surrogate pair is U+FFFD now"))
            return _peek(call, report)
        call.front.parse_request(call.body, headers=call.headers, model=call.model)
        raise RequestError(f"the body is no valid request: {error}") from error
    if not peek.model:
        raise RequestError("model is missing", param="model")
    return peek
