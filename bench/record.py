"""What recording costs the way of the requests: an `a2a serve` that records nothing, exchanges, and also their bodies.

Usage: python -m bench.record [--seconds S] [--load KIND …] [--instructions]

Time is compared within one process, which takes turns of a twentieth of a second (bench/turns.py): two processes differ
by some per cent from where their memory happens to lie, and one moment from the next by far more. It is the CPU time of
the event loop's thread per request. That thread has a core to itself, as it would have where the load comes from
elsewhere: else it is the scheduler that is measured. With --instructions these are counted instead
(bench/instructions.py).
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.instructions import MODES, Counted
from bench.load import crowd, unary
from bench.measures import CHAT, CLAUDE, chat_body, claude_body
from bench.processes import Process, start_a2a, start_upstream
from bench.turns import Round
from bench.upstream import fast_runner

SERVER_S = 6.0
"""For so long one server is measured, then the next: where memory happens to lie makes them differ."""


class Load(Struct, frozen=True):
    """`clients` ask at once, each again `pause_s` after its answer. `turn_s` and `settle_s` are the lengths of a turn
    and of what comes before it.

    `calm`: what is asked where instructions are counted, `counted` times by `few` clients: streams at a model's pace.
    """

    path: str
    body: bytes
    clients: int
    turn_s: float
    settle_s: float
    calm: bytes
    counted: int
    few: int
    stream: bool = False
    pause_s: float = 0.0


_SMALL = chat_body("bench-small", stream=False)
_LARGE = chat_body("bench-small", stream=False, size=200 * 1024)
_STREAM, _CALM = (chat_body(model, stream=True) for model in ("bench-stream", "bench-brisk"))
LOADS = {
    "unary": Load(CHAT, _SMALL, 32, 0.05, 0.005, _SMALL, 240, 8),
    "200 KB body": Load(CHAT, _LARGE, 16, 0.05, 0.005, _LARGE, 120, 8),
    "200 KB, at a pace": Load(CHAT, _LARGE, 16, 0.2, 0.02, _LARGE, 120, 8, pause_s=0.1),
    "stream": Load(CHAT, _STREAM, 4, 0.1, 0.05, _CALM, 20, 1, stream=True),
    "claude -> openai": Load(
        CLAUDE, claude_body("bench-mixed"), 4, 0.1, 0.05, claude_body("bench-tools"), 20, 1, stream=True
    ),
}
"""Saturated, but for the one at a pace that the writing of such bodies can follow."""


def timed(upstream: Process, folder: Path, load: Load, seconds: float, core: int) -> str:
    """Costs in per cent, with their standard errors: each server tells its medians. `core`: of the event loop, -1 for
    any.
    """
    number = max(2, round(seconds / SERVER_S))
    servers = [_turns(upstream, folder / f"{at}", load, seconds / number, core) for at in range(number)]
    everything = [one for rounds in servers for one in rounds]
    plain_us = statistics.median(_per_exchange(one, "off") for one in everything) * 1e6
    shown = f"{plain_us:12,.0f} us of CPU, {len(everything)} rounds"
    for mode in ("on", "bodies"):
        costs = [_cost(rounds, mode) for rounds in servers]
        shown += f"   {mode} {statistics.mean(costs):+.1f} % (± {statistics.stdev(costs) / math.sqrt(number):.1f})"
    _, ended, without = (sum(of) for of in zip(*(one["bodies"] for one in everything), strict=True))
    return f"{shown}, {1 - without / ended:.0%} of them kept"


def _turns(upstream: Process, folder: Path, load: Load, seconds: float, core: int) -> list[Round]:
    """Of one server."""
    folder.mkdir()
    file = folder / "turns.json"
    program = ["bench.turns", str(file), str(core), str(load.turn_s), str(load.settle_s)]
    process = start_a2a(upstream, folder / "home", program=program, settings={"A2A_LOG_BODIES": "true"})
    try:
        if load.stream or load.pause_s:
            with fast_runner() as runner:
                ask = crowd(process, load.path, load.body, clients=load.clients, seconds=seconds, pause_s=load.pause_s)
                answers = runner.run(ask)
            right, wrong = sum(answer.ok for answer in answers), sum(not answer.ok for answer in answers)
        else:
            body = folder / "body.json"
            body.write_bytes(load.body)
            right, wrong = unary(process, load.path, body, clients=load.clients, seconds=seconds)
    finally:
        process.stop()
    if wrong or not right:
        raise RuntimeError(f"{wrong} wrong answers, {right} right ones")
    rounds = msgspec.json.decode(file.read_bytes(), type=list[Round])
    return [one for one in rounds if all(served >= 5 for _, served, _ in one.values())]


def _cost(rounds: list[Round], mode: str) -> float:
    """Per cent more than without a record, the median of the rounds: some are hit by something else."""
    return (statistics.median(_per_exchange(one, mode) / _per_exchange(one, "off") for one in rounds) - 1) * 100


def _per_exchange(one: Round, mode: str) -> float:
    cpu_s, ended, _ = one[mode]
    return cpu_s / ended


def counted(upstream: Process, folder: Path, load: Load) -> str:
    """Costs in per cent, each of the cheapest turn: now and then a chore of the process falls into one."""
    subject = Counted(upstream, folder / "counted")
    found: dict[str, list[float]] = {mode: [] for mode in MODES}
    try:
        for _ in range(5):
            for mode, costs in found.items():
                subject.record(mode)
                costs.append(subject.cost(load.path, load.calm, clients=load.few, requests=load.counted))
    finally:
        subject.process.stop()
    best = {mode: min(costs) for mode, costs in found.items()}
    shown = f"{best['off']:12,.0f} instructions"
    return shown + "".join(f"   {mode} {(best[mode] / best['off'] - 1) * 100:+.1f} %" for mode in ("on", "bodies"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.record", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each load")
    parser.add_argument("--load", action="append", choices=LOADS)
    parser.add_argument("--instructions", action="store_true")
    options = parser.parse_args()
    if options.instructions and shutil.which("valgrind") is None:
        print("instructions are counted by valgrind, which is not on PATH", file=sys.stderr)
        return 2
    first, *others = sorted(os.sched_getaffinity(0))
    if others:
        os.sched_setaffinity(0, others)  # for all that is started here
    core = first if others else -1
    with ExitStack() as stack:
        upstream = start_upstream()
        stack.callback(upstream.stop)
        for kind in options.load or LOADS:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="a2a-record-")))
            load = LOADS[kind]
            shown = (
                counted(upstream, folder, load)
                if options.instructions
                else timed(upstream, folder, load, options.seconds, core)
            )
            print(f"{kind:18}{shown}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
