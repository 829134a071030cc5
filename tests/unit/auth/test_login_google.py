"""The Gemini CLI's login against the emulated Google: by loopback, by paste, and every way it can fail."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from support.person import FakePerson, Page, meanwhile

from a2a.auth import google_client
from a2a.auth.endpoint import AuthUrls
from a2a.auth.google_client import CLI_CLIENT_ID
from a2a.auth.login import google
from a2a.auth.records import GoogleToken
from a2a.clock import SystemClock
from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET, SCOPES
from a2a.demo.pkce import challenge_of
from a2a.demo.upstreams import Upstreams
from a2a.errors import BadUpstream, LoginFailed, NeedsAction, Unreachable, UpstreamError
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

CLOCK = SystemClock()
NOW = 1_795_000_000.0


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=10) as made:
        yield made


@pytest.fixture
def person() -> FakePerson:
    return FakePerson()


def urls_of(up: Upstreams) -> AuthUrls:
    return AuthUrls(
        auth_url=up.google_url + "/",
        token_url=up.google_url,
        userinfo_url=up.google_url,
        paste_url=f"{up.google_url}/authcode",
        client_id=CLIENT_ID,
        client_secret=Secret(CLIENT_SECRET),
        user_agent="a2a/test",
    )


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


# --- by loopback, against the emulator -----------------------------------------------------------


class Browser:
    """Follows the page that the flow shows, to its end."""

    def __init__(self, client: httpx.AsyncClient, person: FakePerson) -> None:
        self.client = client
        self.person = person
        self.ended: httpx.Response

    async def __call__(self) -> None:
        page = await self.person.page()
        self.ended = await self.client.get(page.url, follow_redirects=True)


async def test_the_browser_returns_and_the_token_is_made(
    up: Upstreams, client: httpx.AsyncClient, person: FakePerson
) -> None:
    browser = Browser(client, person)
    before = CLOCK.now()
    token = await meanwhile(google.log_in(urls_of(up), person, client=client, clock=CLOCK, browser=True), browser())
    account = up.codeassist.accounts["ca-standard"]
    assert token.access_token.reveal() == account.access_token
    assert token.refresh_token.reveal() == account.refresh_token
    assert (token.email, token.client_id, token.source_fingerprint) == (account.email, CLIENT_ID, None)
    assert not token.client_secret
    assert set((token.scope or "").split()) == set(SCOPES)
    assert before <= token.issued_at <= CLOCK.now()
    assert token.expires_at == pytest.approx(token.issued_at + 3599)
    assert browser.ended.status_code == 200
    assert person.remarks == []


async def test_what_the_consent_page_is_asked(up: Upstreams, client: httpx.AsyncClient, person: FakePerson) -> None:
    browser = Browser(client, person)
    await meanwhile(google.log_in(urls_of(up), person, client=client, clock=CLOCK, browser=True), browser())
    (page,) = person.pages
    asked = query_of(page.url)
    assert page.url.startswith(f"{up.google_url}/o/oauth2/v2/auth?")
    assert (page.opens, page.paste) == (True, "the address at which the browser ends")
    assert page.expires_at == pytest.approx(CLOCK.now() + 300, abs=60)
    redirect = urlsplit(asked["redirect_uri"])
    assert (redirect.scheme, redirect.hostname, redirect.path) == ("http", "127.0.0.1", "/oauth2callback")
    assert asked["scope"].split() == list(SCOPES)
    fixed = {"response_type": "code", "access_type": "offline", "prompt": "consent", "code_challenge_method": "S256"}
    assert asked | fixed | {"client_id": CLIENT_ID} == asked
    assert len(asked["state"]) >= 32


async def test_the_pasted_address_does_instead(up: Upstreams, client: httpx.AsyncClient, person: FakePerson) -> None:
    async def act() -> None:
        page = await person.page()
        there = await client.get(page.url)
        person.paste(there.headers["location"])

    token = await meanwhile(google.log_in(urls_of(up), person, client=client, clock=CLOCK, browser=True), act())
    assert token.email == "ca-standard@example.com"


async def test_the_person_refuses(up: Upstreams, client: httpx.AsyncClient, person: FakePerson) -> None:
    up.codeassist.flags.approval = "deny"
    browser = Browser(client, person)
    with pytest.raises(LoginFailed, match="refused") as caught:
        await meanwhile(google.log_in(urls_of(up), person, client=client, clock=CLOCK, browser=True), browser())
    assert "again" in (caught.value.hint or "")
    assert not [seen for seen in up.seen if seen.path.endswith("/token")]


async def test_a_foreign_answer_does_not_end_it(up: Upstreams, client: httpx.AsyncClient, person: FakePerson) -> None:
    up.codeassist.flags.approval = "wrong_state"

    async def act() -> None:
        page = await person.page()
        assert (await client.get(page.url, follow_redirects=True)).status_code == 400
        assert "another login" in await person.told()
        up.codeassist.flags.approval = "auto"
        assert (await client.get(page.url, follow_redirects=True)).status_code == 200

    token = await meanwhile(google.log_in(urls_of(up), person, client=client, clock=CLOCK, browser=True), act())
    assert token.email == "ca-standard@example.com"


# --- by paste, against the emulator --------------------------------------------------------------


async def code_for(client: httpx.AsyncClient, page: Page) -> str:
    """What the page of a login without a browser shows."""
    there = await client.get(page.url)
    return query_of(there.headers["location"])["code"]


AS_PASTED: dict[str, Callable[[str, str, str], str]] = {
    "bare": lambda code, state, page: code,
    "encoded": lambda code, state, page: quote(code, safe=""),
    "wrapped": lambda code, state, page: f"  {code[:5]}\n{code[5:]} ",
    "address": lambda code, state, page: f"{page}?state={state}&code={quote(code, safe='')}&scope=a",
    "address without state": lambda code, state, page: f"{page}?code={quote(code, safe='')}",
    "query": lambda code, state, page: f"?code={quote(code, safe='')}&state={state}",
}


@pytest.mark.parametrize("form", AS_PASTED)
async def test_a_pasted_code(up: Upstreams, client: httpx.AsyncClient, person: FakePerson, form: str) -> None:
    urls = urls_of(up)

    async def act() -> None:
        page = await person.page()
        person.paste(AS_PASTED[form](await code_for(client, page), query_of(page.url)["state"], urls.paste_url))

    token = await meanwhile(google.log_in(urls, person, client=client, clock=CLOCK, browser=False), act())
    (page,) = person.pages
    assert (page.opens, page.paste) == (False, "the code that the page shows")
    assert query_of(page.url)["redirect_uri"] == urls.paste_url
    assert (token.email, person.remarks) == ("ca-standard@example.com", [])
    assert token.refresh_token


async def test_a_mistyped_code_may_be_pasted_again(
    up: Upstreams, client: httpx.AsyncClient, person: FakePerson
) -> None:
    async def act() -> None:
        page = await person.page()
        person.paste("4/planted-nonsense")
        first = await person.told()
        person.paste("http://x/?code=c&state=another")
        second = await person.told()
        assert "does not take this code" in first
        assert "another login" in second
        assert "planted" not in first
        person.paste(await code_for(client, page))

    token = await meanwhile(google.log_in(urls_of(up), person, client=client, clock=CLOCK, browser=False), act())
    assert token.email == "ca-standard@example.com"


async def test_three_tries_are_all(up: Upstreams, client: httpx.AsyncClient, person: FakePerson) -> None:
    for line in ("http://x/?nothing=here", "http://[broken", ""):
        person.paste(line)
    with pytest.raises(LoginFailed, match="nothing was pasted, for the third time"):
        await google.log_in(urls_of(up), person, client=client, clock=CLOCK, browser=False)
    assert [remark.partition(";")[0] for remark in person.remarks] == ["there is no code in that address"] * 2


async def test_a_pasted_refusal_ends_it(up: Upstreams, client: httpx.AsyncClient, person: FakePerson) -> None:
    person.paste(f"{up.google_url}/authcode?error=access_denied")
    with pytest.raises(LoginFailed, match="refused"):
        await google.log_in(urls_of(up), person, client=client, clock=CLOCK, browser=False)


async def test_nobody_pastes(person: FakePerson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google, "PATIENCE_S", 0.01)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(500))) as client:
        with pytest.raises(LoginFailed, match="no code was pasted in time"):
            await google.log_in(URLS, person, client=client, clock=CLOCK, browser=False)


# --- the OAuth client ----------------------------------------------------------------------------


@pytest.mark.parametrize("browser", [True, False])
async def test_without_the_clients_secret_nothing_is_shown(
    person: FakePerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, browser: bool
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(google_client, "_ROOTS", ())
    async with httpx.AsyncClient() as client:
        with pytest.raises(NeedsAction) as caught:
            await google.log_in(AuthUrls(), person, client=client, clock=CLOCK, browser=browser)
    assert caught.value.reason == "no_oauth_client"
    assert person.pages == []


# --- what Google's endpoints may answer ----------------------------------------------------------

URLS = AuthUrls(
    auth_url="http://accounts",
    token_url="http://token/",
    userinfo_url="http://info/",
    paste_url="http://paste/authcode",
    client_secret=Secret("planted-secret"),
    user_agent="a2a/test",
)
TOKENS = {
    "access_token": "ya29.planted",
    "expires_in": 3599,
    "refresh_token": "1//planted",
    "scope": " ".join(SCOPES),
    "token_type": "Bearer",
}


class Google:
    """The token and the user info endpoint, each with one answer."""

    def __init__(
        self, token: object = TOKENS, *, status: int = 200, info: object = None, info_status: int = 200
    ) -> None:
        self.token = token
        self.status = status
        self.info = {"email": "me@x.org"} if info is None else info
        self.info_status = info_status
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if request.url.host == "info":
            return self._say(self.info_status, self.info)
        return self._say(self.status, self.token)

    @staticmethod
    def _say(status: int, body: object) -> httpx.Response:
        if isinstance(body, Exception):
            raise body
        return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body))


class Now:
    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 0.0


async def pasted(answers: Google, *, times: int = 1, urls: AuthUrls = URLS) -> GoogleToken:
    person = FakePerson()
    for _ in range(times):
        person.paste("4/planted")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answers)) as client:
        return await google.log_in(urls, person, client=client, clock=Now(), browser=False)


def jwt(claims: object) -> str:
    return "h." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".s"


async def test_the_exchange_is_a_form_and_the_token_has_its_times() -> None:
    answers = Google()
    token = await pasted(answers)
    exchange, info = answers.seen
    form = dict(httpx.QueryParams(exchange.content.decode()))
    verifier = form.pop("code_verifier")
    assert str(exchange.url) == "http://token/token"
    assert form == {
        "grant_type": "authorization_code",
        "code": "4/planted",
        "redirect_uri": "http://paste/authcode",
        "client_id": CLI_CLIENT_ID,
        "client_secret": "planted-secret",
    }
    assert len(challenge_of(verifier)) == 43
    assert (str(info.url), info.headers["authorization"]) == ("http://info/oauth2/v2/userinfo", "Bearer ya29.planted")
    assert (exchange.headers["user-agent"], info.headers["user-agent"]) == ("a2a/test", "a2a/test")
    assert (token.issued_at, token.expires_at) == (NOW, NOW + 3599)
    assert (token.email, token.client_id) == ("me@x.org", None)
    assert "planted" not in repr(token)


@pytest.mark.parametrize(
    ("info", "status"),
    [
        ("<html>", 200),
        ({"email": 1}, 200),
        ([], 200),
        ({"email": "thief@x.org"}, 403),
        (httpx.ReadTimeout("slow"), 200),
    ],
)
async def test_without_user_info_the_id_token_names_the_account(info: object, status: int) -> None:
    tokens = {**TOKENS, "id_token": jwt({"email": "claimed@x.org"})}
    token = await pasted(Google(tokens, info=info, info_status=status))
    assert token.email == "claimed@x.org"
    assert (await pasted(Google(info=info, info_status=status))).email is None


@pytest.mark.parametrize(
    ("status", "body", "expected", "told"),
    [
        (400, {"error": "invalid_grant", "error_description": "planted"}, LoginFailed, "does not take this code"),
        (401, {"error": "invalid_client", "error_description": "planted"}, NeedsAction, "invalid_client"),
        (400, {"error": "unauthorized_client"}, NeedsAction, "unauthorized_client"),
        (400, {"error": "redirect_uri_mismatch"}, BadUpstream, "redirect_uri_mismatch"),
        (403, "<html>planted", BadUpstream, "not completed: http://token answered 403"),
        (429, "planted", UpstreamError, "429"),
        (503, "<html>planted", UpstreamError, "503"),
        (200, "<html>planted", BadUpstream, "without a token"),
        (200, {**TOKENS, "access_token": ""}, BadUpstream, "empty token"),
        (200, {**TOKENS, "refresh_token": None}, LoginFailed, "no refresh token"),
        (200, {**TOKENS, "scope": SCOPES[1]}, LoginFailed, "not granted"),
        (200, httpx.ConnectError("planted"), Unreachable, "http://token"),
    ],
)
async def test_what_each_answer_means(status: int, body: object, expected: type[Exception], told: str) -> None:
    with pytest.raises(expected, match=told) as caught:
        await pasted(Google(body, status=status), times=3)
    assert type(caught.value) is expected
    assert "planted" not in str(caught.value)
    assert getattr(caught.value, "hint", None) or expected in (BadUpstream, Unreachable)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("error=access_denied&error_description=planted", "was refused on Google's page"),
        ("error=admin_policy_enforced", "without a code: admin_policy_enforced"),
        ("error=%1b[31mplanted", "without a code$"),
        ("", "without a code$"),
    ],
)
async def test_a_callback_without_a_code(query: str, told: str) -> None:
    person, answers = FakePerson(), Google()

    async def act() -> None:
        asked = query_of((await person.page()).url)
        person.paste(f"{asked['redirect_uri']}?{query}&state={asked['state']}")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answers)) as client:
        with pytest.raises(LoginFailed) as caught:
            await meanwhile(google.log_in(URLS, person, client=client, clock=CLOCK, browser=True), act())
    assert re.search(told, caught.value.message)
    assert "planted" not in str(caught.value)
    assert answers.seen == []


async def test_a_code_is_used_once_only(up: Upstreams, client: httpx.AsyncClient, person: FakePerson) -> None:
    """The emulator tells a replayed code; the listener lets no second one through (test_login_loopback)."""
    codes: list[str] = []

    async def first() -> None:
        codes.append(await code_for(client, await person.page()))
        person.paste(codes[0])

    urls = urls_of(up)
    await meanwhile(google.log_in(urls, person, client=client, clock=CLOCK, browser=False), first())
    for _ in range(3):
        person.paste(codes[0])
    with pytest.raises(LoginFailed, match="does not take this code"):
        await google.log_in(urls, person, client=client, clock=CLOCK, browser=False)
