"""The routes of `a2a serve`: who answers, by what name a provider is chosen, what the headers tell (contract 6)."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.a2a_process import KEY, Server
from support.stage import CLAUDE, KIRO, MODEL, ONE_EACH, OPENAI, Login, Stage, staged

CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "hello"}]}
MESSAGES: dict[str, Any] = {**CHAT, "max_tokens": 100}
SECOND = [Login(OPENAI, "two", "sk-demo-openai-2"), Login(KIRO, "two", "aoa-social-2")]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), [*ONE_EACH, *SECOND]) as made:
        yield made


@pytest.fixture
def http(stage: Stage) -> httpx.Client:
    return stage.server.http


@pytest.fixture
def stranger(stage: Stage) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=stage.server.url, trust_env=False) as client:
        yield client


def route_of(stage: Stage, answer: httpx.Response) -> dict[str, Any]:
    """How the request was routed, from its record."""
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = stage.server.exchange(answer.headers["x-a2a-exchange"])["route"]
    return found


def test_health_and_ready_need_no_key(stranger: httpx.Client) -> None:
    assert (stranger.get("/health").status_code, stranger.get("/health").json()) == (200, {"status": "ok"})
    assert (stranger.get("/ready").status_code, stranger.get("/ready").json()) == (200, {"status": "ready"})
    assert stranger.head("/").status_code == 200
    assert stranger.head("/").content == b""


def test_without_accounts_nothing_is_ready(tmp_path: Path) -> None:
    home = tmp_path / "empty"
    home.mkdir()
    server = Server(home)
    try:
        assert server.http.get("/health").status_code == 200
        assert server.http.get("/ready").status_code == 503
        refused = server.http.post("/v1/chat/completions", json={"model": "gpt-5.6", **CHAT})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
        nobody = server.http.post("/kiro/v1/messages", json={"model": "auto", **MESSAGES})
        assert nobody.status_code == 503
        assert "a2a login kiro" in nobody.json()["error"]["message"]
    finally:
        server.stop()


KEY_FORMS: list[tuple[dict[str, str], dict[str, str]]] = [
    ({"authorization": f"Bearer {KEY}"}, {}),
    ({"authorization": f"bearer {KEY}"}, {}),
    ({"x-api-key": KEY}, {}),
    ({"x-goog-api-key": KEY}, {}),
    ({}, {"key": KEY}),
]


@pytest.mark.parametrize(
    ("headers", "query"), KEY_FORMS, ids=["bearer", "lower", "x-api-key", "x-goog-api-key", "query"]
)
def test_key_forms(stranger: httpx.Client, headers: dict[str, str], query: dict[str, str]) -> None:
    assert stranger.get("/v1/models", headers=headers, params=query).status_code == 200
    body = {"model": "openai/one/demo-chat", **CHAT}
    assert stranger.post("/v1/chat/completions", json=body, headers=headers, params=query).status_code == 200
    wrong = {name: value.replace(KEY, "wrong") for name, value in headers.items()}
    asked = dict.fromkeys(query, "wrong")
    assert stranger.post("/v1/chat/completions", json=body, headers=wrong, params=asked).status_code == 401


@pytest.mark.parametrize("path", ["/v1/models", "/admin/v1/accounts", "/admin/v1/exchanges", "/admin/v1/server"])
def test_no_key_no_answer(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code == 401


def test_errors_before_the_key_have_the_shape_of_the_path(stranger: httpx.Client) -> None:
    chat = stranger.post("/v1/chat/completions", json={})
    claude = stranger.post("/v1/messages", json={})
    assert (chat.status_code, chat.json()["error"]["code"]) == (401, "invalid_api_key")
    assert (claude.status_code, claude.json()["type"]) == (401, "error")
    assert claude.json()["error"]["type"] == "authentication_error"
    assert claude.json()["request_id"] == claude.headers["request-id"]


PREFIXES = [
    ("openai-custom", OPENAI),
    ("openai", OPENAI),
    ("claude-custom", CLAUDE),
    ("claude", CLAUDE),
    ("claude-kiro-oauth", KIRO),
    ("Claude-Kiro-OAuth", KIRO),
    ("kiro", KIRO),
    ("KIRO", KIRO),
]


@pytest.mark.parametrize(("prefix", "provider"), PREFIXES)
def test_prefixes(stage: Stage, http: httpx.Client, prefix: str, provider: str) -> None:
    chat = http.post(f"/{prefix}/v1/chat/completions", json={"model": MODEL[provider], **CHAT})
    assert (route_of(stage, chat)["provider"], route_of(stage, chat)["via"]) == (provider, "prefix")
    claude = http.post(f"/{prefix}/v1/messages", json={"model": MODEL[provider], **MESSAGES})
    assert route_of(stage, claude)["provider"] == provider


@pytest.mark.parametrize("path", ["/nobody/v1/messages", "/v1/nothing", "/nobody/v1/chat/completions"])
def test_unknown_paths(http: httpx.Client, path: str) -> None:
    answer = http.post(path, json={"model": "x", **CHAT})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"]


def test_a_path_that_is_not_served_names_one_that_is(http: httpx.Client) -> None:
    error = http.post("/v1/chat/completion", json={"model": "x", **CHAT}).json()["error"]
    assert (error["code"], error["type"]) == ("unknown_url", "invalid_request_error")
    assert "did you mean /v1/chat/completions?" in error["message"]


def test_one_below_admin_has_the_shape_of_the_control_api(http: httpx.Client) -> None:
    error = http.get("/admin/v1/acounts").json()["error"]
    assert (error["kind"], error["hint"]) == ("not_found", "did you mean /admin/v1/accounts?")


def test_wrong_method(http: httpx.Client) -> None:
    answer = http.get("/v1/messages")
    assert (answer.status_code, answer.json()["type"]) == (404, "error")
    assert "it takes POST" in answer.json()["error"]["message"]


HEADERS = [
    ("openai", OPENAI, None),
    ("openai-custom", OPENAI, None),
    ("openai/two", OPENAI, "two"),
    ("Kiro/two", KIRO, "two"),
    ("claude-kiro-oauth/one", KIRO, "one"),
]


@pytest.mark.parametrize(("value", "provider", "alias"), HEADERS)
def test_header(stage: Stage, http: httpx.Client, value: str, provider: str, alias: str | None) -> None:
    body = {"model": MODEL[provider], **CHAT}
    answer = http.post("/v1/chat/completions", json=body, headers={"Model-Provider": value})
    route = route_of(stage, answer)
    assert (route["provider"], route["account"], route["via"]) == (provider, alias, "header")
    if alias:
        assert answer.headers["x-a2a-account"].endswith(f"/{alias}")


def test_header_with_a_name_nobody_has(http: httpx.Client) -> None:
    asked = {"model": "demo-chat", **CHAT}
    unknown = http.post("/v1/chat/completions", json=asked, headers={"Model-Provider": "opnai"})
    assert (unknown.status_code, "opnai" in unknown.text) == (400, True)
    nobody = http.post("/v1/chat/completions", json=asked, headers={"Model-Provider": "openai/nobody"})
    assert (nobody.status_code, "openai/nobody" in nobody.text) == (503, True)


def test_prefix_wins_over_header(stage: Stage, http: httpx.Client) -> None:
    headers = {"Model-Provider": "kiro"}
    answer = http.post("/openai/v1/chat/completions", json={"model": "demo-chat", **CHAT}, headers=headers)
    assert route_of(stage, answer)["provider"] == OPENAI


NAMES = [
    ("openai/demo-chat", OPENAI, None, "name"),
    ("OpenAI-Custom/demo-chat", OPENAI, None, "name"),
    ("openai/two/demo-chat", OPENAI, "two", "name"),
    ("kiro/two/claude-sonnet-4.6", KIRO, "two", "name"),
    ("demo-chat", OPENAI, None, "catalogue"),
    ("claude-sonnet-4-5-20250929", CLAUDE, None, "catalogue"),
    ("deepseek-3.2", KIRO, None, "catalogue"),
]


@pytest.mark.parametrize(("name", "provider", "alias", "via"), NAMES)
def test_names(stage: Stage, http: httpx.Client, name: str, provider: str, alias: str | None, via: str) -> None:
    answer = http.post("/v1/chat/completions", json={"model": name, **CHAT})
    route = route_of(stage, answer)
    assert (route["provider"], route["account"], route["via"], route["asked"]) == (provider, alias, via, name)
    assert answer.headers["x-a2a-model"] == route["model"]


def test_headers_tell_what_happened(stage: Stage, http: httpx.Client) -> None:
    body = {"model": "kiro/one/claude-sonnet-4.6", **CHAT, "seed": 7, "logit_bias": {"1": 1}}
    answer = http.post("/v1/chat/completions", json=body)
    record = stage.server.exchange(answer.headers["x-a2a-exchange"])
    assert answer.headers["x-a2a-account"] == "kiro/one"
    assert answer.headers["x-a2a-model"] == "claude-sonnet-4.6"
    assert answer.headers["x-a2a-attempts"] == "1"
    assert "seed dropped" in answer.headers["x-a2a-notes"]
    assert "logit_bias dropped" in answer.headers["x-a2a-notes"]
    assert (record["state"], record["status"], record["mode"]) == ("done", 200, "convert")
    assert record["tokens"]["input"] > 0


def test_streams_have_the_headers_too(stage: Stage, http: httpx.Client) -> None:
    body = {"model": "openai/one/demo-chat", **CHAT, "stream": True}
    with http.stream("POST", "/v1/chat/completions", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-a2a-account"] == "openai/one"
        assert answer.read().endswith(b"data: [DONE]\n\n")
    record = stage.server.exchange(answer.headers["x-a2a-exchange"])
    assert (record["mode"], record["state"], record["stream"]) == ("relay", "done", True)


def test_models_in_both_shapes(http: httpx.Client) -> None:
    chat = http.get("/v1/models").json()
    assert chat["object"] == "list"
    assert {"demo-chat", "claude-sonnet-4-6", "claude-sonnet-4.6"} <= {model["id"] for model in chat["data"]}
    claude = http.get("/v1/models", headers={"anthropic-version": "2023-06-01"}, params={"limit": 3}).json()
    assert [model["type"] for model in claude["data"]] == ["model"] * 3
    assert (claude["has_more"], claude["last_id"]) == (True, claude["data"][-1]["id"])
    only = http.get("/kiro/v1/models").json()["data"]
    assert {model["owned_by"] for model in only} == {KIRO}
    assert http.get("/v1/models/demo-chat").json()["id"] == "demo-chat"
    missing = http.get("/v1/models/nothing", headers={"anthropic-version": "2023-06-01"})
    assert (missing.status_code, missing.json()["type"]) == (404, "error")


def test_the_body_passes_byte_for_byte(stage: Stage, http: httpx.Client) -> None:
    body = b'{"model": "demo-chat",  "messages":[{"role":"user","content":"gr\\u00fc\xc3\x9f"}], "top_k": 5.0e0}'
    stage.demo.reset()
    answer = http.post("/openai/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert stage.demo.calls("openai")[0].body == body


def test_the_servers_own_view(stage: Stage, http: httpx.Client) -> None:
    view = http.get("/admin/v1/server").json()
    assert (view["url"], view["pid"]) == (stage.server.url, stage.server.pid)
    assert (stage.server.ready["pid"], stage.server.ready["event"]) == (stage.server.pid, "ready")
    notes = list((stage.home / "state" / "servers").glob("*.json"))
    assert len(notes) == 1
    assert http.get("/admin/v1/exchanges/ex_nothing").status_code == 404


def test_a_packed_body_is_unpacked_and_a_broken_one_is_the_client_s_fault(http: httpx.Client) -> None:
    body = json.dumps({"model": "openai/one/demo-chat", **CHAT}).encode()
    packed = {"content-encoding": "gzip"}
    assert http.post("/v1/chat/completions", content=gzip.compress(body), headers=packed).status_code == 200
    for _ in range(2):
        broken = http.post("/v1/chat/completions", content=b"no gzip", headers=packed)
        assert (broken.status_code, broken.json()["error"]["type"]) == (400, "invalid_request_error")
    assert http.post("/v1/chat/completions", content=body).status_code == 200


def test_what_is_no_http_leaves_no_traceback(stage: Stage) -> None:
    url = httpx.URL(stage.server.url)
    with socket.create_connection((url.host, url.port)) as scanner:
        scanner.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        assert b"400" in scanner.recv(1000)
    assert "Traceback" not in stage.server.stderr
