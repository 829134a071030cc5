"""What recording costs in instructions: the same on every run and every machine, unlike times. Needs valgrind.

Of the event loop's thread, in user mode: what the kernel does for a request, a fifth to a third of its time, is not in
it, so that a share of these instructions is more than the same share of the time would be. And so slow is all this that
most of the packing, which a busy loop does itself, is left to the writer's thread and is not in it either.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from pathlib import Path

import httpx

from bench.load import crowd
from bench.processes import Process, start_a2a

MODES = {
    "off": "log_exchanges = false",
    "on": "log_exchanges = true",
    "bodies": "log_exchanges = true\nlog_bodies = true",
}
"""What is recorded -> lines of `[server]`."""

LOOP = "-01"
"""The first thread's dump ends so."""
PATIENCE_S = 120.0
DONE_S = 3.0
"""By then what was recorded has been handed over, and other chores of the process are done."""
_TOTAL = re.compile(r"^totals: (\d+)$", re.MULTILINE)


class Counted:
    """An `a2a serve` whose instructions are counted; some fifty times slower than without."""

    def __init__(self, upstream: Process, home: Path) -> None:
        self._out = home / "callgrind"
        under = [
            "valgrind",
            "--quiet",
            "--tool=callgrind",
            "--separate-threads=yes",
            f"--callgrind-out-file={self._out}",
        ]
        self.process = start_a2a(upstream, home, under=under)
        self._config = home / "config.toml"
        self._text = self._config.read_text()

    def record(self, mode: str) -> None:
        """From now on."""
        self._config.write_text(self._text.replace("[server]", f"[server]\n{MODES[mode]}"))
        url = f"{self.process.url}/admin/v1/reload"
        httpx.post(url, headers=self.process.headers, timeout=PATIENCE_S).raise_for_status()

    def cost(self, path: str, body: bytes, *, clients: int, requests: int) -> float:
        """Instructions of the loop's thread per request."""
        self._ask(path, body, clients, clients)
        self._taken()
        self._ask(path, body, clients, requests)
        return self._taken() / requests

    def _ask(self, path: str, body: bytes, clients: int, requests: int) -> None:
        ask = crowd(self.process, path, body, clients=clients, turns=requests // clients, seconds=PATIENCE_S)
        answers = asyncio.run(ask)
        if len(answers) != requests or not all(answer.ok for answer in answers):
            raise RuntimeError(f"{sum(answer.ok for answer in answers)} right answers of {requests}")
        time.sleep(DONE_S)

    def _taken(self) -> int:
        """What the loop's thread has done since this was asked last."""
        for old in self._out.parent.glob("callgrind.*"):
            old.unlink()
        subprocess.run(["callgrind_control", "--dump", str(self.process.popen.pid)], check=True, capture_output=True)
        due = time.monotonic() + PATIENCE_S
        while time.monotonic() < due:
            for found in self._out.parent.glob(f"callgrind.*{LOOP}"):
                if total := _TOTAL.search(found.read_text(errors="replace")):
                    return int(total[1])
            time.sleep(0.1)
        raise RuntimeError("valgrind tells nothing")
