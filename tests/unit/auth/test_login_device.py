"""The polling of device logins: intervals, slow_down, bad days and the end of the code (RFC 8628 3.5)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from a2a.auth.login.device import Poll, poll
from a2a.errors import BadUpstream, LoginFailed, Unreachable, UpstreamError

pytestmark = pytest.mark.anyio

NOW = 1_795_000_000.0


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return NOW + sum(self.slept)

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Token:
    pass


class Script:
    """Answers in order; the last one for ever."""

    def __init__(self, answers: Sequence[Token | Poll | Exception]) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self) -> Token | Poll:
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        if isinstance(answer, Exception):
            raise answer
        return answer


async def polled(time: Time, script: Script, *, life_s: float = 900.0, interval_s: float = 5.0) -> Token:
    return await poll(script, interval_s=interval_s, expires_at=NOW + life_s, clock=time, sleep=time.sleep)


async def test_it_waits_before_each_call() -> None:
    time, token = Time(), Token()
    assert await polled(time, Script(["pending", "pending", token])) is token
    assert time.slept == [5, 5, 5]


async def test_slow_down_adds_five_seconds_for_good() -> None:
    time = Time()
    await polled(time, Script(["slow_down", "pending", "slow_down", "pending", Token()]))
    assert time.slept == [5, 10, 10, 15, 15]


async def test_four_bad_answers_in_a_row_are_borne() -> None:
    bad: list[Token | Poll | Exception] = [Unreachable("x")] * 4
    script = Script([*bad, "pending", *bad, Token()])
    await polled(Time(), script)
    assert script.calls == 10


async def test_the_fifth_in_a_row_is_the_end() -> None:
    script = Script([*[UpstreamError("x")] * 4, BadUpstream("the last")])
    with pytest.raises(BadUpstream, match="the last"):
        await polled(Time(), script)
    assert script.calls == 5


async def test_a_failed_login_ends_it_at_once() -> None:
    script = Script([LoginFailed("denied")])
    with pytest.raises(LoginFailed, match="denied"):
        await polled(Time(), script)
    assert script.calls == 1


async def test_the_code_expires() -> None:
    time, script = Time(), Script(["pending"])
    with pytest.raises(LoginFailed, match="the code has expired") as caught:
        await polled(time, script, life_s=12)
    assert (script.calls, time.slept) == (2, [5, 5, 2])
    assert "new code" in (caught.value.hint or "")


async def test_an_expired_code_is_not_asked_for() -> None:
    script = Script([Token()])
    with pytest.raises(LoginFailed):
        await polled(Time(), script, life_s=-1)
    assert script.calls == 0
