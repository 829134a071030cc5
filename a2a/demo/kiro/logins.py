"""Logins under way at the Kiro authorities: registered clients, device logins, authorization codes (specs/kiro.md 4).

Every login makes a new account; which, is said by a start URL (AWS SSO OIDC) or by a social provider.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from a2a.clock import Clock, hex_id
from a2a.demo.kiro.accounts import KiroAccount
from a2a.demo.logins import DeviceFlags, DeviceLogin, decided, user_code_of

Authority = Literal["oidc", "social", "idp"]
Option = Literal["google", "github", "builderid", "awsidc", "internal", "external_idp"]

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CODE_GRANT = "authorization_code"
REFRESH_GRANT = "refresh_token"
SCOPES = (
    "codewhisperer:completions",
    "codewhisperer:analysis",
    "codewhisperer:conversations",
    "codewhisperer:transformations",
    "codewhisperer:taskassist",
)
NEEDED_SCOPES = frozenset(SCOPES[:3])
PROVIDERS = {"google": "Google", "github": "Github"}
"""Login option -> how Kiro spells the provider."""

PORTS = (3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153)
"""The only loopback ports that the portal sends a browser back to (specs/kiro.md 4.4)."""

_CLIENT_LIFE_S = 90 * 86_400
_SECRET_CHARS = 4_000


class Flags(DeviceFlags, kw_only=True, forbid_unknown_fields=True):
    """What a test may switch. `approval`: the person says yes at once, no, decides on the page, or a thief answers.

    `wrong_state` concerns logins that come back to a loopback. `option`: what the person picks in the portal when it
    shows no page and the client named no method. `profiles`: how many an account of an organisation has.
    """

    approval: Literal["auto", "page", "deny", "wrong_state"] = "auto"
    option: Option = "google"
    signin_callback: bool = False
    """The portal calls back on `/signin/callback` instead of `/oauth/callback`."""
    profiles: Annotated[int, Meta(ge=1)] = 1
    idp_any_port: bool = False
    """The identity provider does not compare the port of a loopback redirect."""


class Client(Struct, frozen=True, kw_only=True):
    """A client registered with AWS SSO OIDC. `region` None: the address named none. Times in Unix seconds."""

    id: str
    secret: str
    region: str | None
    grants: frozenset[str]
    scopes: frozenset[str] = frozenset(SCOPES)
    redirect_uris: tuple[str, ...] = ()
    start_url: str | None = None
    issued_at: float = 0.0
    expires_at: float = float("inf")


class Device(DeviceLogin, kw_only=True):
    """A device login. `identity`: the start URL, or the social provider. `used`: its tokens were handed out."""

    authority: Authority
    client: str
    identity: str
    used: bool = False


class Code(Struct, frozen=True, kw_only=True):
    """An authorization code. `identity`: as for a device, empty at the identity provider. Times in Unix seconds."""

    authority: Authority
    client: str
    redirect_uri: str
    challenge: str
    identity: str = ""
    scopes: frozenset[str] = frozenset()
    expires_at: float = 0.0


class Logins:
    """Clients by id, devices and codes by their text."""

    def __init__(self, clock: Clock, known: list[KiroAccount]) -> None:
        """`known`: the accounts that are there from the start; their clients are registered."""
        self.clock = clock
        self.flags = Flags()
        self.devices: dict[str, Device] = {}
        self.codes: dict[str, Code] = {}
        self.clients = {client.id: client for client in map(_client_of, known) if client is not None}

    def register(
        self,
        region: str | None,
        grants: frozenset[str],
        scopes: frozenset[str],
        uris: tuple[str, ...],
        start: str | None,
    ) -> Client:
        """A new client, good for 90 days."""
        name, now = hex_id("demo-", 22), self.clock.now()
        secret = f"eyJraWQiOiJkZW1vIn0.{name}.".ljust(_SECRET_CHARS, "democlientsecret"[len(self.clients) % 16])
        client = Client(
            id=name,
            secret=secret,
            region=region,
            grants=grants,
            scopes=scopes,
            redirect_uris=uris,
            start_url=start,
            issued_at=now,
            expires_at=now + _CLIENT_LIFE_S,
        )
        self.clients[name] = client
        return client

    def start(self, authority: Authority, client: str, identity: str) -> tuple[str, Device]:
        """A device code and its login."""
        code = hex_id("kdc-", 40)
        self.devices[code] = Device(
            user_code=user_code_of(code),
            expires_at=self.clock.now() + self.flags.code_life_s,
            interval_s=self.flags.interval_s,
            decision=decided(self.flags.approval),
            authority=authority,
            client=client,
            identity=identity,
        )
        return code, self.devices[code]

    def device(self, authority: Authority, code: str, client: str) -> Device | None:
        """The login of a device code that this client started there."""
        found = self.devices.get(code)
        return found if found is not None and (found.authority, found.client) == (authority, client) else None

    def by_user_code(self, authority: Authority, user_code: str) -> Device | None:
        waiting = (one for one in self.devices.values() if one.authority == authority and one.user_code == user_code)
        return next(waiting, None)

    def new_code(
        self,
        authority: Authority,
        client: str,
        redirect_uri: str,
        challenge: str,
        identity: str = "",
        scopes: frozenset[str] = frozenset(),
    ) -> str:
        """A code for one exchange."""
        text = hex_id("kac-", 40)
        self.codes[text] = Code(
            authority=authority,
            client=client,
            redirect_uri=redirect_uri,
            challenge=challenge,
            identity=identity,
            scopes=scopes,
            expires_at=self.clock.now() + self.flags.code_life_s,
        )
        return text

    def take_code(self, authority: Authority, text: str) -> Code | None:
        """The code, once, whatever comes of it; None when it is unknown there, used or too old."""
        code = self.codes.pop(text, None)
        good = code is not None and code.authority == authority and code.expires_at > self.clock.now()
        return code if good else None


def _client_of(account: KiroAccount) -> Client | None:
    if account.client_id is None or account.client_secret is None:
        return None
    return Client(
        id=account.client_id,
        secret=account.client_secret,
        region=account.region,
        grants=frozenset({DEVICE_GRANT, REFRESH_GRANT}),
        start_url=account.start_url,
    )
