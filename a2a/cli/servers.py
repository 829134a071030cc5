"""Who does the work of `a2a accounts`: a running server, so that it takes effect at once, or this process.

`A2A_URL` names one server, and then it is that one or an error: what was meant for it must not happen to another home.
Otherwise the servers of this home do it: the first acts, the others look again. One that refuses our key or does not
answer gets a remark, and the work is done on disk.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from a2a.cli.home import Home
from a2a.config import Settings
from a2a.control.types import (
    AccountDetail,
    AccountView,
    Acted,
    Exchange,
    Explained,
    ExplainWish,
    Export,
    ExportWish,
    Migrated,
    MigrateWish,
    Nothing,
    ServerView,
)
from a2a.errors import A2AError, UnknownRoute, Unreachable, UsageError, WrongKey
from a2a.secret import Secret

if TYPE_CHECKING:
    from msgspec import Struct

    from a2a.control.client import ControlClient
    from a2a.gateway.engine import Engine

T = TypeVar("T")

_NO_KEY = Secret("none")
"""Asked with last, or where we have no key at all: a server that is not there shall not be said to refuse us."""


class Desk(Protocol):
    """Where accounts are looked at and acted upon. Every method raises A2AError."""

    def accounts(self) -> list[AccountView]: ...

    def detail(self, account: AccountView) -> AccountDetail: ...

    def act(self, account: AccountView, action: str, body: Struct | None = None) -> Acted: ...

    def test_all(self) -> list[Acted]: ...

    def export(self, account: AccountView | None, wish: ExportWish) -> Export:
        """Of one account, or of all."""

    def migrate(self, wish: MigrateWish) -> Migrated: ...

    def explain(self, wish: ExplainWish) -> Explained: ...


class Local:
    """This process, on the files of the home. Looking needs no engine; acting starts one."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def accounts(self) -> list[AccountView]:
        return [self._home.view(account) for account in self._home.all_accounts()]

    def detail(self, account: AccountView) -> AccountDetail:
        from a2a.pool.health import detail_of
        from a2a.pool.limits import limits_of

        record = next(each for each in self._home.all_accounts() if each.id == account.id)
        return detail_of(record, account, limits_of(record, self._home.settings.provider(record.provider)))

    def act(self, account: AccountView, action: str, body: Struct | None = None) -> Acted:
        from a2a.gateway.actions import ACTIONS

        async def act(engine: Engine) -> Acted:
            member = engine.pool.member(account.id)
            if member is None:
                raise UsageError(f"{account.provider}/{account.alias} is gone", hint="a2a accounts")
            acted: Any = await ACTIONS[action].act(engine, member, Nothing() if body is None else body)
            assert isinstance(acted, Acted)
            return acted

        return self._run(act)

    def test_all(self) -> list[Acted]:
        from a2a.gateway.actions import probe_all

        return self._run(lambda engine: probe_all(engine, Nothing()))

    def export(self, account: AccountView | None, wish: ExportWish) -> Export:
        from a2a.gateway.actions import export

        def wanted(engine: Engine) -> Awaitable[Export]:
            members = engine.pool.members()
            return export(engine, [m for m in members if account is None or m.account.id == account.id], wish)

        return self._run(wanted)

    def migrate(self, wish: MigrateWish) -> Migrated:
        from a2a.gateway.actions import migrate

        return self._run(lambda engine: migrate(engine, wish))

    def explain(self, wish: ExplainWish) -> Explained:
        from a2a.gateway.explain import explain

        return self._run(lambda engine: explain(engine, wish))

    def _run(self, work: Callable[[Engine], Awaitable[T]]) -> T:
        from a2a.cli.loop import run
        from a2a.gateway.engine import Engine

        async def whole() -> T:
            async with Engine(self._home.settings, say=self._say) as engine:
                return await work(engine)

        return run(whole())

    def _say(self, text: str) -> None:
        """What the home has told already is not told again."""
        if all(error["message"] != text for error in self._home.out.errors):
            self._home.out.trouble(text)


class Remote:
    """The first of these servers; the others are told to look again afterwards."""

    def __init__(self, home: Home, clients: list[ControlClient]) -> None:
        self._home = home
        self._server, *self._others = clients

    def accounts(self) -> list[AccountView]:
        return self._server.accounts()

    def detail(self, account: AccountView) -> AccountDetail:
        return self._server.account(account.provider, account.alias)

    def act(self, account: AccountView, action: str, body: Struct | None = None) -> Acted:
        acted = self._server.act(account.provider, account.alias, action, body)
        self._tell()
        return acted

    def test_all(self) -> list[Acted]:
        tested = self._server.test_all()
        self._tell()
        return tested

    def export(self, account: AccountView | None, wish: ExportWish) -> Export:
        if account is None:
            return self._server.export_all(wish)
        return self._server.export(account.provider, account.alias, wish)

    def migrate(self, wish: MigrateWish) -> Migrated:
        return self._server.migrate(wish)

    def explain(self, wish: ExplainWish) -> Explained:
        return self._server.explain(wish)

    def _tell(self) -> None:
        for client in self._others:
            _reload(self._home, client)


