"""What all login flows share: what was asked for, what came out, and how an account is stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from a2a.cli.home import Home
from a2a.config import PROVIDER_SHORT
from a2a.control.types import Standing
from a2a.errors import StoreError, UsageError

if TYPE_CHECKING:
    from a2a.auth.records import Account, Credential, Token


class Login(Struct, frozen=True, kw_only=True):
    """The options of `a2a login`; `provider` is an id."""

    provider: str
    name: str | None = None
    preset: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    api_key_stdin: bool = False
    file: str | None = None
    base64: str | None = None
    from_cli: bool = False
    device: bool = False
    no_browser: bool = False
    method: str | None = None
    start_url: str | None = None
    region: str | None = None
    profile: str | None = None
    plan: str | None = None
    project_id: str | None = None
    proxy: str | None = None
    yes: bool = False

    @property
    def keyed(self) -> bool:
        """Whether a key was given, or is said to come on stdin."""
        return self.api_key is not None or self.api_key_stdin

    @property
    def imports(self) -> bool:
        """Whether an existing login was named. Raises UsageError for more than one."""
        given = [option for option in (self.file, self.base64, self.from_cli) if option]
        if len(given) > 1:
            raise UsageError("--file, --base64 and --from-cli exclude each other", hint="name one source")
        return bool(given)


class Done(Struct, frozen=True, kw_only=True):
    """`replaced`: the account was there and has a new credential. `note`: what is known of it, in words. `standing`:
    what its probe found, None where nothing answered."""

    account: Account
    replaced: bool
    note: str
    standing: Standing | None = None


def keep(home: Home, draft: Account, credential: Credential, *, same: Account | None, note: str) -> Done:
    """Store secret and record; `same`: the account this login renews, whose id, name and settings stay.

    Raises UsageError and StoreError; then nothing is left behind.
    """
    from a2a.auth.codec import encode_credential

    account = draft
    if same is not None:
        account = structs.replace(
            same,
            kind=draft.kind,
            label=draft.label or same.label,
            preset=draft.preset or same.preset,
            urls={**same.urls, **draft.urls},
            region=draft.region or same.region,
            plan=draft.plan or same.plan,
            project_id=draft.project_id or same.project_id,
            expires_at=draft.expires_at,
            source=draft.source,
            proxy=draft.proxy or same.proxy,
        )
    else:
        account = structs.replace(draft, created_at=time.time())
    home.secrets.put(account.id, encode_credential(credential))
    try:
        home.accounts.put(account)
    except Exception:
        if same is None:
            home.secrets.delete(account.id)
        raise
    return Done(account=account, replaced=same is not None, note=note)


def peers(home: Home, provider: str) -> list[Account]:
    """The logged-in accounts of one provider."""
    return [account for account in home.accounts.list() if account.provider == provider]


def named(home: Home, login: Login) -> Account | None:
    """The account that `--name` means, if there is one: logging in to it again renews it. Raises UsageError."""
    from a2a.auth.accounts import check_alias

    if login.name is None:
        return None
    check_alias(login.name)
    return next((a for a in peers(home, login.provider) if a.alias == login.name), None)


def known_login(home: Home, others: list[Account], token: Token) -> Account | None:
    """The account of the same login: imported before, or of the same user. The same file proves nothing: the client
    may have been logged in as somebody else since."""
    from a2a.auth.kinds import same_user

    for account in others:
        known = held(home, account)
        if type(known) is type(token) and same_user(known, token):
            return account
    return None


def held(home: Home, account: Account) -> Credential | None:
    """Its stored credential, None when there is none that can be read."""
    from a2a.auth.codec import decode_credential

    try:
        content = home.secrets.get(account.id)
        return decode_credential(content, account.name) if content else None
    except StoreError:
        return None


def warn_first(home: Home, login: Login, risk: str, question: str) -> None:
    """The risk of a provider in plain words, and a yes, before its first login (contract section 2).

    Raises UsageError without a terminal, `typer.Abort` on a no.
    """
    if peers(home, login.provider):
        return
    home.out.warn(risk)
    home.out.confirm(question, yes=login.yes)


def options_hint(provider: str, *ways: str) -> str:
    """`a2a login kiro --from-cli, …`: the ways in, for an error without a terminal."""
    return " or ".join(f"a2a login {PROVIDER_SHORT[provider]} {way}" for way in ways)
