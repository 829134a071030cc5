"""A pool with accounts that fail: clients notice nothing, the record tells, the failing accounts rest (contract 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.sse import Stream
from support.stage import CLAUDE, KIRO, OPENAI, Login, Stage, staged

REQUESTS = 200
WORKERS = 10
BODY: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 200}
BROKEN, LIMITED, GOOD = "sk-demo-openai-1", "sk-demo-openai-2", "sk-demo-openai-3"
POOL = (
    Login(OPENAI, "broken", BROKEN),
    Login(OPENAI, "limited", LIMITED),
    Login(OPENAI, "good", GOOD),
    Login(CLAUDE, "broken", "sk-demo-claude-1"),
    Login(CLAUDE, "good", "sk-demo-claude-2"),
    Login(KIRO, "broken", "aoa-social"),
    Login(KIRO, "good", "aoa-social-2"),
)


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A fresh server for each test: cooldowns are what is tested."""
    with staged(tmp_path_factory.mktemp("stage"), POOL, server={"commit_after_s": 0.1, "keepalive_s": 0.05}) as made:
        yield made


def test_200_of_200_succeed_with_two_of_three_accounts_failing(stage: Stage) -> None:
    stage.demo.fault("500", api="openai", account=BROKEN, times=None)
    stage.demo.fault("429", api="openai", account=LIMITED, times=None)

    def ask(number: int) -> str:
        path = "/openai/v1/messages" if number % 4 == 3 else "/openai/v1/chat/completions"
        body = {"model": "demo-chat", **BODY}
        if number % 2:
            stream = Stream(stage.server.http, path, body)
            assert stream.done, stream.body
            return stream.text
        answer = stage.server.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["choices"][0]["message"]["content"])

    with ThreadPoolExecutor(WORKERS) as workers:
        said = list(workers.map(ask, range(REQUESTS)))
    assert said == ["You said: hello — noted ✓"] * REQUESTS

    pool = {row["alias"]: row for row in stage.server.accounts().values() if row["provider"] == OPENAI}
    states = {alias: (row["state"], row["reason"]) for alias, row in pool.items()}
    assert states == {
        "broken": ("cooling", "server_error"),
        "limited": ("cooling", "rate_limited"),
        "good": ("ready", None),
    }
    assert all(pool[alias]["until"] for alias in ("broken", "limited"))
    assert pool["good"]["counts"]["successes"] == REQUESTS
    records = stage.server.exchanges()
    assert Counter((record["state"], record["status"]) for record in records) == {("done", 200): REQUESTS}
    failed = sum(len(record["attempts"]) - 1 for record in records)
    assert 2 <= failed <= 4 * WORKERS, "a failing account is asked only until it rests"
    assert all(row["in_flight"] == 0 for row in pool.values())


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("provider", "api", "account", "model"),
    [
        (CLAUDE, "claude", "sk-demo-claude-1", "claude-sonnet-4-6"),
        (KIRO, "kiro", "aoa-social", "claude-sonnet-4.6"),
    ],
    ids=["claude", "kiro"],
)
def test_the_record_names_every_attempt(
    stage: Stage, provider: str, api: str, account: str, model: str, streamed: bool
) -> None:
    stage.demo.fault("500", api=api, account=account, times=None)
    answers = []
    for path in (f"/{provider}/v1/messages", f"/{provider}/v1/chat/completions"):
        body = {"model": model, **BODY, "stream": streamed}
        answers += [stage.server.http.post(path, json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200] * 4
    attempts = [int(answer.headers["x-a2a-attempts"]) for answer in answers]
    assert sorted(attempts) == [1, 1, 1, 2]
    failed_over = answers[attempts.index(2)]
    record = stage.server.exchange(failed_over.headers["x-a2a-exchange"])
    assert [attempt["outcome"] for attempt in record["attempts"]] == ["failed", "ok"]
    assert record["attempts"][0]["fault"]["scope"] == "account"
    assert record["attempts"][0]["account"].endswith("/broken")
    assert failed_over.headers["x-a2a-account"].endswith("/good")


@pytest.mark.parametrize("front", ["messages", "chat/completions"])
def test_a_fault_behind_an_empty_block_reaches_no_client(stage: Stage, front: str) -> None:
    """The second frame of a Claude stream begins a block without a word in it: nothing the client could have read."""
    stage.demo.fault("error_event after=2", api="claude", account="sk-demo-claude-1", times=None)
    for _ in range(2):
        stream = Stream(stage.server.http, f"/{CLAUDE}/v1/{front}", {"model": "claude-sonnet-4-6", **BODY})
        assert (stream.done, stream.text) == (True, "You said: hello — noted ✓")
    attempts = sorted([one["outcome"] for one in record["attempts"]] for record in stage.server.exchanges())
    assert attempts == [["failed", "ok"], ["ok"]]


def test_when_all_fail_the_answer_names_each_attempt(stage: Stage) -> None:
    stage.demo.fault("500", api="openai", times=None)
    answer = stage.server.http.post("/openai/v1/chat/completions", json={"model": "demo-chat", **BODY})
    assert answer.status_code >= 500
    message = answer.json()["error"]["message"]
    assert all(f"openai/{alias}" in message for alias in ("broken", "limited", "good"))
    assert answer.headers["x-a2a-attempts"] == "3"
    rest = stage.server.http.post("/openai/v1/messages", json={"model": "demo-chat", **BODY})
    assert rest.status_code in (503, 529)
    assert int(rest.headers["retry-after"]) >= 1


def test_all_limited_is_a_429_with_the_shortest_wait(stage: Stage) -> None:
    for key, wait in ((BROKEN, 70), (LIMITED, 40), (GOOD, 100)):
        stage.demo.fault(f"429 retry-after={wait}", api="openai", account=key, times=None)
    first = stage.server.http.post("/openai/v1/chat/completions", json={"model": "demo-chat", **BODY})
    assert first.status_code == 429
    assert 30 < int(first.headers["retry-after"]) <= 40
    second = stage.server.http.post("/openai/v1/messages", json={"model": "demo-chat", **BODY})
    assert (second.status_code, second.json()["error"]["type"]) == (429, "rate_limit_error")
    assert 30 < int(second.headers["retry-after"]) <= 40
    assert second.headers["x-a2a-attempts"] == "0"


@pytest.mark.parametrize("fault", ["empty", "error_event after=0 status=500"], ids=["empty", "error-event"])
@pytest.mark.parametrize("front", ["chat/completions", "messages"])
def test_a_200_without_content_fails_over(stage: Stage, fault: str, front: str) -> None:
    """Before the first content byte another account may take over, whatever the status line said."""
    for api, account, provider, model in (
        ("openai", BROKEN, OPENAI, "demo-chat"),
        ("claude", "sk-demo-claude-1", CLAUDE, "claude-sonnet-4-6"),
        ("kiro", "aoa-social", KIRO, "claude-sonnet-4.6"),
    ):
        stage.demo.fault(fault, api=api, account=account, times=None)
        streams = [Stream(stage.server.http, f"/{provider}/v1/{front}", {"model": model, **BODY}) for _ in range(3)]
        assert [stream.status for stream in streams] == [200] * 3
        assert all(stream.done and "hello" in stream.text for stream in streams), [stream.body for stream in streams]
        assert max(int(stream.headers["x-a2a-attempts"]) for stream in streams) == 2


@pytest.mark.parametrize("front", ["chat/completions", "messages"])
def test_keep_alives_are_no_content(stage: Stage, front: str) -> None:
    """The 200 and keep-alives are out, then the account fails: another may still serve."""
    for api, account, provider, model in (
        ("openai", BROKEN, OPENAI, "demo-chat"),
        ("claude", "sk-demo-claude-1", CLAUDE, "claude-sonnet-4-6"),
        ("kiro", "aoa-social", KIRO, "claude-sonnet-4.6"),
    ):
        for fault in ("slow seconds=0.4", "error_event after=0 status=500"):
            stage.demo.fault(fault, api=api, account=account)
        streams = [Stream(stage.server.http, f"/{provider}/v1/{front}", {"model": model, **BODY}) for _ in range(3)]
        assert all(stream.done and "hello" in stream.text for stream in streams), [stream.body for stream in streams]
        assert stage.demo.up.faults.rules == []
        records = [stage.server.exchange(stream.headers["x-a2a-exchange"]) for stream in streams]
        assert sorted(len(record["attempts"]) for record in records) == [1, 1, 2]
        slow = streams[[len(record["attempts"]) for record in records].index(2)]
        assert slow.comments or "ping" in slow.names


def test_a_failure_of_all_after_the_200_is_told_inside(stage: Stage) -> None:
    for fault in ("slow seconds=0.4", "error_event after=0 status=500"):
        stage.demo.fault(fault, api="claude", times=2)
    chat, claude = (
        Stream(stage.server.http, f"/claude/v1/{front}", {"model": "claude-sonnet-4-6", **BODY})
        for front in ("chat/completions", "messages")
    )
    assert (chat.status, chat.done, len(chat.errors)) == (200, False, 1)
    assert all(f"claude/{alias}" in chat.errors[0]["message"] for alias in ("broken", "good"))
    assert claude.status == 503, "both rest now, nothing was sent: the status tells"


def test_a_clients_mistake_punishes_nobody(stage: Stage) -> None:
    for provider, model in ((OPENAI, "demo-chat"), (CLAUDE, "claude-sonnet-4-6"), (KIRO, "claude-sonnet-4.6")):
        for _ in range(3):
            wrong = {"model": model, "max_tokens": 10, "messages": [{"role": "boss", "content": "hi"}]}
            assert stage.server.http.post(f"/{provider}/v1/messages", json=wrong).status_code == 400
    assert {row["state"] for row in stage.server.accounts().values()} == {"ready"}
