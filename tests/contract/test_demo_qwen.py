"""The official OpenAI SDK talks to the emulated Qwen portal; its OAuth endpoints; what the dialect refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest

from a2a.demo.pkce import challenge_of
from a2a.demo.qwen.state import CLIENT_ID, SCOPE
from a2a.demo.upstreams import Upstreams

pytestmark = pytest.mark.anyio

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
VERIFIER = "v" * 43
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
WEATHER: Any = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
WEATHER["function"]["parameters"]["required"] = ["city"]


@pytest.fixture
async def up() -> AsyncIterator[Upstreams]:
    async with Upstreams() as upstreams:
        yield upstreams


@pytest.fixture
async def http(up: Upstreams) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=up.qwen_url, timeout=10) as made:
        yield made


@pytest.fixture
async def client(up: Upstreams) -> AsyncIterator[openai.AsyncOpenAI]:
    token = up.qwen.accounts["qwen-1"].access_token
    async with openai.AsyncOpenAI(base_url=f"{up.qwen_url}/v1", api_key=token, max_retries=0) as made:
        yield made


def user(text: Any) -> Any:
    return [{"role": "user", "content": text}]


async def test_text_comes_with_reasoning(client: openai.AsyncOpenAI) -> None:
    done = await client.chat.completions.create(model="coder-model", messages=user("hello"))
    assert done.choices[0].message.content == "You said: hello — noted ✓"
    assert "naïve" in done.choices[0].message.model_extra["reasoning_content"]  # type: ignore[index]


async def test_stream_ends_with_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="coder-model", messages=user("grüß dich"), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(one.choices[0].delta.content or "" for one in chunks[:-1]) == "You said: grüß dich — noted ✓"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None


@pytest.mark.parametrize("quirk", ["", "[[quirk: bad-index]]", "[[quirk: finish-stop]]", "[[quirk: truncated]]"])
async def test_parallel_tools(client: openai.AsyncOpenAI, quirk: str) -> None:
    stream = await client.chat.completions.create(
        model="coder-model", messages=user(f"weather in Oslo and Rome {quirk}"), tools=[WEATHER], stream=True
    )
    chunks = [chunk.choices[0] async for chunk in stream]
    calls = [call for choice in chunks for call in choice.delta.tool_calls or ()]
    assert len([call for call in calls if call.id]) == 2
    assert {call.index for call in calls} == ({0} if "index" in quirk else {0, 1})
    assert chunks[-1].finish_reason == ("stop" if "finish" in quirk else "tool_calls")
    whole = "".join(call.function.arguments or "" for call in calls if call.function)
    assert (whole == '{"city": "Oslo"}{"city": "Rome"}') is ("truncated" not in quirk)


async def test_round_trip_image_and_schema(client: openai.AsyncOpenAI) -> None:
    first = await client.chat.completions.create(model="coder-model", messages=user("weather in Oslo"), tools=[WEATHER])
    said = first.choices[0].message
    assert said.tool_calls
    history = [
        *user("weather in Oslo"),
        said.model_dump(include={"role", "content", "tool_calls", "reasoning_content"}),
    ]
    for call in history[1]["tool_calls"]:
        call.pop("index", None)
    history.append({"role": "tool", "tool_call_id": said.tool_calls[0].id, "content": "4 °C"})
    second = await client.chat.completions.create(model="coder-model", messages=history, tools=[WEATHER])
    assert second.choices[0].message.content == "The tool said: 4 °C"
    picture = [
        {"type": "text", "text": "?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    seen = await client.chat.completions.create(model="coder-model", messages=user(picture))
    assert "3x2" in (seen.choices[0].message.content or "")
    shape: Any = {"name": "n", "schema": WEATHER["function"]["parameters"]}
    made = await client.chat.completions.create(
        model="coder-model", messages=user("in Lima"), response_format={"type": "json_schema", "json_schema": shape}
    )
    assert json.loads(made.choices[0].message.content or "") == {"city": "Lima"}


async def start(http: httpx.AsyncClient, **change: str) -> httpx.Response:
    form = {
        "client_id": CLIENT_ID,
        "scope": SCOPE,
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return await http.post("/api/v1/oauth2/device/code", data=form | change)


async def poll(http: httpx.AsyncClient, code: str, verifier: str = VERIFIER) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": GRANT, "client_id": CLIENT_ID, "device_code": code, "code_verifier": verifier}
    answer = await http.post("/api/v1/oauth2/token", data=form)
    return answer.status_code, answer.json()


async def refresh(http: httpx.AsyncClient, token: str) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT_ID}
    answer = await http.post("/api/v1/oauth2/token", data=form)
    return answer.status_code, answer.json()


async def test_device_login(http: httpx.AsyncClient, up: Upstreams) -> None:
    begun = (await start(http)).json()
    code = begun["device_code"]
    assert begun["verification_uri_complete"].endswith(f"?user_code={begun['user_code']}&client=qwen-code")
    assert (await poll(http, code))[1]["error"] == "authorization_pending"
    assert (await poll(http, code))[0] == 429
    up.clock.advance(10)  # the interval of 5 s, and the 5 s that slow_down adds for good
    assert (await poll(http, code, "w" * 43))[1]["error"] == "invalid_grant"
    status, token = await poll(http, code)
    assert (status, token["resource_url"]) == (200, up.qwen_url)
    assert (await poll(http, code))[1]["error"] == "invalid_grant"
    async with openai.AsyncOpenAI(base_url=f"{up.qwen_url}/v1", api_key=token["access_token"]) as client:
        assert (await client.chat.completions.create(model="coder-model", messages=user("hi"))).choices


async def test_the_person_decides_on_the_page(http: httpx.AsyncClient, up: Upstreams) -> None:
    up.qwen.flags.approval = "page"
    up.qwen.flags.interval_s = 0
    for decision, outcome in (("deny", "access_denied"), ("approve", None)):
        begun = (await start(http)).json()
        page = await http.get(begun["verification_uri_complete"])
        assert "Approve" in page.text
        await poll(http, begun["device_code"])
        assert (await poll(http, begun["device_code"]))[1]["error"] == "authorization_pending"
        await http.post("/authorize", data={"user_code": begun["user_code"], "decision": decision})
        assert (await poll(http, begun["device_code"]))[1].get("error") == outcome


async def test_login_goes_wrong(http: httpx.AsyncClient, up: Upstreams) -> None:
    assert (await start(http, client_id="x")).json()["error"] == "invalid_client"
    assert (await start(http, scope="openid")).json()["error"] == "invalid_scope"
    assert (await start(http, code_challenge_method="plain")).json()["error"] == "invalid_request"
    assert (await http.post("/api/v1/oauth2/device/code", json={})).json()["error"] == "invalid_request"
    code = (await start(http)).json()["device_code"]
    up.clock.advance(1000)
    assert (await poll(http, code))[1]["error"] == "expired_token"
    up.faults.add("html status=504", api="qwen-auth")
    assert (await start(http)).status_code == 504


async def test_refresh_rotates(http: httpx.AsyncClient, up: Upstreams) -> None:
    old = up.qwen.accounts["qwen-1"].refresh_token
    status, fresh = await refresh(http, old)
    assert (status, fresh["resource_url"]) == (200, up.qwen_url)
    assert (await refresh(http, old))[0] == 400
    assert up.qwen.accounts["qwen-1"].reused == 1
    up.qwen.flags.omit_resource_url = True
    assert "resource_url" not in (await refresh(http, fresh["refresh_token"]))[1]


async def test_tokens_expire_and_the_tier_closes(client: openai.AsyncOpenAI, up: Upstreams) -> None:
    up.qwen.expire("qwen-1")
    with pytest.raises(openai.AuthenticationError, match="invalid access token or token expired"):
        await client.chat.completions.create(model="coder-model", messages=user("hi"))
    up.qwen.flags.closed = True
    client.api_key = up.qwen.accounts["qwen-2"].access_token
    with pytest.raises(openai.AuthenticationError):
        await client.chat.completions.create(model="coder-model", messages=user("hi"))


async def test_keys_have_hosts_of_their_own(http: httpx.AsyncClient) -> None:
    body = {"model": "qwen3.5-plus", "messages": user("hi")}

    async def ask(base: str, key: str, **more: str) -> httpx.Response:
        return await http.post(
            f"{base}/chat/completions", json=body, headers={"authorization": f"Bearer {key}", **more}
        )

    assert (await ask("/compatible-mode/v1", "sk-demo-qwen-1")).status_code == 200
    assert "Incorrect API key" in (await ask("/compatible-mode/v1", "at-qwen-1-1")).text
    refused = await ask("/coding/v1", "sk-sp-demo-qwen-1")
    assert (refused.status_code, refused.json()) == (
        405,
        {"error": "Coding Plan is currently only available for Coding Agents"},
    )
    agent = {"user-agent": "QwenCode/0.12.0 (linux; x64)"}
    assert (await ask("/coding/v1", "sk-sp-demo-qwen-1", **agent)).status_code == 200
    wrong = {"x-dashscope-authtype": "qwen-oauth"}
    assert (await ask("/compatible-mode/v1", "sk-demo-qwen-1", **wrong)).status_code == 401
    listed = await http.get("/compatible-mode/v1/models", headers={"authorization": "Bearer sk-demo-qwen-1"})
    assert "qwen3.5-plus" in listed.text


def call(**change: Any) -> dict[str, Any]:
    inner = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return {"role": "assistant", "content": None, "tool_calls": [inner], **change}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "too short"),
    ({"messages": [*user("a"), {"role": "system", "content": "b"}]}, "must be at the beginning"),
    ({"messages": [{"role": "developer", "content": "b"}, *user("a")]}, "developer is not one of"),
    ({"messages": [*user("a"), call(), *user("b")]}, "c1"),
    ({"messages": [*user("a"), {"role": "tool", "tool_call_id": "c1", "content": "b"}]}, "must be a response"),
    ({"messages": [*user("a"), call(reasoning_content="x")]}, "None is not of type"),
    ({"messages": user([{"type": "file", "file": {}}])}, "file is not one of"),
    ({"messages": user([{"type": "text", "text": "a", "cache_control": {"type": "x"}}])}, "cache_control"),
    ({"messages": user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}])}, "illegal"),
    ({"stream_options": {"include_usage": True}}, "stream_options"),
    ({"max_tokens": 70_000}, "Range of max_tokens should be [1, 65536]"),
    ({"temperature": 2}, "temperature"),
    ({"parallel_tool_calls": True}, "parallel_tool_calls"),
    ({"prompt_cache_key": "x"}, "prompt_cache_key"),
    ({"tool_choice": "auto"}, "tool_choice"),
    ({"tools": [WEATHER], "tool_choice": "required"}, "thinking mode"),
    ({"tools": [{"type": "function", "name": "f"}]}, "of type function"),
    ({"reasoning_effort": "low"}, "reasoning_effort"),
    ({"model": "demo-qwen-small", "messages": user("x " * 9_000)}, "Range of input length"),
    ({"response_format": {"type": "json_object"}}, "'json'"),
]


@pytest.mark.parametrize(("change", "told"), REFUSED, ids=[told for _, told in REFUSED])
async def test_refusals(client: openai.AsyncOpenAI, change: dict[str, Any], told: str) -> None:
    body: Any = {"model": "coder-model", "messages": user("hi"), **change}
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**body)
    assert told in str(caught.value)


async def test_thinking_only_in_streams(http: httpx.AsyncClient) -> None:
    body = {"model": "qwen3.7-plus", "messages": user("hi"), "enable_thinking": True}
    headers = {"authorization": "Bearer sk-demo-qwen-1"}
    refused = await http.post("/compatible-mode/v1/chat/completions", json=body, headers=headers)
    assert "must be set to false for non-streaming calls" in refused.text
    streamed = await http.post("/compatible-mode/v1/chat/completions", json=body | {"stream": True}, headers=headers)
    assert "reasoning_content" in streamed.text


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("error_event after=2 status=429 type=native code=Throttling.AllocationQuota", "\n:HTTP_STATUS/429\ndata:{"),
        ("error_event after=2 type=finish", '"finish_reason":"error_finish"'),
        ("error_event after=2 code=x", '"error":{"code":"x"'),
    ],
)
async def test_errors_inside_a_stream(http: httpx.AsyncClient, up: Upstreams, fault: str, told: str) -> None:
    body = {"model": "coder-model", "messages": user(f"[[fault: {fault}]]"), "stream": True}
    headers = {"authorization": f"Bearer {up.qwen.accounts['qwen-1'].access_token}"}
    answer = await http.post("/v1/chat/completions", json=body, headers=headers)
    assert answer.status_code == 200
    assert told in answer.text
    assert "[DONE]" not in answer.text
