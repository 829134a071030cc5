"""One call over as many accounts as it takes: order, who is blamed, and what the client is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from gateway_kit import Answer, Scene, chat, error
from msgspec import Raw
from support.pool_kit import CLAUDE, KIRO, account, settings

from a2a.errors import Unreachable, UpstreamError
from a2a.gateway.call import Call
from a2a.gateway.pipeline import retry_headers
from a2a.messages import Failure, Message, Request, Text
from a2a.protocols.base import Conversion, StreamRenderer
from a2a.protocols.registry import FRONTS
from a2a.providers.http import Interrupted

pytestmark = pytest.mark.anyio
KIRO_ACCOUNTS = (account("a", KIRO), account("b", KIRO))


async def test_the_first_account_serves() -> None:
    scene = Scene(chat())
    sink = await scene.ask()
    assert (sink.status, sink.json["choices"][0]["message"]["content"]) == (200, "hello")
    assert scene.keys() == ["sk-a"]
    assert (scene.exchange.state, scene.exchange.status, scene.exchange.mode) == ("done", 200, "relay")


async def test_requests_take_turns() -> None:
    scene = Scene(chat(), chat(), chat())
    for _ in range(3):
        await scene.ask()
    assert scene.keys() == ["sk-a", "sk-b", "sk-a"]


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 429, 500, 502, 503])
async def test_the_next_account_is_asked_at_once(status: int) -> None:
    scene = Scene(error(status), chat())
    sink = await scene.ask()
    assert (sink.status, scene.keys()) == (200, ["sk-a", "sk-b"])
    assert [attempt.outcome for attempt in scene.exchange.attempts] == ["failed", "ok"]
    assert (sink.headers["x-a2a-account"], sink.headers["x-a2a-attempts"]) == ("openai/b", "2")


@pytest.mark.parametrize(
    "problem", [Unreachable("cannot reach host"), UpstreamError("no valid HTTP"), Interrupted("cut")]
)
async def test_a_broken_connection_is_a_reason_too(problem: Exception) -> None:
    scene = Scene(problem, chat())
    assert (await scene.ask()).status == 200
    assert scene.states() == {"a": "cooling", "b": "ready"}


async def test_a_stale_connection_is_tried_once_more_on_the_same_account() -> None:
    scene = Scene(Interrupted("closed", reused=True), chat())
    assert (await scene.ask()).status == 200
    assert scene.keys() == ["sk-a", "sk-a"]
    assert len(scene.exchange.attempts) == 1


async def test_and_then_no_more() -> None:
    scene = Scene(Interrupted("closed", reused=True), Interrupted("closed", reused=True), chat())
    await scene.ask()
    assert scene.keys() == ["sk-a", "sk-a", "sk-b"]


@pytest.mark.parametrize("status", [400, 409, 413, 422])
async def test_the_client_s_fault_ends_it_and_blames_nobody(status: int) -> None:
    scene = Scene(error(status))
    sink = await scene.ask()
    assert (sink.status, scene.keys(), scene.states()) == (status, ["sk-a"], {"a": "ready", "b": "ready"})
    assert all(member.counts.failures == 0 for member in scene.pool.members())
    assert scene.exchange.fault is not None
    assert scene.exchange.attempts[0].fault is not None
    assert scene.exchange.attempts[0].fault.scope == "request"


async def test_a_model_missing_here_is_missing_here_alone() -> None:
    scene = Scene(error(404), chat(), chat())
    assert [(await scene.ask()).status for _ in range(2)] == [200, 200]
    assert (scene.keys(), scene.states()) == (["sk-a", "sk-b", "sk-b"], {"a": "ready", "b": "ready"})


async def test_a_model_that_nobody_has_is_a_404_each_time() -> None:
    scene = Scene(error(404), error(404), error(404), error(404))
    assert [(await scene.ask()).status for _ in range(2)] == [404, 404]


async def test_and_is_found_as_soon_as_it_is_there() -> None:
    scene = Scene(error(404), error(404), chat())
    assert [(await scene.ask()).status for _ in range(2)] == [404, 200]


async def test_all_failed_names_each_attempt() -> None:
    scene = Scene(error(500, "first broke"), error(502, "second broke"))
    sink = await scene.ask()
    message = sink.json["error"]["message"]
    assert message == "2 accounts were asked and none could answer: openai/a: first broke; openai/b: second broke"
    assert (sink.status, sink.headers["x-should-retry"], scene.exchange.state) == (502, "false", "failed")


@pytest.mark.parametrize(("status", "account_state"), [(401, "needs_login"), (402, "cooling"), (403, "cooling")])
async def test_an_account_s_own_fault_is_never_the_client_s(status: int, account_state: str) -> None:
    scene = Scene(error(status, "bad key", "x"), accounts=[account("a")])
    sink = await scene.ask()
    assert sink.status == (429 if status == 402 else 503)
    assert sink.json["error"]["message"].startswith("openai/a: bad key (")
    assert scene.states() == {"a": account_state}


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422, 429, 500, 503])
async def test_the_upstream_s_own_words_where_it_judged_the_request(status: int) -> None:
    told = error(status, "its own words", retry_after="7", x_ratelimit_reset="1", set_cookie="secret")
    sink = await Scene(told, accounts=[account("a")]).ask()
    assert sink.status == status
    assert sink.json == {"error": {"message": "its own words", "type": "x", "code": None}}
    assert (sink.headers["retry-after"], sink.headers["x-ratelimit-reset"]) == ("7", "1")
    assert "set-cookie" not in sink.headers
    assert sink.headers["x-a2a-account"] == "openai/a"


async def test_another_protocol_gets_the_error_in_its_own_shape() -> None:
    scene = Scene(error(400, "its own words"), accounts=[account("a")])
    sink = await scene.ask("claude")
    assert sink.json["error"] == {"type": "invalid_request_error", "message": "openai/a: its own words"}


async def test_html_is_nobody_s_own_words() -> None:
    sink = await Scene(Answer(500, b"<html>"), accounts=[account("a")]).ask()
    assert sink.json["error"]["message"].startswith("openai/a: HTTP 500")


async def test_when_all_are_limited_the_client_learns_the_first_recovery() -> None:
    scene = Scene(error(429), error(429))
    sink = await scene.ask()
    assert (sink.status, sink.headers.get("retry-after")) == (429, "30")


async def test_while_all_rest_nobody_is_asked() -> None:
    scene = Scene(error(429), error(429))
    await scene.ask()
    scene.clock.tick(10)
    sink = await scene.ask()
    assert (sink.status, sink.headers["retry-after"], len(scene.egress.sent)) == (429, "20", 2)
    assert (scene.exchange.attempts, sink.headers["x-a2a-attempts"]) == ([], "0")


async def test_without_any_account_the_login_is_named() -> None:
    scene = Scene(accounts=[account("a")])
    sink = await scene.send(Call(front=FRONTS["chat"], path="/", body=b'{"model":"auto","messages":[]}', prefix=KIRO))
    assert sink.status == 503
    assert "a2a login kiro" in sink.json["error"]["message"]
    assert sink.headers["x-should-retry"] == "false"


async def test_the_next_provider_that_serves_the_model_is_asked() -> None:
    tables: Any = {"openai": {"models": ["m"]}, "claude": {"models": ["m"]}}
    claude = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn"}
    claude |= {"content": [{"type": "text", "text": "hello"}], "usage": {"input_tokens": 1, "output_tokens": 2}}
    scene = Scene(
        error(500),
        Answer(200, json.dumps(claude).encode()),
        accounts=[account("a"), account("c", CLAUDE)],
        given=settings({"model_provider": ["openai", "claude"]}, **tables),
    )
    sink = await scene.ask()
    assert sink.json["choices"][0]["message"]["content"] == "hello"
    assert (scene.exchange.mode, scene.exchange.route and scene.exchange.route.provider) == ("convert", CLAUDE)


async def test_unknown_models_and_bad_bodies_are_refused_before_anyone_is_asked() -> None:
    scene = Scene(accounts=[account("a", CLAUDE)], given=settings({"model_provider": ["kiro"]}))
    assert (await scene.ask(model="nobody")).status == 404
    assert scene.exchange.attempts == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"messages":[]}',
        b'{"model":""}',
        b'{"model":7}',
        b'{"model":"\xff"}',
        b'{"model":"m","stream":1}',
        b'{"model":"m","x":' + b"[" * 100_000,
    ],
)
async def test_a_body_that_is_no_request_is_a_400(body: bytes) -> None:
    scene = Scene()
    sink = await scene.send(Call(front=FRONTS["chat"], path="/", body=body))
    assert (sink.status, scene.egress.sent) == (400, [])
    assert sink.json["error"]["type"] == "invalid_request_error"


async def test_what_cannot_be_converted_is_the_client_s_fault() -> None:
    scene = Scene(accounts=KIRO_ACCOUNTS)
    sink = await scene.ask(model="auto", n=2)
    assert (sink.status, sink.json["error"]["param"], scene.egress.sent) == (400, "n", [])
    assert scene.exchange.attempts[0].outcome == "failed"
    assert scene.states() == {"a": "ready", "b": "ready"}


# the record


async def test_the_session_is_noted() -> None:
    scene = Scene(chat())
    body = b'{"model":"m","messages":[]}'
    headers = {"x-claude-code-session-id": "s1"}
    await scene.send(Call(front=FRONTS["chat"], path="/", body=body, headers=headers))
    assert scene.exchange.session == "s1"


async def test_the_client_s_own_headers_of_the_protocol_go_along() -> None:
    scene = Scene(chat())
    headers = {"openai-beta": "x=1", "x-private": "no"}
    await scene.send(Call(front=FRONTS["chat"], path="/", body=b'{"model":"m","messages":[]}', headers=headers))
    sent = scene.egress.sent[0][0].headers
    assert (sent["openai-beta"], "x-private" in sent) == ("x=1", False)


@pytest.mark.parametrize(
    ("own", "provider", "server", "used"),
    [
        ("http://a", "http://p", "http://s", "http://a"),
        (None, "http://p", "http://s", "http://p"),
        (None, None, "http://s", "http://s"),
        (None, None, None, None),
    ],
)
async def test_the_proxy_of_an_account(
    own: str | None, provider: str | None, server: str | None, used: str | None
) -> None:
    given = settings({"proxy": server}, openai={"proxy": provider, "connect_timeout_s": 3.0})
    scene = Scene(chat(), accounts=[account("a", proxy=own)], given=given)
    await scene.ask()
    assert scene.egress.options == [{"proxy": used, "connect_timeout_s": 3.0}]


async def test_usage_and_stop_are_recorded() -> None:
    scene = Scene(chat())
    await scene.ask()
    assert scene.exchange.tokens is not None
    assert (scene.exchange.tokens.input, scene.exchange.tokens.output, scene.exchange.stop) == (3, 4, "end")
    assert scene.exchange.answer_bytes > 0


async def test_the_recorder_sees_it_begin_and_end() -> None:
    scene = Scene(chat())
    await scene.ask()
    assert (scene.recorder.in_flight, scene.recorder.served) == (0, 1)
    assert scene.recorder.get(scene.exchange.id) == scene.exchange


async def test_a_client_that_leaves_blames_nobody() -> None:
    answer = Answer(200, None)
    scene = Scene(answer)
    asking = asyncio.ensure_future(scene.ask())
    await scene.egress.asked.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (exchange,) = scene.recorder.recent()
    assert (exchange.state, exchange.status, exchange.attempts[0].outcome) == ("client_closed", 499, "client_closed")
    assert answer.closed
    assert [(m.state, m.in_flight) for m in scene.pool.members()] == [("ready", 0), ("ready", 0)]


async def test_a_bug_of_ours_is_recorded_and_goes_up() -> None:
    scene = Scene(ZeroDivisionError())  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        await scene.ask()
    (exchange,) = scene.recorder.recent()
    assert (exchange.state, exchange.status) == ("failed", 500)


class Mouth:
    """A front without a wire: the request comes in neutral form."""

    name = "local"

    def __init__(self) -> None:
        self.text = ""

    def render_response(self, res: Any, conv: Conversion) -> bytes:
        self.text = res.candidates[0].parts[0].text
        return b""

    def stream_renderer(self, conv: Conversion) -> StreamRenderer:
        raise AssertionError("not a stream")


async def test_a_mouth_may_bring_a_neutral_request() -> None:
    scene, mouth = Scene(chat()), Mouth()
    request = Request(proto="chat", model="m", messages=[Message(role="user", parts=[Text(text="hi")])])
    sink = await scene.send(Call(front=mouth, path="", body=b"", request=request))  # type: ignore[arg-type]
    assert (sink.status, mouth.text, scene.exchange.mode) == (200, "hello", "convert")


async def test_model_and_stream_may_come_from_the_path() -> None:
    scene = Scene(chat(), given=settings(openai={"models": ["n"]}))
    body = b'{"model":"x","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
    await scene.send(Call(front=FRONTS["claude"], path="/", body=body, model="n", stream=False))
    assert scene.exchange.route is not None
    assert (scene.exchange.route.model, scene.egress.body()["model"], scene.exchange.stream) == ("n", "n", False)


@pytest.mark.parametrize(
    ("wait", "status", "headers"),
    [
        (7.4, 429, {"retry-after": "7"}),
        (0.1, 503, {"retry-after": "1"}),
        (9.0, 529, {"retry-after": "9"}),
        (9.0, 502, {"x-should-retry": "false"}),
        (None, 429, {"x-should-retry": "false"}),
        (None, 504, {"x-should-retry": "false"}),
        (None, 400, {}),
        (9.0, 404, {}),
    ],
)
async def test_what_an_sdk_should_do(wait: float | None, status: int, headers: dict[str, str]) -> None:
    assert retry_headers(Failure("upstream", "x", 500, retry_after=wait, raw=Raw(b"{}")), status) == headers


async def test_the_last_account_s_429_names_the_wait_until_any_account_is_back() -> None:
    told = error(429, "its own words", retry_after="90", retry_after_ms="90000")
    scene = Scene(error(429, retry_after="7"), chat(), told)
    assert (await scene.ask()).status == 200  # the first rests for 7 s, the second serves
    sink = await scene.ask()
    assert (sink.status, sink.headers["retry-after"]) == (429, "7")
    assert "retry-after-ms" not in sink.headers
    assert b"its own words" in sink.body
