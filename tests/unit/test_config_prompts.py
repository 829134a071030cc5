"""System prompts and parameter rules in the settings: where they may stand, what is refused with which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from a2a.config import Settings, describe, load, prompts
from a2a.config.watch import changes, stamp, watched
from a2a.errors import ConfigError, UsageError

KIRO = "claude-kiro-oauth"


def given(home: Path, text: str, **flags: object) -> Settings:
    (home / "config.toml").write_text(text, "utf-8")
    return load(flags, env={"A2A_HOME": str(home)})


def refused(home: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        given(home, text)
    return caught.value


def test_a_file_of_the_config_counts_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "all.md").write_bytes(b"\xef\xbb\xbfSpeak as a pirate.\r\n\n")
    settings = given(tmp_path, '[server]\nsystem_prompt_file = "all.md"\n')
    path = str(tmp_path / "all.md")
    assert (settings.server.system_prompt_file, settings.prompts) == (path, {path: "Speak as a pirate."})
    prompts.check(settings)


def test_a_flag_counts_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "all.md").write_text("x")
    monkeypatch.chdir(tmp_path / "here")
    settings = given(tmp_path, "", system_prompt_file="all.md")
    assert settings.prompts == {str(tmp_path / "here" / "all.md"): "x"}


def test_every_table_may_have_one(tmp_path: Path) -> None:
    for name in ("kiro", "model", "client"):
        (tmp_path / name).write_text(name)
    settings = given(
        tmp_path,
        '[providers.kiro]\nsystem_prompt_file = "kiro"\n'
        '[models."kiro/x"]\nsystem_prompt_file = "model"\nsystem_prompt_mode = "append"\n'
        '[[clients]]\nname = "laptop"\nkey_env = "X"\nsystem_prompt_file = "client"\n',
    )
    assert sorted(settings.prompts.values()) == ["client", "kiro", "model"]
    assert set(map(Path, settings.prompts)) <= set(watched(settings))
    assert settings.models["kiro/x"].system_prompt_mode == "append"


def test_a_missing_file_matters_to_those_who_send_prompts(tmp_path: Path) -> None:
    settings = given(tmp_path, '[server]\nport = 1\nsystem_prompt_file = "none.md"\n')
    assert (settings.prompts, settings.problems) == ({}, [])
    with pytest.raises(ConfigError) as caught:
        prompts.check(settings)
    place = f"config.toml:3: cannot read the system prompt {tmp_path / 'none.md'}: No such file or directory"
    assert caught.value.message == place
    assert caught.value.hint


@pytest.mark.parametrize("table", ['[models."x"]', '[[clients]]\nname = "a"\nkey_env = "X"'])
def test_a_missing_file_of_a_table_is_told_with_its_line(tmp_path: Path, table: str) -> None:
    settings = given(tmp_path, f'# first\n{table}\nsystem_prompt_file = "none.md"\n')
    with pytest.raises(ConfigError, match=r"^config\.toml:2: .*system_prompt_file: cannot read"):
        prompts.check(settings)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe\x00", "is not UTF-8 text"), (b"x" * (prompts.LIMIT_BYTES + 1), "is over 1048576 bytes")],
)
def test_what_is_no_prompt(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "p").write_bytes(content)
    settings = given(tmp_path, '[server]\nsystem_prompt_file = "p"\n')
    with pytest.raises(ConfigError, match=words):
        prompts.check(settings)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    with pytest.raises(ConfigError, match="no regular file"):
        prompts.check(given(tmp_path, '[server]\nsystem_prompt_file = "p"\n'))


def test_a_changed_file_is_a_changed_setting(tmp_path: Path) -> None:
    file = tmp_path / "p"
    file.write_text("one")
    old = given(tmp_path, '[server]\nsystem_prompt_file = "p"\n')
    seen = stamp(watched(old))
    file.write_text("another")
    new = given(tmp_path, '[server]\nsystem_prompt_file = "p"\n')
    assert stamp(watched(old)) != seen
    assert changes(old, new) == ["server.system_prompt_file"]


def test_text_and_file_exclude_each_other(tmp_path: Path) -> None:
    for table in ("[providers.kiro]", '[models."x"]', '[[clients]]\nname = "a"\nkey_env = "X"'):
        error = refused(tmp_path, f'{table}\nsystem_prompt = "x"\nsystem_prompt_file = "y"\n')
        assert "exclude each other" in error.message


def test_a_mode_is_one_of_two_words(tmp_path: Path) -> None:
    hint = refused(tmp_path, '[server]\nsystem_prompt_mode = "prepend"\n').hint
    assert hint == "did you mean append? it may be overwrite, append"
    with pytest.raises(UsageError):
        load({"system_prompt_mode": "x"}, env={"A2A_HOME": str(tmp_path)})


# parameter rules

TABLES = ("providers.kiro", 'models."kiro/x"', "clients")


@pytest.mark.parametrize("table", TABLES)
def test_rules_stand_in_every_table(tmp_path: Path, table: str) -> None:
    head = '[[clients]]\nname = "a"\nkey_env = "X"\n' if table == "clients" else ""
    settings = given(
        tmp_path,
        f"{head}[{table}.parameters.default]\ntemperature = 1\n[{table}.parameters.override]\nmax_tokens = 5\n"
        f'stop = ["a"]\n[{table}.parameters]\nremove = ["top_p", "seed"]\n',
    )
    holders = {"providers.kiro": settings.providers.get(KIRO), "clients": next(iter(settings.clients), None)}
    holder = holders.get(table) or settings.models["kiro/x"]
    assert holder.parameters is not None
    assert holder.parameters.default.given() == {"temperature": 1.0}
    assert holder.parameters.override.given() == {"max_tokens": 5, "stop": ["a"]}
    assert holder.parameters.remove == ["top_p", "seed"]


@pytest.mark.parametrize(
    ("rules", "place", "message", "hint"),
    [
        ("override = { temprature = 1 }", 2, "override has no 'temprature'", "did you mean temperature?"),
        ('remove = ["max_token"]', 2, "remove has no 'max_token'", "did you mean max_tokens?"),
        ("defaults = { seed = 1 }", 2, "parameters has no 'defaults'", "did you mean default?"),
        ('remove = ["seed"]\noverride = { seed = 1 }', 2, "seed stands in override and in remove", "keep one of them"),
        ("default = 3", 2, "default must be a table", None),
        ('remove = "seed"', 2, "remove must be a list", 'remove = ["seed"]'),
        ("[{table}.parameters.default]\nseed = 1\ntop_k = 0", 4, "top_k: expected a whole number >= 1", None),
        ("default = { temperature = 3 }", 2, "temperature: expected a number <= 2.0", None),
        ('override = { stop = "END" }', 2, "stop: expected a list, got text", None),
        (
            'override = { reasoning_effort = "hihg" }',
            2,
            "reasoning_effort: there is no 'hihg'",
            "it may be none, minimal, low, medium, high, xhigh, max",
        ),
    ],
)
@pytest.mark.parametrize("table", TABLES[:2])
def test_a_rule_that_is_none_is_named(
    tmp_path: Path, table: str, rules: str, place: int, message: str, hint: str | None
) -> None:
    error = refused(tmp_path, f"[{table}.parameters]\n{rules.replace('{table}', table)}\n")
    assert error.message.endswith(f"config.toml:{place}: {message}")
    assert error.hint == hint


@pytest.mark.parametrize("rules", ["default = { seed = 1 }", "override = { top_p = 1 }", 'remove = ["stop"]', ""])
def test_a_table_may_have_any_of_the_three(tmp_path: Path, rules: str) -> None:
    assert given(tmp_path, f"[providers.kiro.parameters]\n{rules}\n").provider(KIRO).parameters is not None


def test_rules_have_no_variable(tmp_path: Path) -> None:
    settings = load(env={"A2A_HOME": str(tmp_path), "A2A_KIRO_PARAMETERS": "{}"})
    assert settings.provider(KIRO).parameters is None


def test_they_are_shown(tmp_path: Path) -> None:
    settings = given(tmp_path, '[providers.kiro]\nparameters = { override = { seed = 4 }, remove = ["stop"] }\n')
    row = next(row for row in describe(settings) if row.name == f"providers.{KIRO}.parameters")
    assert (row.value, row.origin) == ({"override": {"seed": 4}, "remove": ["stop"]}, "config.toml:2")
