"""Prefix, header, provider/model, catalogue, default chain: in this order (contract section 6)."""

from __future__ import annotations

from typing import Any

import pytest
from support.pool_kit import CLAUDE, KIRO, OPENAI, account, settings

from a2a.config import Settings
from a2a.errors import RequestError, UnknownModel
from a2a.gateway import route as module
from a2a.gateway.call import Call
from a2a.gateway.catalogue import Catalogue
from a2a.gateway.route import Choice, Router
from a2a.protocols.registry import FRONTS
from a2a.providers.base import ModelInfo
from a2a.providers.registry import build

QWEN = "openai-qwen-oauth"
TABLES: dict[str, Any] = {
    "openai": {"models": ["gpt", "shared", "kiro/odd", "anthropic/claude"]},
    "claude": {"models": ["shared", "claude-x"]},
}
ACCOUNTS = (account("one"), account("c1", provider=CLAUDE), account("work", provider=KIRO))


def router(given: Settings | None = None, *, accounts: Any = ACCOUNTS, chain: tuple[str, ...] = ()) -> Router:
    given = given or settings({"model_provider": list(chain)}, **TABLES)
    providers = build(given)
    catalogue = Catalogue(providers)
    catalogue.use(accounts)
    return Router(given, providers, catalogue)


def call(prefix: str | None = None, header: str | None = None, front: str = "chat") -> Call:
    headers = {} if header is None else {"model-provider": header}
    return Call(front=FRONTS[front], path="/", body=b"", headers=headers, prefix=prefix)


def told(choices: list[Choice]) -> list[tuple[str, str, str, str | None]]:
    return [(c.route.via, c.route.provider, c.route.model, c.route.account) for c in choices]


@pytest.mark.parametrize(
    ("prefix", "header", "name", "via", "provider", "model", "alias"),
    [
        # prefix before header, name and catalogue; the name stays as it is
        (CLAUDE, KIRO, "kiro/x", "prefix", CLAUDE, "kiro/x", None),
        (OPENAI, None, "claude-x", "prefix", OPENAI, "claude-x", None),
        (OPENAI, None, "unheard-of", "prefix", OPENAI, "unheard-of", None),
        (KIRO, None, "claude-sonnet-4-5-20250929", "prefix", KIRO, "claude-sonnet-4.5", None),
        # header before name and catalogue
        (None, "openai", "claude-x", "header", OPENAI, "claude-x", None),
        (None, "OpenAI-Custom", "kiro/x", "header", OPENAI, "kiro/x", None),
        (None, "kiro/work", "auto", "header", KIRO, "auto", "work"),
        (None, "kiro/", "auto", "header", KIRO, "auto", None),
        (None, "", "gpt", "catalogue", OPENAI, "gpt", None),
        # provider/model and provider/alias/model
        (None, None, "claude/gpt", "name", CLAUDE, "gpt", None),
        (None, None, "Claude-Custom/gpt", "name", CLAUDE, "gpt", None),
        (None, None, "openai/one/gpt", "name", OPENAI, "gpt", "one"),
        (None, None, "openai/two/gpt", "name", OPENAI, "two/gpt", None),
        (None, None, "openai/vendor/some/model", "name", OPENAI, "vendor/some/model", None),
        (None, None, "openai/one/", "name", OPENAI, "one/", None),
        (None, None, "kiro/claude-sonnet-4-5", "name", KIRO, "claude-sonnet-4.5", None),
        # a name that a catalogue lists whole is not split
        (None, None, "kiro/odd", "catalogue", OPENAI, "kiro/odd", None),
        (None, None, "anthropic/claude", "catalogue", OPENAI, "anthropic/claude", None),
        # the catalogue
        (None, None, "gpt", "catalogue", OPENAI, "gpt", None),
        (None, None, "auto", "catalogue", KIRO, "auto", None),
        (None, None, "claude-sonnet-4-5-20250929", "catalogue", KIRO, "claude-sonnet-4.5", None),
    ],
)
def test_precedence(
    prefix: str | None, header: str | None, name: str, via: str, provider: str, model: str, alias: str | None
) -> None:
    assert told(router().choices(call(prefix, header), name)) == [(via, provider, model, alias)]


def test_a_route_remembers_what_was_asked_and_by_whom() -> None:
    (choice,) = router().choices(call(front="claude"), "openai/one/gpt")
    assert (choice.route.front, choice.route.asked) == ("claude", "openai/one/gpt")


