"""Which proxy an account's call goes through, and when none."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.pool_kit import OPENAI, account, failure, settings

from a2a.config.proxies import EnvProxies
from a2a.providers.base import Provider
from a2a.providers.registry import build

OUTSIDE, HERE = "https://api.example.com/v1", "http://localhost:11434/v1"
VARIABLES = EnvProxies("http://env:1", "http://env:1", ("spared.test",))


def provider(server: str | None = None, own: str | None = None) -> Provider:
    given = settings({"proxy": server}, openai={"proxy": own})
    return build(structs.replace(given, env_proxies=VARIABLES))[OPENAI]


@pytest.mark.parametrize(
    ("of_account", "own", "server", "used"),
    [
        ("http://a", "http://p", "http://s", "http://a"),
        (None, "http://p", "http://s", "http://p"),
        (None, None, "http://s", "http://s"),
        (None, None, None, "http://env:1"),
        ("direct", "http://p", "http://s", None),
        (None, "direct", "http://s", None),
        (None, None, "direct", None),
    ],
)
def test_the_nearest_setting_counts(
    of_account: str | None, own: str | None, server: str | None, used: str | None
) -> None:
    assert provider(server, own).proxy(account(proxy=of_account), OUTSIDE) == used


@pytest.mark.parametrize("url", [HERE, "https://spared.test/v1"])
def test_the_server_s_setting_spares_what_the_variables_spare(url: str) -> None:
    assert provider("http://s").proxy(account(), url) is None
    assert provider().proxy(account(), url) is None


def test_a_setting_for_one_provider_or_account_is_meant() -> None:
    assert provider("http://s", "http://p").proxy(account(), HERE) == "http://p"
    assert provider("http://s").proxy(account(proxy="http://a"), HERE) == "http://a"


def test_a_proxy_that_fails_is_no_fault_of_the_upstream() -> None:
    verdict = provider().judge(failure(502, code="proxy"), account())
    assert (verdict.reason, verdict.action, verdict.scope) == ("proxy", "cool_down", "account")
    assert "proxy" in (verdict.remedy or "")
