"""Tool calls of a stream: fragments are kept until the call is whole (specs/kiro.md 7.3 and 7.6).

The upstream cuts long calls. Closing braces on its behalf would run half a command with wrong arguments, so a call
whose JSON does not parse is dropped, never mended.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, field

from a2a.protocols.args import usable
from a2a.protocols.wire import Fields, kind_of, string


class WholeCall(Struct, frozen=True):
    """A call that may be shown to the client. `arguments`: text of a JSON object."""

    id: str
    name: str
    arguments: str


class _Pending(Struct):
    id: str
    name: str
    fragments: list[str] = field(default_factory=list)


class CallBuffer:
    """Takes `toolUseEvent` payloads. `last_cut`: the latest call was dropped since its arguments did not parse."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._pending: _Pending | None = None
        self._done: set[str] = set()
        self.seen = False
        self.last_cut = False

    @property
    def is_open(self) -> bool:
        """A call has begun and was not stopped."""
        return self._pending is not None

    def feed(self, event: Fields) -> list[WholeCall]:
        """The calls that this frame completes: its own, and the one before it when a new id begins."""
        self.seen = True
        call_id, name, fragment = event.str("toolUseId"), event.str("name") or "", _fragment(event)
        if call_id in self._done:
            return []
        whole: list[WholeCall] = []
        pending = self._pending
        if pending is None or (call_id and call_id != pending.id):
            whole = self._finish()
            pending = self._pending = _Pending(call_id or self._new_id("tooluse_"), name)
        pending.name = pending.name or name
        pending.fragments.append(fragment)
        if event.bool("stop"):
            whole += self._finish()
        return whole

    def _finish(self) -> list[WholeCall]:
        pending, self._pending = self._pending, None
        if pending is None:
            return []
        self._done.add(pending.id)
        arguments = usable("".join(pending.fragments))
        self.last_cut = arguments is None or not pending.name
        if arguments is None or self.last_cut:
            return []
        return [WholeCall(pending.id, pending.name, arguments)]


def _fragment(event: Fields) -> str:
    """A piece of the arguments' text; old versions send the object itself."""
    raw = event.raw("input")
    if raw is None:
        return ""
    return string(raw, event.at("input")) if kind_of(raw) == "string" else bytes(raw).decode()
