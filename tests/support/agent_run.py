"""Real agents through the real `a2a serve`: one task, run headless, and what the exchanges say about it afterwards.

An agent gets an environment of its own: PATH, a home, where a2a is, and what keeps it offline.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.stage import GEMINI_CLI, Stage

from a2a.demo.matrix.sides import PROVIDERS

SECRET_WORD = "heliotrope-4711"
PATIENCE_S = 120.0
_NATIVE = {provider.id: provider.proto for provider in PROVIDERS} | {GEMINI_CLI: "code assist"}
"""Where a front speaks the same, its bytes pass through; an envelope is another protocol."""


@dataclass(frozen=True)
class Agent:
    """`program`: its command. `package`: where it comes from. `front`: the protocol it speaks. `agent`: how its
    User-Agent begins. `session`: its requests say which conversation they belong to."""

    program: str
    package: str
    front: str
    agent: str
    session: bool = False

    @property
    def marks(self) -> list[pytest.MarkDecorator]:
        """For a module's `pytestmark`: apart from `make test`, and skipped where the program is missing."""
        missing = f"no `{self.program}` on PATH: `make test-agents` installs {self.package} from npm"
        return [pytest.mark.agents, pytest.mark.skipif(shutil.which(self.program) is None, reason=missing)]

    def run(self, *args: str, folder: Path, env: Mapping[str, str]) -> str:
        """One headless run to its end in `folder`; its stdout. `env`: besides PATH."""
        program = shutil.which(self.program)
        assert program is not None
        done = subprocess.run(
            [program, *args],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NO_COLOR": "1", **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def served(self, stage: Stage, provider: str, via: str = "name") -> Iterator[None]:
        """What the agent asks in here goes to `provider` only and ends well: the call of its tool, and the answer."""
        before = {exchange["id"] for exchange in stage.server.exchanges()}
        yield
        exchanges = [exchange for exchange in stage.server.exchanges() if exchange["id"] not in before]
        assert len(exchanges) >= 2, exchanges
        for exchange in exchanges:
            self._judge(exchange, provider, via)
        assert "tool_call" in {exchange["stop"] for exchange in exchanges}

    def _judge(self, exchange: Mapping[str, Any], provider: str, via: str) -> None:
        assert exchange["agent"].startswith(self.agent), exchange
        assert (exchange["front"], exchange["stream"]) == (self.front, True)
        assert bool(exchange["session"]) == self.session
        assert (exchange["route"]["provider"], exchange["route"]["via"]) == (provider, via)
        assert exchange["mode"] == ("relay" if _NATIVE[provider] == self.front else "convert")
        assert (exchange["state"], exchange["status"], exchange["fault"]) == ("done", 200, None)
        assert [attempt["provider"] for attempt in exchange["attempts"]] == [provider]
