"""One upstream call on one leased account: credential, send, read the head, and hand the body to relay or convert."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any

from msgspec import Struct, field

from a2a.auth.codec import values_of
from a2a.auth.records import Credential
from a2a.control.types import Attempt, Quota
from a2a.errors import RequestError, UpstreamError, UpstreamTimeout
from a2a.gateway.call import Call, Sink
from a2a.gateway.capture import Upcall
from a2a.gateway.cost import Prices
from a2a.gateway.downstream import Downstream
from a2a.gateway.edits import Edits, Wired
from a2a.gateway.media import MediaFetcher
from a2a.gateway.report import LIMITED_KINDS, Failed, Report, failure_of
from a2a.gateway.responses_store import ResponseStore
from a2a.gateway.watch import Watch
from a2a.logs.scribe import LARGE
from a2a.messages import Failure, Request, Usage
from a2a.pool.pool import Lease
from a2a.protocols.base import Profile, Upstream
from a2a.protocols.ledger import Ledger
from a2a.protocols.redact import GONE, forms_of
from a2a.protocols.registry import UPSTREAMS
from a2a.protocols.tokens import request_tokens
from a2a.providers import rate_limits
from a2a.providers.base import SetUpRefused, read_capped
from a2a.providers.http import Answer, Egress, Interrupted, Target
from a2a.providers.timeouts import Timeouts

PASSED_HEADERS = frozenset({"retry-after", "retry-after-ms", "request-id", "x-request-id", "x-should-retry"})
PASSED_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-")
_UPSTREAM_IDS = ("x-amzn-requestid", "request-id", "x-request-id")
_COUNTED = frozenset({200, 429})
"""Statuses whose headers tell of an allowance that exists: a name that nobody knows has none."""
_VERBATIM = frozenset({400, 404, 409, 413, 422, 429}) | frozenset(range(500, 600))


class Job(Struct, kw_only=True):
    """What the attempts of one exchange share. `down`: set when the client wants a stream.

    `asked`: the model name in the client's body. `request`: the parsed request, made once when first needed.
    """

    call: Call
    sink: Sink
    report: Report
    asked: str
    stream: bool
    session: str | None = None
    down: Downstream | None = None
    request: Request | None = None
    opening: bytes = b""
    """An opening frame that has gone out: the answer of another account leaves out its own and continues this one."""
    flags: dict[str, str] = field(default_factory=dict)
    """Repairs asked for by an earlier attempt, for `Conversion.extra`."""

    def input_tokens(self) -> int:
        """Input of the request, estimated. One that is not understood here may still pass: its size has to do."""
        call = self.call
        if call.operation != "generate":
            return 0
        if self.request is None:
            try:
                self.request = call.front.parse_request(call.body, headers=call.headers, model=call.model)
                self.request.stream = self.stream
            except RequestError:
                return len(call.body) // 4
        return request_tokens(self.request)

    def stream_down(self) -> Downstream:
        """The client's stream; there is one whenever `stream` is set."""
        assert self.down is not None
        return self.down


