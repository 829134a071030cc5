"""Notes on what a request says and its target has no place for (contract section 7: nothing is dropped silently).

The codecs note what they look at and cannot write; here is what they do not even look at. Nothing is changed, only
noted, part by part while `prepare` walks the conversation. docs/conversion.md is the proof that no field is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from a2a.messages import CacheHint, Event, Media, MediaKind, Message, PartEnd, Proto, Request, Text, Tool
from a2a.protocols.base import Conversion, NoteAction

Place = Literal["text", "media", "system", "call", "result", "tool"]

_HINTS: dict[Proto, frozenset[Place]] = {
    "claude": frozenset(("text", "media", "system", "call", "result", "tool")),
    "chat": frozenset(("text", "media", "system", "tool")),
    "responses": frozenset(("text", "media")),
}
"""Where a target's codec writes a cache breakpoint, or notes by itself that its upstream takes none."""
_DETAIL_LOST: dict[Proto, tuple[MediaKind, ...]] = {
    "kiro": ("image", "document"),
    "chat": ("document",),
    "claude": ("document",),
}
"""Media whose resolution wish nobody reads at the target."""
_NAMED_DOCUMENTS: tuple[Proto, ...] = ("chat", "responses", "claude", "kiro")
"""Targets where documents have names, and only they. Gemini's codec notes the names of its own accord."""


class Losses:
    """Notes for one request. `same`: the client speaks the target's protocol."""

    def __init__(self, conv: Conversion, target: Proto, *, same: bool) -> None:
        self._note = conv.note
        self._target = target
        self._same = same
        self._hints = _HINTS.get(target, frozenset())
        self._detail = _DETAIL_LOST.get(target, ())
        self._strict = target in ("chat", "responses", "claude") or (
            target == "gemini" and (same or conv.profile.wire.get("validated") == "1")
        )

    def request(self, req: Request) -> None:
        """The top level."""
        for field, action, why in _TOP.get(self._target, ()):
            if getattr(req, field):
                self._note(_KNOWN_AS.get(field, field), action, why)
        if self._same:
            return
        if req.betas:
            self._note("anthropic-beta", "dropped", "betas of another vendor")
        if req.store and self._target in ("chat", "gemini", "kiro"):
            self._note("store", "dropped", "nothing is stored at this upstream")
        output, think = req.output, req.think
        if output is not None and output.description and self._target in ("claude", "gemini"):
            self._note("response_format.description", "dropped", "the format has no description here")
        if think is not None and think.show in ("summary", "full") and self._target == "chat":
            self._note("reasoning.summary", "dropped", "Chat has no word for it: the upstream decides what it shows")

    def message(self, message: Message) -> None:
        """A name beside the role."""
        if message.name is not None and not self._same:
            self._note("messages.name", "dropped", "only Chat names its speakers")

    def cache(self, hint: CacheHint | None, place: Place) -> None:
        """A cache breakpoint."""
        if hint is not None and place not in self._hints:
            self._note("cache_control", "dropped", "the upstream caches on its own")

    def text(self, text: Text, place: Place = "text") -> None:
        """Citations and the phase of a text of the history."""
        self.cache(text.cache, place)
        if text.citations is not None and not (self._same and self._target == "claude"):
            self._note("citations", "dropped", "the upstream takes the text of a history only")
        if text.phase is not None and not self._same:
            self._note("phase", "dropped", "only OpenAI tells commentary from answer")

    def media(self, media: Media) -> None:
        """Name and resolution of a medium."""
        self.cache(media.cache, "media")
        if media.name is not None and media.kind != "document" and self._target in _NAMED_DOCUMENTS:
            self._note(f"{media.kind}.name", "dropped", "only documents have names here")
        if media.detail is not None and media.kind in self._detail:
            self._note(f"{media.kind}.detail", "dropped", "the upstream has no such setting")

    def tool(self, tool: Tool) -> None:
        """What a definition says beyond name, description and schema."""
        self.cache(tool.cache, "tool")
        if tool.strict and not self._strict:
            self._note("tools.strict", "dropped", "arguments are not held to the schema here")
        if tool.deferred and not self._same:
            self._note("tools.defer_loading", "mapped", "all tools are loaded at once")


_TOP: dict[Proto, tuple[tuple[str, NoteAction, str], ...]] = {
    "kiro": (
        ("user", "mapped", "part of the conversation's id, not forwarded"),
        ("cache_key", "mapped", "the conversation's id follows from it"),
        ("metadata", "dropped", "this upstream takes none"),
    )
}
"""Target -> (field, what is done, why), whoever the client is."""
_KNOWN_AS = {"cache_key": "prompt_cache_key"}


def of_answer(events: Sequence[Event], conv: Conversion, source: Proto) -> None:
    """Note what another protocol's client does not get of an answer: the sources a text cites."""
    if source == conv.request.proto:
        return
    for event in events:
        if type(event) is PartEnd and isinstance(event.part, Text) and event.part.citations is not None:
            conv.note("citations", "dropped", "sources of another vendor have no place in this protocol")
