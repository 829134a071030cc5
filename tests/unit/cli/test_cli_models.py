"""`a2a models`: what upstreams list, what the settings add, aliases with what they mean, and their dead ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from support.cli_run import Run

ALIASES = """
[aliases]
fast = "openai/listed"
"old-*" = "added"
lost = "lsted"

[models."openai/added"]
context = 2000000
price = { input = 0.5, output = 1.25 }
"""


@pytest.fixture
def upstream(httpserver: HTTPServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    monkeypatch.setenv("SOME_KEY", "sk-invented")
    httpserver.expect_request("/v1/models").respond_with_json({"data": [{"id": "listed"}]})
    account = '[[accounts]]\nprovider = "openai"\nname = "one"\napi_key_env = "SOME_KEY"\n'
    account += f'base_url = "{httpserver.url_for("/v1")}"\n'
    home.mkdir()
    (home / "config.toml").write_text(account + ALIASES)
    return httpserver


def test_the_table_has_aliases_models_and_what_is_known_of_them(upstream: HTTPServer) -> None:
    run = Run("models")
    lines = [line.split() for line in run.stdout.splitlines()]
    assert lines[0] == ["MODEL", "PROVIDER", "ACCOUNTS", "CONTEXT", "USD/M", "ALIASES"]
    assert ["fast", "alias", "openai/one", "→", "openai/listed"] in lines
    assert ["lost", "alias", "none", "→", "lsted"] in lines
    assert ["added", "openai", "openai/one", "2M", "0.5,", "1.25"] in lines


def test_a_target_that_leads_nowhere_is_told_with_its_line(upstream: HTTPServer) -> None:
    run = Run("models")
    assert run.code == 0
    assert "config.toml:10: nobody serves lsted (near: listed)" in run.stderr


def test_an_account_that_cannot_serve_now_stands_there_with_the_reason(upstream: HTTPServer) -> None:
    assert Run("accounts", "drain", "openai/one").code == 0
    rows = {row["id"]: row for row in Run("models", "--json").data}
    for name in ("listed", "fast"):
        assert (rows[name]["accounts"], rows[name]["unable"]) == ([], {"openai/one": "draining"})
    lines = [line.split() for line in Run("models").stdout.splitlines()]
    assert ["fast", "alias", "openai/one", "(draining)", "→", "openai/listed"] in lines


def test_patterns_are_marked_for_scripts(upstream: HTTPServer) -> None:
    rows = {row["id"]: row for row in Run("models", "--json").data}
    assert (rows["old-*"]["pattern"], rows["old-*"]["targets"]) == (True, ["openai/added"])
    assert (rows["fast"]["pattern"], rows["listed"]["targets"]) == (False, [])
    assert rows["added"]["price"] == {
        "input": 0.5,
        "cached_input": None,
        "cache_write": None,
        "output": 1.25,
        "basis": "config.toml",
    }


def test_one_provider_s_models_are_shown_without_aliases(upstream: HTTPServer) -> None:
    assert {row["id"] for row in Run("models", "-p", "openai", "--json").data} == {"listed", "added"}


def test_without_an_account_the_next_command_is_named(home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text('[aliases]\nfast = "openai/m"\n')
    assert "no account yet; add one: a2a login openai" in Run("models").stderr
