"""`fallback`: which targets stand behind those of the request, and where it does not hold."""

from __future__ import annotations

from typing import Any

import pytest
from support.pool_kit import CLAUDE, KIRO, OPENAI, account, settings

from a2a.config import AliasDecl, ModelDecl
from a2a.gateway.call import Call
from a2a.gateway.catalogue import Catalogue
from a2a.gateway.route import Choice, Router
from a2a.protocols.registry import FRONTS
from a2a.providers.registry import build

RESPONSES = "openaiResponses-custom"
ACCOUNTS = (account("one"), account("two"), account("c1", provider=CLAUDE), account("work", provider=KIRO))


def router(
    *,
    models: dict[str, list[str] | None] | None = None,
    explicit: bool = False,
    accounts: Any = ACCOUNTS,
    aliases: dict[str, AliasDecl] | None = None,
    **fallback: list[str],
) -> Router:
    """`models`: their own chains; `fallback`: chains of providers by short name."""
    names = {"openai": ["gpt", "gpt-mini"], "claude": ["claude-sonnet-4-5", "claude-x", "gpt"], "kiro": []}
    tables: dict[str, Any] = {
        short: {"models": names[short], "fallback": fallback.get(short)} for short in ("openai", "claude", "kiro")
    }
    given = settings({"fallback_explicit": explicit, "model_provider": ["openai"]}, **tables)
    given.models = {name: ModelDecl(fallback=chain) for name, chain in (models or {}).items()}
    given.aliases = aliases or {}
    providers = build(given)
    catalogue = Catalogue(providers)
    catalogue.use(accounts)
    return Router(given, providers, catalogue)


def call(prefix: str | None = None, header: str | None = None) -> Call:
    headers = {} if header is None else {"model-provider": header}
    return Call(front=FRONTS["chat"], path="/", body=b"", headers=headers, prefix=prefix)


def told(choices: list[Choice]) -> list[tuple[str, str, str]]:
    return [(choice.route.via, choice.route.provider, choice.route.model) for choice in choices]


FIRST = ("catalogue", OPENAI, "gpt-mini")


@pytest.mark.parametrize(
    ("chain", "behind"),
    [
        ([], []),
        (["kiro/auto"], [(KIRO, "auto")]),
        (["kiro/claude-sonnet-4-5", "claude-x"], [(KIRO, "claude-sonnet-4.5"), (CLAUDE, "claude-x")]),
        (["gpt"], [(OPENAI, "gpt"), (CLAUDE, "gpt")]),  # a bare name is whoever lists it, in the order of the chain
        (["openai/gpt-mini", "openai/two/gpt-mini"], [(OPENAI, "gpt-mini")]),  # what is asked anyway comes once
        (["nowhere-listed", "claude-x"], [(CLAUDE, "claude-x")]),
        (["responses/gpt", "claude-x"], [(CLAUDE, "claude-x")]),  # no account there
        (["kiro/home/auto"], [(KIRO, "home/auto")]),
        (["kiro", "claude"], []),  # the same model there: nobody has it
    ],
)
def test_what_stands_behind_a_model(chain: list[str], behind: list[tuple[str, str]]) -> None:
    expected = [FIRST, *(("fallback", *pair) for pair in behind)]
    assert told(router(openai=chain).choices(call(), "gpt-mini")) == expected
    assert told(router(models={"gpt-mini": chain}).choices(call(), "gpt-mini")) == expected


@pytest.mark.parametrize(
    ("asked", "chain", "behind"),
    [
        ("claude-sonnet-4.5", {"kiro": ["claude"]}, (CLAUDE, "claude-sonnet-4-5")),
        ("claude-sonnet-4-5-20250929", {"claude": ["kiro"]}, (KIRO, "claude-sonnet-4.5")),
        ("gpt", {"openai": ["CLAUDE-custom"]}, (CLAUDE, "gpt")),
    ],
)
def test_a_provider_alone_is_the_same_model_there(asked: str, chain: Any, behind: tuple[str, str]) -> None:
    found = told(router(**chain).choices(call(), asked))
    assert behind in [(provider, model) for _, provider, model in found[1:]]


