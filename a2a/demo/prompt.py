"""Reading a prompt the way a very literal assistant would: paths, places, numbers, quoted text, JSON objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_REMINDER = re.compile(r"<(system-reminder|session_context|environment_context|user_instructions)>.*?</\1>", re.DOTALL)
_PATH = re.compile(r"(?<![\w:/])(?:~|\.{1,2})?/[\w./@+-]*[\w]|(?<![\w/.@-])[\w-]+(?:/[\w.-]+)*\.[A-Za-z]\w{0,5}(?!\w)")
_URL = re.compile(r"https?://[^\s<>\"')\]]+")
_QUOTED = re.compile(r"`([^`\n]+)`|\"([^\"\n]+)\"|“([^”\n]+)”|(?<!\w)'([^'\n]+)'(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w])")
_NAME = r"[A-ZÀ-ÖØ-Þ][\w'’-]*(?:\s[A-ZÀ-ÖØ-Þ][\w'’-]*)*"
_PLACES = re.compile(
    rf"\b(?:in|for|of|at|to|from|near)\s+({_NAME}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+or\s+){_NAME})*)"
)
_JOINT = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s+or\s+")
_COMMAND = re.compile(r"\b(?:run|execute|command)\b:?\s+(?:the\s+command\s+)?([a-z][\w./-]*(?:\s+[^\s.,;]+)*)")
_ABOUT = re.compile(r"\b(?:for|about|search)\s+([^.,;?!\n]+)")


def spoken(text: str) -> str:
    """The prompt without the reminders that coding agents wrap into user messages."""
    return _REMINDER.sub("", text).strip()


def paths(text: str) -> list[str]:
    """File names and paths, in order, each once."""
    return _unique(match.group() for match in _PATH.finditer(_URL.sub(" ", text)))


def urls(text: str) -> list[str]:
    return _unique(match.group().rstrip(".,;") for match in _URL.finditer(text))


def quoted(text: str) -> list[str]:
    """Whatever stands in back-ticks or quotation marks."""
    return _unique(next(group for group in match.groups() if group) for match in _QUOTED.finditer(text))


def places(text: str) -> list[str]:
    """Capitalised names behind a preposition: `in Kyoto and Oslo` gives both."""
    found = (part for match in _PLACES.finditer(text) for part in _JOINT.split(match.group(1)))
    return _unique(part.strip() for part in found)


def numbers(text: str) -> list[str]:
    """Number literals as written, without those inside paths and words."""
    return _NUMBER.findall(text)


def number_near(text: str, word: str) -> str | None:
    """The number next to `word`: `3 days`, `days: 3`, `days = 3`; None when there is none."""
    stem = re.escape(word.rstrip("s"))
    match = re.search(rf"\b{stem}s?\b\s*(?:[:=]|is|of|to)?\s*(-?\d+(?:\.\d+)?)", text, re.IGNORECASE)
    match = match or re.search(rf"(-?\d+(?:\.\d+)?)\s*{stem}s?\b", text, re.IGNORECASE)
    return match.group(1) if match else None


def command(text: str) -> str | None:
    """A shell command: quoted text first, else what follows `run`."""
    if known := quoted(text):
        return known[0]
    match = _COMMAND.search(text)
    return match.group(1) if match else None


def topic(text: str) -> str:
    """What a search is about: quoted text, else what follows `for` or `about`, else the prompt."""
    if known := quoted(text):
        return known[0]
    match = _ABOUT.search(text)
    return (match.group(1) if match else text).strip()


def json_objects(text: str) -> list[str]:
    """Literal JSON objects, each exactly as it was written."""
    decoder, found, at = json.JSONDecoder(), list[str](), text.find("{")
    while at >= 0:
        try:
            _, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            end = at + 1
        else:
            found.append(text[at:end])
        at = text.find("{", end)
    return found


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
