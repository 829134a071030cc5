"""What all login flows share: what was asked for, what came out, and how an account is stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from a2a.cli.home import Home, short_name
from a2a.config import PROVIDER_SHORT
from a2a.control.types import Standing
from a2a.errors import StoreError, UsageError

if TYPE_CHECKING:
    from a2a.auth.records import Account, Credential, Token


_LOCK_DEADLINE_S = 75.0
"""A renewal, which holds the lock, is given up after 60 s."""


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

    def __repr__(self) -> str:
        return f"Login({self.provider!r})"  # it may hold a key, or a whole login in base64

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


def keep(home: Home, login: Login, draft: Account, credential: Credential, *, same: Account | None, note: str) -> Done:
    """Store secret and record; `same`: the account this login renews, whose id, name and settings stay.

    All within the lock that a renewal takes: one that is on its way ends first, the next one finds this login. A name
    that nobody asked for gives way to another login's. Raises UsageError and StoreError; then nothing is left behind.
    """
    from a2a.auth.codec import encode_credential
    from a2a.auth.locks import hold

    account_id = same.id if same else draft.id
    with hold(home.settings.folders.locks / f"{account_id}.lock", deadline_s=_LOCK_DEADLINE_S):
        home.secrets.put(account_id, encode_credential(credential))
        try:
            account = _renewed(home, same, draft) if same else _added(home, login, draft)
        except Exception:
            if same is None:
                home.secrets.delete(account_id)
            raise
    if same and same.label and account.label != same.label:
        home.out.say(f"{short_name(account)} was {same.label} until now")
    return Done(account=account, replaced=same is not None, note=note)


def _added(home: Home, login: Login, draft: Account) -> Account:
    account = structs.replace(draft, created_at=time.time())
    if login.name is None:
        return home.accounts.add(account, declared_names(home, login.provider))
    home.accounts.put(account)
    return account


def _renewed(home: Home, same: Account, draft: Account) -> Account:
    """The record as it is by now: its owner may have changed or removed it while the login went on."""
    changed = home.accounts.update(same.id, lambda found: _with_login(found, draft))
    if changed is None:
        changed = _with_login(same, draft)
        home.accounts.put(changed)
    return changed


def _with_login(found: Account, draft: Account) -> Account:
    """What belonged to a key means nothing for a token, and the reverse."""
    if (found.kind == "api_key") is not (draft.kind == "api_key"):
        found = structs.replace(found, label=None, preset=None, urls={}, region=None, plan=None, project_id=None)
    return structs.replace(
        found,
        kind=draft.kind,
        label=draft.label or found.label,
        preset=draft.preset or found.preset,
        urls={**found.urls, **draft.urls},
        region=draft.region or found.region,
        plan=draft.plan or found.plan,
        project_id=draft.project_id or found.project_id,
        expires_at=draft.expires_at,
        source=draft.source,
        proxy=draft.proxy or found.proxy,
    )


def peers(home: Home, provider: str) -> list[Account]:
    """The logged-in accounts of one provider."""
    return [account for account in home.accounts.list() if account.provider == provider]


def named(home: Home, login: Login) -> Account | None:
    """The account that `--name` means, if there is one: logging in to it again renews it.

    Raises UsageError, also for the name of an account that is declared.
    """
    from a2a.auth.accounts import check_alias

    if login.name is None:
        return None
    check_alias(login.name)
    if login.name in declared_names(home, login.provider):
        name = f"{PROVIDER_SHORT[login.provider]}/{login.name}"
        raise UsageError(f"{name} is declared in config.toml", hint="change it there, or choose another --name")
    return next((a for a in peers(home, login.provider) if a.alias == login.name), None)


def declared_names(home: Home, provider: str) -> list[str]:
    """The aliases that config.toml has taken; a login under one of them would push that account out."""
    from a2a.pool.roster import read_roster

    try:
        found = read_roster(home.settings).declared.values()
    except UsageError:  # a variable names credentials that cannot be read: no concern of a login
        return []
    return [account.alias for account in found if account.provider == provider and account.origin == "config"]


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
