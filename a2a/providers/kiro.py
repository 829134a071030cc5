"""`claude-kiro-oauth`: Kiro (CodeWhisperer) accounts; specs/kiro.md sections 1, 5, 6.1, 8.1, 9 and 10.

Host and profile ARN switch together (section 5): an account with an ARN talks to the runtime service in the ARN's
region; a Builder ID account without one talks to the legacy host and sends none.
"""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID, uuid5

import msgspec
from msgspec import structs
from yarl import URL

from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, Credential, KiroToken
from a2a.config import Settings
from a2a.errors import NeedsLogin
from a2a.protocols.base import Profile
from a2a.protocols.kiro import models as table
from a2a.protocols.kiro.catalogue import parse_catalogue
from a2a.providers.base import ModelInfo, Operation, Provider, Timeouts
from a2a.providers.faults import Row, Verdict
from a2a.providers.http import Egress, Target
from a2a.providers.kiro_profiles import find as find_profile

RUNTIME_URL = "https://runtime.{region}.kiro.dev"
MANAGEMENT_URL = "https://management.{region}.kiro.dev"
PROFILE_REGIONS = ("us-east-1", "eu-central-1")
LEGACY_URL = "https://q.{region}.amazonaws.com"
AUTH_URL = "https://prod.us-east-1.auth.desktop.kiro.dev"
OIDC_URL = "https://oidc.{region}.amazonaws.com"
PORTAL_URL = "https://app.kiro.dev"
START_URL = "https://view.awsapps.com/start"
"""Of AWS Builder ID (section 4.1)."""
IDP_ALLOW = ("*.microsoftonline.com", "*.microsoftonline.us", "*.microsoftonline.cn", "*.okta.com")
"""Hosts an external IdP's token endpoint may have (section 3.3)."""

_TOKEN_TYPE = {"external_idp": "EXTERNAL_IDP", "api_key": "API_KEY"}
_TARGET = {"krs": "KiroRuntimeService", "legacy": "AmazonCodeWhispererStreamingService"}
_CONVERSATIONS = UUID("6c0b6c0e-6f3e-5b8e-9d55-1f0a2a2a2a2a")
"""Namespace of conversation ids: ours, fixed, so that a conversation keeps its id over accounts and restarts."""

_LOGIN = "log in again: a2a login kiro"


_QUOTA = Verdict(
    scope="account",
    action="cool_down",
    reason="quota_spent",
    cool_s=3600.0,
    max_s=3600.0,
    remedy="the credits of this account are spent: wait for the monthly reset or add another account: a2a login kiro",
)
_CAPACITY = Verdict(
    scope="request", action="fail", reason="capacity", remedy="the model is overloaded for everybody: try again shortly"
)
_TOKEN = Verdict(scope="account", action="refresh", reason="token_refused", remedy=_LOGIN)
_ARN = Verdict(
    scope="account",
    action="needs_action",
    reason="wrong_profile",
    remedy="the profile does not fit the account: a2a login kiro again, or set its region",
)

