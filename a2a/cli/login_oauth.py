"""A login that makes a new token: the flow, the probe, and only then the store."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from msgspec import structs

from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login, keep, known_login, named, peers

if TYPE_CHECKING:
    from a2a.auth.endpoint import AuthUrls, HttpClient
    from a2a.auth.records import Account, Token
    from a2a.cli.terminal_person import TerminalPerson
    from a2a.clock import Clock
    from a2a.control.types import Standing


class Flow(Protocol):
    """Raises LoginFailed, NeedsAction and UpstreamError."""

    def __call__(
        self, urls: AuthUrls, person: TerminalPerson, *, client: HttpClient, clock: Clock
    ) -> Awaitable[Token]: ...


class Finish(Protocol):
    """What is still to be found out about a new token, with the person's help."""

    def __call__(self, account: Account, token: Token, person: TerminalPerson) -> Awaitable[Token]: ...


def log_in(home: Home, login: Login, flow: Flow, *, finish: Finish | None = None) -> Done:
    """Nothing is stored before the flow has ended well. Raises what the flow raises, UsageError and StoreError."""
    from a2a.auth.accounts import free_alias
    from a2a.auth.kinds import email_of, expiry_of, word_of
    from a2a.auth.records import Account
    from a2a.cli.loop import run
    from a2a.clock import hex_id

    same = named(home, login)
    draft = Account(
        id=same.id if same else hex_id("acc_"),
        provider=login.provider,
        alias=same.alias if same else "",
        urls=dict(same.urls) if same and same.kind != "api_key" else {},
        project_id=login.project_id or (same.project_id if same else None),
        proxy=login.proxy or (same.proxy if same else None),
        kind="oauth",
    )
    token, standing = run(_run(home, login, draft, flow, finish))
    if standing is not None and standing.label and not token.email:
        token = structs.replace(token, email=standing.label)
    others = peers(home, login.provider)
    if same is None and login.name is None:
        same = known_login(home, others, token)
    draft = structs.replace(
        draft,
        alias=login.name or free_alias([email_of(token)], [a.alias for a in others]),
        kind=word_of(token),
        label=email_of(token),
        expires_at=expiry_of(token) or None,
    )
    done = keep(home, login, draft, token, same=same, note=email_of(token) or "")
    return structs.replace(done, standing=standing)


async def _run(
    home: Home, login: Login, draft: Account, flow: Flow, finish: Finish | None
) -> tuple[Token, Standing | None]:
    from a2a.auth.endpoint import http_client
    from a2a.cli.login_probe import probe
    from a2a.cli.terminal_person import TerminalPerson
    from a2a.clock import SystemClock
    from a2a.providers.registry import build

    urls = build(home.settings)[login.provider].auth_urls(draft)
    browser = home.settings.surroundings.browser and not login.no_browser
    async with http_client(urls.proxy) as client:
        with TerminalPerson(home.out, browser=browser) as person:
            token = await flow(urls, person, client=client, clock=SystemClock())
            if finish is not None:
                token = await finish(draft, token, person)
    return token, await probe(home, structs.replace(draft, alias=draft.alias or "new"), token)
