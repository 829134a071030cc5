"""Markdown as lines of a terminal. Nothing that was said is left out: HTML and link definitions stay as text.

CommonMark with tables and strikethrough, parsed by markdown-it (which rich brings), laid out by rich. Where a terminal
is no page, the layout differs: line breaks of the source are kept, text is at most READ_WIDTH columns wide, code and
tables use the whole width, the address of a link stands behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from rich import box
from rich.cells import cell_len
from rich.console import COLOR_SYSTEMS, Console, ConsoleOptions, ConsoleRenderable, RenderResult
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.table import Table
from rich.text import Text

READ_WIDTH = 100
"""Columns of running text on a terminal that is wider."""

CODE_INDENT = 2
NUMBER_COLUMNS = 4
"""Of a numbered item's marker at least, so that 9 and 10 stand in one list without a step."""

MAX_NESTING = 100
"""markdown-it leaves out what is nested deeper; its own 20 is too few for a program that must not lose text."""

_HEADS = {"h1": Style(bold=True, underline=True), "h2": Style(bold=True)}
_LOWER_HEAD = Style(bold=True, italic=True)
_SPANS = {"strong": Style(bold=True), "em": Style(italic=True), "s": Style(strike=True)}
_CODE = Style(color="cyan")
_LINK = Style(underline=True)
_FAINT = Style(dim=True)

_THEME = ANSISyntaxTheme(
    {
        ("Comment",): Style(dim=True),
        ("Keyword",): Style(color="magenta"),
        ("Operator", "Word"): Style(color="magenta"),
        ("Name", "Builtin"): Style(color="cyan"),
        ("Name", "Function"): Style(bold=True),
        ("Name", "Class"): Style(bold=True),
        ("Name", "Decorator"): Style(color="cyan"),
        ("Name", "Tag"): Style(color="magenta"),
        ("Name", "Attribute"): Style(color="cyan"),
        ("Literal", "String"): Style(color="green"),
        ("Literal", "Number"): Style(color="cyan"),
        ("Generic", "Deleted"): Style(color="red"),
        ("Generic", "Inserted"): Style(color="green"),
        ("Generic", "Heading"): Style(bold=True),
        ("Generic", "Subheading"): Style(color="cyan"),
    }
)
"""The terminal's own colours, and of those the ones that can be read on black and on white."""


class Line:
    """One row of the terminal, ready to be written. `plain`: its text; `cells`: how many columns that takes."""

    __slots__ = ("ansi", "cells", "plain")

    def __init__(self, ansi: str = "", plain: str = "") -> None:
        self.ansi = ansi
        self.plain = plain
        self.cells = cell_len(plain)


BLANK = Line()


