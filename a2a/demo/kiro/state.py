"""The live state of the Kiro emulator: accounts and their tokens, rules switched on or off, scripted turns."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from msgspec import Struct

from a2a.clock import Clock
from a2a.demo.kiro.accounts import (
    LIFE_S,
    ORGANISATIONS,
    SHARED_BUILDER_ARN,
    SOCIAL_ARN,
    Kind,
    KiroAccount,
    builtin,
    new_arn,
)
from a2a.demo.kiro.errors import bearer_invalid, denied
from a2a.demo.kiro.logins import REFRESH_GRANT, Client, Logins
from a2a.demo.kiro.script import Script

_REFRESH_CHARS = 120
"""Real refresh tokens are longer than 100 characters; importers reject shorter ones as truncated."""


class Flags(Struct):
    """Rules of specs/kiro.md 12.2 (True = enforced) and the behaviours that are off until asked for."""

    bearer: bool = True
    arn: bool = True
    shape: bool = True
    history: bool = True
    pairs: bool = True
    tool_config: bool = True
    tools: bool = True
    schema: bool = True
    model: bool = True
    fields: bool = True
    signature: bool = True
    images: bool = True
    documents: bool = True
    body_size: bool = True
    window: bool = True
    builder_arn_ok: bool = False
    """Builder ID tokens may use the shared ARN on KRS."""
    legacy_gone: bool = False
    """`/q` answers 410: the old hosts are switched off."""
    no_formats: bool = False
    """Schemas with `format` or `pattern` are refused: asks for the aggressive clean-up of specs/kiro.md 6.7."""
    scripted_only: bool = False
    """A call that no scripted turn matches answers 500."""

    def set(self, name: str, on: bool) -> None:
        """Raises KeyError for a flag that does not exist."""
        if name not in self.__struct_fields__:
            raise KeyError(f"no flag {name!r}; known: {', '.join(self.__struct_fields__)}")
        setattr(self, name, on)


class Grant(Struct, frozen=True):
    """An access token that was issued. `expires_at`: Unix seconds, 0 = never."""

    account: str
    expires_at: float


RefreshOutcome = Literal["ok", "reused", "unknown"]


class KiroState:
    """Accounts by name, every token ever issued, the logins under way."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Everything as at the start; tokens are valid from now on."""
        self.flags = Flags()
        self.script = Script()
        self.issued_signatures: set[str] = set()
        self.accounts = {account.name: account for account in builtin()}
        self.logins = Logins(self.clock, list(self.accounts.values()))
        self._grants: dict[str, Grant] = {}
        self._spent: dict[str, str] = {}
        self._signed_in = 0
        for account in self.accounts.values():
            self._issue(account, account.name)

    def life_s(self, kind: Kind) -> int:
        """Of the access tokens that are issued now; 0 = for ever."""
        given = self.logins.flags.life_s
        return LIFE_S[kind] if given is None or kind == "api_key" else given

    def _issue(self, account: KiroAccount, access_token: str) -> None:
        life_s = self.life_s(account.kind)
        account.access_token = access_token
        account.expires_at = self.clock.now() + life_s if account.kind != "api_key" else 0.0
        if account.renewable and account.kind != "api_key" and (self.logins.flags.rotate or not account.refresh_token):
            head = f"aor-{account.name}-{account.generation}-"
            account.refresh_token = head.ljust(_REFRESH_CHARS, "x")
        self._grants[access_token] = Grant(account.name, account.expires_at)

    def _add(self, account: KiroAccount) -> KiroAccount:
        self.accounts[account.name] = account
        self._issue(account, f"{account.name}.0:sig")
        return account

    def _name(self, prefix: str) -> str:
        self._signed_in += 1
        return f"{prefix}-login-{self._signed_in}"

    def new_social(self, provider: str) -> KiroAccount:
        """Somebody signed in with `Google` or `Github`."""
        name = self._name("aoa")
        return self._add(
            KiroAccount(name=name, kind="social", idp=provider, arn=SOCIAL_ARN, email=f"{name}@example.com")
        )

    def new_sso(self, start_url: str, client: Client) -> KiroAccount:
        """Somebody signed in at a start URL. Without the grant for it the client gets no refresh token."""
        name, home = self._name("aoa"), ORGANISATIONS[start_url]
        arns = self._profiles(home.api_region, name)
        return self._add(
            KiroAccount(
                name=name,
                kind=home.kind,
                idp=home.idp,
                arn=arns[0] if arns else None,
                more_arns=arns[1:],
                region=home.region,
                start_url=start_url,
                email=f"{name}@example.com",
                client_id=client.id,
                client_secret=client.secret,
                renewable=REFRESH_GRANT in client.grants,
            )
        )

    def new_external(self, client_id: str, *, offline: bool) -> KiroAccount:
        """Somebody signed in at the identity provider of a company."""
        name = self._name("jwt")
        arns = self._profiles("us-east-1", name)
        return self._add(
            KiroAccount(
                name=name,
                kind="external_idp",
                idp="ExternalIdp",
                arn=arns[0],
                more_arns=arns[1:],
                email=f"{name}@example.com",
                client_id=client_id,
                renewable=offline,
            )
        )

    def _profiles(self, region: str | None, name: str) -> tuple[str, ...]:
        if region is None:
            return ()
        return tuple(new_arn(region, f"{name}/{number}") for number in range(self.logins.flags.profiles))

    def refresh(self, refresh_token: str) -> tuple[RefreshOutcome, KiroAccount | None]:
        """New tokens. While they rotate, a refresh token works once, and a used one is counted on its account."""
        if refresh_token in self._spent:
            account = self.accounts[self._spent[refresh_token]]
            account.reused += 1
            if self.logins.flags.revoke_on_reuse:
                self.revoke(account.name)
            return "reused", account
        account_or_none = self.owner_of(refresh_token)
        if account_or_none is None:
            return "unknown", None
        if self.logins.flags.rotate:
            self._spent[refresh_token] = account_or_none.name
        account_or_none.generation += 1
        self._issue(account_or_none, f"{account_or_none.name}.{account_or_none.generation}:sig")
        return "ok", account_or_none

    def owner_of(self, refresh_token: str) -> KiroAccount | None:
        """The account whose current refresh token this is."""
        known = (one for one in self.accounts.values() if not one.revoked and one.refresh_token == refresh_token)
        return next(known, None) if refresh_token else None

    def expire(self, name: str) -> None:
        """The account's access tokens are no longer valid; its refresh token is."""
        self._grants = {
            token: Grant(grant.account, 1.0) if grant.account == name else grant
            for token, grant in self._grants.items()
        }

    def revoke(self, name: str) -> None:
        """Both tokens of the account are dead: only a new login helps."""
        self.expire(name)
        self.accounts[name].revoked = True

    def authorize(self, request: web.Request) -> KiroAccount:
        """The account of the bearer token, its `tokentype` checked. Raises Refusal (403)."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        grant = self._grants.get(token)
        if grant is None:
            if not self.flags.bearer:
                return self.accounts["aoa-social"]
            raise bearer_invalid()
        account = self.accounts[grant.account]
        if grant.expires_at and grant.expires_at <= self.clock.now():
            raise denied("Token expired.")
        declared = request.headers.get("tokentype")
        allowed = {account.token_type} if account.token_type else {None, "SSO_OIDC"} if account.region else {None}
        if declared not in allowed:
            raise bearer_invalid()
        return account

    def may_use(self, account: KiroAccount, arn: str) -> bool:
        """Whether a request of this account may name that profile on KRS."""
        return arn in account.arns or (
            account.kind == "builder_id" and arn == SHARED_BUILDER_ARN and self.flags.builder_arn_ok
        )


KIRO = web.AppKey("demo_kiro", KiroState)
