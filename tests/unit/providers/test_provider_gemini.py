"""`gemini-custom`: model and method in the URL, limits of its models, Google's errors (specs/gemini-cli.md 6.3, 9)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs
from support.pool_kit import account, settings

from a2a.auth.records import ApiKey, KiroToken
from a2a.config import Settings
from a2a.errors import BadUpstream, NeedsLogin
from a2a.messages import Failure
from a2a.protocols.base import Profile
from a2a.protocols.registry import UPSTREAMS
from a2a.providers.base import ModelInfo, Operation
from a2a.providers.faults import Verdict
from a2a.providers.gemini import GeminiProvider
from a2a.secret import Secret

KEY = ApiKey(Secret("AIza-planted"))
GEMINI = "gemini-custom"
PROVIDER = GeminiProvider(Settings())
ROOT = "https://generativelanguage.googleapis.com/v1beta"


def url(
    operation: Operation = "generate", model: str = "gemini-2.5-pro", *, stream: bool = False, **fields: Any
) -> str:
    return str(PROVIDER.target(account(provider=GEMINI, **fields), KEY, operation, stream=stream, model=model).url)


@pytest.mark.parametrize(
    ("operation", "stream", "tail"),
    [
        ("generate", False, "/models/gemini-2.5-pro:generateContent"),
        ("generate", True, "/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
        ("count", False, "/models/gemini-2.5-pro:countTokens"),
        ("embed", False, "/models/gemini-2.5-pro:embedContent"),
        ("models", False, "/models?pageSize=1000"),
    ],
)
def test_method_and_model_are_in_the_url(operation: Operation, stream: bool, tail: str) -> None:
    assert url(operation, stream=stream) == ROOT + tail


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("tunedModels/mine", "/tunedModels/mine:generateContent"),
        ("models/x", "/models/x:generateContent"),
        ("../../secret", "/models/..%2F..%2Fsecret:generateContent"),
        ("models/../x", "/models/..%2Fx:generateContent"),
        ("a?key=b#c", "/models/a%3Fkey%3Db%23c:generateContent"),
        ("a\r\nb", "/models/a%0D%0Ab:generateContent"),
    ],
)
def test_a_model_s_name_stays_inside_its_segment(model: str, path: str) -> None:
    assert url(model=model) == ROOT + path


@pytest.mark.parametrize("base", ["http://h", "http://h/", "http://h/v1", "http://h/v1beta", "http://h/v1alpha/"])
def test_base_urls_with_and_without_a_version(base: str) -> None:
    assert url(urls={"base_url": base}) == "http://h/v1beta/models/gemini-2.5-pro:generateContent"
    assert PROVIDER.check_urls(base) == ["http://h/v1beta"]


def test_headers() -> None:
    target = PROVIDER.target(account(provider=GEMINI), KEY, "generate", stream=True, model="m")
    assert (target.headers["x-goog-api-key"], target.headers["Accept"]) == ("AIza-planted", "text/event-stream")
    assert "AIza" not in str(target.url)
    with pytest.raises(NeedsLogin):
        PROVIDER.target(
            account(), KiroToken(kind="social", access_token=Secret("t")), "generate", stream=False, model="m"
        )


# --- profiles ------------------------------------------------------------------------------------


def profile(model: str, info: ModelInfo | None = None) -> Profile:
    return PROVIDER.profile(model, account(provider=GEMINI), info)


@pytest.mark.parametrize(
    ("model", "least", "most", "off"),
    [
        ("gemini-2.5-pro", 128, 32_768, False),
        ("gemini-2.5-flash", 1, 24_576, True),
        ("gemini-2.5-flash-lite-preview", 512, 24_576, True),
    ],
)
def test_budgets_of_2_5(model: str, least: int, most: int, off: bool) -> None:
    found = profile(model)
    assert (found.budget_min, found.budget_max, found.can_disable_reasoning) == (least, most, off)
    assert found.wire == {"result_media": "sibling"}


@pytest.mark.parametrize(
    ("model", "efforts"),
    [
        ("gemini-3-pro-preview", ("low", "high")),
        ("gemini-3.1-pro-preview", ("low", "medium", "high")),
        ("gemini-3-flash", ("minimal", "low", "medium", "high")),
        ("gemini-3.1-flash-lite", ("minimal", "low", "medium", "high")),
        ("gemini-3.8-flash", ("low", "medium", "high")),
    ],
)
def test_levels_of_3(model: str, efforts: tuple[str, ...]) -> None:
    found = profile(model)
    assert (found.efforts, found.can_disable_reasoning, found.wire) == (efforts, False, {"thinking": "level"})


def test_other_models() -> None:
    assert profile("gemma-4-31b-it").reasoning == "none"
    assert (profile("gemini-9").family, profile("gemini-9").reasoning) == ("google", "budget")
    assert profile("m", ModelInfo(id="m", context=10, max_output=5)).max_output == 5


def test_repairs_change_the_profile() -> None:
    known = profile("gemini-3-flash")
    assert PROVIDER.repaired(known, {"fault": "schema"}).wire == {"thinking": "level", "schema": "openapi"}
    assert PROVIDER.repaired(known, {"fault": "signature"}).family != "google"
    assert PROVIDER.repaired(known, {"insist": "1"}) is known


# --- errors --------------------------------------------------------------------------------------


def info(reason: str, **metadata: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "x", "metadata": metadata}


def read(status: int, message: str = "no", *details: dict[str, Any]) -> Failure:
    error = {"error": {"code": status, "message": message, "status": "X", "details": list(details)}}
    return UPSTREAMS["gemini"].parse_error(status, {}, json.dumps(error).encode())


def judged(failure: Failure) -> Verdict:
    made = GeminiProvider(settings())
    made.now = lambda: 1_795_348_800.0  # 2026-11-22 12:00 UTC, 04:00 Pacific
    return made.judge(failure)


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}
PER_DAY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "RequestsPerDayPerProject"}],
}


@pytest.mark.parametrize(
    ("failure", "scope", "action", "reason"),
    [
        (
            read(400, "API key not valid. Please pass one.", info("API_KEY_INVALID")),
            "account",
            "needs_login",
            "key_refused",
        ),
        (read(401), "account", "needs_login", "key_refused"),
        (read(403, "off", info("SERVICE_DISABLED")), "account", "needs_action", "bad_project"),
        (read(400, "User location is not supported"), "account", "needs_action", "bad_project"),
        (read(400, "bad thing"), "request", "fail", "bad_request"),
        (read(400, 'Unknown name "const" at x: Cannot find field.'), "request", "repair", "schema"),
        (read(400, "Function call is missing a thought_signature in"), "request", "repair", "signature"),
        (read(404), "account_model", "next", "model_not_found"),
        (read(429, "slow", RETRY), "account_model", "cool_down", "rate_limited"),
        (read(429, "limit: 0, model: x"), "account_model", "next", "model_denied"),
        (read(429, "spent", PER_DAY), "account_model", "cool_down", "quota_spent"),
        (read(503, "No capacity available for model x"), "account_model", "cool_down", "capacity"),
        (read(500), "account", "cool_down", "server_error"),
    ],
)
def test_what_each_error_means(failure: Failure, scope: str, action: str, reason: str) -> None:
    verdict = judged(failure)
    assert (verdict.scope, verdict.action, verdict.reason) == (scope, action, reason)


def test_a_named_delay_wins_and_a_day_ends_at_midnight_pacific() -> None:
    limited = read(429, "slow", RETRY)
    assert judged(limited).rest_s(1, limited.retry_after) == pytest.approx(34.07)
    spent = read(429, "spent", PER_DAY)
    assert judged(spent).cool_s == 20 * 3600
    assert judged(structs.replace(spent, retry_after=5.0)).cool_s == 3600


def test_its_list() -> None:
    body = b'{"models":[{"name":"models/m","displayName":"M","inputTokenLimit":9,"outputTokenLimit":8}]}'
    assert PROVIDER.parse_models(body) == (ModelInfo(id="m", name="M", context=9, max_output=8, owner="google"),)
    with pytest.raises(BadUpstream):
        PROVIDER.parse_models(b"[]")
    assert PROVIDER.resolve("models/m") == "m"
