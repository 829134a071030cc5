"""A login that makes a new token, at the terminal: the flow, the probe, and only then the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from a2a.cli.home import Home
from a2a.cli.login_flow import Login

if TYPE_CHECKING:
    from a2a.auth.records import Account, Token
    from a2a.control.types import Standing
    from a2a.gateway.logins.keeping import Done
    from a2a.gateway.logins.oauth import Finish, Flow


def log_in(home: Home, login: Login, flow: Flow, *, finish: Finish | None = None) -> Done:
    """Nothing is stored before the flow has ended well. Raises what the flow raises, UsageError and StoreError."""
    from a2a.cli.loop import run
    from a2a.gateway.logins import oauth

    draft = oauth.draft_of(home, login)
    token, standing = run(_run(home, login, draft, flow, finish))
    return oauth.store(home, login, draft, token, standing)


async def _run(
    home: Home, login: Login, draft: Account, flow: Flow, finish: Finish | None
) -> tuple[Token, Standing | None]:
    from a2a.cli.terminal_person import TerminalPerson
    from a2a.gateway.logins import oauth

    browser = home.settings.surroundings.browser and not login.no_browser
    with TerminalPerson(home.out, browser=browser) as person:
        token = await oauth.obtain(home, draft, person, flow, finish=finish)
    return token, await oauth.asked(home, draft, token)
