"""A client that takes nothing for longer than the idle limit: that silence is its own, not the upstream's."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from support.a2a_process import KEY
from support.stage import MODEL, ONE_EACH, OPENAI, Stage, staged

IDLE_S = 0.5


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    server = {"idle_timeout_s": IDLE_S, "keepalive_s": 0.1}
    with staged(tmp_path_factory.mktemp("stage"), ONE_EACH, server=server) as made:
        yield made


@pytest.mark.parametrize("front", ["chat/completions", "messages"], ids=["relayed", "converted"])
def test_a_pause_of_the_client_is_no_fault_of_the_account(stage: Stage, front: str) -> None:
    words = 60_000  # far beyond all buffers
    asked = {
        "model": MODEL[OPENAI],
        "messages": [{"role": "user", "content": f"[[words: {words}]]"}],
        "stream": True,
        "max_tokens": 10 * words,
    }
    sent = json.dumps(asked).encode()
    url = urlsplit(stage.server.url)
    head = f"POST /openai/v1/{front} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-api-key: {KEY}\r\nContent-Length: {len(sent)}\r\n"
    said = b""
    with socket.create_connection((url.hostname or "", url.port or 0)) as client:
        client.sendall(head.encode() + b"Connection: close\r\n\r\n" + sent)
        said += client.recv(4096)
        time.sleep(4 * IDLE_S)
        while piece := client.recv(1 << 20):
            said += piece
    end = b"data: [DONE]\n\n" if front == "chat/completions" else b"event: message_stop"
    assert end in said[-200:]
    assert b"keep-alive" not in said
    row = stage.server.accounts()[f"{OPENAI}/one"]
    assert (row["state"], row["counts"]["failures"]) == ("ready", 0)
