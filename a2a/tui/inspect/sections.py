"""Two requests of different protocols beside each other: aligned by what their parts are for, not by path.

A difference by path means nothing between two shapes. So both are taken apart into system, tools, messages and
parameters; within each the n-th item stands beside the n-th; and what the exchange notes (dropped, mapped, emulated …)
is marked where the client wrote it, and told at the head of its section. Which key is what is read off the shape: the
keys of the protocols do not collide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any, Literal

from msgspec import Struct

from a2a.control.types import NoteView
from a2a.tui.ink import Tone
from a2a.tui.inspect import json_text
from a2a.tui.inspect.json_diff import paired
from a2a.tui.inspect.sheet import Line, Row, fold_under

Section = Literal["system", "tools", "messages", "parameters"]
SECTIONS: tuple[Section, ...] = ("system", "tools", "messages", "parameters")

_HOME: dict[str, Section] = {
    "system": "system",
    "instructions": "system",
    "systemInstruction": "system",
    "system_instruction": "system",
    "tools": "tools",
    "tool_choice": "tools",
    "toolConfig": "tools",
    "tool_config": "tools",
    "functions": "tools",
    "function_call": "tools",
    "parallel_tool_calls": "tools",
    "messages": "messages",
    "input": "messages",
    "contents": "messages",
    "history": "messages",
    "currentMessage": "messages",
}
"""Key of a request -> its section; all others are parameters."""

_ENVELOPES = ("request", "conversationState")
"""Keys that hold the request itself: Code Assist, Kiro."""

_SYSTEM_ROLES = frozenset({"system", "developer"})

_TONES: dict[str, Tone] = {"dropped": "bad", "added": "ok"}
"""Of what was done to a field; everything else changed it."""

SIGNS = {"dropped": "-", "added": "+"}
"""Before a note; everything else is `~`."""


class Part(Struct, frozen=True):
    """One item of a section. `key`: its key, or where in an array it stood; `field`: the request's key it is of."""

    key: str
    value: Any
    field: str


def parts(request: Any) -> dict[Section, list[Part]]:
    """A request taken apart; anything but an object is one parameter."""
    found: dict[Section, list[Part]] = {each: [] for each in SECTIONS}
    if isinstance(request, dict):
        _take(request, found)
    else:
        found["parameters"].append(Part("", request, ""))
    return found


def _take(request: dict[str, Any], found: dict[Section, list[Part]]) -> None:
    for key, value in request.items():
        if key in _ENVELOPES and isinstance(value, dict):
            _take(value, found)
            continue
        home = _HOME.get(key, "parameters")
        if home == "tools" and key == "tools" and isinstance(value, list):
            found[home] += [Part(f"{key}[{n}]", each, key) for n, each in enumerate(_tools(value))]
        elif home == "messages" and isinstance(value, list):
            for n, each in enumerate(value):
                role = each.get("role") if isinstance(each, dict) else None
                where: Section = "system" if role in _SYSTEM_ROLES else home
                found[where].append(Part(f"{key}[{n}]", each, key))
        else:
            found[home].append(Part(key, value, key))
            if key == "currentMessage":
                _kiro_tools(value, found)


def _tools(value: list[Any]) -> Iterable[Any]:
    """One each: Gemini puts all its functions into one tool."""
    for each in value:
        declared = each.get("functionDeclarations") if isinstance(each, dict) else None
        if isinstance(declared, list) and len(each) == 1:
            yield from declared
        else:
            yield each


def _kiro_tools(message: Any, found: dict[Section, list[Part]]) -> None:
    """Kiro has its tools in the message: they are shown a second time where the client's stand."""
    inner = message.get("userInputMessage") if isinstance(message, dict) else None
    context = inner.get("userInputMessageContext") if isinstance(inner, dict) else None
    tools = context.get("tools") if isinstance(context, dict) else None
    if isinstance(tools, list):
        found["tools"] += [Part(f"tools[{n}]", each, "tools") for n, each in enumerate(tools)]


