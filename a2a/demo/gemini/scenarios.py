"""Refusals of the Gemini API with all they carry, by name: `[[fault: http code=quota_day]]` tells that one.

`specs/gemini-cli.md` 9 has the AI Studio style of quota errors. Code Assist has a table of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from a2a.demo.gemini.errors import GoogleRefusal, error_info, help_link, quota_failure, retry_info
from a2a.demo.wire import Refusal, Voice

Scenarios = Mapping[str, Callable[[], GoogleRefusal]]

_METRIC = "generativelanguage.googleapis.com/generate_content_requests"
_SERVICE = "generativelanguage.googleapis.com"
_LIMITS = "https://ai.google.dev/gemini-api/docs/rate-limits"


def _quota(quota_id: str, value: str, delay: str) -> GoogleRefusal:
    details = [
        quota_failure(_METRIC, quota_id, value, location="global", model="gemini-2.5-pro"),
        help_link("Learn more about Gemini API quotas", _LIMITS),
        retry_info(delay),
    ]
    message = f"You exceeded your current quota. Quota exceeded for metric: {_METRIC}, limit: {value}. "
    return GoogleRefusal(429, f"{message}Please retry in {delay}.", details=details)


def _leaked() -> GoogleRefusal:
    return GoogleRefusal(403, "Your API key was reported as leaked. Please use another API key.")


def _expired() -> GoogleRefusal:
    details = [error_info("API_KEY_INVALID", "googleapis.com", service=_SERVICE)]
    return GoogleRefusal(400, "API key expired. Please renew the API key.", details=details)


def _location() -> GoogleRefusal:
    return GoogleRefusal(400, "User location is not supported for the API use.", word="FAILED_PRECONDITION")


SCENARIOS: Scenarios = {
    "quota_minute": lambda: _quota("GenerateRequestsPerMinutePerProjectPerModel", "10", "12.4s"),
    "quota_day": lambda: _quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "100", "39.5s"),
    "no_entitlement": lambda: _quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "0", "39.5s"),
    "overloaded": lambda: GoogleRefusal(503, "The model is overloaded. Please try again later."),
    "leaked": _leaked,
    "expired": _expired,
    "location": _location,
}


def dressed(voice: Voice, known: Scenarios) -> Voice:
    """The voice with named scenarios told in full."""

    def told(refusal: Refusal) -> Refusal:
        made = known.get(refusal.code or "")
        if made is None:
            return refusal
        canned = made()
        canned.headers.update(refusal.headers)
        return canned

    def refuse(refusal: Refusal) -> web.Response:
        return voice.refuse(told(refusal))

    return Voice(refuse, lambda refusal: voice.error_frame(told(refusal)))
