"""Probes against the strict emulators: what each demo account turns out to be, and a chat whose old host is gone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs

from a2a.auth.google import parse_token_text as google_token
from a2a.auth.kiro_file import parse_token_text as kiro_token
from a2a.auth.qwen import parse_token_text as qwen_token
from a2a.auth.records import Account, ApiKey, Credential
from a2a.config import ProviderSettings, Settings, load
from a2a.control.types import Standing
from a2a.demo.upstreams import Upstreams
from a2a.gateway.engine import Engine
from a2a.paths import folders
from a2a.providers.base import UNLISTED
from a2a.providers.http import Egress
from a2a.providers.kiro_control import SHARED_ARN
from a2a.providers.registry import build
from a2a.secret import Secret
from a2a.server.run import serving

pytestmark = pytest.mark.anyio

GEMINI, KIRO, QWEN = "gemini-cli-oauth", "claude-kiro-oauth", "openai-qwen-oauth"


class Stage:
    """The upstreams and a provider of each kind in front of them; the clocks agree."""

    def __init__(self, up: Upstreams, egress: Egress, home: Path) -> None:
        self.up = up
        self.egress = egress
        self.home = home
        root = up.kiro_url
        self.tables: dict[str, ProviderSettings] = {
            GEMINI: ProviderSettings(base_url=up.codeassist_url),
            KIRO: ProviderSettings(
                base_url=f"{root}/runtime", management_url=f"{root}/management", legacy_url=f"{root}/q"
            ),
        }

    async def probe(self, provider: str, credential: Credential, name: str = "x", **fields: Any) -> Standing:
        made = build(Settings(providers=self.tables, folders=folders(str(self.home))))[provider]
        made.now = self.up.clock.now  # type: ignore[method-assign]
        made.poll_s = 0.0  # type: ignore[attr-defined]
        return await made.probe(Account(id=name, provider=provider, alias=name, **fields), credential, self.egress)

    async def gemini(self, name: str, **fields: Any) -> Standing:
        text = json.dumps(self.up.codeassist.accounts[name].credentials())
        return await self.probe(GEMINI, google_token(text, "test"), name, kind="oauth", **fields)

    async def kiro(self, name: str) -> Standing:
        text = json.dumps(self.up.kiro.accounts[name].credentials(self.up.kiro_url))
        return await self.probe(KIRO, kiro_token(text, "test"), name, kind="kiro")

    async def qwen(self, name: str = "qwen-1") -> Standing:
        text = json.dumps(self.up.qwen.accounts[name].credentials(self.up.qwen_url))
        return await self.probe(QWEN, qwen_token(text, "test"), name, kind="oauth")

    async def key(self, provider: str, key: str, url: str, **fields: Any) -> Standing:
        return await self.probe(provider, ApiKey(Secret(key)), urls={"base_url": url}, **fields)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    egress = Egress()
    async with Upstreams() as up:
        yield Stage(up, egress, tmp_path)
        await egress.aclose()


def told(standing: Standing) -> tuple[str, str | None]:
    return standing.state, standing.reason


# --- code assist ---------------------------------------------------------------------------------


async def test_a_licensed_google_account(stage: Stage) -> None:
    found = await stage.gemini("ca-standard")
    assert (found.state, found.message) == ("ready", "Gemini Code Assist (standard-tier), project acme-dev-1")
    assert found.plan == "Gemini Code Assist"
    assert {"gemini-3.5-flash", "gemini-2.5-pro"} <= {quota.model for quota in found.quota}
    assert {(quota.unit, quota.limit) for quota in found.quota} == {("request", 1500)}


async def test_a_new_google_account_is_onboarded(stage: Stage) -> None:
    found = await stage.gemini("ca-new")
    assert (found.state, found.message) == ("ready", "Gemini Code Assist (free-tier), project bright-sky-4f2k1")


async def test_a_project_that_google_does_not_name(stage: Stage) -> None:
    assert told(await stage.gemini("ca-named")) == ("needs_action", "bad_project")
    assert "acme-dev-3" in (await stage.gemini("ca-named", project_id="acme-dev-3")).message


@pytest.mark.parametrize("project", ["123456789012", "somebody-elses", "default"])
async def test_a_wrong_project(stage: Stage, project: str) -> None:
    found = await stage.gemini("ca-standard", project_id=project)
    assert told(found) == ("needs_action", "bad_project")
    assert "--project-id" in (found.remedy or "")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("ca-retired", ("retired", "tier_retired")),
        ("ca-validation", ("needs_action", "needs_validation")),
        ("ca-suspended", ("suspended", "suspended")),
        ("ca-quota", ("cooling", "quota_spent")),
    ],
)
async def test_a_google_account_that_is_not_served(stage: Stage, name: str, state: tuple[str, str]) -> None:
    found = await stage.gemini(name)
    assert told(found) == state
    assert found.remedy


async def test_the_link_to_verify_is_told(stage: Stage) -> None:
    assert "https://accounts.example/verify?x=1" in (await stage.gemini("ca-validation")).message


async def test_a_licence_that_is_missing(stage: Stage) -> None:
    assert told(await stage.gemini("ca-no-licence")) == ("needs_action", "no_license")


async def test_an_expired_google_token(stage: Stage) -> None:
    stage.up.codeassist.expire("ca-standard")
    assert told(await stage.gemini("ca-standard")) == ("needs_login", "token_refused")


# --- kiro ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["aoa-social", "aoa-bid", "aoa-idc-eu", "jwt-ext", "ksk_test"])
async def test_a_kiro_account_of_every_kind(stage: Stage, name: str) -> None:
    found = await stage.kiro(name)
    assert (found.state, found.message) == ("ready", "KIRO FREE, 388 of 550 credits left, reset 2026-12-02")
    assert (found.label, found.plan) == ("user@example.com", "KIRO FREE")
    assert [(quota.unit, quota.limit) for quota in found.quota] == [("credit", 550)]


@pytest.mark.parametrize(
    ("name", "state"), [("aoa-suspended", ("suspended", "suspended")), ("aoa-quota", ("cooling", "quota_spent"))]
)
async def test_a_kiro_account_that_is_not_served(stage: Stage, name: str, state: tuple[str, str]) -> None:
    found = await stage.kiro(name)
    assert told(found) == state
    assert found.remedy


async def test_spent_credits_come_back_at_the_reset(stage: Stage) -> None:
    found = await stage.kiro("aoa-quota")
    assert found.until == found.quota[0].resets_at
    assert "spent, reset 2026-12-02" in found.message


async def test_an_expired_kiro_token(stage: Stage) -> None:
    stage.up.kiro.expire("aoa-social")
    assert told(await stage.kiro("aoa-social")) == ("needs_login", "token_refused")


@pytest.mark.parametrize(("accepted", "state"), [(True, ("ready", None)), (False, ("needs_action", "wrong_profile"))])
async def test_a_builder_id_whose_old_host_is_gone(stage: Stage, accepted: bool, state: tuple[str, str | None]) -> None:
    stage.up.kiro.flags.builder_arn_ok = accepted
    stage.up.faults.add("410", api="kiro-management", account="aoa-bid", times=1)
    assert told(await stage.kiro("aoa-bid")) == state


# --- qwen ----------------------------------------------------------------------------------------


async def test_an_open_qwen_account(stage: Stage) -> None:
    assert await stage.qwen() == Standing(state="ready", message="coder-model answers")


async def test_a_closed_tier_refuses_a_new_token(stage: Stage) -> None:
    stage.up.qwen.flags.closed = True
    old = await stage.qwen()
    assert told(old) == ("needs_login", "token_refused")
    text = json.dumps(stage.up.qwen.accounts["qwen-1"].credentials(stage.up.qwen_url))
    made = build(Settings())[QWEN]
    token = structs.replace(qwen_token(text, "test"), issued_at=made.now())
    found = await made.probe(Account(id="q", provider=QWEN, alias="q", kind="oauth"), token, stage.egress)
    assert told(found) == ("retired", "discontinued")
    assert "2026-04-15" in (found.remedy or "")


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("error_event code=Throttling.AllocationQuota type=native status=429", ("cooling", "quota_spent")),
        ("error_event code=insufficient_quota status=429", ("cooling", "quota_spent")),
        ("http status=504", ("cooling", "timeout")),
        ("html status=504", ("cooling", "timeout")),
        ("empty", ("cooling", "bad_answer")),
    ],
)
async def test_what_a_qwen_account_can_meet(stage: Stage, fault: str, state: tuple[str, str]) -> None:
    stage.up.faults.add(fault, api="qwen")
    assert told(await stage.qwen()) == state


async def test_the_key_plans(stage: Stage) -> None:
    root = stage.up.qwen_url
    standard = await stage.key(QWEN, "sk-demo-qwen-1", f"{root}/compatible-mode/v1", plan="standard")
    assert standard.state == "ready"
    assert standard.message.startswith("standard plan, ")
    coding = await stage.key(QWEN, "sk-sp-demo-qwen-1", f"{root}/coding/v1", plan="coding")
    assert told(coding) == ("needs_action", "plan_refused")
    wrong = await stage.key(QWEN, "sk-sp-demo-qwen-1", f"{root}/compatible-mode/v1", plan="coding")
    assert told(wrong) == ("needs_action", "wrong_plan")


# --- keys ----------------------------------------------------------------------------------------


async def test_keys_are_proved_by_a_list(stage: Stage) -> None:
    up = stage.up
    for provider, key, url in (
        ("openai-custom", "sk-demo-openai-1", up.openai_url),
        ("openaiResponses-custom", "sk-demo-openai-1", up.responses_url),
        ("claude-custom", "sk-demo-claude-1", up.claude_url),
        ("gemini-custom", "AIza-demo-gemini-1", up.gemini_url),
    ):
        found = await stage.key(provider, key, url)
        assert (found.state, found.message.endswith(" models")) == ("ready", True), found
        assert (await stage.key(provider, "sk-wrong", url)).state == "needs_login"


async def test_a_host_without_a_list(stage: Stage) -> None:
    found = await stage.key("openai-custom", "sk-demo-openai-1", f"{stage.up.root_url}/nothing/v1")
    assert found == Standing(state="ready", message=UNLISTED)


# --- a chat whose old host is gone ---------------------------------------------------------------

KEY = "sk-test-0123456789"


async def chatted(stage: Stage, legacy_url: str, *, stream: bool) -> tuple[list[httpx.Response], list[str], str]:
    """Two answers, the hosts that the emulator saw, and the account's state."""
    stage.up.kiro.flags.legacy_gone = True
    stage.up.kiro.flags.builder_arn_ok = True
    home = stage.home / "home"
    home.mkdir()
    (home / "bid.json").write_text(json.dumps(stage.up.kiro.accounts["aoa-bid"].credentials(stage.up.kiro_url)))
    table = stage.tables[KIRO]
    (home / "config.toml").write_text(
        f'[providers.kiro]\nbase_url = "{table.base_url}"\nmanagement_url = "{table.management_url}"\n'
        f'legacy_url = "{legacy_url}"\n[[accounts]]\nprovider = "kiro"\nname = "bid"\n'
        'credentials_file = "bid.json"\n'
    )
    env = {"A2A_HOME": str(home), "A2A_CREDENTIAL_STORE": "file"}
    settings = load({"port": 0, "api_key": KEY}, env=env)
    body = {"model": "kiro/bid/auto", "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    async with Engine(settings, say=[].append) as engine, serving(settings, engine) as url:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=20) as http:
            answers = [await http.post("/v1/chat/completions", json=body) for _ in range(2)]
        state = engine.pool.views()[0].state
    hosts = [seen.path.split("/")[2] for seen in stage.up.seen if seen.path.endswith("generateAssistantResponse")]
    return answers, hosts, state


@pytest.mark.parametrize("stream", [False, True])
async def test_the_chat_is_served_by_the_new_one_and_the_next_goes_there_at_once(stage: Stage, stream: bool) -> None:
    answers, hosts, state = await chatted(stage, f"{stage.up.kiro_url}/q", stream=stream)
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert (hosts, state) == (["q", "runtime", "runtime"], "ready")
    sent = [json.loads(seen.body) for seen in stage.up.seen if seen.path.endswith("generateAssistantResponse")]
    assert [body.get("profileArn") for body in sent] == [None, SHARED_ARN, SHARED_ARN]


async def test_an_old_host_that_cannot_be_reached_is_gone_too(stage: Stage) -> None:
    answers, hosts, state = await chatted(stage, "http://127.0.0.1:9", stream=False)
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert (hosts, state) == (["runtime", "runtime"], "ready")
