"""The standard proxy variables: who goes through which proxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from a2a.config import load
from a2a.config.proxies import DIRECT, EnvProxies, read, trouble
from a2a.errors import ConfigError, UsageError

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


@pytest.mark.parametrize(
    ("given", "proxy"),
    [
        ("p.test:8080", "http://p.test:8080"),
        (" HTTP://me:pw@p:1 ", "http://me:pw@p:1"),
        ("socks://p:1", "socks5://p:1"),
        ("socks5h://p", "socks5h://p"),
        ("socks4://p:1", None),
        ("http://p:none", None),
    ],
)
def test_the_variables_as_curl_and_desktops_write_them(given: str, proxy: str | None) -> None:
    assert read({"ALL_PROXY": given}).find("https://api.example.com") == proxy


@pytest.mark.parametrize("good", ["http://p", "https://me:pw@p:8080", "socks5://[::1]:1", "socks5h://p:1", DIRECT])
def test_good_settings(good: str) -> None:
    assert trouble(good) is None


@pytest.mark.parametrize(
    "bad",
    ["p:1", "ftp://me:pw@p", "socks4://p", "http://", "http://p:0", "http://p:x", "http://[x", "", "http://u:1#pw@h"],
)
def test_bad_settings_are_told_without_their_password(bad: str) -> None:
    told = trouble(bad)
    assert told is not None
    assert "pw" not in told


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[server]\nproxy = 'ftp://me:pw@p'\n", 2),
        ("[providers.kiro]\nproxy = 'p:1'\n", 2),
        ("[[accounts]]\nprovider = 'openai'\napi_key_env = 'K'\nproxy = 'socks4://p'\n", 4),
    ],
)
def test_the_file_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f":{line}: the proxy is no") as caught:
        load({"config": str(path)}, env={"A2A_HOME": str(tmp_path)})
    assert "socks5://host" in (caught.value.hint or "")
    assert ":pw@" not in str(caught.value)


def test_a_flag_and_a_variable_are_refused_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--proxy: the proxy is no"):
        load({"proxy": "p:1"}, env={"A2A_HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match="A2A_KIRO_PROXY: the proxy is no"):
        load(env={"A2A_HOME": str(tmp_path), "A2A_KIRO_PROXY": "p:1"})
