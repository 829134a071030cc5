"""When a config file counts as changed, and what a running server can take of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from a2a.config import ProviderSettings, ServerSettings, Settings, load
from a2a.config.watch import changes, kept, stamp, watched
from a2a.errors import ConfigError
from a2a.paths import folders
from a2a.secret import Secret

KIRO = "claude-kiro-oauth"


def given(home: Path, **server: object) -> Settings:
    return Settings(server=ServerSettings(**server), folders=folders(str(home)))  # type: ignore[arg-type]


def test_a_file_that_appears_changes_or_goes_changes_the_stamp(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    seen = [stamp([file])]
    for text in ("a", "bb", "b", None):
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
        seen.append(stamp([file]))
    assert seen[0] == seen[-1] == ()
    assert len(set(seen)) == 4


def test_an_editor_that_writes_another_file_in_its_place(tmp_path: Path) -> None:
    file, other = tmp_path / "config.toml", tmp_path / "new"
    file.write_text("a")
    other.write_text("b")
    at = file.stat()
    os.utime(other, ns=(at.st_atime_ns, at.st_mtime_ns))  # same time, same size
    before = stamp([file])
    other.replace(file)
    assert stamp([file]) != before


def test_files_in_a_folder_count_and_half_written_ones_do_not(tmp_path: Path) -> None:
    before = stamp([tmp_path])
    (tmp_path / ".a.json.1.tmp").write_text("{")
    assert stamp([tmp_path]) == before
    (tmp_path / "a.json").write_text("{}")
    assert len(stamp([tmp_path])) == 1


def test_keys_are_watched_and_tokens_which_change_by_themselves_are_not(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[providers.gemini]\noauth_client_secret_file = "google"\n'
        '[[accounts]]\nprovider = "openai"\nname = "a"\napi_key_file = "/keys/a"\n'
        '[[accounts]]\nprovider = "kiro"\nname = "k"\ncredentials_file = "kiro.json"\n'
        '[[clients]]\nname = "laptop"\nkey_file = "laptop"\n'
    )
    paths = watched(load(env={"A2A_HOME": str(tmp_path)}))
    wanted = {"config.toml", "google", "laptop", "data/accounts", "data/overrides"}
    assert {*paths} == {tmp_path / name for name in wanted} | {Path("/keys/a")}


def test_a_file_that_is_not_there_yet_is_watched(tmp_path: Path) -> None:
    assert watched(given(tmp_path))[0] == tmp_path / "config.toml"


def test_changes_are_named() -> None:
    old = Settings(providers={KIRO: ProviderSettings(rpm=1)}, client_keys={"laptop": Secret("a")})
    new = Settings(
        server=ServerSettings(keepalive_s=3.0, allow_host=["box"]),
        providers={KIRO: ProviderSettings(rpm=2)},
        client_keys={"laptop": Secret("b")},
        origins={"server.keepalive_s": "config.toml:2"},
    )
    assert changes(old, new) == ["server.keepalive_s", "server.allow_host", f"providers.{KIRO}.rpm", "clients"]
    assert changes(old, old) == []


def test_what_a_running_server_cannot_take_waits(tmp_path: Path) -> None:
    running = given(tmp_path, host="localhost", port=3000)
    settings, waits = kept(running, given(tmp_path, host="0.0.0.0", port=4000, keepalive_s=3.0))
    assert waits == ["server.host", "server.port"]
    assert (settings.server.host, settings.server.port, settings.server.keepalive_s) == ("localhost", 3000, 3.0)


def test_a_file_that_says_nothing_new_is_taken_as_it_is(tmp_path: Path) -> None:
    new = given(tmp_path)
    assert kept(given(tmp_path), new) == (new, [])


def test_a_broken_file_names_line_and_nearest_key(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[server]\n\nstratgy = "weighted"\n')
    with pytest.raises(ConfigError, match=r"config\.toml:3: .*stratgy") as caught:
        load(env={"A2A_HOME": str(tmp_path)})
    assert caught.value.hint is not None
    assert "strategy" in caught.value.hint
