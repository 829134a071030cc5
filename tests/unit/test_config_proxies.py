"""The standard proxy variables: who goes through which proxy."""

from __future__ import annotations

import pytest

from a2a.config.proxies import EnvProxies, read

BOTH = {"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://s:2"}


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://api.example.com/v1", "http://p:1"),
        ("https://api.example.com/v1", "http://s:2"),
        ("http://127.0.0.1:11434/v1", None),
        ("http://localhost:11434/v1", None),
        ("http://[::1]:8080", None),
    ],
)
def test_the_scheme_chooses_and_this_machine_is_never_proxied(url: str, proxy: str | None) -> None:
    assert read(BOTH).find(url) == proxy


@pytest.mark.parametrize(
    ("rule", "url", "direct"),
    [
        ("*", "http://any.example", True),
        ("example.com", "http://api.example.com", True),
        (".example.com", "http://api.example.com", True),
        ("*.example.com", "http://api.example.com", True),
        ("example.com", "http://notexample.com", False),
        ("example.com:8080", "http://example.com:8080", True),
        ("example.com:8080", "http://example.com:9090", False),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("fd00::/8", "http://[fd00::1]/", True),
    ],
)
def test_no_proxy_names_hosts_suffixes_ports_and_networks(rule: str, url: str, direct: bool) -> None:
    found = read({**BOTH, "NO_PROXY": f"other.example, {rule}"}).find(url)
    assert (found is None) is direct


def test_all_proxy_fills_what_is_not_named() -> None:
    assert read({"ALL_PROXY": "http://a:3", "HTTPS_PROXY": "http://s:2"}) == EnvProxies("http://a:3", "http://s:2")


def test_the_lower_case_spelling_wins() -> None:
    assert read({"http_proxy": "http://low:1", "HTTP_PROXY": "http://up:1"}).http == "http://low:1"


def test_nothing_set_is_no_proxy() -> None:
    assert read({}).find("https://api.example.com") is None
