"""Accounts behind proxies on the real server: calls, streams, renewals, probes and quota, and a proxy that fails.

Their upstreams have a name that only the proxy can resolve: whatever went around it would not arrive.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.proxies import HttpProxy, Proxy, SocksProxy

from a2a.config import load
from a2a.control.types import AccountSettings
from a2a.demo.upstreams import Upstreams
from a2a.gateway import actions
from a2a.gateway.engine import Engine
from a2a.gateway.quota import QuotaPoll
from a2a.server.run import serving

pytestmark = pytest.mark.anyio

KEY = "sk-test-0123456789"
LOGIN = "me:pw-planted"
KIRO = "claude-kiro-oauth"
HIDDEN = "upstreams.test"


class Stage:
    def __init__(self, up: Upstreams, engine: Engine, http: httpx.AsyncClient) -> None:
        self.up = up
        self.engine = engine
        self.http = http

    async def chat(self, model: str, **more: Any) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], **more}
        return await self.http.post("/v1/chat/completions", json=body)

    def member(self, alias: str) -> Any:
        return next(member for member in self.engine.pool.members() if member.account.alias == alias)


@asynccontextmanager
async def staged(home: Path, proxy: Proxy, *, kiro: str, openai: str) -> AsyncIterator[Stage]:
    """`kiro`: the proxy of that provider; `openai`: of the account `key`. The account `free` has none."""
    async with Upstreams() as up:
        port = httpx.URL(up.root_url).port
        assert port is not None
        proxy.table = {HIDDEN: port}

        def hidden(value: object) -> str:
            return json.dumps(value).replace(up.root_url, f"http://{HIDDEN}")

        known = up.kiro.accounts["aoa-social"]
        token = known.credentials(up.kiro_url) | {"profileArn": known.arn}
        (home / "kiro.json").write_text(json.dumps(token))
        lines = [f"[providers.{KIRO}]", f'proxy = "{kiro}"']
        lines += [
            f"{key} = {hidden(value) if kiro != 'direct' else json.dumps(value)}"
            for key, value in up.settings[KIRO].items()
        ]
        lines += ["[[accounts]]", 'provider = "kiro"', 'name = "work"', 'credentials_file = "kiro.json"']
        for name, way in (("key", openai), ("free", "direct")):
            lines += ["[[accounts]]", 'provider = "openai"', f'name = "{name}"', 'api_key_env = "K"']
            url = up.openai_url if way == "direct" else hidden(up.openai_url).strip('"')
            lines += [f'base_url = "{url}"', f'proxy = "{way}"']
        (home / "config.toml").write_text("\n".join(lines))
        env = {"A2A_HOME": str(home), "A2A_CREDENTIAL_STORE": "file", "K": "sk-demo-openai-1"}
        settings = load({"port": 0, "api_key": KEY}, env=env)
        async with Engine(settings, say=lambda _: None) as engine, serving(settings, engine) as url:
            headers = {"Authorization": f"Bearer {KEY}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=20) as http:
                yield Stage(up, engine, http)


@pytest.mark.parametrize("kind", [SocksProxy, HttpProxy])
async def test_everything_of_an_account_goes_through_its_proxy(kind: type[Proxy], tmp_path: Path) -> None:
    async with (
        kind({}, login=LOGIN) as proxy,
        staged(tmp_path, proxy, kiro=proxy.url, openai=proxy.url) as stage,
    ):
        for model in ("openai/key/demo-chat", "kiro/work/claude-sonnet-4.5"):
            assert (await stage.chat(model)).status_code == 200
            streamed = await stage.chat(model, stream=True)
            assert streamed.text.rstrip().endswith("data: [DONE]")
        stage.up.kiro.expire("aoa-social")
        assert (await stage.chat("kiro/work/claude-sonnet-4.5")).status_code == 200
        acted = await actions.ACTIONS["test"].act(stage.engine, stage.member("work"), actions.Nothing())
        assert isinstance(acted, actions.Acted)
        assert acted.standing is not None
        assert acted.standing.state == "ready"
    assert {host for host, _ in proxy.asked} == {HIDDEN}
    assert any(seen.path.endswith("/refreshToken") for seen in stage.up.seen)


async def test_a_proxy_that_refuses_is_told_and_another_account_serves(tmp_path: Path) -> None:
    async with (
        SocksProxy({}, login=LOGIN) as proxy,
        staged(tmp_path, proxy, kiro="direct", openai=proxy.plain.replace("//", "//me:wrong-planted@")) as stage,
    ):
        refused = await stage.chat("openai/key/demo-chat")
        assert "refuses this user and password" in refused.text
        served = await stage.chat("openai/demo-chat")
        assert served.status_code == 200, served.text
        view = stage.member("key").view()
        shown = await stage.http.get("/admin/v1/accounts/openai/key")
        assert f"***@{proxy.place}" in shown.text
    assert (view.state, view.reason) == ("cooling", "proxy")
    assert "planted" not in refused.text + shown.text


async def test_a_proxy_is_set_while_serving(tmp_path: Path) -> None:
    async with HttpProxy({}) as proxy, staged(tmp_path, proxy, kiro="direct", openai="direct") as stage:
        await stage.chat("openai/key/demo-chat")
        assert proxy.connections == 0
        change = AccountSettings(proxy=proxy.url)
        await actions.ACTIONS["set"].act(stage.engine, stage.member("key"), change)
        assert (await stage.chat("openai/key/demo-chat")).status_code == 200
        assert proxy.connections >= 1  # its model list goes there too


async def test_quota_is_asked_for_through_it(tmp_path: Path) -> None:
    async with SocksProxy({}) as proxy, staged(tmp_path, proxy, kiro=proxy.url, openai="direct") as stage:
        poll = QuotaPoll(stage.engine.pool, stage.engine.keeper, stage.engine.egress, stage.engine.clock)
        poll.look()
        await poll.turn()
        (known,) = stage.member("work").quota
    assert (known.unit, known.limit) == ("credit", 550.0)
    assert known.remaining is not None
    assert {host for host, _ in proxy.asked} == {HIDDEN}
