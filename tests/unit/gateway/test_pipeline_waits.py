"""What a request waits for when nobody can serve it at once: a slot, a moment before a retry; and how long at most."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any

import pytest
from gateway_kit import Answer, Scene, chat, error, kiro_error, kiro_text
from support.pool_kit import CLAUDE, KIRO, account, settings
from support.virtual_time import LoopClock, play

from a2a.auth.records import Limits
from a2a.errors import Unreachable
from a2a.gateway.retries import LONGEST_S

ONE = Limits(max_concurrency=1)
LONE = [account("a")]


class Always(Random):
    """Every wait is as long as it may be, or a share of that."""

    def __init__(self, share: float = 1.0) -> None:
        super().__init__()
        self.share = share

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self.share


def scene(*script: Answer | Exception, share: float = 1.0, **options: Any) -> Scene:
    """On the clock of the loop, which is virtual here."""
    made = Scene(*script, clock=LoopClock(), **options)
    made.gateway._rng = Always(share)
    return made


def at() -> float:
    return asyncio.get_running_loop().time()


def story(told: Coroutine[Any, Any, None]) -> None:
    play(told)


# retries


@pytest.mark.parametrize("trouble", [error(500), error(503), Unreachable("no way"), Answer(200, b"nonsense")])
def test_a_lone_account_is_tried_again_after_a_moment(trouble: Any) -> None:
    async def told() -> None:
        made = scene(trouble, chat(), accounts=LONE, retries=3)
        assert (await made.ask()).status == 200
        assert at() == 1.0
        assert [attempt.outcome for attempt in made.exchange.attempts] == ["failed", "ok"]
        assert made.exchange.attempts[1].decision is not None
        assert made.exchange.attempts[1].decision.waited_ms == 1000.0
        assert made.states() == {"a": "ready"}

    story(told())


def test_each_wait_may_be_twice_as_long_and_their_number_is_limited() -> None:
    async def told() -> None:
        made = scene(*(error(500, f"no {n}") for n in range(4)), accounts=LONE, retries=3)
        sink = await made.ask()
        assert (sink.status, at(), len(made.egress.sent)) == (500, 1.0 + 2.0 + 4.0, 4)

    story(told())


def test_the_delay_is_a_setting() -> None:
    async def told() -> None:
        given = settings({"request_base_delay": 100})
        made = scene(error(500), error(500), chat(), accounts=LONE, retries=3, given=given)
        assert (await made.ask()).status == 200
        assert at() == pytest.approx(0.3)

    story(told())


def test_jitter_may_be_nothing() -> None:
    async def told() -> None:
        made = scene(error(500), chat(), accounts=LONE, retries=3, share=0.0)
        assert (await made.ask()).status == 200
        assert at() == 0.0

    story(told())


@pytest.mark.parametrize("trouble", [400, 401, 402, 403, 404, 409, 422])
def test_what_waiting_does_not_cure_is_told_at_once(trouble: int) -> None:
    async def told() -> None:
        made = scene(error(trouble), accounts=LONE, retries=3)
        await made.ask()
        assert (at(), len(made.egress.sent)) == (0.0, 1)

    story(told())


def test_another_account_goes_before_a_retry() -> None:
    async def told() -> None:
        made = scene(error(500), chat(), retries=3)
        assert (await made.ask()).status == 200
        assert (at(), made.keys()) == (0.0, ["sk-a", "sk-b"])

    story(told())


def test_so_does_another_provider() -> None:
    async def told() -> None:
        tables: Any = {"openai": {"models": ["m"]}, "claude": {"models": ["m"]}}
        made = scene(error(500), error(500), accounts=[account("a"), account("c", CLAUDE)], given=settings(**tables))
        await made.ask()
        assert [attempt.provider for attempt in made.exchange.attempts] == ["openai-custom", CLAUDE]

    story(told())


@pytest.mark.parametrize(("named", "tries"), [("2", 2), (f"{LONGEST_S + 1:g}", 1)])
def test_a_429_that_names_a_short_wait_is_waited_for(named: str, tries: int) -> None:
    async def told() -> None:
        made = scene(error(429, retry_after=named), chat(), accounts=LONE, retries=3, share=0.0)
        sink = await made.ask()
        assert len(made.egress.sent) == tries
        assert (sink.status, at()) == ((200, 2.0) if tries == 2 else (429, 0.0))

    story(told())


def test_a_429_that_names_none_is_not() -> None:
    async def told() -> None:
        made = scene(error(429), accounts=LONE, retries=3)
        assert (await made.ask()).status == 429
        assert at() == 0.0

    story(told())


def test_a_named_wait_of_a_5xx_is_kept() -> None:
    async def told() -> None:
        made = scene(error(503, retry_after="4"), chat(), accounts=LONE, retries=3, share=0.0)
        assert (await made.ask()).status == 200
        assert at() == 4.0

    story(told())


def test_a_model_without_capacity_is_asked_again_later() -> None:
    async def told() -> None:
        full = [kiro_error(429, "INSUFFICIENT_MODEL_CAPACITY") for _ in range(2)]
        made = scene(*full, kiro_text("hi"), accounts=[account("a", KIRO)], retries=3, share=0.0)
        assert (await made.ask(model="auto")).status == 200
        assert at() == 5.0 + 10.0

    story(told())


@pytest.mark.parametrize(
    ("server", "provider"),
    [({"queue_timeout_s": 2.0}, {}), ({}, {"queue_timeout_s": 2.0}), ({}, {"first_byte_timeout_s": 2.0})],
)
def test_all_waiting_is_one_budget(server: Any, provider: Any) -> None:
    async def told() -> None:
        made = scene(error(500), error(500), accounts=LONE, retries=9, given=settings(server, openai=provider))
        await made.ask()
        assert (at(), len(made.egress.sent)) == (1.0, 2), "a second wait of 2 s is beyond the budget"

    story(told())


def test_no_retry_behind_content() -> None:
    async def told() -> None:
        from gateway_kit import chunk

        from a2a.providers.http import Interrupted

        made = scene(Answer(200, chunk("hel"), Interrupted("cut")), accounts=LONE, retries=3)
        sink = await made.ask(stream=True)
        assert (len(made.egress.sent), sink.status) == (1, 200)
        assert b"error" in sink.body

    story(told())


def test_a_client_that_leaves_ends_the_wait() -> None:
    async def told() -> None:
        made = scene(error(500), accounts=LONE, retries=3)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await made.ask()
        assert [member.in_flight for member in made.pool.members()] == [0]

    story(told())


def test_a_retry_is_the_only_one_that_looks_before_a_rest_is_over() -> None:
    async def told() -> None:
        made = scene(error(500), Answer(200, asyncio.Event()), accounts=LONE, retries=3)
        first = asyncio.ensure_future(made.ask())
        await asyncio.sleep(0.5)
        sink = await made.ask()
        assert (sink.status, at()) == (503, 0.5), "it rests for everybody else"
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    story(told())


def test_a_provider_that_is_down_is_waited_for_once() -> None:
    async def told() -> None:
        made = scene(error(503), error(503), chat(), retries=3, share=0.0)
        assert (await made.ask()).status == 200
        assert (at(), len(made.egress.sent)) == (2.0, 3)
        assert made.states() == {"a": "ready", "b": "ready"}

    story(told())


# slots


def test_a_request_waits_for_a_slot() -> None:
    async def told() -> None:
        go = asyncio.Event()
        held = chat()
        held._pieces.insert(0, go)
        made = scene(held, chat("second"), accounts=[account("a", limits=ONE)])
        first = asyncio.ensure_future(made.ask())
        await asyncio.sleep(1)
        asyncio.get_running_loop().call_later(3, go.set)
        second = await made.ask()
        assert (second.status, at(), (await first).status) == (200, 4.0, 200)
        exchange = next(one for one in made.recorder.recent() if one.attempts[0].decision.waited_ms)  # type: ignore[union-attr]
        assert (exchange.timings.queued, exchange.attempts[0].decision.waited_ms) == (3000.0, 3000.0)  # type: ignore[union-attr]

    story(told())


@pytest.mark.parametrize(("patience_s", "waited_s"), [(7.0, 7.0), (0.0, 0.0)])
def test_not_longer_than_the_queue_timeout(patience_s: float, waited_s: float) -> None:
    async def told() -> None:
        given = settings({"queue_timeout_s": patience_s})
        made = scene(Answer(200, None), accounts=[account("a", limits=ONE)], given=given)
        first = asyncio.ensure_future(made.ask())
        await asyncio.sleep(0)
        sink = await made.ask("claude")
        assert (sink.status, sink.json["error"]["type"], at()) == (429, "rate_limit_error", waited_s)
        assert sink.headers["retry-after"] == "1"
        assert "at its concurrency limit" in sink.json["error"]["message"]
        assert made.exchange.unserved[-1].waited_ms == waited_s * 1000
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    story(told())


def test_the_retry_after_of_a_rate_of_ours() -> None:
    async def told() -> None:
        made = scene(chat(), accounts=[account("a", limits=Limits(rpm=1))])
        await made.ask()
        sink = await made.ask()
        assert (sink.status, sink.headers["retry-after"], at()) == (429, "30", 30.0)

    story(told())


def test_where_another_target_is_free_nobody_waits() -> None:
    async def told() -> None:
        tables: Any = {"openai": {"models": ["m"]}, "kiro": {"models": ["m"]}}
        accounts = [account("a", limits=ONE), account("k", KIRO)]
        made = scene(Answer(200, None), kiro_text("hi"), accounts=accounts, given=settings(**tables))
        first = asyncio.ensure_future(made.ask())
        await asyncio.sleep(0)
        assert (await made.ask()).status == 200
        assert (at(), made.exchange.attempts[0].provider) == (0.0, KIRO)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    story(told())


def test_tokens_are_counted_where_an_account_limits_them() -> None:
    async def told() -> None:
        made = scene(chat(), chat(), accounts=[account("a", limits=Limits(tpm=100))])
        await made.ask(messages=[{"role": "user", "content": "word " * 500}])
        await made.ask(messages=[{"role": "user", "content": "word " * 500}])
        assert at() == pytest.approx(4.2), "settled with the 7 tokens it was: so many are missing of a full minute"

    story(told())


def test_a_body_that_only_the_upstream_understands_is_counted_by_its_size() -> None:
    async def told() -> None:
        made = scene(chat(), accounts=[account("a", limits=Limits(tpm=100))])
        assert (await made.ask(messages=[{"role": "user", "content": {"odd": 1}}])).status == 200

    story(told())


def test_behind_a_failure_another_slot_is_waited_for_too() -> None:
    async def told() -> None:
        held = chat()
        go = asyncio.Event()
        held._pieces.insert(0, go)
        accounts = [account("a", limits=ONE), account("b", limits=ONE)]
        made = scene(held, error(429, retry_after="60"), chat("late"), accounts=accounts)
        first = asyncio.ensure_future(made.ask())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(3, go.set)
        second = await made.ask()
        assert (second.status, at(), (await first).status) == (200, 3.0, 200)
        assert made.keys() == ["sk-a", "sk-b", "sk-a"]

    story(told())


def test_a_fallback_stands_in_only_when_no_slot_came() -> None:
    async def told() -> None:
        given = settings({"queue_timeout_s": 4.0}, openai={"models": ["m"], "fallback": ["kiro/auto"]})
        made = scene(
            Answer(200, None), kiro_text("hi"), accounts=[account("a", limits=ONE), account("k", KIRO)], given=given
        )
        first = asyncio.ensure_future(made.ask())
        await asyncio.sleep(0)
        assert (await made.ask()).status == 200
        assert (at(), made.exchange.attempts[0].provider) == (4.0, KIRO)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    story(told())
