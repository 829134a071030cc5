"""Refresh of Kiro tokens: three kinds, three endpoints (specs/kiro.md 3.1 to 3.3).

The kind decides, never the presence of a client id: a token sent to another kind's endpoint is refused with the same
words as a dead one. Answers: NeedsLogin = only a person can help; UpstreamError = try later.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from a2a.auth.endpoint import Answered, AuthUrls, error_code, origin, origin_of, post
from a2a.auth.records import KiroToken
from a2a.errors import BadUpstream, NeedsLogin, UpstreamError
from a2a.secret import Secret

if TYPE_CHECKING:
    import httpx

__all__ = ["AuthUrls", "endpoint_allowed", "refresh", "same_login"]

_TRANSIENT = frozenset({"slow_down", "server_error", "temporarily_unavailable"})
_PERMANENT_TEXTS = ("bad credentials", "invalid_grant", "invalid refresh token")


class _Answer(Answered):
    """A token endpoint's 200, in either spelling."""

    access_token: str
    expires_in: float = 3600.0
    refresh_token: str | None = None
    profile_arn: str | None = None


_SPELLING = {
    "accessToken": "access_token",
    "expiresIn": "expires_in",
    "refreshToken": "refresh_token",
    "profileArn": "profile_arn",
}


def same_login(one: KiroToken, other: KiroToken) -> bool:
    """Whether both belong to one user, as far as the fields tell: a file may hold somebody else by now."""
    same = one.kind == other.kind and one.idp == other.idp and one.auth_region == other.auth_region
    both_told = ((one.email, other.email), (one.start_url, other.start_url), (one.profile_arn, other.profile_arn))
    return same and all(a == b for a, b in both_told if a and b)


async def refresh(token: KiroToken, urls: AuthUrls, *, client: httpx.AsyncClient, now: float) -> KiroToken:
    """The renewed token, with everything else kept. `now`: Unix seconds.

    Raises NeedsLogin and UpstreamError; neither carries a token.
    """
    if not token.refresh_token:
        raise NeedsLogin("there is no refresh token")
    url, body = _request(token, urls, now)
    response = await post(client, url, body, urls, form=token.kind == "external_idp")
    if response.status_code != 200:
        raise _failure(response, url)
    return _renewed(token, _decode(response, url), now)


def _request(token: KiroToken, urls: AuthUrls, now: float) -> tuple[str, dict[str, str]]:
    """Where to post, and the body: JSON, for an external IdP a form."""
    refresh_token = token.refresh_token.reveal()
    match token.kind:
        case "social":
            return f"{_at(urls.auth_url, token)}/refreshToken", {"refreshToken": refresh_token}
        case "idc":
            return f"{_at(urls.oidc_url, token)}/token", _idc_body(token, refresh_token, now)
        case "external_idp":
            endpoint = token.token_endpoint or ""
            if not endpoint_allowed(endpoint, urls.idp_allow):
                raise NeedsLogin(
                    f"the token endpoint {origin(endpoint)} is not on the list of allowed hosts",
                    hint="if it is your organisation's, add its host to idp_allow in [providers.claude-kiro-oauth]",
                )
            form = {"grant_type": "refresh_token", "client_id": token.client_id or "", "refresh_token": refresh_token}
            return endpoint, form | ({"scope": token.scopes} if token.scopes else {})
        case "api_key":
            raise NeedsLogin("an API key cannot be renewed")
        case _:
            assert_never(token.kind)


def _idc_body(token: KiroToken, refresh_token: str, now: float) -> dict[str, str]:
    if token.client_secret_expires_at and token.client_secret_expires_at <= now:
        raise NeedsLogin("the client registration of this login has expired")
    return {
        "clientId": token.client_id or "",
        "clientSecret": token.client_secret.reveal(),
        "grantType": "refresh_token",
        "refreshToken": refresh_token,
    }


def _at(url: str, token: KiroToken) -> str:
    return url.replace("{region}", token.auth_region).rstrip("/")


def endpoint_allowed(endpoint: str, allow: Sequence[str]) -> bool:
    """Whether a refresh token may be sent there: https, no userinfo, no IP literal, host on the list (kiro.md 3.3)."""
    try:
        parts = urlsplit(endpoint)
        whole, host = origin_of(parts), (parts.hostname or "").lower()
    except ValueError:
        return False
    if not host or "@" in parts.netloc:
        return False
    if any("://" in entry and entry.rstrip("/").lower() == whole for entry in allow):
        return True
    if parts.scheme != "https" or _is_address(host):
        return False
    return any("://" not in entry and fnmatchcase(host, entry.lower()) for entry in allow)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _decode(response: httpx.Response, url: str) -> _Answer:
    try:
        body = msgspec.json.decode(response.content, type=dict[str, Any])
        answer = msgspec.convert({_SPELLING.get(key, key): value for key, value in body.items()}, _Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadUpstream(f"the token endpoint {origin(url)} answered 200 without a token") from None
    if not answer.access_token:
        raise BadUpstream(f"the token endpoint {origin(url)} answered 200 with an empty token")
    return answer


def _renewed(token: KiroToken, answer: _Answer, now: float) -> KiroToken:
    return structs.replace(
        token,
        access_token=Secret(answer.access_token),
        refresh_token=Secret(answer.refresh_token) if answer.refresh_token else token.refresh_token,
        expires_at=now + answer.expires_in,
        issued_at=now,
        profile_arn=token.profile_arn or (answer.profile_arn if token.kind == "social" else None),
    )


def _failure(response: httpx.Response, url: str) -> NeedsLogin | UpstreamError:
    """The tables of kiro.md 3.1 and 3.2. Of the upstream's words only its error code is repeated."""
    status, where = response.status_code, origin(url)
    code, text = error_code(response), response.text.lower()
    told = f"{where} answered {status}" + (f" {code}" if code else "")
    if status == 429 or status >= 500 or code in _TRANSIENT:
        return UpstreamError(f"the token could not be renewed: {told}", hint="a2a tries again by itself")
    refused = bool(code) or any(words in text for words in _PERMANENT_TEXTS)
    if status == 401 or (status in (400, 403) and refused):  # a bare 403 may come from a firewall on the way
        return NeedsLogin(f"the login is no longer valid: {told}")
    return BadUpstream(f"the token could not be renewed: {told}")
