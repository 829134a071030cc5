"""`claude-kiro-oauth`: Kiro (CodeWhisperer) accounts; specs/kiro.md sections 1, 5, 6.1, 8, 9 and 10.

Host and profile ARN switch together (section 5): an account with an ARN talks to the runtime service in the ARN's
region; a Builder ID account without one talks to the legacy host and sends none, until that host serves it no more and
the runtime service has taken it with the profile that all Builder IDs share.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote
from uuid import UUID, uuid5

import msgspec
from msgspec import structs
from yarl import URL

from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, Credential, KiroToken
from a2a.config import Settings
from a2a.control.types import Standing
from a2a.errors import BadUpstream, NeedsLogin, ProxyFailed, Unreachable, UpstreamError
from a2a.messages import Failure
from a2a.protocols.base import Profile
from a2a.protocols.kiro import models as table
from a2a.protocols.kiro.catalogue import parse_catalogue
from a2a.providers import kiro_control, kiro_profiles, kiro_usage
from a2a.providers.base import PROBE_S, ModelInfo, Operation, Provider, Said
from a2a.providers.faults import Row, Verdict
from a2a.providers.http import Egress, Target
from a2a.providers.kiro_control import SHARED_ARN, Ask, Moves
from a2a.providers.timeouts import Timeouts

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

_HOSTS = {"base_url": RUNTIME_URL, "management_url": MANAGEMENT_URL, "legacy_url": LEGACY_URL}
_CONTROL_PLANE = {"krs": "management_url", "legacy": "legacy_url"}
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
    allowance_every_s = 300.0
    allowance_in_use = True
    faults = FAULTS
    timeouts = Timeouts(10.0, 90.0, 300.0, 0.0)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._arns: dict[str, str | None] = {}  # account id -> profile found for a login that named none
        self._moves = Moves(settings.folders.state / "kiro")

    async def prepare(self, account: Account, credential: Credential, egress: Egress) -> None:
        """Find the profile of an account whose login did not say it (section 5): the runtime service wants it."""
        if not isinstance(credential, KiroToken) or credential.profile_arn or account.id in self._arns:
            return
        if _is_builder(credential):
            self._arns[account.id] = await self._moves.load(account.id)
        elif self.generation(credential) != "legacy":
            roots = self._roots("management_url", account, credential)
            headers = self._headers(credential)
            self._arns[account.id] = await kiro_profiles.find(roots, headers, egress, self.proxy(account, roots[0]))

    def forget(self, account: Account) -> None:
        self._arns.pop(account.id, None)

    async def removed(self, account: Account) -> None:
        self.forget(account)
        await self._moves.drop(account.id)

    def place(self, account: Account) -> str:
        return self._arns.get(account.id) or ""

    async def profiles(self, account: Account, credential: Credential, egress: Egress) -> list[kiro_profiles.Profile]:
        """The profiles a login can choose from, in every region; a Builder ID has none. Raises UpstreamError."""
        token = self._known(account, credential)
        roots = self._roots("management_url", account, token)
        return await kiro_profiles.profiles(roots, self._headers(token), egress, self.proxy(account, roots[0]))

    def _known(self, account: Account, credential: Credential) -> KiroToken:
        """The token with the profile that was found for it. Raises NeedsLogin when it is no Kiro token."""
        if not isinstance(credential, KiroToken):
            raise NeedsLogin(f"{account.name} has no Kiro token", hint="a2a login kiro")
        if credential.profile_arn:
            return credential
        arn = self._arns.get(account.id)
        if _is_builder(credential) and self._endpoint != "auto":
            arn = SHARED_ARN if self._endpoint == "krs" else None
        return structs.replace(credential, profile_arn=arn) if arn else credential

    def resolve(self, model: str) -> str:
        return table.resolve(model)[0]

    def catalogue(self) -> tuple[ModelInfo, ...]:
        return tuple(_info(model) for model in table.MODELS) + super().catalogue()

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        if info is not None and info.detail:
            return table.profile(msgspec.json.decode(info.detail, type=table.Model))
        return table.profile(table.find(model) or table.Model(id=model))

    @property
    def _endpoint(self) -> str:
        return self.settings.endpoint or "auto"

    def generation(self, token: KiroToken) -> str:
        """`krs` or `legacy` (section 5, routing rule)."""
        if self._endpoint != "auto":
            return self._endpoint
        return "legacy" if _is_builder(token) else "krs"

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
            write_back=bool(self.settings.write_back),
            user_agent=self.user_agent(),
            proxy=self.proxy(account, auth_url),
        )

    def _template(self, key: str, account: Account, default: str) -> str:
        """A URL setting in which `{region}` still stands: whoever uses it knows which region is meant."""
        return str(account.urls.get(key) or getattr(self.settings, key, None) or default).rstrip("/")

    def _root(self, account: Account, token: KiroToken, generation: str) -> str:
        """Of the data plane."""
        return self._roots("base_url" if generation == "krs" else "legacy_url", account, token)[0]

    def _roots(self, key: str, account: Account, token: KiroToken) -> list[str]:
        """The host in the account's own region, then in the others where profiles live; without doubles."""
        template = self._template(key, account, _HOSTS[key])
        regions = (self.home_region(account, token), *PROFILE_REGIONS)
        return list(dict.fromkeys(template.replace("{region}", region) for region in regions))

    def _models_url(self, account: Account, token: KiroToken, generation: str) -> str:
        root = self._roots(_CONTROL_PLANE[generation], account, token)[0]
        arn = f"&profileArn={quote(token.profile_arn, safe='')}" if token.profile_arn else ""
        return f"{root}/{self._query('ListAvailableModels')}{arn}"

    def _query(self, operation: str) -> str:
        return f"{operation}?origin={self.settings.origin or 'AI_EDITOR'}"

    # --- the control plane, and the move to the new hosts

    async def reroute(
        self, account: Account, credential: Credential, failure: Failure, location: str, egress: Egress
    ) -> bool:
        """A Builder ID whose old host is gone moves, once the runtime service has taken it (section 5)."""
        if not self._may_move(credential) or not kiro_control.gone(failure):
            return False
        token = self._known(account, credential)
        if not location.startswith(self._root(account, structs.replace(token, profile_arn=None), "legacy")):
            return False
        try:
            async with asyncio.timeout(PROBE_S):
                return await self._moved(account, credential, egress)
        except (UpstreamError, TimeoutError):
            return False

    def _may_move(self, credential: Credential) -> bool:
        return isinstance(credential, KiroToken) and _is_builder(credential) and self._endpoint == "auto"

    async def _moved(self, account: Account, credential: Credential, egress: Egress) -> bool:
        """Whether the runtime service takes the account; remembered then. Raises UpstreamError."""
        async with self._moves.lock(account.id):
            if self._arns.get(account.id):
                return True
            token = structs.replace(self._known(account, credential), profile_arn=SHARED_ARN)
            said = await self._ask(account, token, self._query("ListAvailableModels"), egress)
            if said.status != 200:
                return False
            self._arns[account.id] = SHARED_ARN
            await self._moves.put(account.id, SHARED_ARN)
            return True

    async def _ask(self, account: Account, token: KiroToken, query: str, egress: Egress) -> Said:
        """A GET of the control plane, where the token belongs. Raises UpstreamError."""
        roots = self._roots(_CONTROL_PLANE[self.generation(token)], account, token)
        if account.region or self.settings.region:
            roots = roots[:1]
        arn, proxy = token.profile_arn, self.proxy(account, roots[0])
        question = Ask(roots=roots, query=query, arn=arn, headers=self._headers(token), proxy=proxy)
        return await kiro_control.ask(egress, question)

    async def _asked(self, account: Account, credential: Credential, query: str, egress: Egress) -> Said:
        """The same; an account that can move and has to, moves. Raises UpstreamError."""
        token = self._known(account, credential)
        if not self._may_move(credential) or token.profile_arn:
            return await self._ask(account, token, query, egress)
        said: Said | None = None
        try:
            said = await self._ask(account, token, query, egress)
        except Unreachable as error:
            if isinstance(error, ProxyFailed) or not await self._moved(account, credential, egress):
                raise
        if said is not None and (said.status == 200 or not kiro_control.gone(self.failure(said))):
            return said
        if said is not None and not await self._moved(account, credential, egress):
            return said
        return await self._ask(account, self._known(account, credential), query, egress)

    async def models(self, account: Account, credential: Credential, egress: Egress) -> tuple[ModelInfo, ...]:
        said = await self._asked(account, credential, self._query("ListAvailableModels"), egress)
        if said.status != 200:
            raise BadUpstream(f"{account.name}: the model list answered {said.status}")
        return self.parse_models(said.body)

    async def _probe(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        """The usage limits (8.2): they prove the token, and name the user, the plan and what is left of it."""
        self.forget(account)
        if self._may_move(credential):
            self._arns[account.id] = None  # the old host first, whatever was remembered
        return await self._usage(account, credential, egress)

    async def allowance(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        """Only a refused token and a suspension tell something of the account itself (8.2)."""
        found = await self._usage(account, credential, egress)
        judges = found.state in ("suspended", "needs_login") or bool(found.quota)
        return found if judges else Standing(state="ready", message=found.message)

    async def _usage(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        await self.prepare(account, credential, egress)
        query = self._query("getUsageLimits") + "&resourceType=CREDIT&isEmailRequired=true"
        said = await self._asked(account, credential, query, egress)
        token = self._known(account, credential)
        if said.status == 200:
            if self._may_move(credential) and not token.profile_arn:
                await self._moves.drop(account.id)
            usage = kiro_usage.parse_usage(said.body, self.now())
            found = kiro_usage.standing(usage, self.now(), _QUOTA.remedy)
            return structs.replace(found, label=found.label or token.email)
        failure = self.failure(said)
        if self.generation(token) == "legacy" and kiro_control.gone(failure):
            return structs.replace(_homeless(failure), label=token.email)
        return self.standing(failure, account, label=token.email)

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


def _is_builder(token: KiroToken) -> bool:
    """A Builder ID without a profile of its own: the one kind of account that both generations of hosts may serve."""
    return token.idp == "BuilderId" and not token.profile_arn


def _homeless(failure: Failure) -> Standing:
    """A Builder ID that neither generation of hosts serves."""
    return Standing(
        state="needs_action",
        reason="wrong_profile",
        message=f"Kiro's old host serves this Builder ID no more, and the new one does not take it: {failure.message}",
        remedy="log in with Google, GitHub or IAM Identity Center: a2a login kiro --method google",
    )


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
