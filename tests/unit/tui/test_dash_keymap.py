"""`keys.toml`: what it takes, and what it says of mistakes."""

from __future__ import annotations

import pytest
from support.dash_run import dashboard

from a2a.tui import keymap


def read(tmp_path, text):
    path = tmp_path / "keys.toml"
    path.write_text(text, encoding="utf-8")
    return keymap.read(path)


def test_keys_by_the_names_of_the_help(tmp_path):
    keys, problems = read(tmp_path, '[app]\nquit = "ctrl+q"\n[list]\ndown = "down, n"\n"requests.pause" = "f9"\n')
    assert keys == {"app.quit": "ctrl+q", "list.down": "down,n"}
    assert problems == ["keys.toml: no action 'list.requests.pause'; did you mean 'requests.pause'?"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[app]\nquitt = "x"', "no action 'app.quitt'; did you mean 'app.quit'?"),
        ("[app]\nquit = 3", 'app.quit wants keys as text, such as quit = "ctrl+x"'),
        ('[app]\nquit = "hyperdrive+x"', "app.quit: no key 'hyperdrive+x'"),
        ('[app]\nquit = "blub"', "app.quit: no key 'blub'"),
        ("[app\n", "is no TOML"),
    ],
)
def test_a_mistake_is_told_and_skipped(tmp_path, text, told):
    keys, problems = read(tmp_path, text)
    assert keys == {}
    assert told in problems[0]


def test_every_action_has_one_name_and_a_key_that_exists():
    for binding in keymap.actions():
        assert all(keymap.is_key(key) for key in binding.key.split(",")), binding


def test_no_file_is_no_mistake(tmp_path):
    assert keymap.use(None, tmp_path / "keys.toml") == []
    assert keymap.use(None, None) == []


@pytest.mark.anyio
async def test_another_key_does_it_and_the_old_one_does_not(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text('[view]\nrequests = "f3"\n[app]\nnothing = "x"\n', encoding="utf-8")
    async with dashboard(keys=path) as dash:
        await dash.sees("keys.toml: no action 'app.nothing'")
        await dash.press("3")
        assert dash.app.view is not None
        assert dash.app.view.TITLE == "Overview"
        await dash.press("f3")
        assert dash.app.view.TITLE == "Requests"
