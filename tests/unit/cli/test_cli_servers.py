"""Who does the work of `a2a accounts`: which servers are asked, with which key, and what is said of those that fail."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_httpserver import HTTPServer
from support.cli_run import Run
from werkzeug import Request, Response

from a2a.auth import serverkey
from a2a.auth.store import open_store
from a2a.cli.home import Home
from a2a.cli.output import Out
from a2a.cli.servers import tell_servers
from a2a.config import load
from a2a.control.types import AccountView, Recording, Reloaded, ServerView
from a2a.paths import folders

GIVEN, DEAD = "key-of-the-environment", "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def made(home: Path) -> str:
    """The key that the first start made."""
    place = folders(str(home))
    return serverkey.get_or_create(open_store("keyring", place, say=print), place.locks).reveal()


class Fake:
    """A server that knows one account, and takes one key."""

    def __init__(self, httpserver: HTTPServer, key: str) -> None:
        self.url = httpserver.url_for("")[:-1]
        self.key = key
        self.asked: list[str] = []
        self.recording: Recording | None = None
        httpserver.expect_request("/admin/v1/server").respond_with_handler(self.answer)
        httpserver.expect_request("/admin/v1/accounts").respond_with_handler(self.answer)
        httpserver.expect_request("/admin/v1/accounts/reload").respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        self.asked.append(request.path.removeprefix("/admin/v1"))
        if request.headers["Authorization"] != f"Bearer {self.key}":
            told = {"error": {"message": "no", "hint": None, "kind": "unauthorized", "exit_code": 3}}
            return Response(msgspec.json.encode(told), 401)
        values: dict[str, Any] = {
            "/server": ServerView(url=self.url, pid=1, version="0", started_at=0.0, recording=self.recording),
            "/accounts": [AccountView(id="x", provider="openai-custom", alias="served", state="ready")],
            "/accounts/reload": Reloaded(accounts=1),
        }
        return Response(msgspec.json.encode(values[self.asked[-1]]), 200)


def note(home: Path, url: str, started_at: float = 1.0) -> None:
    """The file by which a running server is found."""
    folder = folders(str(home)).servers
    folder.mkdir(parents=True, exist_ok=True)
    view = ServerView(url=url, pid=os.getpid(), version="0", started_at=started_at)
    (folder / f"{len(list(folder.iterdir()))}.json").write_bytes(msgspec.json.encode(view))


def names(run: Run) -> list[str]:
    return [row["alias"] for row in run.data]


def test_a_running_server_is_asked(httpserver: HTTPServer, home: Path, made: str) -> None:
    note(home, Fake(httpserver, made).url)
    run = Run("accounts", "--json")
    assert (names(run), run.stderr) == (["served"], "")


def test_a_server_that_records_nothing_says_so(httpserver: HTTPServer, home: Path, made: str) -> None:
    fake = Fake(httpserver, made)
    fake.recording = Recording(stopped="the disk is full", hint="free some space")
    note(home, fake.url)
    run = Run("accounts", "--json")
    assert names(run) == ["served"]
    assert "records nothing now: the disk is full (free some space)" in run.stderr


def test_the_key_of_the_settings_is_tried_before_the_made_one(
    httpserver: HTTPServer, home: Path, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A2A_API_KEY", GIVEN)
    fake = Fake(httpserver, GIVEN)
    note(home, fake.url)
    assert names(Run("accounts", "--json")) == ["served"]
    assert fake.asked == ["/server", "/accounts"]
    fake.key = made
    assert names(Run("accounts", "--json")) == ["served"]


def test_a_server_that_refuses_our_keys_gets_a_remark(httpserver: HTTPServer, home: Path) -> None:
    fake = Fake(httpserver, "another")
    note(home, fake.url)
    run = Run("accounts", "--json")
    assert (run.code, names(run)) == (0, [])
    assert run.stderr.count(f"the server at {fake.url} refuses our key") == 1
    assert Run("accounts", "--quiet").stderr == ""


def test_one_that_does_not_answer_is_passed_over_for_the_next(httpserver: HTTPServer, home: Path, made: str) -> None:
    note(home, DEAD, 1.0)
    note(home, Fake(httpserver, made).url, 2.0)
    run = Run("accounts", "--json")
    assert names(run) == ["served"]
    assert f"no connection to the server at {DEAD}" in run.stderr


def test_a_named_server_is_the_only_one(
    httpserver: HTTPServer, home: Path, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(home, DEAD)
    monkeypatch.setenv("A2A_URL", Fake(httpserver, made).url + "/")
    run = Run("accounts", "--json")
    assert (names(run), run.stderr) == (["served"], "")


@pytest.mark.parametrize(("url", "code", "told"), [(DEAD, 4, "no connection"), ("localhost:3000", 2, "no http(s) URL")])
def test_a_named_server_that_cannot_be_used_is_an_error(
    monkeypatch: pytest.MonkeyPatch, url: str, code: int, told: str
) -> None:
    monkeypatch.setenv("A2A_URL", url)
    run = Run("accounts")
    assert (run.code, run.stdout) == (code, "")
    assert told in run.stderr


def test_every_server_is_told_and_one_that_is_gone_is_no_error(httpserver: HTTPServer, home: Path, made: str) -> None:
    fake = Fake(httpserver, made)
    note(home, DEAD)
    note(home, fake.url)
    out = Out()
    tell_servers(Home(out, load()))
    assert fake.asked == ["/server", "/accounts/reload"]


def test_the_named_server_is_an_origin_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2A_URL", "http://box:3000/")
    rows = {row["name"]: row for row in Run("config", "--json").data}
    assert rows["url"] == {"name": "url", "value": "http://box:3000", "origin": "A2A_URL"}
