"""Which OAuth client renews a Google token (specs/gemini-cli.md 1).

The Gemini CLI's client id is public data. Its secret is not in this repository: it comes from the user's settings, or
from the constants of a Gemini CLI that is installed here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import GoogleToken
from a2a.errors import NeedsAction
from a2a.secret import Secret

CLI_CLIENT_ID = "681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com"

HINT = (
    "set A2A_GEMINI_OAUTH_CLIENT_SECRET (the Gemini CLI's own constant OAUTH_CLIENT_SECRET; its id is known), or "
    "oauth_client_secret_env / oauth_client_secret_file in [providers.gemini-cli-oauth], or install @google/gemini-cli"
)

_PACKAGE = Path("@google/gemini-cli")
_ROOTS = (
    "/usr/lib/node_modules",
    "/usr/local/lib/node_modules",
    "/opt/homebrew/lib/node_modules",
    "~/.npm-global/lib/node_modules",
    "~/AppData/Roaming/npm/node_modules",
)
_SOURCES = (
    "bundle/*.js",
    "dist/src/code_assist/oauth2.js",
    "node_modules/@google/gemini-cli-core/dist/src/code_assist/oauth2.js",
    "../gemini-cli-core/dist/src/code_assist/oauth2.js",
)
_ID = re.compile(r"""OAUTH_CLIENT_ID\d*\s*=\s*["']([\w.-]+)["']""")
_SECRET = re.compile(r"""OAUTH_CLIENT_SECRET\d*\s*=\s*["']([\w.-]+)["']""")
_PARENTS = 6
"""So far above the `gemini` command its package may lie."""


class OAuthClient(Struct, frozen=True):
    id: str
    secret: Secret


def client_for(token: GoogleToken, urls: AuthUrls) -> OAuthClient:
    """The client that obtained the token: its own, the settings', the installed CLI's. Reads files.

    Raises NeedsAction when its secret cannot be had.
    """
    wanted = token.client_id or urls.client_id or CLI_CLIENT_ID
    if token.client_secret:
        return OAuthClient(wanted, token.client_secret)
    if urls.client_secret and wanted == (urls.client_id or CLI_CLIENT_ID):
        return OAuthClient(wanted, urls.client_secret)
    found = next((client for client in installed() if client.id == wanted), None)
    if found is None:
        raise NeedsAction(
            "the secret of the Google OAuth client is not known, without it no token is renewed",
            reason="no_oauth_client",
            hint=HINT,
        )
    return found


def installed() -> Iterator[OAuthClient]:
    """The clients whose constants the installed copies of the Gemini CLI hold."""
    for package in _packages():
        for pattern in _SOURCES:
            for path in sorted(package.glob(pattern)):
                if client := _constants(path):
                    yield client


def _packages() -> Iterator[Path]:
    """Folders of the package: above the `gemini` command, then in the usual places."""
    command = shutil.which("gemini")
    if command:
        yield from list(Path(command).resolve().parents)[:_PARENTS]
    for root in _ROOTS:
        folder = Path(root).expanduser() / _PACKAGE
        if folder.is_dir():
            yield folder


def _constants(path: Path) -> OAuthClient | None:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    client_id, secret = _ID.search(text), _SECRET.search(text)
    return OAuthClient(client_id[1], Secret(secret[1])) if client_id and secret else None
