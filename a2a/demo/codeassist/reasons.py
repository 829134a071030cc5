"""The refusals of Code Assist with their typed details, by the name of the scenario (specs/gemini-cli.md 9, 11, 12).

A fault names one as its `code`: `[[fault: http code=quota_day]]` in a prompt, `faults.add("http code=validation")`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from a2a.demo.gemini.errors import GoogleRefusal, error_info, help_link, quota_failure, retry_info
from a2a.demo.gemini.scenarios import Scenarios

_DOMAIN = "cloudcode-pa.googleapis.com"
_VERIFY = "https://accounts.example/verify?x=1"
_APPEAL = "https://forms.example/appeal"
_RETIRED = "This client is no longer supported for Gemini Code Assist for individuals. See https://antigravity.google"


def _capacity_429() -> GoogleRefusal:
    details = [error_info("MODEL_CAPACITY_EXHAUSTED", _DOMAIN, model="gemini-3-flash")]
    return GoogleRefusal(429, "No capacity available for model gemini-3-flash on the server", details=details)


def _capacity_503() -> GoogleRefusal:
    refusal = _capacity_429()
    refusal.status = 503
    return refusal


def _rate_60s() -> GoogleRefusal:
    details = [error_info("RATE_LIMIT_EXCEEDED", _DOMAIN, quotaResetDelay="34.07s"), retry_info("34.07s")]
    return GoogleRefusal(429, "You have exhausted your capacity on this model.", details=details)


def _rate_nodelay() -> GoogleRefusal:
    details = [error_info("RATE_LIMIT_EXCEEDED", _DOMAIN)]
    return GoogleRefusal(429, "Rate limit exceeded. Your quota will reset after 42s.", details=details)


def _quota_day() -> GoogleRefusal:
    # a moment far ahead by any clock: the delay is what counts
    reset = datetime(2036, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    meta = {"model": "gemini-3-flash", "quotaResetDelay": "33740.9s", "quotaResetTimeStamp": reset, "uiMessage": "true"}
    details = [error_info("QUOTA_EXHAUSTED", _DOMAIN, **meta), retry_info("33740.9s")]
    return GoogleRefusal(429, "Quota used up. Resets in 9h22m20s.", details=details)


def _quota_minute() -> GoogleRefusal:
    metric = "cloudcode-pa.googleapis.com/generate_requests"
    details = [
        quota_failure(metric, "GenerateRequestsPerMinutePerUser", "60", model="gemini-3-flash"),
        retry_info("12s"),
    ]
    return GoogleRefusal(429, "You exceeded your current quota. Please retry in 12s.", details=details)


def _bare_429() -> GoogleRefusal:
    return GoogleRefusal(429, "Resource has been exhausted (e.g. check quota).")


def _validation() -> GoogleRefusal:
    meta = {"validation_url": _VERIFY, "validation_url_link_text": "Verify your account"}
    details = [error_info("VALIDATION_REQUIRED", _DOMAIN, **meta), help_link("Verify your account", _VERIFY)]
    return GoogleRefusal(403, "Verify your account to continue.", details=details)


def _tos() -> GoogleRefusal:
    meta = {"appeal_url": _APPEAL, "appeal_url_link_text": "Submit Appeal", "uiMessage": "true"}
    message = "This service has been disabled in this account for violation of Terms of Service."
    return GoogleRefusal(403, message, details=[error_info("TOS_VIOLATION", _DOMAIN, **meta)])


def _license_3501() -> GoogleRefusal:
    details = [error_info("SUBSCRIPTION_REQUIRED", "cloudaicompanion.googleapis.com")]
    message = "You are missing a valid license for Gemini Code Assist. Please contact your administrator. (#3501)"
    return GoogleRefusal(403, message, details=details)


def _named_user() -> GoogleRefusal:
    return GoogleRefusal(403, "The license is not assigned to the named user. Please contact your administrator.")


def _service_disabled() -> GoogleRefusal:
    url = "https://console.example/apis/api/cloudaicompanion.googleapis.com"
    meta = {"service": "cloudaicompanion.googleapis.com", "consumer": "projects/acme-dev-1"}
    details = [error_info("SERVICE_DISABLED", "googleapis.com", **meta), help_link("Google developers console", url)]
    message = "Gemini for Google Cloud API has not been used in project acme-dev-1 before or it is disabled."
    return GoogleRefusal(403, message, details=details)


def _iam() -> GoogleRefusal:
    permission = "cloudaicompanion.companions.generateChat"
    details = [error_info("IAM_PERMISSION_DENIED", "cloudaicompanion.googleapis.com", permission=permission)]
    return GoogleRefusal(403, f"Permission '{permission}' denied on resource (or it may not exist).", details=details)


def _retired_tier() -> GoogleRefusal:
    return GoogleRefusal(403, _RETIRED, details=[error_info("UNSUPPORTED_CLIENT", _DOMAIN)])


def _vpc() -> GoogleRefusal:
    details = [error_info("SECURITY_POLICY_VIOLATED", "googleapis.com", service=_DOMAIN)]
    return GoogleRefusal(403, "Request is prohibited by organization's policy.", details=details)


def _credits() -> GoogleRefusal:
    details = [error_info("INSUFFICIENT_G1_CREDITS_BALANCE", _DOMAIN)]
    return GoogleRefusal(429, "Insufficient credits.", details=details)


SCENARIOS: Scenarios = {
    "capacity_429": _capacity_429,
    "capacity_503": _capacity_503,
    "rate_60s": _rate_60s,
    "rate_nodelay": _rate_nodelay,
    "quota_day": _quota_day,
    "quota_minute": _quota_minute,
    "bare_429": _bare_429,
    "validation": _validation,
    "tos": _tos,
    "license_3501": _license_3501,
    "named_user": _named_user,
    "service_disabled": _service_disabled,
    "iam": _iam,
    "retired_tier": _retired_tier,
    "vpc": _vpc,
    "credits": _credits,
}


def unauthenticated(reason: str) -> GoogleRefusal:
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return GoogleRefusal(401, message, details=[error_info(reason, "googleapis.com", service=_DOMAIN)])


def wrong_project(project: str) -> GoogleRefusal:
    details = [error_info("CONSUMER_INVALID", "googleapis.com", consumer=f"projects/{project}", service=_DOMAIN)]
    return GoogleRefusal(403, f"Permission denied on resource project {project}.", details=details)
