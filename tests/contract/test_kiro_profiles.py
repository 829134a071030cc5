"""Kiro accounts whose login named no profile: found once, in the right region, and used from then on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from a2a.auth.kiro_file import parse_token_text
from a2a.auth.records import Account, KiroToken
from a2a.config import ProviderSettings, Settings
from a2a.demo.upstreams import Upstreams
from a2a.errors import Unreachable
from a2a.protocols.wire import dumps
from a2a.providers.http import Egress
from a2a.providers.kiro import KiroProvider

pytestmark = pytest.mark.anyio


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    made = Egress()
    yield made
    await made.aclose()


def provider(root: str) -> KiroProvider:
    own = ProviderSettings(base_url=f"{root}/runtime", management_url=f"{root}/management", legacy_url=f"{root}/q")
    return KiroProvider(Settings(providers={KiroProvider.id: own}))


def account(name: str) -> Account:
    return Account(id=name, provider=KiroProvider.id, alias="x", kind="kiro")


def token(up: Upstreams, name: str) -> KiroToken:
    fields = up.kiro.accounts[name].credentials(up.kiro_url)
    return parse_token_text(dumps(fields).decode(), "test")


async def test_an_identity_center_login_gets_its_profile(up: Upstreams, egress: Egress) -> None:
    kiro, login = provider(up.kiro_url), token(up, "aoa-idc-eu")
    assert login.profile_arn is None
    await kiro.prepare(account("a"), login, egress)
    assert kiro.private(account("a"), login, None)["profile_arn"] == up.kiro.accounts["aoa-idc-eu"].arn


async def test_it_is_asked_once_until_the_upstream_refuses(up: Upstreams, egress: Egress) -> None:
    kiro, login = provider(up.kiro_url), token(up, "aoa-idc-eu")
    for _ in range(3):
        await kiro.prepare(account("a"), login, egress)
    asked = [seen for seen in up.seen if seen.path.endswith("/ListAvailableProfiles")]
    assert len(asked) == 1
    kiro.forget(account("a"))
    await kiro.prepare(account("a"), login, egress)
    assert len([seen for seen in up.seen if seen.path.endswith("/ListAvailableProfiles")]) == 2


@pytest.mark.parametrize("name", ["aoa-social", "aoa-bid"])
async def test_others_are_not_asked(up: Upstreams, egress: Egress, name: str) -> None:
    await provider(up.kiro_url).prepare(account("a"), token(up, name), egress)
    assert not up.seen


async def test_an_account_without_profile_goes_on_without(up: Upstreams, egress: Egress) -> None:
    kiro = provider(up.kiro_url)
    login = token(up, "jwt-ext")
    up.kiro.accounts["jwt-ext"].arn = None
    await kiro.prepare(account("a"), login, egress)
    assert "profile_arn" not in kiro.private(account("a"), login, None)


async def test_nobody_there_is_said(egress: Egress, up: Upstreams) -> None:
    with pytest.raises(Unreachable):
        await provider("http://127.0.0.1:9").prepare(account("a"), token(up, "aoa-idc-eu"), egress)
