"""A home whose keyring is `bad_keyrings.Moody`: commands and servers in it, and what they showed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from support.a2a_process import KEY, Server, run_cli
from support.bad_keyrings import Entries
from support.demo_thread import Demo

SUPPORT = Path(__file__).parent
FIRST, SECOND = "sk-demo-openai-1", "sk-demo-openai-2"
"""Keys that the emulator knows."""


class MoodyHome:
    """`ring` is the keyring, whose mood may be changed at any time. Every command's output is kept in `shown`."""

    def __init__(self, home: Path, demo: Demo) -> None:
        self.home = home
        self.demo = demo
        self.ring = Entries(home.parent / "keyring")
        self.shown: list[str] = []
        self.env = {
            "A2A_CREDENTIAL_STORE": "keyring",
            "PYTHONPATH": str(SUPPORT),
            "PYTHON_KEYRING_BACKEND": "bad_keyrings.Moody",
            "MOODY_KEYRING": str(home.parent / "keyring"),
            "A2A_OPENAI_BASE_URL": demo.up.openai_url,
            "A2A_API_KEY": KEY,
        }
        for name, value in demo.up.settings["claude-kiro-oauth"].items():
            self.env[f"A2A_KIRO_{name.upper()}"] = value if isinstance(value, str) else ",".join(value)
        self.env["A2A_KIRO_OIDC_URL"] += "/{region}"

    def run(self, *args: str, stdin: str = "") -> CompletedProcess[bytes]:
        done = run_cli(self.home, *args, env=self.env, stdin=stdin)
        self.shown += [done.stdout.decode(), done.stderr.decode()]
        return done

    def login(self, key: str = FIRST, name: str = "one") -> tuple[int, str]:
        """`a2a login openai` with a key: its exit code, and what it said on stderr, in one line."""
        done = self.run("login", "openai", "--api-key-stdin", "--name", name, stdin=key)
        return done.returncode, " ".join(done.stderr.decode().split())

    def rows(self) -> dict[str, Any]:
        """`a2a accounts` by alias."""
        done = self.run("accounts", "--json")
        assert done.returncode == 0, done.stdout
        return {row["alias"]: row for row in json.loads(done.stdout)["data"]}

    def states(self) -> dict[str, str]:
        return {alias: row["state"] for alias, row in self.rows().items()}

    def answers(self, account: str) -> bool:
        """Whether `a2a chat` gets an answer from this account."""
        return self.run("chat", "-p", account, "Say hello").returncode == 0

    def serve(self) -> Server:
        self.home.mkdir(exist_ok=True)
        return Server(self.home, env=self.env)

    def files(self) -> set[str]:
        """What lies in the file store."""
        return {path.stem for path in (self.home / "data" / "credentials").glob("*.json")}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Place and content of whatever must hold no secret: outputs, and files of the home but the file store's."""
        for text in self.shown:
            yield "output", text
        for path in [*self.home.rglob("*"), *self.home.parent.glob("serve-*")]:
            if path.is_file() and "credentials" not in path.parts:
                yield str(path), path.read_bytes().decode("utf-8", "replace")
