"""`openai-qwen-oauth`: hosts by token or plan, the models, and what its errors mean (specs/qwen.md 0, 4, 5, 8, 9)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import account

from a2a.auth.records import Account, ApiKey, GoogleToken, QwenToken
from a2a.config import ProviderSettings, Settings
from a2a.errors import NeedsLogin, UsageError
from a2a.messages import Failure
from a2a.protocols.registry import UPSTREAMS
from a2a.providers.plans import PLANS, plan_url, portal_url
from a2a.providers.qwen import QwenProvider
from a2a.secret import Secret

QWEN = "openai-qwen-oauth"
NOON_UTC = 1_795_348_800.0  # 20:00 in Shanghai
KEY = ApiKey(Secret("sk-planted"))


def token(resource_url: str | None = "portal.qwen.ai") -> QwenToken:
    return QwenToken(access_token=Secret("at-planted"), resource_url=resource_url)


def provider(**table: Any) -> QwenProvider:
    made = QwenProvider(Settings(providers={QWEN: ProviderSettings(**table)}))
    made.now = lambda: NOON_UTC
    return made


def keyed(**fields: Any) -> Account:
    return account(provider=QWEN, **fields)


def oauth(**fields: Any) -> Account:
    return account(provider=QWEN, kind="oauth", **fields)


def url(credential: Any, who: Account, **table: Any) -> str:
    return str(provider(**table).target(who, credential, "generate", stream=True).url)


@pytest.mark.parametrize(
    ("resource_url", "base"),
    [
        (None, "https://portal.qwen.ai/v1"),
        (" ", "https://portal.qwen.ai/v1"),
        ("portal.qwen.ai", "https://portal.qwen.ai/v1"),
        ("https://other.host/", "https://other.host/v1"),
        ("other.host/v1", "https://other.host/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
    ],
)
def test_a_token_says_where_it_is_valid(resource_url: str | None, base: str) -> None:
    assert portal_url(resource_url) == base
    assert url(token(resource_url), oauth()) == f"{base}/chat/completions"


def test_a_base_url_that_is_set_wins() -> None:
    assert url(token(), oauth(urls={"base_url": "http://own/v1"})) == "http://own/v1/chat/completions"
    assert url(token(), oauth(), base_url="http://table") == "http://table/v1/chat/completions"
    assert url(KEY, keyed(plan="coding"), base_url="http://table/v1") == "http://table/v1/chat/completions"


@pytest.mark.parametrize(
    ("plan", "region", "host"),
    [
        (None, None, "dashscope-intl.aliyuncs.com/compatible-mode/v1"),
        ("standard", "us", "dashscope-us.aliyuncs.com/compatible-mode/v1"),
        ("coding", "cn", "coding.dashscope.aliyuncs.com/v1"),
        ("token", "intl", "token-plan.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1"),
    ],
)
def test_a_key_s_plan_and_region_say_where(plan: str | None, region: str | None, host: str) -> None:
    assert url(KEY, keyed(plan=plan, region=region)) == f"https://{host}/chat/completions"


def test_plans_and_regions_that_do_not_exist() -> None:
    assert all(plan_url(plan, None) for plan in PLANS)
    with pytest.raises(UsageError, match="no plan"):
        plan_url("weekly", None)
    with pytest.raises(UsageError, match="no region"):
        plan_url("coding", "us")


def test_headers() -> None:
    target = provider().target(oauth(), token(), "generate", stream=True)
    assert target.headers["Authorization"] == "Bearer at-planted"
    assert target.headers["Accept"] == "application/json"
    assert target.headers["X-DashScope-CacheControl"] == "enable"
    assert target.headers["X-DashScope-AuthType"] == "qwen-oauth"
    off = provider(auth_type_header=False).target(oauth(), token(), "generate", stream=True)
    assert "X-DashScope-AuthType" not in off.headers
    plain = provider().target(keyed(), KEY, "generate", stream=False)
    assert "X-DashScope-AuthType" not in plain.headers
    assert plain.headers["X-DashScope-CacheControl"] == "enable"
    with pytest.raises(NeedsLogin):
        provider().target(oauth(), GoogleToken(access_token=Secret("t")), "generate", stream=False)


def test_where_tokens_are_renewed() -> None:
    assert provider().auth_urls(oauth()).auth_url == "https://chat.qwen.ai"
    assert provider(auth_url="http://a/").auth_urls(oauth()).auth_url == "http://a"


# --- models --------------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("who", "there", "not_there"),
    [
        (oauth(), "coder-model", "qwen3.7-max"),
        (keyed(), "qwen3.7-max", "coder-model"),
        (keyed(plan="coding"), "glm-5", "qwen3.7-max"),
        (keyed(plan="token"), "qwen3.8-max", "glm-5"),
    ],
)
async def test_models_by_plan(who: Account, there: str, not_there: str) -> None:
    names = {info.id for info in await provider().models(who, KEY, None)}  # type: ignore[arg-type]
    assert there in names
    assert not_there not in names


def test_closed_for_tokens_open_for_keys() -> None:
    assert provider().closed_to("brand-new", oauth())
    assert not provider().closed_to("brand-new", keyed())


@pytest.mark.parametrize(
    ("model", "who", "wire"),
    [
        ("coder-model", oauth(), {"thinking": "hybrid", "portal": "1"}),
        ("qwen3-coder-plus", keyed(), {"thinking": "none"}),
        ("qwen3.7-max", keyed(), {"thinking": "hybrid"}),
        ("qwen3.8-max", keyed(), {"thinking": "effort"}),
        ("glm-5", keyed(), {}),
    ],
)
def test_how_each_family_thinks(model: str, who: Account, wire: dict[str, str]) -> None:
    found = provider().profile(model, who)
    assert (found.wire, found.family, found.system_mid) == (wire, "qwen", False)


def test_more_of_profiles() -> None:
    assert provider().profile("qwen3.8-max", keyed(plan="token")).can_disable_reasoning is False
    assert provider().profile("qwen3.8-max", keyed()).can_disable_reasoning
    assert provider().profile("qwen3-coder-next", keyed()).max_output == 32_768
    assert not provider().profile("qwen3-coder-plus", keyed()).vision
    assert provider().profile("coder-model", oauth()).vision
    assert provider(dummy_tool="when_no_tools").profile("coder-model", oauth()).wire["dummy_tool"] == "1"


# --- errors --------------------------------------------------------------------------------------


def read(status: int, code: str = "", message: str = "no") -> Failure:
    body = {"error": {"code": code, "message": message, "param": None, "type": code}, "request_id": "r"}
    return UPSTREAMS["dashscope"].parse_error(status, {}, json.dumps(body).encode())


PLAN_405 = UPSTREAMS["dashscope"].parse_error(
    405, {}, b'{"error": "Coding Plan is currently only available for Coding Agents"}'
)


@pytest.mark.parametrize(
    ("failure", "scope", "action", "reason"),
    [
        (read(401, "invalid_api_key", "invalid access token or token expired"), "account", "refresh", "token_refused"),
        (read(401, "invalid_api_key", "Incorrect API key provided."), "account", "needs_action", "wrong_plan"),
        (read(403, "model_access_denied", "Model access denied."), "account_model", "next", "model_denied"),
        (read(403, "", "Access denied."), "account_model", "next", "model_denied"),
        (read(403, "AllocationQuota.FreeTierOnly"), "account_model", "next", "billing"),
        (read(403, "insufficient_quota"), "account", "cool_down", "quota_spent"),
        (read(429, "insufficient_quota", "Free allocated quota exceeded."), "account", "cool_down", "quota_spent"),
        (
            read(429, "Throttling.AllocationQuota", "hour allocated quota exceeded"),
            "account",
            "cool_down",
            "quota_spent",
        ),
        (read(429, "", "concurrency allocated quota exceeded"), "account", "cool_down", "rate_limited"),
        (read(429, "limit_requests"), "account", "cool_down", "rate_limited"),
        (read(429, "1302"), "account", "cool_down", "rate_limited"),
        (read(400, "Arrearage"), "account", "needs_action", "billing"),
        (read(400, "data_inspection_failed"), "request", "fail", "bad_request"),
        (read(400, "invalid_parameter_error", "enable_thinking must be true"), "request", "repair", "thinking"),
        (read(400, "invalid_parameter_error", "bad"), "request", "fail", "bad_request"),
        (read(404, "model_not_found"), "account_model", "next", "model_not_found"),
        (PLAN_405, "account", "needs_action", "plan_refused"),
        (read(500, "InternalError"), "account", "cool_down", "server_error"),
    ],
)
def test_what_each_error_means(failure: Failure, scope: str, action: str, reason: str) -> None:
    verdict = provider().judge(failure, oauth())
    assert (verdict.scope, verdict.action, verdict.reason) == (scope, action, reason)


def test_a_daily_quota_ends_at_midnight_in_shanghai() -> None:
    spent = read(429, "insufficient_quota", "Free allocated quota exceeded.")
    assert provider().judge(spent, oauth()).cool_s == 4 * 3600
    assert provider().judge(spent, keyed()).cool_s == 3600


def test_a_spent_token_plan_waits_for_the_user() -> None:
    spent = read(429, "Throttling.AllocationQuota")
    assert provider().judge(spent, keyed(plan="token")).action == "needs_action"
    assert provider().judge(spent, keyed(plan="standard")).action == "cool_down"


def test_a_renewed_token_that_is_refused_again_means_the_tier_is_closed() -> None:
    verdict = QwenProvider.refused_again
    assert verdict is not None
    assert (verdict.action, verdict.reason) == ("retired", "discontinued")
    assert "--plan" in (verdict.remedy or "")


def test_an_account_keeps_plan_and_region(tmp_path: Path) -> None:
    who = keyed(plan="coding", region="cn")
    assert structs.asdict(who)["plan"] == "coding"
