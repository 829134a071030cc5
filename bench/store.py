"""How fast the exchange store answers: a store of made-up exchanges, then the time of each kind of question.

Usage: python -m bench.store [--exchanges N] [--bodies]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from a2a.clock import exchange_id
from a2a.control.types import (
    Attempt,
    AttemptBodies,
    Bodies,
    Considered,
    Cost,
    Decision,
    Exchange,
    ExchangeWish,
    Fault,
    NoteView,
    Route,
    StatsWish,
    Timings,
    Tokens,
)
from a2a.logs.archive import Archive
from a2a.logs.store import Store

DAYS = 30
ACCOUNTS = ("openai/main", "openai/spare", "claude/a", "kiro/work", "kiro/home", "gemini-key/a", "qwen/1")
PROVIDERS = {
    "openai": "openai-custom",
    "claude": "claude-custom",
    "kiro": "claude-kiro-oauth",
    "gemini-key": "gemini-custom",
    "qwen": "openai-qwen-oauth",
}
MODELS = ("gpt-5.1", "gpt-5-mini", "claude-sonnet-4-5", "claude-haiku-4-5", "gemini-2.5-pro", "qwen3-coder-plus")
WORDS = tuple(f"word{number:04d}" for number in range(5000))


def exchange(rng: random.Random, at: float, *, bodies: bool) -> Exchange:
    """One that might have been."""
    account, model = rng.choice(ACCOUNTS), rng.choice(MODELS)
    provider = PROVIDERS[account.partition("/")[0]]
    failed = rng.random() < 0.05
    fault = Fault(kind="rate_limited", message=f"quota {rng.randrange(1000)} is spent", status=429) if failed else None
    others = [one for one in ACCOUNTS if PROVIDERS[one.partition("/")[0]] == provider]
    decision = Decision(
        strategy="round-robin", picked=account, considered=[Considered(account=one, why="picked") for one in others]
    )
    attempt = Attempt(
        n=1,
        provider=provider,
        account=account,
        model=model,
        started_at=at,
        decision=decision,
        status=429 if failed else 200,
        upstream_id=f"req_{rng.getrandbits(64):x}",
        headers_ms=20.0,
        outcome="failed" if failed else "ok",
        fault=fault,
    )
    return Exchange(
        id=exchange_id(at),
        started_at=at,
        client=rng.choice(("default", "laptop", "ci")),
        front=rng.choice(("chat", "claude", "responses", "gemini")),
        path="/v1/messages",
        asked=model,
        stream=True,
        agent="claude-cli/2.0.14 (external, cli)",
        state="failed" if failed else "done",
        mode="convert",
        route=Route(front="claude", asked=model, provider=provider, model=model, via="catalogue"),
        attempts=[attempt],
        status=429 if failed else 200,
        timings=Timings(queued=1.0, first_token=rng.lognormvariate(6, 0.5), last=rng.lognormvariate(8, 0.7)),
        tokens=Tokens(input=rng.randrange(50_000), output=rng.randrange(3000)),
        cost=Cost(amount=rng.random() / 10, currency="USD", basis="2026-11-20") if rng.random() < 0.8 else None,
        stop="end",
        notes=[NoteView("tools.0.cache_control", "dropped", "no caching there")],
        fault=fault,
        bodies=_bodies(rng) if bodies else None,
    )


def _bodies(rng: random.Random) -> Bodies:
    words = rng.choices(WORDS, k=400)
    request = f'{{"messages":[{{"role":"user","content":"{" ".join(words)}"}}]}}'
    answer = "".join(f'data: {{"delta":{{"text":"{word} "}}}}\n\n' for word in words[:100])
    return Bodies(request=request, answer=answer, attempts=[AttemptBodies(n=1, request=request, answer=answer)])


def fill(path: Path, count: int, *, bodies: bool) -> float:
    """Microseconds each took to be written."""
    rng = random.Random(1)
    store = Store(path)
    begin, spent = time.time() - DAYS * 86_400, 0.0
    for first in range(0, count, 500):
        batch = [
            exchange(rng, begin + number * DAYS * 86_400 / count, bodies=bodies)
            for number in range(first, min(first + 500, count))
        ]
        began = time.perf_counter()
        store.add(batch)
        spent += time.perf_counter() - began
    store.close()
    return spent / count * 1e6


def questions(archive: Archive) -> dict[str, Callable[[], object]]:
    """What people ask; each answer is worked out in full."""
    last = archive.page(ExchangeWish(limit=1000)).next

    def page(**wish: object) -> Callable[[], object]:
        return lambda: archive.page(ExchangeWish(**wish))  # type: ignore[arg-type]

    def stats(**wish: object) -> Callable[[], object]:
        return lambda: archive.stats(StatsWish(**wish))  # type: ignore[arg-type]

    return {
        "newest 100": page(),
        "newest 1000": page(limit=1000),
        "a page further down": page(before=last),
        "of an account": page(account="kiro/work"),
        "of an account that has none": page(account="kiro/nobody"),
        "of models by pattern": page(model="claude-*"),
        "4xx": page(status="4xx"),
        "of the last day": page(since=time.time() - 86_400),
        "a rare text": page(text="quota 77"),
        "a common text": page(text="claude-cli"),
        "a text within a provider": page(text="spent", provider="gemini-custom"),
        "one, with bodies": lambda: archive.get(last or ""),
        "figures": stats(),
        "figures by provider": stats(by=["provider"]),
        "figures by account, model, day": stats(by=["account", "model", "day"]),
        "figures by hour": stats(by=["hour"]),
        "figures of a text by model": stats(text="claude-cli", by=["model"]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.store", description=__doc__.partition("\n")[0])
    parser.add_argument("--exchanges", type=int, default=50_000)
    parser.add_argument("--bodies", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="a2a-store-") as folder:
        path = Path(folder) / "exchanges.db"
        each_us = fill(path, options.exchanges, bodies=options.bodies)
        print(f"{options.exchanges} exchanges, {path.stat().st_size / 1e6:.0f} MB, {each_us:.0f} us each")
        archive = Archive(path)
        for name, ask in questions(archive).items():
            taken = []
            for _ in range(5):
                began = time.perf_counter()
                ask()
                taken.append((time.perf_counter() - began) * 1000)
            print(f"{name:32} {statistics.median(taken):8.1f} ms   first {taken[0]:8.1f} ms")
        archive.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
