"""What can be made to go wrong, and what a client and the recorder see of it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from a2a.demo.faults import Fault, parse
from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

KEY = "sk-demo-openai-1"
HEADERS = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=HEADERS) as session:
        yield session


def body(text: str = "hello, wörld", stream: bool = True) -> dict[str, Any]:
    return {"model": "demo-chat", "stream": stream, "messages": [{"role": "user", "content": text}]}


def ask(http: aiohttp.ClientSession, up: Upstreams, **sent: Any) -> Any:
    return http.post(f"{up.openai_url}/chat/completions", json=body(**sent))


async def read(http: aiohttp.ClientSession, up: Upstreams, **sent: Any) -> bytes:
    async with ask(http, up, **sent) as answer:
        return bytes(await answer.read())


async def test_a_fault_hits_one_account_so_often(http: aiohttp.ClientSession, up: Upstreams) -> None:
    up.faults.add(Fault(kind="http", status=429, headers={"retry-after": "7"}), account=KEY, times=2)
    statuses = []
    for _ in range(3):
        async with ask(http, up) as answer:
            statuses.append(answer.status)
            waits = answer.headers.get("retry-after")
    assert (statuses, waits) == ([429, 429, 200], None)
    up.faults.add("500", account="another key", times=None)
    async with ask(http, up) as answer:
        assert answer.status == 200


async def test_cut_is_a_broken_body(http: aiohttp.ClientSession, up: Upstreams) -> None:
    up.faults.add("cut after=3 mid=true")
    with pytest.raises(aiohttp.ClientError):
        await read(http, up)
    await up.book.idle()
    assert (up.seen[0].cut, up.seen[0].complete, up.seen[0].client_closed) == (True, False, False)


async def test_cut_of_a_whole_answer(http: aiohttp.ClientSession, up: Upstreams) -> None:
    with pytest.raises(aiohttp.ClientError):
        await read(http, up, text="[[fault: cut after=1]]", stream=False)


async def test_end_without_the_terminal_event(http: aiohttp.ClientSession, up: Upstreams) -> None:
    whole = await read(http, up)
    cut = await read(http, up, text="[[fault: end after=3]]")
    assert whole.endswith(b"data: [DONE]\n\n")
    assert cut.count(b"data: ") == 3
    assert (await read(http, up, text="[[fault: empty]]")) == b""


async def test_split_writes_give_the_same_bytes(http: aiohttp.ClientSession, up: Upstreams) -> None:
    whole = await read(http, up)
    up.faults.add("split size=1")
    async with ask(http, up) as answer:
        pieces = [piece async for piece in answer.content.iter_any()]
    assert len(pieces) > 10

    def said(stream: bytes) -> list[object]:
        frames = [line[6:] for line in stream.split(b"\n\n") if line.startswith(b"data: {")]
        return [json.loads(frame)["choices"][0]["delta"] for frame in frames]

    assert said(b"".join(pieces)) == said(whole)


async def test_error_event_in_a_200(http: aiohttp.ClientSession, up: Upstreams) -> None:
    stream = await read(http, up, text="[[fault: error_event after=2 status=503]]")
    last = json.loads(stream.split(b"\n\n")[-2][6:])
    assert last["error"]["code"] == "server_is_overloaded"


async def test_html_page(http: aiohttp.ClientSession, up: Upstreams) -> None:
    async with ask(http, up, text="[[fault: html status=502]]") as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")


@pytest.mark.parametrize("fault", ["hang", "slow", "stall after=2"])
async def test_a_client_that_leaves_is_noticed(up: Upstreams, fault: str) -> None:
    up.faults.add(fault)
    async with aiohttp.ClientSession(headers=HEADERS) as http:
        task = asyncio.create_task(read(http, up))
        async with asyncio.timeout(5):
            await up.book.until(lambda book: book.open_streams == (0 if fault == "hang" else 1))
            await up.book.until(lambda book: book.open_requests == 1)
            task.cancel()
            await up.book.idle()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (up.seen[0].client_closed, up.seen[0].complete, up.book.open_streams) == (True, False, 0)


async def test_slow_first_token_then_the_whole_answer(http: aiohttp.ClientSession, up: Upstreams) -> None:
    assert (await read(http, up, text="[[fault: slow seconds=0.01]]")).endswith(b"[DONE]\n\n")


async def test_requests_are_recorded_without_keys(http: aiohttp.ClientSession, up: Upstreams) -> None:
    await read(http, up)
    seen = up.seen[0]
    assert (seen.api, seen.method, seen.path) == ("openai", "POST", "/openai/v1/chat/completions")
    assert seen.headers["authorization"] == "…ai-1"
    assert json.loads(seen.body) == body()
    assert (seen.account, seen.status, seen.complete) == (KEY, 200, True)


async def test_control(http: aiohttp.ClientSession, up: Upstreams) -> None:
    control = up.urls["control"]
    order = {"fault": "429 retry-after=1", "api": "openai", "times": None}
    async with http.post(f"{control}/faults", json=order) as answer:
        assert answer.status == 200
    async with ask(http, up) as answer:
        assert answer.status == 429
    async with http.get(f"{control}/requests") as answer:
        assert [one["status"] for one in await answer.json()] == [429]
    async with http.post(f"{control}/clock", json={"advance_s": 100}) as answer:
        assert up.clock.ahead_s == 100
    async with http.post(f"{control}/faults", json={"fault": "nonsense"}) as answer:
        assert answer.status == 400
    async with http.get(f"{control}/state") as answer:
        assert (await answer.json())["open_requests"] == 0
    async with http.post(f"{control}/reset") as answer:
        assert (up.seen, up.faults.rules, up.clock.ahead_s) == ([], [], 0.0)


async def test_a_directive_that_means_nothing_is_refused(http: aiohttp.ClientSession, up: Upstreams) -> None:
    async with ask(http, up, text="[[fault: explode]]") as answer:
        assert answer.status == 400


def test_grammar_of_directives() -> None:
    assert parse("429 retry-after=2") == Fault(kind="http", status=429, headers={"retry-after": "2"})
    assert parse("cut after=3 mid") == Fault(kind="cut", after=3, mid=True)
    with pytest.raises(ValueError, match="not a fault"):
        parse("cut after=many")


async def test_on_its_own(tmp_path: Any) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "a2a.demo", stdout=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            ready = json.loads(await process.stdout.readline())
        async with (
            aiohttp.ClientSession(headers={"authorization": f"Bearer {ready['keys']['openai'][0]}"}) as http,
            http.get(f"{ready['urls']['openai']}/models") as answer,
        ):
            assert answer.status == 200
    finally:
        process.terminate()
        code = await process.wait()
    assert code == 0


async def test_side_calls_do_not_use_up_a_fault(http: aiohttp.ClientSession, up: Upstreams) -> None:
    up.faults.add("429", times=1)
    async with http.get(f"{up.openai_url}/models") as answer:
        assert answer.status == 200
    async with ask(http, up) as answer:
        assert answer.status == 429
    up.faults.add("500", api="openai-models")
    async with http.get(f"{up.openai_url}/models") as answer:
        assert answer.status == 500


@pytest.mark.parametrize("name", ["aoa-social", "ca-standard", "qwen-1"])
async def test_accounts_are_changed_from_outside(up: Upstreams, http: aiohttp.ClientSession, name: str) -> None:
    holders = (up.kiro.accounts, up.codeassist.accounts, up.qwen.accounts)
    account: Any = next(one[name] for one in holders if name in one)
    for action, state in (("suspend", (True, False)), ("exhaust", (True, True)), ("restore", (False, False))):
        async with http.post(f"{up.root_url}/_control/accounts", json={"name": name, "action": action}) as answer:
            assert answer.status == 200
        assert (account.suspended, account.out_of_credits) == state
