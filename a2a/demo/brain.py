"""The model behind every emulator: a pure function from a view of the request to an answer.

It echoes, calls the tools that the prompt asks for with arguments their schema accepts, tells what a tool said, gives
the size of an image, thinks aloud when reasoning is on, and answers with an instance when a schema is asked. A tool
result of this turn is always the end of the turn: it never calls again, unless a choice forces it to.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from a2a.demo import fill, pictures
from a2a.demo import prompt as read
from a2a.demo.catalog import words
from a2a.demo.faults import DIRECTIVE
from a2a.demo.tally import CHARS_PER_TOKEN, tokens
from a2a.demo.view import Answer, Call, Picture, Tool, View

_LONGEST_ECHO = 2000
_HINT_TAIL = 1500
"""Hints that stand for a missing field are appended to the system text: only its end is searched for them."""

_WORDS = re.compile(r"\[\[words:\s*(\d{1,6})\s*\]\]")
_REDACT = re.compile(r"\[\[redacted\]\]")
_ASKS = re.compile(r"\b(?:use|using|call|invoke|run)\b", re.IGNORECASE)
_ANY_TOOL = re.compile(
    r"\b(?:use|call|invoke)\s+(?:the|a|an|your|any|some)?\s*(?:\w+\s+)?(?:tools?|functions?)\b", re.IGNORECASE
)
_TWICE = re.compile(r"\btwice\b|\bin parallel\b|\btwo times\b", re.IGNORECASE)
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_VERBS = words("get set list fetch find search make create do run read write the a to of for call tool use edit")
_BREAKABLE = re.compile(r'"\w\w+"\s*:|(?<=[\s:\[,])-?\d[\d.]+')
_MUST_CALL = re.compile(r"[^.\n]*\b(?:must|required to|have to)\b[^.\n]*\b(?:call|use)\b[^.\n]*", re.IGNORECASE)
_NO_CALLS = re.compile(r"\b(?:do not|don't|must not|never)\s+(?:call|use)\s+(?:any|a|the)\s+tools?\b", re.IGNORECASE)
_JSON_ONLY = re.compile(
    r"\b(?:only|just|nothing but|single|valid)\b[^.\n]{0,60}\bJSON\b|\bJSON\b[^.\n]{0,60}\b(?:only|nothing else)\b",
    re.IGNORECASE,
)


def answer(view: View) -> Answer:
    """What the model says."""
    view = _obeyed(msgspec.structs.replace(view, text=_plain(view.text)))
    calls = _calls(view)
    text = _structured(view) if (view.as_json or view.schema is not None) and not calls else _speech(view, calls)
    thinking = _thinking(view, calls) if view.reasoning else ""
    return _limited(Answer(thinking=thinking, text=text, calls=calls, stop="tool" if calls else "end"), view)


def wants_redaction(text: str) -> bool:
    """The prompt holds `[[redacted]]`: a vendor that can should hide its thinking."""
    return _REDACT.search(text) is not None


def _plain(text: str) -> str:
    """The prompt without fault directives and agents' reminders."""
    return read.spoken(DIRECTIVE.sub("", text))


def _obeyed(view: View) -> View:
    """Choices and formats that a protocol without such fields spells out at the end of the system text."""
    if not view.instructions or view.choice != "auto":
        return view
    ending, schema = _without_schema(view.instructions)
    tail = ending[-_HINT_TAIL:]
    if view.tools and _NO_CALLS.search(tail):
        view = msgspec.structs.replace(view, choice="none")
    elif view.tools and (found := _MUST_CALL.findall(tail)):
        named = [tool.name for tool in view.tools if any(_mentions(line, tool.name) for line in found)]
        if named or any("tool" in line.lower() for line in found):
            view = msgspec.structs.replace(view, choice="required", forced=named[0] if len(named) == 1 else None)
    if not view.as_json and view.schema is None and _JSON_ONLY.search(tail):
        view = msgspec.structs.replace(view, as_json=True, schema=schema)
    return view


def _without_schema(text: str) -> tuple[str, dict[str, Any] | None]:
    """The system text up to a JSON schema at its very end, and that schema."""
    literals = read.json_objects(text[text.rfind("\n\n") + 1 :])
    if not literals or not text.rstrip().endswith(literals[-1]):
        return text, None
    value = msgspec.json.decode(literals[-1])
    return text.rstrip().removesuffix(literals[-1]), value


def _calls(view: View) -> tuple[Call, ...]:
    if not view.tools or view.choice == "none":
        return ()
    chosen = _chosen(view)
    calls: list[Call] = []
    literals = [text for text in read.json_objects(view.text) if text != "{}"]
    for tool in chosen:
        turns = _times(tool, view) if len(chosen) == 1 else 1
        for turn in range(turns):
            number = len(calls)
            literal = literals[min(number, len(literals) - 1)] if literals else None
            calls.append(Call(tool.name, _arguments(tool, view.text, turn, literal)))
    return tuple(calls if view.parallel else calls[:1])


def _chosen(view: View) -> list[Tool]:
    """The tools to call: the forced one, or those the prompt asks for."""
    if view.forced is not None:
        return [tool for tool in view.tools if tool.name == view.forced][:1]
    if view.choice == "required":
        fresh = [tool for tool in view.tools if tool.name not in view.answered]
        wanted = [] if view.results else _asked(view)
        return wanted or (fresh or list(view.tools))[:1]
    return [] if view.results else _asked(view)