@pytest.mark.parametrize(
    ("chain", "order"),
    [((), [OPENAI, CLAUDE]), (("claude",), [CLAUDE, OPENAI]), (("kiro", "claude", "openai"), [CLAUDE, OPENAI])],
)
def test_the_default_chain_orders_those_that_serve_the_same_model(chain: tuple[str, ...], order: list[str]) -> None:
    found = router(chain=chain).choices(call(), "shared")
    assert [choice.route.provider for choice in found] == order


@pytest.mark.parametrize(
    ("chain", "provider"), [(("openai",), OPENAI), (("kiro", "openai"), KIRO), (("qwen", "claude"), CLAUDE)]
)
def test_an_unknown_name_goes_to_the_first_open_list_of_the_chain(chain: tuple[str, ...], provider: str) -> None:
    assert told(router(chain=chain).choices(call(), "brand-new")) == [("default", provider, "brand-new", None)]


def test_a_provider_without_an_account_takes_no_unknown_name() -> None:
    found = router(accounts=ACCOUNTS[:1], chain=("kiro", "openai")).choices(call(), "brand-new")
    assert [choice.route.provider for choice in found] == [OPENAI]


@pytest.mark.parametrize("chain", [(), ("qwen",)])
@pytest.mark.parametrize("name", ["brand-new", "nobody/model", "/x", "openai", ""])
def test_otherwise_an_unknown_name_is_a_404(chain: tuple[str, ...], name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        router(chain=chain).choices(call(), name)
    assert (caught.value.status, caught.value.param) == (404, "model")


def test_a_404_names_near_models_or_the_list() -> None:
    with pytest.raises(UnknownModel, match=r"no provider serves model claude-y") as caught:
        router().choices(call(), "claude-y")
    assert "claude-x" in (caught.value.hint or "")
    with pytest.raises(UnknownModel) as caught:
        router().choices(call(), "zzzz")
    assert caught.value.hint == "see: a2a models"


def test_a_header_that_names_no_provider_is_refused() -> None:
    with pytest.raises(RequestError, match="no provider is called 'nobody'") as caught:
        router().choices(call(header="nobody"), "gpt")
    assert (caught.value.status, caught.value.param) == (400, "model-provider")


def test_a_closed_list_takes_no_other_names() -> None:
    accounts = (account("g", provider="gemini-cli-oauth", kind="oauth"), account("key", provider=QWEN))
    made = router(accounts=(*accounts, account("token", provider=QWEN, kind="oauth")))
    with pytest.raises(UnknownModel):
        made.choices(call(), "gemini/brand-new")
    (choice,) = made.choices(call(), "qwen/brand-new")
    assert choice.serving == {"openai-q-key"}
    assert made.choices(call(), "gemini/gemini-3.5-flash")[0].route.model == "gemini-3-flash"


def test_accounts_whose_upstream_lists_the_model_are_asked() -> None:
    made = router(accounts=(account("one"), account("two")))
    made._catalogue.learn("openai-c-one", (ModelInfo(id="m"),))
    made._catalogue.learn("openai-c-two", (ModelInfo(id="n"),))
    assert made.choices(call(), "m")[0].serving == {"openai-c-one"}
    assert made.choices(call(header="openai"), "m")[0].serving == {"openai-c-one"}
    assert made.choices(call(header="openai/two"), "m")[0].serving is None


def test_a_decision_is_kept_until_the_catalogue_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 2)
    made = router(chain=("claude",))
    assert made.choices(call(), "fresh") is made.choices(call(), "fresh")
    made._catalogue.learn("openai-c-one", (ModelInfo(id="fresh"),))
    assert made.choices(call(), "fresh")[0].route.provider == OPENAI
    for name in ("a", "b", "c"):
        made.choices(call(), name)
    assert len(made._kept) <= 2


def test_the_chain_as_ids() -> None:
    assert router(chain=("kiro", "openai-custom")).chain == [KIRO, OPENAI]


@pytest.mark.parametrize(
    ("server", "table", "provider", "model"),
    [
        ({"default_model": "s"}, {"default_model": "p"}, KIRO, "p"),
        ({"default_model": "s"}, {}, KIRO, "s"),
        ({}, {}, KIRO, "auto"),
        ({}, {"models": ["first", "second"]}, OPENAI, "first"),
        ({}, {}, OPENAI, None),
    ],
)
def test_the_model_nobody_named(
    server: dict[str, Any], table: dict[str, Any], provider: str, model: str | None
) -> None:
    tables = {"kiro": table} if provider == KIRO else {"openai": table}
    assert router(settings(server, **tables)).default_model(provider) == model
