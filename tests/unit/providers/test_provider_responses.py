"""`openaiResponses-custom`: where its calls go, and what its models can do."""

from __future__ import annotations

import pytest
from support.pool_kit import account

from a2a import __version__
from a2a.auth.records import ApiKey, KiroToken
from a2a.config import Settings
from a2a.errors import BadUpstream, NeedsLogin
from a2a.providers.base import ModelInfo, Operation
from a2a.providers.responses import ResponsesProvider
from a2a.secret import Secret

KEY = ApiKey(Secret("sk-test"))
RESPONSES = "openaiResponses-custom"
PROVIDER = ResponsesProvider(Settings())


@pytest.mark.parametrize(
    ("operation", "url"),
    [
        ("generate", "https://api.openai.com/v1/responses"),
        ("count", "https://api.openai.com/v1/responses/input_tokens"),
        ("models", "https://api.openai.com/v1/models"),
    ],
)
def test_default_urls(operation: Operation, url: str) -> None:
    assert str(PROVIDER.target(account(provider=RESPONSES), KEY, operation, stream=False).url) == url


def test_headers_and_a_base_url_without_a_path() -> None:
    one = account(provider=RESPONSES, urls={"base_url": "http://host"})
    target = PROVIDER.target(one, KEY, "generate", stream=True)
    assert str(target.url) == "http://host/v1/responses"
    assert target.headers == {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",
        "User-Agent": f"a2a/{__version__}",
        "Authorization": "Bearer sk-test",
    }


def test_a_token_is_no_key() -> None:
    with pytest.raises(NeedsLogin) as caught:
        PROVIDER.target(
            account(provider=RESPONSES), KiroToken(kind="social", access_token=Secret("t")), "generate", stream=False
        )
    assert caught.value.hint == "a2a login responses --name a"


def test_profiles() -> None:
    plain = PROVIDER.profile("gpt-4.1", account(provider=RESPONSES))
    assert (plain.family, plain.custom_tools, plain.hosted_tools, plain.sampling) == ("openai", True, True, "full")
    thinker = PROVIDER.profile("gpt-5.6", account(provider=RESPONSES))
    assert (thinker.sampling, thinker.reasoning, plain.reasoning) == ("none", "effort", "none")
    assert PROVIDER.profile("llama", account(provider=RESPONSES)).reasoning == "effort"


def test_its_list() -> None:
    assert PROVIDER.parse_models(b'{"data":[{"id":"m","owned_by":"me"}]}') == (ModelInfo(id="m", owner="me"),)
    with pytest.raises(BadUpstream):
        PROVIDER.parse_models(b"<html>")
