"""The account behind an attempt: its credential, its renewal, repairs of the body, forced calls."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_kit import Scene, chat, kiro_call, kiro_error, kiro_text
from support.pool_kit import KIRO, account

from a2a.auth.records import ApiKey
from a2a.errors import AccountError, NeedsLogin, StoreError, Unreachable
from a2a.secret import Secret

pytestmark = pytest.mark.anyio
KIRO_ACCOUNTS = (account("a", KIRO), account("b", KIRO))
TOOL: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


# credentials


@pytest.mark.parametrize(
    ("problem", "state"),
    [
        (NeedsLogin("openai-custom/a: dead", hint="a2a login openai"), "needs_login"),
        (AccountError("its keyring is locked"), "cooling"),
        (Unreachable("cannot reach auth"), "cooling"),
        (StoreError("disk full"), "cooling"),
    ],
)
async def test_an_account_without_a_credential_is_passed_over(problem: Exception, state: str) -> None:
    scene = Scene(chat())
    scene.keeper.known["openai-c-a"] = problem
    assert (await scene.ask()).status == 200
    assert (scene.states(), scene.keys()) == ({"a": state, "b": "ready"}, ["sk-b"])
    assert scene.exchange.attempts[0].fault is not None


async def test_a_credential_of_the_wrong_kind_needs_a_login() -> None:
    scene = Scene(kiro_text("hi"), accounts=KIRO_ACCOUNTS)
    scene.keeper.known[KIRO_ACCOUNTS[0].id] = ApiKey(Secret("k"))
    assert (await scene.ask(model="auto")).status == 200
    assert scene.states() == {"a": "needs_login", "b": "ready"}


async def test_a_refused_token_is_renewed_once_on_the_same_account() -> None:
    scene = Scene(kiro_error(401), kiro_text("hi"), accounts=KIRO_ACCOUNTS)
    sink = await scene.ask(model="auto")
    assert (sink.status, scene.keys()) == (200, ["old", "new"])
    assert (scene.keeper.refreshed, len(scene.exchange.attempts)) == ([KIRO_ACCOUNTS[0].id], 1)
    assert scene.states() == {"a": "ready", "b": "ready"}


async def test_a_renewed_token_that_is_refused_needs_a_login() -> None:
    scene = Scene(kiro_error(401), kiro_error(401), kiro_text("hi"), accounts=KIRO_ACCOUNTS)
    assert (await scene.ask(model="auto")).status == 200
    assert (scene.keys(), scene.states()) == (["old", "new", "old"], {"a": "needs_login", "b": "ready"})
    fault = scene.exchange.attempts[0].fault
    assert fault is not None
    assert "refuses a token that was just renewed" in fault.message
    assert "a2a login kiro" in (fault.remedy or "")


@pytest.mark.parametrize(
    ("problem", "state"),
    [(NeedsLogin("dead"), "needs_login"), (Unreachable("no way"), "cooling"), (StoreError("full"), "cooling")],
)
async def test_a_token_that_cannot_be_renewed(problem: Exception, state: str) -> None:
    scene = Scene(kiro_error(401), kiro_text("hi"), accounts=KIRO_ACCOUNTS)
    scene.keeper.fresh[KIRO_ACCOUNTS[0].id] = problem
    assert (await scene.ask(model="auto")).status == 200
    assert scene.states() == {"a": state, "b": "ready"}


async def test_a_suspended_account_is_never_asked_again() -> None:
    scene = Scene(kiro_error(403, "TEMPORARILY_SUSPENDED"), kiro_text("a"), kiro_text("b"), accounts=KIRO_ACCOUNTS)
    await scene.ask(model="auto")
    await scene.ask(model="auto")
    assert scene.states() == {"a": "suspended", "b": "ready"}
    assert [attempt.account for attempt in scene.exchange.attempts] == ["kiro/b"]


async def test_capacity_is_nobody_s_fault() -> None:
    scene = Scene(kiro_error(429, "INSUFFICIENT_MODEL_CAPACITY"), accounts=KIRO_ACCOUNTS)
    sink = await scene.ask(model="auto")
    assert (sink.status, scene.states()) == (503, {"a": "ready", "b": "ready"})
    assert len(scene.egress.sent) == 1


# repairs


async def test_a_body_is_repaired_once_on_the_same_account() -> None:
    scene = Scene(kiro_error(400, "TOOL_SCHEMA_INVALID"), kiro_text("hi"), accounts=KIRO_ACCOUNTS)
    assert (await scene.ask(model="auto", tools=[TOOL])).status == 200
    assert (len(scene.exchange.attempts), len(scene.egress.sent)) == (1, 2)


async def test_a_repair_that_does_not_help_is_the_end() -> None:
    refusal = kiro_error(400, "TOOL_SCHEMA_INVALID", "bad schema"), kiro_error(400, "TOOL_SCHEMA_INVALID", "still bad")
    scene = Scene(*refusal, accounts=KIRO_ACCOUNTS)
    sink = await scene.ask(model="auto", tools=[TOOL])
    assert (sink.status, sink.json["error"]["message"]) == (400, "kiro/a: still bad")
    assert len(scene.egress.sent) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_a_forced_call_is_insisted_on_once(stream: bool) -> None:
    scene = Scene(kiro_text("no"), kiro_call(), accounts=KIRO_ACCOUNTS)
    sink = await scene.ask(model="auto", tools=[TOOL], tool_choice="required", stream=stream)
    assert sink.status == 200
    assert b'"look"' in sink.body
    assert b'"no"' not in sink.body
    assert b"an answer without that call is rejected" in scene.egress.sent[1][1]
    assert b"an answer without that call is rejected" not in scene.egress.sent[0][1]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_will_not_call_is_a_502(stream: bool) -> None:
    scene = Scene(kiro_text("no"), kiro_text("never"), accounts=KIRO_ACCOUNTS)
    choice: Any = {"type": "function", "function": {"name": "look"}}
    sink = await scene.ask(model="auto", tools=[TOOL], tool_choice=choice, stream=stream)
    assert sink.status == 502
    assert "called no tool although the request demands one" in sink.json["error"]["message"]
    assert (len(scene.egress.sent), scene.states()) == (2, {"a": "ready", "b": "ready"})
