"""What the background may ask Kiro and Code Assist, and what of their answers judges an account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.pool_kit import KIRO, account
from support.stand_in import StandIn

from a2a.auth.records import GoogleToken, KiroToken
from a2a.config import Settings
from a2a.control.types import Standing
from a2a.errors import BadUpstream, ProxyFailed
from a2a.paths import folders
from a2a.providers.base import Provider
from a2a.providers.gemini_cli import GeminiCliProvider
from a2a.providers.kiro import KiroProvider
from a2a.providers.registry import PROVIDERS
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

NOW = 1_795_348_800.0
ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL"
SOCIAL = KiroToken(kind="social", access_token=Secret("at"), profile_arn=ARN)
BUILDER = KiroToken(kind="idc", access_token=Secret("at"), idp="BuilderId")
USAGE = {"usageBreakdownList": [{"resourceType": "CREDIT", "currentUsage": 10, "usageLimit": 50}]}
GOOGLE = GoogleToken(access_token=Secret("ya29.planted"))
SET_UP = {"currentTier": {"id": "standard-tier"}, "cloudaicompanionProject": "acme-1"}
LOAD, QUOTA = ":loadCodeAssist", ":retrieveUserQuota"
BUCKETS = {"buckets": [{"modelId": "gemini-2.5-pro", "remainingFraction": 0.5}]}


def kiro(tmp_path: Path) -> Provider:
    return KiroProvider(Settings(folders=folders(str(tmp_path))))


async def of_kiro(tmp_path: Path, answer: Any, token: KiroToken = SOCIAL) -> Standing:
    upstream = StandIn({"getUsageLimits": answer})
    return await kiro(tmp_path).allowance(account(provider=KIRO, kind="idc"), token, upstream)  # type: ignore[arg-type]


def test_who_can_be_asked_and_how_often() -> None:
    every = {kind.short: (kind.allowance_every_s, kind.allowance_in_use) for kind in PROVIDERS.values()}
    assert every.pop("kiro") == (300, True)
    assert every.pop("gemini") == (30, False)
    assert set(every.values()) == {(0, False)}


async def test_kiro_tells_what_is_left(tmp_path: Path) -> None:
    found = await of_kiro(tmp_path, USAGE)
    assert (found.state, found.quota[0].remaining) == ("ready", 40)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((403, {"message": "suspended", "reason": "TEMPORARILY_SUSPENDED"}), "suspended"),
        ((403, {"message": "The bearer token included in the request is invalid."}), "needs_login"),
        ((401, {"message": "no"}), "needs_login"),
        ((429, {"message": "slow down"}), "ready"),
        ((500, {"message": "broken"}), "ready"),
        ((400, {"message": "profileArn is wrong"}), "ready"),
        ((402, {"message": "spent", "reason": "MONTHLY_REQUEST_COUNT"}), "ready"),
    ],
)
async def test_of_kiro_s_failures_a_token_and_a_suspension_count(tmp_path: Path, answer: Any, state: str) -> None:
    assert (await of_kiro(tmp_path, answer)).state == state


async def test_a_proxy_that_fails_moves_no_builder_id(tmp_path: Path) -> None:
    with pytest.raises(ProxyFailed):
        await of_kiro(tmp_path, [ProxyFailed("the proxy refuses"), USAGE], BUILDER)


async def of_google(tmp_path: Path, quota: Any, *, known: bool = True) -> tuple[Standing, StandIn]:
    made = GeminiCliProvider(Settings(folders=folders(str(tmp_path))))
    made.now = lambda: NOW
    upstream = StandIn({LOAD: SET_UP, QUOTA: quota})
    one = account(provider=GeminiCliProvider.id, kind="oauth")
    if known:
        await made.prepare(one, GOOGLE, upstream)  # type: ignore[arg-type]
    return await made.allowance(one, GOOGLE, upstream), upstream  # type: ignore[arg-type]


async def test_code_assist_tells_what_is_left(tmp_path: Path) -> None:
    found, upstream = await of_google(tmp_path, BUCKETS)
    assert [(one.model, one.remaining) for one in found.quota] == [("gemini-2.5-pro", 50)]
    assert upstream.bodies[-1] == {"project": "acme-1"}


async def test_nobody_is_set_up_for_a_figure(tmp_path: Path) -> None:
    found, upstream = await of_google(tmp_path, BUCKETS, known=False)
    assert (found.state, found.quota, upstream.asked) == ("ready", [], [])


@pytest.mark.parametrize(
    ("status", "reason", "state"),
    [(403, "TOS_VIOLATION", "suspended"), (401, "X", "needs_login"), (500, "X", "ready"), (429, "X", "ready")],
)
async def test_a_refusal_of_code_assist(tmp_path: Path, status: int, reason: str, state: str) -> None:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    info = {"@type": kind, "reason": reason, "domain": "cloudcode-pa.googleapis.com"}
    error = {"error": {"code": status, "message": "no", "details": [info]}}
    assert (await of_google(tmp_path, (status, error)))[0].state == state


async def test_what_nobody_can_read(tmp_path: Path) -> None:
    assert (await of_google(tmp_path, b"<html>"))[0].quota == []
    with pytest.raises(BadUpstream):
        await of_kiro(tmp_path, b"<html>")
