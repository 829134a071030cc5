"""`openai-qwen-oauth`: Qwen by OAuth or by a DashScope key, in the Chat dialect of both (specs/qwen.md).

The OAuth tier is closed since 2026-04-15: logins succeed, calls are refused. The key plans work; plan and region of the
account say which host and which models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct, structs
from yarl import URL

from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, ApiKey, Credential, QwenToken
from a2a.control.types import Standing
from a2a.errors import NeedsLogin
from a2a.messages import Failure, Request
from a2a.protocols.base import Conversion, Profile
from a2a.protocols.registry import UPSTREAMS
from a2a.protocols.wire import dumps
from a2a.providers.base import ModelInfo, Operation, bad_answer, hear, standing_of
from a2a.providers.faults import Row, Verdict, needs_action, until_midnight_s
from a2a.providers.http import Egress, Target
from a2a.providers.openai_shape import OpenAIShaped
from a2a.providers.plans import PORTAL, plan_url, portal_url
from a2a.providers.timeouts import Timeouts

AUTH_URL = "https://chat.qwen.ai"
JUST_ISSUED_S = 600.0
"""A token that is refused so soon after it was given out is not too old: the tier is closed (section 9)."""
_PROBE_BYTES = 1024 * 1024
SHANGHAI_H = 8

_MILLION = 1_000_000
_STANDARD = frozenset({"standard", "token"})
_EVERYWHERE = frozenset({"standard", "coding", "token"})
_CODING = frozenset({"coding"})
_OAUTH = frozenset({"oauth"})


class _Model(Struct, frozen=True):
    """`plans`: who is known to have it; `oauth` is the portal."""

    id: str
    plans: frozenset[str]
    context: int
    output: int


_MODELS = (
    _Model("coder-model", _OAUTH, _MILLION, 65_536),
    _Model("qwen3-coder-plus", _EVERYWHERE, _MILLION, 65_536),
    _Model("qwen3-coder-flash", _STANDARD, _MILLION, 65_536),
    _Model("qwen3.5-plus", _EVERYWHERE, _MILLION, 65_536),
    _Model("qwen3.6-plus", _EVERYWHERE, _MILLION, 65_536),
    _Model("qwen3.7-plus", _EVERYWHERE, _MILLION, 65_536),
    _Model("qwen3.7-max", _STANDARD, _MILLION, 65_536),
    _Model("qwen3.8-max", _STANDARD, _MILLION, 65_536),
    _Model("qwen3.8-flash", _STANDARD, _MILLION, 65_536),
    _Model("qwen3.6-flash", _STANDARD, _MILLION, 65_536),
    _Model("qwen3-max-2026-01-23", _CODING, 262_144, 32_768),
    _Model("qwen3-coder-next", _CODING, 262_144, 32_768),
    _Model("glm-5", _CODING, 202_752, 32_768),
    _Model("glm-4.7", _CODING, 202_752, 32_768),
    _Model("kimi-k2.5", _CODING, 262_144, 32_768),
    _Model("MiniMax-M2.5", _CODING, 196_608, 32_768),
)
"""specs/qwen.md 8; the context of the last four is one of its range."""

_BY_ID = {model.id: model for model in _MODELS}

_THINKING = (
    (re.compile(r"qwen3-coder"), "none"),
    (re.compile(r"qwen3\.8-"), "effort"),
    (re.compile(r"qwen|coder-model|vision-model"), "hybrid"),
)
"""Section 7, the first match counts; other vendors' models get their keys as they are."""
_SEES = re.compile(r"coder-model|vision-model|qwen-vl|qwen3-vl|qwen3\.[567]-plus|kimi")


DISCONTINUED = Verdict(
    scope="account",
    action="retired",
    reason="discontinued",
    remedy="Qwen closed the OAuth tier on 2026-04-15. A key plan works: a2a login qwen --api-key-stdin --plan standard",
)
_QUOTA = Verdict(
    scope="account",
    action="cool_down",
    reason="quota_spent",
    cool_s=3600.0,
    max_s=3600.0,
    remedy="the allowance is spent: wait for its reset, or add another account: a2a login qwen",
)
_RATE = Verdict(
    scope="account",
    action="cool_down",
    reason="rate_limited",
    cool_s=1.0,
    doubling=True,
    max_s=30.0,
    remedy="wait for the rest to end, or add another account: a2a login qwen",
)
_DENIED = Verdict(
    scope="account_model",
    action="next",
    reason="model_denied",
    cool_s=3600.0,
    remedy="this plan does not have the model: a2a models -p qwen",
)

