"""The control plane: models, usage limits, profiles (specs/kiro.md section 8)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from a2a.demo.catalog import KIRO as MODELS
from a2a.demo.catalog import KiroModel
from a2a.demo.kiro import fields
from a2a.demo.kiro.accounts import KiroAccount
from a2a.demo.kiro.errors import REST, bearer_invalid, denied, invalid
from a2a.demo.kiro.state import KIRO
from a2a.demo.wire import dumps, early
from a2a.demo.world import SEEN, WORLD

_RESET_AT = 1.7961696e9
_FREE_CREDITS = 50.0


async def models(request: web.Request, *, legacy: bool) -> web.StreamResponse:
    """`GET ListAvailableModels`. `legacy`: on the old hosts, where no ARN is needed."""
    account = _account(request)
    if (answered := await _fault(request, account)) is not None:
        return answered
    query = request.query
    if not query.get("origin"):
        raise invalid("Improperly formed request.", "REQUEST_BODY_INVALID")
    _check_arn(request, account, required=not legacy)
    listed = [_model(model) for model in MODELS.values()]
    start = int(query.get("nextToken") or 0)
    size = int(query.get("maxResults") or len(listed))
    page = listed[start : start + size]
    more = str(start + size) if start + size < len(listed) else None
    return _json({"models": page, "defaultModel": _model(MODELS["auto"]), "nextToken": more})


async def usage(request: web.Request, *, legacy: bool) -> web.StreamResponse:
    """`GET getUsageLimits`."""
    account = _account(request)
    if (answered := await _fault(request, account)) is not None:
        return answered
    if account.suspended:
        raise denied(f"Your User ID ({account.user_id}) temporarily is suspended.", "TEMPORARILY_SUSPENDED")
    _check_arn(request, account, required=account.kind == "idc" and not legacy)
    return _json(_usage(account))


async def profiles(request: web.Request) -> web.StreamResponse:
    """`POST ListAvailableProfiles`: those of the region that the host is in, where its address names one."""
    account = _account(request)
    if (answered := await _fault(request, account)) is not None:
        return answered
    if account.kind == "builder_id":
        raise denied("AWS Builder ID is not supported for this operation.")
    region = request.match_info.get("region", "").strip("/")
    known = [arn for arn in account.arns if account.kind != "social" and region in ("", arn.split(":")[3])]
    return _json({"profiles": [_profile(number, arn) for number, arn in enumerate(known, 1)], "nextToken": None})


def _profile(number: int, arn: str) -> dict[str, Any]:
    return {
        "arn": arn,
        "profileName": "demo" if number == 1 else f"demo-{number}",
        "profileType": "KIRO",
        "status": "ACTIVE",
        "description": "",
    }


def _account(request: web.Request) -> KiroAccount:
    account = request.app[KIRO].authorize(request)
    request[SEEN].account = account.name
    return account


async def _fault(request: web.Request, account: KiroAccount) -> web.StreamResponse | None:
    faults = request.app[WORLD].faults.take("kiro-management", account.name)
    return await early(faults, REST)


def _check_arn(request: web.Request, account: KiroAccount, *, required: bool) -> None:
    arn = request.query.get("profileArn")
    if arn is None:
        if required:
            raise invalid("Invalid profileArn.")
        return
    if not request.app[KIRO].may_use(account, arn):
        raise bearer_invalid()
    region = request.match_info.get("region", "").strip("/")
    if region and region != arn.split(":")[3]:
        raise invalid("Invalid profileArn.")


def _json(value: Any) -> web.Response:
    return web.Response(body=dumps(value), content_type="application/json")


def _model(model: KiroModel) -> dict[str, Any]:
    return {
        "modelId": model.id,
        "modelName": model.name,
        "description": f"{model.name} in the demo",
        "rateMultiplier": model.rate,
        "rateUnit": "Credit",
        "tokenLimits": {"maxInputTokens": model.window, "maxOutputTokens": model.max_output},
        "supportedInputTypes": ["TEXT", "IMAGE"] if model.images else ["TEXT"],
        "promptCaching": {
            "supportsPromptCaching": model.family == "claude",
            "minimumTokensPerCacheCheckpoint": 1024,
            "maximumCacheCheckpointsPerRequest": 4,
        },
        "additionalModelRequestFieldsSchema": fields.schema_of(model),
    }


def _usage(account: KiroAccount) -> dict[str, Any]:
    limit = account.credits if account.out_of_credits else _FREE_CREDITS
    trial = None if account.out_of_credits else {
        "freeTrialStatus": "ACTIVE", "freeTrialExpiry": 1.796256e9,
        "currentUsage": 120, "currentUsageWithPrecision": 120.5, "usageLimit": 500, "usageLimitWithPrecision": 500.0,
    }  # fmt: skip
    credit = {
        "resourceType": "CREDIT", "displayName": "Credit", "displayNamePlural": "Credits", "unit": "INVOCATIONS",
        "currency": "USD", "currentUsage": int(account.credits), "currentUsageWithPrecision": account.credits,
        "usageLimit": int(limit), "usageLimitWithPrecision": limit,
        "currentOverages": 0, "currentOveragesWithPrecision": 0.0, "overageRate": 0.04, "overageCharges": 0.0,
        "overageCap": 10000, "nextDateReset": _RESET_AT, "freeTrialInfo": trial, "bonuses": [],
    }  # fmt: skip
    return {
        "daysUntilReset": 8,
        "nextDateReset": _RESET_AT,
        "usageBreakdownList": [credit],
        "subscriptionInfo": {
            "type": "Q_DEVELOPER_STANDALONE_FREE", "subscriptionTitle": "KIRO FREE",
            "upgradeCapability": "UPGRADE_CAPABLE", "overageCapability": "OVERAGE_INCAPABLE",
            "subscriptionManagementTarget": "PURCHASE",
        },
        "overageConfiguration": {"overageStatus": "DISABLED"},
        "userInfo": {"userId": account.user_id, "email": account.email},
    }  # fmt: skip
