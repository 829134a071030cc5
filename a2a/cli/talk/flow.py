"""A stream of Markdown as lines that are final and lines that may still change. No I/O, no clock.

What is final: every block but the last one; of the last one all items of a list but the last, all lines of code but the
one that is being written, and the upper part of a paragraph that is taller than the screen. The source of what is final
is forgotten, so a step costs what the open block costs, however long the answer is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from markdown_it.tree import SyntaxTreeNode

from a2a.cli.talk.controls import clean
from a2a.cli.talk.shape import BLANK, Line, Shaper, start_of

CODE_CONTEXT = 50
"""Lines of code above the open one that its colours are worked out from, at least."""

BITE = 4000
"""Characters taken in at a time."""

MARKER = re.compile(r"[ \t]*[-+*=_#`~|:>.)\d \t]{1,200}\Z")
"""A last line that may yet become a heading's underline, a fence, a list's marker: it waits until it is more."""


class Flow:
    """One answer; `feed` and `step` in turns, the last step with `final`."""

    def __init__(self, shaper: Shaper) -> None:
        self._shaper = shaper
        self._source = ""
        self._coded = 0
        """Lines of the open block of code that are final."""
        self._number: int | None = None
        """What the first item of the open list is called, where the items before it are final."""
        self._gap = False
        """Whether a blank line goes before the next line."""

    def step(self, more: str, rows: int, *, final: bool = False) -> tuple[list[Line], list[Line]]:
        """Take in `more`; gives the lines that are final now, and those that are open. `rows`: room for the open."""
        text = clean(more)
        done: list[Line] = []
        opened: list[Line] = []
        for at in range(0, max(1, len(text)), BITE):
            self._source += text[at : at + BITE]
            finished, opened = self._advance(rows, final=final and at + BITE >= len(text))
            done += finished
        return done, opened

    def _advance(self, rows: int, *, final: bool) -> tuple[list[Line], list[Line]]:
        vague = "" if final else self._take_vague()
        done: list[Line] = []
        opened: list[Line] = []
        blocks = self._shaper.blocks(self._source)
        for block in blocks if final else blocks[:-1]:
            done += self._whole(block)
        if final:
            self._source = ""
        elif blocks:
            self._drop_lines(_first(blocks[-1]))
            finished, opened = self._open(self._shaper.blocks(self._source)[-1], rows)
            done += finished
            if opened and self._gap:
                opened = [BLANK, *opened]
        self._source += vague
        return done, opened

    def _take_vague(self) -> str:
        """Hold back a last line that is only a marker."""
        above, newline, last = self._source.rpartition("\n")
        if not MARKER.match(last):
            return ""
        self._source = above + newline
        return last

    def _drop_lines(self, count: int) -> None:
        self._source = "\n".join(self._source.split("\n")[count:])

    def _spaced(self, lines: list[Line]) -> list[Line]:
        """Lines that are final, with the blank one that is due before them."""
        if not lines:
            return []
        due, self._gap = self._gap, False
        return [BLANK, *lines] if due else lines

    def _whole(self, block: SyntaxTreeNode) -> list[Line]:
        """What is left of a block that has ended."""
        if _is_list(block):
            done = self._items(block, block.children)
        elif block.type == "fence":
            rows = self._code(block, block.content.removesuffix("\n").split("\n"))
            done = self._spaced([line for row in rows for line in row])
        else:
            done = self._spaced(self._shaper.lines(block))
        self._coded, self._number, self._gap = 0, None, True
        return done

    def _open(self, block: SyntaxTreeNode, rows: int) -> tuple[list[Line], list[Line]]:
        if _is_list(block):
            return self._open_list(block)
        if block.type == "fence":
            return self._open_code(block)
        if self._source.lstrip().startswith("|") and self._source.count("\n") < 2:
            return [], []  # the first line of what may be a table
        lines = self._shaper.lines(block)
        if block.type == "paragraph" and len(lines) > rows and (at := self._cut(lines, len(lines) - rows // 2)):
            head, self._source = self._source[:at], self._source[at:]
            done = [line for one in self._shaper.blocks(head) for line in self._shaper.lines(one)]
            opened = [line for one in self._shaper.blocks(self._source) for line in self._shaper.lines(one)]
            return self._spaced(done), opened
        return [], lines

    # -- lists ---------------------------------------------------------------------------------------------------------

    def _items(self, block: SyntaxTreeNode, items: Sequence[SyntaxTreeNode]) -> list[Line]:
        """These first items of the list, final; a blank line goes where one stands in the source."""
        source = self._source.split("\n")
        done: list[Line] = []
        for item in items:
            done += self._spaced(self._shaper.item(item, self._numbered(block)))
            if self._number is not None:
                self._number += 1
            end = item.map[1] if item.map else 0
            self._gap = 0 < end <= len(source) and not source[end - 1].strip()
        return done

    def _numbered(self, block: SyntaxTreeNode) -> int | None:
        if self._number is None:
            self._number = start_of(block)
        return self._number

    def _open_list(self, block: SyntaxTreeNode) -> tuple[list[Line], list[Line]]:
        *ended, last = block.children
        done = self._items(block, ended)
        self._drop_lines(_first(last))
        return done, self._shaper.item(last, self._numbered(block))

    # -- code ----------------------------------------------------------------------------------------------------------

    def _open_code(self, block: SyntaxTreeNode) -> tuple[list[Line], list[Line]]:
        *whole, begun = block.content.split("\n")
        rows = self._code(block, [*whole, begun] if begun else whole)
        opened = rows.pop() if begun else []
        self._coded = len(whole)
        if len(whole) > 2 * CODE_CONTEXT:
            fence, *code = self._source.split("\n")
            self._source = "\n".join([fence, *code[len(whole) - CODE_CONTEXT :]])
            self._coded = CODE_CONTEXT
        return self._spaced([line for row in rows for line in row]), opened

    def _code(self, block: SyntaxTreeNode, code: list[str]) -> list[list[Line]]:
        """The rows of each line that is not final yet."""
        return self._shaper.code(code, block.info, self._coded) if len(code) > self._coded else []

    # -- paragraphs ----------------------------------------------------------------------------------------------------

    def _cut(self, lines: Sequence[Line], count: int) -> int | None:
        """Where in the source the first `count` lines of an open paragraph end; None where they cannot be told apart.

        Markup is skipped over, so the place is tried: both halves must say together what the whole says.
        """
        at = 0
        for letter in _letters(line.plain for line in lines[:count]):
            at = self._source.find(letter, at) + 1
            if not at:
                return None
        while at < len(self._source) and self._source[at].isspace():
            at += 1
        if at >= len(self._source):
            return None
        halves = [self._shaper.blocks(half) for half in (self._source[:at], self._source[at:])]
        if any(len(blocks) != 1 or blocks[0].type != "paragraph" for blocks in halves):
            return None
        said = _letters(line.plain for blocks in halves for line in self._shaper.lines(blocks[0]))
        return at if said == _letters(line.plain for line in lines) else None


def _first(node: SyntaxTreeNode) -> int:
    """Its first line in the source."""
    return node.map[0] if node.map else 0


def _is_list(node: SyntaxTreeNode) -> bool:
    return node.type in ("bullet_list", "ordered_list")


def _letters(texts: Iterable[str]) -> str:
    """Everything but space, which wrapping changes."""
    return "".join("".join(text.split()) for text in texts)
