"""The user's own names: exact, patterns, pools, dealt out. Before the catalogue, behind what the client chose."""

from __future__ import annotations

from typing import Any

import pytest
from support.pool_kit import CLAUDE, KIRO, OPENAI, account, settings

from a2a.config import AliasDecl, ModelDecl
from a2a.errors import UnknownModel
from a2a.gateway.aliases import Aliases, Dealer
from a2a.gateway.call import Call
from a2a.gateway.catalogue import Catalogue, plain
from a2a.gateway.route import Choice, Router
from a2a.protocols.registry import FRONTS
from a2a.providers.registry import build

TABLES: dict[str, Any] = {
    "openai": {"models": ["gpt", "gpt-mini", "vendor/whole"]},
    "claude": {"models": ["claude-x", "gpt"]},
}
ACCOUNTS = (account("one"), account("c1", provider=CLAUDE), account("work", provider=KIRO))


def alias(*targets: str, **fields: Any) -> AliasDecl:
    return AliasDecl(targets=list(targets), **fields)


def router(aliases: dict[str, AliasDecl], *, accounts: Any = ACCOUNTS, chain: tuple[str, ...] = ()) -> Router:
    given = settings({"model_provider": list(chain)}, **TABLES)
    given.aliases = aliases
    providers = build(given)
    catalogue = Catalogue(providers)
    catalogue.use(accounts)
    return Router(given, providers, catalogue)


def call(prefix: str | None = None, header: str | None = None, body: bytes = b"") -> Call:
    headers = {} if header is None else {"model-provider": header}
    return Call(front=FRONTS["chat"], path="/", body=body, headers=headers, prefix=prefix)


def told(choices: list[Choice]) -> list[tuple[str, str, str]]:
    return [(choice.route.via, choice.route.provider, choice.route.model) for choice in choices]


@pytest.mark.parametrize(
    ("name", "prefix", "header", "expected"),
    [
        ("fast", None, None, ("alias", OPENAI, "gpt-mini")),
        ("fast-20250101", None, None, ("alias", OPENAI, "gpt-mini")),
        # what the client chose itself is not looked up
        ("fast", OPENAI, None, ("prefix", OPENAI, "fast")),
        ("fast", None, "claude", ("header", CLAUDE, "fast")),
        ("openai/fast", None, None, ("name", OPENAI, "fast")),
        # before the catalogue
        ("gpt-mini", None, None, ("alias", CLAUDE, "claude-x")),
        # a pattern
        ("claude-3-opus-20240229", None, None, ("alias", KIRO, "claude-sonnet-4.5")),
        ("claude-3-", None, None, ("alias", KIRO, "claude-sonnet-4.5")),
        # an alias with a slash is a name listed whole
        ("kiro/mine", None, None, ("alias", OPENAI, "gpt-mini")),
        ("kiro/other", None, None, ("name", KIRO, "other")),
        ("claude/q-1", None, None, ("alias", KIRO, "auto")),
        # a target is read as a client's name is: provider's own aliases applied, whole names not split
        ("dated", None, None, ("alias", KIRO, "claude-sonnet-4.6")),
        ("whole", None, None, ("alias", OPENAI, "vendor/whole")),
        ("twice", None, None, ("alias", OPENAI, "gpt-mini")),
        ("brackets[1m]", None, None, ("alias", OPENAI, "gpt-mini")),
    ],
)
def test_where_aliases_stand(name: str, prefix: str | None, header: str | None, expected: tuple[str, str, str]) -> None:
    made = router(
        {
            "claude-3-*": alias("kiro/claude-sonnet-4.5"),
            "fast": alias("openai/gpt-mini"),
            "gpt-mini": alias("claude-x"),
            "kiro/mine": alias("openai/gpt-mini"),
            "claude/q-?": alias("kiro/auto"),
            "dated": alias("kiro/claude-sonnet-4-6"),
            "whole": alias("vendor/whole"),
            "twice": alias("fast"),
            "brackets[1m]": alias("fast"),
        }
    )
    assert told(made.choices(call(prefix, header), name)) == [expected]


