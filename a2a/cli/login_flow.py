"""What the flows of `a2a login` share: its options, and the question before a risky login.

What a login is and what it leaves: `a2a/gateway/logins`.
"""

from __future__ import annotations

from a2a.cli.home import Home
from a2a.config import PROVIDER_SHORT
from a2a.control.types import LoginWish
from a2a.errors import UsageError


class Login(LoginWish, frozen=True, kw_only=True):
    """The options of `a2a login`; `provider` is an id. What the control API takes too, and what needs this machine."""

    api_key_stdin: bool = False
    file: str | None = None
    base64: str | None = None
    from_cli: bool = False
    no_browser: bool = False
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


def warn_first(home: Home, login: Login, question: str) -> None:
    """The risk of a provider in plain words, and a yes, before its first login (contract section 2).

    Raises UsageError without a terminal, `typer.Abort` on a no.
    """
    from a2a.gateway.logins.keeping import peers

    if not peers(home, login.provider):
        warn(home, login, question)


def warn(home: Home, login: Login, question: str) -> None:
    """Before every login. Raises as `warn_first`."""
    from a2a.gateway.logins.methods import RISKS

    home.out.warn(RISKS[login.provider])
    home.out.confirm(question, yes=login.yes)


def options_hint(provider: str, *ways: str) -> str:
    """`a2a login kiro --from-cli, …`: the ways in, for an error without a terminal."""
    return " or ".join(f"a2a login {PROVIDER_SHORT[provider]} {way}" for way in ways)
