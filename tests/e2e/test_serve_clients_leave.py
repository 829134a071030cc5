"""A client that leaves ends its upstream call, on the real server: no leak, no orphan, nobody blamed (contract 7)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from support.a2a_process import KEY
from support.stage import MODEL, PROVIDERS, Stage, staged
from support.waiting import eventually

FRONTS = ("chat/completions", "messages")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(stage: Stage) -> None:
    stage.demo.idle()
    stage.demo.reset()


def body(provider: str, text: str, *, stream: bool = True) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": MODEL[provider], "messages": messages, "max_tokens": 4000, "stream": stream}


def closed_for_all(stage: Stage, count: int = 1) -> None:
    """The upstream saw its clients leave, the record says so, the server holds nothing."""
    stage.demo.idle()
    seen = [call for api in ("openai", "claude", "kiro") for call in stage.demo.calls(api)]
    assert [(call.client_closed, call.complete) for call in seen] == [(True, False)] * count
    eventually(lambda: stage.server.http.get("/admin/v1/server").json()["in_flight"] == 0, "no exchange in flight")
    records = stage.server.exchanges()[:count]
    assert [(record["state"], record["status"]) for record in records] == [("client_closed", 499)] * count
    assert [record["attempts"][-1]["outcome"] for record in records] == ["client_closed"] * count
    rows = stage.server.accounts().values()
    assert [(row["state"], row["in_flight"], row["counts"]["failures"]) for row in rows] == [("ready", 0, 0)] * 3


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_in_mid_stream(stage: Stage, provider: str, front: str) -> None:
    stage.demo.fault("stall after=5")
    with stage.server.http.stream("POST", f"/{provider}/v1/{front}", json=body(provider, "hello")) as answer:
        pieces = answer.iter_bytes()  # kept: dropping the iterator would hang up
        assert (answer.status_code, bool(next(pieces))) == (200, True)
        assert stage.demo.up.book.open_streams == 1
    closed_for_all(stage)


@pytest.mark.parametrize("fault", ["hang", "slow"])
@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_before_the_first_byte(stage: Stage, provider: str, front: str, fault: str) -> None:
    stage.demo.fault(fault)
    leave_while_waiting(stage, f"/{provider}/v1/{front}", body(provider, "hello"))
    closed_for_all(stage)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_unary_call(stage: Stage, provider: str) -> None:
    stage.demo.fault("hang")
    leave_while_waiting(stage, f"/{provider}/v1/messages", body(provider, "hello", stream=False))
    closed_for_all(stage)


def leave_while_waiting(stage: Stage, path: str, sent: dict[str, Any]) -> None:
    """Send, wait until the upstream has the call, hang up."""
    url = urlsplit(stage.server.url)
    request = httpx.Request("POST", stage.server.url + path, json=sent, headers={"x-api-key": KEY})
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((url.hostname or "", url.port or 0)) as client:
        client.sendall(head.encode() + b"\r\n" + request.read())
        stage.demo.until(lambda book: book.open_requests == 1, "the upstream call")


def test_many_that_leave_at_once(stage: Stage) -> None:
    """In mid-stream, over all providers and fronts."""
    stage.demo.fault("stall after=5", times=None)
    count = 48
    open_answers = []
    with httpx.Client(base_url=stage.server.url, headers={"x-api-key": KEY}, trust_env=False, timeout=20) as client:
        for number in range(count):
            provider, front = PROVIDERS[number % 3], FRONTS[number % 2]
            request = client.build_request("POST", f"/{provider}/v1/{front}", json=body(provider, f"hello {number}"))
            open_answers.append(client.send(request, stream=True))
        assert stage.demo.up.book.open_streams == count
        for answer in open_answers:
            answer.close()
    closed_for_all(stage, count)


def test_a_client_that_reads_slowly_is_waited_for(stage: Stage) -> None:
    """Back-pressure: an answer far beyond all buffers arrives whole although the reader dawdles."""
    words = 100_000
    asked = body("openai-custom", f"[[words: {words}]]")
    del asked["max_tokens"]
    said = []
    with stage.server.http.stream("POST", "/openai/v1/chat/completions", json=asked) as answer:
        pieces = answer.iter_bytes(chunk_size=65536)
        said.append(next(pieces))
        stage.demo.until(lambda book: bool(book.requests), "the call")
        said += pieces
    stage.demo.idle()
    whole = b"".join(said)
    assert whole.endswith(b"data: [DONE]\n\n")
    assert f"wörd{words - 1}".encode() in whole.replace(b"\\u00f6", "ö".encode())