def test_a_stand_in_says_whose_place_it_takes() -> None:
    route = router(openai=["kiro/auto"]).choices(call(), "gpt-mini")[1].route
    assert (route.asked, route.via, route.instead_of) == ("gpt-mini", "fallback", "openai/gpt-mini")


def test_those_who_serve_the_model_go_before_every_stand_in() -> None:
    made = router(openai=["kiro/auto"], claude=["claude-x"])
    expected = [("catalogue", OPENAI, "gpt"), ("catalogue", CLAUDE, "gpt")]
    expected += [("fallback", KIRO, "auto"), ("fallback", CLAUDE, "claude-x")]
    assert told(made.choices(call(), "gpt")) == expected


@pytest.mark.parametrize(
    ("models", "behind"),
    [
        ({"openai/gpt-mini": ["kiro/a"], "gpt-mini": ["kiro/b"]}, ["a"]),
        ({"gpt-mini": ["kiro/b"]}, ["b"]),
        ({"OPENAI-custom/gpt-mini": ["kiro/c"]}, ["c"]),
        ({"openai/gpt-mini": None, "gpt-mini": ["kiro/b"]}, ["b"]),
        ({"openai/gpt-mini": []}, []),
        ({"qwen/gpt-mini": ["kiro/x"]}, ["provider"]),
        ({}, ["provider"]),
    ],
)
def test_the_most_particular_chain_holds(models: dict[str, list[str] | None], behind: list[str]) -> None:
    made = router(models=models, openai=["kiro/provider"])
    found = [choice.route.model for choice in made.choices(call(), "gpt-mini") if choice.route.via == "fallback"]
    assert found == behind


def test_a_chain_ends_with_itself() -> None:
    made = router(openai=["claude-x"], claude=["kiro/auto"])
    assert told(made.choices(call(), "gpt-mini"))[1:] == [("fallback", CLAUDE, "claude-x")]


@pytest.mark.parametrize(
    ("prefix", "header", "name"),
    [
        (OPENAI, None, "gpt-mini"),
        (None, "openai", "gpt-mini"),
        (None, "openai/one", "gpt-mini"),
        (None, None, "openai/gpt-mini"),
        (None, None, "openai/one/gpt-mini"),
    ],
)
def test_what_the_client_chose_itself_has_no_stand_in_unless_the_user_says_so(
    prefix: str | None, header: str | None, name: str
) -> None:
    chains: dict[str, Any] = {"openai": ["kiro/auto"], "models": {"gpt-mini": ["kiro/auto"]}}
    assert len(router(**chains).choices(call(prefix, header), name)) == 1
    (_, behind) = router(explicit=True, **chains).choices(call(prefix, header), name)
    assert (behind.route.via, behind.route.provider) == ("fallback", KIRO)


def test_an_alias_and_the_default_chain_are_no_choice_of_the_client() -> None:
    made = router(openai=["kiro/auto"], aliases={"fast": AliasDecl(targets=["openai/gpt-mini"])})
    assert told(made.choices(call(), "fast")) == [("alias", OPENAI, "gpt-mini"), ("fallback", KIRO, "auto")]
    assert told(made.choices(call(), "unheard")) == [("default", OPENAI, "unheard"), ("fallback", KIRO, "auto")]


def test_a_chain_under_the_alias_s_own_name() -> None:
    made = router(models={"fast": ["claude-x"]}, aliases={"fast": AliasDecl(targets=["openai/gpt-mini"])})
    assert told(made.choices(call(), "fast"))[1:] == [("fallback", CLAUDE, "claude-x")]


def test_a_stand_in_may_be_an_alias() -> None:
    made = router(openai=["spare"], aliases={"spare": AliasDecl(targets=["kiro/auto", "claude-x"])})
    behind = [("fallback", KIRO, "auto"), ("fallback", CLAUDE, "claude-x")]
    assert told(made.choices(call(), "gpt-mini"))[1:] == behind


def test_dealing_out_leaves_the_stand_ins_behind() -> None:
    pool = AliasDecl(targets=["openai/gpt", "openai/gpt-mini"], strategy="round-robin")
    made = router(openai=["kiro/auto"], aliases={"a": pool})
    seen = [[choice.route.model for choice in made.choices(call(), "a")] for _ in range(2)]
    assert seen == [["gpt", "gpt-mini", "auto"], ["gpt-mini", "gpt", "auto"]]