class Shaper:
    """Makes lines for one terminal; its width is looked at anew each time."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
        self._parser.enable(["table", "strikethrough"]).disable("reference")
        self._colours = COLOR_SYSTEMS.get(console.color_system or "")
        self._ascii = console.options.ascii_only

    @property
    def width(self) -> int:
        """Columns a line may take: one less than there are, since a full one leaves the cursor in doubt."""
        return max(1, self.console.size.width - 1)

    def blocks(self, source: str) -> list[SyntaxTreeNode]:
        """The top-level blocks; `map` holds their first line and the one behind their last."""
        return SyntaxTreeNode(self._parser.parse(source)).children

    def lines(self, node: SyntaxTreeNode) -> list[Line]:
        """A whole block."""
        return self._rendered(self._block(node))

    def item(self, node: SyntaxTreeNode, number: int | None) -> list[Line]:
        """One item of a list; `number` None for a bullet."""
        return self._rendered(self._item(node, number))

    def code(self, code: Sequence[str], info: str, first: int) -> list[list[Line]]:
        """The rows of each line of code from number `first` on; `info`: what stands behind the fence."""
        lines = self._highlighted("\n".join(code), info).split("\n", allow_blank=True)[first:]
        return [self._rendered(_Hanging(" " * CODE_INDENT, _At(line))) for line in lines]

    # -- blocks --------------------------------------------------------------------------------------------------------

    def _block(self, node: SyntaxTreeNode) -> ConsoleRenderable:
        make = _BLOCKS.get(node.type)
        return make(self, node) if make is not None else Text(node.content)

    def _paragraph(self, node: SyntaxTreeNode) -> ConsoleRenderable:
        return self._inline(node)

    def _heading(self, node: SyntaxTreeNode) -> ConsoleRenderable:
        return self._inline(node, _HEADS.get(node.tag, _LOWER_HEAD))

    def _fence(self, node: SyntaxTreeNode) -> ConsoleRenderable:
        return _Hanging(" " * CODE_INDENT, _At(self._highlighted(node.content.removesuffix("\n"), node.info)))

    def _quote(self, node: SyntaxTreeNode) -> ConsoleRenderable:
        bar = "| " if self._ascii else "│ "
        return _Hanging(bar, self._stack(node.children), style=_FAINT, repeat=True)

    def _list(self, node: SyntaxTreeNode) -> ConsoleRenderable:
        first = start_of(node)
        numbers = [None if first is None else first + turn for turn in range(len(node.children))]
        items = [self._item(item, number) for item, number in zip(node.children, numbers, strict=True)]
        return _Stack(items, apart=is_loose(node))

    def _item(self, node: SyntaxTreeNode, number: int | None) -> ConsoleRenderable:
        bullet = "- " if self._ascii else "• "
        marker = bullet if number is None else f"{number}. ".rjust(NUMBER_COLUMNS)
        return _Hanging(marker, self._stack(node.children, tight=True))

    def _rule(self, node: SyntaxTreeNode) -> ConsoleRenderable:
        return _At(Rule(style=_FAINT, characters="-" if self._ascii else "─"), READ_WIDTH)

    def _table(self, node: SyntaxTreeNode) -> ConsoleRenderable:
        rows = [row.children for part in node.children for row in part.children]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, border_style=_FAINT, header_style="bold")
        for cell in rows[0]:
            style = str(cell.attrs.get("style") or "")
            side = style.removeprefix("text-align:")
            justify = side if side in ("right", "center") else "left"
            table.add_column(self._inline(cell), justify=justify, overflow="fold")  # type: ignore[arg-type]
        for row in rows[1:]:
            table.add_row(*map(self._inline, row))
        return _Table(table, len(rows[0]), rows, self._inline)

    def _stack(self, nodes: Sequence[SyntaxTreeNode], *, tight: bool = False) -> ConsoleRenderable:
        """Blocks one below the other. `tight`: those of an item, where a line between them is for loose lists."""
        apart = not tight or (len(nodes) > 1 and not nodes[0].hidden)
        return _Stack([self._block(node) for node in nodes], apart=apart)

    # -- text ----------------------------------------------------------------------------------------------------------

    def _inline(self, node: SyntaxTreeNode, style: Style | None = None) -> Text:
        text = Text(overflow="fold", style=style or "")
        for child in node.children:
            self._spans(text, child.children or [child], Style())
        return text

    def _spans(self, text: Text, nodes: Iterable[SyntaxTreeNode], style: Style) -> None:
        for node in nodes:
            match node.type:
                case "softbreak" | "hardbreak":
                    text.append("\n")
                case "code_inline":
                    text.append(*self._inline_code(node.content, style))
                case "link":
                    self._link(text, node, style)
                case "image":
                    text.append(node.content or "image", style + _LINK)
                    text.append(f" ({node.attrs.get('src', '')})", style + _FAINT)
                case kind if kind in _SPANS:
                    self._spans(text, node.children, style + _SPANS[kind])
                case _:
                    text.append(node.content, style)

    def _inline_code(self, code: str, style: Style) -> tuple[str, Style]:
        """In colour, or between its backticks where there is none."""
        if self.console.no_color or self._colours is None:
            return f"`{code}`", style
        return code, style + _CODE

    def _link(self, text: Text, node: SyntaxTreeNode, style: Style) -> None:
        begun = len(text)
        self._spans(text, node.children, style + _LINK)
        url = str(node.attrs.get("href", ""))
        if text.plain[begun:] not in (url, url.removeprefix("mailto:")):
            text.append(f" ({url})", style + _FAINT)

    def _highlighted(self, code: str, info: str) -> Text:
        words = info.split()
        lexer = re.split(r"[{,:]", words[0])[0] if words else ""
        text = Syntax("", lexer or "text", theme=_THEME).highlight(code + "\n")  # pygments wants one at the end
        text.remove_suffix("\n")
        text.expand_tabs(4)
        text.no_wrap, text.overflow = False, "fold"
        return text

    # -- lines ---------------------------------------------------------------------------------------------------------

    def _rendered(self, renderable: ConsoleRenderable, width: int | None = None) -> list[Line]:
        options = self.console.options.update(width=width or self.width, height=None)
        rows = self.console.render_lines(_reading(renderable), options, pad=False)
        return [self._line(row) for row in rows]

    def _line(self, segments: Iterable[Segment]) -> Line:
        kept = [segment for segment in segments if not segment.control]
        plain = "".join(segment.text for segment in kept).rstrip()
        if self.console.no_color:
            kept = list(Segment.remove_color(kept))
        room, parts = len(plain), []
        for text, style, _ in kept:
            shown, room = text[:room], max(0, room - len(text))
            if shown:
                parts.append(style.render(shown, color_system=self._colours) if style and self._colours else shown)
        return Line("".join(parts), plain)


_BLOCKS: dict[str, Callable[[Shaper, SyntaxTreeNode], ConsoleRenderable]] = {
    "paragraph": Shaper._paragraph,
    "heading": Shaper._heading,
    "fence": Shaper._fence,
    "code_block": Shaper._fence,
    "blockquote": Shaper._quote,
    "bullet_list": Shaper._list,
    "ordered_list": Shaper._list,
    "hr": Shaper._rule,
    "table": Shaper._table,
}


def start_of(node: SyntaxTreeNode) -> int | None:
    """The first number of a list, None for bullets."""
    return int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None


def is_loose(node: SyntaxTreeNode) -> bool:
    """Whether blank lines stand between its items: then their paragraphs are paragraphs."""
    return any(part.type == "paragraph" and not part.hidden for item in node.children for part in item.children)


class _At:
    """A body at most so many columns wide, or as wide as there is room."""

    def __init__(self, body: ConsoleRenderable, columns: int | None = None) -> None:
        self._body = body
        self._columns = columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width if self._columns is None else min(options.max_width, self._columns)
        yield from console.render(self._body, options.update(width=width))


def _reading(body: ConsoleRenderable) -> ConsoleRenderable:
    """Running text is narrower than code and tables."""
    return _At(body, READ_WIDTH) if isinstance(body, Text) else body


class _Stack:
    """One below the other, `apart` by a blank line."""

    def __init__(self, parts: Sequence[ConsoleRenderable], *, apart: bool) -> None:
        self._parts = parts
        self._apart = apart

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, part in enumerate(self._parts):
            if number and self._apart:
                yield Segment.line()
            for row in console.render_lines(_reading(part), options, pad=False):
                yield from row
                yield Segment.line()


class _Hanging:
    """A body with a marker before its first line, and as much room, or the marker again, before the others."""

    def __init__(
        self, marker: str, body: ConsoleRenderable, *, style: Style | None = None, repeat: bool = False
    ) -> None:
        self._marker = marker
        self._body = body
        self._style = style
        self._repeat = repeat

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = cell_len(self._marker)
        body = options.update(width=max(1, options.max_width - room))
        rows = console.render_lines(_reading(self._body), body, pad=False) or [[]]
        for number, row in enumerate(rows):
            yield Segment(self._marker if self._repeat or not number else " " * room, self._style)
            yield from row
            yield Segment.line()


class _Table:
    """A table, or its cells in lines of their own where there is no room for its columns."""

    def __init__(
        self,
        table: Table,
        columns: int,
        rows: Sequence[Sequence[SyntaxTreeNode]],
        inline: Callable[[SyntaxTreeNode], Text],
    ) -> None:
        self._table = table
        self._columns = columns
        self._rows = rows
        self._inline = inline

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width >= MIN_COLUMN * self._columns:
            yield self._table
            return
        for row in self._rows:
            yield from self._cells(row)

    def _cells(self, row: Sequence[SyntaxTreeNode]) -> Iterator[Text]:
        for cell in row:
            yield self._inline(cell)
        yield Text()


MIN_COLUMN = 6
"""Columns of the terminal that one of a table needs to be read."""
