"""Routing is total and deterministic: whatever the settings and the name, targets in an order, or our own error."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.pool_kit import CLAUDE, KIRO, OPENAI, account, settings

from a2a.config import PROVIDER_SHORT, AliasDecl, ModelDecl
from a2a.errors import RequestError
from a2a.gateway.call import Call
from a2a.gateway.catalogue import Catalogue
from a2a.gateway.route import Choice, Router
from a2a.protocols.registry import FRONTS
from a2a.providers.registry import build

WORDS = ("gpt", "mini", "claude-x", "claude-sonnet-4-5", "auto", "a", "b", "vendor/whole", "work", "kiro", "openai", "")
NAMES = st.one_of(
    st.sampled_from(WORDS),
    st.builds("/".join, st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)),
    st.text(max_size=6),
)
TARGETS = st.lists(NAMES, max_size=3)
PATTERNS = st.sampled_from(("*", "claude-*", "?", "kiro/*", "*/*"))
ALIASES = st.dictionaries(
    st.one_of(NAMES, PATTERNS),
    st.builds(
        AliasDecl,
        targets=st.lists(NAMES, min_size=1, max_size=3),
        strategy=st.sampled_from(("in-order", "round-robin")),
    ),
    max_size=4,
)
SETTINGS = st.fixed_dictionaries(
    {
        "chain": st.lists(st.sampled_from(list(PROVIDER_SHORT)), max_size=3, unique=True),
        "explicit": st.booleans(),
        "aliases": ALIASES,
        "models": st.dictionaries(NAMES, st.builds(ModelDecl, fallback=st.none() | TARGETS), max_size=3),
        "openai": TARGETS,
        "kiro": TARGETS,
        "accounts": st.lists(st.sampled_from((OPENAI, CLAUDE, KIRO)), max_size=3, unique=True),
    }
)
CALLS = st.fixed_dictionaries(
    {
        "prefix": st.none() | st.sampled_from(list(PROVIDER_SHORT)),
        "header": st.none() | st.one_of(NAMES, st.sampled_from(["kiro", "openai/work", "nobody"])),
    }
)


def router(made: dict[str, Any]) -> Router:
    tables: dict[str, Any] = {
        "openai": {"models": ["gpt", "mini", "vendor/whole"], "fallback": made["openai"]},
        "kiro": {"fallback": made["kiro"]},
        "claude": {"models": ["claude-x", "gpt"]},
    }
    given_settings = settings({"model_provider": made["chain"], "fallback_explicit": made["explicit"]}, **tables)
    given_settings.aliases = made["aliases"]
    given_settings.models = made["models"]
    providers = build(given_settings)
    catalogue = Catalogue(providers)
    catalogue.use([account("work", provider=provider) for provider in made["accounts"]])
    return Router(given_settings, providers, catalogue)


def outcome(made: Router, call: Call, name: str) -> list[Choice] | str:
    try:
        return made.choices(call, name)
    except RequestError as error:
        return str(error)


@given(SETTINGS, CALLS, NAMES)
def test_any_name_has_targets_or_an_error_of_the_request_and_always_the_same(
    made: dict[str, Any], where: dict[str, Any], name: str
) -> None:
    headers = {} if where["header"] is None else {"model-provider": where["header"]}
    call = Call(front=FRONTS["chat"], path="/", body=b"", headers=headers, prefix=where["prefix"])
    first, again = outcome(router(made), call, name), outcome(router(made), call, name)
    assert first == again
    if isinstance(first, str):
        return
    targets = [(choice.route.provider, choice.route.model, choice.route.account) for choice in first]
    assert first
    assert len(set(targets)) == len(targets)
    stands_in = [choice.route.via == "fallback" for choice in first]
    assert stands_in == sorted(stands_in), "behind all others"
    assert all((choice.route.instead_of is not None) is late for choice, late in zip(first, stands_in, strict=True))
    own = first[0].route.via in ("prefix", "header", "name")
    assert not own or made["explicit"] or len(first) == 1


@given(SETTINGS)
def test_what_is_listed_can_be_asked_for(made: dict[str, Any]) -> None:
    one = router(made)
    for view in one.models():
        by_provider = {} if view.provider == "alias" else {"model-provider": view.provider}  # an alias may hide a model
        call = Call(front=FRONTS["chat"], path="/", body=b"", headers=by_provider)
        if view.accounts and not view.pattern:
            assert one.choices(call, view.id)
