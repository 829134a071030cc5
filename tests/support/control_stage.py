"""A server in the loop of the test, for its control API: an engine over invented accounts, and ways to ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from unittest import mock

import aiohttp
import msgspec
from aiohttp import web

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import encode_credential
from a2a.auth.records import Account, ApiKey
from a2a.auth.store import FileStore
from a2a.config import Settings
from a2a.control.aio import AsyncControlClient
from a2a.control.client import ControlClient
from a2a.gateway.engine import Engine
from a2a.secret import Secret
from a2a.server import app, keys, run

T = TypeVar("T")
OWN, LAPTOP = Secret("own-key-of-the-server"), Secret("key-of-the-laptop")
"""The server's own key, and that of a further client."""


class Up:
    """A server in this loop."""

    def __init__(self, url: str, engine: Engine, app: web.Application) -> None:
        self.url = url
        self.engine = engine
        self.guard = app[keys.GUARD]
        self.audience = app[keys.AUDIENCE]

    async def ask(self, call: Callable[[ControlClient], T], key: Secret = OWN, timeout_s: float = 30.0) -> T:
        """One call of the blocking client, in a thread."""

        def work() -> T:
            with ControlClient(self.url, key, timeout_s=timeout_s) as client:
                return call(client)

        return await asyncio.to_thread(work)

    def client(self, key: Secret = OWN) -> AsyncControlClient:
        """Close it, or enter it."""
        return AsyncControlClient(self.url, key)

    async def raw(
        self, method: str, path: str, body: bytes = b"", key: Secret = OWN, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of one request."""
        sent = {"Authorization": f"Bearer {key.reveal()}", **headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.url}/admin/v1{path}", data=body, headers=sent) as answer,
        ):
            return answer.status, msgspec.json.decode(await answer.read())


@asynccontextmanager
async def up(settings: Settings, accounts: Iterable[Account] = ()) -> AsyncIterator[Up]:
    """`settings` need `credential_store="file"`; each account has the key `sk-ALIAS`."""
    for one in accounts:
        AccountStore(settings.folders).put(one)
        FileStore(settings.folders.credentials).put(one.id, encode_credential(ApiKey(Secret(f"sk-{one.alias}"))))
    apps: list[web.Application] = []

    def build(*args: Any) -> web.Application:
        apps.append(app.build(*args))
        return apps[0]

    with mock.patch.object(run, "build", build):
        async with Engine(settings, say=lambda _: None) as engine, run.serving(settings, engine) as url:
            yield Up(url, engine, apps[0])
