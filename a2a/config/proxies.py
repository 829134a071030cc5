"""Proxies: what a URL of one may look like, and what the standard variables say.

One meaning everywhere: `http` and `https` are HTTP proxies, reached in the clear or over TLS; `socks5` and `socks5h`
both leave the target's name to the proxy, as httpx and Go do: no DNS query leaks. `direct` instead of a URL is none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct

DIRECT = "direct"
SCHEMES = ("http", "https", "socks5", "socks5h")
HINT = "for example http://user:password@host:8080 or socks5://host:1080; direct for none"


def trouble(proxy: str) -> str | None:
    """What is wrong with a proxy setting, in words that show nothing of it; None for a good one."""
    if proxy == DIRECT:
        return None
    try:
        parts = urlsplit(proxy)
        bare = parts.path in ("", "/") and not parts.query and not parts.fragment  # else: a login with signs in it
        usable = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0 and bare
    except ValueError:
        usable = False
    return None if usable else "the proxy is no http(s) or socks5 URL (signs in its login are written as %23)"


class EnvProxies(Struct, frozen=True):
    """`http`, `https`: proxy URL by the scheme of the target; `exempt`: hosts and suffixes that go direct."""

    http: str | None = None
    https: str | None = None
    exempt: tuple[str, ...] = ()

    def find(self, url: str) -> str | None:
        """The proxy for a target. This machine is never reached through one, whatever the variables say."""
        if (self.http is None and self.https is None) or self.spares(url):
            return None
        return self.https if url.startswith("https:") else self.http

    def spares(self, url: str) -> bool:
        """Whether a target is to be reached directly, unless somebody names a proxy for it alone."""
        return _spared(url, self.exempt)


def read(env: Mapping[str, str]) -> EnvProxies:
    """From `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; the lower-case spelling wins, as in curl."""

    def get(name: str) -> str | None:
        return env.get(name.lower()) or env.get(name) or None

    every = get("ALL_PROXY")
    rules = (rule.strip().lower() for rule in (get("NO_PROXY") or "").split(","))
    return EnvProxies(
        _proxy(get("HTTP_PROXY") or every),
        _proxy(get("HTTPS_PROXY") or every),
        tuple(rule for rule in rules if rule),
    )


def _proxy(given: str | None) -> str | None:
    """As curl reads it: no scheme is `http`. Desktops write `socks`, which is version 5."""
    if given is None:
        return None
    found = given.strip()
    if "://" not in found:
        found = f"http://{found}"
    scheme, _, rest = found.partition("://")
    scheme = scheme.lower()
    found = f"{'socks5' if scheme == 'socks' else scheme}://{rest}"
    return found if trouble(found) is None else None


@lru_cache(maxsize=1024)
def _spared(url: str, exempt: tuple[str, ...]) -> bool:
    """Asked for every call: kept, as an account's calls go to a few URLs."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return _is_loopback(host) or any(_covers(rule, host, parts.port) for rule in exempt)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _covers(rule: str, host: str, port: int | None) -> bool:
    """`*`, `example.com` (with its subdomains), `.example.com`, `host:port`, an address or a network."""
    if rule == "*":
        return True
    name, colon, wanted = rule.rpartition(":")
    if colon and wanted.isdecimal() and "]" not in wanted and ":" not in name:
        if port != int(wanted):
            return False
        rule = name
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        suffix = rule.lstrip(".").removeprefix("*.")
        return host == suffix or host.endswith("." + suffix)
