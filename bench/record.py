"""What recording costs: one `a2a serve`, told in turns to record nothing, exchanges, or exchanges with bodies.

Usage: python -m bench.record [--rounds N] [--seconds S]

It is one process throughout, told by its settings: two that do the very same differ by some per cent from where their
memory happens to lie. Two figures for each kind of load: requests (or chunks) per CPU second of the event loop's
thread, which is the way of the requests, and per CPU second of the whole process, in which the threads count too that
hand the record over. What is still to be written when a load ends is written before the next one begins, and counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import httpx

from bench.load import crowd, unary
from bench.measures import CHAT, CLAUDE, chat_body, claude_body
from bench.processes import Process, start_a2a, start_upstream
from bench.upstream import STREAMS, fast_runner

MODES = {
    "off": "log_exchanges = false",
    "on": "log_exchanges = true",
    "bodies": "log_exchanges = true\nlog_bodies = true",
}
"""What is recorded -> lines of `[server]`."""

LOADS = ("unary", "200 KB body", "stream", "claude -> openai")


class Subject:
    """The server whose settings change."""

    def __init__(self, upstream: Process, home: Path) -> None:
        self.process = start_a2a(upstream, home)
        self._config = home / "config.toml"
        self._text = self._config.read_text()
        self._cores = sorted(os.sched_getaffinity(0))

    def apart(self) -> None:
        """Its loop has a core to itself, and all others share the rest: a busy neighbour costs 5 to 15 %."""
        if len(self._cores) > 1:
            loop = self.process.popen.pid
            os.sched_setaffinity(loop, self._cores[:1])
            for other in (0, *self.process.tasks(), *self.process.children()):
                if other != loop:
                    os.sched_setaffinity(other, self._cores[1:])

    def record(self, mode: str) -> None:
        """From now on."""
        self._config.write_text(self._text.replace("[server]", f"[server]\n{MODES[mode]}"))
        httpx.post(f"{self.process.url}/admin/v1/reload", headers=self.process.headers).raise_for_status()

    def cpu_s(self) -> tuple[float, float]:
        """Of the loop's thread, and of all threads."""
        threads = self.process.threads_cpu_s()
        return threads[self.process.popen.pid], sum(threads.values())


def load(kind: str, subject: Subject, folder: Path, seconds: float) -> tuple[float, float]:
    """Requests or chunks per CPU second of the loop's thread, and of the process."""
    process, before = subject.process, subject.cpu_s()
    if kind in ("unary", "200 KB body"):
        file = folder / "body.json"
        file.write_bytes(chat_body("bench-small", stream=False, size=0 if kind == "unary" else 200 * 1024))
        served, wrong = unary(process, CHAT, file, clients=32 if kind == "unary" else 16, seconds=seconds)
    else:
        stream = kind == "stream"
        path, body = (CHAT, chat_body("bench-brisk", stream=True)) if stream else (CLAUDE, claude_body("bench-tools"))
        with fast_runner() as runner:
            answers = runner.run(crowd(process, path, body, clients=32, seconds=seconds))
        right = sum(answer.ok for answer in answers)
        served, wrong = right * STREAMS["brisk" if stream else "tools"].chunks, len(answers) - right
    loop_s = subject.cpu_s()[0] - before[0]
    process.settle()
    if wrong or not served:
        raise RuntimeError(f"{kind}: {wrong} wrong answers, {served} served")
    return served / loop_s, served / (subject.cpu_s()[1] - before[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.record", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--load", action="append", choices=LOADS)
    options = parser.parse_args()
    taken: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="a2a-record-")))
        upstream = start_upstream()
        stack.callback(upstream.stop)
        subject = Subject(upstream, folder / "home")
        stack.callback(subject.process.stop)
        modes = list(MODES)
        for kind in options.load or LOADS:
            for turn in range(options.rounds + 1):
                for mode in modes:
                    subject.record(mode)
                    subject.apart()
                    rates = load(kind, subject, folder, options.seconds)
                    if turn:  # the first is for warming up
                        taken[kind, mode].append(rates)
                modes.append(modes.pop(0))  # none is always behind the same other one
                print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    for kind in options.load or LOADS:
        for at, what in enumerate(("loop", "process")):
            rates_of = {mode: [figures[at] for figures in taken[kind, mode]] for mode in MODES}
            shown = "".join(f"{mode:>8} {_better(rates_of[mode]):>9,.0f}" for mode in MODES)
            costs = "".join(f"   {mode} {_cost(rates_of['off'], rates_of[mode])}" for mode in MODES if mode != "off")
            print(f"{kind:18} per {what:8} CPU s {shown} {costs}")
    return 0


def _better(rates: list[float]) -> float:
    """The median of the better half: what slows the others is the rest of the machine."""
    return statistics.median(sorted(rates)[len(rates) // 2 :])


def _cost(without: list[float], with_it: list[float]) -> str:
    """Per cent more CPU; in brackets the middle half of the rounds, each of which compares neighbours in time."""
    costs = sorted((one / other - 1) * 100 for one, other in zip(without, with_it, strict=True))
    quarter = len(costs) // 4
    cost = (_better(without) / _better(with_it) - 1) * 100
    return f"{cost:+.1f} % ({costs[quarter]:+.1f} … {costs[-1 - quarter]:+.1f})"


if __name__ == "__main__":
    sys.exit(main())
