"""Kiro's browser logins: AWS by the IDE's way, and the portal with all its options (specs/kiro.md 4.3 and 4.4)."""

from __future__ import annotations

import json
import socket
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from support.kiro_tokens import ARN, refresh_text
from support.person import FakePerson, meanwhile

from a2a.auth.endpoint import AuthUrls
from a2a.auth.login import kiro_browser, kiro_idp, kiro_portal
from a2a.auth.records import KiroToken
from a2a.clock import SystemClock
from a2a.errors import A2AError, BadUpstream, LoginFailed, Unreachable, UpstreamError, UpstreamTimeout

pytestmark = pytest.mark.anyio

REGISTERED = kiro_portal.PORTS
BUILDER = "https://view.awsapps.com/start"
ACME = "https://acme.awsapps.com/start"
ISSUER = "https://login.microsoftonline.com/tenant/v2.0"
URLS = AuthUrls(
    auth_url="http://auth.test",
    oidc_url="http://oidc.{region}.test",
    portal_url="http://portal.test/",
    start_url=BUILDER,
    idp_allow=("*.microsoftonline.com",),
)
AWS_TOKENS = {"accessToken": "aoa-new", "expiresIn": 28800, "refreshToken": refresh_text("new")}
SOCIAL_TOKENS = AWS_TOKENS | {"profileArn": ARN, "expiresIn": 3600}
IDP_TOKENS = {"access_token": "jwt-new", "refresh_token": "0.new", "expires_in": 3600, "token_type": "Bearer"}
DISCOVERY = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.microsoftonline.com/tenant/oauth2/v2.0/authorize",
    "token_endpoint": "https://login.microsoftonline.com/tenant/oauth2/v2.0/token",
}
DEVICE = {"deviceCode": "d", "userCode": "U", "verificationUri": "https://v.test/", "expiresIn": 600, "interval": 0.001}


class Net:
    """Every host but this machine's. `answers` by the end of the path."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "/client/register": (200, {"clientId": "cid", "clientSecret": "planted"}),
            "/device_authorization": (200, DEVICE),
            "/token": (200, AWS_TOKENS),
            "/oauth/token": (200, SOCIAL_TOKENS),
            "/v2.0/token": (200, IDP_TOKENS),
            "/openid-configuration": (200, DISCOVERY),
            **{f"/{name.replace('__', '/')}": answer for name, answer in answers.items()},
        }
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.person = FakePerson()

    def answer(self, request: httpx.Request) -> httpx.Response:
        form = request.headers.get("content-type", "").startswith("application/x-www")
        content = request.content.decode()
        self.calls.append((str(request.url), dict(parse_qsl(content)) if form else json.loads(content or "{}")))
        key = max((key for key in self.answers if request.url.path.endswith(key)), key=len)
        found = self.answers[key]
        if isinstance(found, Exception):
            raise found
        status, body = found
        return httpx.Response(status, **({"text": body} if isinstance(body, str) else {"json": body}))

    async def by_browser(self, act: Any, **asked: Any) -> KiroToken:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as client:
            login = kiro_browser.log_in(URLS, self.person, client=client, clock=SystemClock(), **asked)
            return await meanwhile(login, act)

    async def by_portal(self, act: Any, *, browser: bool = True) -> KiroToken:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as client:
            login = kiro_portal.log_in(URLS, self.person, client=client, clock=SystemClock(), browser=browser)
            return await meanwhile(login, act)

    def body(self, end: str) -> dict[str, Any]:
        [found] = [body for url, body in self.calls if url.endswith(end)]
        return found


@pytest.fixture(autouse=True)
def any_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests, and other programs, may hold the portal's own."""
    monkeypatch.setattr(kiro_portal, "PORTS", (0,))
    monkeypatch.setattr(kiro_idp, "PORT", 0)


