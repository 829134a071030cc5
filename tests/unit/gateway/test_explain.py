"""What a request would get: said without a call, without a change, and as it then happens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw
from support.pool_kit import CLAUDE, KIRO, OPENAI, FakeClock, account, failure, settings, verdict

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import encode_credential
from a2a.auth.records import ApiKey
from a2a.control.types import Explained, ExplainWish
from a2a.errors import RequestError
from a2a.gateway.engine import Engine
from a2a.gateway.explain import SMALLEST, explain
from a2a.paths import folders
from a2a.providers.http import Egress
from a2a.secret import Secret

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    """Two OpenAI accounts, a Claude one and a Kiro one; a call to anybody fails the test."""

    async def never(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("somebody was called")

    monkeypatch.setattr(Egress, "open", never)
    made = settings(openai={"models": ["gpt-x"]}, claude={"models": ["claude-x"]}, kiro={"models": ["claude-x"]})
    made.folders = folders(str(tmp_path))
    made.credential_store = "file"
    one = Engine(made, say=lambda _: None, clock=FakeClock())
    for each in (account("a"), account("b"), account("c", CLAUDE), account("k", KIRO)):
        AccountStore(made.folders).put(each)
        one.store.put(each.id, encode_credential(ApiKey(Secret(f"sk-{each.alias}"))))
    async with one:
        yield one


async def ask(engine: Engine, front: Any = "chat", body: dict[str, Any] | None = None, **wish: Any) -> Explained:
    return await explain(engine, ExplainWish(front=front, body=Raw(json.dumps(body or {}).encode()), **wish))


@pytest.mark.parametrize("front", SMALLEST)
async def test_a_model_alone_is_enough(engine: Engine, front: str) -> None:
    found = await ask(engine, front, model="gpt-x")
    (hop,) = found.hops
    assert (found.asked, hop.route.provider, hop.fault) == ("gpt-x", OPENAI, None)
    assert [each.account for each in hop.accounts] == ["openai/a", "openai/b"]
    assert hop.mode == ("relay" if front == "chat" else "convert")
    assert hop.url == "https://api.openai.com/v1/chat/completions"


async def test_everybody_who_serves_it_is_named_in_order(engine: Engine) -> None:
    found = await ask(engine, "claude", model="claude-x")
    assert {hop.route.provider: hop.mode for hop in found.hops} == {CLAUDE: "relay", KIRO: "convert"}


async def test_asking_twice_says_the_same_and_counts_nothing(engine: Engine) -> None:
    first = await ask(engine, model="gpt-x")
    assert await ask(engine, model="gpt-x") == first
    assert [member.counts.requests for member in engine.pool.members()] == [0, 0, 0, 0]
    assert [member.in_flight for member in engine.pool.members()] == [0, 0, 0, 0]
    assert (engine.recorder.recorded, engine.recorder.recent()) == (0, [])
    with engine.pool.lease(OPENAI, "gpt-x") as lease:
        assert lease.name == first.hops[0].accounts[0].account


async def test_what_the_target_cannot_carry_is_named(engine: Engine) -> None:
    body = {"model": "claude-x", "max_tokens": 9, "top_k": 3, "messages": [{"role": "user", "content": "hi"}]}
    found = await ask(engine, "claude", body, prefix="kiro")
    (hop,) = found.hops
    assert "top_k" in " ".join(note.field for note in hop.notes)


async def test_what_cannot_be_converted_is_refused_before_anybody_is_asked(engine: Engine) -> None:
    body = {"model": "claude-x", "n": 2, "messages": [{"role": "user", "content": "hi"}]}
    (hop,) = (await ask(engine, "chat", body, prefix="kiro")).hops
    assert hop.fault is not None
    assert (hop.mode, hop.fault.scope, hop.fault.status) == (None, "request", 400)


async def test_a_name_nobody_serves(engine: Engine) -> None:
    found = await ask(engine, model="gpt-y")
    assert found.fault is not None
    assert (found.hops, found.fault.status) == ([], 404)
    assert "gpt-x" in (found.fault.remedy or "")


async def test_who_rests_is_told_with_the_end_of_it(engine: Engine) -> None:
    engine.pool.lease(OPENAI, "gpt-x").fail(failure(429), verdict(cool_s=60.0), "gpt-x")
    (hop,) = (await ask(engine, model="gpt-x")).hops
    assert [each.account for each in hop.accounts] == ["openai/b"]
    (resting,) = hop.waiting
    assert (resting.account, resting.until) == ("openai/a", engine.clock.now() + 60.0)


async def test_nobody_may_serve_and_the_conversion_is_still_said(engine: Engine) -> None:
    for member in engine.pool.members(OPENAI):
        member.hold("needs_login", "needs_login", "dead")
    (hop,) = (await ask(engine, "claude", model="gpt-x")).hops
    assert (hop.accounts, [each.why for each in hop.waiting]) == ([], ["needs_login", "needs_login"])
    assert hop.mode == "convert"


async def test_a_url_of_an_image_is_not_fetched_but_said(engine: Engine) -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    body = {"model": "claude-x", "messages": [{"role": "user", "content": [image]}]}
    (hop,) = (await ask(engine, "chat", body, prefix="kiro")).hops
    assert [note.why for note in hop.notes if note.field == "https://example.com/a.png"]


async def test_a_conversation_goes_where_it_is(engine: Engine) -> None:
    headers = {"session-id": "s1"}
    for member in engine.pool.members(OPENAI):
        engine.gateway._affinity.bind(OPENAI, _conversation(headers), member.account.id)
        (hop,) = (await ask(engine, model="gpt-x", headers=headers)).hops
        assert hop.accounts[0].account == member.name


def _conversation(headers: dict[str, str]) -> Any:
    from a2a.gateway.affinity import conversation

    return conversation(headers, b"{}")


async def test_an_account_whose_secret_is_gone_is_explained_too(engine: Engine) -> None:
    engine.store.delete(account("k", KIRO).id)
    (hop,) = (await ask(engine, model="claude-x", prefix="kiro")).hops
    assert hop.mode == "convert"


@pytest.mark.parametrize(
    ("wish", "told"), [({"body": Raw(b"[1]")}, "no JSON object"), ({}, "model is missing"), ({"model": ""}, "model")]
)
async def test_what_is_no_request(engine: Engine, wish: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        await explain(engine, ExplainWish(**wish))


async def test_a_prefix_that_is_no_provider(engine: Engine) -> None:
    with pytest.raises(RequestError, match="nobody"):
        await ask(engine, model="gpt-x", prefix="nobody")
