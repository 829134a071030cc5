"""The answer: as it came from upstream, and beside it as the client got it; what it says, or the bytes it came in."""

from __future__ import annotations

from itertools import zip_longest
from typing import Literal

from a2a.control.bodies import is_binary
from a2a.control.types import Exchange
from a2a.tui.diff import align
from a2a.tui.inspect import bodies, json_diff, json_text
from a2a.tui.inspect.frames import Frame, frames
from a2a.tui.inspect.request_page import alone, counts, texts
from a2a.tui.inspect.sheet import Line, Row, Sheet, Sign, fold_under, line, sign_of
from a2a.tui.inspect.spoken import TONES, Kind, Piece, spoken

Form = Literal["words", "bytes"]


def sheet(exchange: Exchange, n: int, form: Form) -> Sheet:
    """The page for attempt `n`. `words` becomes `bytes` where nothing is recognised."""
    got = exchange.bodies.answer if exchange.bodies is not None else None
    came = bodies.of_attempt(exchange, n)
    answer = came.answer if came is not None else None
    if got is None and answer is None:
        return bodies.unrecorded(exchange) if exchange.bodies is None else bodies.nothing("No answer was recorded.")
    is_last = n == bodies.last_attempt(exchange)
    if not is_last:
        got = None  # what the client got belongs to the last attempt
    heads = (f"from {bodies.where_to(exchange, n)}", "client answer")
    if got is None or answer is None:
        body, title = (answer, heads[0]) if answer is not None else (got, heads[1])
        remark = "" if is_last else "the client got nothing of this: another attempt followed"
        return _one(
            body or "", title, remark, form, cut=bodies.was_cut(exchange, f"{n}.answer" if answer else "answer")
        )
    cut = bodies.cut_remark(exchange, "answer", f"{n}.answer")
    found = words(spoken(answer), spoken(got), heads) if form == "words" and _known(answer, got) else None
    if found is None:
        found = _bytes(exchange, answer, got, heads)
    return Sheet(found.rows, found.heads, "; ".join(filter(None, (found.remark, cut))), found.folded)


def _known(*sides: str) -> bool:
    """Whether each says something that is recognised, or is empty: beside a blank, what the other says looks added."""
    return all(spoken(body) or not body.strip() for body in sides)


def _one(body: str, title: str, remark: str, form: Form, *, cut: bool) -> Sheet:
    pieces = spoken(body) if form == "words" else []
    if pieces:
        return Sheet(_said_rows(pieces), (title, ""), remark)
    stream = frames(body)
    if not stream:
        return alone(body, title, remark, cut=cut)
    rows, folded = _frame_rows(stream, [])
    return Sheet(rows, (title, ""), remark, frozenset(folded))


# --- what is said


def words(left: list[Piece], right: list[Piece], heads: tuple[str, str]) -> Sheet | None:
    """Both answers as what they say, line by line; None where neither says anything that is known."""
    if not left and not right:
        return None
    if _plain(left) == _plain(right):
        return Sheet(_said_rows(left), (f"{heads[0]} = {heads[1]}", ""), "both say the same")
    old, new = _flat(left), _flat(right)
    rows = []
    for one, other in align(old, new):
        ours = None if one is None else _said_line(*old[one])
        theirs = None if other is None else _said_line(*new[other])
        rows.append(Row(ours, theirs, sign_of(ours, theirs)))
    return Sheet(rows, heads, _told(left, right) or counts(rows))


def _told(left: list[Piece], right: list[Piece]) -> str:
    """What differs by rule, in a sentence; empty for anything else."""
    if _plain(left, "stop") == _plain(right, "stop"):
        return "both say the same; each protocol has its own word for why it stopped"
    if _plain(left, "stop", "reasoning") == _plain(right, "stop"):
        return "all but the reasoning, which the client's protocol shows only where it was asked for"
    return ""


