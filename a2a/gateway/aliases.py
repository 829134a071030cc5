"""The user's own names for models: exact ones, patterns with `*` and `?`, and pools of targets (docs/routing.md).

An alias never hides the model of the same name from itself: while its targets are looked up it is out of play, so
`gpt-5 = ["gpt-5", "kiro/auto"]` means what it says, and no chain of aliases goes in a circle.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping

from a2a.config import AliasDecl

MAX_DEALT = 10_000
"""Conversations remembered per alias."""


class Aliases:
    """Looked up by the name a client sends; an exact name goes before a pattern, patterns in the order of the file."""

    def __init__(self, declared: Mapping[str, AliasDecl], plain: Callable[[str], str]) -> None:
        """`plain`: a name without what does not matter for looking it up."""
        self._exact = {name: decl for name, decl in declared.items() if not is_pattern(name)}
        self._patterns = [(name, _compiled(name), decl) for name, decl in declared.items() if is_pattern(name)]
        self._plain = plain

    def __bool__(self) -> bool:
        return bool(self._exact or self._patterns)

    def find(self, name: str, used: frozenset[str] = frozenset(), *, whole: bool = False) -> str | None:
        """The alias that holds for `name`, but for those `used` already. `whole`: of those with a slash only."""
        for wanted in (name, self._plain(name)):
            if wanted in self._exact and wanted not in used and ("/" in wanted or not whole):
                return wanted
        for pattern, compiled, _ in self._patterns:
            if pattern not in used and ("/" in pattern or not whole) and compiled.fullmatch(name):
                return pattern
        return None

    def __getitem__(self, alias: str) -> AliasDecl:
        return self._exact[alias] if alias in self._exact else next(d for name, _, d in self._patterns if name == alias)

    def __iter__(self) -> Iterator[str]:
        """Exact names, then patterns."""
        yield from self._exact
        yield from (name for name, _, _ in self._patterns)


def is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` is any text, `?` one character; brackets are brackets, as in Claude Code's `[1m]`."""
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


class Dealer:
    """Deals conversations out over the targets of one alias, in turn; each stays with the one it got.

    What a conversation is called is the affinity's business; None deals without remembering.
    """

    def __init__(self, size: int = MAX_DEALT) -> None:
        self._dealt: OrderedDict[str, int] = OrderedDict()
        self._size = size
        self._turn = 0

    def first(self, count: int, conversation: str | None, *, new: bool = False, dry: bool = False) -> int:
        """Which of `count` targets is asked first; `count` may change between two calls. `new`: its first turn, which
        others may have begun with the same words. `dry`: nothing is dealt."""
        kept = self._dealt.get(conversation) if conversation is not None and not new else None
        if dry:
            return (self._turn if kept is None else kept) % count
        if kept is None:
            kept = self._turn
            self._turn += 1
        if conversation is not None:
            self._dealt[conversation] = kept
            self._dealt.move_to_end(conversation)
            if len(self._dealt) > self._size:
                self._dealt.popitem(last=False)
        return kept % count
