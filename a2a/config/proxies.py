"""The standard proxy variables, read once (contract 3.1: what `proxy` defaults to)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct


class EnvProxies(Struct, frozen=True):
    """`http`, `https`: proxy URL by the scheme of the target; `exempt`: hosts and suffixes that go direct."""

    http: str | None = None
    https: str | None = None
    exempt: tuple[str, ...] = ()

    def find(self, url: str) -> str | None:
        """The proxy for a target. This machine is never reached through one, whatever the variables say."""
        if self.http is None and self.https is None:
            return None
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if _is_loopback(host) or any(_covers(rule, host, parts.port) for rule in self.exempt):
            return None
        return self.https if parts.scheme == "https" else self.http


def read(env: Mapping[str, str]) -> EnvProxies:
    """From `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; the lower-case spelling wins, as in curl."""

    def get(name: str) -> str | None:
        return env.get(name.lower()) or env.get(name) or None

    every = get("ALL_PROXY")
    rules = (rule.strip().lower() for rule in (get("NO_PROXY") or "").split(","))
    return EnvProxies(get("HTTP_PROXY") or every, get("HTTPS_PROXY") or every, tuple(rule for rule in rules if rule))


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
