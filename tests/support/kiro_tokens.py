"""Kiro tokens and the files that the IDE writes, for tests. All invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from a2a.auth.records import KiroToken
from a2a.secret import Secret

ARN = "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL"


def refresh_text(name: str = "one") -> str:
    """Longer than the 100 characters under which a token counts as cut off."""
    return f"aor-{name}-".ljust(120, "r")


def ide_file(**fields: Any) -> dict[str, Any]:
    """A social login's token file; a field of None is left out."""
    data: dict[str, Any] = {
        "accessToken": "aoa-access:one",
        "refreshToken": refresh_text(),
        "expiresAt": "2026-11-22T09:15:30.123Z",
        "authMethod": "social",
        "provider": "Google",
        "profileArn": ARN,
        **fields,
    }
    return {key: value for key, value in data.items() if value is not None}


def write_ide_file(path: Path, **fields: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ide_file(**fields)))
    return path


def token(**fields: Any) -> KiroToken:
    """A social token that has run out at the start of time."""
    values: dict[str, Any] = {
        "kind": "social",
        "access_token": Secret("aoa-access:one"),
        "refresh_token": Secret(refresh_text()),
        "idp": "Google",
        "profile_arn": ARN,
    }
    return KiroToken(**{**values, **fields})
