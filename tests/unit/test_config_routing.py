"""`[aliases]`, `[models]` and `fallback`: what the file may say, and mistakes with file, line and the nearest name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from a2a.config import AliasDecl, ModelPrice, Settings, describe, load
from a2a.errors import ConfigError


def settings(tmp_path: Path, text: str, **env: str) -> Settings:
    """Load `text` as the config.toml of a home of its own."""
    (tmp_path / "config.toml").write_text(text)
    return load(env={"A2A_HOME": str(tmp_path), **env})


def wrong(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)
    return str(caught.value).replace(str(tmp_path) + "/", "")


@pytest.mark.parametrize(
    ("line", "alias"),
    [
        ('a = "openai/m"', AliasDecl(targets=["openai/m"])),
        ('a = ["m", "kiro/n"]', AliasDecl(targets=["m", "kiro/n"])),
        ('a = { targets = ["m"] }', AliasDecl(targets=["m"])),
        ('a = { targets = ["m"], strategy = "round-robin" }', AliasDecl(targets=["m"], strategy="round-robin")),
    ],
)
def test_forms_of_an_alias(tmp_path: Path, line: str, alias: AliasDecl) -> None:
    assert settings(tmp_path, f"[aliases]\n{line}").aliases == {"a": alias}


def test_aliases_keep_their_order_and_their_odd_names(tmp_path: Path) -> None:
    found = settings(tmp_path, '[aliases]\n"z-*" = "m"\n"a/b" = "m"\n"x[1m]" = "m"')
    assert list(found.aliases) == ["z-*", "a/b", "x[1m]"]


def test_what_is_special_about_a_model(tmp_path: Path) -> None:
    text = '[models."openai/m"]\ncontext = 5\ninput = ["text", "pdf"]\nfallback = ["kiro"]\nidle_timeout_s = 7\n'
    text += '[models."openai/m".price]\ninput = 1\noutput = 2.5\n'
    model = settings(tmp_path, text).models["openai/m"]
    assert (model.context, model.input, model.fallback, model.idle_timeout_s) == (5, ["text", "pdf"], ["kiro"], 7.0)
    assert model.price == ModelPrice(input=1.0, output=2.5)


def test_a_provider_s_fallback_by_file_and_by_variable(tmp_path: Path) -> None:
    text = '[providers.kiro]\nfallback = ["claude"]\n[server]\nfallback_explicit = true\n'
    found = settings(tmp_path, text, A2A_OPENAI_FALLBACK="kiro, qwen/q")
    assert found.provider("claude-kiro-oauth").fallback == ["claude"]
    assert found.provider("openai-custom").fallback == ["kiro", "qwen/q"]
    assert found.server.fallback_explicit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aliases = 1", "config.toml:1: aliases must be a table (write [aliases])"),
        ("[[models]]\nname = 1", 'models must be a table (write [models."gpt-5"])'),
        ("[aliases]\na = 1", "config.toml:2: an alias is a model, a list of models or a table (for example fast ="),
        ("[aliases]\na = []", "config.toml:2: the alias 'a' has no target"),
        ('[aliases]\n"" = "m"', "config.toml:1: a name in [aliases] is empty"),
        ('[aliases]\nb = "m"\na = ""', "config.toml:3: '' is no model (write provider/model"),
        ('[aliases]\na = ["m", " n"]', "config.toml:2: ' n' is no model"),
        ('[aliases]\na = "kiro/*"', "config.toml:2: 'kiro/*' is no model"),
        ('[aliases.a]\ntarget = "m"', "config.toml:2: [aliases.\"a\"] has no key 'target' (did you mean targets?)"),
        ('[aliases.a]\ntargets = "m"', 'config.toml:2: [aliases."a"]: targets: expected a list, got text'),
        ('[aliases.a]\ntargets = ["m"]\nstrategy = "x"', "config.toml:3: [aliases.\"a\"]: strategy: there is no 'x'"),
        ("[models]\nm = 1", 'config.toml:2: [models] holds one table per model (write [models."m"])'),
        ('[models."m"]\ncontxt = 1', "config.toml:2: [models.\"m\"] has no key 'contxt' (did you mean context?)"),
        ('[models."m"]\ncontext = 0', 'config.toml:2: [models."m"]: context: expected a whole number >= 1'),
        ('[models."m"]\ninput = ["smell"]', 'config.toml:2: [models."m"]: input[0]: there is no'),
        ('[models."m".price]\ninput = 1\noutput = -1', 'config.toml:3: [models."m"]: price.output: expected a'),
        ('[models."m"]\nfallback = ["/"]', "config.toml:2: '/' is no model"),
        ('[providers.kiro]\nfallback = [""]', "config.toml:2: '' is no model"),
        ("[alias]\na = 1", "config.toml:1: the file has no key 'alias' (did you mean aliases?)"),
    ],
)
def test_mistakes_name_their_line(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in wrong(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[aliases]\na = ["m", "kirro/x"]', 2),
        ('[providers.kiro]\nfallback = ["kirro/x"]', 2),
        ('[models."m"]\ncontext = 1\nfallback = ["kirro/x"]', 3),
    ],
)
def test_a_target_that_nearly_names_a_provider_is_remarked_upon(tmp_path: Path, text: str, line: int) -> None:
    (problem,) = settings(tmp_path, text).problems
    assert problem.endswith(f"config.toml:{line}: 'kirro/x' names no provider: did you mean kiro/x?")


@pytest.mark.parametrize("target", ["kiro/x", "OPENAI/x", "moonshotai/kimi", "anthropic/claude", "m"])
def test_other_targets_are_not(tmp_path: Path, target: str) -> None:
    assert settings(tmp_path, f'[aliases]\na = "{target}"').problems == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('a = "m"', "m"),
        ('a = ["m", "n"]', ["m", "n"]),
        ('a = { targets = ["m"], strategy = "round-robin" }', {"targets": ["m"], "strategy": "round-robin"}),
    ],
)
def test_config_show_has_the_aliases(tmp_path: Path, line: str, shown: Any) -> None:
    row = next(row for row in describe(settings(tmp_path, f"[aliases]\n{line}")) if row.name == "aliases.a")
    assert (row.value, row.origin) == (shown, "config.toml:2")


def test_config_show_has_what_is_set_of_a_model(tmp_path: Path) -> None:
    rows = describe(settings(tmp_path, '[models."kiro/m"]\ncontext = 5\nprice = { input = 1 }'))
    row = next(row for row in rows if row.name == "models.kiro/m")
    value = {"context": 5, "price": {"input": 1.0}}
    assert (row.value, row.origin) == (value, "config.toml:1")
