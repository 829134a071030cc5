"""`keys.toml`: other keys for actions, by the names that the help shows.

    [app]
    quit = "ctrl+q"

    [list]
    down = "down,n"

Keys are written as Textual writes them (`ctrl+x`, `f2`, `space`, `question_mark` or `?`), several with commas. A
mistake is told and skipped; the rest holds.
"""

from __future__ import annotations

import difflib
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from a2a.tui.view import View
from a2a.tui.views import VIEWS

OTHERS = (
    "a2a.tui.app:Dash",
    "a2a.tui.listing:Listing",
    "a2a.tui.inspect.pager:Pager",
    "a2a.tui.panes:AccountList",
    "a2a.tui.panes:RequestList",
)
"""Classes with keys that no view's class is made of."""

_MODIFIERS = frozenset({"ctrl", "shift", "alt", "meta", "super", "hyper"})


def use(app: App[Any], path: Path | None) -> list[str]:
    """Take the keys of this file, if it is there. Returns what is wrong with it, a sentence for each mistake."""
    if path is None or not path.exists():
        return []
    keys, problems = read(path)
    app.set_keymap(keys)
    return problems


def read(path: Path) -> tuple[dict[str, str], list[str]]:
    """Action -> keys, and what is wrong."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, [f"{path.name} cannot be read: {error.strerror}"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, [f"{path.name} is no TOML: {error}"]
    known = {binding.id for binding in actions() if binding.id}
    kept: dict[str, str] = {}
    problems: list[str] = []
    for name, value in _flat(document):
        if name not in known:
            problems.append(f"{path.name}: no action {name!r}{_near(name, known)}")
        elif not isinstance(value, str) or not value:
            problems.append(f'{path.name}: {name} wants keys as text, such as {name.partition(".")[2]} = "ctrl+x"')
        elif wrong := [key for key in value.split(",") if not is_key(key.strip())]:
            problems.append(f"{path.name}: {name}: no key {wrong[0].strip()!r}")
        else:
            kept[name] = ",".join(key.strip() for key in value.split(","))
    return kept, problems


def actions() -> Iterator[Binding]:
    """Every action there is: of the app, the lists and all views, with its keys as they are without a file."""
    seen: set[tuple[str | None, str]] = set()
    for kind in _classes():
        for each in kind.__mro__:
            for binding in vars(each).get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id and (binding.id, binding.key) not in seen:
                    seen.add((binding.id, binding.key))
                    yield binding


def _classes() -> Iterator[type]:
    for where in OTHERS:
        module, _, name = where.partition(":")
        yield getattr(import_module(module), name)
    for listed in VIEWS:
        yield from _with_parts(listed.load())


def _with_parts(view: type[View]) -> Iterator[type]:
    """The view, and the widgets of its module that have keys of their own."""
    yield view
    for each in vars(import_module(view.__module__)).values():
        if isinstance(each, type) and "BINDINGS" in vars(each) and each.__module__.startswith("a2a.tui"):
            yield each


def _flat(document: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _near(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else "; the help (?) names them all"


def is_key(text: str) -> bool:
    """Whether Textual can send such a key."""
    *modifiers, key = text.split("+") if text != "+" else ["+"]
    if not set(modifiers) <= _MODIFIERS:
        return False
    return len(key) == 1 or key in {each.value for each in Keys} or _is_named(key)


def _is_named(key: str) -> bool:
    """`question_mark`: the Unicode name of a character, or the short one Textual has for it."""
    try:
        unicodedata.lookup(key.replace("_", " ").upper())
    except KeyError:
        return key in KEY_NAME_REPLACEMENTS.values()
    return True
