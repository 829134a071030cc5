"""The cells of the matrix as a table: which checks there are, and which cells do not exist.

`a2a demo` shows a row per front and provider and a column per group of checks. `ABSENT` names a cell that cannot exist
and the limit of the protocol that forbids it; whatever is not listed there is run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from time import perf_counter
from typing import NamedTuple

from msgspec import Struct

from a2a.demo.matrix import checks, troubles
from a2a.demo.matrix.lab import Desk, Lab
from a2a.demo.matrix.sides import FRONTS, PROVIDERS, Upstream
from a2a.demo.matrix.talk import Dialect
from a2a.demo.matrix.wrong import Wrong


class Check(Struct, frozen=True):
    """A function of `checks` or `troubles`, the column it is shown in, and the section that demands it."""

    run: Callable[[Desk], Awaitable[None]]
    column: str
    source: str

    @property
    def name(self) -> str:
        """What the cell is called in `--json` and in reasons."""
        return self.run.__name__


CHECKS = (
    Check(checks.text, "text", "conversion.md 9"),
    Check(checks.stream, "stream", "conversion.md 10.1"),
    Check(checks.stream_array, "stream", "conversion.md 10.1"),
    Check(checks.tools, "tools", "conversion.md 6"),
    Check(checks.tools_stream, "tools", "conversion.md 6, 10.1"),
    Check(checks.parallel, "par", "conversion.md 6.4"),
    Check(checks.parallel_stream, "par", "conversion.md 6.4, 10.1"),
    Check(checks.image, "img", "conversion.md 5.2"),
    Check(checks.document, "pdf", "conversion.md 5.2"),
    Check(checks.reasoning, "think", "conversion.md 7"),
    Check(checks.reasoning_stream, "think", "conversion.md 7, 10.1"),
    Check(checks.structured, "json", "conversion.md 8.1"),
    Check(checks.structured_stream, "json", "conversion.md 8.1, 10.1"),
    Check(checks.count_tokens, "count", "conversion.md 13.1"),
    Check(troubles.wrong_key, "err", "conversion.md 11.1"),
    Check(troubles.malformed_body, "err", "conversion.md 11.1"),
    Check(troubles.upstream_400, "err", "contract.md 6"),
    Check(troubles.upstream_401, "err", "contract.md 6"),
    Check(troubles.upstream_429, "err", "contract.md 6"),
    Check(troubles.upstream_500, "err", "contract.md 6"),
    Check(troubles.unknown_model, "err", "conversion.md 11.1"),
    Check(troubles.all_fail, "err", "conversion.md 11.1"),
    Check(troubles.broken_stream, "err", "conversion.md 11.2"),
    Check(troubles.failover, "over", "contract.md 7"),
    Check(troubles.failover_stream, "over", "contract.md 7"),
)

COLUMNS = tuple(dict.fromkeys(check.column for check in CHECKS))

_NO_CELL: tuple[tuple[str, str, str, str], ...] = (
    ("chat", "*", "stream_array", "only Gemini streams as a JSON array (conversion.md 10.1)"),
    ("responses", "*", "stream_array", "only Gemini streams as a JSON array (conversion.md 10.1)"),
    ("claude", "*", "stream_array", "only Gemini streams as a JSON array (conversion.md 10.1)"),
    ("chat", "*", "count_tokens", "Chat has no route that counts (conversion.md 13.1)"),
    ("*", "openai-qwen-oauth", "document", "Qwen's models read text and images, no documents (qwen.md 8)"),
)
"""Front, provider (`*`: each of them), check, and why there is no such cell."""

ABSENT = {
    (front.name, provider.id, check): why
    for of_front, of_provider, check, why in _NO_CELL
    for front in FRONTS
    for provider in PROVIDERS
    if of_front in ("*", front.name) and of_provider in ("*", provider.id)
}
"""(front, provider, check) -> why there is no such cell."""


class Cell(NamedTuple):
    front: Dialect
    provider: Upstream
    check: Check

    @property
    def absent(self) -> str | None:
        """Why the cell does not exist, None when it does."""
        return ABSENT.get((self.front.name, self.provider.id, self.check.name))


class Outcome(Struct, frozen=True, kw_only=True):
    """A cell that has run. `ok` None: it does not exist. `detail`: what was wrong, or why there is no such cell."""

    front: str
    provider: str
    check: str
    column: str
    ok: bool | None
    detail: str = ""
    ms: float = 0.0


def rows() -> Iterator[list[Cell]]:
    """All cells, a list per front and provider."""
    for front in FRONTS:
        for provider in PROVIDERS:
            yield [Cell(front, provider, check) for check in CHECKS]


async def run(cell: Cell, lab: Lab) -> Outcome:
    """Never raises for what a server does."""
    began = perf_counter()
    detail = cell.absent or ""
    ok: bool | None = None
    if cell.absent is None:
        try:
            await cell.check.run(Desk(lab, cell.front, cell.provider))
            ok = True
        except Wrong as wrong:
            ok, detail = False, str(wrong)
    return Outcome(
        front=cell.front.name,
        provider=cell.provider.id,
        check=cell.check.name,
        column=cell.check.column,
        ok=ok,
        detail=detail,
        ms=round((perf_counter() - began) * 1000, 1),
    )
