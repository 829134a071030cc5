"""Other settings under a running engine: what is made anew, what stays, and that a failure changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs
from support.pool_kit import CLAUDE, KIRO, OPENAI, FakeClock, account, settings

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import encode_credential
from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, ApiKey, KiroToken
from a2a.auth.renewal import Job, Renewed
from a2a.config import ModelDecl, ProviderSettings, ServerSettings, Settings
from a2a.errors import UpstreamTimeout, UsageError
from a2a.gateway import engine as engine_room
from a2a.gateway.affinity import Conversation
from a2a.gateway.engine import Engine
from a2a.paths import folders
from a2a.pool.roster import Roster
from a2a.secret import Secret

pytestmark = pytest.mark.anyio


def given(tmp_path: Path) -> Settings:
    made = settings(openai={"models": ["gpt-x"]})
    made.folders = folders(str(tmp_path))
    made.credential_store = "file"
    return made


def made_engine(tmp_path: Path) -> Engine:
    one = Engine(given(tmp_path), say=lambda _: None, clock=FakeClock())
    for each in (account("a"), account("c", CLAUDE)):
        AccountStore(one.settings.folders).put(each)
        one.store.put(each.id, encode_credential(ApiKey(Secret("sk"))))
    return one


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    async with made_engine(tmp_path) as one:
        yield one


def but(engine: Engine, **openai: object) -> Settings:
    """The settings with another table for that provider."""
    return structs.replace(engine.settings, providers={OPENAI: ProviderSettings(**openai)})  # type: ignore[arg-type]


async def test_timeouts_of_a_model_are_taken_too(engine: Engine) -> None:
    before = engine.providers[OPENAI]
    await engine.use_settings(structs.replace(engine.settings, models={"m": ModelDecl(context=9)}))
    assert engine.providers[OPENAI] is before
    await engine.use_settings(structs.replace(engine.settings, models={"openai/m": ModelDecl(first_byte_timeout_s=1)}))
    (member,) = engine.pool.members(OPENAI)
    assert [member.provider.limits_of(model).first_byte_s for model in ("m", "n")] == [1, 600]


async def test_only_providers_that_differ_are_made_anew(engine: Engine) -> None:
    before = dict(engine.providers)
    await engine.use_settings(but(engine, rpm=3))
    assert [name for name in before if engine.providers[name] is not before[name]] == [OPENAI]
    (member,) = engine.pool.members(OPENAI)
    assert member.provider is engine.providers[OPENAI]


async def test_a_server_setting_concerns_them_all(engine: Engine) -> None:
    before = dict(engine.providers)
    await engine.use_settings(structs.replace(engine.settings, server=ServerSettings(idle_timeout_s=7.0)))
    assert not [name for name in before if engine.providers[name] is before[name]]
    assert engine.providers[OPENAI].limits.idle_s == 7.0


async def test_a_lease_keeps_the_provider_it_began_with(engine: Engine) -> None:
    with engine.pool.lease(OPENAI, "gpt-x") as lease:
        before = lease.provider
        await engine.use_settings(but(engine, rpm=3))
        assert lease.provider is before
        assert lease.member is engine.pool.members(OPENAI)[0]


async def test_only_lists_of_another_upstream_are_asked_again(engine: Engine) -> None:
    await engine.use_settings(structs.replace(engine.settings, server=ServerSettings(keepalive_s=3.0)))
    engine.catalogue.learn(account("a").id, ())
    engine.catalogue.learn(account("c", CLAUDE).id, ())
    engine.arrived.clear()
    await engine.use_settings(structs.replace(engine.settings, server=ServerSettings(keepalive_s=4.0)))
    assert not engine.arrived.is_set()
    await engine.use_settings(but(engine, base_url="http://127.0.0.1:9/v1"))
    assert engine.arrived.is_set()


async def test_settings_whose_accounts_cannot_be_had_change_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (engine.settings, dict(engine.providers), engine.router, engine.gateway)

    def broken(_: Settings) -> Roster:
        raise UsageError("a flag is wrong")

    monkeypatch.setattr(engine_room, "read_roster", broken)
    with pytest.raises(UsageError):
        await engine.use_settings(but(engine, rpm=3))
    assert (engine.settings, dict(engine.providers), engine.router, engine.gateway) == before


async def test_names_of_models_follow(engine: Engine) -> None:
    assert engine.catalogue.lists("gpt-x")
    await engine.use_settings(but(engine, models=["gpt-y"]))
    assert (engine.catalogue.lists("gpt-x"), engine.catalogue.lists("gpt-y")) == (False, True)


async def test_signatures_and_stored_answers_stay(engine: Engine) -> None:
    before = engine.gateway
    await engine.use_settings(structs.replace(engine.settings, server=ServerSettings(response_store=True)))
    assert engine.gateway is not before
    assert (engine.gateway.ledger, engine.gateway.responses) == (before.ledger, before.responses)
    assert engine.gateway.responses.enabled


async def test_conversations_are_where_they_were_after_a_restart(tmp_path: Path) -> None:
    talk = Conversation("session s1", True)
    async with made_engine(tmp_path) as one:
        one.gateway._affinity.bind(OPENAI, talk, account("a").id)
    async with made_engine(tmp_path) as one:
        assert one.gateway._affinity.account(OPENAI, talk) == account("a").id


async def test_renewals_are_counted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    token = KiroToken(kind="social", access_token=Secret("new"))
    answers: list[Renewed | UpstreamTimeout] = [Renewed(credential=token), UpstreamTimeout("late")]

    async def renew(job: Job) -> Renewed:
        answer = answers.pop(0)
        if isinstance(answer, UpstreamTimeout):
            raise answer
        return answer

    monkeypatch.setattr(engine, "_renew", renew)
    who: Account = account("k", KIRO)
    job = Job(account=who, known=token, stale=token, urls=engine.providers[KIRO].auth_urls(who), newer=False)
    assert isinstance(job.urls, AuthUrls)
    await engine._counted(job)
    with pytest.raises(UpstreamTimeout):
        await engine._counted(job)
    assert dict(engine.recorder.tally.refreshes) == {(KIRO, "ok"): 1, (KIRO, "failed"): 1}
