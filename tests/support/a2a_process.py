"""`a2a` as users run it: a subprocess with a home and an environment of its own, its output in files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from support.waiting import PATIENCE_S, eventually

KEY = "local-key-of-this-test-run"
"""What clients of a2a send."""

_TROUBLE = ("Traceback", "Exception ignored", "never retrieved", "was destroyed", "Unclosed", "Warning:", "bug in a2a")


def clean_env(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of the caller's environment but what Python itself and coverage need. Warnings are errors."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE") or name == "PATH"}
    return {
        **kept,
        "HOME": str(home.parent),
        "A2A_HOME": str(home),
        "A2A_CREDENTIAL_STORE": "file",
        "LANG": "C.UTF-8",
        "PYTHONWARNINGS": "error",
        **(extra or {}),
    }


def run_cli(
    home: Path, *args: str, env: Mapping[str, str] | None = None, stdin: str | bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """One command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "a2a", *args],
        env=clean_env(home, env),
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=PATIENCE_S * 2,
        check=False,
    )


class Server:
    """`a2a serve --port 0 --json`, from the ready line to the exit code."""

    def __init__(self, home: Path, *args: str, env: Mapping[str, str] | None = None) -> None:
        """`home` exists. Logs lie beside it, so that what it holds is what the server wrote. Gives up on no ready
        line with what the server said instead."""
        self.home = home
        number = len(list(home.parent.glob("serve-*.err")))
        self._out_file = home.parent / f"serve-{number}.out"
        self._err_file = home.parent / f"serve-{number}.err"
        command = [sys.executable, "-m", "a2a", "serve", "--port", "0", "--json", "--verbose", *args]
        folder = home.parent / "cwd"
        folder.mkdir(exist_ok=True)
        with self._out_file.open("wb") as out, self._err_file.open("wb") as err:
            self._process = subprocess.Popen(
                command, env=clean_env(home, {"A2A_API_KEY": KEY, **(env or {})}), stdout=out, stderr=err, cwd=folder
            )
        self.pid = self._process.pid
        try:
            self.ready = self._ready_line()
        except BaseException:
            self._process.kill()
            self._process.wait(PATIENCE_S)
            raise
        self.url: str = self.ready["url"]
        self.http = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {KEY}"}, trust_env=False, timeout=PATIENCE_S
        )

    def _ready_line(self) -> dict[str, Any]:
        eventually(lambda: "\n" in self.stdout or self.code is not None, "the ready line")
        lines = self.stdout.splitlines()
        assert lines, self.stderr
        ready: dict[str, Any] = json.loads(lines[0])
        assert ready.get("event") == "ready", self.stdout + self.stderr
        return ready

    @property
    def stdout(self) -> str:
        return self._out_file.read_text("utf-8")

    @property
    def stderr(self) -> str:
        return self._err_file.read_text("utf-8")

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """The exit code, once it has one."""
        return self._process.wait(PATIENCE_S * 2)

    def kill(self) -> None:
        """kill -9, and the end of the client."""
        self.http.close()
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def stop(self) -> None:
        """SIGTERM; it ends with 0 and has nothing to complain about."""
        self.http.close()
        if self.code is None:
            self.send(signal.SIGTERM)
            try:
                assert self.wait() == 0, self.stderr
            finally:
                self._process.kill()
        said = self.stderr + self.stdout
        assert not [line for line in said.splitlines() if any(word in line for word in _TROUBLE)], said

    def accounts(self) -> dict[str, dict[str, Any]]:
        """`GET /admin/v1/accounts` by provider id and alias: `openai-custom/one`."""
        rows = self.http.get("/admin/v1/accounts").json()
        return {f"{row['provider']}/{row['alias']}": row for row in rows}

    def exchange(self, exchange_id: str) -> dict[str, Any]:
        """The record of one exchange, as `x-a2a-exchange` names it."""
        answer = self.http.get(f"/admin/v1/exchanges/{exchange_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def exchanges(self) -> list[dict[str, Any]]:
        """All that are kept, newest first."""
        found: list[dict[str, Any]] = self.http.get("/admin/v1/exchanges?limit=1000").json()["exchanges"]
        return found

    def models(self) -> set[tuple[str, str]]:
        """(provider, model) of everything reachable."""
        return {(row["provider"], row["id"]) for row in self.http.get("/admin/v1/models").json()}


def secrets_in(text: str, secrets: Sequence[str]) -> list[str]:
    """The planted secrets that occur."""
    return [secret for secret in secrets if secret in text]
