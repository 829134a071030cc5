"""Stats, models, settings and logs: what they show, at two sizes, and every key and word of theirs."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from msgspec import structs
from support.dash_run import Running, check_screen, dashboard
from support.fake_control import NOW, FakeControl, account, accounts, exchange, exchanges
from support.picture import check_picture

from a2a.control.types import (
    AccountChanged,
    ConfigView,
    Considered,
    Cost,
    ExchangeChanged,
    Explained,
    ExplainWish,
    Fault,
    Hop,
    LogEntry,
    LogLine,
    Missed,
    ModelView,
    NoteView,
    Price,
    Reloaded,
    Route,
    SettingView,
    Stats,
    StatsRow,
    StatsWish,
)
from a2a.errors import Forbidden, Unreachable
from a2a.tui.marks import ASCII
from a2a.tui.panes import RequestList

pytestmark = pytest.mark.anyio


def row(key: dict[str, str], count: int) -> StatsRow:
    return StatsRow(
        key=key,
        requests=count,
        failed=count // 50,
        input=count * 1200,
        output=count * 240,
        cache_read=count * 700,
        cost=[Cost(amount=count * 0.0072, currency="USD", basis="2026-11-01")],
        unpriced=count // 9,
        first_token_p50_ms=300.0 + count % 100,
        first_token_p95_ms=900.0 + count % 400,
        duration_p50_ms=2000.0 + count,
    )


NAMES = {
    "account": ["kiro/work", "gemini/me", "qwen/日本語の長い名前のアカウント"],
    "provider": ["claude-kiro-oauth", "gemini-cli-oauth"],
    "model": ["claude-sonnet-4-5", "gemini-2.5-pro"],
    "client": ["laptop", "local"],
    "front": ["chat", "claude"],
    "hour": [time.strftime("%Y-%m-%dT%H", time.gmtime(NOW - 3600 * back)) for back in range(23, -1, -2)],
    "day": [time.strftime("%Y-%m-%d", time.gmtime(NOW - 86_400 * back)) for back in range(6, -1, -1)],
}


class Counting(FakeControl):
    """Answers with figures for whatever is asked for."""

    async def stats(self, wish: StatsWish) -> Stats:
        self._ask("stats", wish)
        rows = [row({wish.by[0]: name}, 1800 // (n + 1)) for n, name in enumerate(NAMES[wish.by[0]])]
        return Stats(total=row({}, 3480), rows=rows, since=NOW - 86_400, until=NOW)


MODELS = [
    ModelView(
        id="claude-sonnet-4-5",
        name="Claude Sonnet 4.5",
        provider="claude-kiro-oauth",
        accounts=["kiro/work", "kiro/home"],
        context=200_000,
        max_output=64_000,
        input=["text", "image"],
        aliases=["claude-4.5-sonnet"],
        price=Price(input=3.0, output=15.0, basis="2026-11-01"),
    ),
    ModelView(id="gemini-2.5-pro", name="Gemini", provider="gemini-cli-oauth", context=1_048_576),
    ModelView(
        id="通义千问-コーダー-480b", name="q", provider="openai-qwen-oauth", accounts=["qwen/a"], context=131_072
    ),
    ModelView(id="sonnet", name="sonnet", provider="alias", targets=["kiro/claude-sonnet-4-5", "claude/other"]),
]
SETTINGS = [
    SettingView(name="server.host", value="localhost", origin="default"),
    SettingView(name="server.port", value="3000", origin="--port"),
    SettingView(name="server.proxy", value="-", origin="default"),
    SettingView(name="server.queue_timeout_s", value="45.0", origin="config.toml:12"),
    SettingView(name="providers.claude-kiro-oauth.region", value="eu-central-1", origin="config.toml:31"),
]


def counting() -> Counting:
    control = Counting(accounts(), exchanges())
    control.model_list = MODELS
    control.setting_list = SETTINGS
    config = ConfigView(loaded_at=NOW - 300, file="/home/mira/.config/a2a/config.toml", restart=["server.port"])
    control.view = structs.replace(control.view, config=config)
    return control


def asked(dash: Running, what: str = "stats") -> list[Any]:
    return [call[1] for call in dash.control.calls if call[0] == what]


def told(dash: Running, *lines: tuple[str, str, dict[str, str]]) -> None:
    for number, (level, event, fields) in enumerate(lines):
        dash.control.push(LogLine(level=level, event=event, fields=fields), at=NOW - 60 + number)


LOG = (
    ("info", "settings_taken", {"logger": "server", "changed": "server.queue_timeout_s"}),
    ("warning", "account_cooling", {"logger": "pool", "account": "gemini/me", "why": "429 日本語"}),
    ("debug", "tick", {}),
    ("error", "recording_stopped", {"logger": "logs", "why": "No space left on device"}),
    ("info", "exchange_failed", {"exchange": exchange(8).id, "status": "529"}),
)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_they_look_as_they_did(size: tuple[int, int]) -> None:
    async with dashboard(counting(), size) as dash:
        told(dash, *LOG)
        for key, name, sees in (
            ("5", "stats", "3,480"),
            ("4", "models", "claude-sonnet-4-5"),
            ("7", "config", "queue_timeout_s"),
            ("6", "logs", "exchange_failed"),
        ):
            await dash.press(key)
            await dash.sees(sees)
            await check_screen(dash, f"{name}-{size[0]}x{size[1]}")
            if name == "stats":
                await check_picture(dash, f"{name}-{size[0]}x{size[1]}")


async def test_stats_look_as_they_did_in_ascii() -> None:
    async with dashboard(counting(), (80, 24), marks=ASCII, theme="mono") as dash:
        await dash.press("5")
        await dash.sees("3,480")
        assert dash.text().isascii()
        await check_screen(dash, "stats-ascii-80x24")


# --- stats


async def test_stats_ask_for_a_table_and_a_course() -> None:
    async with dashboard(counting()) as dash:
        await dash.press("5")
        await dash.sees("kiro/work")
        assert asked(dash) == [
            StatsWish(since=NOW - 86_400, by=["account"]),
            StatsWish(since=NOW - 86_400, by=["hour"]),
        ]


async def test_the_span_is_chosen_by_key_and_word() -> None:
    async with dashboard(counting()) as dash:
        await dash.press("5", "h")
        await dash.sees("the last 7 days")
        assert StatsWish(since=NOW - 7 * 86_400, by=["day"]) in asked(dash)
        await dash.press("H", "H")
        await dash.sees("the last hour")
        await dash.press(":")
        await dash.type("last 30d")
        await dash.press("enter")
        await dash.sees("the last 30 days")


async def test_the_last_hour_is_drawn_from_the_requests_that_are_kept() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        await dash.press("5", "H")
        await dash.sees("the last hour")
        assert all(wish.by != ["hour"] for wish in asked(dash) if wish.since == NOW - 3600)
        await dash.until(lambda: any(level in dash.text() for level in "▂▃▄▅▆▇█"))


async def test_what_is_counted_is_chosen() -> None:
    async with dashboard(counting()) as dash:
        await dash.press("5", "b")
        await dash.sees("By  provider", "kiro", "gemini")
        await dash.press("b")
        await dash.sees("By  model", "gemini-2.5-pro")
        await dash.press("B", "B", "B")
        await dash.sees("By  day", NAMES["day"][-1])
        await dash.press(":")
        await dash.type("by client")
        await dash.press("enter")
        await dash.sees("By  client", "laptop")


async def test_the_figure_that_is_drawn_is_chosen() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        await dash.press("5")
        for figure in ("requests", "tokens", "cost", "failed", "first token p50", "requests"):
            await dash.sees(f"the last 24 hours · {figure} ")
            await dash.press("p")


async def test_the_table_is_sorted_and_filtered() -> None:
    async with dashboard(counting()) as dash:
        await dash.press("5")
        await dash.sees("kiro/work")
        await dash.until(lambda: dash.text().find("kiro/work") < dash.text().find("gemini/me"))
        await dash.press("O")
        await dash.until(lambda: dash.text().find("kiro/work") > dash.text().find("gemini/me") > 0)
        await dash.press("/")
        await dash.type("^qwen")
        await dash.press("enter")
        await dash.until(lambda: "kiro/work" not in dash.text())
        await dash.sees("qwen/")


async def test_figures_are_asked_for_again_when_requests_came() -> None:
    async with dashboard(counting()) as dash:
        await dash.press("5")
        await dash.sees("kiro/work")
        for _ in range(2):  # what was heard since the first answer is asked for once, and no more
            count = len(asked(dash))
            dash.clock.at += 60
            dash.app.beat()
            await dash.settle()
        assert len(asked(dash)) == count
        dash.control.push(ExchangeChanged(exchange(20)))
        await dash.until(lambda: dash.app.desk.state.exchanges.get(exchange(20).id))
        dash.app.beat()
        await dash.until(lambda: len(asked(dash)) > count)


async def test_without_requests_the_figures_say_so() -> None:
    async with dashboard(FakeControl()) as dash:
        await dash.press("5")
        await dash.sees("no request in the last 24 hours")


async def test_figures_that_cannot_be_had_say_why() -> None:
    control = counting()

    async def stats(wish: StatsWish) -> Stats:
        raise Unreachable("no record here", hint="a2a doctor")

    control.stats = stats  # type: ignore[method-assign]
    async with dashboard(control) as dash:
        await dash.press("5")
        await dash.sees("no figures", "no record here", "a2a doctor")


async def test_a_row_leads_to_its_requests() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        await dash.press("5")
        await dash.sees("kiro/work")
        await dash.press("down", "enter")
        await dash.sees("Stats › gemini/me")
        found = dash.app.screen.query(RequestList).last()
        await dash.until(lambda: [row.id for row in found.rows] == [exchange(9).id, exchange(7).id])
        await dash.press("escape")
        await dash.sees("By  account")


@pytest.mark.parametrize(
    ("asked_for", "numbers"),
    [
        ("provider=gemini", [9]),
        ("model=kimi-k2-0905-preview", [11]),
        ("client=local", [12, 11, 10, 9, 8, 7, 6, 5]),
        ("front=responses", [5]),
        ("day=2026-11-18", [12, 11, 10, 9, 8, 7, 6, 5]),
        ("day=2026-11-17", []),
        ("nonsense=1", []),
    ],
)
async def test_requests_are_found_by_what_was_counted(asked_for: str, numbers: list[int]) -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        await dash.press(":")
        await dash.type(f"found {asked_for}")
        await dash.press("enter")
        await dash.until(lambda: len(dash.app.trail) == 2)
        found = dash.app.screen.query(RequestList).last()
        await dash.until(lambda: numbers or "none of the requests that are kept here" in dash.text())
        wanted = [exchange(number).id for number in numbers]
        await dash.until(lambda: [row.id for row in found.rows] == wanted)


# --- models


async def test_models_say_who_serves_them() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        await dash.press("4")
        await dash.sees("gemini-2.5-pro")
        await dash.until(lambda: "nobody now" in dash.line_of("gemini-2.5-pro"))
        await dash.until(lambda: "kiro/work, kiro/home" in dash.line_of("claude-sonnet-4-5 "))
        await dash.until(lambda: "200k" in dash.line_of("claude-sonnet-4-5 "))
        await dash.until(lambda: "3.00" in dash.line_of("claude-sonnet-4-5 "))
        await dash.sees("also claude-4.5-sonnet; reads text, image")


async def test_models_are_filtered_and_sorted() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        await dash.press("4")
        await dash.press("/")
        await dash.type("qwen|alias")
        await dash.press("enter")
        await dash.sees("2 of 4")
        await dash.until(lambda: "gemini-2.5-pro" not in dash.text())
        await dash.press("escape", ":")
        await dash.type("sort context")
        await dash.press("enter")
        await dash.until(lambda: dash.text().find("gemini-2.5-pro") < dash.text().find("claude-sonnet-4-5 "))
        assert "gemini-2.5-pro" in dash.text()


async def test_models_are_asked_for_again_when_an_account_changes() -> None:
    async with dashboard(counting()) as dash:
        await dash.press("4")
        await dash.sees("gemini-2.5-pro")
        assert dash.control.calls.count(("models",)) == 1
        dash.control.push(AccountChanged(account("kiro/work", "cooling")))
        await dash.until(lambda: dash.control.calls.count(("models",)) == 2)
        await dash.press("u")
        await dash.until(lambda: dash.control.calls.count(("models",)) == 3)


async def test_a_model_leads_to_what_a_request_would_get() -> None:
    control = counting()
    fault = Fault(kind="not_found", message="no provider serves gpt-9", status=404, remedy="a2a models lists them")
    route = Route(front="chat", asked="sonnet", provider="claude-kiro-oauth", model="claude-sonnet-4-5", via="alias")
    first = Hop(
        route=route,
        accounts=[Considered(account="kiro/work", why="next in turn")],
        waiting=[Considered(account="kiro/home", why="needs_login")],
        mode="convert",
        url="https://runtime.example/generateAssistantResponse",
        notes=[NoteView("seed", "dropped", "the upstream knows none")],
    )
    second = Hop(route=structs.replace(route, via="fallback", instead_of="kiro/auto"), fault=fault)

    async def explain(wish: ExplainWish) -> Explained:
        control._ask("explain", wish)
        if wish.front == "responses":
            return Explained(front=wish.front, asked="gpt-9", fault=fault)
        return Explained(front=wish.front, asked=wish.model or "", hops=[first, second])

    control.explain = explain  # type: ignore[method-assign]
    async with dashboard(control, (120, 40)) as dash:
        await dash.press("4")
        await dash.sees("claude-sonnet-4-5")
        await dash.press("enter")
        await dash.sees("Models › claude-sonnet-4-5", "kiro/work  next in turn", "nobody was called")
        await check_screen(dash, "explain-120x40")
        await dash.press("f")
        await dash.sees("refused", "404 no provider serves gpt-9", "a2a models lists them")
        assert [wish.front for wish in asked(dash, "explain")] == ["chat", "responses"]


async def test_without_models_it_says_where_to_look() -> None:
    async with dashboard(FakeControl()) as dash:
        await dash.press("4")
        await dash.sees("no model: no account can serve.")


# --- settings


async def test_settings_have_their_origin() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        await dash.press("7")
        await dash.sees("/home/mira/.config/a2a/config.toml", "3 of 5 set")
        await dash.until(lambda: "config.toml:12" in dash.line_of("queue_timeout_s"))
        await dash.until(lambda: "next start" in dash.line_of("server.port "))


async def test_defaults_are_hidden_and_shown() -> None:
    async with dashboard(counting()) as dash:
        await dash.press("7", "d")
        await dash.until(lambda: "server.host" not in dash.text())
        await dash.sees("server.queue_timeout_s")
        await dash.press("d")
        await dash.sees("server.host")


async def test_settings_are_read_again() -> None:
    control = counting()

    async def reload() -> Reloaded:
        control._ask("reload")
        return Reloaded(accounts=5, changed=["server.queue_timeout_s"], problems=["kimi: KIMI_API_KEY is not set"])

    control.reload = reload  # type: ignore[method-assign]
    async with dashboard(control, (120, 40)) as dash:
        await dash.press("7", "r")
        await dash.sees("read again: 5 accounts; changed: server.queue_timeout_s", "kimi: KIMI_API_KEY is not set")
        await dash.until(lambda: dash.control.calls.count(("settings",)) == 2)


async def test_a_refused_file_is_told() -> None:
    control = counting()
    refused = ConfigView(
        loaded_at=NOW, refused="config.toml:7: no key 'porrt'", hint="did you mean port?", refused_at=NOW
    )
    control.view = structs.replace(control.view, config=refused)
    async with dashboard(control, (120, 40)) as dash:
        await dash.press("7")
        await dash.sees("the file is refused: config.toml:7: no key 'porrt'", "did you mean port?")


# --- logs


async def test_the_level_is_chosen() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        told(dash, *LOG)
        await dash.press("6")
        await dash.sees("settings_taken", "info and above · 4")
        await dash.until(lambda: "tick" not in dash.text())
        await dash.press("v")
        await dash.sees("warning and above · 2")
        await dash.press("v", "v")
        await dash.sees("info and above · 4")
        await dash.press(":")
        await dash.type("level error")
        await dash.press("enter")
        await dash.sees("error and above · 1")


async def test_the_newest_line_is_on_top_and_told_in_full() -> None:
    async with dashboard(counting(), (80, 24)) as dash:
        told(dash, ("info", "a", {}), ("warning", "b", {"why": "word " * 30 + "end", "account": "kiro/work"}))
        await dash.press("6")
        await dash.sees("b  account=kiro/work  why=word", "end")
        first = next(line for line in dash.lines() if line.startswith(" 11:"))
        assert "b  account" in first


async def test_a_paused_log_counts_what_waits() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        told(dash, *LOG)
        await dash.press("6")
        await dash.sees("settings_taken")
        await dash.press("p")
        told(dash, ("info", "later", {}))
        await dash.sees("paused, 1 waiting")
        await dash.until(lambda: "later" not in dash.text())
        await dash.press("p")
        await dash.sees("later")


async def test_a_line_about_an_exchange_opens_it() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        told(dash, *LOG)
        await dash.press("6")
        await dash.sees("exchange_failed")
        await dash.press("enter")
        await dash.until(lambda: ("exchange", exchange(8).id) in dash.control.calls)


async def test_a_log_is_filtered() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        told(dash, *LOG)
        await dash.press("6", "/")
        await dash.type("no space")
        await dash.press("enter")
        await dash.sees("recording_stopped")
        await dash.until(lambda: "settings_taken" not in dash.text())


async def test_a_log_of_many_lines_keeps_the_newest() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        told(dash, *[("info", f"event_{n}", {}) for n in range(6000)])
        await dash.press("6")
        await dash.sees("event_5999", "info and above · 5000")


def kept(*numbers: int) -> list[LogEntry]:
    return [LogEntry(seq=n, at=NOW - 600 + n, level="info", event=f"kept_{n}") for n in numbers]


def log_lines(dash: Running) -> list[str]:
    """Events as the list has them, newest first."""
    rows = [line.split() for line in dash.lines() if re.match(r" \d\d:\d\d:\d\d ", line)]
    return [row[2] for row in rows]


async def test_what_was_said_before_is_there_and_nothing_twice() -> None:
    control = counting()
    control.lines = kept(1, 2, 3)
    async with dashboard(control, (120, 40)) as dash:
        told(dash, ("info", "kept_1", {}), ("info", "kept_2", {}), ("info", "kept_3", {}), ("info", "later", {}))
        await dash.press("6")
        await dash.sees("later", "info and above · 4")
        assert log_lines(dash) == ["later", "kept_3", "kept_2", "kept_1"]


async def test_lines_that_were_missed_are_asked_for() -> None:
    control = counting()
    control.lines = kept(1)
    async with dashboard(control, (120, 40)) as dash:
        await dash.press("6")
        await dash.sees("kept_1")
        told(dash, ("info", "kept_1", {}))
        control.lines = kept(1, 2, 3)
        control.push(Missed(count=2))
        await dash.sees("kept_3", "kept_2", "info and above · 3")
        assert log_lines(dash) == ["kept_3", "kept_2", "kept_1"]


async def test_a_client_of_the_server_is_told_that_the_log_is_not_for_it() -> None:
    control = counting()
    control.lines = Forbidden("the key of client 'laptop' may not see the log")
    async with dashboard(control, (120, 40)) as dash:
        await dash.press("6")
        await dash.sees("serving", "the key of client 'laptop' may not see the log")


async def test_a_server_that_has_said_nothing() -> None:
    async with dashboard(counting(), (120, 40)) as dash:
        await dash.press("6")
        await dash.sees("the server has said nothing of level info or above")
