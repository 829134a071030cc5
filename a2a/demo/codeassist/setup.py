"""Everything beside generation: who the account is, setting it up, its quota (specs/gemini-cli.md 5, 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from a2a.clock import hex_id
from a2a.demo.codeassist.accounts import DAILY, GoogleAccount
from a2a.demo.codeassist.reasons import wrong_project
from a2a.demo.codeassist.state import CodeAssistState, Operation
from a2a.demo.gemini.errors import GoogleRefusal, bad

Body = dict[str, Any]

_TIERS: dict[str, Body] = {
    "free-tier": {"id": "free-tier", "name": "Gemini Code Assist for individuals"},
    "standard-tier": {
        "id": "standard-tier",
        "name": "Gemini Code Assist",
        "userDefinedCloudaicompanionProject": True,
    },
}
_RESULT = "type.googleapis.com/google.internal.cloud.code.v1internal.OnboardUserResponse"
_INELIGIBLE: dict[str, Body] = {
    "retired": {
        "reasonCode": "UNSUPPORTED_CLIENT",
        "reasonMessage": "This client is no longer supported for individuals. See https://antigravity.google",
    },
    "validation": {
        "reasonCode": "VALIDATION_REQUIRED",
        "reasonMessage": "Your account needs to be verified.",
        "validationErrorMessage": "Verify your account to continue.",
        "validationUrl": "https://accounts.example/verify?x=1",
        "validationUrlLinkText": "Verify your account",
        "validationLearnMoreUrl": "https://support.example/verify",
    },
}


def load(body: Body, account: GoogleAccount) -> Body:
    """The answer to `:loadCodeAssist`; absent members are left out."""
    project = _project(body)
    _check_metadata(body, project)
    answer: Body = {"allowedTiers": [_tier(one) | {"isDefault": not at} for at, one in enumerate(account.allowed)]}
    if account.standing in _INELIGIBLE:
        closed = {"tierId": "free-tier", "tierName": _TIERS["free-tier"]["name"]}
        answer["ineligibleTiers"] = [closed | _INELIGIBLE[account.standing]]
    if account.tier is None:
        return answer
    if project is not None and project != account.project:
        raise wrong_project(project)
    answer["currentTier"] = _tier(account.tier) | {"isDefault": True, "hasOnboardedPreviously": True}
    if account.names_project or project is not None:
        answer["cloudaicompanionProject"] = account.project
    answer["manageSubscriptionUri"] = f"https://accounts.google.com/AccountChooser?Email={account.name}%40example.com"
    return answer


def _tier(name: str) -> Body:
    return {"description": "", "hasAcceptedTos": True, "privacyNotice": {"showNotice": False}, **_TIERS[name]}


def _project(body: Body) -> str | None:
    project: str | None = body.get("cloudaicompanionProject")
    if project == "":
        raise bad("Invalid value at 'cloudaicompanion_project': must not be empty.", "cloudaicompanion_project")
    return project


def _check_metadata(body: Body, project: str | None) -> None:
    metadata = body.get("metadata")
    if metadata is None:
        raise bad("metadata is required.", "metadata")
    if metadata.get("duetProject") not in (None, project):
        raise bad("metadata.duet_project must be the project of the request.", "metadata.duet_project")


def onboard(body: Body, account: GoogleAccount, state: CodeAssistState) -> Body:
    """The answer to `:onboardUser`: an operation, not done yet."""
    tier, project = body.get("tierId"), _project(body)
    _check_metadata(body, project)
    if tier not in account.allowed:
        raise GoogleRefusal(403, f"The account is not eligible for tier {tier}.")
    if (tier == "free-tier") is (project is not None):
        raise GoogleRefusal(400, "Precondition check failed.", word="FAILED_PRECONDITION")
    if project is not None and project != account.project:
        raise wrong_project(project)
    name = f"operations/{hex_id('', 16)}"
    state.operations[name] = Operation(account=account.name, tier=tier, project=project, left=state.flags.onboard_polls)
    return {"name": name, "done": False}


def poll(name: str, account: GoogleAccount, state: CodeAssistState) -> Body:
    """The state of an operation; when it is done, the account is set up."""
    running = state.operations.get(name)
    if running is None or running.account != account.name:
        raise GoogleRefusal(404, f"Operation not found: {name}")
    if running.left > 0:
        running.left -= 1
        return {"name": name, "done": False}
    account.tier = running.tier
    project = {"id": account.project, "name": account.project, "projectNumber": "123456789012"}
    return {"name": name, "done": True, "response": {"@type": _RESULT, "cloudaicompanionProject": project}}


def quota(body: Body, account: GoogleAccount, state: CodeAssistState) -> Body:
    """The answer to `:retrieveUserQuota`: a bucket for each model of the account."""
    check_project(body.get("project"), account)
    left = 0 if account.out_of_credits else max(0, DAILY - account.used)
    midnight = datetime.fromtimestamp(state.clock.now(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    reset = (midnight + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    shared = {"tokenType": "REQUESTS", "remainingFraction": left / DAILY, "remainingAmount": str(left)}
    return {"buckets": [{"modelId": model, **shared, "resetTime": reset} for model in account.models]}


def check_project(project: str | None, account: GoogleAccount) -> None:
    """Only the account's own project may be named. Raises GoogleRefusal (403)."""
    if account.tier is None or project != account.project:
        raise wrong_project(project or "")
