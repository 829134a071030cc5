"""Aliases and `fallback` through the whole pipeline: who is asked, what the client gets, what the record says."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_kit import STREAM, Answer, Scene, chat, error
from support.pool_kit import account, settings

from a2a.config import AliasDecl
from a2a.providers.base import ModelInfo

pytestmark = pytest.mark.anyio

A, B = account("a"), account("b")


def scene(*script: Answer | Exception, fallback: list[str], **aliases: AliasDecl) -> Scene:
    """Account `a` serves `m`, account `b` serves `n` and `o`: a rest of one is none of the other's."""
    given = settings(openai={"fallback": fallback})
    given.aliases = aliases
    made = Scene(*script, accounts=[A, B], given=given)
    made.catalogue.learn(A.id, (ModelInfo(id="m"),))
    made.catalogue.learn(B.id, (ModelInfo(id="n"), ModelInfo(id="o")))
    return made


def models(made: Scene) -> list[str]:
    return [attempt.model for attempt in made.exchange.attempts]


async def test_a_stand_in_serves_when_nobody_else_could() -> None:
    made = scene(error(429), chat("from n"), fallback=["openai/n"])
    sink = await made.ask()
    assert (sink.status, sink.json["choices"][0]["message"]["content"]) == (200, "from n")
    assert models(made) == ["m", "n"]
    assert made.exchange.route is not None
    assert (made.exchange.route.via, made.exchange.route.instead_of) == ("fallback", "openai/m")
    assert sink.headers["x-a2a-model"] == "n"
    assert "model mapped (openai/m could not serve" in sink.headers["x-a2a-notes"]


async def test_without_a_failure_nobody_stands_in() -> None:
    made = scene(chat(), fallback=["openai/n"])
    sink = await made.ask()
    assert (models(made), "x-a2a-notes" in sink.headers) == (["m"], False)


async def test_accounts_that_rest_are_a_reason_too() -> None:
    made = scene(error(429), chat(), chat(), fallback=["openai/n"])
    await made.ask()
    await made.ask()
    assert (models(made), made.exchange.status) == (["n"], 200)


async def test_the_client_s_own_mistake_is_not_taken_elsewhere() -> None:
    made = scene(error(400, "no such field"), fallback=["openai/n"])
    sink = await made.ask()
    assert (sink.status, models(made)) == (400, ["m"])


async def test_a_stand_in_that_refuses_leaves_the_first_failure_to_be_told() -> None:
    made = scene(error(429, "slow down"), error(400, "n hates this"), fallback=["openai/n"])
    sink = await made.ask()
    assert (sink.status, models(made)) == (429, ["m", "n"])
    assert b"slow down" in sink.body
    assert b"n hates this" not in sink.body


async def test_the_next_stand_in_is_asked_when_one_refuses() -> None:
    made = scene(error(429), error(400), chat("from o"), fallback=["openai/n", "openai/o"])
    sink = await made.ask()
    assert (sink.status, models(made)) == (200, ["m", "n", "o"])


async def test_what_the_client_named_has_no_stand_in() -> None:
    made = scene(error(429), fallback=["openai/n"])
    sink = await made.ask(model="openai/m")
    assert (sink.status, models(made)) == (429, ["m"])


async def test_nobody_stands_in_after_content() -> None:
    made = scene(Answer(200, STREAM[0]), fallback=["openai/n"])
    sink = await made.ask(stream=True)
    assert models(made) == ["m"]
    assert b"error" in sink.body


async def test_an_alias_asks_its_targets_in_order() -> None:
    aliases: dict[str, Any] = {"smart": AliasDecl(targets=["openai/m", "openai/n"])}
    made = scene(error(500), chat(), fallback=[], **aliases)
    sink = await made.ask(model="smart")
    assert (sink.status, models(made)) == (200, ["m", "n"])
    assert made.exchange.route is not None
    assert (made.exchange.route.asked, made.exchange.route.via) == ("smart", "alias")
