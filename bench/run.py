"""`make bench`: rounds in turns (bare, a2a, bare, a2a …), medians, ratios beside the targets. Asserts nothing.

Usage: python -m bench.run [--quick] [--only bare] [--measure NAME]…
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.measures import FULL, MEASURES, QUICK, Bench, Measure
from bench.processes import Process, start_upstream


@dataclass(frozen=True)
class Row:
    """One line of the table. `compare`: how the target is stated: a2a / bare, a2a - bare, or a2a's own figure."""

    label: str
    title: str
    unit: str
    compare: Literal["ratio", "difference", "figure"]
    now: str
    later: str = ""


ROWS = (
    Row("unary", "unary, small chat", "req/CPU s", "ratio", ">= 1.0", ">= 1.8"),
    Row("body", "unary, 200 KB request body", "req/CPU s", "ratio", ">= 0.7", ">= 0.95"),
    Row("chunks", "stream of 100 chunks, saturated", "chunks/CPU s", "ratio", ">= 0.9", ">= 1.15"),
    Row("paced", "stream of 100 chunks, one per 10 ms", "chunks/CPU s", "ratio", ">= 0.9", ">= 1.4"),
    Row("claude_openai", "Claude -> OpenAI, converting stream", "chunks/CPU s", "ratio", ">= 0.75", ">= 0.95"),
    Row("openai_claude", "OpenAI -> Claude, converting stream", "chunks/CPU s", "ratio", ">= 0.75", ">= 0.95"),
    Row("added_unary", "added, unary, p50", "ms", "ratio", "<= 1.3", "<= 0.8"),
    Row("added_first", "added to a stream's first byte, p50", "ms", "ratio", "<= 1.2", "<= 0.9"),
    Row("slow_first", "200 slow streams: first token, p99", "ms", "figure", "<= 150", "<= 150"),
    Row("slow_stalls", "200 slow streams: stalled", "streams", "figure", "0", "0"),
    Row("slow_peak", "200 slow streams: peak RSS", "MiB", "figure", "<= 80", "<= 60"),
    Row("slow_cpu", "200 slow streams: CPU", "s", "ratio", "<= 1.25", "<= 0.8"),
    Row("pool_success", "pool of 3, one failing: success", "%", "figure", "100", "100"),
    Row("pool_p99", "pool of 3, one failing: p99", "ms", "figure", "<= 60", "<= 25"),
    Row("pool_attempts", "pool of 3, one failing: attempts", "per req", "figure", "<= 1.05", "<= 1.02"),
    Row("start_ms", "start to first 200", "ms", "figure", "<= 450", "<= 330"),
    Row("start_rss", "RSS at the first 200", "MiB", "figure", "<= 60", "<= 48"),
    Row("help_ms", "a2a --help (bare: import typer, rich)", "ms", "difference", "<= +60", "<= +20"),
)

Taken = dict[str, dict[str, list[float]]]
"""Label -> process name -> one figure per round."""


def rounds(bench: Bench, relays: list[Process], measures: list[Measure]) -> Taken:
    """Take turns round by round, so that a slow moment of the machine hits both."""
    taken: Taken = defaultdict(lambda: defaultdict(list))
    for measure in measures:
        remark(f"{measure.__name__} ", end="")
        for _ in range(bench.effort.rounds):
            for relay in relays:
                try:
                    figures = measure(bench, relay)
                except (RuntimeError, OSError, subprocess.SubprocessError) as failed:
                    remark(f"[{relay.name}: {failed}] ", end="")
                    continue
                for label, figure in figures.items():
                    taken[label][relay.name].append(figure)
                remark(".", end="")
        remark()
    return taken


def table(taken: Taken) -> list[str]:
    """The lines to print; a dash where nothing was measured."""
    lines = [f"{'':38} {'':12} {'bare':>9} {'a2a':>9} {'result':>8}   {'target':9} later"]
    for row in ROWS:
        if row.label not in taken:
            continue
        bare, a2a = (_median(taken[row.label].get(name)) for name in ("bare", "a2a"))
        lines.append(
            f"{row.title:38} {row.unit:12} {_figure(bare):>9} {_figure(a2a):>9} {_result(row, bare, a2a):>8}"
            f"   {row.now:9} {row.later}"
        )
    return lines


def _median(figures: list[float] | None) -> float | None:
    return statistics.median(figures) if figures else None


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def _result(row: Row, bare: float | None, a2a: float | None) -> str:
    if a2a is None or (bare is None and row.compare != "figure"):
        return "-"
    if row.compare == "figure" or bare is None:
        return _figure(a2a)
    if row.compare == "difference":
        return f"{a2a - bare:+.0f}"
    return f"{a2a / bare:.2f} x" if bare else "-"


def remark(text: str = "", end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


def main() -> int:
    """Exit code 1 only when a process does not start."""
    names = [measure.__name__ for measure in MEASURES]
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one short round: about a minute, rougher figures")
    parser.add_argument("--only", choices=["bare", "a2a"], help="measure one of the two")
    parser.add_argument("--measure", action="append", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    options = parser.parse_args()
    if not Path("/proc/self/stat").exists():
        remark("bench: needs Linux: CPU and memory are read from /proc")
        return 1
    begun = time.perf_counter()
    chosen = [measure for measure in MEASURES if not options.measure or measure.__name__ in options.measure]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="a2a-bench-")))
        upstream = start_upstream()
        stack.callback(upstream.stop)
        bench = Bench(upstream, folder, QUICK if options.quick else FULL)
        relays = []
        for name in [options.only] if options.only else ["bare", "a2a"]:
            try:
                relays.append(bench.fresh(name))
            except RuntimeError as failed:
                remark(f"bench: {failed}")
                return 1
            stack.callback(relays[-1].stop)
        taken = rounds(bench, relays, chosen)
    print("\n".join(table(taken)))
    print(
        f"\nMedians of {bench.effort.rounds} interleaved rounds, {time.perf_counter() - begun:.0f} s. "
        "CPU s: seconds of the relaying process with all its threads."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