def rows(left: Any, right: Any, notes: Sequence[NoteView]) -> tuple[list[Row], set[int]]:
    """The rows, and which start folded. Raises RecursionError for values that are nested too deep."""
    ours, theirs = parts(left), parts(right)
    found: list[Row] = []
    folded: set[int] = set()
    told: set[int] = set()
    for section in SECTIONS:
        inner, closed = _section(ours[section], theirs[section], notes)
        concerned = [n for n, note in enumerate(notes) if section_of(note, ours) == section and n not in told]
        told.update(concerned)
        inner, closed = _under_notes([notes[n] for n in concerned], inner, closed)
        if inner:
            start = len(found) + 1
            found += fold_under(_head(section, ours[section], theirs[section]), inner)
            folded |= {start + each for each in closed}
    return found, folded


def _head(section: Section, left: Sequence[Part], right: Sequence[Part]) -> Row:
    def side(found: Sequence[Part]) -> Line:
        return Line(((section, "strong"), (f"  {len(found) or 'none'}", "dim")))

    return Row(side(left), side(right), "|")


def _section(left: Sequence[Part], right: Sequence[Part], notes: Sequence[NoteView]) -> tuple[list[Row], set[int]]:
    found: list[Row] = []
    folded: set[int] = set()
    for one, other in _beside(left, right):
        ours = json_text.printed(one.value, 1, one.key) if one else []
        theirs = json_text.printed(other.value, 1, other.key) if other else []
        made, closed = paired(ours, theirs, "|")
        if one is not None and (done := _done_to(one, notes)):
            made[0].left = Line(
                (*(made[0].left or Line(())).parts, (f"  {done.action}", _TONES.get(done.action, "warn")))
            )
        folded |= {len(found) + each for each in closed}
        found += made
    return found, folded


def _beside(left: Sequence[Part], right: Sequence[Part]) -> list[tuple[Part | None, Part | None]]:
    """Keys of one name first, then the others, and items of arrays, by their place."""
    names = {part.key: part for part in right if part.key == part.field}
    both = [(part, names[part.key]) for part in left if part.key in names]
    shared = {part.key for part, _ in both}
    rest = zip_longest([x for x in left if x.key not in shared], [x for x in right if x.key not in shared])
    return [*both, *rest] if shared else list(rest)


def _done_to(part: Part, notes: Iterable[NoteView]) -> NoteView | None:
    """The note on this very parameter. What is noted of messages and tools is told at the head of their section."""
    if _HOME.get(part.field) in ("messages", "tools") and part.key != part.field:
        return None
    return next((note for note in notes if _root(note) == part.field), None)


def _under_notes(notes: Sequence[NoteView], inner: list[Row], closed: set[int]) -> tuple[list[Row], set[int]]:
    """The section's notes before its parts."""
    lines = [Row(note_line(note, 1), sign="|") for note in notes]
    return [*lines, *inner], {len(lines) + each for each in closed}


def note_line(note: NoteView, depth: int = 0) -> Line:
    """`- logit_bias dropped: the upstream knows none`."""
    tone = _TONES.get(note.action, "warn")
    why = f": {note.why}" if note.why else ""
    pad = " " * (json_text.INDENT * depth)
    sign = SIGNS.get(note.action, "~")
    return Line(
        ((f"{pad}{sign} ", tone), (note.field, "accent"), (f" {note.action}", tone), (why, "plain")), len(pad) + 2
    )


def _root(note: NoteView) -> str:
    """`messages` of `messages[2].content`."""
    return note.field.partition(".")[0].partition("[")[0].partition(" ")[0]


def section_of(note: NoteView, ours: dict[Section, list[Part]]) -> Section:
    """Where a note is told: by the first word of its field, else by what the client's request has of that name."""
    root = _root(note)
    if root in _HOME:
        return _HOME[root]
    if root in _INSIDE:
        return _INSIDE[root]
    return next((section for section in SECTIONS if any(part.field == root for part in ours[section])), "parameters")


_INSIDE: dict[str, Section] = {
    "tool_use": "tools",
    "functionCall": "messages",
    "content": "messages",
    "citations": "messages",
    "signature": "messages",
    "thinking_blocks": "messages",
    "image": "messages",
    "assistant": "messages",
    "cache_control": "messages",
    "phase": "messages",
}
"""First words of notes on what lies inside messages or tools."""