def test_a_pool_is_tried_in_order_whatever_the_chain() -> None:
    made = router({"smart": alias("kiro/auto", "claude-x", "gpt")}, chain=("claude", "openai"))
    expected = [(KIRO, "auto"), (CLAUDE, "claude-x"), (CLAUDE, "gpt"), (OPENAI, "gpt")]
    assert told(made.choices(call(), "smart")) == [("alias", *pair) for pair in expected]


def test_a_target_that_comes_twice_is_tried_once() -> None:
    made = router({"a": alias("openai/gpt", "gpt")})
    assert told(made.choices(call(), "a")) == [("alias", OPENAI, "gpt"), ("alias", CLAUDE, "gpt")]


def test_an_alias_of_a_model_s_own_name_may_name_that_model() -> None:
    made = router({"gpt": alias("openai/gpt", "gpt", "kiro/auto"), "claude-*": alias("claude-x")})
    assert told(made.choices(call(), "gpt"))[-1] == ("alias", KIRO, "auto")
    assert told(made.choices(call(), "claude-anything")) == [("alias", CLAUDE, "claude-x")]


def test_aliases_in_a_circle_end() -> None:
    made = router({"a": alias("b"), "b": alias("a", "gpt-mini")})
    assert told(made.choices(call(), "a")) == [("alias", OPENAI, "gpt-mini")]
    with pytest.raises(UnknownModel):
        router({"a": alias("b"), "b": alias("a")}).choices(call(), "a")


def test_an_account_in_a_target() -> None:
    (choice,) = router({"a": alias("kiro/work/auto")}).choices(call(), "a")
    assert (choice.route.account, choice.route.asked, choice.serving) == ("work", "a", None)


def test_targets_without_an_account_stand_back() -> None:
    aliases = {"a": alias("kiro/auto", "openai/gpt")}
    assert told(router(aliases, accounts=ACCOUNTS[:1]).choices(call(), "a")) == [("alias", OPENAI, "gpt")]
    (choice,) = router({"a": alias("kiro/auto")}, accounts=ACCOUNTS[:1]).choices(call(), "a")
    assert choice.route.provider == KIRO, "so that the answer is the pool's: no account"


