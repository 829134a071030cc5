"""What recording costs: `a2a serve` without it, with it, and with bodies, in turns on one machine.

Usage: python -m bench.record [--rounds N] [--seconds S]

Two figures for each kind of load: requests (or chunks) per CPU second of the event loop's thread, which is the way of
the requests, and per CPU second of the whole process, in which the writer's thread counts too. What is still to be
written when a load ends is written before the next one begins.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from bench.load import crowd, unary
from bench.measures import CHAT, CLAUDE, chat_body, claude_body
from bench.processes import Process, start_a2a, start_upstream
from bench.upstream import STREAMS, fast_runner

MODES = {
    "off": {"A2A_LOG_EXCHANGES": "false"},
    "on": {},
    "bodies": {"A2A_LOG_BODIES": "true"},
}
"""What is recorded -> settings."""

LOADS = ("unary", "200 KB body", "stream", "claude -> openai")


def load(kind: str, process: Process, folder: Path, seconds: float) -> tuple[int, tuple[float, float]]:
    """Requests or chunks served, and the CPU seconds of the loop's thread and of the process they took."""
    before = process.loop_cpu_s(), process.cpu_s()
    if kind in ("unary", "200 KB body"):
        file = folder / "body.json"
        file.write_bytes(chat_body("bench-small", stream=False, size=0 if kind == "unary" else 200 * 1024))
        served, wrong = unary(process, CHAT, file, clients=32 if kind == "unary" else 16, seconds=seconds)
    else:
        stream = kind == "stream"
        path, body = (CHAT, chat_body("bench-stream", stream=True)) if stream else (CLAUDE, claude_body("bench-mixed"))
        with fast_runner() as runner:
            answers = runner.run(crowd(process, path, body, clients=32, seconds=seconds))
        right = sum(answer.ok for answer in answers)
        served, wrong = right * STREAMS["stream" if stream else "mixed"].chunks, len(answers) - right
    spent = process.loop_cpu_s() - before[0]
    process.settle()
    if wrong or not served:
        raise RuntimeError(f"{kind}: {wrong} wrong answers, {served} served")
    return served, (spent, process.cpu_s() - before[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.record", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--load", action="append", choices=LOADS)
    options = parser.parse_args()
    taken: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="a2a-record-")))
        upstream = start_upstream()
        stack.callback(upstream.stop)
        processes = {}
        for mode, settings in MODES.items():
            processes[mode] = start_a2a(upstream, folder / mode, settings=settings)
            stack.callback(processes[mode].stop)
        for kind in options.load or LOADS:
            for turn in range(options.rounds + 1):
                for mode, process in processes.items():
                    served, spent = load(kind, process, folder, options.seconds if turn else 0.5)
                    if turn:  # the first is for warming up
                        taken[kind, mode].append((served / spent[0], served / spent[1]))
                print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    for kind in options.load or LOADS:
        for at, what in enumerate(("loop", "process")):
            rates = {mode: [figures[at] for figures in taken[kind, mode]] for mode in MODES}
            shown = "".join(f"{mode:>8} {statistics.median(rates[mode]):>9,.0f}" for mode in MODES)
            costs = "".join(f"   {mode} {_cost(rates['off'], rates[mode]):+.1f} %" for mode in MODES if mode != "off")
            print(f"{kind:18} per {what:8} CPU s {shown} {costs}")
    return 0


def _cost(without: list[float], with_it: list[float]) -> float:
    """Per cent more CPU, as the median over the rounds: each compares neighbours in time."""
    return statistics.median((one / other - 1) * 100 for one, other in zip(without, with_it, strict=True))


if __name__ == "__main__":
    sys.exit(main())
