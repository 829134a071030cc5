"""Kiro's device logins: AWS SSO OIDC and social, with every answer of their tables (specs/kiro.md 4.1, 4.2, 3.2)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from support.kiro_tokens import ARN, refresh_text
from support.person import FakePerson

from a2a.auth.endpoint import AuthUrls
from a2a.auth.kiro_region import PROBED
from a2a.auth.login import kiro_device, kiro_social
from a2a.auth.records import KiroToken
from a2a.errors import A2AError, BadUpstream, LoginFailed, Unreachable, UpstreamError

pytestmark = pytest.mark.anyio

BUILDER = "https://view.awsapps.com/start"
ACME = "https://acme.awsapps.com/start"
URLS = AuthUrls(
    auth_url="http://auth.test/", oidc_url="http://oidc.{region}.test", start_url=BUILDER, user_agent="a2a/test"
)
NOW = 1_795_000_000.0
TOKENS = {"accessToken": "aoa-new", "tokenType": "Bearer", "expiresIn": 28800, "refreshToken": refresh_text("new")}
REGISTERED = {"clientId": "cid", "clientSecret": "planted" * 600, "clientSecretExpiresAt": 1_803_000_000}
DEVICE = {
    "deviceCode": "planted-device",
    "userCode": "ABCD-EFGH",
    "verificationUri": "https://view.awsapps.com/start/#/device",
    "verificationUriComplete": "https://view.awsapps.com/start/#/device?user_code=ABCD-EFGH",
    "expiresIn": 600,
    "interval": 2,
}
Answer = tuple[int, Any] | Exception


class Clock:
    """Time passes only while the flow sleeps."""

    def __init__(self) -> None:
        self.time = NOW
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    monotonic = now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Aws:
    """`answers`: path -> the answers in order, the last one for ever. `region`: the only one that knows ACME."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers: dict[str, list[Answer]] = {
            "register": [(200, REGISTERED)],
            "device_authorization": [(200, DEVICE)],
            "token": [(200, TOKENS)],
            **answers,
        }
        self.region: str | None = None
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.person, self.clock = FakePerson(), Clock()

    def answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[1]
        region = request.url.host.removeprefix("oidc.").removesuffix(".test")
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json"
        self.calls.append((region, name, json.loads(request.content)))
        if name == "device_authorization" and self.region not in (None, region):
            return httpx.Response(400, json={"error": "invalid_request"})
        found = self.answers[name]
        now = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(now, Exception):
            raise now
        return httpx.Response(now[0], **({"json": now[1]} if not isinstance(now[1], str) else {"text": now[1]}))

    async def log_in(self, **asked: Any) -> KiroToken:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as client:
            return await kiro_device.log_in(
                URLS, self.person, client=client, clock=self.clock, sleep=self.clock.sleep, **asked
            )

    async def refused(self, kind: type[A2AError] = LoginFailed, **asked: Any) -> str:
        with pytest.raises(kind) as caught:
            await self.log_in(**asked)
        told = str(caught.value)
        assert "planted" not in told
        assert "aor-" not in told
        assert caught.value.hint or kind is not LoginFailed
        return told

    def bodies(self, name: str) -> list[dict[str, Any]]:
        return [body for _, called, body in self.calls if called == name]


async def test_a_builder_id() -> None:
    aws = Aws(token=[(400, {"error": "authorization_pending"}), (200, TOKENS)])
    found = await aws.log_in()
    assert (found.kind, found.idp, found.auth_region, found.start_url) == ("idc", "BuilderId", "us-east-1", BUILDER)
    assert (found.access_token.reveal(), found.refresh_token.reveal()) == ("aoa-new", refresh_text("new"))
    assert (found.issued_at, found.expires_at) == (NOW + 4, NOW + 4 + 28800)
    assert (found.client_id, found.client_secret.reveal()) == ("cid", "planted" * 600)
    assert found.client_secret_expires_at == 1_803_000_000
    assert (found.profile_arn, found.source_fingerprint) == (None, None)


