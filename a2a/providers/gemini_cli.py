"""`gemini-cli-oauth`: Gemini through Code Assist with a Google login (specs/gemini-cli.md).

Since 2026-06-18 only accounts with a Standard or Enterprise licence are served; whether one is, its set-up tells
(`codeassist`), not its login. What is remembered here is that set-up and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs
from yarl import URL

from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, Credential, GoogleToken
from a2a.config import Settings
from a2a.control.types import Quota, Standing
from a2a.errors import BadUpstream, NeedsLogin, UpstreamTimeout
from a2a.messages import Failure
from a2a.protocols.base import Profile
from a2a.providers import google, google_quota
from a2a.providers.base import PROBE_S, ModelInfo, Operation, Provider, SetUpRefused, hear
from a2a.providers.codeassist import INELIGIBLE, NO_PROJECT, ONBOARDING_LIMIT_S, POLL_S, SetUp, SetUps, refused, set_up
from a2a.providers.faults import Row, Verdict, needs_action
from a2a.providers.http import Egress, Target
from a2a.secret import Secret

AUTH_URL = "https://accounts.google.com"
TOKEN_URL = "https://oauth2.googleapis.com"  # noqa: S105
USERINFO_URL = "https://www.googleapis.com"
PASTE_URL = "https://codeassist.google.com/authcode"
ROOT = "/v1internal"

_RENAMED = {"gemini-3.5-flash": "gemini-3-flash"}
"""Names whose server side is called otherwise (section 7)."""

_MODELS = (
    "gemini-3.1-pro-preview",
    "gemini-3.1-pro-preview-customtools",
    "gemini-3-pro-preview",
    "gemini-3-flash-preview",
    "gemini-3-flash",
    "gemini-3.8-flash",
    "gemini-3.1-flash-lite",
    "gemini-3.5-flash-lite",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemma-4-31b-it",
    "gemma-4-26b-a4b-it",
)

_METHODS: dict[tuple[Operation, bool], str] = {
    ("generate", False): ":generateContent",
    ("generate", True): ":streamGenerateContent?alt=sse",
    ("models", False): ":retrieveUserQuota",
    ("count", False): ":countTokens",
}


_WAYS_OUT = (
    "Ways that work: a Code Assist Standard or Enterprise licence with its project (a2a login gemini --project-id ID), "
    "an API key (a2a login gemini-key), or Google's own tools"
)
_RETIRED = Verdict(
    scope="account",
    action="retired",
    reason="tier_retired",
    remedy=f"Google closed this door to private accounts on 2026-06-18. {_WAYS_OUT}",
)
_LICENCE = needs_action(
    "no_license",
    "this user or project has no Code Assist licence: have one assigned, or name its project "
    "(a2a login gemini --name {alias} --project-id ID). An API key needs none: a2a login gemini-key",
)
_PROJECT = needs_action(
    "bad_project",
    "name the id, not the number, of a project that this account may use: "
    "a2a login gemini --name {alias} --project-id ID",
)
_NOT_OFFERED = "Google does not offer Code Assist to this account"
_WHY = {
    "DASHER_USER": "this account belongs to an organisation, which decides who has Code Assist: ask its administrator",
    "NON_USER_ACCOUNT": "service accounts cannot use Code Assist: log in as a person",
    "RESTRICTED_AGE": "Google does not offer Code Assist to accounts of this age",
    "RESTRICTED_NETWORK": "Google does not offer Code Assist on this network: try another one",
    "UNKNOWN_LOCATION": "Google does not know from which country this account is used",
    "UNSUPPORTED_LOCATION": "Google does not offer Code Assist in this country",
}
"""Why an account is ineligible, for the user; for the other reasons nothing finer is known."""
_SUSPENDED = Verdict(
    scope="account",
    action="suspended",
    reason="suspended",
    remedy="Google suspended this account for this service: only its appeal form can lift that",
)

FAULTS: tuple[Row, ...] = (
    Row(codes=("unsupported_client",), verdict=_RETIRED),
    Row(codes=("validation_required",), verdict=needs_action(
        "needs_validation",
        "open the link in a browser where this account is logged in, then: a2a accounts test {name}")),
    Row(codes=("tos_violation",), verdict=_SUSPENDED),
    Row(codes=("subscription_required", "iam_permission_denied"), verdict=_LICENCE),
    Row(statuses=(403,), texts=("#3501", "named user"), verdict=_LICENCE),
    Row(codes=("consumer_invalid", "service_disabled", "project_required"), verdict=_PROJECT),
    Row(statuses=(403,), texts=("permission denied on resource project",), verdict=_PROJECT),
    Row(codes=("insufficient_g1_credits_balance",), verdict=needs_action(
        "billing", "the credits of this account are spent: buy some, then: a2a accounts test {name}")),
    *(Row(codes=(code.lower(),), verdict=needs_action("ineligible", f"{_WHY.get(code, _NOT_OFFERED)}. {_WAYS_OUT}"))
      for code in INELIGIBLE),
    Row(statuses=(401,), verdict=Verdict(
        scope="account", action="refresh", reason="token_refused", remedy="log in again: a2a login gemini")),
    Row(statuses=(403,), verdict=Verdict(
        scope="account", action="cool_down", reason="forbidden", cool_s=600.0, max_s=600.0,
        remedy="Google refuses this account without a known reason; it is asked again after the rest")),
    *google.FAULTS,
)  # fmt: skip


class GeminiCliProvider(Provider):
    id = "gemini-cli-oauth"
    short = "gemini"
    proto = "gemini"
    codec = "codeassist"
    offers = frozenset({"generate", "models", "count"})
    default_base_url = "https://cloudcode-pa.googleapis.com"
    open_list = False
    allowance_every_s = 30.0
    faults = FAULTS
    poll_s = POLL_S
    probe_s = ONBOARDING_LIMIT_S + 2 * PROBE_S
    """An account that was never there is onboarded first; each single call has PROBE_S."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._set_ups = SetUps(settings.folders.state / "codeassist", lambda: self.now())

    def resolve(self, model: str) -> str:
        bare = model.removeprefix("models/")
        return _RENAMED.get(bare, bare)

    def catalogue(self) -> tuple[ModelInfo, ...]:
        return tuple(_info(name) for name in _MODELS) + super().catalogue()

    def closed_to(self, model: str, account: Account) -> bool:
        return True

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        return google.profile(model, deny=("cachedContent", "store", "serviceTier"))

    def repaired(self, profile: Profile, flags: Mapping[str, str]) -> Profile:
        return google.repaired(profile, flags)

    def target(
        self, account: Account, credential: Credential, operation: Operation, *, stream: bool, model: str = ""
    ) -> Target:
        path = _METHODS[operation, stream and operation == "generate"]
        accept = "*/*" if stream else "application/json"
        return self._target(account, credential, ROOT + path, accept)

    def _target(self, account: Account, credential: Credential, path: str, accept: str = "application/json") -> Target:
        if not isinstance(credential, GoogleToken):
            raise NeedsLogin(f"{account.name} has no Google token", hint=f"a2a login {self.short}")
        headers = {
            "Authorization": f"Bearer {credential.access_token.reveal()}",
            "Content-Type": "application/json",
            "Accept": accept,
            "Accept-Encoding": "identity",
            "User-Agent": self.user_agent(),
        }
        return Target(URL(self.base_url(account) + path, encoded=True), headers)

    async def prepare(self, account: Account, credential: Credential, egress: Egress) -> None:
        if self._set_ups.get(account.id) is not None:
            return
        async with self._set_ups.lock(account.id):
            if await self._set_ups.load(account.id) is not None:
                return

            await self._set_up(account, credential, egress)

    async def _set_up(self, account: Account, credential: Credential, egress: Egress) -> SetUp:
        """Ask how the account stands and remember it; its lock is held. Raises SetUpRefused and UpstreamError."""

        async def ask(path: str, body: Any) -> bytes:
            where = f"{ROOT}/{path}" if body is None else f"{ROOT}:{path}"
            return await self._ask(account, credential, egress, where, body)

        try:
            found = await set_up(ask, account.project_id, poll_s=self.poll_s)
        except SetUpRefused as error:
            if self.judge(error.failure, account).scope == "request":  # our own call: no client is to blame
                raise refused(NO_PROJECT, f"Code Assist did not set it up: {error.failure.message}") from error
            raise
        found = structs.replace(found, at=self.now())
        await self._set_ups.put(account.id, found)
        return found

    async def _ask(self, account: Account, credential: Credential, egress: Egress, path: str, body: Any) -> bytes:
        """One JSON call. Raises SetUpRefused for an error answer, UpstreamError."""
        target = self._target(account, credential, path)
        content = None if body is None else msgspec.json.encode(body)
        if content is None:
            target = target.with_method("GET")
        try:
            async with asyncio.timeout(PROBE_S):
                said = await hear(egress, target, content, proxy=self.proxy(account, target.location))
        except TimeoutError:
            raise UpstreamTimeout(f"Code Assist did not answer within {PROBE_S:g} s") from None
        if said.status != 200:
            raise SetUpRefused(self.failure(said))
        return said.body

    async def _probe(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        """The set-up, asked afresh: it alone tells whether an account is served (section 0); then its quota."""
        try:
            async with self._set_ups.lock(account.id):
                found = await self._set_up(account, credential, egress)
        except SetUpRefused:
            self.forget(account)
            raise
        quota = await self._quota_left(account, credential, egress, found)
        tier = f"Gemini Code Assist ({found.tier_id})" if found.tier_id else "Gemini Code Assist"
        known = Standing(
            state="ready",
            message=f"{tier}, project {found.project}",
            label=credential.email if isinstance(credential, GoogleToken) else None,
            plan=found.tier_name or found.tier_id,
            quota=quota,
        )
        if not quota or any(one.remaining != 0 for one in quota):
            return known
        resets = [one.resets_at for one in quota if one.resets_at is not None and one.resets_at > self.now()]
        return structs.replace(
            known,
            state="cooling",
            message=f"{known.message}, today's allowance is spent",
            reason="quota_spent",
            remedy=self.worded(google.DAY.remedy, account),
            until=min(resets) if resets else self.now() + google.DAY.cool_s,
        )

    async def _quota_left(self, account: Account, credential: Credential, egress: Egress, found: SetUp) -> list[Quota]:
        """The buckets (section 8). They are advice: where they cannot be had nothing is wrong, but for a 401 or 403.

        Raises SetUpRefused and UpstreamError.
        """
        path = ROOT + _METHODS["models", False]
        try:
            body = await self._ask(account, credential, egress, path, {"project": found.project})
            buckets = google_quota.parse_buckets(body)
        except SetUpRefused as error:
            if error.failure.status in (401, 403):
                raise
            return []
        except BadUpstream:
            return []
        names = {real: alias for alias, real in _RENAMED.items()}
        return google_quota.quotas(buckets, names, self.now())

    async def allowance(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        """The buckets are advice; a 403 means that the account is not usable (section 8). Onboards nobody."""
        known = await self._set_ups.load(account.id)
        if known is None:
            return Standing(state="ready", message="not set up yet")
        try:
            quota = await self._quota_left(account, credential, egress, known)
        except SetUpRefused as error:
            return self.standing(error.failure, account)
        return Standing(state="ready", message="asked for its quota", quota=quota)

    def forget(self, account: Account) -> None:
        self._set_ups.drop(account.id)

    async def removed(self, account: Account) -> None:
        await self._set_ups.remove(account.id)

    def private(self, account: Account, credential: Credential, session: str | None) -> dict[str, str]:
        known = self._set_ups.get(account.id)
        values = {"project": known.project if known else account.project_id or "", "session": session or ""}
        return {key: value for key, value in values.items() if value}

    def auth_urls(self, account: Account) -> AuthUrls:
        token_url = self.url("token_url", account, TOKEN_URL)
        return AuthUrls(
            auth_url=self.url("auth_url", account, AUTH_URL),
            token_url=token_url,
            userinfo_url=self.url("userinfo_url", account, USERINFO_URL),
            paste_url=self.url("paste_url", account, PASTE_URL),
            client_id=self.settings.oauth_client_id,
            client_secret=self.settings.oauth_client_secret or Secret(""),
            user_agent=self.user_agent(),
            proxy=self.proxy(account, token_url),
        )

    def judge(self, failure: Failure, account: Account | None = None) -> Verdict:
        return google.settled(super().judge(failure, account), failure, self.now())

    async def models(self, account: Account, credential: Credential, egress: Egress) -> tuple[ModelInfo, ...]:
        """There is no list: the quota's buckets name what the account may use, besides the table (section 7)."""
        await self.prepare(account, credential, egress)
        project = self.private(account, credential, None).get("project", "")
        path = ROOT + _METHODS["models", False]
        return self.parse_models(await self._ask(account, credential, egress, path, {"project": project}))

    def parse_models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """What the buckets name."""
        return tuple(
            _info(name) for name in sorted({b.model_id for b in google_quota.parse_buckets(body) if b.model_id})
        )


def _info(name: str) -> ModelInfo:
    aliases = tuple(alias for alias, real in _RENAMED.items() if real == name)
    return ModelInfo(id=name, aliases=aliases, context=google.CONTEXT, max_output=google.MAX_OUTPUT, owner="google")
