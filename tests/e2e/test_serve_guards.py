"""What `a2a serve` refuses before it looks at a request: foreign host names, foreign origins, bodies too large."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.a2a_process import KEY, Server, run_cli
from support.stage import Stage, staged

ORIGIN = "https://chat.example"
BODY: dict[str, Any] = {"model": "openai/demo-chat", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    server = {"max_body_mib": 1, "allow_origin": [ORIGIN], "allow_host": ["box.example"]}
    with staged(tmp_path_factory.mktemp("stage"), server=server) as made:
        yield made


@pytest.fixture
def http(stage: Stage) -> httpx.Client:
    return stage.server.http


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LocalHost", "[::1]:{port}", "box.example:{port}"]
)
def test_hosts_that_are_let_in(http: httpx.Client, stage: Stage, host: str) -> None:
    port = stage.server.url.rpartition(":")[2]
    assert http.get("/health", headers={"host": host.format(port=port)}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_hosts_that_are_not(http: httpx.Client, host: str) -> None:
    assert http.get("/health", headers={"host": host}).status_code == 403
    chat = http.post("/v1/chat/completions", json=BODY, headers={"host": host})
    assert (chat.status_code, chat.json()["error"]["code"]) == (403, "forbidden")
    claude = http.post("/v1/messages", json=BODY, headers={"host": host})
    assert (claude.status_code, claude.json()["error"]["type"]) == (403, "permission_error")
    assert "--allow-host" in claude.json()["error"]["message"]


def test_preflight(http: httpx.Client) -> None:
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    answer = http.options("/v1/chat/completions", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    refused = http.options("/v1/chat/completions", headers={**asked, "origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_an_allowed_origin_may_read_answers(http: httpx.Client, streamed: bool) -> None:
    answer = http.post("/v1/chat/completions", json={**BODY, "stream": streamed}, headers={"origin": ORIGIN})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert http.get("/v1/models", headers={"origin": ORIGIN}).headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("key", [KEY, "wrong"])
def test_an_allowed_origin_may_read_errors(http: httpx.Client, key: str) -> None:
    headers = {"origin": ORIGIN, "authorization": f"Bearer {key}"}
    answer = http.post("/v1/chat/completions", json={**BODY, "model": "nobody-has-this"}, headers=headers)
    assert answer.status_code == (404 if key == KEY else 401)
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_a_foreign_origin_is_refused(http: httpx.Client) -> None:
    answer = http.post("/v1/chat/completions", json=BODY, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_body_over_the_limit(http: httpx.Client) -> None:
    large = {**BODY, "messages": [{"role": "user", "content": "x" * 1_100_000}]}
    chat = http.post("/v1/chat/completions", json=large)
    assert (chat.status_code, chat.json()["error"]["code"]) == (413, "request_too_large")
    claude = http.post("/v1/messages", json=large)
    assert (claude.status_code, claude.json()["error"]["type"]) == (413, "request_too_large")
    assert "max_body_mib" in claude.json()["error"]["message"]
    below = {**BODY, "messages": [{"role": "user", "content": "x" * 900_000}], "model": "openai/gpt-4.1"}
    assert http.post("/v1/chat/completions", json=below).status_code == 200


def test_localhost_is_both_loopbacks_on_one_port(stage: Stage) -> None:
    port = stage.server.url.rpartition(":")[2]
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    for host in ("127.0.0.1", "[::1]"):
        with httpx.Client(trust_env=False) as client:
            assert client.get(f"http://{host}:{port}/health").status_code == 200


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run_cli(tmp_path / "home", "serve", "--port", port)
    assert ended.returncode == 2
    assert ended.stdout == b""
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr.decode()


def test_another_host_wants_a_key_of_its_own(tmp_path: Path) -> None:
    ended = run_cli(tmp_path / "home", "serve", "--host", "0.0.0.0", "--port", "0")
    assert (ended.returncode, b"A2A_API_KEY" in ended.stderr) == (2, True)
    short = run_cli(tmp_path / "home", "serve", "--host", "0.0.0.0", "--port", "0", env={"A2A_API_KEY": "short"})
    assert (short.returncode, b"16 characters" in short.stderr) == (2, True)


def test_the_key_is_made_at_the_first_start_and_stays(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shown = []
    for _ in range(2):
        server = Server(home, env={"A2A_API_KEY": ""})
        config = run_cli(home, "config", "show", "--secrets", "--json")
        shown.append([word for word in config.stdout.decode().split('"') if word.startswith("a2a-")])
        answer = httpx.get(f"{server.url}/v1/models", headers={"x-api-key": shown[0][0]}, trust_env=False)
        assert answer.status_code == 200
        server.stop()
        assert shown[0][0] not in server.stderr + server.stdout
    assert shown[0] == shown[1]
