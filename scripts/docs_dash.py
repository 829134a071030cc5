"""What `docs/dash.md` says of keys and views, read from the bindings of the dashboard."""

from __future__ import annotations

from collections.abc import Iterator

from a2a.tui.keymap import actions
from a2a.tui.views import VIEWS

HEADS = ("key", "action in `keys.toml`", "what it does")


def views() -> Iterator[tuple[str, str, str]]:
    """Key, words of the `:` line, and what is seen there."""
    for view in VIEWS:
        words = " ".join(f"`:{word}`" for word in (view.name, *view.aliases))
        yield f"`{view.key}`" if view.key else "", words, view.does


def keys() -> Iterator[tuple[str, str, str]]:
    """Every action with a name, each once, in the order of its first part."""
    rows: dict[str, tuple[str, str]] = {}
    for binding in actions():
        assert binding.id is not None
        shown = " ".join(f"`{binding.key_display or key}`" for key in binding.key.split(","))
        if binding.id in rows:
            shown = f"{rows[binding.id][0]} {shown}"
        rows[binding.id] = (shown, binding.description or rows.get(binding.id, ("", ""))[1])
    for name in sorted(rows, key=lambda each: (each.partition(".")[0], list(rows).index(each))):
        yield rows[name][0], f"`{name}`", rows[name][1]
