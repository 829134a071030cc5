"""What every test stands on: a clean environment, a home and a keyring of its own, no network but loopback."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keyring
import pytest
from hypothesis import settings
from support.memory_keyring import MemoryKeyring

TESTS = Path(__file__).parent
VECTORS = TESTS / "golden" / "vectors"

_UNWANTED = re.compile(
    r"A2A_.*|(HTTP|HTTPS|ALL|NO|FTP)_PROXY|SSL_CERT_(FILE|DIR)|.*_(API_KEY|AUTH_TOKEN|BASE_URL)"
    r"|(OPENAI|ANTHROPIC|CLAUDE|GEMINI|GOOGLE|KIRO|QWEN|DASHSCOPE|AWS)_.*",
    re.IGNORECASE,
)

settings.register_profile("fast", deadline=None, max_examples=60, database=None)
settings.register_profile("deep", deadline=None, max_examples=2000, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """Golden JSON by file name without `.json`: `vectors["edges"]`, `vectors["chat.request"]`. Not to be changed."""
    return {path.name.removesuffix(".json"): json.loads(path.read_bytes()) for path in sorted(VECTORS.glob("*.json"))}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A clean environment with `A2A_HOME` in a folder that does not exist yet."""
    for name in list(os.environ):
        if _UNWANTED.fullmatch(name):
            monkeypatch.delenv(name)
    path = tmp_path / "a2a-home"
    monkeypatch.setenv("A2A_HOME", str(path))
    return path


@pytest.fixture(autouse=True)
def memory_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryKeyring:
    """A keyring that this test and its subprocesses share, and nobody else."""
    paths = [str(TESTS / "support"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "memory_keyring.MemoryKeyring")
    monkeypatch.setenv("MEMORY_KEYRING_FILE", str(tmp_path / "keyring.json"))
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    return backend


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting or resolving anything but this machine fails at once."""
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    resolve = socket.getaddrinfo

    def local(host: Any, *args: Any, **options: Any) -> Any:
        _refuse_remote(host)
        return resolve(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", local)


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family != getattr(socket, "AF_UNIX", None):
            _refuse_remote(address[0])
        return connect(self, address)

    return guarded


def _refuse_remote(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", "0.0.0.0", "::"):
        return
    try:
        local = ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        local = name.endswith(".localhost")
    if not local:
        raise AssertionError(f"a test wanted to reach {name}: only loopback is allowed")
