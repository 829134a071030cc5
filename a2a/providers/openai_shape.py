"""What upstreams built after OpenAI's API have in common: paths below a base URL, a bearer key, one shape of list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from yarl import URL

from a2a.auth.records import Account, ApiKey, Credential
from a2a.errors import BadUpstream, NeedsLogin
from a2a.protocols.wire import BAD_JSON
from a2a.providers.base import ModelInfo, Operation, Provider, epoch
from a2a.providers.http import Target
from a2a.providers.rate_limits import OPENAI

REASONING_MODELS = ("gpt-5", "o1", "o3", "o4")
"""OpenAI's own families that refuse sampling values (conversion.md 8.2)."""


class _Entry(Struct):
    id: str
    created: int | float | None = None
    owned_by: str | None = None
    context_length: int | None = None


class _List(Struct):
    data: list[_Entry]


class OpenAIShaped(Provider):
    """Base of those providers. `paths`: below the base URL."""

    default_base_url = "https://api.openai.com/v1"
    quota_rows = OPENAI
    paths: ClassVar[Mapping[Operation, str]]

    def base_url(self, account: Account) -> str:
        """An empty path gets `/v1` (contract section 2); what a login has tried is stored as it answered."""
        url = super().base_url(account)
        return url if urlsplit(url).path.strip("/") else url + "/v1"

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
        }
        if key := credential.key.reveal():
            headers["Authorization"] = f"Bearer {key}"
        return Target(URL(self.base_url(account) + self.paths[operation]), headers)

    def parse_models(self, body: bytes) -> tuple[ModelInfo, ...]:
        try:
            listed = msgspec.json.decode(body, type=_List)
        except BAD_JSON as error:
            raise BadUpstream(f"the model list is no OpenAI list: {error}") from error
        return tuple(
            ModelInfo(id=e.id, created=epoch(e.created), owner=e.owned_by, context=e.context_length)
            for e in listed.data
        )