def query_of(url: str) -> dict[str, str]:
    found = parse_qs(urlsplit(url).query, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {key: values[0] for key, values in found.items()}


async def come_back(net: Net, path: str = "", **fields: str) -> httpx.Response:
    """The browser follows the page that is shown to where it ends."""
    shown = query_of((await net.person.page()).url)
    target = httpx.URL(shown["redirect_uri"] + path).copy_with(host="127.0.0.1")
    query = {"state": shown["state"], **fields}
    async with httpx.AsyncClient(trust_env=False) as browser:
        return await browser.get(f"{target}?{urlencode(query)}")


def challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


async def refused(login: Any, kind: type[A2AError] = LoginFailed) -> str:
    with pytest.raises(kind) as caught:
        await login
    told = str(caught.value)
    assert "planted" not in told
    return told


# --- AWS, as the IDE does it ---


async def test_a_builder_id_by_the_browser() -> None:
    net = Net()
    found = await net.by_browser(come_back(net, code="c-1"))
    assert (found.kind, found.idp, found.auth_region, found.start_url) == ("idc", "BuilderId", "us-east-1", BUILDER)
    assert (found.client_id, found.client_secret.reveal(), found.profile_arn) == ("cid", "planted", None)
    assert found.expires_at - found.issued_at == 28800
    assert found.refresh_token.reveal() == refresh_text("new")


async def test_what_aws_is_asked() -> None:
    net = Net()
    await net.by_browser(come_back(net, code="c-1"), start_url=ACME, region="eu-west-1")
    [page] = net.person.pages
    shown = query_of(page.url)
    registered, exchanged = net.body("/client/register"), net.body("/token")
    assert page.url.startswith("http://oidc.eu-west-1.test/authorize?")
    assert registered["grantTypes"] == ["authorization_code", "refresh_token"]
    assert registered["redirectUris"] == ["http://127.0.0.1/oauth/callback"]
    assert (registered["issuerUrl"], len(registered["scopes"])) == (ACME, 5)
    assert (shown["response_type"], shown["client_id"], shown["code_challenge_method"]) == ("code", "cid", "S256")
    assert shown["scopes"] == ",".join(registered["scopes"])
    assert exchanged.pop("codeVerifier")
    assert exchanged == {
        "clientId": "cid",
        "clientSecret": "planted",
        "grantType": "authorization_code",
        "redirectUri": shown["redirect_uri"],
        "code": "c-1",
    }
    assert shown["redirect_uri"].startswith("http://127.0.0.1:")
    assert shown["redirect_uri"].endswith("/oauth/callback")


async def test_the_challenge_is_that_of_the_verifier() -> None:
    net = Net()
    await net.by_browser(come_back(net, code="c-1"))
    assert query_of(net.person.pages[0].url)["code_challenge"] == challenge(net.body("/token")["codeVerifier"])


async def test_the_page_opens_here_for_ten_minutes_and_takes_a_paste() -> None:
    net, now = Net(), time.time()

    async def paste() -> None:
        shown = query_of((await net.person.page()).url)
        net.person.paste(f"{shown['redirect_uri']}?code=c-1&state={shown['state']}")

    found = await net.by_browser(paste())
    [page] = net.person.pages
    assert (page.opens, page.paste) == (True, "the address at which the browser ends")
    assert now + 600 <= page.expires_at <= time.time() + 600
    assert found.access_token.reveal() == "aoa-new"


async def test_the_region_of_a_browser_login_is_found() -> None:
    net = Net()
    found = await net.by_browser(come_back(net, code="c-1"), start_url=ACME)
    assert found.auth_region == "us-east-1"
    assert [url.rsplit("/", 1)[1] for url, _ in net.calls] == ["register", "device_authorization", "register", "token"]
    assert not net.person.codes


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"error": "access_denied", "error_description": "planted"}, "refused in the browser: access_denied"),
        ({"error": "<b>planted</b>"}, "refused in the browser ("),
        ({"code": ""}, "came back without a code"),
        ({}, "came back without a code"),
    ],
)
async def test_a_refusal_in_the_browser(fields: dict[str, str], told: str) -> None:
    net = Net()
    assert told in await refused(net.by_browser(come_back(net, **fields)))
    assert not [url for url, _ in net.calls if url.endswith("/token")]


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        ((400, {"error": "invalid_grant"}), LoginFailed, "the code of this login was refused"),
        ((401, {"error": "invalid_client"}), LoginFailed, "client registration"),
        ((500, {"error": "server_error"}), UpstreamError, "answered 500 server_error"),
        ((200, {"accessToken": "planted"}), BadUpstream, "without a refresh token"),
        ((200, "planted"), BadUpstream, "without a token"),
    ],
)
async def test_an_exchange_that_fails(answer: Any, kind: type[A2AError], told: str) -> None:
    net = Net(token=answer)
    assert told in await refused(net.by_browser(come_back(net, code="c-1")), kind)


# --- the portal ---


