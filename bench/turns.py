"""`a2a serve` that records in turns: nothing, exchanges, exchanges with bodies, each for a moment, in any order.

Usage: python -m bench.turns FILE CORE TURN_S SETTLE_S serve … (bench/record.py runs it)

So short a turn is as fast as its neighbours, whatever else the machine does. The event loop's thread runs on CORE
(-1: wherever there is room). FILE gets the rounds at the end: of each mode the CPU seconds of that thread, the
exchanges that ended, and how many of them went without their bodies because too many waited to be written.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any

from a2a.cli import main as a2a
from a2a.control.types import Recording
from a2a.gateway import recording
from a2a.logs.recorder import Recorder
from a2a.logs.scribe import Scribe

MODES = {"off": (False, 0), "on": (True, 0), "bodies": (True, 256 * 1024)}
"""What is recorded -> whether exchanges are stored, and bytes of each body."""
FIRST = 200
"""Exchanges before the first turn: by then everything has been done once."""

Turn = tuple[float, int, int]
Round = dict[str, Turn]


class Turns(threading.Thread):
    """Goes on until the process ends. `rounds`: those that are complete."""

    def __init__(self, core: int, turn_s: float, settle_s: float) -> None:
        super().__init__(daemon=True)
        self._core = core
        self._loop = threading.get_native_id()
        self._turn_s = turn_s
        self._settle_s = settle_s
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self.recorder: Recorder | None = None
        self.scribe: Scribe | None = None
        self.rounds: list[Round] = []

    def run(self) -> None:
        while self.recorder is None or self.scribe is None or self.recorder.served < FIRST:
            time.sleep(self._turn_s)
        if self._core >= 0:
            os.sched_setaffinity(self._loop, {self._core})
        while True:
            modes = random.sample([*MODES], len(MODES))
            self.rounds.append({mode: self._turn(self.recorder, self.scribe, mode) for mode in modes})

    def _turn(self, recorder: Recorder, scribe: Scribe, mode: str) -> Turn:
        recorder.storing, recorder.body_cap = MODES[mode]
        time.sleep(self._settle_s)
        spent, served, without = time.clock_gettime(self._clock), recorder.served, _without_bodies(scribe)
        time.sleep(self._turn_s)
        spent = time.clock_gettime(self._clock) - spent
        return spent, recorder.served - served, _without_bodies(scribe) - without


def _without_bodies(scribe: Scribe) -> int:
    return scribe.counted(Recording()).without_bodies


def main() -> None:
    turns = Turns(int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))

    class Told(Recorder):
        """Of which the turns know."""

        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            turns.recorder, turns.scribe = self, given["scribe"]

    recording.Recorder = Told  # type: ignore[attr-defined]
    turns.start()
    file = Path(sys.argv[1])
    sys.argv = ["a2a", *sys.argv[5:]]
    with contextlib.suppress(SystemExit):
        a2a()
    file.write_text(json.dumps(turns.rounds))


if __name__ == "__main__":
    main()
