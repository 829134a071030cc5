"""Kiro: the usage limits as a probe, the second tries of section 8, profiles to choose from, and the move of Builder
IDs to the new hosts (specs/kiro.md 5, 8, 10).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.pool_kit import KIRO, account
from support.stand_in import StandIn

from a2a.auth.records import KiroToken
from a2a.config import ProviderSettings, Settings
from a2a.control.types import Standing
from a2a.errors import Unreachable, UpstreamTimeout
from a2a.messages import Failure
from a2a.paths import folders
from a2a.providers.kiro import KiroProvider
from a2a.providers.kiro_control import SHARED_ARN
from a2a.providers.kiro_profiles import Profile
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

NOW = 1_795_348_800.0
RESET = 1_796_169_600.0
ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"
LEGACY, KRS = "https://q.us-east-1.amazonaws.com", "https://management.us-east-1.kiro.dev"
EU_KRS = "https://management.eu-central-1.kiro.dev"
SOCIAL = KiroToken(kind="social", access_token=Secret("at"), idp="Google", profile_arn=ARN, email="kept@x.test")
BUILDER = KiroToken(kind="idc", access_token=Secret("at"), idp="BuilderId")
ENTERPRISE = KiroToken(kind="idc", access_token=Secret("at"), idp="Enterprise", auth_region="eu-west-1")
USAGE = {
    "nextDateReset": RESET,
    "usageBreakdownList": [{"resourceType": "CREDIT", "currentUsage": 10, "usageLimit": 50}],
    "subscriptionInfo": {"subscriptionTitle": "KIRO FREE"},
    "userInfo": {"email": "u@x.test"},
}
MODELS = {"models": []}
SENDS_ARN = {"message": "profileArn is required for this request.", "reason": None}
BEARER = {"message": "The bearer token included in the request is invalid.", "reason": None}


def kiro(tmp_path: Path, **table: Any) -> KiroProvider:
    made = KiroProvider(Settings(folders=folders(str(tmp_path)), providers={KIRO: ProviderSettings(**table)}))
    made.now = lambda: NOW
    return made


def one(**fields: Any) -> Any:
    return account(provider=KIRO, kind="idc", **fields)


async def probed(made: KiroProvider, token: KiroToken, upstream: StandIn) -> Standing:
    return await made.probe(one(), token, upstream)  # type: ignore[arg-type]


def known_arn(made: KiroProvider, token: KiroToken) -> str | None:
    return made.private(one(), token, None).get("profile_arn")


# --- what the answer says ------------------------------------------------------------------------


async def test_a_working_account_says_who_and_how_much(tmp_path: Path) -> None:
    upstream = StandIn({f"GET {EU_KRS}/getUsageLimits": USAGE})
    found = await probed(kiro(tmp_path), SOCIAL, upstream)
    assert (found.state, found.message) == ("ready", "KIRO FREE, 40 of 50 credits left, reset 2026-12-02")
    assert (found.label, found.plan, found.quota[0].remaining) == ("u@x.test", "KIRO FREE", 40)
    query = "?origin=AI_EDITOR&resourceType=CREDIT&isEmailRequired=true&profileArn=arn%3Aaws%3Acodewhisperer%3A"
    assert query in upstream.asked[0]


async def test_the_login_s_own_mail_is_kept_where_none_is_told(tmp_path: Path) -> None:
    found = await probed(kiro(tmp_path), SOCIAL, StandIn({"": {**USAGE, "userInfo": None}}))
    assert found.label == "kept@x.test"


async def test_spent_credits_rest_until_the_reset(tmp_path: Path) -> None:
    spent = {**USAGE, "usageBreakdownList": [{"resourceType": "CREDIT", "currentUsage": 50, "usageLimit": 50}]}
    found = await probed(kiro(tmp_path), SOCIAL, StandIn({"": spent}))
    assert (found.state, found.reason, found.until) == ("cooling", "quota_spent", RESET)
    assert "monthly reset" in (found.remedy or "")


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ((403, {"message": "Your User ID temporarily is suspended.", "reason": "TEMPORARILY_SUSPENDED"}),
         "suspended", "suspended"),
        ((403, BEARER), "needs_login", "token_refused"),
        ((403, {"message": "Token expired."}), "needs_login", "token_refused"),
        ((401, b""), "needs_login", "token_refused"),
        ((402, {"message": "Limit reached.", "reason": "MONTHLY_REQUEST_COUNT"}), "cooling", "quota_spent"),
        ((429, b""), "cooling", "rate_limited"),
        ((500, b"<html>"), "cooling", "server_error"),
        ((404, b""), "cooling", "server_error"),
        ((200, b"<html>"), "cooling", "bad_answer"),
        ((200, b"[]"), "cooling", "bad_answer"),
        ((400, SENDS_ARN), "needs_action", "wrong_profile"),
    ],
)  # fmt: skip
async def test_what_a_refusal_means(tmp_path: Path, answer: Any, state: str, reason: str) -> None:
    found = await probed(kiro(tmp_path), SOCIAL, StandIn({"": answer}))
    assert (found.state, found.reason, found.label) == (
        state,
        reason,
        None if reason == "bad_answer" else "kept@x.test",
    )


async def test_nobody_there(tmp_path: Path) -> None:
    for token in (SOCIAL, BUILDER, ENTERPRISE):
        with pytest.raises(Unreachable):
            await probed(kiro(tmp_path), token, StandIn({"": Unreachable("no route")}))


# --- second tries --------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["Invalid profileArn.", "Improperly formed request."])
async def test_a_refused_profile_is_left_out_once(tmp_path: Path, told: str) -> None:
    upstream = StandIn({"profileArn": (400, {"message": told}), "getUsageLimits": USAGE})
    assert (await probed(kiro(tmp_path), SOCIAL, upstream)).state == "ready"
    assert ["profileArn" in asked for asked in upstream.asked] == [True, False]


async def test_where_that_does_not_help_the_first_answer_counts(tmp_path: Path) -> None:
    upstream = StandIn({"profileArn": (400, {"message": "Invalid profileArn."}), "": (500, b"")})
    assert (await probed(kiro(tmp_path), SOCIAL, upstream)).reason == "wrong_profile"
    assert len(upstream.asked) == 2


async def test_a_403_is_tried_in_the_other_region(tmp_path: Path) -> None:
    upstream = StandIn({EU_KRS: (403, BEARER), KRS: USAGE})
    assert (await probed(kiro(tmp_path), SOCIAL, upstream)).state == "ready"
    assert len(upstream.asked) == 2


async def test_a_region_that_is_set_is_the_only_one(tmp_path: Path) -> None:
    upstream = StandIn({EU_KRS: (403, BEARER), KRS: USAGE})
    assert (await probed(kiro(tmp_path, region="eu-central-1"), SOCIAL, upstream)).state == "needs_login"


async def test_a_suspended_account_is_never_hammered(tmp_path: Path) -> None:
    upstream = StandIn({"": (403, {"message": "x", "reason": "TEMPORARILY_SUSPENDED"})})
    await probed(kiro(tmp_path), SOCIAL, upstream)
    assert len(upstream.asked) == 1


async def test_an_unreachable_other_region_changes_nothing(tmp_path: Path) -> None:
    upstream = StandIn({EU_KRS: (403, BEARER), KRS: Unreachable("no route")})
    assert (await probed(kiro(tmp_path), SOCIAL, upstream)).state == "needs_login"


# --- profiles ------------------------------------------------------------------------------------


def profile(number: int, **fields: Any) -> dict[str, Any]:
    return {"arn": ARN[:-1] + str(number), "profileName": f"team {number}", "profileType": "KIRO", **fields}


async def test_all_profiles_of_all_regions_to_choose_from(tmp_path: Path) -> None:
    upstream = StandIn(
        {
            EU_KRS: [
                {"profiles": [profile(1, profileType="CODEWHISPERER")], "nextToken": "more"},
                {"profiles": [profile(2, status="ACTIVE"), profile(3, status="DELETING")], "nextToken": None},
            ],
            KRS: {"profiles": [profile(4, profileName=None), profile(2)]},
        }
    )
    found = await kiro(tmp_path).profiles(one(), ENTERPRISE, upstream)  # type: ignore[arg-type]
    assert found == [Profile(ARN[:-1] + "2", "team 2"), Profile(ARN[:-1] + "4", ""), Profile(ARN[:-1] + "1", "team 1")]
    assert upstream.bodies == [{}, {"nextToken": "more"}, {}]


async def test_one_silent_region_does_not_hide_the_other(tmp_path: Path) -> None:
    upstream = StandIn({EU_KRS: Unreachable("no route"), KRS: {"profiles": [profile(1)]}})
    assert len(await kiro(tmp_path).profiles(one(), ENTERPRISE, upstream)) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [b"<html>", b"[]", (403, BEARER), {"profiles": None}, {"profiles": [{"arn": 7}]}])
async def test_an_answer_that_is_no_list_has_no_profiles(tmp_path: Path, answer: Any) -> None:
    assert await kiro(tmp_path).profiles(one(), ENTERPRISE, StandIn({"": answer})) == []  # type: ignore[arg-type]


async def test_a_list_without_end_is_left(tmp_path: Path) -> None:
    upstream = StandIn({"": {"profiles": [profile(1)], "nextToken": "again"}})
    assert len(await kiro(tmp_path).profiles(one(), ENTERPRISE, upstream)) == 1  # type: ignore[arg-type]


async def test_a_probe_looks_for_the_profile_afresh(tmp_path: Path) -> None:
    made = kiro(tmp_path)
    upstream = StandIn({"ListAvailableProfiles": [{}, {}, {"profiles": [profile(1)]}], "getUsageLimits": USAGE})
    await made.prepare(one(), ENTERPRISE, upstream)  # type: ignore[arg-type]
    assert known_arn(made, ENTERPRISE) is None
    assert (await probed(made, ENTERPRISE, upstream)).state == "ready"
    assert known_arn(made, ENTERPRISE) == ARN[:-1] + "1"


# --- a Builder ID without a profile --------------------------------------------------------------

GONE = [Unreachable("no such host"), (404, b""), (410, b"<html>"), (400, SENDS_ARN)]


async def test_the_old_host_comes_first(tmp_path: Path) -> None:
    made, upstream = kiro(tmp_path), StandIn({LEGACY: USAGE})
    assert (await probed(made, BUILDER, upstream)).state == "ready"
    assert known_arn(made, BUILDER) is None
    assert "profileArn" not in upstream.asked[0]


@pytest.mark.parametrize("gone", GONE)
async def test_when_it_is_gone_the_account_moves_and_that_is_remembered(tmp_path: Path, gone: Any) -> None:
    made = kiro(tmp_path)
    upstream = StandIn({LEGACY: gone, "ListAvailableModels": MODELS, "getUsageLimits": USAGE})
    assert (await probed(made, BUILDER, upstream)).state == "ready"
    assert known_arn(made, BUILDER) == SHARED_ARN
    later = kiro(tmp_path)  # another process
    await later.prepare(one(), BUILDER, StandIn({}))  # type: ignore[arg-type]
    assert later.private(one(), BUILDER, None)["endpoint"] == "krs"
    assert later.target(one(), BUILDER, "generate", stream=True).url.host == "runtime.us-east-1.kiro.dev"


@pytest.mark.parametrize("gone", GONE[1:])
async def test_an_account_that_no_host_serves_is_told_so(tmp_path: Path, gone: Any) -> None:
    made = kiro(tmp_path)
    found = await probed(made, BUILDER, StandIn({LEGACY: gone, KRS: (403, BEARER), EU_KRS: (403, BEARER)}))
    assert (found.state, found.reason) == ("needs_action", "wrong_profile")
    assert "a2a login kiro --method" in (found.remedy or "")
    assert known_arn(made, BUILDER) is None


@pytest.mark.parametrize(
    ("answer", "reason"), [((403, BEARER), "token_refused"), ((429, b""), "rate_limited"), ((500, b""), "server_error")]
)
async def test_other_refusals_of_the_old_host_move_nobody(tmp_path: Path, answer: Any, reason: str) -> None:
    made = kiro(tmp_path)
    found = await probed(made, BUILDER, StandIn({"amazonaws.com": answer, "kiro.dev": USAGE}))
    assert found.reason == reason
    assert known_arn(made, BUILDER) is None


async def test_a_probe_finds_the_old_host_again(tmp_path: Path) -> None:
    made = kiro(tmp_path)
    await probed(made, BUILDER, StandIn({LEGACY: (410, b""), "ListAvailableModels": MODELS, "getUsage": USAGE}))
    assert (await probed(made, BUILDER, StandIn({LEGACY: USAGE}))).state == "ready"
    later = kiro(tmp_path)
    await later.prepare(one(), BUILDER, StandIn({}))  # type: ignore[arg-type]
    assert known_arn(later, BUILDER) is None


@pytest.mark.parametrize(("endpoint", "arn"), [("legacy", None), ("krs", SHARED_ARN)])
async def test_a_generation_that_is_set_stays(tmp_path: Path, endpoint: str, arn: str | None) -> None:
    made = kiro(tmp_path, endpoint=endpoint)
    assert known_arn(made, BUILDER) == arn
    upstream = StandIn({"": (410, b"")})
    await probed(made, BUILDER, upstream)
    assert len(upstream.asked) == 1


async def test_a_broken_note_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "state" / "kiro" / f"{one().id}.json"
    path.parent.mkdir(parents=True)
    path.write_text("<")
    made = kiro(tmp_path)
    await made.prepare(one(), BUILDER, StandIn({}))  # type: ignore[arg-type]
    assert known_arn(made, BUILDER) is None


async def test_the_model_list_moves_too(tmp_path: Path) -> None:
    made = kiro(tmp_path)
    row = {"modelId": "claude-haiku-4.5", "modelName": "Haiku"}
    upstream = StandIn({LEGACY: (410, b""), KRS: {"models": [row]}})
    assert [m.id for m in await made.models(one(), BUILDER, upstream)] == ["claude-haiku-4.5"]  # type: ignore[arg-type]


# --- a chat that meets it ------------------------------------------------------------------------

CHAT = f"{LEGACY}/generateAssistantResponse"
SWITCHED_OFF = Failure("upstream", "gone", 410)


async def rerouted(made: KiroProvider, upstream: StandIn, **fields: Any) -> bool:
    call = {"token": BUILDER, "failure": SWITCHED_OFF, "at": CHAT, **fields}
    return await made.reroute(one(), call["token"], call["failure"], call["at"], upstream)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "failure",
    [
        SWITCHED_OFF,
        Failure("upstream", "nothing here", 404),
        Failure("upstream", "cannot reach it", 502, code="unreachable"),
        Failure("unavailable", "profileArn is required for this request.", 400, code="ValidationException"),
    ],
)
async def test_a_chat_is_sent_again_to_the_new_host(tmp_path: Path, failure: Failure) -> None:
    made = kiro(tmp_path)
    assert await rerouted(made, StandIn({KRS: MODELS}), failure=failure)
    assert known_arn(made, BUILDER) == SHARED_ARN


async def test_chats_that_fail_together_ask_once_and_all_go_on(tmp_path: Path) -> None:
    made, upstream = kiro(tmp_path), StandIn({KRS: MODELS})
    assert await asyncio.gather(*(rerouted(made, upstream) for _ in range(5))) == [True] * 5
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"token": SOCIAL},
        {"token": ENTERPRISE},
        {"failure": Failure("unavailable", "bearer token invalid", 403)},
        {"failure": Failure("upstream", "broken", 500)},
        {"at": "https://runtime.us-east-1.kiro.dev/generateAssistantResponse"},
    ],
)
async def test_nothing_else_is_sent_again(tmp_path: Path, fields: dict[str, Any]) -> None:
    upstream = StandIn({})
    assert not await rerouted(kiro(tmp_path), upstream, **fields)
    assert not upstream.asked


@pytest.mark.parametrize("answer", [(403, BEARER), Unreachable("no route"), UpstreamTimeout("late")])
async def test_it_stays_where_the_new_host_does_not_take_it(tmp_path: Path, answer: Any) -> None:
    made = kiro(tmp_path)
    assert not await rerouted(made, StandIn({"kiro.dev": answer}))
    assert known_arn(made, BUILDER) is None


async def test_a_silent_new_host_does_not_hold_the_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2a.providers.kiro.PROBE_S", 0.01)
    assert not await rerouted(kiro(tmp_path), StandIn({KRS: StandIn.SILENCE}))
