"""A server for the dashboard's tests: `ControlCalls` from memory, with accounts and exchanges that are invented.

What a test changes here is told by `push`, as the server would; `calls` says what was asked. `gone` makes every call
fail as if nobody listened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct, structs

from a2a.control.types import (
    AccountCounts,
    AccountDetail,
    AccountState,
    AccountView,
    Acted,
    Attempt,
    Change,
    Cost,
    Exchange,
    ExchangePage,
    ExchangeState,
    ExchangeWish,
    Explained,
    ExplainWish,
    Fault,
    LiveEvent,
    LogEntry,
    LoginAnswer,
    LoginMethod,
    LoginView,
    LoginWish,
    LogWish,
    Missed,
    ModelView,
    Quota,
    Reloaded,
    Replayed,
    ReplayWish,
    Route,
    ServerView,
    SettingView,
    Standing,
    Stats,
    StatsRow,
    StatsWish,
    Timings,
    Tokens,
)
from a2a.errors import A2AError, UnknownRoute, Unreachable

NOW = 1_795_000_000.0
"""The time of all tests of the dashboard."""

SHORTS = {
    "openai-custom": "openai",
    "claude-custom": "claude",
    "gemini-cli-oauth": "gemini",
    "claude-kiro-oauth": "kiro",
    "openai-qwen-oauth": "qwen",
}


class FrozenClock:
    """Goes on when it is told to."""

    def __init__(self, now: float = NOW) -> None:
        self.at = now

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


def account(name: str, state: AccountState = "ready", **more: Any) -> AccountView:
    """`name`: `kiro/work`."""
    short, _, alias = name.partition("/")
    provider = next((each for each, word in SHORTS.items() if word == short), short)
    return AccountView(id=f"acc_{short}_{alias}", provider=provider, alias=alias, state=state, **more)


def accounts() -> list[AccountView]:
    """One for each thing that the overview can say."""
    return [
        account(
            "kiro/work",
            kind="kiro",
            in_flight=2,
            expires_at=NOW + 2520,
            quota=[Quota(unit="credit", limit=1000, remaining=710, resets_at=NOW + 260_000)],
            counts=AccountCounts(
                requests=1234, successes=1230, failures=4, input_tokens=5_600_000, output_tokens=78_000
            ),
            label="mira@example.org",
            plan="KIRO PRO",
            pinned=True,
            last_used_at=NOW - 3,
        ),
        account(
            "gemini/me",
            "cooling",
            kind="google",
            until=NOW + 41,
            expires_at=NOW + 200,
            message="gemini-2.5-pro: quota for this minute is used up",
            remedy="it serves again by itself; a2a accounts reset gemini/me does it at once",
            quota=[Quota(unit="request", limit=1500, remaining=90, resets_at=NOW + 7400)],
            counts=AccountCounts(requests=80, successes=60, failures=20),
        ),
        account(
            "openai/kimi", base_url="https://api.moonshot.example/v1", counts=AccountCounts(requests=12, successes=12)
        ),
        account(
            "qwen/日本語の長い名前のアカウント",
            "needs_login",
            kind="qwen",
            message="its refresh token was refused",
            remedy="a2a login qwen --name work",
        ),
        account("claude/old", "disabled"),
    ]


def exchange(
    number: int,
    state: ExchangeState = "done",
    *,
    to: str = "kiro/work",
    model: str = "claude-sonnet-4-5",
    front: str = "claude",
    ago: float = 30.0,
    fault: Fault | None = None,
    tries: Sequence[str] = (),
    **more: Any,
) -> Exchange:
    """`number` makes its id; `tries`: accounts that failed before."""
    started = NOW - ago
    ended = state in ("done", "failed", "client_closed")
    wait = Fault(kind="rate_limited", message="429 Too Many Requests", status=429, scope="account", action="cool_down")
    attempts = [
        Attempt(
            n=n,
            provider=name.partition("/")[0],
            account=name,
            model=model,
            started_at=started,
            outcome="failed",
            fault=wait,
        )
        for n, name in enumerate(tries, 1)
    ]
    if state != "routing":
        outcome = {"done": "ok", "failed": "failed", "client_closed": "client_closed"}.get(state)
        attempts.append(
            Attempt(
                n=len(attempts) + 1,
                provider=to.partition("/")[0],
                account=to,
                model=model,
                started_at=started,
                outcome=outcome,  # type: ignore[arg-type]
                fault=fault,
            )
        )
    fields: dict[str, Any] = {
        "id": f"ex_{number:010d}abcdefgh",
        "started_at": started,
        "client": "local",
        "front": front,
        "path": "/v1/messages",
        "stream": True,
        "state": state,
        "route": Route(front=front, asked=model, provider=to.partition("/")[0], model=model, via="catalogue"),
        "attempts": attempts,
        "status": 200 if state == "done" else (fault.status if fault else None),
        "fault": fault,
        "timings": Timings(first_token=320.0 + number % 7 * 40, last=2100.0) if ended else Timings(),
        "tokens": Tokens(input=1200, output=240) if state == "done" else None,
        "cost": Cost(amount=0.0072, currency="USD", basis="2026-10-01") if state == "done" else None,
    }
    return Exchange(**{**fields, **more})


def exchanges() -> list[Exchange]:
    """A few of each kind, newest first."""
    refused = Fault(
        kind="overloaded",
        message="the upstream is overloaded",
        status=529,
        scope="provider",
        remedy="try again in a minute, or give another account of the same model: a2a login claude",
    )
    return [
        exchange(12, "streaming", ago=4.0),
        exchange(11, "waiting", ago=2.0, to="openai/kimi", model="kimi-k2-0905-preview", front="chat"),
        exchange(10, "done", ago=40),
        exchange(9, "done", ago=55, to="gemini/me", model="gemini-2.5-pro", front="gemini"),
        exchange(8, "failed", ago=70, to="claude/old", fault=refused),
        exchange(7, "done", ago=90, to="kiro/work", tries=["gemini/me"]),
        exchange(6, "client_closed", ago=100, model="ein-sehr-langer-modellname-der-nirgends-hineinpasst-2026-11-22"),
        exchange(
            5,
            "done",
            ago=120,
            to="qwen/日本語の長い名前のアカウント",
            model="通义千问-コーダー-480b",
            front="responses",
        ),
    ]


class FakeControl:
    """One server; `url` is where it says it is."""

    def __init__(self, accounts: Sequence[AccountView] = (), exchanges: Sequence[Exchange] = ()) -> None:
        self.url = "http://127.0.0.1:3000"
        self.view = ServerView(url=self.url, pid=4711, version="0.7.0", started_at=NOW - 8040, served=1326)
        self.by_id = {each.id: each for each in accounts}
        self.record = {each.id: each for each in exchanges}
        self.calls: list[tuple[Any, ...]] = []
        self.gone: A2AError | None = None
        self.refusal: A2AError | None = None
        """What the next `act` fails with."""
        self.standing: Standing | None = None
        """What the next `test` finds."""
        self.methods: list[LoginMethod] = []
        self.model_list: list[ModelView] = []
        self.setting_list: list[SettingView] = []
        self.lines: list[LogEntry] | A2AError = []
        """The log, or why this key is not told it."""
        self.counted = Stats(total=StatsRow())
        self.logins: dict[str, LoginView] = {}
        self._events: asyncio.Queue[LiveEvent | None] = asyncio.Queue()
        self._seq = 0

    # --- what a test does

    def push(self, change: Change, at: float = NOW) -> None:
        """Something happened at the server."""
        self._seq += 1
        self._events.put_nowait(LiveEvent(self._seq, at, change))

    def close(self, error: A2AError | None = None) -> None:
        """The connection ends, and nobody listens until `open`."""
        self.gone = error or Unreachable("no connection to the server at http://127.0.0.1:3000", hint="a2a serve")
        self._events.put_nowait(None)

    def open(self, *, restarted: bool = False) -> None:
        """There again. `restarted`: as another process."""
        self.gone = None
        if restarted:
            self.view = structs.replace(self.view, pid=self.view.pid + 1, started_at=NOW)
            self._seq = 0
            self.push(Missed(count=0, restarted=True))

    async def connect(self) -> FakeControl:
        self._ask("connect")
        return self

    def _ask(self, *call: Any) -> None:
        self.calls.append(call)
        if self.gone is not None:
            raise self.gone

    # --- ControlCalls

    async def server(self) -> ServerView:
        self._ask("server")
        return self.view

    async def settings(self) -> list[SettingView]:
        self._ask("settings")
        return self.setting_list

    async def accounts(self) -> list[AccountView]:
        self._ask("accounts")
        return list(self.by_id.values())

    async def account(self, provider: str, alias: str) -> AccountDetail:
        self._ask("account", provider, alias)
        found = self._found(provider, alias)
        return AccountDetail(
            **structs.asdict(found),
            source="/home/mira/.aws/sso/cache/token.json",
            limits={"rpm": 60},
            created_at=NOW - 86_400,
        )

    def _found(self, provider: str, alias: str) -> AccountView:
        for each in self.by_id.values():
            if (each.provider, each.alias) == (provider, alias):
                return each
        raise UnknownRoute(f"no account {provider}/{alias}")

    async def act(self, provider: str, alias: str, action: str, body: Struct | None = None) -> Acted:
        self._ask("act", f"{provider}/{alias}", action, body)
        if self.refusal is not None:
            raise self.refusal
        view = self._found(provider, alias)
        if action == "remove":
            del self.by_id[view.id]
            return Acted(action=action, id=view.id, account=f"{provider}/{alias}", message="removed")
        standing = self.standing if action == "test" else None
        return Acted(
            action=action,
            id=view.id,
            account=f"{provider}/{alias}",
            message=f"{action} done",
            view=view,
            standing=standing,
        )

    async def models(self) -> list[ModelView]:
        self._ask("models")
        return self.model_list

    async def exchanges(self, wish: ExchangeWish) -> ExchangePage:
        self._ask("exchanges", wish)
        kept = sorted(self.record.values(), key=lambda each: each.id, reverse=True)
        older = [each for each in kept if wish.before is None or each.id < wish.before]
        page = older[: wish.limit]
        return ExchangePage(exchanges=page, next=page[-1].id if len(older) > len(page) else None)

    async def exchange(self, exchange_id: str) -> Exchange:
        self._ask("exchange", exchange_id)
        if exchange_id not in self.record:
            raise UnknownRoute(f"no exchange {exchange_id} is kept")
        return self.record[exchange_id]

    async def replay(self, exchange_id: str, wish: ReplayWish) -> Replayed:
        self._ask("replay", exchange_id, wish)
        return Replayed(before=self.record[exchange_id], after=self.record[exchange_id])

    async def cassette(self, exchange_id: str) -> str:
        self._ask("cassette", exchange_id)
        return '{"a2a_cassette": 1}\n'

    async def stats(self, wish: StatsWish) -> Stats:
        self._ask("stats", wish)
        return self.counted

    async def explain(self, wish: ExplainWish) -> Explained:
        self._ask("explain", wish)
        return Explained(front=wish.front, asked=wish.model or "")

    async def reload(self) -> Reloaded:
        self._ask("reload")
        return Reloaded(accounts=len(self.by_id))

    async def log(self, wish: LogWish) -> list[LogEntry]:
        self._ask("log", wish)
        if isinstance(self.lines, A2AError):
            raise self.lines
        return self.lines[-wish.limit :]

    async def login_methods(self) -> list[LoginMethod]:
        self._ask("login_methods")
        return self.methods

    async def login(self, wish: LoginWish) -> LoginView:
        self._ask("login", wish)
        view = LoginView(id="login_1", provider=wish.provider, state="running", started_at=NOW)
        self.logins[view.id] = view
        return view

    async def login_state(self, login_id: str) -> LoginView:
        self._ask("login_state", login_id)
        return self.logins[login_id]

    async def login_answer(self, login_id: str, answer: LoginAnswer) -> LoginView:
        self._ask("login_answer", login_id, answer)
        return self.logins[login_id]

    async def login_cancel(self, login_id: str) -> LoginView:
        self._ask("login_cancel", login_id)
        self.logins[login_id] = structs.replace(self.logins[login_id], state="cancelled")
        return self.logins[login_id]

    async def events(self, after: int | None = None) -> AsyncIterator[LiveEvent]:
        self._ask("events", after)
        while (event := await self._events.get()) is not None:
            yield event

    async def aclose(self) -> None:
        self.calls.append(("aclose",))