FAULTS: tuple[Row, ...] = (
    # 10.3: monthly before throttling, capacity before generic throttling
    Row(codes=("temporarily_suspended",), verdict=Verdict(scope="account", action="suspended", reason="suspended",
        remedy="the provider suspended this account: only its support can lift that (https://support.aws.amazon.com)")),
    Row(statuses=(403,), texts=("suspended",), verdict=Verdict(scope="account", action="suspended", reason="suspended",
        remedy="the provider suspended this account: only its support can lift that (https://support.aws.amazon.com)")),
    Row(statuses=(402,), verdict=_QUOTA),
    Row(codes=("monthly_request_count", "daily_request_count", "overage_request_limit_exceeded",
               "conversation_limit_exceeded"), verdict=_QUOTA),
    Row(codes=("insufficient_model_capacity", "model_temporarily_unavailable", "service_request_rate_exceeded"),
        verdict=_CAPACITY),
    Row(texts=("high load", "high traffic"), verdict=_CAPACITY),
    Row(codes=("feature_not_supported", "invalid_model_id"), verdict=Verdict(
        scope="account_model", action="next", reason="model_denied", cool_s=3600.0,
        remedy="this plan or region lacks the model: a2a models -p kiro")),
    Row(statuses=(400,), texts=("profilearn",), verdict=_ARN),
    Row(codes=("thinking_signature_invalid", "tool_schema_invalid"),
        verdict=Verdict(scope="request", action="repair", reason="repairable")),
    Row(statuses=(401,), verdict=_TOKEN),
    Row(statuses=(403,), texts=("token",), verdict=_TOKEN),
    Row(kinds=("rate_limited",), verdict=Verdict(scope="account", action="cool_down", reason="rate_limited",
        cool_s=30.0, doubling=True, max_s=600.0, remedy="wait for the rest to end, or add another account")),
)  # fmt: skip