FAULTS: tuple[Row, ...] = (
    Row(texts=("coding plan is currently only available",), verdict=needs_action(
        "plan_refused", "the Coding Plan serves coding agents only: use a Standard or Token Plan key (--plan)")),
    Row(codes=("arrearage",), verdict=needs_action("billing", "the DashScope account is overdue: pay in its console")),
    Row(codes=("allocationquota.freetieronly",), verdict=structs.replace(
        _DENIED, reason="billing", cool_s=86_400.0, remedy="the free grant of this model is used up: turn on billing")),
    Row(texts=("concurrency allocated quota exceeded",), verdict=structs.replace(_RATE, cool_s=5.0)),
    Row(texts=("free allocated quota exceeded",), verdict=structs.replace(_QUOTA, reason="daily_quota")),
    Row(codes=("insufficient_quota", "quota_exceeded"), verdict=structs.replace(_QUOTA, reason="daily_quota")),
    Row(codes=("throttling.allocationquota",), verdict=_QUOTA),
    Row(kinds=("quota",), verdict=_QUOTA),
    Row(texts=("incorrect api key",), verdict=needs_action(
        "wrong_plan", "this key belongs to another plan or region: a2a login qwen --plan P --region R")),
    Row(statuses=(401,), verdict=Verdict(
        scope="account", action="refresh", reason="token_refused", remedy="log in again: a2a login qwen")),
    Row(codes=("invalid_api_key",), verdict=Verdict(
        scope="account", action="refresh", reason="token_refused", remedy="log in again: a2a login qwen")),
    Row(codes=("model_access_denied",), verdict=_DENIED),
    Row(statuses=(403,), texts=("access denied",), verdict=_DENIED),
    Row(statuses=(405,), verdict=needs_action(
        "plan_refused", "this plan's host takes no such calls: try another --plan")),
    Row(statuses=(400,), texts=("enable_thinking", "reasoning_effort", "thinking_budget"),
        verdict=Verdict(scope="request", action="repair", reason="thinking")),
    Row(kinds=("rate_limited",), verdict=_RATE),
)  # fmt: skip


