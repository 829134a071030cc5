"""kill -9 of `a2a serve` under load: no file is broken, the next start works and goes on where it was (contract 3)."""

from __future__ import annotations

import json
import threading
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.a2a_process import KEY
from support.stage import MODEL, PROVIDERS, Stage, staged
from support.waiting import eventually

ROUNDS = 3
WORKERS = 6


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as made:
        yield made


class Load:
    """Clients that ask on and on, whole and streaming, over all providers and fronts, until the server is gone."""

    def __init__(self, url: str) -> None:
        self.served = 0
        self._url = url
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def _ask(self, number: int) -> None:
        provider = PROVIDERS[number % len(PROVIDERS)]
        path = f"/{provider}/v1/" + ("messages" if number % 2 else "chat/completions")
        body: dict[str, Any] = {"model": MODEL[provider], "max_tokens": 100, "stream": number > 2}
        body["messages"] = [{"role": "user", "content": "hello"}]
        with httpx.Client(base_url=self._url, headers={"x-api-key": KEY}, trust_env=False, timeout=20) as client:
            while True:
                try:
                    self.served += client.post(path, json=body).status_code == 200
                except httpx.HTTPError:
                    return

    def until_served(self, count: int) -> None:
        eventually(lambda: self.served >= count, "requests to be served")

    def end(self) -> None:
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()


def broken_files(home: Path) -> list[str]:
    """Files that do not hold what their name says; unfinished `.tmp` files are nobody's."""
    broken = []
    for path in home.rglob("*"):
        if not path.is_file() or path.suffix in (".tmp", ".lock"):
            continue
        try:
            if path.name.startswith("exchanges.db"):
                continue  # a database, which test_record_crash.py looks at
            if path.name == "config.toml":
                tomllib.loads(path.read_text("utf-8"))
            elif path.name != "server-key.json":  # a key, not JSON
                json.loads(path.read_bytes())
        except ValueError as error:
            broken.append(f"{path}: {error}")
    return broken


def has_renewed(stage: Stage, stale: str) -> bool:
    return stage.demo.kiro_account("aoa-social").access_token != stale


def test_kill_9_under_load(stage: Stage) -> None:
    stage.server.stop()
    for _ in range(ROUNDS):
        stage.demo.up.kiro.expire("aoa-social")
        stale = stage.demo.kiro_account("aoa-social").access_token
        server = stage.start()
        load = Load(server.url)
        load.until_served(20 * WORKERS)
        eventually(partial(has_renewed, stage, stale), "the token to be renewed")
        server.kill()
        load.end()
        assert broken_files(stage.home) == []
        stage.demo.idle()
    server = stage.start()
    for provider in PROVIDERS:
        body = {"model": MODEL[provider], "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]}
        assert server.http.post(f"/{provider}/v1/messages", json=body).status_code == 200
    assert stage.demo.kiro_account("aoa-social").reused == 0, "the rotation of the refresh token went on"
    assert len(list((stage.home / "state" / "servers").glob("*.json"))) == 1, "notes of dead servers are gone"


def test_kill_9_at_the_start(stage: Stage) -> None:
    """As soon as it is ready: first starts write keys, notes and model lists."""
    stage.server.stop()
    for path in (stage.home / "cache").rglob("*.json"):
        path.unlink()
    for _ in range(ROUNDS):
        stage.start_raw().kill()
        assert broken_files(stage.home) == []
    assert stage.start().http.get("/ready").status_code == 200
