"""No key and no token shows anywhere but in the credential store, whatever goes wrong (contract 7, style)."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.a2a_process import KEY, secrets_in
from support.stage import KIRO, MODEL, ONE_EACH, PROVIDERS, Login, Stage, staged

FAULTS = ("", "400", "401", "402", "403", "429 retry-after=1", "500", "html status=502", "cut after=3", "empty")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), [*ONE_EACH, Login(KIRO, "idc", "aoa-idc-eu")]) as made:
        yield made


def hidden(stage: Stage) -> list[str]:
    """The planted secrets, plain and as base64."""
    return [*stage.secrets, *(base64.b64encode(secret.encode()).decode() for secret in stage.secrets)]


def test_nothing_leaks_when_everything_goes_wrong(stage: Stage) -> None:
    http, shown = stage.server.http, []
    for fault in FAULTS:
        for provider in PROVIDERS:
            for front in ("chat/completions", "messages"):
                text = f"[[fault: {fault}]] hi" if fault else "hi"
                body: dict[str, Any] = {"model": MODEL[provider], "max_tokens": 50, "stream": fault != "400"}
                body["messages"] = [{"role": "user", "content": text}]
                answer = http.post(f"/{provider}/v1/{front}", json=body)
                shown.append(f"{answer.headers}{answer.text}")
    for wrong in ("Bearer nearly-" + KEY, "Basic " + KEY):
        shown.append(http.get("/v1/models", headers={"authorization": wrong}).text)
    shown.append(http.post("/v1/nothing", params={"key": KEY}).text)
    shown.append(http.post("/v1/messages", params={"key": "wrong"}, content=b"{", headers={"authorization": ""}).text)
    for name in ("server", "accounts", "models", "exchanges?limit=1000", "stats?by=account", "settings", "login"):
        shown.append(http.get(f"/admin/v1/{name}").text)
    shown += told_live(http, stage.server.exchanges()[0]["id"])
    for record in stage.server.exchanges():
        shown.append(json.dumps(stage.server.exchange(record["id"])))
    shown += [stage.server.stdout, stage.server.stderr]
    assert [leak for text in shown for leak in secrets_in(text, hidden(stage))] == []


def told_live(http: httpx.Client, last: str) -> list[str]:
    """All events the server keeps: the log among them, up to that of this exchange."""
    told: list[str] = []
    with http.stream("GET", "/admin/v1/events", params={"after": 0}) as answer:
        for text in answer.iter_text():
            told.append(text)
            if last in text:
                return told
    raise AssertionError("the stream ended")


def test_renewed_tokens_lie_in_the_store_alone(stage: Stage) -> None:
    for name in ("aoa-social", "aoa-idc-eu"):
        stage.demo.up.kiro.expire(name)
    for alias in ("one", "idc"):
        body = {"model": f"kiro/{alias}/auto", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}
        stage.server.http.post("/v1/messages", json=body)
    assert stage.leaks() == []
    holders = [path for path in stage.home.rglob("*") if path.is_file() and "credentials" in path.parts]
    assert holders
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}
    assert stat.S_IMODE((stage.home / "data" / "credentials").stat().st_mode) == 0o700


def test_commands_hide_them_too(stage: Stage) -> None:
    for args in (["accounts"], ["accounts", "--json"], ["config", "show"], ["config", "show", "--json"], ["models"]):
        ended = stage.cli(*args, "--verbose")
        assert ended.returncode == 0, ended.stderr
        assert secrets_in((ended.stdout + ended.stderr).decode(), hidden(stage)) == []