class QwenProvider(OpenAIShaped):
    id = "openai-qwen-oauth"
    short = "qwen"
    proto = "chat"
    codec = "dashscope"
    default_base_url = PORTAL
    open_list = False
    stream_only = True
    faults = FAULTS
    refused_again = DISCONTINUED
    timeouts = Timeouts(10.0, 600.0, 120.0, 0.0)
    paths: ClassVar[Mapping[Operation, str]] = {"generate": "/chat/completions", "models": "/models"}

    def base_url(self, account: Account) -> str:
        """Of a key: its plan's and region's host, unless one is set. Of a token see `root`."""
        if account.kind != "api_key" or account.urls.get("base_url") or self.settings.base_url:
            return super().base_url(account)
        return plan_url(account.plan or "standard", account.region or self.settings.region)

    def root(self, account: Account, credential: Credential) -> str:
        """A token's own host (specs/qwen.md 4), unless one is set."""
        if not isinstance(credential, QwenToken) or account.urls.get("base_url") or self.settings.base_url:
            return self.base_url(account)
        return portal_url(credential.resource_url)

    def catalogue(self) -> tuple[ModelInfo, ...]:
        return tuple(_info(model) for model in _MODELS) + super().catalogue()

    def closed_to(self, model: str, account: Account) -> bool:
        return account.kind != "api_key"

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        known = _BY_ID.get(model)
        style = next((style for pattern, style in _THINKING if pattern.match(model)), "")
        wire = {"thinking": style} if style else {}
        if account.kind != "api_key":
            wire["portal"] = "1"
        if self.settings.dummy_tool == "when_no_tools":
            wire["dummy_tool"] = "1"
        fields: dict[str, Any] = {}
        if style == "effort":
            fields = {"efforts": ("low", "medium", "xhigh")}
            fields["can_disable_reasoning"] = not (account.plan == "token" and model.startswith("qwen3.8-max"))
        return Profile(
            family="qwen",
            max_output=known.output if known else None,
            context=known.context if known else None,
            max_field="max_tokens",
            reasoning_field="reasoning_content",
            system_mid=False,
            vision=style == "" or bool(_SEES.match(model)),
            documents=False,
            wire=wire,
            **fields,
        )

    def target(
        self, account: Account, credential: Credential, operation: Operation, *, stream: bool, model: str = ""
    ) -> Target:
        if isinstance(credential, ApiKey):
            known = super().target(account, credential, operation, stream=stream)
            return known.with_headers({"X-DashScope-CacheControl": "enable"})
        if not isinstance(credential, QwenToken):
            raise NeedsLogin(f"{account.name} has no Qwen token", hint=f"a2a login {self.short}")
        headers = {
            "Authorization": f"Bearer {credential.access_token.reveal()}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": self.user_agent(),
            "X-DashScope-CacheControl": "enable",
        }
        if self.settings.auth_type_header is not False:
            headers["X-DashScope-AuthType"] = "qwen-oauth"
        return Target(URL(self.root(account, credential) + self.paths[operation]), headers)

    def auth_urls(self, account: Account) -> AuthUrls:
        auth_url = self.url("auth_url", account, AUTH_URL)
        return AuthUrls(auth_url=auth_url, user_agent=self.user_agent(), proxy=self.proxy(account, auth_url))

    def judge(self, failure: Failure, account: Account | None = None) -> Verdict:
        verdict = super().judge(failure, account)
        keyed = account is not None and account.kind == "api_key"
        if verdict.reason == "daily_quota":
            rest_s = until_midnight_s(self.now(), SHANGHAI_H) if not keyed else verdict.cool_s
            verdict = structs.replace(verdict, reason="quota_spent", cool_s=rest_s, max_s=rest_s)
        if verdict.reason == "quota_spent" and account is not None and account.plan == "token":
            return needs_action("quota_spent", "the Token Plan's allowance is used up and has no reset: buy more")
        return verdict

    async def models(self, account: Account, credential: Credential, egress: Egress) -> tuple[ModelInfo, ...]:
        """The portal and the plans list nothing usable: the table says who has what (section 8)."""
        plan = (account.plan or "standard") if account.kind == "api_key" else "oauth"
        return tuple(_info(model) for model in _MODELS if plan in model.plans)

    async def _probe(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        """A token: one token from its model, for its login proves nothing (section 0). A key: its plan's list of
        models, or one token where the plan lists none.
        """
        if isinstance(credential, ApiKey):
            plan = account.plan or "standard"
            listed = await self._listed(account, credential, egress)
            first = next(model.id for model in _MODELS if plan in model.plans)
            found = listed or await self._one_token(account, credential, egress, first)
            ready = found.state == "ready"
            return structs.replace(
                found, plan=plan, message=f"{plan} plan, {found.message}" if ready else found.message
            )
        found = await self._one_token(account, credential, egress, "coder-model")
        return structs.replace(found, label=credential.email if isinstance(credential, QwenToken) else None)

    async def _one_token(self, account: Account, credential: Credential, egress: Egress, model: str) -> Standing:
        """The smallest chat there is. An error inside the stream of a 200 counts (section 9). Raises UpstreamError."""
        target = self.target(account, credential, "generate", stream=True)
        proxy = self.proxy(account, target.location)
        said = await hear(egress, target, _one_token_body(model), proxy=proxy, limit_bytes=_PROBE_BYTES)
        if said.status >= 400:
            return self._refused(self.failure(said), account, credential)
        failure = _failure_in(said.body, model, self.now())
        if failure is None:
            return Standing(state="ready", message=f"{model} answers")
        if said.status != 200 or self.judge(failure, account).reason == "server_error":
            return bad_answer(f"{target.url.host} answered {said.status} without an answer of {model}", self.now())
        return self._refused(failure, account, credential)

    def _refused(self, failure: Failure, account: Account, credential: Credential) -> Standing:
        verdict = self.judge(failure, account)
        fresh = isinstance(credential, QwenToken) and self.now() - credential.issued_at < JUST_ISSUED_S
        if fresh and verdict.action == "refresh":
            verdict = DISCONTINUED
        if isinstance(credential, QwenToken) and verdict.action == "next":  # of its one model
            verdict = needs_action(verdict.reason, f"this account has no model. {DISCONTINUED.remedy}")
        return standing_of(verdict, failure, self.now())


def _one_token_body(model: str) -> bytes:
    text = [{"type": "text", "text": "hi"}]
    return dumps(
        {
            "model": model,
            "messages": [{"role": "user", "content": text}],
            "max_tokens": 1,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )


def _failure_in(stream: bytes, model: str, now: float) -> Failure | None:
    """Why a whole stream is no answer; None when it is one."""
    asked = Request(proto="chat", model=model, messages=[], stream=True)
    conv = Conversion(request=asked, profile=Profile(), model=model, now=now, stream=True)
    parser = UPSTREAMS["dashscope"].stream_parser(conv)
    events = parser.feed(stream) + parser.eof()
    return next((event for event in events if isinstance(event, Failure)), None)


def _info(model: _Model) -> ModelInfo:
    return ModelInfo(id=model.id, context=model.context, max_output=model.output, owner="qwen")