@pytest.mark.parametrize(("option", "idp"), [("google", "Google"), ("github", "Github")])
@pytest.mark.parametrize("path", ["/oauth/callback", "/signin/callback"])
async def test_a_social_login_by_the_portal(option: str, idp: str, path: str) -> None:
    net = Net()
    found = await net.by_portal(come_back(net, path, login_option=option, code="c-1"))
    assert (found.kind, found.idp, found.profile_arn, found.auth_region) == ("social", idp, ARN, "us-east-1")
    assert found.expires_at - found.issued_at == 3600
    shown, [(url, body)] = query_of(net.person.pages[0].url), net.calls
    assert url == "http://auth.test/oauth/token"
    assert challenge(body.pop("code_verifier")) == shown["code_challenge"]
    assert body == {"code": "c-1", "redirect_uri": f"{shown['redirect_uri']}{path}?login_option={option}"}


async def test_what_the_portal_is_asked() -> None:
    net = Net()
    await net.by_portal(come_back(net, "/oauth/callback", login_option="google", code="c-1"))
    [page] = net.person.pages
    shown = query_of(page.url)
    assert page.url.startswith("http://portal.test/signin?")
    assert (shown["code_challenge_method"], shown["redirect_from"]) == ("S256", "KiroIDE")
    assert urlsplit(shown["redirect_uri"]).hostname == "localhost"
    assert urlsplit(shown["redirect_uri"]).path == ""
    assert len(shown) == 5


def test_the_ports_that_are_registered() -> None:
    assert REGISTERED == (3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153)


async def test_the_first_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as other:
        busy, free = taken.getsockname()[1], other.getsockname()[1]
        other.close()
        monkeypatch.setattr(kiro_portal, "PORTS", (busy, free))
        net = Net()
        await net.by_portal(come_back(net, "/oauth/callback", login_option="google", code="c-1"))
        assert urlsplit(query_of(net.person.pages[0].url)["redirect_uri"]).port == free
        monkeypatch.setattr(kiro_portal, "PORTS", (busy,))
        told = await refused(net.by_portal(come_back(net)))
        assert "no port is free" in told


async def test_a_remote_person_pastes_where_the_browser_ends() -> None:
    net = Net()

    async def paste() -> None:
        shown = query_of((await net.person.page()).url)
        query = urlencode({"login_option": "github", "code": "c-1", "state": shown["state"]})
        net.person.paste(f"{shown['redirect_uri']}/signin/callback?{query}")

    found = await net.by_portal(paste(), browser=False)
    assert (found.idp, net.person.pages[0].opens) == ("Github", False)
    assert net.body("/oauth/token")["redirect_uri"].endswith("/signin/callback?login_option=github")


async def test_an_answer_with_another_state_is_not_taken() -> None:
    net = Net()

    async def act() -> None:
        shown = query_of((await net.person.page()).url)
        async with httpx.AsyncClient(trust_env=False) as browser:
            base = shown["redirect_uri"].replace("localhost", "127.0.0.1")
            query = {"login_option": "google", "code": "evil", "state": "other"}
            assert (await browser.get(f"{base}/oauth/callback", params=query)).status_code == 400
            query = {"login_option": "google", "code": "good", "state": shown["state"]}
            assert (await browser.get(f"{base}/oauth/callback", params=query)).status_code == 200

    await net.by_portal(act())
    assert [body["code"] for _, body in net.calls] == ["good"]


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        ((500, {"message": "Oops, something went wrong."}), LoginFailed, "the code was refused"),
        ((400, {"message": "planted"}), BadUpstream, "http://auth.test answered 400"),
        ((400, {"error": "invalid_grant"}), LoginFailed, "the code of this login was refused"),
        ((503, ""), UpstreamError, "answered 503"),
        (httpx.ConnectError("planted"), Unreachable, "no connection"),
    ],
)
async def test_a_portal_exchange_that_fails(answer: Any, kind: type[A2AError], told: str) -> None:
    net = Net(oauth__token=answer)
    act = come_back(net, "/oauth/callback", login_option="google", code="c-1")
    assert told in await refused(net.by_portal(act), kind)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"login_option": "magic", "code": "planted"}, "a way to log in that a2a does not know"),
        ({"code": "planted"}, "a way to log in that a2a does not know"),
        ({"error": "access_denied"}, "refused in the browser: access_denied"),
        ({"login_option": "google"}, "without a code"),
        ({"login_option": "awsidc", "idc_region": "eu-west-1"}, "did not name the organisation's start URL"),
        ({"login_option": "awsidc", "issuer_url": ACME, "idc_region": "planted.example/#"}, "not the name of an AWS"),
        ({"login_option": "awsidc", "issuer_url": "javascript:planted"}, "not a web address"),
        ({"login_option": "external_idp", "client_id": "x"}, "did not name the organisation's identity provider"),
        ({"login_option": "external_idp", "issuer_url": ISSUER}, "did not name the organisation's identity provider"),
    ],
)
async def test_answers_of_the_portal_that_lead_nowhere(fields: dict[str, str], told: str) -> None:
    net = Net()
    assert told in await refused(net.by_portal(come_back(net, "/oauth/callback", **fields)))
    assert not net.calls


