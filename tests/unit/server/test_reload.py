"""A server keeps up with its config file: what it takes at once, what waits, what it refuses, and that calls go on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs
from support.pool_kit import KIRO, OPENAI, account
from support.waiting import eventually

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import encode_credential
from a2a.auth.records import ApiKey
from a2a.auth.store import FileStore
from a2a.config import Settings, load
from a2a.control.client import ControlClient
from a2a.control.types import ConfigView, Reloaded
from a2a.errors import ConfigError, Forbidden
from a2a.gateway.engine import Engine
from a2a.secret import Secret
from a2a.server import reload as reload_room
from a2a.server.guard import Guard
from a2a.server.reload import Reloader
from a2a.server.run import serving

pytestmark = pytest.mark.anyio
OWN = "own-key-of-the-server"
LAPTOP, DESK = "key-of-the-laptop", "key-of-the-desk"


class Upstream:
    """An OpenAI-like one that answers when it is let, and keeps the User-Agents it was called with."""

    def __init__(self) -> None:
        self.agents: list[str] = []
        self.models = ["first"]
        self.came = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        app = web.Application()
        app.router.add_post("/{path}/chat/completions", self._answer)
        app.router.add_get("/{path}/models", self._list)
        self.server = TestServer(app)

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": name} for name in self.models]})

    async def _answer(self, request: web.Request) -> web.Response:
        self.agents.append(request.headers["User-Agent"])
        self.came.set()
        await self.go.wait()
        choice = {"index": 0, "message": {"role": "assistant", "content": request.path}, "finish_reason": "stop"}
        return web.json_response({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]})

    def url(self, path: str = "v1") -> str:
        return str(self.server.make_url(f"/{path}"))


class House:
    """A server of a home whose config file a test writes."""

    def __init__(self, home: Path, upstream: Upstream) -> None:
        self.file = home / "config.toml"
        self.upstream = upstream
        self._env = {"A2A_HOME": str(home), "A2A_CREDENTIAL_STORE": "file", "A2A_API_KEY": OWN}
        self._env |= {"LAPTOP": LAPTOP, "DESK": DESK, "UP_KEY": "sk-up"}
        self.said: list[str] = []
        self.url = ""
        self.engine: Engine

    def load(self) -> Settings:
        return load({"port": 0, "host": "127.0.0.1"}, env=self._env)

    def write(self, *tables: str, server: str = "", provider: str = "") -> None:
        lines = ["[server]", server, f"[providers.{OPENAI}]", f'base_url = "{self.upstream.url()}"', provider]
        self.file.write_text("\n".join([*lines, *tables]) + "\n")

    async def reload(self, key: str = OWN) -> Reloaded:
        def work() -> Reloaded:
            with ControlClient(self.url, Secret(key)) as client:
                return client.reload_settings()

        return await asyncio.to_thread(work)

    def seen(self) -> ConfigView:
        """What the control API says; blocks."""
        with ControlClient(self.url, Secret(OWN)) as client:
            found = client.server().config
        assert found is not None
        return found

    async def config(self) -> ConfigView:
        return await asyncio.to_thread(self.seen)

    async def ask(self, key: str = OWN, **headers: str) -> tuple[int, str]:
        """Status, and the path the upstream was asked under."""
        body = {"model": "openai/m", "messages": [{"role": "user", "content": "hi"}]}
        sent = {"Authorization": f"Bearer {key}", **headers}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/v1/chat/completions", json=body, headers=sent) as answer,
        ):
            data = await answer.json()
            return answer.status, data["choices"][0]["message"]["content"] if answer.status == 200 else ""

    async def until(self, holds: Callable[[ConfigView], bool]) -> None:
        await asyncio.to_thread(eventually, lambda: holds(self.seen()), "the settings")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    home = tmp_path / "home"
    home.mkdir()
    upstream = Upstream()
    async with upstream.server:
        one = House(home, upstream)
        one.write()
        settings = one.load()
        AccountStore(settings.folders).put(account("a"))
        FileStore(settings.folders.credentials).put(account("a").id, encode_credential(ApiKey(Secret("sk-a"))))
        async with (
            Engine(settings, say=one.said.append) as one.engine,
            serving(settings, one.engine, again=one.load) as one.url,
        ):
            yield one


async def test_a_provider_s_settings_count_for_the_next_call(house: House) -> None:
    assert await house.ask() == (200, "/v1/chat/completions")
    house.write(provider=f'user_agent = "mine/1"\nrpm = 3\nmodels = ["by-hand"]\n# {house.upstream.url("v2")}')
    found = await house.reload()
    assert sorted(found.changed) == [f"providers.{OPENAI}.{name}" for name in ("models", "rpm", "user_agent")]
    await house.ask()
    assert house.upstream.agents[-1] == "mine/1"
    assert house.upstream.agents[0] != "mine/1"
    assert house.engine.catalogue.lists("by-hand")


async def test_another_upstream_is_asked_at_once_and_for_its_list(house: House) -> None:
    house.upstream.models.append("second")
    house.file.write_text(house.file.read_text().replace("/v1", "/v2"))
    await house.reload()
    assert await house.ask() == (200, "/v2/chat/completions")
    await asyncio.to_thread(eventually, lambda: house.engine.catalogue.lists("second"), "the new list")


async def test_a_call_in_flight_ends_as_it_began(house: House) -> None:
    house.upstream.go.clear()
    call = asyncio.ensure_future(house.ask())
    await house.upstream.came.wait()
    member = house.engine.pool.members()[0]
    house.file.write_text(house.file.read_text().replace("/v1", "/v2"))
    await house.reload()
    assert house.engine.pool.members() == [member]
    assert member.in_flight == 1
    house.upstream.go.set()
    assert await call == (200, "/v1/chat/completions")
    assert (member.in_flight, member.counts.successes) == (0, 1)


async def test_client_keys_come_and_go(house: House) -> None:
    assert (await house.ask(LAPTOP))[0] == 401
    house.write('[[clients]]\nname = "laptop"\nkey_env = "LAPTOP"')
    assert (await house.reload()).changed == ["clients"]
    assert (await house.ask(LAPTOP))[0] == 200
    house.write('[[clients]]\nname = "desk"\nkey_env = "DESK"')
    await house.reload()
    assert [(await house.ask(key))[0] for key in (LAPTOP, DESK, OWN)] == [401, 200, 200]


async def test_allowed_hosts_and_origins(house: House) -> None:
    asked = {"Host": "box.lan", "Origin": "http://page"}
    assert (await house.ask(**asked))[0] == 403
    house.write(server='allow_host = ["box.lan"]\nallow_origin = ["http://page"]')
    await house.reload()
    assert (await house.ask(**asked))[0] == 200


async def test_accounts_are_declared_and_taken_back(house: House) -> None:
    house.write(f'[[accounts]]\nprovider = "{OPENAI}"\nname = "declared"\napi_key_env = "UP_KEY"')
    assert (await house.reload()).accounts == 2
    assert [view.alias for view in house.engine.pool.views()] == ["a", "declared"]
    house.write()
    await house.reload()
    assert [view.alias for view in house.engine.pool.views()] == ["a"]


async def test_what_was_learned_of_an_account_stays(house: House) -> None:
    member = house.engine.pool.members()[0]
    member.hold("suspended", "suspended", "no more")
    house.write(server='strategy = "weighted"', provider="rpm = 5")
    await house.reload()
    assert [view.state for view in house.engine.pool.views()] == ["suspended"]
    member.reset()
    await house.ask()
    assert house.engine.recorder.recent(1)[0].attempts[0].decision.strategy == "weighted"  # type: ignore[union-attr]


async def test_a_broken_file_is_refused_whole_and_the_settings_stay(house: House) -> None:
    house.write('[[clients]]\nname = "laptop"\nkey_env = "LAPTOP"', server='stratgy = "weighted"')
    before = house.engine.settings
    with pytest.raises(ConfigError, match=r"config\.toml:2: .*stratgy") as caught:
        await house.reload()
    assert caught.value.hint is not None
    assert "strategy" in caught.value.hint
    assert house.engine.settings is before
    assert [(await house.ask(key))[0] for key in (OWN, LAPTOP)] == [200, 401]
    view = await house.config()
    assert view.refused is not None
    assert "config.toml:2" in view.refused
    assert view.hint == caught.value.hint
    house.write(server='strategy = "weighted"')
    await house.reload()
    assert (await house.config()).refused is None


async def test_accounts_are_kept_up_while_the_file_is_broken(house: House) -> None:
    house.file.write_text("[server")
    AccountStore(house.engine.settings.folders).put(account("b"))
    with pytest.raises(ConfigError):
        await house.reload()
    assert [view.alias for view in house.engine.pool.views()] == ["a", "b"]


async def test_a_broken_file_is_told_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.file.write_text("[server")
    for _ in range(3):
        with pytest.raises(ConfigError):
            await house.reload()
    first = (await house.config()).refused_at
    assert len([record for record in caplog.records if "settings_refused" in record.message]) == 1
    house.file.write_text("[servers]\n")
    with pytest.raises(ConfigError):
        await house.reload()
    assert len([record for record in caplog.records if "settings_refused" in record.message]) == 2
    assert first is not None


async def test_what_needs_a_restart_is_named_and_the_rest_is_taken(house: House) -> None:
    house.write(server="max_body_mib = 7\nkeepalive_s = 3")
    found = await house.reload()
    assert (found.changed, found.restart) == (["server.keepalive_s"], ["server.max_body_mib"])
    assert house.engine.settings.server.max_body_mib == 32
    assert (await house.config()).restart == ["server.max_body_mib"]
    house.write()
    assert (await house.reload()).restart == []


async def test_a_changed_prompt_file_is_told_as_what_it_is(house: House) -> None:
    prompt = house.file.with_name("house.md")
    prompt.write_text("Be kind.")
    house.write(server='system_prompt_file = "house.md"')
    await house.reload()
    prompt.write_text("Be brief.")
    assert (await house.reload()).changed == ["server.system_prompt_file"]
    prompt.write_text("Be bold.")
    house.write(server='system_prompt_file = "house.md"\nkeepalive_s = 3')
    await house.reload()
    assert house.said[-2:] == [
        f"took {prompt} anew: server.system_prompt_file",
        f"took {house.file} and {prompt} anew: server.keepalive_s, server.system_prompt_file",
    ]


async def test_a_client_without_its_key_is_a_problem_in_sight(house: House) -> None:
    house.write('[[clients]]\nname = "tablet"\nkey_env = "TABLET"')
    assert any("TABLET" in problem for problem in (await house.reload()).problems)
    assert any("TABLET" in problem for problem in (await house.config()).problems)


async def test_only_the_owner_reloads(house: House) -> None:
    house.write('[[clients]]\nname = "laptop"\nkey_env = "LAPTOP"')
    await house.reload()
    with pytest.raises(Forbidden):
        await house.reload(LAPTOP)


async def test_a_changed_file_is_taken_by_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload_room, "LOOK_EVERY_S", 0.01)
    at = (await house.config()).loaded_at
    house.write(provider='user_agent = "mine/2"')
    await house.until(lambda view: view.loaded_at > at)
    await house.ask()
    assert house.upstream.agents[-1] == "mine/2"
    assert any("user_agent" in line for line in house.said)
    house.write(server="nonsense = 1")
    await house.until(lambda view: view.refused is not None)
    house.write()
    await house.until(lambda view: view.refused is None)


async def test_an_account_s_record_is_taken_by_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload_room, "LOOK_EVERY_S", 0.01)
    AccountStore(house.engine.settings.folders).put(account("b"))
    await asyncio.to_thread(eventually, lambda: len(house.engine.pool.members()) == 2, "the account")


def token(path: Path, name: str) -> None:
    """A file as Kiro's IDE leaves it."""
    values = {
        "accessToken": f"at-{name}",
        "refreshToken": f"rt-{name}" + "x" * 120,
        "expiresAt": "2999-01-01T00:00:00Z",
    }
    path.write_text(json.dumps({**values, "authMethod": "social", "provider": "Google"}))


async def test_a_login_through_the_official_client_ends_the_wait_for_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload_room, "LOOK_EVERY_S", 0.01)
    file = house.file.parent / "kiro.json"
    token(file, "old")
    house.write(
        f'[providers.{KIRO}]\nmanagement_url = "http://127.0.0.1:9"',
        f'[[accounts]]\nprovider = "{KIRO}"\nname = "k"\ncredentials_file = "{file}"',
    )
    await house.reload()
    (member,) = house.engine.pool.members(KIRO)
    member.hold("needs_login", "needs_login", "the token is dead")
    await house.reload()
    assert member.state == "needs_login"
    token(file, "new")
    await asyncio.to_thread(eventually, lambda: member.state == "ready", "the account to come back")


async def test_a_change_while_the_server_starts_is_taken(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload_room, "LOOK_EVERY_S", 0.01)
    engine = house.engine
    other = structs.replace(engine.settings, server=structs.replace(engine.settings.server, keepalive_s=3.0))
    guard = Guard({}, loopback=True, allow_host=[], allow_origin=[])
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(Reloader(engine, guard, lambda: other).watch(), name="watch")
        await asyncio.to_thread(eventually, lambda: engine.settings.server.keepalive_s == 3.0, "the settings")
        task.cancel()
