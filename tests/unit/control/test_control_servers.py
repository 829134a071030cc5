"""How commands find running servers, and what they say of those that are none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from pytest_httpserver import HTTPServer

from a2a.control import servers
from a2a.control.client import ControlClient
from a2a.control.servers import alive, running
from a2a.control.types import ServerView
from a2a.errors import A2AError, BadUpstream, RequestError, Unreachable, WrongKey
from a2a.secret import Secret


@pytest.fixture
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def note(folder: Path, pid: int, port: int, started_at: float) -> None:
    view = ServerView(url=f"http://127.0.0.1:{port}", pid=pid, version="0", started_at=started_at)
    folder.mkdir(exist_ok=True)
    (folder / f"{pid}-{port}.json").write_bytes(msgspec.json.encode(view))


def test_running_servers_oldest_first(tmp_path: Path, dead_pid: int) -> None:
    folder = tmp_path / "servers"
    assert running(folder) == []
    note(folder, os.getpid(), 2, 20.0)
    note(folder, os.getpid(), 1, 10.0)
    note(folder, dead_pid, 3, 5.0)
    (folder / "broken.json").write_text("{")
    assert [view.url[-1] for view in running(folder)] == ["1", "2"]


def test_who_is_alive(dead_pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alive(str(os.getpid()))
    assert not alive(str(dead_pid))
    assert not alive("9" * 30)
    assert not alive("notes")

    def forbid(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(servers, "os", SimpleNamespace(kill=forbid, name="posix"))
    assert alive("1")
    monkeypatch.setattr(servers, "os", SimpleNamespace(name="nt"))
    assert alive("1")


def test_nobody_there() -> None:
    with (
        ControlClient("http://127.0.0.1:9", Secret("key")) as client,
        pytest.raises(Unreachable, match="no connection"),
    ):
        client.server()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "<html>", BadUpstream),
        (200, '{"name": "other"}', BadUpstream),
        (404, "<html>", RequestError),
        (401, '{"error": "no"}', RequestError),
        (500, "oops", BadUpstream),
        (401, '{"error": {"message": "no", "kind": "unauthorized", "exit_code": 3}}', WrongKey),
    ],
)
def test_what_is_no_a2a_server(httpserver: HTTPServer, status: int, body: str, kind: type[A2AError]) -> None:
    httpserver.expect_request("/admin/v1/server").respond_with_data(body, status=status)
    with ControlClient(httpserver.url_for(""), Secret("planted-key")) as client, pytest.raises(kind) as caught:
        client.server()
    assert type(caught.value) is kind
    assert "planted-key" not in str(caught.value)
