"""What AWS SSO OIDC lets a client register, and where it then sends a browser.

Sources: specs/kiro.md 4.1 and 4.3, RFC 8252 7.3 for the port of a loopback address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from a2a.demo.kiro.logins import CODE_GRANT, DEVICE_GRANT, NEEDED_SCOPES, REFRESH_GRANT, SCOPES, Client
from a2a.demo.kiro.oauth import refuse, texts

_DEFAULT_GRANTS = [DEVICE_GRANT, REFRESH_GRANT]
_GRANTS = frozenset({DEVICE_GRANT, CODE_GRANT, REFRESH_GRANT})
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(:\d{1,5})?(/[^?#]*)")


class Asked(Struct, frozen=True):
    """A registration that is in order."""

    grants: frozenset[str]
    scopes: frozenset[str]
    redirect_uris: tuple[str, ...]
    start_url: str | None


def read(body: Mapping[str, Any]) -> Asked:
    """The registration that a body asks for. Raises Refusal."""
    if texts(body, "clientName", "clientType") is None:
        raise refuse("invalid_request", "clientName and clientType are required.")
    if body["clientType"] != "public":
        raise refuse("invalid_client_metadata", "clientType must be public.")
    grants = _names(body.get("grantTypes", _DEFAULT_GRANTS), "grantTypes")
    if not grants <= _GRANTS:
        raise refuse("unsupported_grant_type", "Unknown grant type.")
    scopes = _names(body.get("scopes"), "scopes")
    if not scopes <= frozenset(SCOPES) or not scopes >= NEEDED_SCOPES:
        raise refuse("invalid_scope", f"scopes must hold {', '.join(sorted(NEEDED_SCOPES))}.")
    if CODE_GRANT not in grants:
        return Asked(grants, scopes, (), None)
    return Asked(grants, scopes, _redirects(body), _issuer(body))


def _names(value: object, name: str) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise refuse("invalid_request", f"{name} must be a list of strings that is not empty.")
    return frozenset(value)


def _redirects(body: Mapping[str, Any]) -> tuple[str, ...]:
    """A public client may come back to the loopback only, by number."""
    uris = body.get("redirectUris")
    if not isinstance(uris, list) or not uris:
        raise refuse("invalid_redirect_uri", "redirectUris are required for authorization_code.")
    if not all(isinstance(uri, str) and _LOOPBACK.fullmatch(uri) for uri in uris):
        raise refuse("invalid_redirect_uri", "A redirect URI must be http://127.0.0.1/path.")
    return tuple(uris)


def _issuer(body: Mapping[str, Any]) -> str:
    given = texts(body, "issuerUrl")
    if given is None:
        raise refuse("invalid_request", "issuerUrl is required for authorization_code.")
    return given[0]


def may_redirect(client: Client, redirect_uri: str) -> bool:
    """Whether the browser may be sent there: an address registered without a port allows every port."""
    asked = _LOOPBACK.fullmatch(redirect_uri)
    if asked is None or CODE_GRANT not in client.grants:
        return False
    return redirect_uri in client.redirect_uris or asked[1] + asked[3] in client.redirect_uris
