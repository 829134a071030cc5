"""A gateway with everything real but its ends: scripted answers, credentials from memory, a sink that keeps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from support.pool_kit import KIRO, FakeClock, account, settings

from a2a.auth.records import Account, ApiKey, Credential, KiroToken
from a2a.clock import Clock
from a2a.config import Settings
from a2a.control.types import Exchange
from a2a.gateway.call import Call, ClientGone
from a2a.gateway.catalogue import Catalogue
from a2a.gateway.edits import EditTable
from a2a.gateway.pipeline import Gateway
from a2a.gateway.route import Router
from a2a.logs.live import Live
from a2a.logs.recorder import Recorder
from a2a.pool.pool import Pool
from a2a.protocols.eventstream import encode_frame
from a2a.protocols.registry import FRONTS
from a2a.providers.http import Interrupted, Target
from a2a.providers.registry import build
from a2a.secret import Secret

ARN = "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL"


class Answer:
    """An upstream answer. An exception among its pieces is raised, an event is waited for, `None` waits until the
    answer is closed."""

    def __init__(self, status: int, *pieces: bytes | Exception | asyncio.Event | None, **headers: str) -> None:
        self.status = status
        self.headers: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        self._pieces = list(pieces)
        self._over = asyncio.Event()
        self.closed = False
        self.connect_ms: float | None = None
        self.copy: Callable[[bytes], None] | None = None

    async def chunk(self) -> bytes:
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        if isinstance(piece, asyncio.Event):
            await piece.wait()
            return await self.chunk()
        if piece is None:
            await self._over.wait()
            raise Interrupted("the call was closed")
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def body(self) -> bytes:
        pieces = []
        while piece := await self.chunk():
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        self.closed = True
        self._over.set()


class Egress:
    """Gives the scripted answers in order and keeps what was asked."""

    def __init__(self, *script: Answer | Exception) -> None:
        self.script = list(script)
        self.sent: list[tuple[Target, bytes]] = []
        self.options: list[Mapping[str, Any]] = []
        self.asked = asyncio.Event()

    async def open(self, target: Target, body: bytes, **options: Any) -> Answer:
        self.sent.append((target, body))
        self.asked.set()
        self.options.append(options)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def body(self, index: int = -1) -> Any:
        return json.loads(self.sent[index][1])


class Keeper:
    """`current` and `refresh` by account id: a credential, or an error to raise."""

    def __init__(self) -> None:
        self.known: dict[str, Credential | Exception] = {}
        self.fresh: dict[str, Credential | Exception] = {}
        self.refreshed: list[str] = []

    async def current(self, account: Account) -> Credential:
        token = KiroToken(kind="social", profile_arn=ARN, access_token=Secret("old"))
        key = ApiKey(Secret(f"sk-{account.alias}"))
        return self._give(self.known.get(account.id, token if account.provider == KIRO else key))

    async def refresh(self, account: Account, *, stale: Credential) -> Credential:
        self.refreshed.append(account.id)
        return self._give(
            self.fresh.get(account.id, KiroToken(kind="social", profile_arn=ARN, access_token=Secret("new")))
        )

    @staticmethod
    def _give(found: Credential | Exception) -> Credential:
        if isinstance(found, Exception):
            raise found
        return found


class Sink:
    """What the client got. `gone_after`: number of writes after which it has left."""

    def __init__(self, gone_after: int | None = None) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.body = b""
        self.writes = 0
        self.gone_after = gone_after
        self.wrote = asyncio.Event()

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        assert not self.status, "answered twice"
        self.status, self.headers, self.body = status, headers, body

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        assert not self.status, "answered twice"
        self.status, self.headers = status, headers

    async def write(self, data: bytes) -> None:
        if self.writes == self.gone_after:
            raise ClientGone
        self.writes += 1
        self.body += data
        self.wrote.set()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Scene:
    """A gateway over these accounts; every provider of them is in the default chain."""

    def __init__(
        self,
        *script: Answer | Exception,
        accounts: Sequence[Account] = (),
        given: Settings | None = None,
        retries: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.accounts = list(accounts) or [account("a"), account("b")]
        chain = list(dict.fromkeys(one.provider for one in self.accounts))
        self.settings = given or settings()
        self.settings.server.request_max_retries = retries
        self.settings.server.model_provider = self.settings.server.model_provider or chain
        self.clock: Any = clock or FakeClock()
        self.egress = Egress(*script)
        self.keeper = Keeper()
        providers = build(self.settings)
        self.pool = Pool(providers, clock=self.clock)
        self.pool.replace(self.accounts)
        self.catalogue = Catalogue(providers)
        self.catalogue.use(self.accounts)
        self.recorder = Recorder(Live(self.clock))
        self.gateway = Gateway(
            server=self.settings.server,
            router=Router(self.settings, providers, self.catalogue),
            catalogue=self.catalogue,
            pool=self.pool,
            keeper=self.keeper,  # type: ignore[arg-type]
            egress=self.egress,  # type: ignore[arg-type]
            recorder=self.recorder,
            clock=self.clock,
            edits=EditTable(self.settings),
        )
        self.exchange: Exchange

    async def ask(self, front: str = "chat", sink: Sink | None = None, **fields: Any) -> Sink:
        """One call; `fields` are the body's, with a model and a message where they are not given."""
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}
        if front == "claude":
            body.setdefault("max_tokens", 100)
        return await self.send(Call(front=FRONTS[front], path="/v1/x", body=json.dumps(body).encode()), sink)

    async def send(self, call: Call, sink: Sink | None = None) -> Sink:
        sink = sink or Sink()
        self.exchange = (await self.gateway.answer(call, sink)).exchange
        return sink

    def states(self) -> dict[str, str]:
        return {member.account.alias: member.state for member in self.pool.members()}

    def keys(self) -> list[str]:
        """The keys the upstream was called with."""
        return [target.headers["Authorization"].removeprefix("Bearer ") for target, _ in self.egress.sent]


def error(status: int, message: str = "it broke", code: str | None = None, **headers: str) -> Answer:
    """An error answer of a Chat upstream."""
    body = {"error": {"message": message, "type": "x", "code": code}}
    return Answer(status, json.dumps(body).encode(), **headers)


def chat(text: str = "hello", **message: Any) -> Answer:
    """A whole answer of a Chat upstream."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    body = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return Answer(200, json.dumps(body).encode(), content_type="application/json")


def chunk(text: str, finish: str | None = None) -> bytes:
    """One frame of a Chat stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    body = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
STREAM = (chunk("hel"), chunk("lo"), chunk("", "stop"), DONE)


def frame(kind: str, **payload: Any) -> bytes:
    """One event of a Kiro stream."""
    headers = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
    return encode_frame(headers, json.dumps(payload).encode())


KIRO_END = frame("metadataEvent", tokenUsage={"uncachedInputTokens": 3, "outputTokens": 4, "totalTokens": 7})


def kiro_text(*texts: str) -> Answer:
    return Answer(200, *(frame("assistantResponseEvent", content=text) for text in texts), KIRO_END)


def kiro_call(name: str = "look", args: str = '{"a":1}') -> Answer:
    pieces = ({"input": ""}, {"input": args}, {"stop": True})
    return Answer(200, *(frame("toolUseEvent", toolUseId="tooluse_1", name=name, **p) for p in pieces), KIRO_END)


def kiro_error(status: int, reason: str | None = None, message: str = "", name: str = "") -> Answer:
    body = json.dumps({"message": message, "reason": reason}).encode()
    return Answer(status, body, **({"x-amzn-errortype": name} if name else {}))
