"""Writes docs/conversion.md: what becomes of every field, request and answer, between every two protocols.

    .venv/bin/python scripts/conversion_table.py            writes it anew
    .venv/bin/python scripts/conversion_table.py --check    exit code 1 if it differs, or if a field is LOST

The fields are data in `conversion_fields`, what becomes of them is found out by `conversion_probe`; this file only lays
the page out. `tests/rooms/test_conversion_table.py` runs the check.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from conversion_fields import answers, chat, claude, gemini, responses
from conversion_fields.model import Field, Group
from conversion_fields.words import ANSWERS, INTRO, LEGEND, REQUESTS
from conversion_probe import TYPICAL, Outcome, answer_outcome, request_outcome

from a2a.messages import Proto
from a2a.protocols.registry import FRONTS

PAGE = Path(__file__).parents[1] / "docs" / "conversion.md"
CLIENTS: dict[str, tuple[str, tuple[Group, ...]]] = {
    "chat": ("Chat Completions", chat.GROUPS),
    "responses": ("Responses", responses.GROUPS),
    "claude": ("Claude Messages", claude.GROUPS),
    "gemini": ("Gemini", gemini.GROUPS),
}
UPSTREAMS: dict[Proto, str] = {
    "chat": "Chat Completions",
    "responses": "Responses",
    "claude": "Claude Messages",
    "gemini": "Gemini",
    "kiro": "Kiro",
}
_MADE = "<!-- Written by scripts/conversion_table.py; change the code or scripts/conversion_fields instead. -->"
_MOST_PARTS = 3
_MOST_VALUE = 24

Judge = Callable[[Group, Field, str], Outcome]


def page() -> str:
    """The whole page."""
    lines = ["# What becomes of every field", "", _MADE, "", INTRO.strip(), "", LEGEND.strip(), ""]
    lines += [f"- {proto}: `{provider}`, {model}" for proto, (provider, model) in TYPICAL.items()]
    lines += ["", REQUESTS.strip(), ""]
    for front, (title, groups) in CLIENTS.items():
        lines += [f"### From {title} clients", "", *_table(groups, list(TYPICAL), _requests(front)), ""]
    lines += [ANSWERS.strip(), ""]
    for upstream, title in UPSTREAMS.items():
        lines += [
            f"### From {title} upstreams",
            "",
            *_table(answers.GROUPS[upstream], list(FRONTS), _answers(upstream)),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def lost() -> Iterator[str]:
    """Fields of which nothing is left and nothing is said: `chat seed at kiro`."""
    for front, (_, groups) in CLIENTS.items():
        yield from (f"{front} {row}" for row in _lost(groups, list(TYPICAL), _requests(front)))
    for upstream in UPSTREAMS:
        groups = answers.GROUPS[upstream]
        yield from (f"answer of {upstream} {row}" for row in _lost(groups, list(FRONTS), _answers(upstream)))


def _lost(groups: Sequence[Group], columns: Sequence[str], judge: Judge) -> Iterator[str]:
    for group in groups:
        for field in group.fields:
            for column in columns:
                if judge(group, field, column).fate == "LOST":
                    yield f"{field.name} at {column}"


def _requests(front: str) -> Judge:
    return lambda group, field, target: request_outcome(front, group, field, target)  # type: ignore[arg-type]


def _answers(upstream: Proto) -> Judge:
    return lambda group, field, front: answer_outcome(upstream, group, field, front)


class _Remarks:
    """Longer words, numbered in the order of their first use."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, words: str) -> str:
        return f"({self._numbers.setdefault(words, len(self._numbers) + 1)})" if words else ""

    def lines(self) -> list[str]:
        return [f"{number}. {_escaped(words)}" for words, number in self._numbers.items()]


def _table(groups: Sequence[Group], columns: Sequence[str], judge: Judge) -> list[str]:
    """One table, its subjects as rows of their own, its remarks behind it."""
    remarks = _Remarks()
    lines = [_row(["field", *columns]), _row(["---"] * (len(columns) + 1))]
    title = ""
    for group in groups:
        if group.title != title:
            title = group.title
            lines.append(_row([f"**{title}**", *([""] * len(columns))]))
        for field in group.fields:
            cells = [_cell(judge(group, field, column), group, field, remarks) for column in columns]
            lines.append(_row([f"`{field.name}`", *cells]))
    return [*lines, "", *remarks.lines()]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cell(outcome: Outcome, group: Group, field: Field, remarks: _Remarks) -> str:
    """One outcome in a few signs."""
    mark = remarks.mark(outcome.words) if outcome.fate != "told" else ""
    match outcome.fate:
        case "carried":
            said = "✓" if _own(outcome.paths, group, field) else f"→ {_path(outcome.paths)}"
        case "mapped":
            said = f"≈ {_path(outcome.paths)}{_value(outcome.value)}" if outcome.paths else "≈"
        case "refused":
            said = "400"
        case "told":
            said = f"*{outcome.words}*"
        case fate:
            said = fate
    return f"{said} {mark}".rstrip()


def _own(paths: Sequence[str], group: Group, field: Field) -> bool:
    """Whether the value stands where the client put it."""
    at = [part for part in (group.at, field.at.split(" ")[0] or field.name) if part]
    own = "".join(f".{key}" if not key.lstrip("+").isdigit() else "[]" for key in ".".join(at).split("."))[1:]
    return all(path == own or path.startswith((f"{own}.", f"{own}[")) for path in paths)


def _path(paths: Sequence[str]) -> str:
    """`…thinkingConfig.thinkingLevel`: the end of a path says enough."""
    shown = []
    for path in paths:
        parts = path.split(".")
        shown.append(f"`{'…' if len(parts) > _MOST_PARTS else ''}{'.'.join(parts[-_MOST_PARTS:])}`")
    return ", ".join(dict.fromkeys(shown))


def _value(value: str | None) -> str:
    """` = value` when it is short enough to help."""
    if value is None or len(value) > _MOST_VALUE:
        return ""
    return f" = `{value.strip(chr(34))}`"


def _escaped(words: str) -> str:
    """A remark as Markdown text."""
    return words.replace("<", "&lt;").replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    """1 when something is LOST, or when the page differs and `--check` was given."""
    missing = list(lost())
    for row in missing:
        sys.stderr.write(f"LOST without a note: {row}\n")
    made = page()
    current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else None
    if "--check" not in arguments:
        PAGE.write_text(made, encoding="utf-8")
        sys.stderr.write(f"docs/{PAGE.name} written\n")
    elif made != current:
        sys.stderr.write(
            f"docs/{PAGE.name} is not what the code does: run .venv/bin/python scripts/conversion_table.py\n"
        )
    return 1 if missing or (made != current and "--check" in arguments) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
