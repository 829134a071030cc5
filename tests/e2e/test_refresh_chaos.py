"""Tokens under fire: short lives, rotation that punishes reuse, processes killed at any instant (issue of the logins).

Three servers of one home and up to 200 requests at each, while tokens live for seconds and the authorities answer
some time after they have rotated. Whoever loses an answer has lost the account; whoever sends a spent token kills it.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from support.a2a_process import Server
from support.stage import GEMINI_CLI, KIRO, MODEL, QWEN, SHORT, Login, Stage, staged
from support.waiting import eventually

SERVERS = 3
PACE_S = 0.03
"""Between two requests of a worker, so that they last for several lives of a token."""

LOGINS = [
    Login(KIRO, "social", "aoa-social"),
    Login(KIRO, "idc", "aoa-idc-eu"),
    Login(GEMINI_CLI, "one", "ca-standard"),
    Login(QWEN, "one", "qwen-1"),
]
_ENDS = ("/token", "/refreshToken")


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("chaos"), LOGINS) as made:
        yield made


class Fleet:
    """Servers of one home that are killed and come back; the first is the stage's own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.lost = False
        """A server did not come back: nobody waits for it."""
        self.servers = [stage.server, *(Server(stage.home, env=stage.env) for _ in range(SERVERS - 1))]

    def kill(self, which: Sequence[int]) -> None:
        """kill -9 for all of them, then new ones in their place."""
        for at in which:
            self.servers[at].send(signal.SIGKILL)
        back = False
        try:
            for at in which:
                self.servers[at].kill()
                self.servers[at] = Server(self.stage.home, env=self.stage.env)
            back = True
        finally:
            self.lost = not back
        self.stage.server = self.servers[0]

    def ask(self, at: int, login: Login) -> httpx.Response | None:
        """One request; None when the server was killed under it."""
        body: dict[str, Any] = {
            "model": f"{SHORT[login.provider]}/{login.alias}/{MODEL[login.provider]}",
            "messages": [{"role": "user", "content": "hello"}],
            "max_tokens": 100,
        }
        try:
            return self.servers[at].http.post("/v1/messages", json=body)
        except (httpx.TransportError, RuntimeError):  # RuntimeError: our own client of it was closed
            return None

    def stop(self) -> None:
        for server in self.servers[1:]:
            server.stop()


def token_calls(stage: Stage) -> list[Any]:
    """Calls at the token endpoints that have not been answered yet."""
    return [seen for seen in list(stage.demo.up.seen) if seen.path.endswith(_ENDS) and not seen.status]


def set_the_fire(stage: Stage) -> None:
    up = stage.demo.up
    for flags in (up.kiro.logins.flags, up.qwen.flags, up.codeassist.flags):
        flags.life_s = 3
        flags.rotate = flags.revoke_on_reuse = True
        flags.answer_delay_s = 0.05
    for login in LOGINS:
        states: tuple[Any, ...] = (up.kiro, up.codeassist, up.qwen)
        next(state for state in states if login.secret in state.accounts).expire(login.secret)


@pytest.mark.parametrize(("requests", "kills"), [(60, 3), pytest.param(200, 10, marks=pytest.mark.soak)])
def test_no_token_is_lost_and_none_is_sent_twice(stage: Stage, requests: int, kills: int) -> None:
    fleet = Fleet(stage)
    set_the_fire(stage)
    dice = random.Random(7)
    answered: list[tuple[str, int]] = []

    def work(at: int) -> None:
        for number in range(requests):
            login = LOGINS[number % len(LOGINS)]
            while (answer := fleet.ask(at, login)) is None:
                if fleet.lost:
                    return
                time.sleep(PACE_S)
            answered.append((login.secret, answer.status_code))
            time.sleep(PACE_S)

    with ThreadPoolExecutor(SERVERS) as workers:
        working = [workers.submit(work, at) for at in range(SERVERS)]
        for number in range(kills):
            if number % 2:  # between a rotation and its answer: one of them has asked for it
                eventually(lambda: token_calls(stage) or all(one.done() for one in working), "a renewal")
                fleet.kill(range(SERVERS))
            else:
                time.sleep(dice.random())
                fleet.kill([dice.randrange(SERVERS)])
        for one in working:
            one.result()
    fleet.stop()

    accounts = {one.name: one for one in (*stage.demo.up.kiro.accounts.values(),
                                          *stage.demo.up.codeassist.accounts.values(),
                                          *stage.demo.up.qwen.accounts.values())}  # fmt: skip
    assert {name: one.reused for name, one in accounts.items() if one.reused} == {}
    assert len(answered) == SERVERS * requests
    assert {status for _, status in answered} == {200}
    assert all(accounts[login.secret].generation >= 1 for login in LOGINS)
    for login in LOGINS:
        answer = fleet.ask(0, login)
        assert answer is not None
        assert answer.status_code == 200, answer.text
