"""Keys that come faster than the screen follows: each goes to who has the keys when its turn comes.

Textual hands a key to the widget that has the focus when it arrives, and runs bindings when the key has come back from
there. Over a slow line `/q` arrives at once: the `q` went to the list too, came back, and quit. Here a key that comes
back when another widget has the focus is handed to that one.
"""

from __future__ import annotations

from typing import TypeVar
from weakref import WeakKeyDictionary

from textual import events
from textual.app import App
from textual.screen import ModalScreen
from textual.widget import Widget

Result = TypeVar("Result")


class Typeahead(App[Result]):
    """Part of the app that receives keys first, and last those that no widget has taken."""

    def __init__(self) -> None:
        super().__init__()
        self._aims: WeakKeyDictionary[events.Key, Widget] = WeakKeyDictionary()
        """Key on its way -> to whom it was handed."""

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key):
            await super().on_event(event)
        elif not event.is_forwarded:
            self._aims[event] = self._has_keys
            await super().on_event(event)
        elif self._has_keys is self._aims.get(event, self._has_keys):
            await super().on_event(event)
        elif self.focused is None and isinstance(self.screen, ModalScreen):
            self.screen.call_later(self._again, event)  # behind its mounting, which chooses the field that is typed in
        else:
            await self._again(event)

    @property
    def _has_keys(self) -> Widget:
        return self.focused or self.screen

    async def _again(self, event: events.Key) -> None:
        """It was meant for who has the keys now."""
        self._aims[event] = self._has_keys
        if self.focused is not None:
            self.focused._forward_event(event)
        else:
            await super().on_event(event)
