"""What Kiro's login endpoints answer, whichever of them it is: tokens, a device code, a refusal.

Of the upstream's words only an OAuth error code is ever repeated, and nothing of a browser's answer.
"""

from __future__ import annotations

from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Struct

from a2a.auth.endpoint import Answered, error_code, origin
from a2a.auth.kiro_region import is_profile_arn
from a2a.auth.login.device import expired
from a2a.auth.login.loopback import Callback
from a2a.auth.login.person import DeviceCode
from a2a.errors import BadUpstream, LoginFailed, UpstreamError
from a2a.secret import Secret

T = TypeVar("T", bound=Struct)

AGAIN = "start the login again"
PASTE = "the address at which the browser ends"
BROWSER_S = 600.0
"""How long the browser is waited for, as the IDE does (specs/kiro.md 4.3)."""

_TRANSIENT = frozenset({"slow_down", "server_error", "temporarily_unavailable"})
_TELLING = {
    "access_denied": "the login was refused on its page",
    "invalid_client": "the service does not know the client registration of this login",
    "invalid_grant": "the code of this login was refused: it was used, has expired, or belongs to another login",
}
"""Error codes (kiro.md 3.2) that mean one thing to the person."""


class Granted(Struct, frozen=True):
    """The tokens of a login. `profile_arn`: where the answer has one of Kiro's form."""

    access_token: Secret
    refresh_token: Secret
    expires_in_s: float
    profile_arn: str | None


class Started(Struct, frozen=True):
    """A device login that waits for the person."""

    device_code: Secret
    user_code: str
    url: str
    complete_url: str | None
    expires_in_s: float
    interval_s: float

    def shown(self, service: str, expires_at: float) -> DeviceCode:
        return DeviceCode(
            service=service,
            user_code=self.user_code,
            url=self.url,
            complete_url=self.complete_url,
            expires_at=expires_at,
        )


class _Tokens(Answered):
    access_token: str = ""
    refresh_token: str = ""
    expires_in: float = 3600.0
    profile_arn: str | None = None


_SPELLING = {
    "accessToken": "access_token",
    "refreshToken": "refresh_token",
    "expiresIn": "expires_in",
    "profileArn": "profile_arn",
}
"""Kiro's and AWS's names -> OAuth's, which an external IdP uses."""


def read(response: httpx.Response, kind: type[T]) -> T:
    """The answer's JSON. Raises BadUpstream, which does not quote it."""
    try:
        return msgspec.json.decode(response.content, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # `from None`: the decoder's error holds the bytes it was given.
        raise BadUpstream(f"{_where(response)} answered {response.status_code} in a form that is not Kiro's") from None


def granted(response: httpx.Response) -> Granted:
    """The tokens of a 200, in either spelling. Raises BadUpstream, also where one of the two is missing."""
    body = {_SPELLING.get(key, key): value for key, value in fields_of(response).items() if value is not None}
    try:
        found = msgspec.convert(body, _Tokens, strict=False)
    except msgspec.ValidationError:
        raise BadUpstream(f"{_where(response)} answered 200 without a token") from None
    if not found.access_token or not found.refresh_token:
        missing = "a refresh token" if found.access_token else "a token"
        raise BadUpstream(f"{_where(response)} answered 200 without {missing}")
    arn = found.profile_arn
    return Granted(
        access_token=Secret(found.access_token),
        refresh_token=Secret(found.refresh_token),
        expires_in_s=found.expires_in,
        profile_arn=arn if arn and is_profile_arn(arn) else None,
    )


def page_of(url: str, response: httpx.Response) -> str:
    """The address of a verification page: it will be opened. Raises BadUpstream for one that no browser shows."""
    if not url.startswith(("https://", "http://")):
        raise BadUpstream(f"{_where(response)} named a page that is no web page")
    return url


def code_of(callback: Callback) -> Secret:
    """The authorization code of a callback. Raises LoginFailed for a refusal."""
    if error := callback.query.get("error"):
        known = error if error.isascii() and error.replace("_", "").isalnum() and len(error) <= 64 else ""
        raise LoginFailed("the login was refused in the browser" + (f": {known}" if known else ""), hint=AGAIN)
    if not callback.query.get("code"):
        raise LoginFailed("the browser came back without a code", hint=AGAIN)
    return Secret(callback.query["code"])


def failure(response: httpx.Response) -> LoginFailed | UpstreamError:
    """What an answer that is not 200 means: the tables of kiro.md 3.2 and 4.1."""
    status, code = response.status_code, error_code(response)
    told = f"{_where(response)} answered {status}" + (f" {code}" if code else "")
    if status == 429 or status >= 500 or code in _TRANSIENT:
        return UpstreamError(f"the login did not come about: {told}", hint="try again in a minute")
    if code == "expired_token":
        return expired()
    if code in _TELLING:
        return LoginFailed(f"{_TELLING[code]} ({told})", hint=AGAIN)
    if code:
        return LoginFailed(f"the login was refused: {told}", hint=AGAIN)
    return BadUpstream(f"the login did not come about: {told}")  # a bare 403 may come from a firewall on the way


def _where(response: httpx.Response) -> str:
    return origin(str(response.request.url))


def fields_of(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object, {} for anything else."""
    try:
        body: Any = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