def test_an_alias_that_leads_nowhere_is_a_404_that_names_its_targets() -> None:
    with pytest.raises(UnknownModel, match="nobody serves gpt-minni, which a stands for") as caught:
        router({"a": alias("gpt-minni")}).choices(call(), "a")
    assert "gpt-mini" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "near"), [("smarrt", "smart"), ("cluade-3-*", "claude-3-*"), ("kirro/claude-x", "kiro/claude-x")]
)
def test_a_404_names_near_aliases_patterns_and_providers(name: str, near: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        router({"smart": alias("gpt"), "claude-3-*": alias("gpt")}).choices(call(), name)
    assert near in (caught.value.hint or "")


def conversation(text: str, *, turns: int = 0) -> bytes:
    turn = ',{"role":"assistant","content":"x"},{"role":"user","content":"y"}' * turns
    return b'{"messages":[{"role":"user","content":"%b"}%b]}' % (text.encode(), turn.encode())


def test_a_pool_that_is_dealt_out_begins_with_each_target_in_turn() -> None:
    made = router({"a": alias("openai/gpt", "kiro/auto", "claude/claude-x", strategy="round-robin")})
    routes = [told(made.choices(call(body=conversation(str(n))), "a")) for n in range(4)]
    assert [first[0][1] for first in routes] == [OPENAI, KIRO, CLAUDE, OPENAI]
    assert [found[1] for found in routes[1]] == [KIRO, CLAUDE, OPENAI]


def test_the_same_question_twice_is_two_conversations() -> None:
    made = router({"a": alias("openai/gpt", "kiro/auto", strategy="round-robin")})
    routes = [told(made.choices(call(body=conversation("hi")), "a")) for _ in range(3)]
    assert [first[0][1] for first in routes] == [OPENAI, KIRO, OPENAI]


def test_a_conversation_stays_with_the_target_it_was_dealt() -> None:
    made = router({"a": alias("openai/gpt", "kiro/auto", strategy="round-robin")})
    first = [made.choices(call(body=conversation(text)), "a")[0] for text in "xy"]
    later = [made.choices(call(body=conversation(text, turns=n)), "a")[0] for n in (1, 2) for text in "xy"]
    assert later == [*first, *first]


def test_a_dry_run_shows_the_turn_and_does_not_take_it() -> None:
    made = router({"a": alias("openai/gpt", "kiro/auto", strategy="round-robin")})
    mine = call(body=conversation("x"))
    shown = made.choices(mine, "a", dry=True)
    assert shown == made.choices(call(body=conversation("y")), "a", dry=True) == made.choices(mine, "a")
    later = call(body=conversation("x", turns=1))
    assert made.choices(later, "a", dry=True) == shown, "a conversation that was dealt keeps its target"
    assert made.choices(call(body=conversation("y")), "a", dry=True) != shown


def test_what_is_no_conversation_is_dealt_too() -> None:
    made = router({"a": alias("openai/gpt", "kiro/auto", strategy="round-robin")})
    assert {made.choices(call(), "a")[0].route.provider for _ in range(2)} == {OPENAI, KIRO}


def test_a_dealer_forgets_the_conversation_that_was_silent_longest() -> None:
    dealer = Dealer(size=2)
    assert [dealer.first(9, name) for name in ("a", "b", "a", "c", "b", "a")] == [0, 1, 0, 2, 3, 4]


def test_a_dealer_takes_another_number_of_targets() -> None:
    dealer = Dealer()
    assert [dealer.first(3, name) for name in "abc"] == [0, 1, 2]
    assert dealer.first(2, "c") == 0


def test_exact_names_go_before_patterns_and_those_by_their_order() -> None:
    aliases = Aliases({"g*": alias("x"), "gp*": alias("y"), "gpt": alias("z")}, plain)
    assert [aliases.find(name) for name in ("gpt", "gp", "gab", "other")] == ["gpt", "g*", "g*", None]
    assert list(aliases) == ["gpt", "g*", "gp*"]


def test_the_model_list_begins_with_the_aliases() -> None:
    made = router({"smart": alias("kiro/auto", "gpt"), "zz*": alias("openai/gpt"), "lost": alias("nothing")})
    rows = {view.id: view for view in made.models()}
    assert list(rows)[:3] == ["smart", "lost", "zz*"]
    smart, lost = rows["smart"], rows["lost"]
    assert (smart.provider, smart.pattern, rows["zz*"].pattern) == ("alias", False, True)
    assert smart.targets == ["kiro/auto", "openai/gpt", "claude/gpt"]
    assert smart.accounts == ["kiro/work", "openai/one", "claude/c1"]
    assert (lost.targets, lost.accounts) == (["nothing"], [])
    assert rows["claude-x"].provider == CLAUDE


def test_targets_that_lead_nowhere_are_told_with_their_place() -> None:
    made = router({"good": alias("gpt", "kiro/auto"), "bad": alias("gpt-minni", "qwen/x"), "self": alias("self")})
    made._settings.models = {"gpt": ModelDecl(fallback=["claude", "lost"])}
    made._settings.provider(OPENAI).fallback = ["responses", "openai/any"]
    made._settings.origins = {"aliases.bad": "config.toml:7"}
    assert made.dead_ends() == [
        "config.toml:7: nobody serves gpt-minni (near: gpt-mini, gpt)",
        "config.toml:7: qwen/x cannot be asked: qwen has no account",
        "aliases.self: nobody serves self (see: a2a models)",
        "models.gpt: nobody serves lost (see: a2a models)",
        f"providers.{OPENAI}.fallback: responses cannot be asked: responses has no account",
    ]