@contextlib.contextmanager
def desk(home: Home) -> Iterator[Desk]:
    """Raises A2AError where `A2A_URL` names a server that cannot be used."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client) for client in clients_of(home)]
        yield Remote(home, clients) if clients else Local(home)


def exchange(home: Home, exchange_id: str) -> Exchange:
    """A past exchange, from wherever it is kept: the memory of a running server. Raises UsageError where it is not."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client) for client in clients_of(home)]
        for client in clients:
            with contextlib.suppress(UnknownRoute):
                return client.exchange(exchange_id)
    if not clients:
        told = f"no server of this home runs that could know exchange {exchange_id}"
        raise UsageError(told, hint="a server keeps its last exchanges while it runs; A2A_URL names another one")
    raise UsageError(
        f"no exchange {exchange_id} is kept", hint="the newest are: curl -H … /admin/v1/exchanges (docs/control.md)"
    )


def tell_servers(home: Home) -> None:
    """Let every server of this home look at the accounts again, after something was changed on disk.

    Never raises: what was changed stays changed, whether or not a server hears of it.
    """
    with contextlib.ExitStack() as stack:
        try:
            clients = [stack.enter_context(client) for client in clients_of(home)]
        except A2AError as error:
            home.out.say(f"{error.message}: it does not know of this yet")
            return
        for client in clients:
            _reload(home, client)


def _reload(home: Home, client: ControlClient) -> None:
    try:
        client.reload()
    except A2AError as error:
        home.out.say(f"the server at {client.url} does not know of it yet: {error.message}")


def addresses(settings: Settings) -> list[str]:
    """Of the servers that are meant: the one that `A2A_URL` names, else those of this home."""
    from a2a.control.servers import running

    return [settings.url] if settings.url else [view.url for view in running(settings.folders.servers)]


def none_runs() -> Unreachable:
    return Unreachable("no server runs here", hint="a2a serve")


@contextlib.contextmanager
def every_server(home: Home) -> Iterator[list[ControlClient]]:
    """Those of `clients_of`. Raises Unreachable where there is none."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client) for client in clients_of(home)]
        if not clients:
            raise none_runs()
        yield clients


def clients_of(home: Home) -> Iterator[ControlClient]:
    """The servers that answer, and take our key. Raises A2AError where `A2A_URL` names one that does not."""
    given = home.settings.url
    for url in addresses(home.settings):
        try:
            yield client_at(home, url)
        except A2AError as error:
            if given:
                raise
            home.out.say(f"{error.message}: going by what lies on disk, of which that server does not know")


def client_at(home: Home, url: str) -> ControlClient:
    """Raises WrongKey, Unreachable, UpstreamTimeout, BadUpstream and StoreError."""
    from a2a.control.client import ControlClient

    refused = WrongKey(f"the server at {url} refuses our key", hint="set A2A_API_KEY to the key it was started with")
    for key in keys(home):
        client = ControlClient(url, key)
        try:
            _remark(home, client.server())
        except WrongKey:
            client.close()
        except BaseException:
            client.close()
            raise
        else:
            return client
    raise refused


def _remark(home: Home, server: ServerView) -> None:
    """What is to be known of a server that works by other settings than its file says, or records nothing."""
    recording = server.recording
    if recording is not None and recording.stopped is not None:
        hint = f" ({recording.hint})" if recording.hint else ""
        home.out.trouble(f"the server at {server.url} records nothing now: {recording.stopped}{hint}")
    config = server.config
    if config is None:
        return
    if config.refused is not None:
        hint = f" ({config.hint})" if config.hint else ""
        told = f"the server at {server.url} does not take its settings: {config.refused}{hint}; those from before stay"
        home.out.trouble(told)
    if config.restart:
        home.out.say(f"the server at {server.url} takes these from its next start on: {', '.join(config.restart)}")


def keys(home: Home) -> Iterator[Secret]:
    """Those to try at a server, in this order; the last is none at all."""
    return itertools.chain(_keys(home), [_NO_KEY])


def _keys(home: Home) -> Iterator[Secret]:
    """The key of the settings, else the one made at the first start, which only then is looked up."""
    from a2a.auth import serverkey

    if home.settings.server.api_key is not None:
        yield home.settings.server.api_key
    if (made := serverkey.get(home.secrets)) is not None:
        yield made