async def test_what_is_sent() -> None:
    aws = Aws()
    await aws.log_in()
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    [registered], [authorized], [asked] = (aws.bodies(n) for n in ("register", "device_authorization", "token"))
    assert registered == {
        "clientName": "a2a",
        "clientType": "public",
        "scopes": [
            f"codewhisperer:{name}"
            for name in ("completions", "analysis", "conversations", "transformations", "taskassist")
        ],
        "grantTypes": [grant, "refresh_token"],
    }
    client = {"clientId": "cid", "clientSecret": "planted" * 600}
    assert authorized == {**client, "startUrl": BUILDER}
    assert asked == {**client, "deviceCode": "planted-device", "grantType": grant}
    assert {region for region, _, _ in aws.calls} == {"us-east-1"}


async def test_what_is_shown() -> None:
    aws = Aws()
    await aws.log_in()
    [code] = aws.person.codes
    assert (code.service, code.user_code) == ("AWS Builder ID", "ABCD-EFGH")
    assert (code.url, code.complete_url) == (DEVICE["verificationUri"], DEVICE["verificationUriComplete"])
    assert code.expires_at == NOW + 600


async def test_an_organisation_in_its_region() -> None:
    aws = Aws()
    found = await aws.log_in(start_url=ACME, region="eu-west-1")
    assert (found.idp, found.auth_region, found.start_url) == ("Enterprise", "eu-west-1", ACME)
    assert {region for region, _, _ in aws.calls} == {"eu-west-1"}
    assert aws.person.codes[0].service == "AWS IAM Identity Center"


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "us-west-2"])
async def test_the_region_is_found(region: str) -> None:
    aws = Aws()
    aws.region = region
    found = await aws.log_in(start_url=ACME)
    assert found.auth_region == region
    asked = [at for at, name, _ in aws.calls if name == "device_authorization"]
    assert asked == list(PROBED[: PROBED.index(region) + 1])
    assert [at for at, name, _ in aws.calls if name == "token"] == [region]


async def test_no_region_knows_it() -> None:
    aws = Aws()
    aws.region = "mars-east-1"
    told = await aws.refused(start_url=ACME)
    assert f"no region knows the start URL {ACME}" in told
    assert "--region" in told
    assert not aws.person.codes


async def test_a_region_that_is_down_does_not_end_the_search() -> None:
    aws = Aws(register=[httpx.ConnectError("x"), (503, ""), (200, REGISTERED)])
    assert (await aws.log_in(start_url=ACME)).auth_region == "eu-central-1"


async def test_nobody_answers_the_search() -> None:
    aws = Aws(register=[httpx.ConnectError("x")])
    assert "no connection" in await aws.refused(Unreachable, start_url=ACME)


async def test_the_wrong_region_is_told() -> None:
    aws = Aws()
    aws.region = "eu-west-1"
    told = await aws.refused(start_url=ACME, region="us-west-2")
    assert "AWS IAM Identity Center did not start the login" in told
    assert "answered 400 invalid_request" in told
    assert "--region" in told


@pytest.mark.parametrize("region", ["", "evil.example/#", "us-east-1.evil.example", "US-EAST-1", "us_east_1"])
async def test_a_region_cannot_choose_a_host(region: str) -> None:
    aws = Aws()
    assert "not the name of an AWS region" in await aws.refused(start_url=ACME, region=region)
    assert not aws.calls


@pytest.mark.parametrize(
    ("start_url", "sent", "idp"),
    [
        ("acme.awsapps.com/start", ACME, "Enterprise"),
        (" https://acme.awsapps.com/start/#/ ", ACME, "Enterprise"),
        (f"{BUILDER}/", BUILDER, "BuilderId"),
    ],
)
async def test_start_urls_as_people_copy_them(start_url: str, sent: str, idp: str) -> None:
    aws = Aws()
    found = await aws.log_in(start_url=start_url)
    assert (found.start_url, found.idp) == (sent, idp)
    assert aws.bodies("device_authorization")[0]["startUrl"] == sent


