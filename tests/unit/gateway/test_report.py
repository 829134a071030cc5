"""The record of an exchange while it happens, its headers, and the errors it ends with."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from support.pool_kit import NOW, FakeClock, failure, verdict

from a2a.control.types import Decision, Fault
from a2a.errors import A2AError, ConfigError, NoAccount, UnknownModel, UnknownRoute, UpstreamTimeout, WrongKey
from a2a.gateway.call import Call
from a2a.gateway.report import Failed, Report, combined, failure_of
from a2a.messages import Failure, Usage
from a2a.protocols.base import Note
from a2a.protocols.registry import FRONTS

DECISION = Decision(strategy="round-robin", picked="openai/a")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def report(clock: FakeClock) -> Report:
    call = Call(front=FRONTS["chat"], path="/v1/x", body=b"12345", headers={"user-agent": "me/1"}, client="laptop")
    return Report(call, clock)


def failed(account: str = "openai/a", told: Failure | None = None, **fields: Any) -> Failed:
    return Failed(account=account, failure=told or failure(), verdict=verdict(**fields))


def test_it_begins_with_what_came_in(report: Report) -> None:
    exchange = report.exchange
    assert re.fullmatch(r"ex_\w{18}", exchange.id)
    assert (exchange.started_at, exchange.client, exchange.front, exchange.path) == (NOW, "laptop", "chat", "/v1/x")
    assert (exchange.agent, exchange.request_bytes, exchange.state) == ("me/1", 5, "routing")


def test_what_leaves_has_its_names_and_stays_as_it_is(report: Report) -> None:
    exchange = report.exchange
    report.end("done", 200)
    assert msgspec.to_builtins(exchange)["state"] == "routing"
    assert msgspec.to_builtins(report.exchange)["timings"]["last"] == 0.0


def test_a_header_that_is_no_utf_8_is_kept_as_text(clock: FakeClock) -> None:
    call = Call(front=FRONTS["chat"], path="/", body=b"", headers={"user-agent": "caf\udce9 \u00e9"})
    assert Report(call, clock).exchange.agent == "caf\ufffd \u00e9"


def test_times_count_from_arrival_and_from_the_attempt(report: Report, clock: FakeClock) -> None:
    clock.tick(0.5)
    entry = report.attempt("openai-custom", "openai/a", "m", DECISION)
    clock.tick(0.25)
    report.head(entry, 200)
    clock.tick(0.25)
    report.first(entry)
    clock.tick(1)
    report.first(entry)
    report.attempt_ok(entry)
    report.end("done", 200)
    timings = report.exchange.timings
    assert (timings.queued, timings.headers, timings.first_token, timings.last) == (500, 750, 1000, 2000)
    assert (entry.status, entry.headers_ms, entry.first_event_ms, entry.duration_ms) == (200, 250, 500, 1500)
    assert (entry.outcome, entry.started_at, report.ms()) == ("ok", NOW + 0.5, 2000)


def test_states_in_order(report: Report) -> None:
    entry = report.attempt("openai-custom", "openai/a", "m", DECISION)
    assert report.exchange.state == "waiting"
    report.first(entry)
    assert report.exchange.state == "streaming"
    report.end("done", 200)
    assert (report.exchange.state, report.exchange.status) == ("done", 200)


def test_attempts_are_numbered_and_the_first_wait_counts(report: Report, clock: FakeClock) -> None:
    clock.tick(0.1)
    first = report.attempt("openai-custom", "openai/a", "m", DECISION)
    fault = Fault(kind="upstream", message="broken")
    report.attempt_failed(first, fault)
    clock.tick(0.1)
    second = report.attempt("openai-custom", "openai/b", "m", DECISION)
    assert (first.n, second.n, report.exchange.timings.queued) == (1, 2, 100)
    assert (first.outcome, first.fault) == ("failed", fault)


def test_only_the_first_end_counts(report: Report) -> None:
    report.end("failed", 502, Fault(kind="upstream", message="broken"))
    report.end("done", 200)
    assert (report.exchange.state, report.exchange.status) == ("failed", 502)
    assert report.exchange.fault is not None


def test_a_client_that_left_leaves_its_attempt_so(report: Report) -> None:
    first = report.attempt("openai-custom", "openai/a", "m", DECISION)
    report.attempt_failed(first, Fault(kind="upstream", message="broken"))
    second = report.attempt("openai-custom", "openai/b", "m", DECISION)
    report.end("client_closed", 499)
    assert [first.outcome, second.outcome] == ["failed", "client_closed"]


def test_usage_is_kept_when_there_is_any(report: Report) -> None:
    report.usage(None)
    assert report.exchange.tokens is None
    report.usage(Usage(input=1, output=2, cache_read=3, cache_write=4, reasoning=5, estimated=True))
    tokens = report.exchange.tokens
    assert tokens is not None
    assert (tokens.input, tokens.output, tokens.cache_read, tokens.cache_write) == (1, 2, 3, 4)
    assert (tokens.reasoning, tokens.estimated) == (5, True)


def test_headers_before_any_attempt(report: Report) -> None:
    assert report.headers() == {"x-a2a-exchange": report.exchange.id, "x-a2a-attempts": "0"}


def test_headers_name_the_last_attempt(report: Report) -> None:
    report.attempt("openai-custom", "openai/a", "m", DECISION)
    report.attempt("openai-custom", "openai/b", "n", DECISION)
    headers = report.headers()
    assert (headers["x-a2a-account"], headers["x-a2a-model"], headers["x-a2a-attempts"]) == ("openai/b", "n", "2")


def test_notes_are_listed_in_a_header(report: Report) -> None:
    report.notes([Note("seed", "dropped", "no such field"), Note("stop", "emulated")])
    assert report.headers()["x-a2a-notes"] == "seed dropped (no such field), stop emulated"


def test_notes_are_cut_at_512_bytes(report: Report) -> None:
    report.notes([Note("x" * 300, "dropped"), Note("y" * 300, "dropped")])
    text = report.headers()["x-a2a-notes"]
    assert len(text.encode()) == 512
    assert text.startswith("x" * 300 + " dropped, yyy")


@pytest.mark.parametrize("text", ["a\r\nx-evil: 1", "größe", "tab\t", "nul\0"])
def test_a_header_holds_printable_ascii_only(report: Report, text: str) -> None:
    report.notes([Note(text, "dropped")])
    report.attempt("openai-custom", "openai/a", text, DECISION)
    headers = report.headers()
    assert all(" " <= char <= "~" for name in ("x-a2a-notes", "x-a2a-model") for char in headers[name])


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        (A2AError("x"), "internal", 500),
        (WrongKey("x"), "unauthorized", 401),
        (UpstreamTimeout("x"), "timeout", 504),
        (NoAccount("x"), "unavailable", 503),
        (NoAccount("x", limited=True), "rate_limited", 429),
    ],
)
def test_our_errors_as_failures(error: A2AError, kind: str, status: int) -> None:
    found = failure_of(error)
    assert (found.kind, found.status) == (kind, status)


def test_a_failure_of_ours_carries_hint_field_and_wait() -> None:
    told = failure_of(UnknownModel("no such model", hint="near: m", param="model"))
    assert (told.message, told.param, told.retry_after) == ("no such model (near: m)", "model", None)
    assert failure_of(NoAccount("all rest", retry_after_s=9.0)).retry_after == 9.0


def test_a_path_and_a_setting_that_are_wrong_have_words_of_their_own() -> None:
    assert failure_of(UnknownRoute("no such path")).code == "unknown_url"
    assert (ConfigError.kind, failure_of(ConfigError("a setting")).kind) == ("config", "internal")


def test_one_failure_is_told_as_it_is() -> None:
    told = failure(500, code="boom", param="x", message="it broke")
    assert combined([failed(told=told)], None) == Failure("upstream", "openai/a: it broke", 500, code="boom", param="x")


def test_an_account_is_not_named_twice() -> None:
    found = combined([failed("openai/a", failure(504, "timeout", message="openai/a sent nothing within 2 s"))], None)
    assert found.message == "openai/a sent nothing within 2 s"


def test_several_failures_are_named_one_by_one() -> None:
    found = combined([failed("openai/a"), failed("openai/b", failure(504, "timeout", message="too slow"))], None)
    assert found.message == "2 accounts were asked and none could answer: openai/a: it broke; openai/b: too slow"
    assert (found.kind, found.status) == ("timeout", 504)


@pytest.mark.parametrize("status", [401, 402, 403])
def test_an_account_s_own_fault_is_a_503_with_what_helps(status: int) -> None:
    told = failure(status, "unavailable", message="key refused")
    found = combined([failed(told=told, remedy="log in again")], None)
    assert (found.kind, found.status) == ("unavailable", 503)
    assert found.message == "openai/a: key refused (log in again)"


def test_a_spent_allowance_is_a_429() -> None:
    found = combined([failed(told=failure(402, "quota"))], None)
    assert (found.kind, found.status) == ("quota", 429)


def test_a_403_that_is_the_model_s_stays_what_it_is() -> None:
    found = combined([failed(told=failure(403, "not_found"), scope="account_model")], None)
    assert (found.kind, found.status) == ("not_found", 403)


def test_limits_of_all_accounts_stay_a_429() -> None:
    limited = [failed(told=failure(429, "rate_limited")), failed(told=failure(429, "quota"))]
    assert combined(limited, None).status == 429


def test_a_limit_among_other_faults_is_a_503() -> None:
    found = combined([failed(), failed(told=failure(429, "rate_limited"))], None)
    assert (found.kind, found.status) == ("unavailable", 503)


@pytest.mark.parametrize(
    ("kind", "status", "wait"),
    [("rate_limited", 429, 7.0), ("rate_limited", 400, 7.0), ("unavailable", 503, 7.0), ("upstream", 500, None)],
)
def test_the_pool_s_wait_is_told_where_waiting_helps(kind: str, status: int, wait: float | None) -> None:
    found = combined([failed(told=failure(status, kind))], NoAccount("all rest", retry_after_s=7.0))
    assert found.retry_after == wait


def test_an_upstream_s_own_wait_is_kept_when_the_pool_has_none() -> None:
    told = failure(429, "rate_limited", retry_after=3.0)
    assert combined([failed(told=told)], NoAccount("dead")).retry_after == 3.0
    assert combined([failed(told=told)], None).retry_after == 3.0


def test_the_failure_of_the_record_is_not_changed() -> None:
    told = failure(401, "unavailable", message="key refused")
    combined([failed(told=told), failed(told=told)], None)
    assert (told.message, told.status) == ("key refused", 401)