def _plain(pieces: list[Piece], *but: Kind) -> list[tuple[Kind, str]]:
    """What is said, without the keys that each protocol has of its own."""
    return [(piece.kind, piece.text) for piece in pieces if piece.kind not in but]


def _flat(pieces: list[Piece]) -> list[tuple[Kind, bool, str]]:
    """(kind, whether it is the kind's own line, text): a line with the kind, then the lines of the text."""
    found: list[tuple[Kind, bool, str]] = []
    for piece in pieces:
        found.append((piece.kind, True, piece.kind))
        found += [(piece.kind, False, text) for text in json_text.text_lines(piece.text)]
    return found


def _said_line(kind: Kind, is_head: bool, text: str) -> Line:
    return line(text, "strong") if is_head else Line((("  ", "plain"), (text, TONES[kind])), 2)


def _said_rows(pieces: list[Piece]) -> list[Row]:
    found: list[Row] = []
    for piece in pieces:
        inner = [Row(_said_line(piece.kind, False, text)) for text in json_text.text_lines(piece.text)]
        head = Row(_said_line(piece.kind, True, piece.kind), briefs=(f"  … {len(inner)} lines", ""))
        found += fold_under(head, inner)
    return found


# --- the bytes


def _bytes(exchange: Exchange, answer: str, got: str, heads: tuple[str, str]) -> Sheet:
    if answer == got:
        remark = "the client got the upstream's bytes as they were"
        return _one(got, f"{heads[0]} = {heads[1]}", remark, "bytes", cut=bodies.was_cut(exchange, "answer"))
    left, right = frames(answer), frames(got)
    if left or right:
        rows, folded = _frame_rows(left or [Frame("", answer)], right or [Frame("", got)])
        return Sheet(rows, heads, f"{len(left)} frames from upstream, {len(right)} to the client", frozenset(folded))
    try:
        ours = bodies.json_of(answer, cut=bool(bodies.cut_remark(exchange, f"{bodies.last_attempt(exchange)}.answer")))
        theirs = bodies.json_of(got, cut=bodies.was_cut(exchange, "answer"))
        if exchange.mode == "convert":
            rows, folded = json_diff.paired(json_text.printed(ours), json_text.printed(theirs), "|")
            return Sheet(rows, heads, "another protocol", frozenset(folded))
        rows, folded = json_diff.rows(ours, theirs)
    except (ValueError, RecursionError):
        rows, folded = texts(_readable(answer), _readable(got)), set()
    return Sheet(rows, heads, counts(rows) or "no line differs", frozenset(folded))


def _readable(body: str) -> str:
    return "bytes that are no text" if is_binary(body) else body


def _frame_rows(left: list[Frame], right: list[Frame]) -> tuple[list[Row], set[int]]:
    """Frame beside frame in the order they came; each folds into one line, and starts so."""
    found: list[Row] = []
    folded: set[int] = set()
    sign: Sign = "|" if right else " "
    for n, (one, other) in enumerate(zip_longest(left, right), 1):
        ours, theirs = _inside(one), _inside(other)
        head = Row(_frame_line(n, one), _frame_line(n, other), sign, flat=True)
        inner = [Row(a, b, sign) for a, b in zip_longest(ours, theirs)]
        if inner:
            folded.add(len(found))
        found += fold_under(head, inner)
    return found, folded


def _frame_line(n: int, frame: Frame | None) -> Line | None:
    if frame is None:
        return None
    name = f"{frame.name}  " if frame.name else ""
    return Line(((f"{n:>4}  ", "dim"), (name, "accent"), (json_text.cleaned(frame.data[:300]), "plain")), 6)


def _inside(frame: Frame | None) -> list[Line]:
    """The frame's data in full, where its own line does not say it already."""
    if frame is None:
        return []
    try:
        return [each.line for each in json_text.printed(json_text.parse(frame.data), 3)]
    except (ValueError, RecursionError):
        return [line("      " + each) for each in json_text.text_lines(frame.data)] if len(frame.data) > 300 else []
