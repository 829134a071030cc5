"""What every token endpoint has in common: where it is, how it is asked, and how a failure is told without a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from a2a.errors import ProxyFailed, Unreachable, UpstreamTimeout
from a2a.secret import Secret

if TYPE_CHECKING:
    import httpx

    HttpClient = httpx.AsyncClient


class Answered(Struct):
    """An answer with secrets in it as it came over the wire: it does not show them."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class AuthUrls(Struct, frozen=True, kw_only=True):
    """Settings of contract 3.1 that logins and refreshes need, resolved for one account; `{region}` may still stand in
    `oidc_url`. None ends in a slash.

    A kind of token reads its own: Qwen `auth_url`; Kiro `auth_url`, `oidc_url`, `portal_url`, `start_url`, `idp_allow`;
    Google `auth_url` (consent page), `token_url`, `userinfo_url`, `paste_url` and the client.
    """

    auth_url: str = ""
    oidc_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    paste_url: str = ""
    portal_url: str = ""
    start_url: str = ""
    idp_allow: tuple[str, ...] = ()
    """Hosts (globs) an external IdP's endpoint may have; an entry with a scheme allows exactly that origin."""
    client_id: str | None = None
    client_secret: Secret = Secret("")
    """As set by the user."""
    write_back: bool = False
    """Renewed tokens also go into the file they came from."""
    user_agent: str = "a2a"
    proxy: str | None = None


def http_client(proxy: str | None) -> HttpClient:
    """For one login or renewal; an async context manager. The proxy is ours to choose, not the variables'."""
    from a2a.auth import outward  # deferred: httpx costs a server's start 40 ms and 6 MiB, and only renewals need it

    return outward.client(proxy, outward.TIMEOUT)


async def post(
    client: HttpClient,
    url: str,
    fields: Mapping[str, Any],
    urls: AuthUrls,
    *,
    form: bool = True,
    extra: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Post a form, or JSON, `extra` headers with it. Raises UpstreamTimeout and Unreachable; they name the origin."""
    import httpx

    from a2a.auth.outward import PROXY_HINT, TIMEOUT, TRUST_HINT, told, untrusted

    headers = {"accept": "application/json", "user-agent": urls.user_agent, **(extra or {})}
    try:
        if form:
            return await client.post(url, data=dict(fields), headers=headers, timeout=TIMEOUT)
        return await client.post(url, json=dict(fields), headers=headers, timeout=TIMEOUT)
    except httpx.TimeoutException as exc:
        raise UpstreamTimeout(f"the token endpoint {origin(url)} did not answer in time") from exc
    except httpx.ProxyError as exc:
        raise ProxyFailed(f"no connection to the token endpoint {origin(url)}: {told(exc)}", hint=PROXY_HINT) from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        if why := untrusted(exc):
            raise Unreachable(f"no connection to the token endpoint {origin(url)}: {why}", hint=TRUST_HINT) from exc
        raise Unreachable(f"no connection to the token endpoint {origin(url)} ({type(exc).__name__})") from exc


def origin(url: str) -> str:
    """Scheme, host and port, for messages: a path or userinfo may hold what must not be shown."""
    try:
        return origin_of(urlsplit(url))
    except ValueError:
        return "(not a URL)"


def origin_of(parts: SplitResult) -> str:
    """Raises ValueError for a port that is none."""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def error_code(response: httpx.Response) -> str:
    """The OAuth error code of an answer, "" where there is none that can be shown."""
    try:
        body: Any = response.json()
    except ValueError:
        return ""
    code = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(code, str) or not code.replace("_", "").isalnum() or len(code) > 64:
        return ""
    return code
