"""The installed `a2a` with keyrings that are locked, slow, full, lossy or gone: nothing hangs, nothing is lost.

For each: a login says what happened and where the secret lies, serving goes on with what can be had, and all is well
again by itself when the keyring is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.a2a_process import KEY, Server
from support.demo_thread import Demo
from support.moody import FIRST, SECOND, MoodyHome
from support.waiting import eventually

pytestmark = pytest.mark.soak

BOUND_S = 30.0
"""No command may take longer, whatever the keyring does; one call of it is given up after 5 s."""

UNUSABLE = {
    "locked": "the keyring is locked; ",
    "waiting": "the keyring did not answer within 5 s (locked, or waiting for a dialog); ",
    "full": "the keyring refuses the entry: it may be full; ",
    "lossy": "the keyring does not give back what it was given; ",
    "dies 0": "the keyring cannot be opened: it is locked, or was never set up; ",
    "dies 1": "the keyring cannot be opened: it is locked, or was never set up; ",
    "dies 2": "the keyring cannot be opened: it is locked, or was never set up; ",
}
"""Mood -> what a login says of it."""
UNREADABLE = ("locked", "waiting", "dies 0")
"""Moods in which what lies there cannot be had."""
BACK = "once it works: a2a accounts migrate --to keyring"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture
def at(home: Path, demo: Demo) -> Iterator[MoodyHome]:
    """Afterwards no output and no file outside the stores has shown a secret, or a traceback."""
    demo.reset()
    demo.up.kiro.logins.flags.interval_s = 1
    made = MoodyHome(home, demo)
    yield made
    kept = [*made.ring.all().values(), *(path.read_text() for path in home.rglob("data/credentials/*.json"))]
    assert kept
    for place, text in made.texts():
        assert "Traceback" not in text, place
        assert not [secret for secret in (FIRST, SECOND, KEY) if secret in text], place


def ask(server: Server, alias: str) -> int:
    body = {"model": f"openai/{alias}/demo-chat", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}
    return server.http.post("/v1/chat/completions", json=body).status_code


@pytest.mark.parametrize("mood", UNUSABLE)
def test_a_login_says_what_happened_and_where_the_secret_is(at: MoodyHome, mood: str) -> None:
    at.ring.mood = mood
    began = time.monotonic()
    code, said = at.login()
    assert time.monotonic() - began < BOUND_S
    assert code == 0, said
    assert f"{UNUSABLE[mood]}secrets are kept in files in {at.home}/data/credentials (mode 0600); {BACK}" in said
    assert f"kept in files in {at.home}/data/credentials" in said
    assert "kept in the system's keyring" not in said
    assert len(at.files()) == 1
    assert at.states() == {"one": "ready"}
    assert at.answers("openai/one")


@pytest.mark.parametrize("mood", ["full"])
def test_what_went_to_a_file_moves_when_the_keyring_works(at: MoodyHome, mood: str) -> None:
    at.ring.mood = mood
    at.login()
    at.ring.mood = "well"
    moved = at.run("accounts", "migrate", "--to", "keyring")
    assert (moved.returncode, moved.stdout) == (0, b"moved 1 secret to the keyring store\n")
    assert (at.files(), len(at.ring.all())) == (set(), 1)
    assert at.answers("openai/one")


@pytest.mark.parametrize("mood", ["lossy", "dies 2"])
def test_a_logout_leaves_nothing_of_a_login_that_the_keyring_took_by_half(at: MoodyHome, mood: str) -> None:
    at.ring.mood = mood
    at.login(FIRST)
    at.ring.mood = "well"
    at.login(SECOND, "two")
    assert at.run("logout", "openai/one", "--yes").returncode == 0
    left = [*at.ring.all().values(), *(path.read_text() for path in at.home.rglob("data/credentials/*.json"))]
    assert not [text for text in left if FIRST in text]
    assert at.states() == {"two": "ready"}


def test_where_there_is_no_keyring_it_is_files_and_said_once(at: MoodyHome) -> None:
    at.env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    code, said = at.login()
    assert (code, said.count("this system has no keyring; secrets are kept in files in")) == (0, 1)
    assert BACK not in said
    assert "mode 0600" not in at.login(SECOND, "two")[1]
    assert at.states() == {"one": "ready", "two": "ready"}
    done = at.run("accounts", "migrate", "--to", "keyring")
    assert done.returncode == 1
    assert b"this system has no keyring; 0 secrets were moved" in done.stderr
    assert len(at.files()) == 2


def test_a_slow_keyring_is_used(at: MoodyHome) -> None:
    at.ring.mood = "slow 0.3"
    code, said = at.login()
    assert (code, len(at.ring.all()), at.files()) == (0, 1, set())
    assert "kept in the system's keyring" in said
    assert at.answers("openai/one")


def test_ten_seconds_an_answer_are_not_waited_for_without_a_person(at: MoodyHome) -> None:
    """The wait is long because the keyring is: it is this test's subject, and no other's."""
    at.ring.mood = "slow 10"
    began = time.monotonic()
    code, said = at.login()
    assert time.monotonic() - began < BOUND_S
    assert (code, len(at.files())) == (0, 1)
    assert (
        f"did not answer within 5 s (locked, or waiting for a dialog); secrets are kept in files in {at.home}" in said
    )
    assert at.answers("openai/one")


def test_a_long_client_secret_is_split_where_entries_are_short(at: MoodyHome) -> None:
    at.ring.mood = "limited"
    done = at.run("login", "kiro", "--method", "builder-id", "--yes")
    assert done.returncode == 0, done.stderr
    assert at.files() == set()
    assert len(at.ring.all()) > 2
    secret = next(reversed(at.demo.up.kiro.accounts.values())).client_secret
    assert secret is not None
    assert len(secret) >= 4000
    assert not [place for place, text in at.texts() if secret[:100] in text]
    assert at.answers("kiro")
    (alias,) = at.rows()
    at.run("accounts", "refresh", alias)
    assert at.answers("kiro")
    assert at.run("accounts", "migrate", "--to", "file").returncode == 0
    assert (at.ring.all(), len(at.files())) == ({}, 1)
    assert at.run("accounts", "migrate", "--to", "keyring").returncode == 0
    assert at.answers("kiro")


def test_commands_do_not_wait_for_a_dialog(at: MoodyHome) -> None:
    at.login(FIRST)
    at.ring.mood = "waiting"
    began = time.monotonic()
    row = at.rows()["one"]
    assert (row["state"], row["reason"]) == ("needs_action", "store_failed")
    assert "did not answer within 5 s" in row["message"]
    done = at.run("accounts", "migrate", "--to", "file")
    assert time.monotonic() - began < BOUND_S
    assert (done.returncode, at.files()) == (1, set())
    at.ring.mood = "well"
    assert at.states() == {"one": "ready"}


@pytest.mark.parametrize("mood", ["locked"])
def test_commands_tell_the_truth_about_a_secret_that_cannot_be_had(at: MoodyHome, mood: str) -> None:
    at.login(FIRST)
    at.ring.mood = mood
    row = at.rows()["one"]
    assert (row["state"], row["reason"]) == ("needs_action", "store_failed")
    assert "the keyring holds this credential but" in row["message"]
    assert at.run("accounts").returncode == 0
    assert at.run("logout", "openai/one", "--yes").returncode == 1
    exported = at.run("accounts", "export", "openai/one", "--with-secrets")
    assert (exported.returncode == 0, exported.stdout) == (False, b"")
    for to in ("file", "keyring"):
        done = at.run("accounts", "migrate", "--to", to)
        assert done.returncode == (1 if to == "file" else 0), done.stderr
    at.ring.mood = "well"
    assert at.states() == {"one": "ready"}
    assert at.answers("openai/one")


@pytest.mark.parametrize("mood", ["locked"])
def test_the_server_s_own_key_in_a_keyring_that_is_shut(at: MoodyHome, mood: str) -> None:
    at.login(FIRST)
    given = at.env.pop("A2A_API_KEY")
    made = at.run("config", "show", "--secrets", "--json")
    assert secrets_row(made.stdout)["value"] is None  # no server has been started
    at.env["A2A_API_KEY"] = ""
    at.serve().stop()
    del at.env["A2A_API_KEY"]
    key = secrets_row(at.run("config", "show", "--secrets", "--json").stdout)["value"]
    assert key.startswith("a2a-")
    at.shown = [text for text in at.shown if key not in text]  # what was asked for was shown
    at.ring.mood = mood
    done = at.run("config", "show", "--secrets")
    assert done.returncode == 1
    assert b"the keyring" in done.stderr
    ended = at.run("serve", "--port", "0")
    assert ended.returncode == 1  # it cannot know what its clients send
    assert b"the keyring" in ended.stderr
    at.env["A2A_API_KEY"] = given
    assert at.run("config", "show", "--json").returncode == 0


def secrets_row(stdout: bytes) -> Any:
    return next(row for row in json.loads(stdout)["data"] if row["name"] == "server.api_key")


@pytest.mark.parametrize("mood", ["locked"])  # the others take a minute each to come back, as they should
def test_a_server_that_starts_meanwhile_serves_what_it_can_and_the_rest_later(at: MoodyHome, mood: str) -> None:
    at.login(FIRST)
    at.ring.mood = mood
    at.login(SECOND, "two")
    server = at.serve()
    try:
        assert {ask(server, "two") for _ in range(3)} == {200}
        body = {"model": "openai/demo-chat", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}
        assert {server.http.post("/v1/chat/completions", json=body).status_code for _ in range(4)} == {200}
        assert ask(server, "one") == 503
        at.ring.mood = "well"
        eventually(lambda: ask(server, "one") == 200, "the keyring's account", within_s=60.0)
    finally:
        server.stop()


@pytest.mark.parametrize("mood", ["locked"])
def test_a_server_keeps_serving_when_the_keyring_shuts(at: MoodyHome, mood: str) -> None:
    assert at.run("login", "kiro", "--method", "google", "--yes").returncode == 0
    at.login(FIRST)
    (kiro,) = (alias for alias in at.rows() if alias != "one")
    server = at.serve()
    body = {"model": f"kiro/{kiro}/auto", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}
    try:
        assert ask(server, "one") == 200
        assert server.http.post("/v1/messages", json=body).status_code == 200
        at.ring.mood = mood
        assert ask(server, "one") == 200
        assert server.http.post("/v1/messages", json=body).status_code == 200
        before = at.demo.kiro_account(kiro.partition("@")[0]).generation
        at.demo.up.kiro.expire(kiro.partition("@")[0])
        assert server.http.post("/v1/messages", json=body).status_code in (200, 503)
        at.ring.mood = "well"
        eventually(
            lambda: server.http.post("/v1/messages", json=body).status_code == 200, "a renewed token", within_s=90.0
        )
        assert at.demo.kiro_account(kiro.partition("@")[0]).generation > before
        assert at.demo.kiro_account(kiro.partition("@")[0]).reused == 0
    finally:
        server.stop()
    assert at.answers("kiro")
