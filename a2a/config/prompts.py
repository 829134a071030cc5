"""System prompts that settings name: read while loading, so that a changed file is a changed setting.

A file is UTF-8 text of at most LIMIT_BYTES. A byte order mark and blank ends go; one that holds nothing else is no
prompt, and says so for whom it stands. What cannot be read is no matter for commands that send nothing: `check` is for
those that do.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from a2a.config.declare import Settings
from a2a.errors import ConfigError

LIMIT_BYTES = 1024 * 1024
_HINT = "name a file of text, or remove the setting"


def files(settings: Settings) -> Iterator[tuple[str, str]]:
    """(setting's name, absolute path) of every prompt file."""
    if settings.server.system_prompt_file:
        yield "server.system_prompt_file", settings.server.system_prompt_file
    for provider, table in settings.providers.items():
        if table.system_prompt_file:
            yield f"providers.{provider}.system_prompt_file", table.system_prompt_file
    for name, model in settings.models.items():
        if model.system_prompt_file:
            yield f"models.{name}.system_prompt_file", model.system_prompt_file
    for client in settings.clients:
        if client.system_prompt_file:
            yield f"clients.{client.name}.system_prompt_file", client.system_prompt_file


def read(settings: Settings) -> None:
    """Fill `prompts` and `prompt_troubles`; blocks."""
    for name, path in files(settings):
        try:
            settings.prompts[path] = _text(Path(path))
        except ConfigError as error:
            settings.prompt_troubles[name] = error.message


def check(settings: Settings) -> None:
    """Raises ConfigError for the first prompt file that could not be read."""
    for name, trouble in settings.prompt_troubles.items():
        raise ConfigError(f"{_where(settings, name)}: {trouble}", hint=_HINT)


def _where(settings: Settings, name: str) -> str:
    """The line of the setting, or of the table it stands in; its name where neither is known."""
    tables = {f"clients.{client.name}": f"clients[{number}]" for number, client in enumerate(settings.clients)}
    table = name.rpartition(".")[0]
    around = settings.origins.get(tables.get(table, table))
    return settings.origins.get(name) or (f"{around}: {name}" if around else name)


def _text(path: Path) -> str:
    """Raises ConfigError."""
    try:
        seen = path.stat()
        if not stat.S_ISREG(seen.st_mode):  # a pipe gives its text once, and is to be read again
            raise ConfigError(f"{path} is no regular file")
        if seen.st_size > LIMIT_BYTES:
            raise ConfigError(f"{path} is over {LIMIT_BYTES} bytes")
        return path.read_bytes().decode("utf-8-sig").strip()
    except OSError as error:
        raise ConfigError(f"cannot read the system prompt {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
