"""Gemini, Code Assist, Qwen and Responses accounts behind the real pipeline, against their strict emulators."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from a2a.config import load
from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET
from a2a.demo.upstreams import Upstreams
from a2a.gateway.engine import Engine
from a2a.server.run import serving

pytestmark = pytest.mark.anyio

KEY = "sk-test-0123456789"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "w", "parameters": CITY}}
GOOGLE = ("ca-standard", "ca-named", "ca-new", "ca-new-licence", "ca-retired", "ca-validation", "ca-no-licence")
SECRETS = {"RK": "sk-demo-openai-1", "GK": "AIza-demo-gemini-1", "QK": "sk-demo-qwen-1", "SEC": CLIENT_SECRET}


class Stage:
    """Upstreams, an engine over one account of each sort, and a client of its server."""

    def __init__(self, up: Upstreams, engine: Engine, http: httpx.AsyncClient) -> None:
        self.up = up
        self.engine = engine
        self.http = http

    async def chat(self, model: str, *messages: dict[str, Any], **more: Any) -> httpx.Response:
        told = list(messages) or [{"role": "user", "content": "hello"}]
        return await self.http.post("/v1/chat/completions", json={"model": model, "messages": told, **more})

    def state(self, name: str) -> tuple[str, str | None]:
        view = next(view for view in self.engine.pool.views() if view.alias == name)
        return view.state, view.reason

    def bodies(self, api: str) -> list[Any]:
        """What the emulator was sent to generate from."""
        return [json.loads(seen.body) for seen in self.up.seen if seen.api == api and b'"contents"' in seen.body]


def declared(up: Upstreams, home: Path) -> str:
    lines = [
        "[providers.qwen]", f'auth_url = "{up.qwen_url}"',
        "[providers.gemini]", f'base_url = "{up.codeassist_url}"', f'token_url = "{up.google_url}"',
        f'oauth_client_id = "{CLIENT_ID}"', 'oauth_client_secret_env = "SEC"',
    ]  # fmt: skip
    keys = (("responses", "RK", up.responses_url), ("gemini-key", "GK", up.gemini_url))
    for provider, variable, url in (*keys, ("qwen", "QK", f"{up.qwen_url}/compatible-mode/v1")):
        lines += ["[[accounts]]", f'provider = "{provider}"', 'name = "key"', f'api_key_env = "{variable}"']
        lines += [f'base_url = "{url}"']
    tokens = [("qwen", "token", next(iter(up.qwen.accounts.values())).credentials(up.qwen_url))]
    tokens += [("gemini", name, up.codeassist.accounts[name].credentials()) for name in GOOGLE]
    for provider, name, content in tokens:
        (home / f"{name}.json").write_text(json.dumps(content))
        lines += ["[[accounts]]", f'provider = "{provider}"', f'name = "{name}"', f'credentials_file = "{name}.json"']
    return "\n".join(lines)


@asynccontextmanager
async def staged(home: Path, **env: str) -> AsyncIterator[Stage]:
    async with Upstreams() as up:
        (home / "config.toml").write_text(declared(up, home))
        fixed = {"A2A_HOME": str(home), "A2A_CREDENTIAL_STORE": "file"}
        settings = load({"port": 0, "api_key": KEY}, env={**fixed, **SECRETS, **env})
        said: list[str] = []
        async with Engine(settings, say=said.append) as engine, serving(settings, engine) as url:
            headers = {"Authorization": f"Bearer {KEY}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=20) as http:
                yield Stage(up, engine, http)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made


def text(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


MODELS = [
    "gemini-key/key/gemini-2.5-flash",
    "gemini-key/key/gemini-3.1-pro-preview",
    "gemini/ca-standard/gemini-2.5-pro",
    "gemini/ca-standard/gemini-3.5-flash",
    "qwen/key/qwen3-coder-plus",
    "qwen/token/coder-model",
]


@pytest.mark.parametrize("model", MODELS)
async def test_a_chat_client_is_served(stage: Stage, model: str) -> None:
    assert "hello" in text(await stage.chat(model))
    streamed = await stage.chat(model, stream=True)
    assert streamed.status_code == 200
    assert streamed.text.rstrip().endswith("data: [DONE]")
    called = await stage.chat(model, {"role": "user", "content": "call get_weather for Oslo"}, tools=[TOOL])
    assert called.json()["choices"][0]["finish_reason"] == "tool_calls"


# --- code assist ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("ca-named", ("needs_action", "bad_project")),
        ("ca-new-licence", ("needs_action", "bad_project")),
        ("ca-retired", ("retired", "tier_retired")),
        ("ca-validation", ("needs_action", "needs_validation")),
        ("ca-no-licence", ("needs_action", "no_license")),
    ],
)
async def test_an_account_that_is_not_served_says_why(stage: Stage, name: str, state: tuple[str, str]) -> None:
    answer = await stage.chat(f"gemini/{name}/gemini-2.5-flash")
    assert answer.status_code == 503
    assert stage.state(name) == state


async def test_a_new_account_is_onboarded_before_its_first_call(stage: Stage) -> None:
    stage.engine.providers["gemini-cli-oauth"].poll_s = 0.0  # type: ignore[attr-defined]
    assert "hello" in text(await stage.chat("gemini/ca-new/gemini-2.5-flash"))
    assert stage.bodies("codeassist")[-1]["project"] == "bright-sky-4f2k1"


async def test_an_expired_google_token_is_renewed(stage: Stage) -> None:
    stage.up.clock.advance(4000)
    assert "hello" in text(await stage.chat("gemini/ca-standard/gemini-2.5-flash"))


async def test_a_wrong_oauth_client_is_told_as_a_setting(tmp_path: Path) -> None:
    async with staged(tmp_path, SEC="wrong") as stage:
        stage.up.clock.advance(4000)
        answer = await stage.chat("gemini/ca-standard/gemini-2.5-flash")
        assert answer.status_code == 503
        assert stage.state("ca-standard") == ("needs_action", "bad_oauth_client")


async def test_a_model_no_list_has_is_a_404(stage: Stage) -> None:
    assert (await stage.chat("gemini/brand-new")).status_code == 404
    assert (await stage.chat("qwen/token/brand-new")).status_code == 404


# --- qwen ----------------------------------------------------------------------------------------


def last_qwen(stage: Stage) -> Any:
    return json.loads([seen for seen in stage.up.seen if seen.path.endswith("/chat/completions")][-1].body)


async def test_a_whole_answer_of_a_thinking_model_is_streamed_upstream(stage: Stage) -> None:
    answer = await stage.chat("qwen/token/coder-model", reasoning_effort="high")
    assert answer.json()["choices"][0]["message"]["reasoning_content"]
    body = last_qwen(stage)
    assert (body["stream"], body["enable_thinking"]) == (True, True)


async def test_the_bytes_pass_where_only_top_level_keys_change(stage: Stage) -> None:
    body = b'{"model":"qwen/key/qwen3-coder-plus","messages":[ {"role":"user","content":"hi \\u00e9"} ],'
    body += b'"temperature":0.10}'
    answer = await stage.http.post("/v1/chat/completions", content=body)
    assert answer.status_code == 200
    sent = [seen for seen in stage.up.seen if seen.path.endswith("/chat/completions")][-1].body
    assert b'[ {"role":"user","content":"hi \\u00e9"} ]' in sent
    assert b'"temperature":0.10' in sent


async def test_a_late_system_message_is_put_first(stage: Stage) -> None:
    late = ({"role": "user", "content": "hello"}, {"role": "system", "content": "be brief"})
    assert (await stage.chat("qwen/token/coder-model", *late, stream=True)).status_code == 200


async def test_a_forced_call_switches_thinking_off(stage: Stage) -> None:
    told = {"role": "user", "content": "call get_weather for Oslo"}
    answer = await stage.chat("qwen/token/coder-model", told, tools=[TOOL], tool_choice="required")
    assert answer.json()["choices"][0]["finish_reason"] == "tool_calls"
    assert last_qwen(stage)["enable_thinking"] is False


async def test_a_closed_tier_retires_the_account(stage: Stage) -> None:
    stage.up.qwen.flags.closed = True
    answer = await stage.chat("qwen/token/coder-model")
    assert answer.status_code == 503
    assert "2026-04-15" in answer.text
    assert stage.state("token") == ("retired", "discontinued")


async def test_gemini_clients_reach_the_gemini_api_byte_for_byte(stage: Stage) -> None:
    body = b'{"contents":[ {"role":"user","parts":[{"text":"hi"}]} ],"generationConfig":{"temperature":1.0}}'
    path = "/gemini-key/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    answer = await stage.http.post(path, content=body)
    assert answer.status_code == 200
    sent = [seen for seen in stage.up.seen if "streamGenerateContent" in seen.path][-1]
    assert sent.body == body
    assert (sent.path.rpartition("/")[2], sent.query) == ("gemini-2.5-flash:streamGenerateContent", "alt=sse")


async def test_several_callers_set_an_account_up_once(stage: Stage) -> None:
    stage.engine.providers["gemini-cli-oauth"].poll_s = 0.0  # type: ignore[attr-defined]
    answers = await asyncio.gather(*(stage.chat("gemini/ca-new/gemini-2.5-flash") for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    calls = [seen.path.rpartition(":")[2] for seen in stage.up.seen if seen.account == "ca-new"]
    assert calls.count("onboardUser") == 1


async def test_code_assist_counts_the_contents_and_the_rest_is_estimated(stage: Stage) -> None:
    asked = {"model": "gemini/ca-standard/gemini-2.5-flash", "messages": [{"role": "user", "content": "hello"}]}
    bare = await stage.http.post("/v1/messages/count_tokens", json=asked)
    more = await stage.http.post("/v1/messages/count_tokens", json={**asked, "system": "Answer in one short word."})
    assert (bare.status_code, more.status_code) == (200, 200), (bare.text, more.text)
    assert bare.headers["x-a2a-account"].endswith("ca-standard")
    assert "input_tokens" not in bare.headers.get("x-a2a-notes", "")
    assert "input_tokens" in more.headers["x-a2a-notes"]
    assert more.json()["input_tokens"] > bare.json()["input_tokens"] > 0
