"""Whose timeouts hold: a model's own, its provider's, the server's."""

from __future__ import annotations

from msgspec import structs
from support.pool_kit import CLAUDE, KIRO, OPENAI, settings

from a2a.config.declare import ModelDecl
from a2a.providers.base import Provider
from a2a.providers.registry import build
from a2a.providers.timeouts import Timeouts


def providers(**models: ModelDecl) -> dict[str, Provider]:
    """`__` stands for the slash."""
    named = {key.replace("__", "/"): decl for key, decl in models.items()}
    return build(structs.replace(settings({"connect_timeout_s": 5.0}), models=named))


def test_a_model_without_a_table_has_its_provider_s() -> None:
    found = providers(other=ModelDecl(idle_timeout_s=1.0))[OPENAI]
    assert found.limits_of("m") == found.limits == Timeouts(5, 600, 180, 0)


def test_its_own_win_one_by_one_also_with_0() -> None:
    found = providers(m=ModelDecl(first_byte_timeout_s=900.0, idle_timeout_s=0.0))
    assert found[OPENAI].limits_of("m") == Timeouts(5, 900, 0, 0)
    assert found[KIRO].limits_of("m") == Timeouts(10, 900, 0, 0)


def test_under_its_provider_s_name_for_that_one_alone() -> None:
    found = providers(m=ModelDecl(idle_timeout_s=1.0, total_timeout_s=9.0), OpenAI__m=ModelDecl(idle_timeout_s=2.0))
    assert found[OPENAI].limits_of("m") == Timeouts(5, 600, 2, 9)
    assert found[CLAUDE].limits_of("m") == Timeouts(5, 600, 1, 9)


def test_a_slash_may_be_the_model_s_own() -> None:
    assert providers(deep__v3=ModelDecl(idle_timeout_s=1.0))[OPENAI].limits_of("deep/v3").idle_s == 1


def test_the_name_of_a_spec_means_the_upstream_s() -> None:
    found = providers(**{"claude-sonnet-4-5": ModelDecl(idle_timeout_s=1.0)})[KIRO]
    assert found.limits_of(found.resolve("claude-sonnet-4-5")).idle_s == 1