@pytest.mark.parametrize(
    ("option", "start_url", "region", "idp"),
    [
        ("builderid", BUILDER, "us-east-1", "BuilderId"),
        ("awsidc", ACME, "eu-west-1", "Enterprise"),
        ("internal", ACME, "us-east-1", "Internal"),
    ],
)
@pytest.mark.parametrize("browser", [True, False])
async def test_aws_by_the_portal(option: str, start_url: str, region: str, idp: str, browser: bool) -> None:
    net = Net()

    async def act() -> None:
        await come_back(net, "/signin/callback", login_option=option, issuer_url=start_url, idc_region=region)
        if browser:
            await come_back(net, code="c-2")

    found = await net.by_portal(act(), browser=browser)
    assert (found.kind, found.idp, found.auth_region, found.start_url) == ("idc", idp, region, start_url)
    assert len(net.person.codes) == (0 if browser else 1)


EXTERNAL = {
    "login_option": "external_idp",
    "issuer_url": ISSUER,
    "client_id": "tenant-client",
    "scopes": "openid api://kiro/.default",
    "login_hint": "ann@acme.test",
    "audience": "api://kiro",
}


async def paste_back(net: Net, **fields: str) -> None:
    """The second leg's answer; its port is 3128, whatever the test listens on."""
    shown = query_of((await net.person.page()).url)
    net.person.paste(f"{shown['redirect_uri']}?{urlencode({'state': shown['state'], **fields})}")


async def both_legs(net: Net, **changed: str) -> None:
    await come_back(net, "/signin/callback", **(EXTERNAL | changed))
    await paste_back(net, code="c-2")


async def test_an_external_idp() -> None:
    net = Net()
    found = await net.by_portal(both_legs(net))
    assert (found.kind, found.idp, found.client_id) == ("external_idp", "ExternalIdp", "tenant-client")
    assert (found.issuer_url, found.token_endpoint) == (ISSUER, DISCOVERY["token_endpoint"])
    assert found.scopes == "openid api://kiro/.default offline_access"
    assert (found.access_token.reveal(), found.refresh_token.reveal()) == ("jwt-new", "0.new")
    assert found.expires_at - found.issued_at == 3600


async def test_what_the_idp_is_asked() -> None:
    net = Net()
    await net.by_portal(both_legs(net))
    first, second = net.person.pages
    shown = query_of(second.url)
    [(discovery, _), (endpoint, form)] = net.calls
    assert discovery == f"{ISSUER}/.well-known/openid-configuration"
    assert endpoint == DISCOVERY["token_endpoint"]
    assert challenge(form.pop("code_verifier")) == shown.pop("code_challenge")
    redirect = "http://localhost:3128/oauth/callback"
    assert form == {
        "grant_type": "authorization_code",
        "client_id": "tenant-client",
        "code": "c-2",
        "redirect_uri": redirect,
    }
    assert shown.pop("state") != query_of(first.url)["state"]
    assert second.url.startswith(DISCOVERY["authorization_endpoint"] + "?")
    assert shown == {
        "response_type": "code",
        "client_id": "tenant-client",
        "redirect_uri": redirect,
        "scope": "openid api://kiro/.default offline_access",
        "code_challenge_method": "S256",
        "response_mode": "query",
        "login_hint": "ann@acme.test",
        "audience": "api://kiro",
    }


async def test_each_leg_has_its_own_verifier() -> None:
    net = Net()
    await net.by_portal(both_legs(net))
    first, second = (query_of(page.url) for page in net.person.pages)
    assert first["code_challenge"] != second["code_challenge"]


