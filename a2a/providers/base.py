"""What every provider offers the pool and the gateway. A provider holds no account state but what `prepare` learned.

`Provider` is a value with methods: url and headers for a call, the profile of a model, its own aliases, the fault
table, the catalogue. Secrets enter only through `target()` and leave only as request headers.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar, Literal

from msgspec import Struct, structs

from a2a import __version__
from a2a.auth.base_url import candidates
from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import Account, Credential
from a2a.auth.renewal import login_again
from a2a.config import ProviderSettings, ServerSettings, Settings
from a2a.config.proxies import DIRECT
from a2a.control.types import AccountState, Action, Standing
from a2a.errors import AccountError, BadUpstream, NeedsLogin, UpstreamTimeout
from a2a.messages import Failure, Proto
from a2a.protocols.base import Profile
from a2a.protocols.registry import UPSTREAMS
from a2a.providers import rate_limits
from a2a.providers.faults import Row, Verdict, judge
from a2a.providers.http import Answer, Egress, Target
from a2a.providers.timeouts import Timeouts, by_model, of_server, over

Operation = Literal["generate", "count", "models", "embed"]

USER_AGENT = f"a2a/{__version__}"

PROBE_S = 20.0
"""So long an upstream may be silent while an account is probed."""
BAD_ANSWER_S = 60.0
"""After an answer that nobody can read, the account is asked again so much later."""
UNLISTED = "not checked: lists no models"
_NO_LIST = (404, 405, 501)
"""What servers answer that speak a protocol without its model list."""


class ModelInfo(Struct, frozen=True, kw_only=True):
    """One entry of a provider's catalogue. `id` is the name its upstream knows. `created`: Unix seconds."""

    id: str
    name: str | None = None
    aliases: tuple[str, ...] = ()
    context: int | None = None
    max_output: int | None = None
    created: int = 0
    owner: str | None = None
    detail: str = ""
    """What only its own provider reads, as it wrote it."""