class Try(Struct, kw_only=True):
    """One attempt: the lease, the account's credential, its record."""

    job: Job
    lease: Lease
    model: str
    entry: Attempt
    credential: Credential
    profile: Profile
    timeouts: Timeouts
    egress: Egress
    ledger: Ledger
    media: MediaFetcher
    responses: ResponseStore
    prices: Prices
    retried: bool = False
    location: str = ""
    """Where the last call went."""
    began: float = 0.0
    """When the call was made, on the loop's clock."""
    quota: list[Quota] = []
    """What the answer's headers said of the account's allowance."""
    continues: bool = False
    """Its answer continues the opening of another account."""
    edits: Edits | None = None
    """What the settings change of the request."""
    wired: Wired | None = None
    """The client's body with those edits, on the byte path."""

    @property
    def proto(self) -> str:
        return self.lease.provider.proto

    @property
    def codec(self) -> Upstream:
        """What renders for the upstream and reads its answers."""
        provider = self.lease.provider
        return UPSTREAMS[provider.codec or provider.proto]

    def proxy(self, url: str) -> str | None:
        """What the account's calls to this URL go through."""
        return self.lease.provider.proxy(self.lease.account, url)

    async def prepare(self) -> Failed | None:
        """What the provider has to know of the account before a call; None when it does. Raises UpstreamError."""
        try:
            await self.lease.provider.prepare(self.lease.account, self.credential, self.egress)
        except SetUpRefused as error:
            return self.fail(error.failure)
        return None

    async def reroute(self, failure: Failure) -> bool:
        """Whether the failed call is to be made again, at an address the provider has only now found."""
        provider, account = self.lease.provider, self.lease.account
        return await provider.reroute(account, self.credential, failure, self.location, self.egress)

    def fail(
        self, failure: Failure, *, verbatim: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Failed:
        """Judge a failure; booking it on the account is the pipeline's."""
        return Failed(
            account=self.lease.name,
            failure=self._unquoted(failure),
            verdict=self.lease.provider.judge(failure, self.lease.account),
            verbatim=verbatim,
            headers=passed(headers or {}),
        )

    def _unquoted(self, failure: Failure) -> Failure:
        failure.message = self.unquoted(failure.message.encode()).decode()
        return failure

    def unquoted(self, text: bytes) -> bytes:
        """An upstream's words of an error without the account's own credential, should it quote what it was sent."""
        for value in values_of(self.credential):
            for form in forms_of(value):
                text = text.replace(form, GONE.encode())
        return text

    def target(self, stream: bool) -> Target:
        """The call's target; when both sides speak the same protocol, the client's own headers of it go along."""
        provider = self.lease.provider
        target = self.lease.member.target(self.credential, self.job.call.operation, stream=stream, model=self.model)
        if provider.proto != self.job.call.front.name:
            return target.with_headers(provider.converted_headers) if provider.converted_headers else target
        sent = self.job.call.headers
        own = {name: sent[name] for name in provider.relay_headers if name in sent}
        return target.with_headers(own) if own else target

    async def open(self, body: bytes, *, stream: bool) -> Answer:
        """Send and wait for the head; the caller closes the answer. Raises UpstreamError and its kin."""
        target = self.target(stream)
        self.location = target.location
        capture = self.job.report.capture
        if capture is not None:
            sent = body if body != capture.request else None
            capture.bulky |= sent is not None and len(sent) >= LARGE
            try:
                answer = await self._send(target, body)
            except BaseException:
                capture.calls.append(Upcall(self.entry.n, target.packed, sent, capture.room))
                raise
            upcall = Upcall(self.entry.n, target.packed, sent, capture.room, answer.status, answer.headers)
            capture.calls.append(upcall)
            answer.copy = upcall.flow() if stream else upcall.answer.append
        else:
            answer = await self._send(target, body)
        self.entry.connect_ms = answer.connect_ms
        self.job.report.head(self.entry, answer.status)
        headers = answer.headers
        for name in _UPSTREAM_IDS:
            if name in headers:
                self.entry.upstream_id = headers[name]
                break
        if answer.status in _COUNTED:
            self._note_quota(headers)
        return answer

    def _note_quota(self, headers: Mapping[str, str]) -> None:
        """What the upstream says is left, for the pool: from its headers, so that nobody has to ask."""
        provider = self.lease.provider
        if provider.quota_headers.isdisjoint(headers):
            return
        self.quota = rate_limits.told(headers, provider.quota_rows, self.model, self.job.report.now())
        if self.quota:
            self.lease.member.note_quota(self.quota)

    async def _send(self, target: Target, body: bytes) -> Answer:
        proxy = self.proxy(target.location)
        connect_s = self.timeouts.connect_s
        try:
            return await self.egress.open(target, body, proxy=proxy, connect_timeout_s=connect_s)
        except Interrupted as error:
            if not error.reused or self.retried:
                raise
            self.retried = True  # a kept-alive connection had died: once more on a fresh one (contract 7)
            return await self.egress.open(target, body, proxy=proxy, connect_timeout_s=connect_s, fresh=True)

    def deadline(self) -> Deadline:
        self.began = asyncio.get_running_loop().time()
        seconds = self.timeouts.opening_s
        return Deadline(seconds, lambda: f"{self.lease.name} sent nothing within {seconds:g} s")

    def begun(self, deadline: Deadline) -> None:
        """A part that says nothing yet has begun: time is limited as it is behind the first content."""
        spent_s = asyncio.get_running_loop().time() - self.began
        total_s = self.timeouts.total_s
        words = self._too_long()
        limits = [(self.timeouts.idle_s, words["idle"])] if self.timeouts.idle_s else []
        limits += [(max(total_s - spent_s, 0.001), words["total"])] if total_s else []
        seconds, what = min(limits, default=(0.0, ""))
        deadline.move(seconds, lambda: what)

    def watch(self, answer: Answer, down: Downstream) -> Watch:
        """Keep-alives while the upstream is silent, and an end when it stays so."""
        total_s = self.timeouts.total_s
        spent_s = asyncio.get_running_loop().time() - self.began
        return Watch(
            quiet_s=self.lease.provider.server.keepalive_s,
            on_quiet=down.quiet,
            idle_s=self.timeouts.idle_s,
            on_over=answer.close,
            left_s=max(total_s - spent_s, 0.001) if total_s else 0.0,
            blocked=lambda: down.blocked,
        )

    def interrupted(self, watch: Watch, error: UpstreamError) -> Failure:
        """What a stream ends with: our own limit where that closed it, else what the connection said."""
        return failure_of(UpstreamTimeout(self._too_long()[watch.over]) if watch.over else error)

    def _too_long(self) -> dict[str, str]:
        return {
            "idle": f"{self.lease.name} was silent for {self.timeouts.idle_s:g} s",
            "total": f"{self.lease.name} took longer than {self.timeouts.total_s:g} s",
        }

    def served(self, usage: Usage | None, stop: str | None, sent_bytes: int) -> None:
        """The whole answer came: account and record learn it. The exchange ends when the client has it."""
        report = self.job.report
        self.used(usage)
        report.entry.stop = stop
        report.entry.answer_bytes = sent_bytes
        self.lease.succeed(usage)
        report.attempt_ok(self.entry)

    def used(self, usage: Usage | None) -> None:
        """What the upstream has counted so far, and what that costs."""
        if usage is not None:
            account, provider = self.lease.account, self.lease.provider
            self.job.report.usage(usage)
            self.job.report.cost(self.prices.cost(account, provider.base_url, self.model, usage))

    def broke(self, failure: Failure, usage: Usage | None, sent_bytes: int) -> None:
        """It failed after content had gone out: the exchange ends here, the account is judged."""
        report = self.job.report
        self.used(usage)
        report.entry.answer_bytes = sent_bytes
        failure = self._unquoted(failure)
        fault = self.lease.fail(failure, self.lease.provider.judge(failure, self.lease.account), self.model)
        report.attempt_failed(self.entry, fault)
        report.end("failed", 200, fault)

    async def refused(self, answer: Answer) -> Failed:
        """An answer that is no 200."""
        body = self.unquoted(await read_capped(answer, 1024 * 1024))
        headers = answer.headers
        failure = self.codec.parse_error(answer.status, headers, body)
        if failure.retry_after is None and failure.kind in LIMITED_KINDS and self.quota:
            failure.retry_after = rate_limits.spent_for_s(self.quota, self.job.report.now())
        if answer.status == 403:
            self.lease.provider.forget(self.lease.account)
        same = self.proto == self.job.call.front.name and answer.status in _VERBATIM
        verbatim = body if same and body.lstrip()[:1] == b"{" else None
        return self.fail(failure, verbatim=verbatim, headers=headers)


class Deadline:
    """A limit in seconds (0 = none) around the wait for the first content; `met()` lifts it. Raises UpstreamTimeout.

    As `asyncio.timeout`, which costs three times as much per request.
    """

    __slots__ = ("_expired", "_handle", "_seconds", "_task", "_what")

    def __init__(self, seconds: float, what: Callable[[], str]) -> None:
        """`what`: the error's words."""
        self._seconds = seconds
        self._what = what
        self._expired = False
        self._handle: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[Any] | None = None

    def _expire(self) -> None:
        self._expired = True
        assert self._task is not None
        self._task.cancel()

    def met(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def move(self, seconds: float, what: Callable[[], str]) -> None:
        """Begin anew, with another limit."""
        self.met()
        self._seconds, self._what = seconds, what
        self.__enter__()

    def __enter__(self) -> Deadline:
        if self._seconds:
            self._task = asyncio.current_task()
            self._handle = asyncio.get_running_loop().call_later(self._seconds, self._expire)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.met()
        if self._expired and self._task is not None and self._task.uncancel() <= 0 and kind is asyncio.CancelledError:
            raise UpstreamTimeout(self._what()) from error


def wire_extra(call: Call) -> dict[str, str]:
    """What the client's codec has to know beside the request."""
    return {"gemini_array": "1"} if call.array else {}


def passed(headers: Mapping[str, str]) -> dict[str, str]:
    """Upstream headers a client may see (conversion.md 3.4)."""
    return {
        name: value for name, value in headers.items() if name in PASSED_HEADERS or name.startswith(PASSED_PREFIXES)
    }


Runner = Callable[[Try], Awaitable[Failed | None]]
"""Relay or convert: None when the client was served (or the stream was ended with its own error)."""
