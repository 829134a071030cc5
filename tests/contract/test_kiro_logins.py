"""Kiro's logins against the emulated authorities: whoever logs in can work, renew, and be renewed (specs/kiro.md 4)."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.person import FakePerson, meanwhile

from a2a.auth import kiro
from a2a.auth.endpoint import AuthUrls
from a2a.auth.login import kiro_browser, kiro_device, kiro_idp, kiro_portal, kiro_social
from a2a.auth.records import KiroToken
from a2a.demo.upstreams import Upstreams
from a2a.errors import LoginFailed

pytestmark = pytest.mark.anyio

BUILDER = "https://view.awsapps.com/start"
ACME, ACME_REGION = "https://acme.awsapps.com/start", "eu-west-1"


class Visitor:
    """Logs in to the emulator `up`; its browser follows every page to where it ends."""

    def __init__(self, up: Upstreams, client: httpx.AsyncClient) -> None:
        self.up, self.client = up, client
        self.person = FakePerson()
        self.urls = AuthUrls(
            auth_url=f"{up.kiro_url}/auth",
            oidc_url=f"{up.kiro_url}/oidc/{{region}}",
            portal_url=up.portal_url,
            start_url=BUILDER,
            idp_allow=(up.root_url,),
            user_agent="a2a/test",
        )
        self.flags = up.kiro.logins.flags
        self._common: dict[str, Any] = {"client": client, "clock": up.clock}

    async def sleep(self, seconds: float) -> None:
        self.up.clock.advance(seconds)

    async def by_device(self, start_url: str | None = None, region: str | None = None) -> KiroToken:
        return await kiro_device.log_in(
            self.urls, self.person, sleep=self.sleep, start_url=start_url, region=region, **self._common
        )

    async def by_social(self, idp: kiro_social.Idp) -> KiroToken:
        return await kiro_social.log_in(self.urls, self.person, sleep=self.sleep, idp=idp, **self._common)

    async def by_browser(self, start_url: str | None = None, region: str | None = None) -> KiroToken:
        login = kiro_browser.log_in(self.urls, self.person, start_url=start_url, region=region, **self._common)
        return await meanwhile(login, self.follow())

    async def by_portal(self, option: Any, *, pages: int = 1) -> KiroToken:
        self.flags.option = option
        login = kiro_portal.log_in(self.urls, self.person, browser=True, **self._common)
        return await meanwhile(login, self.follow(pages))

    async def follow(self, pages: int = 1) -> None:
        """Open the next pages, each where the one before has ended."""
        for _ in range(pages):
            page = await self.person.page()
            answer = await self.client.get(page.url, follow_redirects=True)
            assert answer.status_code == 200 or self.flags.approval == "wrong_state", answer.text

    async def works(self, token: KiroToken) -> str:
        """Whether the control plane knows the token; the kind of the account behind it."""
        headers = {"authorization": f"Bearer {token.access_token.reveal()}"}
        if token.kind == "external_idp":
            headers["tokentype"] = "EXTERNAL_IDP"
        asked = f"{self.up.kiro_url}/q/getUsageLimits?origin=AI_EDITOR&resourceType=AGENTIC_REQUEST"
        if token.profile_arn:
            asked += f"&profileArn={token.profile_arn}"
        answer = await self.client.get(asked, headers=headers)
        assert answer.status_code == 200, answer.text
        [kind] = [a.kind for a in self.up.kiro.accounts.values() if token.access_token.matches(a.access_token)]
        return kind

    async def renews(self, token: KiroToken) -> KiroToken:
        """The token after a refresh, which works too."""
        fresh = await kiro.refresh(token, self.urls, client=self.client, now=self.up.clock.now())
        assert fresh.refresh_token != token.refresh_token
        await self.works(fresh)
        return fresh


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with Upstreams() as up, httpx.AsyncClient(trust_env=False) as client:
        yield Visitor(up, client)


async def test_a_builder_id_by_device(visitor: Visitor) -> None:
    visitor.flags.pending_polls = 3
    token = await visitor.by_device()
    assert (token.kind, token.idp, token.auth_region, token.start_url) == ("idc", "BuilderId", "us-east-1", BUILDER)
    assert await visitor.works(token) == "builder_id"
    await visitor.renews(token)


async def test_an_organisation_whose_region_nobody_knows(visitor: Visitor) -> None:
    token = await visitor.by_device(ACME)
    assert (token.idp, token.auth_region, token.start_url) == ("Enterprise", ACME_REGION, ACME)
    assert await visitor.works(token) == "idc"
    await visitor.renews(token)


async def test_an_organisation_in_the_wrong_region(visitor: Visitor) -> None:
    with pytest.raises(LoginFailed, match="IAM Identity Center did not start the login"):
        await visitor.by_device(ACME, "us-west-2")
    assert not visitor.person.codes


async def test_an_organisation_that_does_not_exist(visitor: Visitor) -> None:
    with pytest.raises(LoginFailed, match="no region knows the start URL"):
        await visitor.by_device("https://nobody.awsapps.com/start")


@pytest.mark.parametrize("idp", ["Google", "Github"])
async def test_a_social_login_by_device(visitor: Visitor, idp: kiro_social.Idp) -> None:
    visitor.flags.pending_polls = 2
    token = await visitor.by_social(idp)
    assert (token.kind, token.idp) == ("social", idp)
    assert token.profile_arn
    assert await visitor.works(token) == "social"
    await visitor.renews(token)


@pytest.mark.parametrize("way", ["oidc", "social"])
async def test_a_device_login_is_refused(visitor: Visitor, way: str) -> None:
    visitor.flags.approval = "deny"
    with pytest.raises(LoginFailed, match="refused"):
        await (visitor.by_device() if way == "oidc" else visitor.by_social("Google"))


@pytest.mark.parametrize("way", ["oidc", "social"])
async def test_a_device_login_runs_out(visitor: Visitor, way: str) -> None:
    visitor.flags.approval = "page"
    visitor.flags.code_life_s = 30
    with pytest.raises(LoginFailed, match="the code has expired"):
        await (visitor.by_device() if way == "oidc" else visitor.by_social("Google"))


@pytest.mark.parametrize("way", ["oidc", "social"])
async def test_polls_that_come_too_soon_are_slowed_down(visitor: Visitor, way: str) -> None:
    """The second nap is shorter than the flow thinks."""
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        visitor.up.clock.advance(seconds if len(naps) != 2 else seconds / 2)

    visitor.sleep = nap  # type: ignore[method-assign]
    visitor.flags.pending_polls = 2
    await (visitor.by_device() if way == "oidc" else visitor.by_social("Google"))
    assert naps[2] == naps[1] + 5


@pytest.mark.parametrize(
    ("start_url", "region", "idp", "kind"),
    [
        (None, None, "BuilderId", "builder_id"),
        (ACME, ACME_REGION, "Enterprise", "idc"),
        (ACME, None, "Enterprise", "idc"),
    ],
)
async def test_aws_by_the_browser(
    visitor: Visitor, start_url: str | None, region: str | None, idp: str, kind: str
) -> None:
    token = await visitor.by_browser(start_url, region)
    assert token.idp == idp
    assert await visitor.works(token) == kind
    await visitor.renews(token)


@pytest.mark.parametrize("option", ["google", "github"])
@pytest.mark.parametrize("signin", [True, False])
async def test_a_social_login_by_the_portal(visitor: Visitor, option: str, signin: bool) -> None:
    visitor.flags.signin_callback = signin
    token = await visitor.by_portal(option)
    assert (token.kind, token.idp) == ("social", option.title())
    assert await visitor.works(token) == "social"
    await visitor.renews(token)


@pytest.mark.parametrize(
    ("option", "idp", "kind"),
    [("builderid", "BuilderId", "builder_id"), ("awsidc", "Enterprise", "idc"), ("internal", "Internal", "idc")],
)
async def test_aws_by_the_portal(visitor: Visitor, option: str, idp: str, kind: str) -> None:
    token = await visitor.by_portal(option, pages=2)
    assert (token.kind, token.idp) == ("idc", idp)
    assert await visitor.works(token) == kind
    await visitor.renews(token)


async def test_an_external_idp_by_the_portal(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(kiro_idp, "PORT", port)
    monkeypatch.setattr(kiro_idp, "REDIRECT", f"http://localhost:{port}/oauth/callback")
    visitor.flags.idp_any_port = True
    token = await visitor.by_portal("external_idp", pages=2)
    assert (token.kind, token.idp, token.issuer_url) == ("external_idp", "ExternalIdp", visitor.up.idp_url)
    assert await visitor.works(token) == "external_idp"
    await visitor.renews(token)


async def test_the_registered_redirect_of_the_external_idp(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 3128 may be another program's here: the address is pasted, as on a remote shell."""
    monkeypatch.setattr(kiro_idp, "PORT", 0)
    visitor.flags.option = "external_idp"

    async def act() -> None:
        await visitor.follow()
        page = await visitor.person.page()
        answer = await visitor.client.get(page.url, follow_redirects=False)
        visitor.person.paste(answer.headers["location"])

    login = kiro_portal.log_in(
        visitor.urls, visitor.person, client=visitor.client, clock=visitor.up.clock, browser=False
    )
    token = await meanwhile(login, act())
    assert await visitor.works(token) == "external_idp"