class Said(Struct, frozen=True):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class SetUpRefused(AccountError):
    """The upstream would not set the account up: what it said, for the fault table."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Provider(ABC):
    """Base of the provider modules: defaults that read settings; each module overrides what its upstream does."""

    id: ClassVar[str]
    short: ClassVar[str]
    proto: ClassVar[Proto]
    codec: ClassVar[str] = ""
    """Name of its upstream codec in the registry where that is not the protocol's own: an envelope or a dialect."""
    default_base_url: ClassVar[str]
    open_list: ClassVar[bool] = True
    """Names no catalogue knows may be passed on when the user put this provider into the default chain."""
    default_model: ClassVar[str | None] = None
    """The model the upstream itself calls its default."""
    offers: ClassVar[frozenset[Operation]] = frozenset({"generate", "models"})
    """What its upstream can be asked for."""
    model_in_url: ClassVar[bool] = False
    stream_only: ClassVar[bool] = False
    faults: ClassVar[tuple[Row, ...]] = ()
    refused_again: ClassVar[Verdict | None] = None
    """What it means when a token that was just renewed is refused; None: the account needs a new login."""
    now: Callable[[], float] = staticmethod(time.time)
    """Wall clock, for rests that end at a time of day."""
    probe_s: ClassVar[float] = PROBE_S
    """Seconds for all of a probe."""
    timeouts: ClassVar[Timeouts | None] = None
    """Own defaults where they differ from the server's."""
    allowance_every_s: ClassVar[float] = 0.0
    """How often its upstream may be asked what is left to one account, in seconds; 0: it cannot be asked."""
    allowance_in_use: ClassVar[bool] = False
    """It may be asked while the account is used, too; else only while somebody looks."""
    quota_rows: ClassVar[tuple[rate_limits.Row, ...]] = ()
    """What its answers may say of an account's allowance."""
    relay_headers: ClassVar[tuple[str, ...]] = ()
    """Client headers forwarded when both sides speak the same protocol (conversion.md 3.4), lower case."""
    converted_headers: ClassVar[Mapping[str, str]] = {}
    """Headers that belong to what the codec writes, sent when another protocol is converted."""

    def __init__(self, settings: Settings) -> None:
        self.settings: ProviderSettings = settings.provider(self.id)
        self.server: ServerSettings = settings.server
        self._env_proxies = settings.env_proxies
        self._models = settings.models

    def base_url(self, account: Account) -> str:
        """The account's value, else the provider's setting, else the default; no trailing slash."""
        return self.url("base_url", account, self.default_base_url)

    def root(self, account: Account, credential: Credential) -> str:
        """As `base_url`, where this credential is valid: its upstream may have told."""
        return self.base_url(account)

    def url(self, key: str, account: Account, default: str) -> str:
        """Any URL setting of contract 3.1 with `{region}` filled in."""
        value = account.urls.get(key) or getattr(self.settings, key, None) or default
        return str(value).replace("{region}", self.region(account)).rstrip("/")

    def region(self, account: Account) -> str:
        return account.region or self.settings.region or "us-east-1"

    def proxy(self, account: Account, url: str) -> str | None:
        """The account's, else the provider's, else the server's setting, else what the standard variables say.

        `no_proxy` and the rule that this machine is reached directly hold for the server's setting too.
        """
        chosen = account.proxy or self.settings.proxy
        if chosen is None:
            if self.server.proxy is None:
                return self._env_proxies.find(url)
            chosen = DIRECT if self._env_proxies.spares(url) else self.server.proxy
        return None if chosen == DIRECT else chosen

    def user_agent(self) -> str:
        return self.settings.user_agent or USER_AGENT

    @cached_property
    def quota_headers(self) -> frozenset[str]:
        """Those of `quota_rows` of which one is there where anything is said."""
        return frozenset(row.remaining for row in self.quota_rows)

    @cached_property
    def limits(self) -> Timeouts:
        """Resolved timeouts: provider setting, own default, server setting."""
        return over(self.timeouts or of_server(self.server), self.settings)

    def limits_of(self, model: str) -> Timeouts:
        """The same for calls for this model (the upstream's name), which may have its own."""
        return self._limits_by_model.get(model, self.limits) if self._models else self.limits

    @cached_property
    def _limits_by_model(self) -> dict[str, Timeouts]:
        return by_model(self._models, self.limits, (self.id.lower(), self.short), self.resolve)

    def resolve(self, model: str) -> str:
        """The upstream's name for `model`: aliases of the provider's own spec applied, else unchanged."""
        return model

    def profile(self, model: str, account: Account, info: ModelInfo | None = None) -> Profile:
        """What this upstream can do. `model` is already resolved; `info`: the account's own list entry of it."""
        return Profile()

    def catalogue(self) -> tuple[ModelInfo, ...]:
        """Models known without asking the upstream."""
        return tuple(ModelInfo(id=name) for name in self.settings.models or ())

    @abstractmethod
    def target(
        self, account: Account, credential: Credential, operation: Operation, *, stream: bool, model: str = ""
    ) -> Target:
        """Where the call goes; the same for every call of an account with that credential while `place` says the same,
        so it may be kept.

        `model`: only where `model_in_url`.
        """

    def place(self, account: Account) -> str:
        """What `prepare` and `reroute` learned that `target` depends on."""
        return ""

    async def prepare(self, account: Account, credential: Credential, egress: Egress) -> None:  # noqa: B027
        """Learn what calls of this account need beyond its credential; awaited before each, so remember it.

        Raises SetUpRefused and UpstreamError.
        """

    def forget(self, account: Account) -> None:  # noqa: B027
        """The upstream refused the account: what `prepare` learned is to be asked again."""

    async def removed(self, account: Account) -> None:  # noqa: B027
        """The account is gone for good: what was kept of it on disk goes too. Never raises."""

    def repaired(self, profile: Profile, flags: Mapping[str, str]) -> Profile:
        """The profile for the second try after a `repair` verdict. `flags["fault"]`: the reason of that verdict."""
        return profile

    def closed_to(self, model: str, account: Account) -> bool:
        """The upstream takes the names of a closed list only; asked for a model that no list has."""
        return False

    def check_urls(self, base_url: str) -> list[str]:
        """Base URLs whose `/models` a login tries for this one, in order. Raises UsageError."""
        return candidates(base_url)

    def private(self, account: Account, credential: Credential, session: str | None) -> dict[str, str]:
        """Values of one attempt that only this upstream's codec knows, for `Conversion.extra`."""
        return {}

    def auth_urls(self, account: Account) -> AuthUrls:
        """Where its tokens are renewed. Raises NeedsLogin: a key is not renewed."""
        raise NeedsLogin(f"{account.name} has a key that cannot be renewed", hint=f"a2a login {self.short}")

    def judge(self, failure: Failure, account: Account | None = None) -> Verdict:
        """What the failure means, for this account where that makes a difference."""
        verdict = judge(failure, self.faults)
        if verdict.action == "needs_login" and account is not None:
            return structs.replace(verdict, remedy=login_again(account))
        if verdict.remedy is None or "{" not in verdict.remedy:
            return verdict
        return structs.replace(verdict, remedy=self.worded(verdict.remedy, account))

    def worded(self, remedy: str | None, account: Account | None) -> str | None:
        """A remedy of a fault table as a person can type it, with its places filled (`Verdict.remedy`)."""
        if remedy is None:
            return None
        alias = account.alias if account is not None else "NAME"
        places = {"{short}": self.short, "{alias}": alias, "{name}": f"{self.short}/{alias}"}
        for place, word in places.items():
            remedy = remedy.replace(place, word)
        return remedy

    async def reroute(
        self, account: Account, credential: Credential, failure: Failure, location: str, egress: Egress
    ) -> bool:
        """Whether a call that failed at `location` is to be made again: the upstream has another address for it now.

        Asked after each failure, so it must be cheap to say no. Raises no UpstreamError.
        """
        return False

    async def models(self, account: Account, credential: Credential, egress: Egress) -> tuple[ModelInfo, ...]:
        """The upstream's own list. Raises UpstreamError."""
        said = await self._list(account, credential, egress)
        if said.status != 200:
            raise BadUpstream(f"{account.name}: the model list answered {said.status}")
        return self.parse_models(said.body)

    async def _list(self, account: Account, credential: Credential, egress: Egress) -> Said:
        target = self.target(account, credential, "models", stream=False).with_method("GET")
        return await hear(egress, target, proxy=self.proxy(account, target.location))

    async def probe(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        """Whether the account can be used, by the cheapest call that proves it. What comes, comes as a standing.

        Raises UpstreamError when nobody answers: then nothing is known.
        """
        try:
            async with asyncio.timeout(self.probe_s):
                return await self._probe(account, credential, egress)
        except TimeoutError:
            raise UpstreamTimeout(f"{account.name}: no answer within {self.probe_s:g} s") from None
        except SetUpRefused as error:
            return self.standing(error.failure, account)
        except BadUpstream as error:
            return bad_answer(error.message, self.now())

    async def _probe(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        """The provider's own part of `probe`: here, the model list. May raise what `probe` turns into a standing."""
        return await self._listed(account, credential, egress) or Standing(state="ready", message=UNLISTED)

    async def _listed(self, account: Account, credential: Credential, egress: Egress) -> Standing | None:
        """What asking for the model list shows; None where the upstream has none. Raises UpstreamError."""
        said = await self._list(account, credential, egress)
        if said.status in _NO_LIST:
            return None
        if said.status >= 400:
            return self.standing(self.failure(said), account)
        if said.status != 200:
            raise BadUpstream(f"the model list answered {said.status}")
        count = len(self.parse_models(said.body))
        return Standing(state="ready", message=f"{count} model{'' if count == 1 else 's'}")

    def failure(self, said: Said) -> Failure:
        """What an error answer tells, in the words of this upstream."""
        return UPSTREAMS[self.codec or self.proto].parse_error(said.status, said.headers, said.body)

    def standing(self, failure: Failure, account: Account, *, label: str | None = None) -> Standing:
        """A failed probe, judged for this account."""
        return standing_of(self.judge(failure, account), failure, self.now(), label=label)

    async def allowance(self, account: Account, credential: Credential, egress: Egress) -> Standing:
        """What is left to the account, as `quota` of the standing, where `allowance_every_s` says that it can be asked.

        A state other than `ready` only where the upstream's spec lets this answer judge the account. Raises
        UpstreamError and SetUpRefused, which judge nothing.
        """
        raise NotImplementedError

    @abstractmethod
    def parse_models(self, body: bytes) -> tuple[ModelInfo, ...]:
        """The upstream's list as bytes to our entries. Raises BadUpstream."""


_STATES: dict[Action, AccountState] = {
    "refresh": "needs_login",
    "needs_login": "needs_login",
    "needs_action": "needs_action",
    "suspended": "suspended",
    "retired": "retired",
    "cool_down": "cooling",
}
"""What a verdict on a probe means for the account; any other action says nothing about it."""


def standing_of(verdict: Verdict, failure: Failure, now: float, *, label: str | None = None) -> Standing:
    """A failed probe as a standing. `now`: Unix seconds."""
    state = _STATES.get(verdict.action, "ready")
    return Standing(
        state=state,
        message=failure.message if state != "ready" else f"not checked: {failure.message}",
        reason=verdict.reason if state != "ready" else None,
        remedy=verdict.remedy if state != "ready" else None,
        label=label,
        until=now + verdict.rest_s(1, failure.retry_after) if state == "cooling" else None,
    )


def bad_answer(message: str, now: float) -> Standing:
    """The upstream answered something that is not its protocol. `now`: Unix seconds."""
    return Standing(
        state="cooling",
        message=message,
        reason="bad_answer",
        remedy="check the base URL; if it is right, the upstream has trouble: try again later",
        until=now + BAD_ANSWER_S,
    )


async def hear(
    egress: Egress, target: Target, body: bytes | None = None, *, proxy: str | None, limit_bytes: int = 16 * 1024 * 1024
) -> Said:
    """One call with its whole answer, whatever its status. Raises UpstreamError."""
    answer = await egress.open(target, body, proxy=proxy)
    try:
        return Said(answer.status, answer.headers, await read_capped(answer, limit_bytes))
    finally:
        answer.close()


def epoch(value: float | None) -> int:
    """Unix seconds of a list entry, 0 where it says nothing usable; some upstreams count in milliseconds."""
    if value is None or not 0 < value < 1e14:
        return 0
    return int(value / 1000 if value > 1e11 else value)


async def read_capped(answer: Answer, limit_bytes: int = 16 * 1024 * 1024) -> bytes:
    """A whole body; BadUpstream over the limit."""
    pieces: list[bytes] = []
    size = 0
    while piece := await answer.chunk():
        pieces.append(piece)
        size += len(piece)
        if size > limit_bytes:
            answer.close()
            raise BadUpstream(f"the upstream's answer is over {limit_bytes} bytes")
    return b"".join(pieces)
