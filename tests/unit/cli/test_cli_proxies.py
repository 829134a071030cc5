"""`--proxy` of `a2a login` and `a2a accounts set`: every kind is taken, used, and shown without its password."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from support.cli_run import Run
from support.proxies import HttpProxy, Proxy, SocksProxy
from support.waiting import PATIENCE_S

from a2a.auth.accounts import AccountStore
from a2a.paths import folders

KEY = "sk-planted-secret-0123456789"
LOGIN = "me:pw-planted"
URL = "http://upstream.test/v1"


@contextmanager
def running(proxy: Proxy) -> Iterator[Proxy]:
    """In a thread of its own: a command line has a loop of its own."""
    up, over = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with proxy:
            up.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="proxy")
    thread.start()
    assert up.wait(PATIENCE_S)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(PATIENCE_S)
        loop.close()


@pytest.fixture
def table(httpserver: HTTPServer) -> dict[str, int]:
    """Only the proxy knows where this name leads."""
    httpserver.expect_request("/v1/models").respond_with_json({"object": "list", "data": [{"id": "m1"}]})
    return {"upstream.test": httpserver.port}


def log_in(proxy: str) -> Run:
    return Run("login", "openai", "--name", "work", "--base-url", URL, "--api-key", KEY, "--proxy", proxy)


@pytest.mark.parametrize("kind", [SocksProxy, HttpProxy])
def test_a_login_and_what_follows_go_through_it(kind: type[Proxy], table: dict[str, int], home: Path) -> None:
    with running(kind(table, login=LOGIN)) as proxy:
        run = log_in(proxy.url)
        assert run.code == 0, run.stderr
        assert AccountStore(folders(str(home))).list()[0].proxy == proxy.url
        assert Run("accounts", "test", "work").code == 0
        shown = Run("accounts", "show", "work", "--json")
        assert shown.data["proxy"] == f"{proxy.scheme}://***@{proxy.place}"
    assert {host for host, _ in proxy.asked} == {"upstream.test"}
    assert "planted" not in run.stdout + run.stderr + shown.stdout


def test_a_proxy_that_refuses_ends_the_login_in_plain_words(table: dict[str, int]) -> None:
    with running(SocksProxy(table, login=LOGIN)) as proxy:
        run = log_in(proxy.plain.replace("//", "//me:wrong-planted@"))
    assert run.code != 0
    assert f"the proxy {proxy.place} refuses this user and password" in run.stderr
    assert "planted" not in run.stdout + run.stderr


@pytest.mark.parametrize("bad", ["ftp://me:pw-planted@h", "socks4://h", "h:1", "socks5://"])
def test_what_is_no_proxy_is_refused_first(bad: str) -> None:
    run = log_in(bad)
    assert run.code == 2
    assert "socks5://host:1080" in run.stderr
    assert "planted" not in run.stderr


@pytest.mark.parametrize("given", ["socks5://h:1", "socks5h://me:pw@h", "https://h", "direct"])
def test_each_kind_can_be_set(given: str, table: dict[str, int], home: Path) -> None:
    with running(SocksProxy(table)) as proxy:
        log_in(proxy.url)
    assert Run("accounts", "set", "work", "--proxy", given).code == 0
    assert AccountStore(folders(str(home))).list()[0].proxy == given
    assert Run("accounts", "show", "work", "--json").data["proxy"] == given.replace("me:pw", "***")
