"""`gemini-custom`: the Gemini API by key (specs/gemini-cli.md 0.3); also any host that speaks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec
from msgspec import Struct
from yarl import URL

from a2a.auth.base_url import candidates
from a2a.auth.records import Account, ApiKey, Credential
from a2a.errors import BadUpstream, NeedsLogin
from a2a.messages import Failure
from a2a.protocols.base import Profile
from a2a.protocols.wire import BAD_JSON
from a2a.providers import google
from a2a.providers.base import ModelInfo, Operation, Provider
from a2a.providers.faults import Row, Verdict
from a2a.providers.http import Target

VERSION = "/v1beta"
_ANY_VERSION = re.compile(r"/v\d+[a-z0-9]*$")
_FOLDERS = ("models", "tunedModels")

_METHODS: dict[Operation, str] = {"generate": "generateContent", "count": "countTokens", "embed": "embedContent"}

_KEY = Verdict(scope="account", action="needs_login", reason="key_refused", remedy="log in again: a2a login gemini-key")
_SETTING = Verdict(
    scope="account",
    action="needs_action",
    reason="bad_project",
    remedy="the key's project lacks something: see its console at https://aistudio.google.com/apikey",
)

FAULTS: tuple[Row, ...] = (
    Row(codes=("api_key_invalid", "api_key_expired"), verdict=_KEY),
    Row(texts=("api key not valid", "api key expired"), verdict=_KEY),
    Row(statuses=(401,), verdict=_KEY),
    Row(codes=("service_disabled", "api_key_service_blocked", "consumer_invalid"), verdict=_SETTING),
    Row(texts=("user location is not supported",), verdict=_SETTING),
    *google.FAULTS,
)


class _Entry(Struct, rename="camel"):
    name: str
    display_name: str | None = None
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] = []


class _List(Struct):
    models: list[_Entry] = []


class GeminiProvider(Provider):
    id = "gemini-custom"
    short = "gemini-key"
    proto = "gemini"
    default_base_url = "https://generativelanguage.googleapis.com"
    offers = frozenset({"generate", "models", "count", "embed"})
    model_in_url = True
    faults = FAULTS

    def base_url(self, account: Account) -> str:
        """Without a version: the paths bring their own (contract section 2: both spellings work)."""
        return _ANY_VERSION.sub("", super().base_url(account))

    def check_urls(self, base_url: str) -> list[str]:
        return [_ANY_VERSION.sub("", candidates(base_url)[0]) + VERSION]

    def resolve(self, model: str) -> str:
        return model.removeprefix("models/")

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        known = google.profile(model)
        if info is None or info.max_output is None:
            return known
        return msgspec.structs.replace(known, max_output=info.max_output, context=info.context)

    def repaired(self, profile: Profile, flags: Mapping[str, str]) -> Profile:
        return google.repaired(profile, flags)

    def target(
        self, account: Account, credential: Credential, operation: Operation, *, stream: bool, model: str = ""
    ) -> Target:
        if not isinstance(credential, ApiKey):
            raise NeedsLogin(f"{account.name} has no API key", hint=f"a2a login {self.short} --name {account.alias}")
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if stream else "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": self.user_agent(),
            "x-goog-api-key": credential.key.reveal(),
        }
        return Target(URL(self.base_url(account) + VERSION + _path(operation, model, stream), encoded=True), headers)

    def judge(self, failure: Failure, account: Account | None = None) -> Verdict:
        return google.settled(super().judge(failure, account), failure, self.now())

    def parse_models(self, body: bytes) -> tuple[ModelInfo, ...]:
        try:
            listed = msgspec.json.decode(body, type=_List)
        except BAD_JSON as error:
            raise BadUpstream(f"the model list is no Gemini list: {error}") from error
        return tuple(
            ModelInfo(
                id=self.resolve(e.name),
                name=e.display_name,
                context=e.input_token_limit,
                max_output=e.output_token_limit,
                owner="google",
            )
            for e in listed.models
        )


def _path(operation: Operation, model: str, stream: bool) -> str:
    """The rest of the URL; a name of another folder (`tunedModels/x`) keeps it."""
    if operation == "models":
        return "/models?pageSize=1000"
    folder, slash, name = model.partition("/")
    if not slash or folder not in _FOLDERS:
        folder, name = "models", model
    method = "streamGenerateContent?alt=sse" if stream and operation == "generate" else _METHODS[operation]
    return f"/{folder}/{quote(name, safe='')}:{method}"
