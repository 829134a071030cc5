"""The accounts, tokens and device logins of the emulated Qwen portal (specs/qwen.md 1 to 4, 13)."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from msgspec import Struct

from a2a.clock import Clock, hex_id
from a2a.demo.logins import Count, DeviceFlags, DeviceLogin, decided, user_code_of

CLIENT_ID = "f0304373b74a44d2b584a3fb70ca9e56"
SCOPE = "openid profile email model.completion"
LIFE_S = 21_600


class Flags(DeviceFlags, kw_only=True, forbid_unknown_fields=True):
    """What a test may switch. `approval`: the person says yes at once, no, or decides on the page.

    `status_pending`, `null_pending`: "wait" is a 200 with `{"status": "pending"}`, or with a token that is null.
    """

    approval: Literal["auto", "page", "deny"] = "auto"
    code_life_s: Count = 900
    status_pending: bool = False
    null_pending: bool = False
    dead_code_401: bool = False
    """A device code that is not good any more is a bare 401 instead of `expired_token`."""
    omit_resource_url: bool = False
    """Refresh answers do not repeat it."""
    closed: bool = False
    """The free tier is over: logins and refreshes work, every chat is refused."""
    poll_504: bool = False
    """The other face of the closed tier: the edge answers every poll with a 504 page."""
    quirks: frozenset[str] = frozenset()
    """Defects of every stream; see `qwen.frames`."""


class QwenAccount(Struct, kw_only=True):
    """`expires_at`: Unix seconds. `reused`: how often a spent refresh token came back. `revoked`: both are dead."""

    name: str
    access_token: str = ""
    refresh_token: str = ""
    expires_at: float = 0.0
    generation: int = 0
    reused: int = 0
    revoked: bool = False
    suspended: bool = False
    out_of_credits: bool = False

    def credentials(self, qwen_url: str) -> dict[str, Any]:
        """The account as the official client's file has it (specs/qwen.md 3), plus its name."""
        return {
            "name": self.name,
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "token_type": "Bearer",
            "resource_url": qwen_url,
            "expiry_date": int(self.expires_at * 1000),
        }


class Login(DeviceLogin, kw_only=True):
    """A device login with its PKCE challenge."""

    challenge: str


class QwenState:
    """Accounts by name, the tokens that are good, and the logins by device code."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.reset()

    def reset(self) -> None:
        """Two accounts with fresh tokens, no login under way."""
        self.flags = Flags()
        self.accounts: dict[str, QwenAccount] = {}
        self.logins: dict[str, Login] = {}
        self._spent: dict[str, str] = {}
        for name in ("qwen-1", "qwen-2"):
            self.add(name)

    def add(self, name: str) -> QwenAccount:
        """A new account with a fresh pair of tokens."""
        account = self.accounts[name] = QwenAccount(name=name)
        self._issue(account)
        return account

    @property
    def life_s(self) -> int:
        """Of the access tokens that are issued now."""
        return LIFE_S if self.flags.life_s is None else self.flags.life_s

    def _issue(self, account: QwenAccount) -> None:
        account.generation += 1
        account.access_token = f"at-{account.name}-{account.generation}"
        account.expires_at = self.clock.now() + self.life_s
        if self.flags.rotate or not account.refresh_token:
            account.refresh_token = f"rt-{account.name}-{account.generation}"

    def start(self, challenge: str) -> tuple[str, Login]:
        """A device code and its login."""
        device_code = hex_id("dc-", 32)
        login = Login(
            challenge=challenge,
            user_code=user_code_of(device_code),
            expires_at=self.clock.now() + self.flags.code_life_s,
            interval_s=self.flags.interval_s,
            decision=decided(self.flags.approval),
        )
        self.logins[device_code] = login
        return device_code, login

    def finish(self, device_code: str) -> QwenAccount:
        """The account that a login made; its code is used up."""
        del self.logins[device_code]
        return self.add(f"qwen-{len(self.accounts) + 1}")

    def by_user_code(self, user_code: str) -> Login | None:
        return next((login for login in self.logins.values() if login.user_code == user_code), None)

    def refreshing(self, refresh_token: str) -> QwenAccount | None:
        """The account whose current refresh token this is."""
        known = (one for one in self.accounts.values() if not one.revoked and one.refresh_token == refresh_token)
        return next(known, None)

    def refresh(self, refresh_token: str) -> QwenAccount | None:
        """Fresh tokens for the owner of a refresh token; None when it is unknown or was used before."""
        if (name := self._spent.get(refresh_token)) is not None:
            self.accounts[name].reused += 1
            if self.flags.revoke_on_reuse:
                self.revoke(name)
            return None
        account = self.refreshing(refresh_token)
        if account is None:
            return None
        if self.flags.rotate:
            self._spent[refresh_token] = account.name
        self._issue(account)
        return account

    def expire(self, name: str) -> None:
        """The access token of the account is no longer valid; its refresh token is. Raises KeyError."""
        self.accounts[name].expires_at = 1.0

    def revoke(self, name: str) -> None:
        """Both tokens are dead: only a new login helps. Raises KeyError."""
        self.expire(name)
        self.accounts[name].revoked = True

    def owner_of(self, access_token: str) -> QwenAccount | None:
        """The account of a token that is good now; a newer one replaces it."""
        now = self.clock.now()
        live = (one for one in self.accounts.values() if one.access_token == access_token and one.expires_at > now)
        return next(live, None)


QWEN_STATE = web.AppKey("demo_qwen", QwenState)
