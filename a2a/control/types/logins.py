"""Logins that a server runs for somebody else: each step as a value, so that a screen or a script can show it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from a2a.control.types.accounts import Acted

LoginState = Literal["running", "asking", "done", "failed", "cancelled"]


class LoginWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `a2a login PROVIDER` takes, by the same names. `agreed`: the person has read the provider's risk and agrees.

    `api_key`: a secret; it goes to the credential store and nowhere else. `device`: for a browser on another machine
    than the server's, where a way has two forms.
    """

    provider: str
    name: str | None = None
    method: str | None = None
    preset: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    device: bool = False
    plan: str | None = None
    region: str | None = None
    start_url: str | None = None
    profile: str | None = None
    project_id: str | None = None
    proxy: str | None = None
    agreed: bool = False

    def __repr__(self) -> str:
        return f"LoginWish({self.provider!r})"  # it may hold a key


class LoginShown(Struct, frozen=True, kw_only=True):
    """What the person has to see: a page to open, perhaps with a code to type there. `expires_at`: Unix seconds.

    `paste`: what may be pasted back instead of waiting, in words; None: nothing.
    """

    url: str
    user_code: str | None = None
    complete_url: str | None = None
    """The page with the code in it: what a QR code holds."""
    paste: str | None = None
    expires_at: float | None = None


class LoginQuestion(Struct, frozen=True, kw_only=True):
    """One of `options` is wanted."""

    question: str
    options: list[str]


class LoginView(Struct, frozen=True, kw_only=True):
    """A login as it stands. `remarks`: oldest first; `result` when `done`, `error` when `failed`."""

    id: str
    provider: str
    state: LoginState
    started_at: float
    shown: LoginShown | None = None
    question: LoginQuestion | None = None
    remarks: list[str] = []
    result: Acted | None = None
    error: str | None = None
    hint: str | None = None


class LoginAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the person did: `text`, a pasted line, or `choice`, the index of an option."""

    text: str | None = None
    choice: int | None = None


class LoginMethod(Struct, frozen=True, kw_only=True):
    """One way to log in at a provider, for a list to choose from. `needs`: fields of `LoginWish` it asks for.

    `takes`: fields that may be given too, besides `name` and `proxy`. `preset`, `plan`: where they are set they go into
    the wish as they are, as `provider` and `method` do.
    """

    provider: str
    method: str
    title: str
    preset: str | None = None
    plan: str | None = None
    needs: list[str] = []
    takes: list[str] = []
    risk: str | None = None
    """What a person has to agree to first, in words."""
