"""The line at the foot for `:` commands and `/` filters; not there until one is typed.

Above it stands what fits: commands that begin so, words for the place that is typed in, or what is wrong with a regular
expression. Tab completes, the arrows go through what was typed before.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from a2a.tui.desk import Desk
from a2a.tui.frame import Line
from a2a.tui.ink import Piece, cell_width
from a2a.tui.view import Tell, Word

HISTORY = 100

Mode = Literal["command", "filter"]


def smart(text: str) -> re.Pattern[str]:
    """A regular expression as typed: case counts once a capital is in it. Raises re.error."""
    return re.compile(text, 0 if any(letter.isupper() for letter in text) else re.IGNORECASE)


class Candidates(Line):
    """The line above the one that is typed in."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.told: list[Piece] = []

    def tell(self, told: list[Piece]) -> None:
        self.told = told
        self.redraw()

    def pieces(self, width: int) -> list[Piece]:
        line: list[Piece] = [(" ", "plain")]
        for piece in self.told:
            if cell_width(line) + cell_width([piece]) > width and len(line) > 1:
                break
            line.append(piece)
        return line


class Entry(Input):
    """What is typed in. Escape leaves, Tab completes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", id="bar.leave"),
        Binding("tab", "complete", "complete", id="bar.complete"),
        Binding("up", "recall(-1)", "earlier", show=False, id="bar.earlier"),
        Binding("down", "recall(1)", "later", show=False, id="bar.later"),
    ]

    async def _on_key(self, event: events.Key) -> None:
        """Enter takes effect before the next key; that one, if it comes at once, is not for a line that is closed."""
        closed = not self._bar.is_open
        if closed or event.key == "enter":
            event.stop()
            event.prevent_default()
        if closed:
            self.app.post_message(events.Key(event.key, event.character))  # to who has the keys now
        elif event.key == "enter":
            self._bar.take(self.value)

    def action_leave(self) -> None:
        self._bar.leave(keep=False)

    def action_complete(self) -> None:
        self._bar.complete()

    def action_recall(self, by: int) -> None:
        self._bar.recall(by)

    @property
    def _bar(self) -> Bar:
        bar = next(each for each in self.ancestors if isinstance(each, Bar))
        return bar


class Bar(Vertical):
    """Told by the app what there is; tells `Narrowed` for each letter of a filter and `Left` at the end."""

    DEFAULT_CSS = """
    Bar { height: auto; display: none; }
    Bar.open { display: block; }
    Bar Horizontal { height: 1; }
    Bar #sign { width: 3; color: $ink-accent; padding: 0 0 0 1; }
    Bar Entry { width: 1fr; }
    """

    class Narrowed(Message):
        """The filter is another now. `pattern` None: none."""

        def __init__(self, pattern: re.Pattern[str] | None) -> None:
            super().__init__()
            self.pattern = pattern

    class Left(Message):
        """The line is closed; the view shall have the keys again."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._mode: Mode = "command"
        self._words: dict[str, Word] = {}
        self._aliases: Mapping[str, str] = {}
        self._before = ""
        """The filter that held when the line was opened."""
        self._history: dict[Mode, list[str]] = {"command": [], "filter": []}
        self._at = 0
        self._behind: Widget | None = None
        """What had the keys before the line was opened."""

    def compose(self) -> ComposeResult:
        yield Candidates(self.desk)
        with Horizontal():
            yield Static(":", id="sign", markup=False)
            yield Entry(compact=True)

    def command(self, words: Sequence[Word], aliases: Mapping[str, str]) -> None:
        """Open for a command. `aliases`: other words for the same."""
        self._words = {word.word: word for word in words}
        self._aliases = aliases
        self._open("command", "")

    def filter(self, before: str) -> None:
        """Open for a filter. `before`: the one that holds."""
        self._before = before
        self._open("filter", before)

    def _open(self, mode: Mode, text: str) -> None:
        self.app.clear_notifications()  # they would lie across the line
        self._mode = mode
        self._at = len(self._history[mode])
        self.query_one("#sign", Static).update(":" if mode == "command" else "/")
        self.add_class("open")
        entry = self.query_one(Entry)
        entry.value = text
        entry.cursor_position = len(text)
        if self.screen.focused is not entry:
            self._behind = self.screen.focused
        self.screen.set_focus(entry)  # at once: `focus` would let the next key go by
        self._suggest(text)

    def leave(self, *, keep: bool) -> None:
        """Close the line. `keep`: the filter that was typed holds; otherwise the one from before."""
        if self._mode == "filter" and not keep:
            self.post_message(self.Narrowed(smart(self._before) if self._before else None))
        self.remove_class("open")
        behind = self._behind
        if behind is not None and behind.is_attached and behind.is_on_screen:
            self.screen.set_focus(behind)
        else:
            self.post_message(self.Left())

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self._suggest(event.value)

    @property
    def is_open(self) -> bool:
        return self.has_class("open")

    def take(self, typed: str) -> None:
        """Enter: run the command, or keep the filter."""
        text = typed.strip() if self._mode == "command" else typed
        if text and text not in self._history[self._mode][-1:]:
            self._history[self._mode] = [*self._history[self._mode][-HISTORY:], text]
        if self._mode == "filter":
            pattern = self._pattern(text)
            keep = pattern is not None or not text
            if keep:
                self.post_message(self.Narrowed(pattern))  # not all letters may have been told yet
            self.leave(keep=keep)
            return
        self.leave(keep=True)
        if text:
            self._run(text)

    def _run(self, text: str) -> None:
        name, _, argument = text.partition(" ")
        word = self._word(name)
        if word is not None:
            word.run(argument.strip())
            return
        known = [word for word in (*self._words, *self._aliases) if len(word) > 1]
        near = difflib.get_close_matches(name, known, 1, 0.5)
        hint = f"did you mean :{near[0]}?" if near else "Tab shows what there is"
        self.post_message(Tell(f"no command {name!r}", hint=hint, bad=True))

    def _word(self, name: str) -> Word | None:
        """By its name, an alias, or what only it begins with."""
        known = self._words.get(name) or self._words.get(self._aliases.get(name, ""))
        begun = [word for word in self._words if word.startswith(name)]
        return known or (self._words[begun[0]] if len(begun) == 1 else None)

    # --- what stands above

    def _suggest(self, text: str) -> None:
        above = self.query_one(Candidates)
        if self._mode == "command":
            above.tell(self._candidates(text))
            return
        pattern = self._pattern(text)
        if text and pattern is None:
            above.tell([(f"{self.desk.marks.bad} {self._mistake(text)}", "bad")])
            return
        above.tell([("a regular expression; Enter keeps it, Esc goes back", "dim")])
        self.post_message(self.Narrowed(pattern))

    def _pattern(self, text: str) -> re.Pattern[str] | None:
        """None for nothing, and for what is no regular expression."""
        try:
            return smart(text) if text else None
        except re.error:
            return None

    def _mistake(self, text: str) -> str:
        try:
            smart(text)
        except re.error as error:
            return f"no regular expression: {error.msg}" + (f" at {error.pos + 1}" if error.pos is not None else "")
        return ""

    def _candidates(self, text: str) -> list[Piece]:
        name, blank, typed = text.partition(" ")
        if blank:
            word = self._word(name)
            fitting = self._completions(word, typed) if word else []
            if not fitting:
                return [(word.does if word else f"no command {name!r}", "dim")]
            return [(f"{each}  ", "plain") for each in fitting]
        fitting = [word for word in self._words if word.startswith(name)] or [
            word for word in self._words if name in word
        ]
        if len(fitting) == 1:
            return [(f"{fitting[0]}  ", "strong"), (self._words[fitting[0]].does, "dim")]
        return [(f"{each}  ", "plain") for each in fitting] or [(f"no command {name!r}", "dim")]

    def _completions(self, word: Word, typed: str) -> list[str]:
        if word.completes is None:
            return []
        given = word.completes()
        return [each for each in given if each.startswith(typed)] or [each for each in given if typed in each]

    def complete(self) -> None:
        """As far as all that fits agrees; the first of it where that is no farther."""
        if self._mode == "filter":
            return
        entry = self.query_one(Entry)
        name, blank, typed = entry.value.partition(" ")
        if blank:
            word = self._word(name)
            fitting, before, typed = (self._completions(word, typed) if word else []), f"{name} ", typed
        else:
            fitting, before, typed = [word for word in self._words if word.startswith(name)], "", name
        if not fitting:
            return
        common = "".join(
            letters[0] for letters in takewhile(lambda each: len(set(each)) == 1, zip(*fitting, strict=False))
        )
        text = common if len(common) > len(typed) else fitting[0]
        entry.value = before + text + (" " if len(fitting) == 1 and not blank and self._takes_more(text) else "")
        entry.cursor_position = len(entry.value)

    def _takes_more(self, name: str) -> bool:
        word = self._words.get(name)
        return word is not None and word.completes is not None

    def recall(self, by: int) -> None:
        """What was typed before."""
        history = self._history[self._mode]
        self._at = max(0, min(len(history), self._at + by))
        entry = self.query_one(Entry)
        entry.value = history[self._at] if self._at < len(history) else ""
        entry.cursor_position = len(entry.value)
