"""Kiro: which host, which ARN, which headers (specs/kiro.md 5, 6.1), and its models."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support.pool_kit import KIRO, account, settings

from a2a.auth.records import ApiKey, KiroToken
from a2a.config import Settings
from a2a.errors import BadUpstream, NeedsLogin
from a2a.providers.base import Operation
from a2a.providers.http import Target
from a2a.providers.kiro import KiroProvider
from a2a.secret import Secret

ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEFGHIJKL"


def token(kind: Any = "social", **fields: Any) -> KiroToken:
    return KiroToken(kind=kind, access_token=Secret("at"), **fields)


def kiro(**table: Any) -> KiroProvider:
    return KiroProvider(settings(kiro=table))


def target(
    credential: KiroToken, operation: Operation = "generate", *, urls: dict[str, str] | None = None, **table: Any
) -> Target:
    return kiro(**table).target(account(provider=KIRO, urls=urls or {}), credential, operation, stream=True)


@pytest.mark.parametrize(
    ("credential", "root"),
    [
        (token(profile_arn=ARN), "https://runtime.eu-central-1.kiro.dev"),
        (token(profile_arn=ARN, auth_region="us-west-2"), "https://runtime.eu-central-1.kiro.dev"),
        (token("idc", idp="BuilderId", profile_arn=ARN), "https://runtime.eu-central-1.kiro.dev"),
        (token("idc", idp="BuilderId"), "https://q.us-east-1.amazonaws.com"),
        (token(), "https://runtime.us-east-1.kiro.dev"),
        (token(profile_arn="nonsense"), "https://runtime.us-east-1.kiro.dev"),
        (token("idc", idp="Enterprise", auth_region="eu-west-1"), "https://runtime.eu-central-1.kiro.dev"),
        (token("idc", idp="Enterprise", auth_region="ap-southeast-2"), "https://runtime.us-east-1.kiro.dev"),
    ],
)
def test_host_and_region_follow_the_arn(credential: KiroToken, root: str) -> None:
    assert str(target(credential).url) == f"{root}/generateAssistantResponse"


@pytest.mark.parametrize(
    ("endpoint", "host"), [("krs", "runtime.us-east-1.kiro.dev"), ("legacy", "q.us-east-1.amazonaws.com")]
)
def test_the_generation_can_be_forced(endpoint: str, host: str) -> None:
    assert target(token("idc", idp="BuilderId"), endpoint=endpoint).url.host == host


def test_a_region_that_is_set_wins() -> None:
    assert target(token(profile_arn=ARN), region="us-west-2").url.host == "runtime.us-west-2.kiro.dev"
    one = account(provider=KIRO, region="ap-1")
    assert kiro(region="us-west-2").home_region(one, token(profile_arn=ARN)) == "ap-1"


@pytest.mark.parametrize(
    ("credential", "urls", "url"),
    [
        (token(profile_arn=ARN), {"base_url": "http://h/{region}/"}, "http://h/eu-central-1/generateAssistantResponse"),
        (token("idc", idp="BuilderId"), {"legacy_url": "http://q"}, "http://q/generateAssistantResponse"),
    ],
)
def test_urls_of_an_account(credential: KiroToken, urls: dict[str, str], url: str) -> None:
    assert str(target(credential, urls=urls).url) == url


def test_headers_over_rest() -> None:
    headers = target(token(profile_arn=ARN), user_agent="me/1").headers
    assert headers == {
        "Authorization": "Bearer at",
        "Accept-Encoding": "identity",
        "User-Agent": "me/1",
        "x-amzn-codewhisperer-optout": "true",
        "Accept": "application/vnd.amazon.eventstream",
        "Content-Type": "application/json",
        "x-amzn-kiro-agent-mode": "vibe",
    }


@pytest.mark.parametrize(
    ("credential", "service"),
    [(token(), "KiroRuntimeService"), (token("idc", idp="BuilderId"), "AmazonCodeWhispererStreamingService")],
)
def test_aws_json_goes_to_the_root_and_names_its_target(credential: KiroToken, service: str) -> None:
    found = target(credential, wire="aws-json")
    assert found.url.path == "/"
    assert found.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert found.headers["X-Amz-Target"] == f"{service}.GenerateAssistantResponse"
    assert "x-amzn-kiro-agent-mode" not in found.headers


@pytest.mark.parametrize(
    ("kind", "sent"), [("social", None), ("idc", None), ("external_idp", "EXTERNAL_IDP"), ("api_key", "API_KEY")]
)
def test_the_token_type_by_kind(kind: str, sent: str | None) -> None:
    assert target(token(kind)).headers.get("tokentype") == sent


@pytest.mark.parametrize(("idp", "sent"), [("Internal", "true"), ("Google", None)])
def test_internal_accounts_are_redirected(idp: str, sent: str | None) -> None:
    assert target(token(idp=idp)).headers.get("redirect-for-internal") == sent


def test_a_credential_of_another_kind_is_no_kiro_token() -> None:
    with pytest.raises(NeedsLogin, match="has no Kiro token"):
        kiro().target(account(provider=KIRO), ApiKey(Secret("k")), "generate", stream=True)
    assert kiro().private(account(provider=KIRO), ApiKey(Secret("k")), "s") == {}


@pytest.mark.parametrize(
    ("credential", "url"),
    [
        (token(), "https://management.us-east-1.kiro.dev/ListAvailableModels?origin=AI_EDITOR"),
        (
            token(profile_arn=ARN),
            "https://management.eu-central-1.kiro.dev/ListAvailableModels?origin=AI_EDITOR"
            "&profileArn=arn%3Aaws%3Acodewhisperer%3Aeu-central-1%3A123456789012%3Aprofile%2FABCDEFGHIJKL",
        ),
        (token("idc", idp="BuilderId"), "https://q.us-east-1.amazonaws.com/ListAvailableModels?origin=AI_EDITOR"),
    ],
)
def test_the_list_of_models_has_its_own_host(credential: KiroToken, url: str) -> None:
    found = target(credential, "models")
    assert str(found.url) == url
    assert "Accept" not in found.headers


def test_what_only_its_codec_knows() -> None:
    values = kiro(origin="KIRO_CLI").private(account(provider=KIRO), token(profile_arn=ARN), "s1")
    assert values.pop("conversation_id") == kiro().private(account("b", KIRO), token(), "s1")["conversation_id"]
    assert values == {"origin": "KIRO_CLI", "endpoint": "krs", "wire": "rest", "profile_arn": ARN}


def test_without_arn_or_session_nothing_is_made_up() -> None:
    values = kiro().private(account(provider=KIRO), token("idc", idp="BuilderId"), None)
    assert values == {"origin": "AI_EDITOR", "endpoint": "legacy", "wire": "rest"}


def test_auth_urls_are_the_account_s_the_provider_s_or_the_default() -> None:
    one = account(provider=KIRO, urls={"auth_url": "http://auth"}, proxy="http://proxy:1")
    urls = kiro(oidc_url="http://oidc", idp_allow=["*.mine"], user_agent="me/1").auth_urls(one)
    assert (urls.auth_url, urls.oidc_url, urls.idp_allow) == ("http://auth", "http://oidc", ("*.mine",))
    assert (urls.user_agent, urls.proxy) == ("me/1", "http://proxy:1")
    default = kiro().auth_urls(account(provider=KIRO))
    assert default.auth_url == "https://prod.us-east-1.auth.desktop.kiro.dev"
    assert default.oidc_url == "https://oidc.{region}.amazonaws.com"
    assert ("*.okta.com" in default.idp_allow, default.proxy) == (True, None)


def test_known_models_are_listed_without_asking() -> None:
    listed = {info.id: info for info in kiro(models=["mine"]).catalogue()}
    assert {"auto", "claude-sonnet-4.5", "mine"} <= set(listed)
    assert "CLAUDE_SONNET_4_5_20250929_V1_0" in listed["claude-sonnet-4.5"].aliases
    assert listed["claude-sonnet-4.5"].context == 200_000


@pytest.mark.parametrize(
    ("name", "upstream"),
    [("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"), ("kiro-auto", "auto"), ("brand-new", "brand-new")],
)
def test_public_names(name: str, upstream: str) -> None:
    assert kiro().resolve(name) == upstream


def test_a_model_s_profile_comes_from_the_table() -> None:
    found = kiro().profile("claude-opus-4.6", account(provider=KIRO))
    assert (found.family, found.reasoning, found.forced_tool) == ("kiro", "adaptive", False)
    assert found.efforts == ("low", "medium", "high", "max")
    assert kiro().profile("brand-new", account(provider=KIRO)).reasoning == "none"


def test_the_account_s_own_list_knows_better_than_the_table() -> None:
    schema = {"properties": {"output_config": {"properties": {"effort": {"enum": ["low"]}}}}}
    row = {
        "modelId": "claude-haiku-4.5",
        "modelName": "Haiku",
        "tokenLimits": {"maxInputTokens": 5, "maxOutputTokens": 6},
        "additionalModelRequestFieldsSchema": schema,
    }
    (info,) = kiro().parse_models(msgspec.json.encode({"models": [row]}))
    assert (info.id, info.name, info.context, info.max_output) == ("claude-haiku-4.5", "Haiku", 5, 6)
    assert kiro().profile(info.id, account(provider=KIRO), info).efforts == ("low",)
    assert kiro().profile(info.id, account(provider=KIRO)).efforts == ()


def test_a_list_of_another_shape_is_refused() -> None:
    with pytest.raises(BadUpstream):
        kiro().parse_models(b"[]")


def test_its_fixed_facts() -> None:
    assert KiroProvider(Settings()).stream_only
    assert (KiroProvider.default_model, KiroProvider.open_list) == ("auto", True)
