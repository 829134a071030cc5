"""What an answer's headers say of an allowance reaches its account, and a refusal rests until it is renewed."""

from __future__ import annotations

import pytest
from gateway_kit import Answer, Scene, chat, error
from support.pool_kit import NOW, account

pytestmark = pytest.mark.anyio
LEFT = {"x_ratelimit_limit_requests": "60", "x_ratelimit_remaining_requests": "59", "x_ratelimit_reset_requests": "1s"}
SPENT = {**LEFT, "x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "1m30s"}


def with_headers(answer: Answer, **headers: str) -> Answer:
    answer.headers = {**answer.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return answer


async def test_an_answer_says_what_is_left() -> None:
    scene = Scene(with_headers(chat(), **LEFT), accounts=[account("a")])
    await scene.ask()
    (known,) = scene.pool.members()[0].quota
    assert (known.unit, known.model, known.limit, known.remaining) == ("request", "m", 60.0, 59.0)
    assert (known.resets_at, known.taken_at) == (NOW + 1, NOW)


async def test_the_newest_counts() -> None:
    second = with_headers(chat(), **{**LEFT, "x_ratelimit_remaining_requests": "58"})
    scene = Scene(with_headers(chat(), **LEFT), second, accounts=[account("a")])
    await scene.ask()
    await scene.ask()
    assert [known.remaining for known in scene.pool.members()[0].quota] == [58.0]


async def test_models_are_counted_apart() -> None:
    scene = Scene(with_headers(chat(), **LEFT), with_headers(chat(), **SPENT), accounts=[account("a")])
    await scene.ask()
    await scene.ask(model="n")
    assert {(known.model, known.remaining) for known in scene.pool.members()[0].quota} == {("m", 59.0), ("n", 0.0)}


async def test_an_error_that_is_no_limit_says_nothing() -> None:
    scene = Scene(error(404, **LEFT), accounts=[account("a")])
    await scene.ask()
    assert scene.pool.members()[0].quota == []


@pytest.mark.parametrize(("headers", "rest_s"), [(SPENT, 90), ({**SPENT, "retry_after": "7"}, 7), (LEFT, 30)])
async def test_a_refusal_rests_until_the_allowance_is_renewed(headers: dict[str, str], rest_s: int) -> None:
    """What the upstream asks for in so many words comes first; without either, the table's own rest."""
    scene = Scene(error(429, **headers), accounts=[account("a")])
    await scene.ask()
    assert scene.pool.members()[0].rest_s() == rest_s
