"""What a pool knows survives a restart of the server: rests, counts, and which conversation is on which account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.stage import MODEL, OPENAI, Login, Stage, staged

POOL = [Login(OPENAI, f"n{number}", f"sk-demo-openai-{number}") for number in (1, 2, 3)]
PATH = f"/{OPENAI}/v1/chat/completions"


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), POOL) as made:
        yield made


def account_of(stage: Stage, conversation: str) -> str:
    body: dict[str, Any] = {"model": MODEL[OPENAI], "messages": [{"role": "user", "content": "hi"}]}
    answer = stage.server.http.post(PATH, json={**body, "prompt_cache_key": conversation})
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-a2a-account"])


def test_conversations_stay_where_they_were(stage: Stage) -> None:
    names = [f"conversation {number}" for number in range(9)]
    before = {name: account_of(stage, name) for name in names}
    assert len(set(before.values())) == 3
    stage.server.stop()
    stage.start()
    assert {name: account_of(stage, name) for name in reversed(names)} == before


def test_rests_and_counts_are_as_before(stage: Stage) -> None:
    stage.demo.fault("429 retry-after=600", api="openai", account="sk-demo-openai-1", times=None)
    for number in range(6):
        account_of(stage, str(number))
    shown = ("state", "reason", "until", "counts", "last_fault")
    before = {name: {key: row[key] for key in shown} for name, row in stage.server.accounts().items()}
    assert before[f"{OPENAI}/n1"]["state"] == "cooling"
    stage.server.stop()
    stage.start()
    after = {name: {key: row[key] for key in shown} for name, row in stage.server.accounts().items()}
    for name in before:
        until = before[name].pop("until"), after[name].pop("until")
        assert until[0] == until[1] or until == pytest.approx((until[0], until[0]), abs=0.01)
    assert after == before
