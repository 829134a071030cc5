"""The processes of a run: started with a clean environment, read through /proc, stopped at the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench.upstream import CHAT_MODELS, CLAUDE_MODELS

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SETTLED_S = 0.35
"""Longer than the record's writer waits for a batch."""
CLIENT_KEY = "bench-client-key-of-ours"
UPSTREAM_KEY = "bench-upstream-key"


@dataclass
class Process:
    """A listening process. `converts`: what stands before the path of its converting routes."""

    name: str
    popen: subprocess.Popen[str]
    host: str
    port: int
    converts: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def cpu_s(self) -> float:
        """User and system seconds of all its threads since it started."""
        return _cpu_s(Path(f"/proc/{self.popen.pid}/stat"))

    def settle(self) -> None:
        """Wait until it and what it has started have nothing left to do: what is measured next is not in its way."""
        spent = -1.0
        while (now := self._family_cpu_s()) != spent:
            spent = now
            time.sleep(SETTLED_S)

    def _family_cpu_s(self) -> float:
        return self.cpu_s() + sum(_cpu_s(Path(f"/proc/{pid}/stat")) for pid in self.children())

    def tasks(self) -> list[int]:
        """Its threads."""
        return [int(task.name) for task in Path(f"/proc/{self.popen.pid}/task").iterdir()]

    def children(self) -> set[int]:
        """The processes it has started."""
        lists = (Path(f"/proc/{self.popen.pid}/task/{task}/children").read_text() for task in self.tasks())
        return {int(pid) for found in lists for pid in found.split()}

    def rss_mib(self) -> float:
        return self._status("VmRSS")

    def peak_mib(self) -> float:
        return self._status("VmHWM")

    def _status(self, key: str) -> float:
        lines = Path(f"/proc/{self.popen.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(key + ":")) / 1024

    def stop(self) -> None:
        """Ask, and insist after five seconds."""
        self.popen.terminate()
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        if self.popen.stdout:
            self.popen.stdout.close()


def _cpu_s(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def environment(**own: str) -> dict[str, str]:
    """Ours without settings of a2a and without proxies, so that nothing leaves 127.0.0.1. Compiled code is kept, as it
    is where a2a is installed: without it a start takes twice as long."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("A2A_") and not name.lower().endswith("_proxy") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, **own}


def start(name: str, args: Sequence[str], *, under: Sequence[str] = (), **own: str) -> Process:
    """Run `python ARGS` and wait for its JSON line with `url`. RuntimeError with what it said instead.

    `under`: a command that runs it.
    """
    with tempfile.TemporaryFile("w+") as remarks:
        popen = subprocess.Popen(
            [*under, sys.executable, *args], env=environment(**own), stdout=subprocess.PIPE, stderr=remarks, text=True
        )
        assert popen.stdout is not None
        line = popen.stdout.readline()
        ready = json.loads(line) if line else {}
        if "url" not in ready:
            popen.kill()
            popen.communicate()
            remarks.seek(0)
            raise RuntimeError(f"{name} did not start: {line or remarks.read()[-2000:]}")
    where = urlsplit(ready["url"])
    headers = {"Authorization": f"Bearer {CLIENT_KEY}"}
    return Process(name, popen, where.hostname or "127.0.0.1", where.port or 80, headers=headers)


def start_upstream() -> Process:
    return start("upstream", ["-m", "bench.upstream"])


def start_bare(upstream: Process) -> Process:
    bare = start("bare", ["-m", "bench.bare", upstream.url])
    bare.converts = "/convert"
    return bare


def start_a2a(
    upstream: Process,
    home: Path,
    *,
    keys: Sequence[str] = (UPSTREAM_KEY,),
    settings: Mapping[str, str] | None = None,
    program: Sequence[str] = ("a2a",),
    under: Sequence[str] = (),
) -> Process:
    """`a2a serve` with an A2A_HOME of its own: one chat account per key in `keys`, and one Claude account.

    `settings`: further variables. `program`: the module that is run as `a2a`, with arguments of its own. `under`: a
    command that runs it.
    """
    home.mkdir(parents=True, exist_ok=True)
    accounts = [("openai-custom", f"{upstream.url}/v1", at) for at in range(len(keys))]
    accounts.append(("claude-custom", upstream.url, 0))
    lines = [
        "[server]",
        'model_provider = ["openai-custom", "claude-custom"]',
        f"[providers.openai-custom]\nmodels = {json.dumps(CHAT_MODELS)}",
        f"[providers.claude-custom]\nmodels = {json.dumps(CLAUDE_MODELS)}",
        *(
            f'[[accounts]]\nprovider = "{provider}"\nname = "bench{at}"\nbase_url = "{url}"\n'
            f'api_key_env = "BENCH_KEY_{at}"'
            for provider, url, at in accounts
        ),
    ]
    (home / "config.toml").write_text("\n".join(lines) + "\n")
    secrets = {f"BENCH_KEY_{at}": key for at, key in enumerate(keys)}
    args = ["-m", *program, "serve", "--host", "127.0.0.1", "--port", "0", "--json"]
    own = {"A2A_HOME": str(home), "A2A_API_KEY": CLIENT_KEY, "A2A_CREDENTIAL_STORE": "file"}
    return start("a2a", args, under=under, **own, **secrets, **(settings or {}))
