"""Every action on an account, on logged-in and on declared ones, in the process that serves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs
from support.pool_kit import CLAUDE, KIRO, OPENAI, FakeClock, account, failure, settings, verdict

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import encode_credential
from a2a.auth.records import Account, ApiKey, Credential, KiroToken, Limits
from a2a.config import AccountDecl, Settings
from a2a.control.types import (
    AccountChanged,
    AccountSettings,
    Acted,
    ExportWish,
    MigrateWish,
    NewName,
    Nothing,
    Standing,
)
from a2a.errors import A2AError, AccountError, NeedsAction, NeedsLogin, StoreError, Unreachable, UsageError
from a2a.gateway.actions import ACTIONS, HOME_ACTIONS, export_all, migrate, probe_all, reload
from a2a.gateway.engine import Engine
from a2a.paths import folders
from a2a.pool.account import PoolAccount
from a2a.pool.health import HealthStore, record_standing
from a2a.pool.roster import read_roster
from a2a.providers.base import ModelInfo, Provider
from a2a.secret import Secret

pytestmark = pytest.mark.anyio
A, B = account("a"), account("b")


def given(home: Path) -> Settings:
    made = settings()
    made.folders = folders(str(home))
    made.credential_store = "file"
    made.accounts = [AccountDecl(provider=OPENAI, name="declared", api_key_env="KEY", priority=4)]
    made.env_secrets = {"KEY": Secret("sk-declared")}
    return made


def fill(made: Settings, *accounts: Account) -> None:
    engine = Engine(made, say=lambda _: None, clock=FakeClock())
    for one in accounts:
        AccountStore(made.folders).put(one)
        engine.store.put(one.id, encode_credential(ApiKey(Secret(f"sk-{one.alias}"))))


@pytest.fixture
async def engine(home: Path) -> AsyncIterator[Engine]:
    """Logged-in `a` and `b`, and `declared`, of one provider."""
    made = given(home)
    fill(made, A, B)
    async with Engine(made, say=lambda _: None, clock=FakeClock()) as one:
        yield one


def member(engine: Engine, alias: str = "a") -> PoolAccount:
    return next(one for one in engine.pool.members() if one.account.alias == alias)


async def act(engine: Engine, action: str, alias: str = "a", body: Any = None) -> Acted:
    acted = await ACTIONS[action].act(engine, member(engine, alias), Nothing() if body is None else body)
    assert isinstance(acted, Acted)
    return acted


def after(engine: Engine, alias: str) -> Account:
    """As the next start will find it."""
    return next(one for one in read_roster(engine.settings).accounts if one.alias == alias)


def probing(monkeypatch: pytest.MonkeyPatch, outcome: Standing | A2AError) -> None:
    async def probe(self: Provider, account: Account, credential: Credential, egress: Any) -> Standing:
        if isinstance(outcome, A2AError):
            raise outcome
        return outcome

    for kind in (Provider, *Provider.__subclasses__()):
        monkeypatch.setattr(kind, "probe", probe)


BOTH = pytest.mark.parametrize("alias", ["a", "declared"])
STATES = {"disable": "disabled", "drain": "draining", "enable": "ready"}


@BOTH
@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("second", STATES)
async def test_the_last_switch_counts_here_and_at_the_next_start(
    engine: Engine, alias: str, first: str, second: str
) -> None:
    await act(engine, first, alias)
    acted = await act(engine, second, alias)
    assert acted.view is not None
    assert (acted.action, acted.view.state, member(engine, alias).state) == (second, *[STATES[second]] * 2)
    now = after(engine, alias)
    assert (now.enabled, now.draining) == (second != "disable", second == "drain")


@BOTH
async def test_one_account_of_a_provider_is_pinned(engine: Engine, alias: str) -> None:
    await act(engine, "pin", "b")
    acted = await act(engine, "pin", alias)
    assert acted.view is not None
    assert acted.view.pinned
    assert [one.account.alias for one in engine.pool.members() if one.account.pinned] == [alias]
    assert after(engine, alias).pinned
    assert not after(engine, "b").pinned
    await act(engine, "unpin", alias)
    assert not after(engine, alias).pinned


async def test_a_pin_leaves_other_providers_alone(home: Path) -> None:
    made = given(home)
    other = account("c", provider=CLAUDE)
    fill(made, A, other)
    async with Engine(made, say=lambda _: None, clock=FakeClock()) as one:
        await act(one, "pin", "c")
        await act(one, "pin", "a")
        assert {m.account.alias for m in one.pool.members() if m.account.pinned} == {"a", "c"}


@BOTH
async def test_settings_are_set_and_kept(engine: Engine, alias: str) -> None:
    wanted = AccountSettings(priority=1, weight=2, proxy="http://p:1", rpm=5, max_concurrency=3)
    acted = await act(engine, "set", alias, wanted)
    assert acted.message == "changed: priority, weight, proxy, max_concurrency, rpm"
    now = after(engine, alias)
    assert (now.priority, now.weight, now.proxy) == (1, 2, "http://p:1")
    assert now.limits == Limits(rpm=5, max_concurrency=3)
    await act(engine, "set", alias, AccountSettings(proxy=None))
    assert after(engine, alias).proxy is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (AccountSettings(), "nothing to set"),
        (AccountSettings(proxy="p:1"), "no http"),
        (AccountSettings(proxy="http://[x"), "no http"),
    ],
)
async def test_settings_that_mean_nothing(engine: Engine, body: AccountSettings, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        await act(engine, "set", "a", body)


async def test_a_new_name_keeps_secret_and_health(engine: Engine) -> None:
    member(engine).hold("suspended", "suspended", "no")
    acted = await act(engine, "rename", "a", NewName("work"))
    assert (acted.account, acted.message) == (f"{OPENAI}/work", "is called openai/work now")
    assert member(engine, "work").state == "suspended"
    assert await engine.keeper.current(member(engine, "work").account) == ApiKey(Secret("sk-a"))


@pytest.mark.parametrize("name", ["b", "", "a b"])
async def test_a_name_that_is_taken_or_none(engine: Engine, name: str) -> None:
    with pytest.raises(UsageError):
        await act(engine, "rename", "a", NewName(name))
    assert member(engine).account == A


@pytest.mark.parametrize(("action", "body"), [("rename", NewName("x")), ("remove", None)])
async def test_a_declared_account_is_renamed_and_removed_where_it_is_declared(
    engine: Engine, action: str, body: Any
) -> None:
    with pytest.raises(UsageError, match=r"openai/declared comes from config\.toml"):
        await act(engine, action, "declared", body)


async def test_removing_forgets_secret_record_and_health(engine: Engine) -> None:
    member(engine).hold("suspended", "suspended", "no")
    await engine.save_health()
    engine.catalogue.learn(A.id, (ModelInfo(id="m"),))
    engine.catalogue.save(A.id)
    acted = await act(engine, "remove")
    assert (acted.account, acted.view) == (A.name, None)
    assert list((engine.settings.folders.cache / "models").iterdir()) == []
    assert [one.account.alias for one in engine.pool.members()] == ["b", "declared"]
    assert engine.store.ids() == [B.id]
    place = engine.settings.folders
    assert [path.stem for folder in (place.accounts, place.state / "health") for path in folder.iterdir()] == [B.id]


@pytest.mark.parametrize("provider", [KIRO, "gemini-cli-oauth"])
async def test_what_a_provider_keeps_of_it_goes_too(home: Path, provider: str) -> None:
    made = given(home)
    one = account("gone", provider)
    fill(made, one)
    async with Engine(made, say=lambda _: None, clock=FakeClock()) as engine:
        folder = "codeassist" if provider == "gemini-cli-oauth" else "kiro"
        kept = made.folders.state / folder / f"{one.id}.json"
        kept.parent.mkdir(parents=True)
        kept.write_text("{}")
        await ACTIONS["remove"].act(engine, member(engine, "gone"), Nothing())
    assert not kept.exists()


async def test_an_account_in_use_is_removed_and_its_call_ends_in_peace(engine: Engine) -> None:
    lease = engine.pool.lease(OPENAI, "m", alias="a")
    await act(engine, "remove")
    lease.fail(failure(500), verdict(cool_s=5.0), "m")
    lease.release()
    await engine.save_health()
    assert not (engine.settings.folders.state / "health" / f"{A.id}.json").exists()


async def test_where_the_secret_cannot_go_the_account_stays(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(_: str) -> None:
        raise StoreError("locked")

    monkeypatch.setattr(engine.store, "delete", locked)
    with pytest.raises(StoreError):
        await act(engine, "remove")
    assert member(engine).account == A
    assert engine.records.get(A.id) == A


async def test_a_reset_starts_afresh(engine: Engine) -> None:
    member(engine).hold("suspended", "suspended", "no")
    acted = await act(engine, "reset")
    assert acted.view is not None
    assert acted.view.state == "ready"
    assert HealthStore(engine.settings.folders).read(A.id).state == "ready"


async def test_a_good_test_brings_an_account_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    probing(monkeypatch, Standing(state="ready", message="3 models", plan="PRO"))
    member(engine).hold("needs_login", "token_dead", "no")
    acted = await act(engine, "test")
    assert acted.view is not None
    assert (acted.message, acted.view.state, acted.view.plan) == ("3 models", "ready", "PRO")
    assert HealthStore(engine.settings.folders).read(A.id).plan == "PRO"


async def test_a_bad_test_takes_it_out(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    standing = Standing(state="needs_action", message="no licence", reason="no_license", remedy="buy one")
    probing(monkeypatch, standing)
    acted = await act(engine, "test")
    assert acted.view is not None
    assert (acted.standing, acted.view.state, acted.view.remedy) == (standing, "needs_action", "buy one")
    assert HealthStore(engine.settings.folders).read(A.id).reason == "no_license"


async def test_a_test_without_an_answer_changes_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    probing(monkeypatch, Unreachable("away"))
    member(engine).hold("needs_login", "token_dead", "no")
    with pytest.raises(Unreachable):
        await act(engine, "test")
    assert member(engine).state == "needs_login"


async def test_a_test_without_a_credential_needs_a_login(engine: Engine) -> None:
    engine.store.delete(A.id)
    acted = await act(engine, "test")
    assert acted.standing is not None
    assert (acted.standing.state, acted.standing.remedy) == (
        "needs_login",
        "log in again: a2a login openai --name a",
    )


async def test_all_are_tested_and_one_that_does_not_answer_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    probing(monkeypatch, Unreachable("away"))
    tested = await probe_all(engine, Nothing())
    assert [(one.message, one.standing) for one in tested] == [("away", None)] * 3
    probing(monkeypatch, Standing(state="ready", message="fine"))
    assert [one.message for one in await probe_all(engine, Nothing())] == ["fine"] * 3


@BOTH
async def test_a_key_is_not_renewed(engine: Engine, alias: str) -> None:
    with pytest.raises(UsageError, match="has a key"):
        await act(engine, "refresh", alias)


class Kiro:
    """A keeper for the one kiro account `k`."""

    def __init__(self, outcome: KiroToken | A2AError) -> None:
        self.outcome = outcome
        self.held = KiroToken(kind="social", access_token=Secret("old"), expires_at=1.0)

    async def current(self, account: Account, *, lead_s: float = 0.0) -> Credential:
        return self.held

    async def refresh(self, account: Account, *, stale: Credential) -> Credential:
        assert stale == self.held
        if isinstance(self.outcome, A2AError):
            raise self.outcome
        return self.outcome

    def forget(self, account_id: str) -> None: ...

    async def aclose(self) -> None: ...


@pytest.fixture
async def kiro(home: Path) -> AsyncIterator[Engine]:
    made = given(home)
    fill(made, account("k", provider=KIRO, kind="social"))
    async with Engine(made, say=lambda _: None, clock=FakeClock()) as one:
        yield one


async def test_a_token_is_renewed_now(kiro: Engine) -> None:
    member(kiro, "k").hold("needs_login", "token_dead", "no")
    kiro.keeper = Kiro(KiroToken(kind="social", access_token=Secret("new"), expires_at=9.0))  # type: ignore[assignment]
    acted = await act(kiro, "refresh", "k")
    assert acted.view is not None
    assert (acted.view.state, acted.view.expires_at) == ("ready", 9.0)


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (NeedsLogin("dead", hint="do this"), "needs_login", "needs_login"),
        (NeedsAction("odd", reason="bad_client", hint="do this"), "needs_action", "bad_client"),
    ],
)
async def test_a_token_that_cannot_be_renewed_takes_the_account_out(
    kiro: Engine, error: A2AError, state: str, reason: str
) -> None:
    kiro.keeper = Kiro(error)  # type: ignore[assignment]
    with pytest.raises(type(error)):
        await act(kiro, "refresh", "k")
    health = HealthStore(kiro.settings.folders).read(member(kiro, "k").account.id)
    assert (health.state, health.reason, health.remedy) == (state, reason, "do this")


async def test_an_export_needs_the_wish_for_secrets(engine: Engine) -> None:
    for wish in (export_all(engine, ExportWish()), ACTIONS["export"].act(engine, member(engine), ExportWish())):
        with pytest.raises(UsageError) as caught:
            await wish
        assert caught.value.hint is not None
        assert "--with-secrets" in caught.value.hint


async def test_an_export_holds_records_and_secrets_of_all_kinds(engine: Engine) -> None:
    document = json.loads(msgspec.json.encode(await export_all(engine, ExportWish(with_secrets=True))))
    told = {entry["account"]["alias"]: entry["credential"]["key"] for entry in document["accounts"]}
    assert told == {"a": "sk-a", "b": "sk-b", "declared": "sk-declared"}


async def test_an_export_without_a_secret_says_so(engine: Engine) -> None:
    engine.store.delete(A.id)
    with pytest.raises(AccountError, match="its credential is gone"):
        await ACTIONS["export"].act(engine, member(engine), ExportWish(with_secrets=True))


async def test_secrets_move_to_the_other_store(engine: Engine) -> None:
    done = await migrate(engine, MigrateWish("keyring"))
    assert sorted(done.moved) == [A.id, B.id]
    assert engine.store.ids() == []
    await migrate(engine, MigrateWish("file"))
    assert engine.store.ids() == [A.id, B.id]


async def test_a_reload_finds_new_accounts_and_drops_old_ones(engine: Engine) -> None:
    fill(engine.settings, account("new"))
    engine.records.delete(B.id)
    (engine.settings.folders.accounts / "broken.json").write_text("{")
    told = await reload(engine, Nothing())
    assert [one.account.alias for one in engine.pool.members()] == ["a", "new", "declared"]
    assert told.accounts == 3
    assert "broken.json" in told.problems[0]
    assert engine.arrived.is_set()
    assert engine.catalogue.has_account(OPENAI, "new")


async def test_a_reload_takes_over_a_login_elsewhere(engine: Engine) -> None:
    one = member(engine)
    await engine.keeper.current(A)
    one.hold("needs_login", "token_dead", "no")
    engine.store.put(A.id, encode_credential(ApiKey(Secret("sk-new"))))
    record_standing(engine.settings.folders, A.id, None)
    await engine.reload_accounts()
    assert (one.state, await engine.keeper.current(A)) == ("ready", ApiKey(Secret("sk-new")))


async def test_a_reload_keeps_what_did_not_change(engine: Engine) -> None:
    one = member(engine)
    one.fail(failure(429), verdict(cool_s=60.0), "m")
    lease = engine.pool.lease(OPENAI, "m", alias="b")
    before = engine.live.last
    await engine.reload_accounts()
    assert (member(engine) is one, one.state, member(engine, "b").in_flight) == (True, "cooling", 1)
    assert engine.live.last == before
    lease.release()


async def test_a_change_is_a_live_event(engine: Engine) -> None:
    before = engine.live.last
    await act(engine, "disable")
    states = [e.change.account.state for e in engine.live.since(before) if isinstance(e.change, AccountChanged)]
    assert states == ["disabled"]


async def test_an_account_that_is_gone_meanwhile(engine: Engine) -> None:
    engine.records.delete(A.id)
    with pytest.raises(UsageError, match="is gone"):
        await act(engine, "disable")


async def test_health_is_there_at_the_next_start(engine: Engine) -> None:
    member(engine).hold("suspended", "suspended", "no", "ask them")
    await engine.save_health()
    other = Engine(engine.settings, say=lambda _: None, clock=FakeClock())
    async with other:
        assert member(other).view().remedy == "ask them"


async def test_health_is_written_at_the_end(home: Path) -> None:
    made = given(home)
    fill(made, A)
    async with Engine(made, say=lambda _: None, clock=FakeClock()) as one:
        member(one).hold("suspended", "suspended", "no")
    assert HealthStore(made.folders).read(A.id).state == "suspended"


def test_every_action_of_the_contract_is_there() -> None:
    one = "enable disable drain pin unpin set rename refresh test reset remove export"
    assert set(ACTIONS) == set(one.split())
    assert set(HOME_ACTIONS) == {"reload", "test", "export", "migrate"}


async def test_only_the_identity_of_an_account_makes_it_be_asked_anew(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(engine.providers[OPENAI], "forget", lambda one: asked.append(one.alias))
    await act(engine, "set", "a", AccountSettings(priority=1))
    engine.records.update(A.id, lambda one: structs.replace(one, expires_at=9.0))
    await engine.reload_accounts()
    assert asked == []
    engine.records.update(B.id, lambda one: structs.replace(one, urls={"base_url": "http://elsewhere/v1"}))
    await engine.reload_accounts()
    assert asked == ["b"]
