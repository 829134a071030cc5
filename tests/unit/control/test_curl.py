"""The client's request as a curl command."""

from __future__ import annotations

import json
import shlex

import pytest
from support.fake_exchange import converted

from a2a.control import curl
from a2a.control.types import Bodies, Exchange
from a2a.errors import UsageError

URL = "http://127.0.0.1:3000"


def requested(body: str, **headers: str) -> Exchange:
    return converted(bodies=Bodies(request=body, request_headers=headers))


def words(exchange: Exchange) -> list[str]:
    """As a shell reads it."""
    return shlex.split(curl.command(exchange, URL).replace("\\\n", " "))


def test_a_request_becomes_a_command_that_a_shell_reads_the_same() -> None:
    body = json.dumps({"text": 'it\'s "quoted", $HOME `id` \\ 京都\n'}, ensure_ascii=False)
    found = words(requested(body, accept="text/event-stream"))
    assert found[:3] == ["curl", "-N", f"{URL}/v1/chat/completions"]
    assert found[-2:] == ["--data-raw", body]
    assert "accept: text/event-stream" in found
    assert "content-type: application/json" in found


@pytest.mark.parametrize(
    ("front", "header"),
    [
        ("chat", "authorization: Bearer $A2A_API_KEY"),
        ("responses", "authorization: Bearer $A2A_API_KEY"),
        ("claude", "x-api-key: $A2A_API_KEY"),
        ("gemini", "x-goog-api-key: $A2A_API_KEY"),
    ],
)
def test_the_key_is_a_variable_in_the_form_of_its_protocol(front: str, header: str) -> None:
    exchange = requested("{}", authorization="[removed]", cookie="a=b", host="x")
    exchange.front = front
    text = curl.command(exchange, URL)
    assert f'-H "{header}"' in text
    assert "[removed]" not in text
    assert "cookie" not in text


def test_a_key_in_the_path_is_left_out() -> None:
    exchange = requested("{}")
    exchange.path = "/v1beta/models/m:generateContent?alt=sse&key=AIzaSecret"
    assert words(exchange)[2] == f"{URL}/v1beta/models/m:generateContent?alt=sse"


def test_a_long_body_goes_in_by_standard_input() -> None:
    body = json.dumps({"text": "x" * curl.ARGUMENT + "\nA2A_BODY\n"})
    text = curl.command(requested(body + "\nA2A_BODY"), URL)
    assert "--data-binary @- <<'A2A_BODY_'\n" in text
    assert text.endswith("\nA2A_BODY_")


@pytest.mark.parametrize(
    "bodies",
    [None, Bodies(), Bodies(request="{", cut=["request"]), Bodies(request="base64:AAAA"), Bodies(request="\0")],
)
def test_what_cannot_be_sent_again_is_refused(bodies: Bodies | None) -> None:
    with pytest.raises(UsageError):
        curl.command(converted(bodies=bodies), URL)


def test_a_request_that_came_without_a_server_has_no_command() -> None:
    exchange = requested("{}")
    exchange.path = "chat"
    with pytest.raises(UsageError, match="a2a chat sent this without a server"):
        curl.command(exchange, URL)