@pytest.mark.parametrize("start_url", ["ftp://acme", "https://", "https://[", "javascript:alert(1)", "https://u@acme"])
async def test_what_is_no_start_url(start_url: str) -> None:
    aws = Aws()
    assert "not a web address" in await aws.refused(start_url=start_url)
    assert not aws.calls


async def test_slow_down_is_obeyed_for_good() -> None:
    pending, slow = (400, {"error": "authorization_pending"}), (400, {"error": "slow_down"})
    aws = Aws(token=[pending, slow, pending, (200, TOKENS)])
    await aws.log_in()
    assert aws.clock.slept == [2, 2, 7, 7]


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (400, "expired_token", "the code has expired"),
        (400, "access_denied", "the login was refused on its page"),
        (401, "invalid_client", "does not know the client registration"),
        (400, "invalid_grant", "the code of this login was refused"),
        (400, "unauthorized_client", "answered 400 unauthorized_client"),
        (400, "invalid_request", "answered 400 invalid_request"),
    ],
)
async def test_refusals_of_the_poll(status: int, code: str, told: str) -> None:
    aws = Aws(token=[(status, {"error": code, "error_description": "planted words"})])
    assert told in await aws.refused()
    assert len(aws.bodies("token")) == 1


async def test_the_code_runs_out_while_nobody_confirms() -> None:
    aws = Aws(token=[(400, {"error": "authorization_pending"})])
    assert "the code has expired" in await aws.refused()
    assert aws.clock.time == NOW + 600


@pytest.mark.parametrize(
    "trouble",
    [httpx.ConnectError("x"), httpx.ReadTimeout("x"), (500, {"error": "server_error"}), (429, ""), (403, "<p>")],
)
async def test_passing_trouble_does_not_end_it(trouble: Answer) -> None:
    aws = Aws(token=[trouble, trouble, (400, {"error": "authorization_pending"}), trouble, (200, TOKENS)])
    assert (await aws.log_in()).access_token.reveal() == "aoa-new"


async def test_lasting_trouble_does() -> None:
    aws = Aws(token=[(503, "planted")])
    assert "http://oidc.us-east-1.test answered 503" in await aws.refused(UpstreamError)
    assert len(aws.bodies("token")) == 5


@pytest.mark.parametrize(
    ("path", "answer", "kind"),
    [
        ("register", (400, {"error": "invalid_scope"}), LoginFailed),
        ("register", (200, {"clientId": "planted"}), BadUpstream),
        ("register", (200, "planted <html>"), BadUpstream),
        ("register", (500, {"error": "server_error"}), UpstreamError),
        ("device_authorization", (401, {"error": "invalid_client"}), LoginFailed),
        ("device_authorization", (200, []), BadUpstream),
        ("device_authorization", (200, DEVICE | {"verificationUri": "file:///etc/passwd"}), BadUpstream),
        ("device_authorization", (200, DEVICE | {"verificationUriComplete": "javascript:planted"}), BadUpstream),
    ],
)
async def test_a_login_that_does_not_start(path: str, answer: Answer, kind: type[A2AError]) -> None:
    aws = Aws(**{path: [answer]})
    assert "oidc.us-east-1.test" in await aws.refused(kind)
    assert not aws.person.codes


@pytest.mark.parametrize(
    "change", [{"refreshToken": None}, {"refreshToken": ""}, {"accessToken": 7}, {"accessToken": ""}]
)
async def test_half_an_answer_is_none(change: dict[str, Any]) -> None:
    aws = Aws(token=[(200, TOKENS | change)])
    assert "answered 200 without a" in await aws.refused(BadUpstream)


@pytest.mark.parametrize(("arn", "kept"), [(ARN, ARN), ("arn:aws:codewhisperer:evil.example/:1:profile/A", None)])
async def test_a_profile_in_the_answer(arn: str, kept: str | None) -> None:
    assert (await Aws(token=[(200, TOKENS | {"profileArn": arn})]).log_in()).profile_arn == kept


