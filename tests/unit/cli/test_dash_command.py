"""`a2a dash` where it cannot draw, and what it tells the screen of the terminal."""

from __future__ import annotations

import io

import pytest
from support.cli_run import Run

from a2a.cli import dash
from a2a.cli.output import Out
from a2a.config import load
from a2a.errors import UsageError
from a2a.tui.marks import ASCII, UNICODE


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def __init__(self, encoding="utf-8"):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding

    def isatty(self):
        return True


def around(env=None, *, theme=None, ascii_only=False, encoding="utf-8"):
    return dash._around(load(env=env or {}), Out(stderr=Terminal(encoding)), theme, ascii_only)


def test_without_a_terminal_it_names_the_commands_for_scripts():
    run = Run("dash")
    assert run.code == 2
    assert "the dashboard needs a terminal" in run.stderr
    assert "a2a accounts --json" in run.stderr


def test_json_is_refused():
    run = Run("dash", "--json")
    assert run.code == 2
    assert "no --json" in run.envelope["errors"][0]["message"]


def test_an_unknown_theme_names_those_there_are():
    run = Run("dash", "--theme", "pink")
    assert run.code == 2
    assert "dark, light, contrast, mono" in run.stderr


def test_the_browser_needs_its_extra(monkeypatch):
    monkeypatch.setattr(dash, "find_spec", lambda name: None)
    run = Run("dash", "--web")
    assert run.code == 2
    assert "pip install 'aiclient2api[web]'" in run.stderr


def test_a_dumb_terminal_is_told():
    out = Out(stdin=Terminal(), stderr=Terminal())
    with pytest.raises(UsageError, match="TERM=dumb"):
        dash._check_terminal(out, load(env={"TERM": "dumb"}), in_browser=False)
    dash._check_terminal(out, load(env={"TERM": "xterm"}), in_browser=False)


def test_marks_follow_the_character_set_of_the_terminal():
    assert around().marks is UNICODE
    assert around(encoding="iso8859-1").marks is ASCII
    assert around(ascii_only=True).marks is ASCII


def test_the_theme_is_the_one_named_else_that_of_no_color_else_the_last_one(home):
    from a2a.tui import memory

    env = {"A2A_HOME": str(home)}
    assert around(env).theme == "dark"
    memory.keep(home / "state" / "dash.json", "light")
    assert around(env).theme == "light"
    assert around({**env, "NO_COLOR": "1"}).theme == "mono"
    assert around({**env, "NO_COLOR": "1"}, theme="contrast").theme == "contrast"
    (home / "state" / "dash.json").write_text("garbage")
    assert around(env).theme == "dark"


def test_editor_and_pager_are_those_of_the_environment():
    told = around({"VISUAL": "code -w", "EDITOR": "vi", "PAGER": "less"})
    assert (told.editor, told.pager) == ("code -w", "less")
    assert around({"EDITOR": "vi"}).editor == "vi"


def test_a_page_in_the_browser_is_a_dash_on_the_same_server():
    out = Out()
    out.config = "/a b/config.toml"
    command = dash._command(out, "http://127.0.0.1:1", around(theme="light"))
    assert "--config '/a b/config.toml' dash --in-browser --url http://127.0.0.1:1 --theme light" in command
