"""The record over HTTP: pages, one exchange, figures, a replay, a cassette, and who may see which."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import msgspec
import pytest
from support import control_stage
from support.control_stage import LAPTOP, OWN, Up
from support.pool_kit import OPENAI, account
from support.waiting import PATIENCE_S

from a2a.config import ProviderSettings, ServerSettings, Settings
from a2a.control.types import ExchangeChanged, ExchangeWish, Progress, ReplayWish, StatsWish
from a2a.demo.upstreams import Upstreams
from a2a.errors import Forbidden, UnknownRoute, UsageError
from a2a.gateway import progress
from a2a.paths import folders
from a2a.secret import Secret

pytestmark = pytest.mark.anyio
WORDS = "the words of somebody else"


def settings(demo: Upstreams, home: Path, *, bodies: bool = True) -> Settings:
    return Settings(
        providers={OPENAI: ProviderSettings(base_url=demo.openai_url)},
        server=ServerSettings(port=0, host="127.0.0.1", api_key=OWN, log_bodies=bodies),
        client_keys={"laptop": LAPTOP},
        credential_store="file",
        folders=folders(str(home)),
    )


@pytest.fixture
async def demo() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def up(demo: Upstreams, home: Path) -> AsyncIterator[Up]:
    async with control_stage.up(settings(demo, home), [account("demo-openai-1")]) as stage:
        yield stage


async def chat(up: Up, words: str = WORDS, *, key: Secret = OWN, model: str = "demo-chat", stream: bool = False) -> str:
    """One request; the id of its exchange."""
    body = {"model": f"openai/{model}", "stream": stream, "messages": [{"role": "user", "content": words}]}
    headers = {"Authorization": f"Bearer {key.reveal()}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{up.url}/v1/chat/completions", json=body, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()
        await answer.read()
        return answer.headers["x-a2a-exchange"]


async def test_pages_come_newest_first_and_without_bodies(up: Up) -> None:
    ids = [await chat(up) for _ in range(3)]
    async with up.client() as client:
        first = await client.exchanges(ExchangeWish(limit=2))
        second = await client.exchanges(ExchangeWish(limit=2, before=first.next))
    assert [one.id for one in (*first.exchanges, *second.exchanges)] == ids[::-1]
    assert (second.next, [one.bodies for one in first.exchanges]) == (None, [None, None])


async def test_a_page_of_what_passes_a_filter(up: Up) -> None:
    mine = await chat(up, key=LAPTOP)
    await chat(up)
    async with up.client(LAPTOP) as client:
        wish = ExchangeWish(client="laptop", status="done", since=1.0, account="openai/demo-openai-1", provider=OPENAI)
        page = await client.exchanges(wish)
        assert (await client.exchanges(ExchangeWish(until=1.0))).exchanges == []
    assert [one.id for one in page.exchanges] == [mine]


async def test_the_words_of_others_are_the_owner_s(up: Up) -> None:
    told = await chat(up)
    async with up.client() as client:
        bodies = (await client.exchange(told)).bodies
        found = await client.exchanges(ExchangeWish(text="somebody"))
    assert bodies is not None
    assert WORDS in (bodies.request or "")
    assert [one.id for one in found.exchanges] == [told]
    async with up.client(LAPTOP) as client:
        assert (await client.exchange(told)).bodies is None
        for call in (
            client.exchanges(ExchangeWish(text="somebody")),
            client.stats(StatsWish(text="somebody")),
            client.cassette(told),
            client.replay(told, ReplayWish()),
            client.settings(),
        ):
            with pytest.raises(Forbidden, match="the key of client 'laptop'"):
                await call


async def test_figures(up: Up) -> None:
    await chat(up)
    await chat(up, key=LAPTOP)
    async with up.client(LAPTOP) as client:
        stats = await client.stats(StatsWish(by=["provider", "client"]))
    assert stats.total.requests == 2
    assert [row.key for row in stats.rows] == [
        {"provider": OPENAI, "client": "default"},
        {"provider": OPENAI, "client": "laptop"},
    ]


async def test_the_same_by_the_blocking_client(up: Up) -> None:
    told = await chat(up)
    assert (await up.ask(lambda client: client.exchanges(ExchangeWish()))).exchanges[0].id == told
    assert (await up.ask(lambda client: client.stats(StatsWish()))).total.requests == 1
    assert (await up.ask(lambda client: client.replay(told, ReplayWish()))).before.id == told
    assert json.loads(await up.ask(lambda client: client.cassette(told)))
    assert (await up.ask(lambda client: client.models()))[0].provider
    assert (await up.ask(lambda client: client.settings()))[0].name


async def test_a_replay_is_an_exchange_of_its_own(up: Up) -> None:
    told = await chat(up)
    async with up.client() as client:
        replayed = await client.replay(told, ReplayWish(model="gpt-5.6"))
    assert (replayed.before.id, replayed.after.status) == (told, 200)
    assert replayed.after.id != told
    assert replayed.after.attempts[0].model == "gpt-5.6"


async def test_a_cassette_is_a_file(up: Up) -> None:
    told = await chat(up)
    async with up.client() as client:
        text = await client.cassette(told)
    assert WORDS in text
    assert isinstance(json.loads(text), dict)
    assert OWN.reveal() not in text


async def test_what_was_not_recorded_cannot_be_sent_again(demo: Upstreams, home: Path) -> None:
    made = settings(demo, home, bodies=False)
    async with control_stage.up(made, [account("demo-openai-1")]) as stage, stage.client() as client:
        told = await chat(stage)
        for call in (client.replay(told, ReplayWish()), client.cassette(told)):
            with pytest.raises(UsageError, match="log-bodies"):
                await call
        with pytest.raises(UnknownRoute, match="no exchange ex_0 is kept"):
            await client.exchange("ex_0")


async def test_settings_come_as_config_show_has_them(up: Up) -> None:
    async with up.client() as client:
        found = {row.name: row for row in await client.settings()}
    assert (found["server.port"].value, found["server.port"].origin) == ("0", "default")
    assert found["server.api_key"].value == "***"
    assert OWN.reveal() not in repr(found)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("since=yesterday", "since: expected a number, got text"),
        ("modell=x", "there is no field modell"),
    ],
)
async def test_a_query_that_does_not_fit(up: Up, query: str, told: str) -> None:
    status, answer = await up.raw("GET", f"/exchanges?{query}")
    assert (status, told in answer["error"]["message"]) == (400, True)
    assert "ExchangeWish" in answer["error"]["hint"]


@pytest.mark.parametrize(
    "query",
    ["provider=OpenAI", f"provider={OPENAI}", "account=openai/demo-openai-1", f"account={OPENAI}/demo-openai-1"],
)
async def test_short_names_and_ids_find_the_same(up: Up, query: str) -> None:
    told = await chat(up)
    status, answer = await up.raw("GET", f"/exchanges?{query}")
    assert (status, [one["id"] for one in answer["exchanges"]]) == (200, [told])


@pytest.mark.parametrize("query", ["provider=opnai", "account=opnai/a"])
async def test_a_provider_that_is_none_is_no_empty_page(up: Up, query: str) -> None:
    status, answer = await up.raw("GET", f"/exchanges?{query}")
    assert (status, answer["error"]["hint"]) == (400, "did you mean openai?")


async def test_columns_that_are_none(up: Up) -> None:
    status, answer = await up.raw("GET", "/stats?by=provider,colour")
    assert (status, "colour" in answer["error"]["message"]) == (400, True)


async def test_the_key_may_stand_in_the_query(up: Up) -> None:
    told = await chat(up)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{up.url}/admin/v1/exchanges?limit=1&key={OWN.reveal()}") as answer,
    ):
        page = msgspec.json.decode(await answer.read())
    assert [one["id"] for one in page["exchanges"]] == [told]


async def test_a_request_is_heard_from_its_arrival_to_its_end(up: Up) -> None:
    async with asyncio.timeout(PATIENCE_S), up.client(LAPTOP) as client:
        told = await chat(up)
        async with aclosing(client.events(0, ["exchange"])) as events:  # type: ignore[type-var]
            event = await anext(events)
    assert isinstance(event.change, ExchangeChanged)
    one = event.change.exchange
    assert (one.id, one.state, one.bodies) == (told, "done", None)
    assert one.timings.first_token is not None


async def test_a_stream_tells_how_far_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.01)
    async with Upstreams(pace_s=0.05) as demo, control_stage.up(settings(demo, home), [account("demo-openai-1")]) as up:
        async with asyncio.timeout(PATIENCE_S), up.client() as client:
            events = client.events(0, ["progress"])
            first = asyncio.ensure_future(anext(events))
            told = await chat(up, stream=True)
            event = await first
            await events.aclose()  # type: ignore[attr-defined]
        assert isinstance(event.change, Progress)
        assert event.change.id == told
        assert event.change.output_bytes > 0
        assert event.change.first_token_ms is not None
        assert up.engine.gateway.streams == {}
