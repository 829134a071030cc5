"""What settings were read from, and whether it has changed since; which of two settings differ, and which can wait.

Files are compared by time, size and inode, by whoever asks once a second. No notifications of the system: they differ
on every one, miss network and container mounts, and would be one more dependency to save a few `stat` calls.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, structs

from a2a.config import prompts
from a2a.config.declare import ServerSettings, Settings

UNTIL_RESTART = ("host", "port", "max_body_mib", "record", "replay", "replay_speed")
"""Keys of `[server]` that a running server cannot change: it listens already, its HTTP library asks once, and cassettes
are read when it starts."""

_NO_SETTINGS = ("server", "providers", "prompts", "origins", "config_file", "problems", "prompt_troubles")
"""Of `Settings`: what `changes` looks into, and what only tells where settings come from."""

Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, time of change (ns), size and inode of each file that is there."""


def watched(settings: Settings) -> list[Path]:
    """The config file, which may not be there yet, the files of keys and prompts it refers to, the accounts' folders.

    Files with tokens are left out: they change with every renewal, and a renewal reads them by itself.
    """
    file = Path(settings.config_file) if settings.config_file else settings.folders.config_file
    named = [each.api_key_file for each in settings.accounts] + [each.key_file for each in settings.clients]
    named += [table.oauth_client_secret_file for table in settings.providers.values()]
    named += [path for _, path in prompts.files(settings)]
    paths = [file.parent / Path(name).expanduser() for name in named if name]
    return [file, *dict.fromkeys(paths), settings.folders.accounts, settings.folders.overrides]


def stamp(paths: Iterable[Path]) -> Stamp:
    """How these files are now, and those in folders among them; blocks. What cannot be looked at counts as absent."""
    found: list[tuple[str, int, int, int]] = []
    for path in paths:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        for each in inside:
            try:
                seen = os.stat(each)
            except OSError:
                continue
            found.append((str(each), seen.st_mtime_ns, seen.st_size, seen.st_ino))
    return tuple(found)


def changes(old: Settings, new: Settings) -> list[str]:
    """Names of what differs: `server.strategy`, `providers.claude-kiro-oauth.rpm`, `accounts`, `clients`.

    A prompt file that says something else is a change of the setting that names it.
    """
    names = [f"server.{name}" for name in _differ(old.server, new.server)]
    for provider in sorted(old.providers.keys() | new.providers.keys()):
        names += [f"providers.{provider}.{name}" for name in _differ(old.provider(provider), new.provider(provider))]
    others = ["clients" if name == "client_keys" else name for name in _differ(old, new) if name not in _NO_SETTINGS]
    return list(dict.fromkeys([*names, *others, *reread(old, new)]))


def reread(old: Settings, new: Settings) -> dict[str, str]:
    """Prompt files whose text has changed: the name of the setting -> the path, which is the same as before."""
    before = dict(prompts.files(old))
    return {
        name: path
        for name, path in prompts.files(new)
        if before.get(name) == path and old.prompts.get(path) != new.prompts.get(path)
    }


def _differ(old: Struct, new: Struct) -> list[str]:
    return [name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)]


def kept(running: Settings, new: Settings) -> tuple[Settings, list[str]]:
    """The new settings as a running server can take them, and the names of those that wait for its next start."""
    waits = [name for name in _differ(running.server, new.server) if name in UNTIL_RESTART]
    if not waits:
        return new, []
    server: ServerSettings = structs.replace(new.server, **{name: getattr(running.server, name) for name in waits})
    return structs.replace(new, server=server), [f"server.{name}" for name in waits]
