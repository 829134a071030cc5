"""`gemini-cli-oauth`: set-up of an account, the calls, and the taxonomy of refusals (specs/gemini-cli.md 5 to 9)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.pool_kit import account

from a2a.auth.records import Account, ApiKey, GoogleToken
from a2a.config import ProviderSettings, Settings
from a2a.errors import BadUpstream, NeedsLogin
from a2a.messages import Failure
from a2a.paths import folders
from a2a.protocols.registry import UPSTREAMS
from a2a.providers.base import SetUpRefused
from a2a.providers.codeassist import FRESH_S
from a2a.providers.gemini_cli import GeminiCliProvider
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

NOW = 1_795_348_800.0  # 2026-11-22 12:00 UTC
GEMINI = "gemini-cli-oauth"
TOKEN = GoogleToken(access_token=Secret("ya29.planted"))
HOST = "https://cloudcode-pa.googleapis.com"


class Reply:
    """A whole answer in one piece."""

    def __init__(self, status: int, body: object) -> None:
        self.status = status
        self.headers: dict[str, str] = {}
        self._left = [json.dumps(body).encode()]

    async def chunk(self) -> bytes:
        await asyncio.sleep(0)
        return self._left.pop() if self._left else b""

    def close(self) -> None:
        self._left.clear()


class CodeAssist:
    """Stands in for `Egress`: answers by method, in order; the last answer of a method is repeated."""

    def __init__(self, **answers: Sequence[object]) -> None:
        self.answers = {name: [*replies] for name, replies in answers.items()}
        self.calls: list[tuple[str, Any]] = []

    async def open(self, target: Any, body: bytes | None, *, proxy: str | None = None) -> Reply:
        await asyncio.sleep(0)
        path = str(target.url).removeprefix(f"{HOST}/v1internal")
        self.calls.append((f"{target.method} {path}", json.loads(body) if body else None))
        replies = self.answers[path[1:].replace("operations/", "")]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return Reply(*reply) if isinstance(reply, tuple) else Reply(200, reply)


def provider(tmp_path: Path, **table: Any) -> GeminiCliProvider:
    made = GeminiCliProvider(
        Settings(folders=folders(str(tmp_path)), providers={GEMINI: ProviderSettings(**table)} if table else {})
    )
    made.now = lambda: NOW
    made.poll_s = 0.0
    return made


def one(**fields: Any) -> Account:
    return account(provider=GEMINI, kind="oauth", **fields)


async def project_of(made: GeminiCliProvider, upstream: CodeAssist, who: Account) -> str:
    await made.prepare(who, TOKEN, upstream)  # type: ignore[arg-type]
    return made.private(who, TOKEN, None)["project"]


async def refusal(made: GeminiCliProvider, upstream: CodeAssist, who: Account) -> Failure:
    with pytest.raises(SetUpRefused) as caught:
        await made.prepare(who, TOKEN, upstream)  # type: ignore[arg-type]
    return caught.value.failure


STANDARD = {"currentTier": {"id": "standard-tier"}, "cloudaicompanionProject": "acme-1"}
METADATA = {"ideType": "IDE_UNSPECIFIED", "platform": "PLATFORM_UNSPECIFIED", "pluginType": "GEMINI"}
RETIRED = {
    "ineligibleTiers": [
        {"tierId": "free-tier", "reasonCode": "UNSUPPORTED_CLIENT", "reasonMessage": "go to antigravity.google"}
    ]
}

# --- set-up --------------------------------------------------------------------------------------


async def test_the_project_google_names_is_kept(tmp_path: Path) -> None:
    upstream = CodeAssist(loadCodeAssist=[STANDARD])
    made = provider(tmp_path)
    assert await project_of(made, upstream, one()) == "acme-1"
    assert await project_of(made, upstream, one()) == "acme-1"
    assert upstream.calls == [("POST :loadCodeAssist", {"metadata": METADATA})]
    assert await project_of(provider(tmp_path), upstream, one()) == "acme-1"  # the next process
    assert len(upstream.calls) == 1


async def test_callers_at_the_same_time_share_one_set_up(tmp_path: Path) -> None:
    upstream, made = CodeAssist(loadCodeAssist=[STANDARD]), provider(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(made.prepare(one(), TOKEN, upstream), name=str(number))  # type: ignore[arg-type]
    assert len(upstream.calls) == 1


async def test_it_is_asked_again_after_a_day_and_after_a_refusal(tmp_path: Path) -> None:
    upstream, made = CodeAssist(loadCodeAssist=[STANDARD]), provider(tmp_path)
    await project_of(made, upstream, one())
    made.forget(one())
    await project_of(made, upstream, one())
    assert len(upstream.calls) == 2
    made.now = lambda: NOW + FRESH_S
    await project_of(made, upstream, one())
    assert len(upstream.calls) == 3


async def test_a_broken_file_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "state" / "codeassist" / f"{one().id}.json"
    path.parent.mkdir(parents=True)
    path.write_text("<")
    assert await project_of(provider(tmp_path), CodeAssist(loadCodeAssist=[STANDARD]), one()) == "acme-1"


async def test_the_user_s_project_is_told_and_used(tmp_path: Path) -> None:
    upstream = CodeAssist(loadCodeAssist=[{"currentTier": {"id": "standard-tier"}}])
    assert await project_of(provider(tmp_path), upstream, one(project_id="mine")) == "mine"
    body = {"cloudaicompanionProject": "mine", "metadata": {**METADATA, "duetProject": "mine"}}
    assert upstream.calls == [("POST :loadCodeAssist", body)]


async def test_a_perimeter_that_hides_the_answer_counts_as_standard(tmp_path: Path) -> None:
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SECURITY_POLICY_VIOLATED"}
    hidden = (403, {"error": {"code": 403, "message": "no", "details": [reason]}})
    upstream = CodeAssist(loadCodeAssist=[hidden])
    assert await project_of(provider(tmp_path), upstream, one(project_id="mine")) == "mine"


@pytest.mark.parametrize(("tier", "project", "named"), [("free-tier", "mine", None), ("standard-tier", "mine", "mine")])
async def test_a_new_account_is_onboarded_and_waited_for(
    tmp_path: Path, tier: str, project: str, named: str | None
) -> None:
    pending = {"name": "operations/op1", "done": False}
    done = {"name": "operations/op1", "done": True, "response": {"cloudaicompanionProject": {"id": "given"}}}
    upstream = CodeAssist(
        loadCodeAssist=[{"allowedTiers": [{"id": "x"}, {"id": tier, "isDefault": True}]}],
        onboardUser=[pending],
        op1=[pending, done],
    )
    assert await project_of(provider(tmp_path), upstream, one(project_id=project)) == "given"
    body = {"tierId": tier, "metadata": METADATA}
    if named:
        body |= {"cloudaicompanionProject": named, "metadata": {**METADATA, "duetProject": named}}
    poll = ("GET /operations/op1", None)
    assert upstream.calls[1:] == [("POST :onboardUser", body), poll, poll]


@pytest.mark.parametrize(
    ("loaded", "who", "code", "action", "reason"),
    [
        (RETIRED, {}, "UNSUPPORTED_CLIENT", "retired", "tier_retired"),
        ({**RETIRED, "currentTier": {"id": "free-tier"}}, {}, "UNSUPPORTED_CLIENT", "retired", "tier_retired"),
        ({"currentTier": {"id": "standard-tier"}}, {}, "PROJECT_REQUIRED", "needs_action", "bad_project"),
        (STANDARD, {"project_id": "123456"}, "CONSUMER_INVALID", "needs_action", "bad_project"),
        (
            {"ineligibleTiers": [{"reasonCode": "VALIDATION_REQUIRED", "validationUrl": "https://v"}]},
            {},
            "VALIDATION_REQUIRED",
            "needs_action",
            "needs_validation",
        ),
        (
            {"currentTier": {}, "ineligibleTiers": [{"reasonCode": "RESTRICTED_AGE", "reasonMessage": "young"}]},
            {},
            "RESTRICTED_AGE",
            "needs_action",
            "ineligible",
        ),
    ],
)
async def test_why_an_account_cannot_be_used(
    tmp_path: Path, loaded: dict[str, Any], who: dict[str, Any], code: str, action: str, reason: str
) -> None:
    made = provider(tmp_path)
    failure = await refusal(made, CodeAssist(loadCodeAssist=[loaded]), one(**who))
    verdict = made.judge(failure)
    assert (failure.code, verdict.action, verdict.reason) == (code, action, reason)


async def test_the_validation_link_is_shown(tmp_path: Path) -> None:
    loaded = {"ineligibleTiers": [{"reasonCode": "VALIDATION_REQUIRED", "validationUrl": "https://v/x?1"}]}
    failure = await refusal(provider(tmp_path), CodeAssist(loadCodeAssist=[loaded]), one())
    assert "https://v/x?1" in failure.message


async def test_a_refused_token_asks_for_a_refresh(tmp_path: Path) -> None:
    made = provider(tmp_path)
    failure = await refusal(made, CodeAssist(loadCodeAssist=[(401, {"error": {"code": 401}})]), one())
    assert made.judge(failure).action == "refresh"


async def test_a_set_up_that_is_refused_blames_no_client(tmp_path: Path) -> None:
    made = provider(tmp_path)
    upstream = CodeAssist(loadCodeAssist=[{}], onboardUser=[(400, {"error": {"code": 400, "message": "Precondition"}})])
    failure = await refusal(made, upstream, one())
    assert "Precondition" in failure.message
    assert made.judge(failure).reason == "bad_project"


@pytest.mark.parametrize("answer", ["<html>", [1], {"done": False}])
async def test_nonsense_is_the_upstream_s_fault(tmp_path: Path, answer: object) -> None:
    upstream = CodeAssist(loadCodeAssist=[{}], onboardUser=[answer])
    with pytest.raises(BadUpstream):
        await provider(tmp_path).prepare(one(), TOKEN, upstream)  # type: ignore[arg-type]


async def test_a_failed_onboarding_says_why(tmp_path: Path) -> None:
    upstream = CodeAssist(loadCodeAssist=[{}], onboardUser=[{"done": True, "error": {"message": "no quota left"}}])
    assert "no quota left" in (await refusal(provider(tmp_path), upstream, one())).message
    empty = CodeAssist(loadCodeAssist=[{}], onboardUser=[{"done": True, "response": {}}])
    assert (await refusal(provider(tmp_path / "2"), empty, one())).code == "PROJECT_REQUIRED"


# --- calls ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "path", "accept"),
    [(False, ":generateContent", "application/json"), (True, ":streamGenerateContent?alt=sse", "*/*")],
)
def test_the_call(tmp_path: Path, stream: bool, path: str, accept: str) -> None:
    target = provider(tmp_path, user_agent="me/1").target(one(), TOKEN, "generate", stream=stream)
    assert str(target.url) == f"{HOST}/v1internal{path}"
    assert target.headers == {
        "Authorization": "Bearer ya29.planted",
        "Content-Type": "application/json",
        "Accept": accept,
        "Accept-Encoding": "identity",
        "User-Agent": "me/1",
    }


def test_a_key_is_no_token(tmp_path: Path) -> None:
    with pytest.raises(NeedsLogin):
        provider(tmp_path).target(one(), ApiKey(Secret("k")), "generate", stream=False)


def test_where_tokens_are_renewed(tmp_path: Path) -> None:
    made = provider(tmp_path, token_url="http://t/", oauth_client_id="id", oauth_client_secret=Secret("s"))
    urls = made.auth_urls(one())
    assert (urls.token_url, urls.client_id, urls.client_secret.reveal()) == ("http://t", "id", "s")
    assert made.auth_urls(one(urls={"token_url": "http://own"})).token_url == "http://own"
    assert provider(tmp_path).auth_urls(one()).token_url == "https://oauth2.googleapis.com"


async def test_models_come_from_the_quota(tmp_path: Path) -> None:
    buckets = [
        {"modelId": "gemini-2.5-pro", "resetTime": "2026-11-23T00:00:00Z"},
        {"modelId": "gemini-2.5-pro", "tokenType": "TOKENS"},
        {"modelId": "gemini-3-flash"},
        {"modelId": "not-entitled", "resetTime": "1970-01-01T00:00:00Z"},
        {},
    ]
    upstream = CodeAssist(loadCodeAssist=[STANDARD], retrieveUserQuota=[{"buckets": buckets}])
    found = await provider(tmp_path).models(one(), TOKEN, upstream)  # type: ignore[arg-type]
    assert [(m.id, m.aliases) for m in found] == [("gemini-2.5-pro", ()), ("gemini-3-flash", ("gemini-3.5-flash",))]
    assert upstream.calls[-1] == ("POST :retrieveUserQuota", {"project": "acme-1"})


def test_names(tmp_path: Path) -> None:
    made = provider(tmp_path, models=["extra"])
    assert made.resolve("models/gemini-3.5-flash") == "gemini-3-flash"
    assert {"gemini-2.5-pro", "extra"} <= {info.id for info in made.catalogue()}
    assert made.closed_to("brand-new", one())
    assert "cachedContent" in made.profile("gemini-2.5-pro", one()).deny


# --- errors --------------------------------------------------------------------------------------


def info(reason: str, **metadata: str) -> dict[str, Any]:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": "cloudcode-pa.googleapis.com", "metadata": metadata}


def read(status: int, message: str = "no", *details: dict[str, Any]) -> Failure:
    error = {"error": {"code": status, "message": message, "status": "X", "details": list(details)}}
    return UPSTREAMS["codeassist"].parse_error(status, {}, json.dumps(error).encode())


@pytest.mark.parametrize(
    ("failure", "scope", "action", "reason"),
    [
        (read(403, "Verify.", info("VALIDATION_REQUIRED")), "account", "needs_action", "needs_validation"),
        (read(403, "Disabled.", info("TOS_VIOLATION")), "account", "suspended", "suspended"),
        (read(403, "x", info("SUBSCRIPTION_REQUIRED")), "account", "needs_action", "no_license"),
        (read(403, "error #3501: no"), "account", "needs_action", "no_license"),
        (read(403, "you are not a named user"), "account", "needs_action", "no_license"),
        (read(403, "x", info("IAM_PERMISSION_DENIED")), "account", "needs_action", "no_license"),
        (read(403, "Permission denied on resource project default."), "account", "needs_action", "bad_project"),
        (read(403, "x", info("SERVICE_DISABLED")), "account", "needs_action", "bad_project"),
        (read(403, "for other reasons"), "account", "cool_down", "forbidden"),
        (read(401), "account", "refresh", "token_refused"),
        (read(404), "account_model", "next", "model_not_found"),
        (read(429, "x", info("RATE_LIMIT_EXCEEDED")), "account_model", "cool_down", "rate_limited"),
        (
            read(429, "x", info("QUOTA_EXHAUSTED", quotaResetDelay="33740.9s")),
            "account_model",
            "cool_down",
            "quota_spent",
        ),
        (
            read(429, "x", info("RATE_LIMIT_EXCEEDED", quotaResetDelay="400s")),
            "account_model",
            "cool_down",
            "quota_spent",
        ),
        (read(429, "x", info("MODEL_CAPACITY_EXHAUSTED")), "account_model", "cool_down", "capacity"),
        (read(429, "x", info("INSUFFICIENT_G1_CREDITS_BALANCE")), "account", "needs_action", "billing"),
        (read(429, "Resource has been exhausted (e.g. check quota)."), "account_model", "cool_down", "rate_limited"),
        (read(400, "bad field"), "request", "fail", "bad_request"),
        (read(400, "The input token count (5) exceeds the maximum"), "request", "fail", "bad_request"),
        (read(502), "account", "cool_down", "server_error"),
    ],
)
def test_what_each_refusal_means(tmp_path: Path, failure: Failure, scope: str, action: str, reason: str) -> None:
    verdict = provider(tmp_path).judge(failure)
    assert (verdict.scope, verdict.action, verdict.reason) == (scope, action, reason)


@pytest.mark.parametrize("key", ["validation_url", "validation_link", "appeal_url"])
def test_the_link_the_user_must_open_is_told(key: str) -> None:
    failure = read(403, "Do something.", info("VALIDATION_REQUIRED", **{key: "https://accounts.example/x?y=1"}))
    assert failure.message == "Do something. See https://accounts.example/x?y=1"


def test_a_refusal_without_a_link_stays_as_it_is() -> None:
    assert read(403, "No.").message == "No."
