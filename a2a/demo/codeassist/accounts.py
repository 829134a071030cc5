"""The Google accounts of the demo, as data: what each may use and what is wrong with it (specs/gemini-cli.md 5, 9)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from a2a.demo.gemini.models import GEMINI, GeminiModel

Standing = Literal["ok", "validation", "no_license", "retired"]

_SERVER_NAMES = {"gemini-3.5-flash": "gemini-3-flash"}
"""What Code Assist calls a model that the Gemini API sells under another name (specs/gemini-cli.md 7)."""

MODELS: dict[str, GeminiModel] = {
    name: msgspec.structs.replace(model, id=name)
    for name, model in ((_SERVER_NAMES.get(one, one), model) for one, model in GEMINI.items())
    if not model.embeds
}
_FLASH = tuple(name for name in MODELS if "flash" in name)
DAILY = 1_500
"""Requests a day of a Standard licence."""


class GoogleAccount(Struct, kw_only=True):
    """One account. `project`: the one its licence belongs to. `tier` None: it has not been set up yet.

    `names_project`: the answer of the set-up repeats the project. `allowed`: tiers it may be set up with, the first is
    the default. `used`: requests of today. `refresh_token`: the newest; older ones stay good, as at Google. `reused`:
    how often a spent one came back. `revoked`: all tokens are dead.
    """

    name: str
    project: str = "acme-dev-1"
    tier: str | None = "standard-tier"
    allowed: tuple[str, ...] = ("standard-tier",)
    standing: Standing = "ok"
    names_project: bool = True
    models: tuple[str, ...] = tuple(MODELS)
    suspended: bool = False
    out_of_credits: bool = False
    used: int = 0
    access_token: str = ""
    refresh_token: str = ""
    expires_at: float = 0.0
    generation: int = 0
    reused: int = 0
    revoked: bool = False
    scope: str = ""

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    def credentials(self) -> dict[str, Any]:
        """The account as the official client's file has it (specs/gemini-cli.md 4), plus its name and project."""
        return {
            "name": self.name,
            "project_id": self.project,
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "scope": self.scope,
            "token_type": "Bearer",
            "expiry_date": int(self.expires_at * 1000),
        }


def builtin() -> list[GoogleAccount]:
    """A fresh copy of every account."""
    return [
        GoogleAccount(name="ca-standard"),
        GoogleAccount(name="ca-standard-2", project="acme-dev-2"),
        GoogleAccount(name="ca-named", project="acme-dev-3", names_project=False),
        GoogleAccount(name="ca-new", project="bright-sky-4f2k1", tier=None, allowed=("free-tier",), models=_FLASH),
        GoogleAccount(name="ca-new-licence", project="acme-dev-5", tier=None),
        GoogleAccount(name="ca-flash", project="acme-dev-6", models=_FLASH),
        GoogleAccount(name="ca-retired", project="old-1", tier=None, allowed=(), standing="retired"),
        GoogleAccount(name="ca-validation", tier=None, allowed=(), standing="validation"),
        GoogleAccount(name="ca-no-licence", project="acme-dev-8", standing="no_license"),
        GoogleAccount(name="ca-suspended", suspended=True),
        GoogleAccount(name="ca-quota", out_of_credits=True),
    ]
