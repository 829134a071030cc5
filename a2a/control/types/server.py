"""The running server and its settings."""

from __future__ import annotations

from msgspec import Struct


class Reloaded(Struct, frozen=True, kw_only=True):
    """What `reload` found. `problems`: a sentence for each account, and each key of a client, that cannot be used.

    Of settings, where they were read again: `changed` names those that are others now, `restart` those that wait for
    the server's next start.
    """

    accounts: int
    problems: list[str] = []
    changed: list[str] = []
    restart: list[str] = []


class ConfigView(Struct, frozen=True, kw_only=True):
    """The settings a running server has. `file`: where they come from; `loaded_at`: when it took them.

    `refused`: what is wrong with the file as it is now, with its line, and `hint` what helps: the settings from before
    stay. `restart`: names of settings that wait for the next start. `problems`: what is wrong, while the rest works.
    """

    loaded_at: float
    file: str | None = None
    refused: str | None = None
    hint: str | None = None
    refused_at: float | None = None
    restart: list[str] = []
    problems: list[str] = []


class Recording(Struct, frozen=True, kw_only=True):
    """How the exchange store does. `stopped`: why nothing is written now, in words; serving goes on without it.

    `written`, `lost`: exchanges since the start that are in the file, and those that had no room while nothing could be
    written; `waiting`: that are not written yet; `without_bodies`: whose bodies were wanted and had no room.
    `retried`: whether a2a tries again by itself.
    """

    file: str | None = None
    stopped: str | None = None
    hint: str | None = None
    stopped_at: float | None = None
    retried: bool = True
    written: int = 0
    lost: int = 0
    waiting: int = 0
    without_bodies: int = 0


class ServerView(Struct, frozen=True, kw_only=True):
    """A running server: its state file and `GET /admin/v1/server`, which alone tells of its `config` and
    `recording` (None: switched off)."""

    url: str
    pid: int
    version: str
    started_at: float
    in_flight: int = 0
    served: int = 0
    config: ConfigView | None = None
    recording: Recording | None = None


class SettingView(Struct, frozen=True, kw_only=True):
    """One setting: dotted name, value as text (secrets masked), where it comes from (`config.toml:12`)."""

    name: str
    value: str
    origin: str