class KiroProvider(Provider):
    id = "claude-kiro-oauth"
    short = "kiro"
    proto = "kiro"
    default_base_url = RUNTIME_URL
    default_model = "auto"
    stream_only = True
    faults = FAULTS
    timeouts = Timeouts(10.0, 90.0, 300.0, 0.0)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._arns: dict[str, str | None] = {}  # account id -> profile found for a login that named none

    async def prepare(self, account: Account, credential: Credential, egress: Egress) -> None:
        """Find the profile of an account whose login did not say it (section 5): the runtime service wants it."""
        if not isinstance(credential, KiroToken) or credential.profile_arn or account.id in self._arns:
            return
        if self.generation(credential) == "legacy" or credential.idp == "BuilderId":
            return
        template = account.urls.get("management_url") or self.settings.management_url or MANAGEMENT_URL
        regions = dict.fromkeys((self.home_region(account, credential), *PROFILE_REGIONS))
        roots = list(dict.fromkeys(template.replace("{region}", region).rstrip("/") for region in regions))
        headers = self._headers(credential)
        self._arns[account.id] = await find_profile(roots, headers, egress, self.proxy(account, roots[0]))

    def forget(self, account: Account) -> None:
        self._arns.pop(account.id, None)

    def _known(self, account: Account, credential: Credential) -> KiroToken:
        """The token with the profile that was found for it. Raises NeedsLogin when it is no Kiro token."""
        if not isinstance(credential, KiroToken):
            raise NeedsLogin(f"{account.name} has no Kiro token", hint="a2a login kiro")
        arn = self._arns.get(account.id)
        return structs.replace(credential, profile_arn=arn) if arn and not credential.profile_arn else credential

    def resolve(self, model: str) -> str:
        return table.resolve(model)[0]

    def catalogue(self) -> tuple[ModelInfo, ...]:
        return tuple(_info(model) for model in table.MODELS) + super().catalogue()

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        if info is not None and info.detail:
            return table.profile(msgspec.json.decode(info.detail, type=table.Model))
        return table.profile(table.find(model) or table.Model(id=model))

    def generation(self, token: KiroToken) -> str:
        """`krs` or `legacy` (section 5, routing rule)."""
        choice = self.settings.endpoint or "auto"
        if choice != "auto":
            return choice
        return "legacy" if token.idp == "BuilderId" and not token.profile_arn else "krs"

    def home_region(self, account: Account, token: KiroToken) -> str:
        """Region of chat and management: field 4 of the ARN, else mapped from the login's region."""
        if account.region or self.settings.region:
            return account.region or self.settings.region or ""
        if token.profile_arn and token.profile_arn.count(":") >= 5:
            return token.profile_arn.split(":")[3]
        return "eu-central-1" if token.auth_region.startswith("eu-") else "us-east-1"

    def target(
        self, account: Account, credential: Credential, operation: Operation, *, stream: bool, model: str = ""
    ) -> Target:
        token = self._known(account, credential)
        generation = self.generation(token)
        headers = self._headers(token)
        if operation == "models":
            return Target(URL(self._models_url(account, token, generation), encoded=True), headers)
        headers["Accept"] = "application/vnd.amazon.eventstream"
        root = self._root(account, token, generation)
        if (self.settings.wire or "rest") == "aws-json":
            headers |= {
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"{_TARGET[generation]}.GenerateAssistantResponse",
            }
            return Target(URL(root + "/"), headers)
        headers |= {"Content-Type": "application/json", "x-amzn-kiro-agent-mode": "vibe"}
        return Target(URL(root + "/generateAssistantResponse"), headers)

    def _headers(self, token: KiroToken) -> dict[str, str]:
        """What every call of an account carries (6.1)."""
        headers = {
            "Authorization": f"Bearer {token.access_token.reveal()}",
            "Accept-Encoding": "identity",
            "User-Agent": self.user_agent(),
            "x-amzn-codewhisperer-optout": "true",
        }
        if kind := _TOKEN_TYPE.get(token.kind):
            headers["tokentype"] = kind
        if token.idp == "Internal":
            headers["redirect-for-internal"] = "true"
        return headers

    def auth_urls(self, account: Account) -> AuthUrls:
        auth_url = self._template("auth_url", account, AUTH_URL)
        return AuthUrls(
            auth_url=auth_url,
            oidc_url=self._template("oidc_url", account, OIDC_URL),
            portal_url=self._template("portal_url", account, PORTAL_URL),
            start_url=self._template("start_url", account, START_URL),
            idp_allow=tuple(self.settings.idp_allow or IDP_ALLOW),
            user_agent=self.user_agent(),
            proxy=self.proxy(account, auth_url),
        )

    def _template(self, key: str, account: Account, default: str) -> str:
        """A URL setting in which `{region}` still stands: whoever uses it knows which region is meant."""
        return str(account.urls.get(key) or getattr(self.settings, key, None) or default).rstrip("/")

    def _root(self, account: Account, token: KiroToken, generation: str) -> str:
        key, default = ("base_url", RUNTIME_URL) if generation == "krs" else ("legacy_url", LEGACY_URL)
        return self._at(key, account, token, default)

    def _at(self, key: str, account: Account, token: KiroToken, default: str) -> str:
        return self._template(key, account, default).replace("{region}", self.home_region(account, token))

    def _models_url(self, account: Account, token: KiroToken, generation: str) -> str:
        root = (
            self._at("management_url", account, token, MANAGEMENT_URL)
            if generation == "krs"
            else self._at("legacy_url", account, token, LEGACY_URL)
        )
        arn = f"&profileArn={quote(token.profile_arn, safe='')}" if token.profile_arn else ""
        return f"{root}/ListAvailableModels?origin={self.settings.origin or 'AI_EDITOR'}{arn}"

    def private(self, account: Account, credential: Credential, session: str | None) -> dict[str, str]:
        if not isinstance(credential, KiroToken):
            return {}
        token = self._known(account, credential)
        values = {
            "origin": self.settings.origin or "AI_EDITOR",
            "endpoint": self.generation(token),
            "wire": self.settings.wire or "rest",
            "profile_arn": token.profile_arn or "",
            "conversation_id": str(uuid5(_CONVERSATIONS, session)) if session else "",
        }
        return {key: value for key, value in values.items() if value}

    def parse_models(self, body: bytes) -> tuple[ModelInfo, ...]:
        return tuple(_info(model) for model in parse_catalogue(body).models)


def _info(model: table.Model) -> ModelInfo:
    return ModelInfo(
        id=model.id,
        name=model.name or None,
        aliases=model.aliases,
        context=model.context,
        max_output=model.output,
        owner="kiro",
        detail=msgspec.json.encode(model).decode(),
    )