async def test_an_external_idp_that_is_not_allowed(visitor: Visitor) -> None:
    visitor.urls = AuthUrls(portal_url=visitor.up.portal_url, start_url=BUILDER, idp_allow=("*.okta.com",))
    with pytest.raises(LoginFailed, match="not on the list of allowed hosts"):
        await visitor.by_portal("external_idp")
    assert not [seen for seen in visitor.up.seen if "/idp/" in seen.path]


async def test_a_thief_answers_first(visitor: Visitor) -> None:
    """The portal comes back with a state that is not ours; the person then pastes the right address."""
    visitor.flags.approval = "wrong_state"

    async def act() -> None:
        page = await visitor.person.page()
        assert (await visitor.client.get(page.url, follow_redirects=True)).status_code == 400
        assert "another login" in await visitor.person.told()
        visitor.flags.approval = "auto"
        answer = await visitor.client.get(page.url, follow_redirects=False)
        assert parse_qs(urlsplit(answer.headers["location"]).query)["state"]
        visitor.person.paste(answer.headers["location"])

    login = kiro_portal.log_in(
        visitor.urls, visitor.person, client=visitor.client, clock=visitor.up.clock, browser=True
    )
    assert (await meanwhile(login, act())).kind == "social"


@pytest.mark.parametrize("way", ["aws", "portal"])
async def test_a_refusal_in_the_browser(visitor: Visitor, way: str) -> None:
    visitor.flags.approval = "deny"
    with pytest.raises(LoginFailed, match="refused in the browser"):
        await (visitor.by_browser() if way == "aws" else visitor.by_portal("google"))


async def test_a_code_works_once(visitor: Visitor) -> None:
    """Somebody who saw the answer is faster at the exchange than we are."""

    async def act() -> None:
        page = await visitor.person.page()
        answer = await visitor.client.get(page.url, follow_redirects=False)
        visitor.up.kiro.logins.codes.clear()
        await visitor.client.get(answer.headers["location"])

    login = kiro_browser.log_in(visitor.urls, visitor.person, client=visitor.client, clock=visitor.up.clock)
    with pytest.raises(LoginFailed, match="the code of this login was refused"):
        await meanwhile(login, act())
    login = kiro_portal.log_in(
        visitor.urls, visitor.person, client=visitor.client, clock=visitor.up.clock, browser=True
    )
    with pytest.raises(LoginFailed, match="the code was refused"):
        await meanwhile(login, act())
