"""Which models there are, who serves them, and the lists kept on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from support.pool_kit import CLAUDE, KIRO, OPENAI, account, settings

from a2a.auth.records import Account
from a2a.catalog import packaged as packaged_catalog
from a2a.config import ModelDecl, ModelPrice
from a2a.control.types import Price
from a2a.errors import StoreError
from a2a.gateway.catalogue import Catalogue, Facts, plain
from a2a.paths import Folders, folders
from a2a.providers.base import ModelInfo
from a2a.providers.registry import build

A, B = account("a"), account("b")
K = account("k", provider=KIRO)


@pytest.fixture
def place(tmp_path: Path) -> Folders:
    return folders(str(tmp_path))


def catalogue(*accounts: Account, place: Folders | None = None, **tables: dict[str, Any]) -> Catalogue:
    made = Catalogue(build(settings(**tables)), place)
    made.use(accounts)
    return made


def infos(names: Iterable[str]) -> tuple[ModelInfo, ...]:
    return tuple(ModelInfo(id=name) for name in names)


@pytest.mark.parametrize(
    ("name", "bare"),
    [("m", "m"), ("m-20250929", "m"), ("m[1m]", "m"), ("m-20250929[1m]", "m"), ("m-2025", "m-2025")],
)
def test_dates_and_the_long_context_mark_are_no_part_of_a_name(name: str, bare: str) -> None:
    assert plain(name) == bare


def test_models_of_the_settings_are_there_at_once() -> None:
    known = catalogue(A, openai={"models": ["m"]})
    assert known.find("m") == [(OPENAI, "m")]
    assert known.lists("m")


def test_without_an_account_a_provider_serves_nothing() -> None:
    assert catalogue(openai={"models": ["m"]}).find("m") == []


def test_what_an_upstream_lists_is_found() -> None:
    known = catalogue(A)
    before = known.version
    known.learn(A.id, (ModelInfo(id="m", aliases=("short",)),))
    assert (known.find("m"), known.find("short")) == ([(OPENAI, "m")], [(OPENAI, "m")])
    assert known.version > before


def test_a_fresh_list_replaces_the_old_one() -> None:
    known = catalogue(A)
    known.learn(A.id, infos(["old"]))
    known.learn(A.id, infos(["new"]))
    assert (known.find("old"), known.find("new")) == ([], [(OPENAI, "new")])


@pytest.mark.parametrize("name", ["m-20250929", "m[1m]"])
def test_a_name_with_a_date_finds_the_one_without(name: str) -> None:
    assert catalogue(A, openai={"models": ["m"]}).find(name) == [(OPENAI, "m")]


def test_the_very_name_goes_before_the_one_without_date() -> None:
    known = catalogue(A, openai={"models": ["m", "m-20250929"]})
    assert known.find("m-20250929") == [(OPENAI, "m-20250929")]


def test_a_provider_s_own_rule_for_names_is_applied() -> None:
    assert catalogue(K).find("claude-sonnet-4-5-20250929") == [(KIRO, "claude-sonnet-4.5")]


def test_all_providers_that_serve_a_name_are_found() -> None:
    known = catalogue(A, account("c", provider=CLAUDE), openai={"models": ["m"]}, claude={"models": ["m"]})
    assert sorted(known.find("m")) == [(CLAUDE, "m"), (OPENAI, "m")]


def test_accounts_of_unknown_providers_do_not_count() -> None:
    known = catalogue(account("q", provider="gone-custom"))
    assert (known.views(), known.unlisted()) == ([], [])


def test_has_account_by_provider_and_alias() -> None:
    known = catalogue(A)
    assert known.has_account(OPENAI)
    assert known.has_account(OPENAI, "a")
    assert not known.has_account(OPENAI, "b")
    assert not known.has_account(KIRO)


def test_who_is_asked_for_a_model() -> None:
    known = catalogue(A, B, account("c"), K)
    assert known.serving(OPENAI, "m") is None
    known.learn(A.id, infos(["m"]))
    known.learn(B.id, infos(["other"]))
    assert known.serving(OPENAI, "m") == {A.id, "openai-c-c"}
    assert known.serving(OPENAI, "unheard") is None


def test_an_account_s_own_entry() -> None:
    known = catalogue(A, B, openai={"models": ["m"]})
    entry = ModelInfo(id="m", context=5)
    known.learn(A.id, (entry,))
    assert (known.info(A.id, "m"), known.info(B.id, "m")) == (entry, None)


def test_near_names() -> None:
    known = catalogue(A, openai={"models": ["gpt-5.6-sol", "gpt-5.6-luna", "whisper"]})
    assert set(known.near("gpt-5.6")) == {"gpt-5.6-sol", "gpt-5.6-luna"}
    assert known.near("zzz") == []


def test_the_first_of_a_list_is_the_default_of_last_resort() -> None:
    assert catalogue(A, openai={"models": ["x", "a"]}).first(OPENAI) == "x"
    assert catalogue().first(OPENAI) is None


def test_views_name_each_model_once_with_who_can_serve_it() -> None:
    known = catalogue(A, B, openai={"models": ["free"]})
    known.learn(A.id, (ModelInfo(id="m", name="M", aliases=("x", "y"), context=5, max_output=6, created=7),))
    known.learn(B.id, infos(["n"]))
    rows = {view.id: view for view in known.views()}
    assert sorted(rows) == ["free", "m", "n"]
    assert (rows["m"].name, rows["m"].aliases, rows["m"].accounts) == ("M", ["x", "y"], ["openai/a"])
    assert (rows["m"].context, rows["m"].max_output, rows["m"].created) == (5, 6, 7)
    assert (rows["free"].name, rows["free"].accounts) == ("free", ["openai/a", "openai/b"])


def test_a_saved_list_is_there_at_the_next_start(place: Folders) -> None:
    known = catalogue(A, B, place=place)
    known.learn(A.id, (ModelInfo(id="m", aliases=("x",), detail="d"),))
    known.save(A.id)
    again = catalogue(A, B, place=place)
    assert again.find("x") == [(OPENAI, "m")]
    assert again.info(A.id, "m") == ModelInfo(id="m", aliases=("x",), detail="d")
    assert again.unlisted() == [B.id]


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'[{"name":"x"}]', b'[{"id":"\xff"}]', b"[" * 100_000])
def test_a_broken_file_is_forgotten(place: Folders, content: bytes) -> None:
    path = place.cache / "models" / f"{A.id}.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    known = catalogue(A, place=place)
    assert (known.unlisted(), known.views()) == ([A.id], [])


def test_a_list_learned_while_serving_is_not_overwritten_by_the_file(place: Folders) -> None:
    known = catalogue(A, place=place)
    known.learn(A.id, infos(["old"]))
    known.save(A.id)
    known.learn(A.id, infos(["new"]))
    known.use([A])
    assert known.find("new")


def test_without_folders_nothing_is_kept() -> None:
    known = catalogue(A)
    known.learn(A.id, infos(["m"]))
    known.save(A.id)
    assert known.find("m")


def test_a_folder_that_cannot_be_written_costs_the_file_alone(place: Folders) -> None:
    place.cache.mkdir(parents=True)
    (place.cache / "models").write_text("in the way")
    known = catalogue(A, place=place)
    known.learn(A.id, infos(["m"]))
    with pytest.raises(StoreError):
        known.save(A.id)
    assert known.find("m")


def declared(models: dict[str, ModelDecl], *accounts: Account, **tables: dict[str, Any]) -> Catalogue:
    known = catalogue(*accounts, **tables)
    known.declare(models)
    return known


def test_a_model_of_the_settings_with_its_provider_is_one_it_serves() -> None:
    known = declared({"openai/m": ModelDecl(context=5), "kiro/n": ModelDecl(), "bare": ModelDecl()}, A)
    assert (known.find("m"), known.find("n"), known.find("bare")) == ([(OPENAI, "m")], [], [])
    assert known.serving(OPENAI, "m") is None


@pytest.mark.parametrize("name", ["openai/m", "OpenAI-Custom/m"])
def test_settings_of_a_model_the_most_particular_first(name: str) -> None:
    particular, general, asked = ModelDecl(context=1), ModelDecl(context=2), ModelDecl(context=3)
    known = declared({"asked": asked, "m": general, name: particular}, A)
    assert [*known.declared(OPENAI, "m", "asked")] == [particular, general, asked]
    assert [*known.declared(CLAUDE, "m", "asked")] == [general, asked]


def test_new_settings_replace_the_old_ones() -> None:
    known = declared({"openai/m": ModelDecl()}, A)
    before = known.version
    known.declare({"openai/n": ModelDecl()})
    assert (known.find("m"), known.find("n")) == ([], [(OPENAI, "n")])
    assert known.version > before


def test_a_name_that_an_upstream_writes_with_a_provider_may_have_settings_too() -> None:
    known = declared({"openai/gpt": ModelDecl(context=5)}, A)
    known.learn(A.id, infos(["openai/gpt"]))
    assert known.facts(A, "openai/gpt").context == 5


def test_facts_come_from_the_settings_else_the_list_else_the_packaged_catalog() -> None:
    own = account("own", provider=CLAUDE)
    known = declared({"claude-opus-5": ModelDecl(max_output=7)}, own)
    packaged = known.facts(own, "claude-sonnet-4-6")
    assert (packaged.context, packaged.input) == (1_000_000, ("text", "image", "pdf"))
    assert packaged.price is not None
    assert (packaged.price.input, packaged.price.output) == (3.0, 15.0)
    assert packaged.price.basis == packaged_catalog().price_date
    known.learn(own.id, (ModelInfo(id="claude-opus-5", context=9),))
    facts = known.facts(own, "claude-opus-5")
    assert (facts.context, facts.max_output, facts.input) == (9, 7, ("text", "image", "pdf"))


def test_facts_of_the_settings_alone() -> None:
    other = account("other", urls={"base_url": "http://127.0.0.1:1/v1"})
    decl = ModelDecl(input=["text"], price=ModelPrice(input=1.0, output=2.0), price_date="2026-11-01")
    facts = declared({"gpt-5.4": decl}, other).facts(other, "gpt-5.4")
    assert facts == Facts(input=("text",), price=Price(input=1.0, output=2.0, basis="2026-11-01"))


def test_a_vendor_s_price_is_not_that_of_another_host() -> None:
    other = account("other", urls={"base_url": "http://127.0.0.1:1/v1"})
    assert catalogue(other).facts(other, "gpt-5.4") == Facts()


def test_views_say_what_a_model_reads_and_costs() -> None:
    (view,) = catalogue(A, openai={"models": ["gpt-5.4"]}).views()
    assert "image" in view.input
    assert view.price is not None
    assert (view.context, view.price.output) == (1_050_000, 15.0)


def test_able_accounts_by_alias() -> None:
    known = catalogue(A, B)
    known.learn(A.id, infos(["m"]))
    known.learn(B.id, infos(["n"]))
    assert known.able(OPENAI, "m") == ["openai/a"]
    assert known.able(OPENAI, "m", "b") == ["openai/b"], "one that is named is asked"
    assert known.able(OPENAI, "m", "c") == []


def test_near_names_of_others_too() -> None:
    assert catalogue(A, openai={"models": ["smart-1"]}).near("smrt", ["smart"]) == ["smart", "smart-1"]
