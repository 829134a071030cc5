"""Which login of Kiro's own programs `a2a login kiro --from-cli` takes: the search order of specs/kiro.md 2.6.

The environment is handed in: only `a2a.config` reads it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from msgspec import Struct

from a2a.auth import kiro_database, kiro_file
from a2a.auth.kiro_region import DEFAULT
from a2a.auth.records import KiroToken
from a2a.config.surroundings import Surroundings
from a2a.errors import UsageError
from a2a.secret import Secret

KEY_VARIABLE = "KIRO_API_KEY"


class Official(Struct, frozen=True):
    """What was taken. `path`: the file it lies in, None for the variable. `words`: where from, for the person."""

    token: KiroToken
    path: Path | None
    words: str


def official_sources(home: Path, around: Surroundings, *, system: str = sys.platform) -> Official:
    """The first login there is: the variable, the IDE's file, kiro-cli's database, the Amazon Q CLI's.

    Raises UsageError: for one that is there and cannot be used, and, with all places looked at, when there is none.
    """
    if around.kiro_api_key:
        return Official(key_token(around.kiro_api_key), None, f"the API key in {KEY_VARIABLE}")
    looked = [KEY_VARIABLE]
    file = home / Path(kiro_file.IDE_FILE).relative_to("~")
    if os.path.exists(file):  # unlike Path.exists, False for a folder that may not be looked into
        return Official(_of_ide(file, home, around, system), file, f"the Kiro IDE's login in {file}")
    looked.append(str(file))
    for place in kiro_database.find_databases(home, around, system=system):
        token = kiro_database.login_in(place.path) if os.path.exists(place.path) else None
        if token:
            return Official(token, place.path, f"the login of {place.program} in {place.path}")
        looked.append(str(place.path))
    raise UsageError(
        f"no login of Kiro's own programs was found; looked at {', '.join(looked)}",
        hint="log in without them: a2a login kiro --method builder-id",
    )


def _of_ide(file: Path, home: Path, around: Surroundings, system: str) -> KiroToken:
    profile = kiro_file.ide_profile(
        home,
        system=system,
        config_home=kiro_database.told(around.xdg_config_home),
        app_data=kiro_database.told(around.appdata),
    )
    return kiro_file.read_token_file(file, profile=profile)


def key_token(key: Secret, *, region: str | None = None) -> KiroToken:
    """The record of an API key (kiro.md 2.5): never renewed. `region`: of its profile. Raises UsageError."""
    text = key.reveal().strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError("that is no Kiro API key", hint="it looks like ksk_… and is made in Kiro's settings")
    token = KiroToken(kind="api_key", access_token=Secret(text), idp="ApiKey", auth_region=region or DEFAULT)
    return kiro_file.with_source(token)
