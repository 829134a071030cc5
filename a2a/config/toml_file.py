"""config.toml as plain values, with the line each key stands on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from a2a.config import mistakes
from a2a.errors import ConfigError

KeyPath = tuple[str | int, ...]
"""Keys from the top, array tables by index: `("accounts", 0, "name")`."""

_LINE_IN_MESSAGE = re.compile(r"\s*\(at line (\d+), column \d+\)$")


class TomlFile:
    """A parsed file. `data` is what it holds, `where` says `config.toml:12` for a key of it."""

    def __init__(self, path: Path, text: str) -> None:
        """Raises ConfigError with the line of a syntax error."""
        import tomllib  # deferred: most starts of a command read no file

        self.path = path
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            raise _syntax_error(path, text, str(exc)) from exc
        self._lines = dict(_key_lines(text))

    def where(self, key: KeyPath) -> str:
        """`config.toml:12` of the key, or of the nearest table around it."""
        while key and key not in self._lines:
            key = key[:-1]
        return f"{self.path.name}:{self._lines[key]}" if key else self.path.name

    def place(self, key: KeyPath) -> str:
        """As `where`, with the whole path: for error messages."""
        return str(self.path.parent / self.where(key))


def read(path: Path) -> TomlFile:
    """Raises ConfigError when the file cannot be read, is not UTF-8 or not TOML."""
    try:
        return TomlFile(path, path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ConfigError(f"cannot read {path}: {exc.strerror or exc}", hint="check --config and A2A_CONFIG") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text") from exc


def _syntax_error(path: Path, text: str, message: str) -> ConfigError:
    found = _LINE_IN_MESSAGE.search(message)
    line = found.group(1) if found else str(text.count("\n") + 1)
    told, hint = mistakes.of_syntax(_LINE_IN_MESSAGE.sub("", message))
    return ConfigError(f"{path}:{line}: not valid TOML: {told}", hint=hint)


def _key_lines(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Every key path with its line, from 1. tomllib keeps no positions, so the text, known to be valid, is cut into
    statements: the shortest runs of lines that parse alone."""
    import tomllib

    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    pending: list[str] = []
    first = 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not pending:
            first = number
        pending.append(line)
        statement = "\n".join(pending)
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        pending.clear()
        if not statement.lstrip().startswith("["):
            yield from ((table + key, first) for key in _flatten(parsed))
            continue
        table = _table_path(parsed, counts, array=statement.lstrip().startswith("[["))
        yield table, first


def _flatten(values: dict[str, Any]) -> Iterator[KeyPath]:
    for key, value in values.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *rest) for rest in _flatten(value))


def _table_path(parsed: dict[str, Any], counts: dict[KeyPath, int], *, array: bool) -> KeyPath:
    """The path of a table header, which parses to nested empty tables; `counts`: how often each array table came."""
    path: KeyPath = ()
    inner: Any = parsed
    while isinstance(inner, dict) and inner:
        key, inner = next(iter(inner.items()))
        path = (*path, key)
        if path in counts and not (array and isinstance(inner, list)):
            path = (*path, counts[path] - 1)  # a sub-table of the array's last element
    if array:
        counts[path] = counts.get(path, 0) + 1
        path = (*path, counts[path] - 1)
    return path
