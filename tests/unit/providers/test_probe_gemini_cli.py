"""Code Assist: the set-up tells whether an account is served, its buckets what is left (specs/gemini-cli.md 5, 8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.pool_kit import account
from support.stand_in import StandIn

from a2a.auth.records import Account, GoogleToken
from a2a.config import Settings
from a2a.control.types import Standing
from a2a.errors import Unreachable, UpstreamTimeout
from a2a.paths import folders
from a2a.providers import gemini_cli
from a2a.providers.codeassist import INELIGIBLE
from a2a.providers.gemini_cli import GeminiCliProvider
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

GEMINI = "gemini-cli-oauth"
NOW = 1_795_348_800.0  # 2026-11-22 12:00 UTC
RESET = 1_795_392_000.0
TOKEN = GoogleToken(access_token=Secret("ya29.planted"), email="u@x.test")
TIER = {"id": "standard-tier", "name": "Gemini Code Assist"}
STANDARD = {"currentTier": TIER, "cloudaicompanionProject": "acme-1"}
LOAD, QUOTA = ":loadCodeAssist", ":retrieveUserQuota"


def provider(tmp_path: Path) -> GeminiCliProvider:
    made = GeminiCliProvider(Settings(folders=folders(str(tmp_path))))
    made.now = lambda: NOW
    made.poll_s = 0.0
    return made


def one(**fields: Any) -> Account:
    return account(provider=GEMINI, kind="oauth", **fields)


async def probed(tmp_path: Path, answers: dict[str, Any], **fields: Any) -> Standing:
    upstream = StandIn({**answers, QUOTA: answers.get(QUOTA, {})})
    return await provider(tmp_path).probe(one(**fields), TOKEN, upstream)  # type: ignore[arg-type]


def bucket(model: str, left: float, at: str = "2026-11-23T00:00:00Z") -> dict[str, Any]:
    return {"modelId": model, "tokenType": "REQUESTS", "remainingFraction": left, "resetTime": at}


def refusal(status: int, reason: str, message: str = "no") -> tuple[int, Any]:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    return status, {"error": {"code": status, "message": message, "status": "X", "details": [info]}}


async def test_a_licensed_account_with_its_project_and_what_is_left(tmp_path: Path) -> None:
    buckets = {"buckets": [bucket("gemini-2.5-pro", 0.5), bucket("gemini-3-flash", 0.25)]}
    found = await probed(tmp_path, {LOAD: STANDARD, QUOTA: buckets})
    assert (found.state, found.message) == ("ready", "Gemini Code Assist (standard-tier), project acme-1")
    assert (found.plan, found.label) == ("Gemini Code Assist", "u@x.test")
    assert [(q.model, q.remaining, q.resets_at) for q in found.quota] == [
        ("gemini-3.5-flash", 25, RESET),
        ("gemini-2.5-pro", 50, RESET),
    ]


async def test_the_set_up_is_asked_afresh_and_then_known(tmp_path: Path) -> None:
    made = provider(tmp_path)
    other = {**STANDARD, "cloudaicompanionProject": "acme-2"}
    upstream = StandIn({LOAD: [STANDARD, other], QUOTA: {}})
    await made.prepare(one(), TOKEN, upstream)  # type: ignore[arg-type]
    assert "acme-2" in (await made.probe(one(), TOKEN, upstream)).message  # type: ignore[arg-type]
    await made.prepare(one(), TOKEN, upstream)  # type: ignore[arg-type]
    assert made.private(one(), TOKEN, None)["project"] == "acme-2"
    assert sum(LOAD in asked for asked in upstream.asked) == 2
    assert upstream.bodies[-1] == {"project": "acme-2"}


async def test_a_refusal_is_not_covered_by_what_was_known(tmp_path: Path) -> None:
    made = provider(tmp_path)
    upstream = StandIn({LOAD: [STANDARD, refusal(403, "TOS_VIOLATION")], QUOTA: {}})
    await made.prepare(one(), TOKEN, upstream)  # type: ignore[arg-type]
    assert (await made.probe(one(), TOKEN, upstream)).state == "suspended"  # type: ignore[arg-type]
    assert made.private(one(), TOKEN, None) == {}


def ineligible(code: str, **more: Any) -> dict[str, Any]:
    return {"ineligibleTiers": [{"tierId": "free-tier", "reasonCode": code, "reasonMessage": "because", **more}]}


@pytest.mark.parametrize("current", [{}, {"currentTier": {"id": "free-tier"}, "cloudaicompanionProject": "p"}])
async def test_a_closed_tier_is_named_with_its_day_and_the_ways_out(tmp_path: Path, current: dict[str, Any]) -> None:
    found = await probed(tmp_path, {LOAD: {**ineligible("UNSUPPORTED_CLIENT"), **current}})
    assert (found.state, found.reason, found.message) == ("retired", "tier_retired", "because")
    for said in ("2026-06-18", "--project-id ID", "a2a login gemini-key", "Google's own tools"):
        assert said in (found.remedy or "")


async def test_a_licence_beside_a_closed_tier_serves(tmp_path: Path) -> None:
    found = await probed(tmp_path, {LOAD: {**STANDARD, **ineligible("UNSUPPORTED_CLIENT")}})
    assert found.state == "ready"


async def test_the_link_to_verify_the_account_is_told_in_full(tmp_path: Path) -> None:
    url = "https://accounts.example/verify?x=1&y=" + "z" * 300
    found = await probed(tmp_path, {LOAD: ineligible("VALIDATION_REQUIRED", validationUrl=url)})
    assert (found.state, found.reason) == ("needs_action", "needs_validation")
    assert found.message == f"because See {url}"


@pytest.mark.parametrize("code", [*INELIGIBLE, "NEW_REASON"])
async def test_an_ineligible_account_is_told_why_and_what_works(tmp_path: Path, code: str) -> None:
    operation = {"done": True, "response": {}}
    found = await probed(tmp_path, {LOAD: ineligible(code), ":onboardUser": operation})
    assert (found.state, found.reason, found.message) == ("needs_action", "ineligible", "because")
    assert "a2a login gemini-key" in (found.remedy or "")


@pytest.mark.parametrize(
    ("load", "project"),
    [
        (STANDARD, "123456789012"),
        ({"currentTier": TIER}, None),
        (refusal(403, "CONSUMER_INVALID"), "default"),
        (refusal(403, "SERVICE_DISABLED"), "acme-1"),
        (refusal(400, "BAD_THING"), None),
    ],
)
async def test_a_wrong_or_missing_project_names_the_flag(tmp_path: Path, load: Any, project: str | None) -> None:
    found = await probed(tmp_path, {LOAD: load}, project_id=project)
    assert (found.state, found.reason) == ("needs_action", "bad_project")
    assert "a2a login gemini --name a --project-id ID" in (found.remedy or "")


@pytest.mark.parametrize(
    ("load", "state", "reason"),
    [
        (refusal(401, "ACCESS_TOKEN_EXPIRED"), "needs_login", "token_refused"),
        (refusal(403, "SUBSCRIPTION_REQUIRED"), "needs_action", "no_license"),
        (refusal(403, "SOMETHING_ELSE"), "cooling", "forbidden"),
        (refusal(429, "RATE_LIMIT_EXCEEDED"), "cooling", "rate_limited"),
        ((503, b"<html>"), "cooling", "server_error"),
        ((200, b"<html>"), "cooling", "bad_answer"),
        ((200, b"[]"), "cooling", "bad_answer"),
        ((200, b""), "cooling", "bad_answer"),
    ],
)
async def test_what_else_a_set_up_can_meet(tmp_path: Path, load: Any, state: str, reason: str) -> None:
    found = await probed(tmp_path, {LOAD: load})
    assert (found.state, found.reason) == (state, reason)


@pytest.mark.parametrize("quota", [b"<html>", b"[]", (500, b""), (404, b""), refusal(429, "RATE_LIMIT_EXCEEDED"), {}])
async def test_figures_that_cannot_be_had_change_nothing(tmp_path: Path, quota: Any) -> None:
    found = await probed(tmp_path, {LOAD: STANDARD, QUOTA: quota})
    assert (found.state, found.quota) == ("ready", [])


@pytest.mark.parametrize(
    ("quota", "state", "reason"),
    [
        (refusal(403, "SUBSCRIPTION_REQUIRED", "error #3501"), "needs_action", "no_license"),
        (refusal(401, "X"), "needs_login", "token_refused"),
    ],
)
async def test_refused_figures_mean_that_the_account_is_not_served(
    tmp_path: Path, quota: Any, state: str, reason: str
) -> None:
    found = await probed(tmp_path, {LOAD: STANDARD, QUOTA: quota})
    assert (found.state, found.reason) == (state, reason)


async def test_a_spent_day_ends_with_its_first_reset(tmp_path: Path) -> None:
    buckets = {"buckets": [bucket("a", 0, "2026-11-24T00:00:00Z"), bucket("b", 0)]}
    found = await probed(tmp_path, {LOAD: STANDARD, QUOTA: buckets})
    assert (found.state, found.reason, found.until) == ("cooling", "quota_spent", RESET)
    assert len(found.quota) == 2


async def test_one_model_with_something_left_is_enough(tmp_path: Path) -> None:
    found = await probed(tmp_path, {LOAD: STANDARD, QUOTA: {"buckets": [bucket("a", 0), bucket("b", 0.1)]}})
    assert found.state == "ready"


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        await probed(tmp_path, {LOAD: Unreachable("no route")})


async def test_a_silent_call_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemini_cli, "PROBE_S", 0.01)
    with pytest.raises(UpstreamTimeout, match="did not answer"):
        await probed(tmp_path, {LOAD: StandIn.SILENCE})
