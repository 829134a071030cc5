"""Where a check runs: a client of the server under test, and the emulators behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import aiohttp
from msgspec import Struct

from a2a.demo.faults import Board, Fault
from a2a.demo.matrix.sides import Upstream
from a2a.demo.matrix.talk import Answer, Complaint, Dialect, Question
from a2a.demo.matrix.wrong import Wrong, need, same
from a2a.demo.wire import dumps

_TIMEOUT = aiohttp.ClientTimeout(total=20)


class Reply(Struct, frozen=True):
    """What came back. `headers`: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self, name: str) -> str:
        """Raises Wrong when the header is absent."""
        need(name in self.headers, f"the header {name} is missing")
        return self.headers[name]


class Lab:
    """One server and the demo upstreams behind it, as an async context manager.

    `heal`: makes every account of the server ready again, so that one check's broken accounts are not the next one's.
    """

    def __init__(self, url: str, key: str, faults: Board, heal: Callable[[], None]) -> None:
        self.url = url
        self.key = key
        self.faults = faults
        self.heal = heal

    async def __aenter__(self) -> Lab:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises Wrong when no HTTP answer comes."""
        try:
            async with self._session.post(self.url + path, data=body, headers=headers) as response:
                content = await response.read()
                return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, content)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Wrong(f"no answer from {self.url}{path}: {error or type(error).__name__}") from error


class Desk:
    """One front to one provider: questions go out, answers come back read by the front's own rules."""

    def __init__(self, lab: Lab, front: Dialect, provider: Upstream) -> None:
        self.lab = lab
        self.front = front
        self.provider = provider

    @property
    def passes_through(self) -> bool:
        """Client and upstream speak the same protocol: an upstream's error body may be the answer."""
        return self.front.name == self.provider.proto

    @contextmanager
    def trouble(self, fault: Fault | str, *, times: int | None = 1) -> Iterator[None]:
        """The provider misbehaves inside the block; behind it all accounts are well again."""
        self.lab.faults.add(fault, api=self.provider.api, times=times)
        try:
            yield
        finally:
            self.lab.faults.clear()
            self.lab.heal()

    async def send(
        self, question: Question, *, account: str | None = None, key: str | None = None, body: bytes | None = None
    ) -> Reply:
        """By path prefix, or by header where one account is wanted. `body`: other bytes than the question's."""
        path = self.front.path(question)
        headers = self._headers(key)
        if account is None:
            path = f"/{self.provider.id}{path}"
        else:
            headers["model-provider"] = f"{self.provider.id}/{account}"
        return await self.lab.post(path, dumps(self.front.body(question)) if body is None else body, headers)

    def _headers(self, key: str | None = None) -> dict[str, str]:
        return {"content-type": "application/json", **self.front.key(key or self.lab.key)}

    async def ask(self, question: Question, *, attempts: int | None = 1) -> Answer:
        """A question that must be answered, by the account of that attempt. Raises Wrong."""
        reply = await self.send(question)
        _must_be_good(reply)
        if attempts is not None:
            same(reply.head("x-a2a-attempts"), str(attempts), "x-a2a-attempts")
        need("/" in reply.head("x-a2a-account"), "x-a2a-account names no account")
        due = "text/event-stream" if question.stream and not question.array else "application/json"
        same(reply.head("content-type").partition(";")[0], due, "content-type")
        read = self.front.read_stream if question.stream else self.front.read
        return read(reply.body, question)

    async def count(self, question: Question) -> tuple[int, str]:
        """The tokens of a question, and what a2a remarks on the number. Raises Wrong."""
        counting = self.front.counting
        if counting is None:
            raise Wrong(f"{self.front.name} has no way to count")
        path = f"/{self.provider.id}{counting.path(question)}"
        reply = await self.lab.post(path, dumps(counting.body(question)), self._headers())
        _must_be_good(reply)
        same(reply.head("content-type").partition(";")[0], "application/json", "content-type")
        return counting.read(reply.body), reply.headers.get("x-a2a-notes", "")

    def refused(self, reply: Reply, status: int, kind: str) -> Complaint:
        """An error answer with this status and `type`, or in the upstream's own words. Raises Wrong."""
        text = reply.body.decode("utf-8", "replace")[:200]
        same(reply.status, status, f"the status ({text})")
        same(reply.head("content-type").partition(";")[0], "application/json", "content-type")
        complaint = self.front.read_error(reply.body)
        if not (self.passes_through and self.provider.own_words):
            same(complaint.kind, kind, "the error's type")
        if complaint.status is not None:
            same(complaint.status, status, "the status in the body")
        return complaint


def _must_be_good(reply: Reply) -> None:
    """Raises Wrong, with the answer's own words."""
    if reply.status != 200:
        raise Wrong(f"status {reply.status}: {reply.body.decode('utf-8', 'replace')[:300]}")
    need(reply.head("x-a2a-exchange").startswith("ex_"), "x-a2a-exchange is no exchange's id")
