"""A server that serves asks for the quota of accounts that somebody looks at, and checks those it is told to."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import httpx
import pytest

from a2a.config import load
from a2a.demo.upstreams import Upstreams
from a2a.gateway import checks, quota
from a2a.gateway.engine import Engine
from a2a.server.run import serving

pytestmark = pytest.mark.anyio

KEY = "sk-test-0123456789"
PATIENCE_S = 20


async def test_who_looks_sees_what_is_left_and_who_wants_it_is_told_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "TICK_S", 0.01)
    monkeypatch.setattr(checks, "TICK_S", 0.01)
    async with Upstreams() as up:
        known = up.kiro.accounts["aoa-social"]
        (tmp_path / "kiro.json").write_text(json.dumps(known.credentials(up.kiro_url) | {"profileArn": known.arn}))
        own = up.settings["claude-kiro-oauth"]
        lines = ["[providers.kiro]", *(f"{key} = {json.dumps(value)}" for key, value in own.items())]
        lines += ["[providers.openai]", 'health_check_model = "demo-chat"']
        lines += ["[[accounts]]", 'provider = "kiro"', 'name = "work"', 'credentials_file = "kiro.json"']
        lines += ["[[accounts]]", 'provider = "openai"', 'name = "key"', 'api_key_env = "K"']
        lines += [f'base_url = "{up.openai_url}"']
        (tmp_path / "config.toml").write_text("\n".join(lines))
        env = {"A2A_HOME": str(tmp_path), "A2A_CREDENTIAL_STORE": "file", "K": "sk-demo-openai-1"}
        settings = load({"port": 0, "api_key": KEY}, env=env)
        async with (
            Engine(settings, say=lambda _: None) as engine,
            serving(settings, engine) as url,
            httpx.AsyncClient(base_url=url, headers={"x-api-key": KEY}, trust_env=False) as http,
        ):
            with anyio.fail_after(PATIENCE_S):
                while True:
                    rows = {row["alias"]: row for row in (await http.get("/admin/v1/accounts")).json()}
                    if rows["work"]["quota"] and rows["key"]["counts"]["successes"]:
                        break
                    await anyio.sleep(0.01)
    assert rows["work"]["quota"][0]["limit"] == 550
    assert rows["key"]["counts"]["requests"] == 1
