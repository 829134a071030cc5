"""What all providers share: settings and their precedence, the listing call, capped bodies."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support.pool_kit import CLAUDE, KIRO, OPENAI, account, settings

from a2a import __version__
from a2a.auth.records import ApiKey
from a2a.config import PROVIDER_SHORT
from a2a.errors import BadUpstream, NeedsLogin
from a2a.providers.base import ModelInfo, Provider, read_capped
from a2a.providers.http import Egress
from a2a.providers.registry import PROVIDERS, build
from a2a.providers.timeouts import Timeouts
from a2a.secret import Secret

KEY = ApiKey(Secret("sk-test"))


def provider(name: str = OPENAI, **tables: dict[str, Any]) -> Provider:
    return build(settings(**tables))[name]


@pytest.mark.parametrize("kind", PROVIDERS.values(), ids=lambda kind: kind.short)
def test_ids_and_short_names_are_the_contract_s(kind: type[Provider]) -> None:
    assert PROVIDER_SHORT[kind.id] == kind.short
    assert kind.open_list == (kind.short not in ("gemini", "qwen"))


def test_a_url_is_the_account_s_then_the_provider_s_then_the_default() -> None:
    own = account(urls={"base_url": "http://account/v1/"})
    assert provider(openai={"base_url": "http://provider/v1"}).base_url(own) == "http://account/v1"
    assert provider(openai={"base_url": "http://provider/v1"}).base_url(account()) == "http://provider/v1"
    assert provider().base_url(account()) == "https://api.openai.com/v1"


def test_the_region_is_filled_in_where_it_occurs() -> None:
    one = account(urls={"base_url": "https://{region}.host/{region}"}, region="eu-1")
    assert provider().base_url(one) == "https://eu-1.host/eu-1"


@pytest.mark.parametrize(
    ("of_account", "of_provider", "region"), [("a-1", "p-1", "a-1"), (None, "p-1", "p-1"), (None, None, "us-east-1")]
)
def test_the_region_of_an_account(of_account: str | None, of_provider: str | None, region: str) -> None:
    assert provider(openai={"region": of_provider}).region(account(region=of_account)) == region


def test_the_user_agent_is_ours_unless_set() -> None:
    assert provider().user_agent() == f"a2a/{__version__}"
    assert provider(openai={"user_agent": "mine/1"}).user_agent() == "mine/1"


@pytest.mark.parametrize(
    ("name", "limits"),
    [(OPENAI, Timeouts(10, 600, 180, 0)), (CLAUDE, Timeouts(10, 600, 180, 0)), (KIRO, Timeouts(10, 90, 300, 0))],
)
def test_timeouts_by_default(name: str, limits: Timeouts) -> None:
    assert provider(name).limits == limits


def test_timeouts_of_the_server_hold_where_a_provider_has_none_of_its_own() -> None:
    given = settings({"idle_timeout_s": 7.0, "first_byte_timeout_s": 8.0})
    assert build(given)[OPENAI].limits == Timeouts(10, 8, 7, 0)
    assert build(given)[KIRO].limits == Timeouts(10, 90, 300, 0)


def test_timeouts_of_the_provider_s_table_win_also_with_0() -> None:
    own = {"connect_timeout_s": 1, "first_byte_timeout_s": 0, "idle_timeout_s": 3, "total_timeout_s": 4}
    assert provider(KIRO, kiro=own).limits == Timeouts(1, 0, 3, 4)


def test_models_of_the_settings_are_the_catalogue() -> None:
    assert provider(openai={"models": ["a", "b"]}).catalogue() == (ModelInfo(id="a"), ModelInfo(id="b"))
    assert provider().catalogue() == ()


def test_a_key_is_not_renewed() -> None:
    with pytest.raises(NeedsLogin) as caught:
        provider().auth_urls(account("work"))
    assert caught.value.hint == "a2a login openai"
    assert provider().private(account(), KEY, "session") == {}


def listing(status: int, body: bytes) -> TestServer:
    async def models(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer sk-test"
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    return TestServer(app)


@pytest.mark.anyio
async def test_the_upstream_is_asked_for_its_list() -> None:
    async with listing(200, b'{"data":[{"id":"m","created":5,"owned_by":"me"}]}') as server:
        one = account(urls={"base_url": str(server.make_url("/v1"))})
        egress = Egress()
        found = await provider().models(one, KEY, egress)
        await egress.aclose()
    assert found == (ModelInfo(id="m", created=5, owner="me"),)


@pytest.mark.anyio
@pytest.mark.parametrize(("status", "body", "told"), [(401, b"{}", "answered 401"), (200, b"<html>", "no OpenAI list")])
async def test_a_list_that_is_none_is_told_as_such(status: int, body: bytes, told: str) -> None:
    async with listing(status, body) as server:
        one = account(urls={"base_url": str(server.make_url("/v1"))})
        egress = Egress()
        with pytest.raises(BadUpstream, match=told):
            await provider().models(one, KEY, egress)
        await egress.aclose()


class Pieces:
    """An answer whose body comes in these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = [*pieces]
        self.closed = False

    async def chunk(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def close(self) -> None:
        self.closed = True


@pytest.mark.anyio
async def test_a_body_is_read_whole_up_to_its_limit() -> None:
    assert await read_capped(Pieces(b"ab", b"c"), 3) == b"abc"  # type: ignore[arg-type]
    over = Pieces(b"ab", b"cd", b"e")
    with pytest.raises(BadUpstream, match="over 3 bytes"):
        await read_capped(over, 3)  # type: ignore[arg-type]
    assert over.closed
    assert over.pieces == [b"e"]
