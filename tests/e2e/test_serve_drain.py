"""How `a2a serve` ends: on a signal it finishes what runs, refuses what is new, and leaves with 0 (contract, style)."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.stage import MODEL, ONE_EACH, PROVIDERS, Stage, staged
from support.waiting import eventually

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), ONE_EACH) as made:
        yield made


def body(provider: str, stream: bool = True) -> dict[str, Any]:
    messages = [{"role": "user", "content": "hello"}]
    return {"model": MODEL[provider], "messages": messages, "max_tokens": 200, "stream": stream}


def refuses(url: str) -> bool:
    """Whether nobody listens any more."""
    try:
        with httpx.Client(trust_env=False) as stranger:
            stranger.get(f"{url}/health")
    except httpx.ConnectError:
        return True
    return False


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_running_stream_is_finished(stage: Stage, number: signal.Signals) -> None:
    provider = PROVIDERS[0] if number is signal.SIGINT else PROVIDERS[2]
    stage.demo.fault("stall after=3 seconds=0.8")
    server = stage.server
    with server.http.stream("POST", f"/{provider}/v1/messages", json=body(provider)) as answer:
        pieces = answer.iter_bytes()
        said = [next(pieces)]
        server.send(number)
        eventually(lambda: "draining 1" in server.stderr, "the remark")
        eventually(lambda: refuses(server.url), "the port to close")
        assert server.code is None
        said += pieces
    assert b"message_stop" in b"".join(said)
    assert server.wait() == 0
    assert not list((stage.home / "state" / "servers").glob("*"))


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_an_idle_server_ends_at_once(stage: Stage, number: signal.Signals) -> None:
    with httpx.Client(base_url=stage.server.url, trust_env=False) as kept:
        assert kept.get("/health").status_code == 200  # an idle kept-alive connection does not hold it up
        began = time.monotonic()
        stage.server.send(number)
        assert stage.server.wait() == 0
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_second_signal_does_not_wait(stage: Stage, number: signal.Signals) -> None:
    stage.demo.fault("stall after=3")
    with stage.server.http.stream("POST", "/openai/v1/messages", json=body(PROVIDERS[0])) as answer:
        pieces = answer.iter_bytes()
        assert next(pieces)
        stage.server.send(number)
        eventually(lambda: "draining 1" in stage.server.stderr, "the remark")
        stage.server.send(number)
        assert stage.server.wait() in (-number, 128 + number)
    stage.demo.idle()