@pytest.mark.parametrize("interval", [0, -1, None])
async def test_an_interval_that_is_none(interval: int | None) -> None:
    device = {key: value for key, value in (DEVICE | {"interval": interval}).items() if value is not None}
    aws = Aws(device_authorization=[(200, device)])
    await aws.log_in()
    assert aws.clock.slept == [5]


SOCIAL_DEVICE = {
    "deviceCode": "planted-device",
    "userCode": "WXYZ",
    "verificationUri": "https://app.kiro.dev/account/device",
    "verificationUriComplete": "https://app.kiro.dev/account/device?user_code=WXYZ",
    "expiresInMilliseconds": 300_000,
    "intervalInMilliseconds": 3000,
}
SOCIAL_TOKENS = {
    "accessToken": "aoa-new",
    "refreshToken": refresh_text("new"),
    "profileArn": ARN,
    "identityProvider": "Google",
    "expiresIn": 3600,
}
PENDING = (200, {"status": "authorization_pending"})


class Kiro(Aws):
    """The social host."""

    def __init__(self, idp: kiro_social.Idp = "Google", **answers: list[Answer]) -> None:
        super().__init__(**{"authorization": [(200, SOCIAL_DEVICE)], "poll": [(200, SOCIAL_TOKENS)], **answers})
        self.idp: kiro_social.Idp = idp

    async def log_in(self, **asked: Any) -> KiroToken:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as client:
            return await kiro_social.log_in(
                URLS, self.person, client=client, clock=self.clock, sleep=self.clock.sleep, idp=self.idp
            )


@pytest.mark.parametrize("idp", ["Google", "Github"])
async def test_a_social_login(idp: kiro_social.Idp) -> None:
    kiro = Kiro(idp, poll=[PENDING, (200, SOCIAL_TOKENS | {"identityProvider": idp})])
    found = await kiro.log_in()
    assert (found.kind, found.idp, found.profile_arn, found.auth_region) == ("social", idp, ARN, "us-east-1")
    assert (found.issued_at, found.expires_at) == (NOW + 6, NOW + 6 + 3600)
    assert (found.client_id, found.start_url, found.source_fingerprint) == (None, None, None)
    assert kiro.bodies("authorization") == [{"clientId": "kiro-cli", "loginProvider": idp}]
    assert kiro.bodies("poll")[0] == {"clientId": "kiro-cli", "deviceCode": "planted-device"}


async def test_milliseconds() -> None:
    kiro = Kiro(poll=[PENDING])
    assert "the code has expired" in await kiro.refused()
    assert kiro.person.codes[0].expires_at == NOW + 300
    assert kiro.clock.slept[0] == 3
    assert kiro.clock.time == NOW + 300


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("word", "told"),
    [("expired_token", "the code has expired"), ("EXPIRED", "the code has expired"), ("access_denied", "was refused")],
)
async def test_the_social_poll_stops(status: int, word: str, told: str) -> None:
    kiro = Kiro(poll=[PENDING, (status, {"status": word})])
    assert told in await kiro.refused()
    assert len(kiro.bodies("poll")) == 2


async def test_the_social_poll_slows_down() -> None:
    kiro = Kiro(poll=[(200, {"status": "slow_down"}), (200, SOCIAL_TOKENS)])
    await kiro.log_in()
    assert kiro.clock.slept == [3, 8]


@pytest.mark.parametrize("trouble", [(200, {"status": "resting"}), (200, []), (502, "<p>"), (429, {})])
async def test_social_trouble(trouble: Answer) -> None:
    assert (await Kiro(poll=[trouble, PENDING, (200, SOCIAL_TOKENS)]).log_in()).idp == "Google"
    await Kiro(poll=[trouble]).refused(UpstreamError)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [((400, {"message": "planted"}), BadUpstream), ((500, ""), UpstreamError), ((200, {"userCode": "x"}), BadUpstream)],
)
async def test_a_social_login_that_does_not_start(answer: Answer, kind: type[A2AError]) -> None:
    await Kiro(authorization=[answer]).refused(kind)


async def test_a_token_does_not_show_itself() -> None:
    shown = repr(await Aws().log_in())
    assert "planted" not in shown
    assert "aor-" not in shown