def _asked(view: View) -> list[Tool]:
    named = [tool for tool in view.tools if _named(view.text, tool.name)]
    if named:
        return named
    if _ANY_TOOL.search(view.text):
        return [view.tools[0]]
    meant = [tool for tool in view.tools if _meant(view.text, tool.name)]
    return meant[:1]


def _named(text: str, name: str) -> bool:
    """Whether the prompt speaks of the tool by its name.

    A name that is also a plain word (`Read`, `write`) needs more: `the Read tool`, `call write`, or its capital letter
    in a sentence that asks for a call.
    """
    if not name.isalpha() or (any(map(str.isupper, name[1:])) and not name.isupper()):
        return _mentions(text, name)
    word = re.escape(name)
    phrase = rf"`{word}`|\b{word}\s+(?:tool|function)\b|\b(?:use|call|invoke|using)\s+(?:the\s+|your\s+)?{word}\b"
    if re.search(phrase, text, re.IGNORECASE):
        return True
    return name[0].isupper() and _ASKS.search(text) is not None and re.search(rf"\b{word}\b", text) is not None


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None


def _meant(text: str, name: str) -> bool:
    """`What is the weather in Kyoto?` means `get_weather`: all telling parts of a compound name occur."""
    parts = [part.lower() for part in _PARTS.findall(name)]
    telling = [part for part in parts if part not in _VERBS]
    return len(parts) > 1 and bool(telling) and all(re.search(rf"\b{part}", text.lower()) for part in telling)


def _times(tool: Tool, view: View) -> int:
    """How many calls of one tool: as many as things are named, at least two when the prompt says so."""
    return max(fill.wants_items(tool.schema, view.text), 2 if _TWICE.search(view.text) else 1)


def _arguments(tool: Tool, text: str, turn: int, literal: str | None) -> str:
    if tool.freeform:
        return (read.quoted(text) or [text])[0]
    if literal is not None:
        return literal  # as it was written: number literals and key order survive
    made = fill.instance({"type": "object"} | tool.schema, text, turn)
    return fill.as_text(made if isinstance(made, dict) else {})


def _structured(view: View) -> str:
    if view.schema is None:
        return fill.as_text({"answer": _speech(view, ())})
    return fill.as_text(fill.instance(view.schema, view.text))


def _speech(view: View, calls: Sequence[Call]) -> str:
    if calls:
        return f"Calling {' and '.join(dict.fromkeys(call.name for call in calls))} … "
    if (count := _WORDS.search(view.text)) is not None:
        return " ".join(f"wörd{number}" for number in range(int(count.group(1))))
    said = [f"The tool said: {result}" for result in view.results]
    said += [_picture(image) for image in view.images]
    said += [f"The document {one.name} is {one.kind}, {one.size} bytes." for one in view.documents]
    if not view.results and (view.text or not said):
        echo = view.text if len(view.text) <= _LONGEST_ECHO else view.text[:_LONGEST_ECHO] + "…"
        said.append(f"You said: {echo} — noted ✓")
    return "\n".join(said)


def _picture(image: Picture) -> str:
    if image.url is not None:
        return f"The image is at {image.url}."
    size, kind = pictures.size(image.data), pictures.media_type(image.data)
    return f"The image is {size[0]}x{size[1]} pixels ({kind})." if size else f"The image is unreadable ({kind})."


def _thinking(view: View, calls: Sequence[Call]) -> str:
    plan = f"I call {', '.join(call.name for call in calls)}" if calls else "I answer in my own words"
    return f"The user wrote “{view.text[:80]}”. {plan} → naïve, but it will do ✓."


def _limited(whole: Answer, view: View) -> Answer:
    """The answer cut at a stop sequence or at the token limit; a call that does not fit is cut in its arguments."""
    text, stop, stop_text, calls, thinking = whole.text, whole.stop, None, whole.calls, whole.thinking
    hits = [(text.find(end), end) for end in view.stops if end and end in text]
    if hits:
        at, stop_text = min(hits)
        text, calls, stop = text[:at], (), "stop_sequence"
    if view.max_output is not None and whole.output_tokens > view.max_output and stop != "stop_sequence":
        room = view.max_output * CHARS_PER_TOKEN
        thinking = thinking[:room]
        text = text[: room - len(thinking)]
        calls, stop = _fitting(calls, room - len(thinking) - len(text)), "length"
    return Answer(thinking=thinking, text=text, calls=calls, stop=stop, stop_text=stop_text)


def _fitting(calls: Sequence[Call], room: int) -> tuple[Call, ...]:
    kept: list[Call] = []
    for call in calls:
        room -= tokens(call.name) * CHARS_PER_TOKEN
        if room <= 0:
            break
        kept.append(Call(call.name, call.arguments[:room]))
        room -= len(call.arguments)
    return tuple(kept)


def slices(text: str, most: int = 8) -> list[str]:
    """The text in up to `most` uneven pieces: breaks fall inside words and numbers, never inside a character."""
    if not text:
        return []
    count = min(most, max(1, len(text) // 6))
    edges = [len(text) * number // count for number in range(count + 1)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def shards(arguments: str) -> list[str]:
    """The arguments of a call in pieces that break inside every key and every longer number."""
    inside = {match.start() + (2 if match.group().startswith('"') else 1) for match in _BREAKABLE.finditer(arguments)}
    edges = [0, *sorted(inside), len(arguments)]
    return [piece for start, end in itertools.pairwise(edges) for piece in slices(arguments[start:end], 3)]
