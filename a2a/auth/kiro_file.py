"""Kiro credentials as others wrote them: the IDE's files, gateways' exports, base64 (specs/kiro.md 2.1 to 2.3, 2.6).

Of `~/.aws/sso/cache` only the token file and the registration it names are read: the other files there belong to the
AWS tools and carry foreign client ids. Nothing is written here. Messages name files and fields, never values.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Literal

from msgspec import structs

from a2a.auth.kiro_region import DEFAULT, is_profile_arn, is_region
from a2a.auth.records import KiroToken
from a2a.auth.token_file import fingerprint, object_in, object_of, parse_time, read_text, text_at
from a2a.errors import UsageError
from a2a.secret import Secret

IDE_FILE = "~/.aws/sso/cache/kiro-auth-token.json"
"""On every platform; `~` is %USERPROFILE% on Windows."""

Kind = Literal["social", "idc", "external_idp", "api_key"]

_METHODS: dict[str, Kind] = {
    "social": "social",
    "google": "social",
    "github": "social",
    "idc": "idc",
    "builder-id": "idc",
    "builderid": "idc",
    "iam": "idc",
    "enterprise": "idc",
    "internal": "idc",
    "external_idp": "external_idp",
    "externalidp": "external_idp",
    "api_key": "api_key",
}
"""`authMethod` in lower case, with the aliases seen in exports."""

_IDPS = ("Google", "Github", "BuilderId", "Enterprise", "Internal", "ExternalIdp", "ApiKey")
_SPELT = {idp.lower(): idp for idp in _IDPS}
"""kiro-cli and exports write them in their own case."""

_DEFAULT_IDP: dict[Kind, str] = {
    "social": "Google",
    "idc": "BuilderId",
    "external_idp": "ExternalIdp",
    "api_key": "ApiKey",
}
_MIN_REFRESH_CHARS = 100
_HASH = re.compile(r"[0-9A-Za-z_-]{1,128}")
_OWNER = "log in with the Kiro IDE first"

_SSO_CACHE = (".aws", "sso", "cache")
_IDE_FOLDER = {"darwin": "Library/Application Support", "win32": "AppData/Roaming"}
"""By `sys.platform`, below the home; elsewhere `.config`."""

__all__ = [
    "IDE_FILE",
    "client_id_hash",
    "ide_profile",
    "parse_time",
    "parse_token_text",
    "read_token_file",
    "source_fingerprint",
    "token_of",
    "with_source",
]


def read_token_file(path: Path, *, profile: Path | None = None) -> KiroToken:
    """The token of an IDE or export file, with its client registration. Raises UsageError.

    `profile`: the IDE's profile file, by default where the IDE whose token file this is keeps it.
    """
    data = _file(path)
    kind = _kind(data, str(path))
    registration = _registration(data, str(path), path.parent) if kind == "idc" else {}
    token = token_of(data, str(path), registration)
    # A Builder ID has no profile of its own (section 5): what lies there is an earlier login's.
    if token.kind != "idc" or token.profile_arn or token.idp == "BuilderId":
        return token
    return structs.replace(token, profile_arn=_selected(profile or _profile_beside(path)))


def ide_profile(
    home: Path, *, system: str = sys.platform, config_home: Path | None = None, app_data: Path | None = None
) -> Path:
    """Where the IDE notes the profile that an IdC login selected (kiro.md 2.3). `system`: as `sys.platform`.

    `config_home`, `app_data`: XDG_CONFIG_HOME and %APPDATA%, where they are set.
    """
    told = {"darwin": None, "win32": app_data}.get(system, config_home)
    base = told or home / _IDE_FOLDER.get(system, ".config")
    return base / "Kiro" / "User" / "globalStorage" / "kiro.kiroagent" / "profile.json"


def parse_token_text(text: str, source: str) -> KiroToken:
    """The same from JSON text or its base64; `source` names it in messages. Raises UsageError.

    A registration can only be part of the text: there is no folder to look in.
    """
    return token_of(object_in(text, source), source, {})


def source_fingerprint(token: KiroToken) -> str:
    """SHA-256 of the refresh token (of the access token where there is none), hex: names the source (contract 3)."""
    return fingerprint(token.refresh_token or token.access_token)


def with_source(token: KiroToken) -> KiroToken:
    """The token marked as its own source."""
    return structs.replace(token, source_fingerprint=source_fingerprint(token))


def client_id_hash(start_url: str) -> str:
    """Name of the registration file of a start URL (kiro.md 2.2)."""
    text = json.dumps({"startUrl": start_url}, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _file(path: Path) -> dict[str, Any]:
    return object_of(read_text(path, "Kiro token file", _OWNER), str(path))


def _profile_beside(path: Path) -> Path | None:
    """The profile file of the home in whose SSO cache the token file lies."""
    if path.parent.parts[-len(_SSO_CACHE) :] != _SSO_CACHE:
        return None
    return ide_profile(path.parents[len(_SSO_CACHE)])


def _selected(path: Path | None) -> str | None:
    """The ARN in a profile file; None where there is none that can be read: the account is then asked for its own."""
    try:
        arn = text_at(_file(path), "arn") if path else ""
    except UsageError:
        return None
    return arn if is_profile_arn(arn) else None


def token_of(data: dict[str, Any], source: str, registration: dict[str, Any]) -> KiroToken:
    """The token of camelCase fields (kiro.md 2.1) and those of the registration file (2.2), where it has none itself.

    Raises UsageError naming the `source` and the field.
    """
    kind = _kind(data, source)
    refresh = text_at(data, "refreshToken")
    _check_refresh_token(kind, refresh, source)
    access = text_at(data, "accessToken")
    if not access and not refresh:
        raise UsageError(f"{source} holds no token", hint="accessToken and refreshToken are expected")
    _check_whole(access, "accessToken", source)
    own = {key: text_at(data, key) or text_at(registration, key) for key in ("clientId", "clientSecret")}
    token = KiroToken(
        kind=kind,
        access_token=Secret(access),
        refresh_token=Secret(refresh),
        expires_at=parse_time(data.get("expiresAt")),
        idp=_idp(data, kind),
        profile_arn=text_at(data, "profileArn") or None,
        auth_region=text_at(data, "idcRegion") or text_at(data, "region") or DEFAULT,
        start_url=text_at(data, "startUrl") or None,
        client_id=own["clientId"] or None,
        client_secret=Secret(own["clientSecret"]),
        client_secret_expires_at=parse_time(registration.get("expiresAt")) or None,
        token_endpoint=text_at(data, "tokenEndpoint") or None,
        issuer_url=text_at(data, "issuerUrl") or None,
        scopes=_scopes(data.get("scopes")),
        email=text_at(data, "email") or None,
    )
    _check_complete(token, source)
    return with_source(token)


def _idp(data: dict[str, Any], kind: Kind) -> str:
    told = text_at(data, "provider") or text_at(data, "socialProvider")
    method = text_at(data, "authMethod").lower()
    return _SPELT.get(told.lower(), told) or _SPELT.get(method) or _DEFAULT_IDP[kind]


def _scopes(value: Any) -> str | None:
    """Space separated, as the token endpoint takes them; some writers give a list."""
    if isinstance(value, list):
        value = " ".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) and value else None


def _kind(data: dict[str, Any], source: str) -> Kind:
    """By `authMethod`, else by what only one kind carries. Never by the mere presence of a client id (kiro.md 3)."""
    method = text_at(data, "authMethod").lower()
    if method:
        if method not in _METHODS:
            raise UsageError(f"{source}: authMethod is of an unknown kind", hint="known: social, IdC, external_idp")
        return _METHODS[method]
    if text_at(data, "tokenEndpoint"):
        return "external_idp"
    return "idc" if text_at(data, "clientIdHash") or text_at(data, "clientSecret") else "social"


def _registration(data: dict[str, Any], source: str, folder: Path) -> dict[str, Any]:
    """The file that `clientIdHash` (or the start URL) names beside the token file; {} when the token has its own."""
    if text_at(data, "clientId") and text_at(data, "clientSecret"):
        return {}
    start_url = text_at(data, "startUrl")
    name = text_at(data, "clientIdHash") or (client_id_hash(start_url) if start_url else "")
    if not name:
        return {}
    if not _HASH.fullmatch(name):
        raise UsageError(f"{source}: clientIdHash is not a plain name")
    path = folder / f"{name}.json"
    return _file(path) if path.exists() else {}


def _check_refresh_token(kind: Kind, refresh: str, source: str) -> None:
    if kind in ("external_idp", "api_key"):
        return
    if not refresh:
        raise UsageError(f"{source}: refreshToken is missing", hint="export it again, or log in with the Kiro IDE")
    _check_whole(refresh, "refreshToken", source)
    if len(refresh) < _MIN_REFRESH_CHARS:
        raise UsageError(
            f"{source}: refreshToken is cut off ({len(refresh)} characters; real ones have over {_MIN_REFRESH_CHARS})",
            hint="copy the file itself, not what a dashboard shows",
        )


def _check_whole(value: str, field: str, source: str) -> None:
    if "..." in value:
        raise UsageError(
            f"{source}: {field} is cut off (it contains '...')", hint="copy the file itself, not what a dashboard shows"
        )


def _check_complete(token: KiroToken, source: str) -> None:
    if not is_region(token.auth_region):
        raise UsageError(f"{source}: region is not the name of an AWS region", hint="for example us-east-1")
    if token.profile_arn and not is_profile_arn(token.profile_arn):
        raise UsageError(f"{source}: profileArn is not the ARN of a Kiro profile", hint="remove it: a2a looks it up")
    if token.kind == "idc" and not (token.client_id and token.client_secret):
        raise UsageError(
            f"{source}: the client registration of this IdC login is missing",
            hint="import the file in ~/.aws/sso/cache, beside its registration file, or add clientId and clientSecret",
        )
    if token.kind == "external_idp" and token.refresh_token and not (token.token_endpoint and token.client_id):
        raise UsageError(f"{source}: tokenEndpoint or clientId is missing")
