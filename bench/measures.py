"""What is measured: one function per measure, each one round on one process, each returning label -> figure."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load import Answer, Probe, crowd, unary
from bench.processes import UPSTREAM_KEY, Process, environment, start_a2a, start_bare
from bench.upstream import FAILING_KEY, STREAMS, fast_runner

CHAT = "/v1/chat/completions"
CLAUDE = "/v1/messages"
SLOW_STREAMS = 200
STALL_S = 1.0
"""A silence this long in a stream that gets a chunk every 100 ms is a stall."""
TYPER_ALONE = "import typer, rich.console"


@dataclass(frozen=True)
class Effort:
    """`seconds` of load per round and process; `probes`: single requests per latency."""

    rounds: int
    seconds: float
    probes: int


FULL = Effort(rounds=3, seconds=3.0, probes=150)
QUICK = Effort(rounds=1, seconds=2.0, probes=60)


@dataclass
class Bench:
    """What a measure gets: the running upstream, a maker of fresh processes, a folder for bodies and homes."""

    upstream: Process
    folder: Path
    effort: Effort

    def fresh(self, name: str) -> Process:
        """A newly started relay of that name."""
        if name == "bare":
            return start_bare(self.upstream)
        return start_a2a(self.upstream, Path(tempfile.mkdtemp(dir=self.folder)))


class WrongAnswers(RuntimeError):
    """A relay answered wrongly: its figures would mean nothing."""


Figures = dict[str, float]
Measure = Callable[[Bench, Process], Figures]


def chat_body(model: str, *, stream: bool, size: int = 0) -> bytes:
    """A short conversation, or one of `size` bytes in turns of about 2 KB."""
    turns = [{"role": "system", "content": "Be brief."}]
    for at in range(size // 2048):
        turns += [{"role": "user" if at % 2 == 0 else "assistant", "content": "lorem ipsum " * 165}]
    if turns[-1]["role"] != "user":
        turns.append({"role": "user", "content": "Go on."})
    return json.dumps({"model": model, "messages": turns, "stream": stream, "temperature": 0.5}).encode()


def claude_body(model: str) -> bytes:
    turns = [{"role": "user", "content": "Go on."}]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    tool = {"name": "read", "description": "Read a file.", "input_schema": {"type": "object", "properties": {}}}
    request = {"model": model, "system": "Be brief.", "messages": turns, "max_tokens": 4096, "stream": True}
    return json.dumps({**request, "thinking": thinking, "tools": [tool]}).encode()


def _all_right(process: Process, what: str, right: int, wrong: int) -> int:
    if wrong or not right:
        raise WrongAnswers(f"{what}: {wrong} wrong answers, {right} right ones")
    return right


def _streams(process: Process, path: str, body: bytes, clients: int, seconds: float) -> tuple[int, float]:
    """(finished streams, CPU seconds they took)."""
    before = process.cpu_s()
    with fast_runner() as runner:
        answers = runner.run(crowd(process, path, body, clients=clients, seconds=seconds))
    spent = process.cpu_s() - before
    right = sum(answer.ok for answer in answers)
    return _all_right(process, path, right, len(answers) - right), spent


def _unary_rate(bench: Bench, process: Process, body: bytes, clients: int) -> float:
    """Requests per CPU second."""
    file = bench.folder / "body.json"
    file.write_bytes(body)
    before = process.cpu_s()
    right, wrong = unary(process, CHAT, file, clients=clients, seconds=bench.effort.seconds)
    return _all_right(process, "unary", right, wrong) / (process.cpu_s() - before)


def unary_small(bench: Bench, process: Process) -> Figures:
    return {"unary": _unary_rate(bench, process, chat_body("bench-small", stream=False), clients=32)}


def unary_200_kb(bench: Bench, process: Process) -> Figures:
    return {"body": _unary_rate(bench, process, chat_body("bench-small", stream=False, size=200 * 1024), clients=16)}


def stream_saturated(bench: Bench, process: Process) -> Figures:
    body = chat_body("bench-stream", stream=True)
    finished, spent = _streams(process, CHAT, body, 32, bench.effort.seconds)
    return {"chunks": finished * STREAMS["stream"].chunks / spent}


def stream_paced(bench: Bench, process: Process) -> Figures:
    body = chat_body("bench-paced", stream=True)
    finished, spent = _streams(process, CHAT, body, 50, bench.effort.seconds)
    return {"paced": finished * STREAMS["paced"].chunks / spent}


def claude_to_openai(bench: Bench, process: Process) -> Figures:
    body = claude_body(f"bench-{_converted(process)}")
    finished, spent = _streams(process, process.converts + CLAUDE, body, 32, bench.effort.seconds)
    return {"claude_openai": finished * STREAMS["mixed"].chunks / spent}


def openai_to_claude(bench: Bench, process: Process) -> Figures:
    body = chat_body(f"claude-bench-{_converted(process)}", stream=True)
    finished, spent = _streams(process, process.converts + CHAT, body, 32, bench.effort.seconds)
    return {"openai_claude": finished * STREAMS["mixed"].chunks / spent}


def _converted(process: Process) -> str:
    """The bare converter knows text alone and is asked for no more; the same number of chunks."""
    return "stream" if process.converts else "mixed"


def latencies(bench: Bench, process: Process) -> Figures:
    """Milliseconds added at the median: each probe asks the upstream directly, then through the process."""
    return {
        "added_unary": _added_ms(bench, process, chat_body("bench-small", stream=False), lambda answer: answer.total_s),
        "added_first": _added_ms(bench, process, chat_body("bench-first", stream=True), lambda answer: answer.first_s),
    }


def _added_ms(bench: Bench, process: Process, body: bytes, seconds: Callable[[Answer], float]) -> float:
    probes = [Probe(bench.upstream, CHAT, body), Probe(process, CHAT, body)]
    asked: list[list[Answer]] = [[probe.ask() for probe in probes] for _ in range(bench.effort.probes + 10)]
    for probe in probes:
        probe.close()
    wrong = sum(not answer.ok for pair in asked for answer in pair)
    _all_right(process, "probe", len(asked), wrong)
    warm = asked[10:]
    direct, relayed = (statistics.median(seconds(pair[at]) for pair in warm) for at in (0, 1))
    return (relayed - direct) * 1000


def slow_streams(bench: Bench, process: Process) -> Figures:
    """200 streams at once, a chunk every 100 ms, on a newly started process."""
    body = chat_body("bench-slow", stream=True)
    with _newly_started(bench, process) as fresh:
        before = fresh.cpu_s()
        with fast_runner() as runner:
            answers = runner.run(crowd(fresh, CHAT, body, clients=SLOW_STREAMS, turns=1))
        spent, peak = fresh.cpu_s() - before, fresh.peak_mib()
    right = sum(answer.ok for answer in answers)
    _all_right(process, "slow streams", right, len(answers) - right)
    first = sorted(answer.first_s * 1000 for answer in answers)
    stalled = sum(answer.longest_gap_s > STALL_S for answer in answers)
    return {"slow_first": first[len(first) * 99 // 100], "slow_stalls": stalled, "slow_peak": peak, "slow_cpu": spent}


def start_up(bench: Bench, process: Process) -> Figures:
    """Until the first small chat is answered with 200, and the memory then."""
    begun = time.perf_counter()
    with _newly_started(bench, process) as fresh:
        probe = Probe(fresh, CHAT, chat_body("bench-small", stream=False))
        answer = probe.ask()
        took = time.perf_counter() - begun
        rss = fresh.rss_mib()
        probe.close()
    _all_right(process, "first request", int(answer.ok), int(not answer.ok))
    return {"start_ms": took * 1000, "start_rss": rss}


@contextmanager
def _newly_started(bench: Bench, like: Process) -> Iterator[Process]:
    fresh = bench.fresh(like.name)
    try:
        yield fresh
    finally:
        fresh.stop()


def help_text(bench: Bench, process: Process) -> Figures:
    """`a2a --help`; for bare, the imports no help screen can do without."""
    args = ["-c", TYPER_ALONE] if process.name == "bare" else ["-m", "a2a", "--help"]
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, *args], env=environment(A2A_HOME=str(bench.folder)), check=True, capture_output=True
        )
        times.append(time.perf_counter() - begun)
    return {"help_ms": statistics.median(times) * 1000}


def failing_pool(bench: Bench, process: Process) -> Figures:
    """Three accounts, one always answers 500; 40 requests a second from a cold start. Bare has no pool."""
    if process.name == "bare":
        return {}
    keys = (UPSTREAM_KEY, FAILING_KEY.decode(), UPSTREAM_KEY + "-2")
    fresh = start_a2a(bench.upstream, Path(tempfile.mkdtemp(dir=bench.folder)), keys=keys)
    try:
        probe = Probe(fresh, CHAT, chat_body("bench-small", stream=False))
        begun = time.perf_counter()
        answers = []
        for at in range(round(40 * bench.effort.seconds * 2)):
            time.sleep(max(0.0, begun + at / 40 - time.perf_counter()))
            answers.append(probe.ask())
        probe.close()
    finally:
        fresh.stop()
    took = sorted(answer.total_s * 1000 for answer in answers)
    attempts = [int(answer.header("x-a2a-attempts") or 0) for answer in answers]
    return {
        "pool_success": 100 * statistics.mean(answer.ok for answer in answers),
        "pool_p99": took[len(took) * 99 // 100],
        "pool_attempts": statistics.mean(attempts),
    }


MEASURES: tuple[Measure, ...] = (
    unary_small,
    unary_200_kb,
    stream_saturated,
    stream_paced,
    claude_to_openai,
    openai_to_claude,
    latencies,
    slow_streams,
    failing_pool,
    start_up,
    help_text,
)
