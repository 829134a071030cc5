"""Token counts and embeddings: passed through where the upstream offers them, else converted, estimated or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gateway_kit import Answer, Scene, Sink, error
from support.pool_kit import CLAUDE, KIRO, OPENAI, account

from a2a.gateway.call import Call
from a2a.protocols.registry import FRONTS

pytestmark = pytest.mark.anyio
TEXT: Any = {"messages": [{"role": "user", "content": "hello there"}]}


async def ask(scene: Scene, front: str, operation: Any, **body: Any) -> Sink:
    call = Call(front=FRONTS[front], path="/v1/x", body=json.dumps(body).encode(), operation=operation)
    return await scene.send(call)


async def test_a_count_passes_through_to_an_upstream_that_counts() -> None:
    answer = Answer(200, b'{"input_tokens": 7}', request_id="r1")
    scene = Scene(answer, accounts=[account("c", CLAUDE)])
    sink = await ask(scene, "claude", "count", model="m", **TEXT)
    assert (sink.body, sink.headers["request-id"], scene.exchange.mode) == (b'{"input_tokens": 7}', "r1", "relay")
    assert scene.egress.sent[0][0].url.path == "/v1/messages/count_tokens"
    assert answer.closed


async def test_an_upstream_counts_what_was_said_in_another_protocol() -> None:
    scene = Scene(Answer(200, b'{"input_tokens": 7}'), accounts=[account("c", CLAUDE)])
    sink = await ask(scene, "responses", "count", model="claude/m", input="hello", instructions="be brief")
    assert sink.json == {"object": "response.input_tokens", "input_tokens": 7}
    assert (scene.egress.sent[0][0].url.path, scene.exchange.mode) == ("/v1/messages/count_tokens", "convert")
    body = scene.egress.body()
    assert (body["model"], "max_tokens" in body, "emulated" in sink.headers.get("x-a2a-notes", "")) == (
        "m",
        False,
        False,
    )


async def test_a_server_without_the_route_leaves_an_estimate() -> None:
    scene = Scene(error(404), accounts=[account("c", CLAUDE)])
    sink = await ask(scene, "responses", "count", model="claude/m", input="hello")
    assert (sink.status, sink.json["input_tokens"] > 0) == (200, True)
    assert "local estimate" in sink.headers["x-a2a-notes"]
    assert scene.states() == {"c": "ready"}


async def test_an_upstream_that_refuses_to_count_is_told_in_the_clients_words() -> None:
    scene = Scene(error(400, "too long"), accounts=[account("c", CLAUDE)])
    sink = await ask(scene, "responses", "count", model="claude/m", input="hello")
    assert (sink.status, sink.json["error"]["type"]) == (400, "invalid_request_error")


async def test_otherwise_a_count_is_estimated_and_says_so() -> None:
    scene = Scene(accounts=[account("k", KIRO)])
    sink = await ask(scene, "claude", "count", model="auto", **TEXT)
    assert sink.json["input_tokens"] > 0
    assert "local estimate" in sink.headers["x-a2a-notes"]
    assert (scene.exchange.state, scene.exchange.attempts) == ("done", [])


async def test_embeddings_pass_through() -> None:
    scene = Scene(Answer(200, b'{"data":[]}', content_type="application/json; x=1"), accounts=[account("a")])
    sink = await ask(scene, "chat", "embed", model="openai/m", input="hello")
    assert (sink.body, sink.headers["Content-Type"]) == (b'{"data":[]}', "application/json; x=1")
    assert scene.egress.sent[0][0].url.path == "/v1/embeddings"
    assert scene.egress.body() == {"model": "m", "input": "hello"}


@pytest.mark.parametrize("provider", [CLAUDE, KIRO])
async def test_where_no_upstream_embeds_it_is_a_404(provider: str) -> None:
    scene = Scene(accounts=[account("k", provider)])
    sink = await ask(scene, "chat", "embed", model="auto", input="hello")
    assert (sink.status, scene.egress.sent) == (404, [])
    assert "no provider of model auto serves /v1/x" in sink.json["error"]["message"]


async def test_a_count_that_fails_goes_to_the_next_account() -> None:
    accounts = [account("c", CLAUDE), account("d", CLAUDE)]
    scene = Scene(error(500), Answer(200, b'{"input_tokens":7}'), accounts=accounts)
    assert (await ask(scene, "claude", "count", model="m", **TEXT)).json == {"input_tokens": 7}
    assert scene.states() == {"c": "cooling", "d": "ready"}


async def test_a_count_of_nothing_is_refused() -> None:
    scene = Scene(accounts=[account("k", KIRO)])
    assert (await ask(scene, "claude", "count", model="auto", messages=7)).status == 400


async def test_the_router_knows_who_offers_what() -> None:
    router = Scene().gateway.router
    assert router.offers(OPENAI, "embed", "chat")
    assert not router.offers(OPENAI, "embed", "claude")
    assert not router.offers(OPENAI, "count", "chat")
    assert router.offers(CLAUDE, "count", "claude")
    assert router.offers(CLAUDE, "count", "gemini")
