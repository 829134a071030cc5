"""Where Qwen is served: the portal of OAuth tokens, the hosts of the key plans by region (specs/qwen.md 0 and 4)."""

from __future__ import annotations

from a2a.errors import UsageError

PORTAL = "https://portal.qwen.ai/v1"

_MODE = "/compatible-mode/v1"
PLANS: dict[str, dict[str, str]] = {
    "standard": {
        "cn": f"https://dashscope.aliyuncs.com{_MODE}",
        "intl": f"https://dashscope-intl.aliyuncs.com{_MODE}",
        "us": f"https://dashscope-us.aliyuncs.com{_MODE}",
        "hk": f"https://cn-hongkong.dashscope.aliyuncs.com{_MODE}",
    },
    "coding": {
        "cn": "https://coding.dashscope.aliyuncs.com/v1",
        "intl": "https://coding-intl.dashscope.aliyuncs.com/v1",
    },
    "token": {
        "cn": f"https://token-plan.cn-beijing.maas.aliyuncs.com{_MODE}",
        "intl": f"https://token-plan.ap-southeast-1.maas.aliyuncs.com{_MODE}",
    },
}
"""Plan -> region -> base URL."""
DEFAULT_REGION = "intl"
CODING_KEYS = "sk-sp-"
"""How a key of the Coding Plan begins."""


def plan_url(plan: str, region: str | None) -> str:
    """Raises UsageError for a plan or a region that does not exist."""
    regions = PLANS.get(plan)
    if regions is None:
        raise UsageError(f"there is no plan {plan!r}", hint="plans: " + ", ".join(PLANS))
    url = regions.get(region or DEFAULT_REGION)
    if url is None:
        raise UsageError(f"the {plan} plan has no region {region!r}", hint="regions: " + ", ".join(regions))
    return url


def portal_url(resource_url: str | None) -> str:
    """The base URL a token is valid at: scheme and `/v1` are added where they lack; nothing said is the portal."""
    text = (resource_url or "").strip().rstrip("/")
    if not text:
        return PORTAL
    if "://" not in text:
        text = f"https://{text}"
    return text if text.endswith("/v1") else f"{text}/v1"