async def test_the_first_legs_answer_is_none_for_the_second() -> None:
    net = Net()

    async def act() -> None:
        await come_back(net, "/signin/callback", **EXTERNAL)
        first = query_of(net.person.pages[0].url)
        shown = query_of((await net.person.page()).url)
        net.person.paste(f"{shown['redirect_uri']}?code=evil&state={first['state']}")
        net.person.paste(f"{shown['redirect_uri']}?code=good&state={shown['state']}")

    await net.by_portal(act())
    assert net.calls[-1][1]["code"] == "good"


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example/tenant",
        "http://login.microsoftonline.com/tenant",
        "https://20.190.128.1/tenant",
        "https://u:p@login.microsoftonline.com/tenant",
        "https://login.microsoftonline.com.evil.example/",
        "https://login.microsoftonline.com:99999/",
        "file:///etc/passwd",
    ],
)
async def test_an_issuer_that_is_not_allowed_is_never_called(issuer: str) -> None:
    net = Net()
    told = await refused(net.by_portal(come_back(net, "/signin/callback", **(EXTERNAL | {"issuer_url": issuer}))))
    assert "not on the list of allowed hosts" in told
    assert "idp_allow" in told
    assert not net.calls


@pytest.mark.parametrize("tail", ["?x=1", "#x"])
async def test_an_issuer_is_a_plain_address(tail: str) -> None:
    net = Net()
    act = come_back(net, "/signin/callback", **(EXTERNAL | {"issuer_url": ISSUER + tail}))
    assert "query in its address" in await refused(net.by_portal(act))
    assert not net.calls


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (
            (200, DISCOVERY | {"authorization_endpoint": "https://evil.example/a"}),
            LoginFailed,
            "sign-in page https://evil",
        ),
        ((200, DISCOVERY | {"authorization_endpoint": "javascript:planted"}), LoginFailed, "not on the list"),
        ((200, DISCOVERY | {"token_endpoint": "https://evil.example/t"}), LoginFailed, "token endpoint https://evil"),
        ((200, DISCOVERY | {"token_endpoint": "http://login.microsoftonline.com/t"}), LoginFailed, "not on the list"),
        ((200, DISCOVERY | {"issuer": "https://evil.example/t"}), BadUpstream, "another identity provider"),
        ((200, {"issuer": ISSUER}), BadUpstream, "in a form that is not Kiro's"),
        ((200, "planted"), BadUpstream, "in a form that is not Kiro's"),
        ((302, "planted"), BadUpstream, "answered 302"),
        ((404, "planted"), BadUpstream, "answered 404"),
        (httpx.ConnectError("planted"), Unreachable, "no connection to the identity provider"),
        (httpx.ReadTimeout("planted"), UpstreamTimeout, "did not answer in time"),
    ],
)
async def test_a_discovery_that_fails(answer: Any, kind: type[A2AError], told: str) -> None:
    net = Net()
    net.answers["/openid-configuration"] = answer
    assert told in await refused(net.by_portal(come_back(net, "/signin/callback", **EXTERNAL)), kind)
    assert len(net.calls) == 1
    assert len(net.person.pages) == 1


async def test_an_issuer_for_many_tenants_names_a_template() -> None:
    net = Net()
    net.answers["/openid-configuration"] = (200, DISCOVERY | {"issuer": ISSUER.replace("tenant", "{tenantid}")})
    assert (await net.by_portal(both_legs(net))).kind == "external_idp"


async def test_an_origin_that_the_user_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    local = "http://127.0.0.1:8080"
    monkeypatch.setattr(
        "test_login_kiro_portal.URLS", AuthUrls(portal_url="http://portal.test", start_url=BUILDER, idp_allow=(local,))
    )
    net = Net()
    net.answers["/openid-configuration"] = (
        200,
        {"issuer": local, "authorization_endpoint": f"{local}/a?p=1", "token_endpoint": f"{local}/v2.0/token"},
    )
    found = await net.by_portal(both_legs(net, issuer_url=local, scopes="a,offline_access", login_hint="", audience=""))
    assert (found.token_endpoint, found.scopes) == (f"{local}/v2.0/token", "a offline_access")
    assert net.person.pages[1].url.startswith(f"{local}/a?p=1&response_type=code")


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        ((400, {"error": "invalid_grant"}), LoginFailed, "the code of this login was refused"),
        ((400, {"error": "consent_required"}), LoginFailed, "answered 400 consent_required"),
        ((200, {"access_token": "planted", "expires_in": 3600}), BadUpstream, "without a refresh token"),
    ],
)
async def test_an_idp_exchange_that_fails(answer: Any, kind: type[A2AError], told: str) -> None:
    net = Net()
    net.answers["/v2.0/token"] = answer
    assert told in await refused(net.by_portal(both_legs(net)), kind)


async def test_a_refusal_at_the_idp() -> None:
    net = Net()

    async def act() -> None:
        await come_back(net, "/signin/callback", **EXTERNAL)
        await paste_back(net, error="access_denied")

    assert "refused in the browser: access_denied" in await refused(net.by_portal(act()))
    assert len(net.calls) == 1
