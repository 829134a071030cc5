"""Every way to log in, as a list to choose from. `a2a login` and the control API offer these, in this order.

The risks are told in words before the first login of a provider, and before every one to Qwen's closed tier (contract,
section 2): nobody shall stumble into them.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs

from a2a.config import PROVIDER_SHORT, did_you_mean, provider_id, proxies
from a2a.control.types import LoginMethod, LoginWish
from a2a.errors import ConfigError, UsageError
from a2a.providers.plans import PLANS
from a2a.providers.presets import PRESETS

KIRO, GEMINI, QWEN = "claude-kiro-oauth", "gemini-cli-oauth", "openai-qwen-oauth"
KEY = "api-key"

KIRO_RISK = """\
Kiro has no public API. a2a speaks the private one of the Kiro IDE; third-party use may breach its terms of service, and
users of such tools have reported suspended accounts (kirodotdev/Kiro #4963 to #10865, as of 2026-11-22). Only AWS
support lifts a suspension. a2a imitates no client and stops at the first sign, but the risk is yours: use an account
that you own and can do without."""

GEMINI_RISK = """\
Google allows this login to its own tools only: third-party use breaks its terms and has got accounts suspended
(gemini-cli discussions #20632 and #22970, as of 2026-11-22). Since 2026-06-18 it serves only accounts with a Code
Assist Standard or Enterprise licence, usually with the project of that licence: --project-id. The supported way for
everybody else is an API key: a2a login gemini-key. a2a imitates no client, but the risk is yours."""

QWEN_RISK = """\
Qwen closed its OAuth tier on 2026-04-15: logins still succeed, but calls are refused (qwen-code #3203, #3281). Expect
this account not to work. What works is an API key of one of the plans: a2a login qwen --api-key-stdin --plan standard.
An import takes over the refresh token: Qwen Code's own copy may become invalid."""

RISKS = {KIRO: KIRO_RISK, GEMINI: GEMINI_RISK, QWEN: QWEN_RISK}
"""By provider."""

ALWAYS_TOLD = frozenset({QWEN})
"""Providers whose risk is told before every login, not only before the first."""

COMMON = frozenset({"provider", "name", "method", "proxy", "agreed"})
"""What means the same for all."""

_KEY_FIELDS = ("preset", "base_url", "api_key")


class Way(Struct, frozen=True, kw_only=True):
    """One flow of one provider. `needs`, `takes`: fields of `LoginWish` without which there is no login, and others
    that mean something."""

    provider: str
    method: str
    title: str = ""
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    risk: str | None = None


def _kiro(method: str, title: str, needs: tuple[str, ...] = (), takes: tuple[str, ...] = ("profile",)) -> Way:
    return Way(provider=KIRO, method=method, title=title, needs=needs, takes=takes, risk=KIRO_RISK)


def _gemini(method: str, title: str, *takes: str) -> Way:
    return Way(provider=GEMINI, method=method, title=title, takes=("project_id", *takes), risk=GEMINI_RISK)


_BY_KEY = {
    "openai-custom": "another server that speaks OpenAI's protocol",
    "openaiResponses-custom": "a server that speaks OpenAI's Responses protocol",
    "claude-custom": "a server that speaks Anthropic's protocol",
    "gemini-custom": "a server that speaks Gemini's protocol",
}
"""Providers whose accounts are a key and an address."""

WAYS: tuple[Way, ...] = (
    *(Way(provider=provider, method=KEY, title=title, takes=_KEY_FIELDS) for provider, title in _BY_KEY.items()),
    # in the order of specs/kiro.md 4: what needs no port and works over SSH comes first
    _kiro("builder-id", "AWS Builder ID, by a code to confirm on any device"),
    _kiro("google", "Google, by a code to confirm on any device"),
    _kiro("github", "GitHub, by a code to confirm on any device"),
    _kiro(
        *("idc", "your organisation's IAM Identity Center (asks for its start URL)"),
        needs=("start_url",),
        takes=("region", "profile"),
    ),
    _kiro("portal", "its sign-in page in the browser"),
    _kiro(KEY, "a Kiro API key (ksk_…)", needs=("api_key",), takes=("region",)),
    _gemini("browser", "Gemini Code Assist with a licence, by Google login"),
    _gemini("code", "Gemini Code Assist with a licence, by a code that Google's page shows", "device"),
    Way(provider=QWEN, method=KEY, needs=("api_key",), takes=("plan", "region", "base_url")),
    Way(
        provider=QWEN,
        method="device",
        title="Qwen's OAuth tier, which is closed since 2026-04-15",
        takes=("device",),
        risk=QWEN_RISK,
    ),
)


def offered() -> list[LoginMethod]:
    """By key (every preset), local servers, any other address, then the OAuth logins; each plan of Qwen by itself."""
    return [*_presets(), *(method for way in WAYS for method in _methods(way))]


def _presets() -> Iterator[LoginMethod]:
    for local in (False, True):
        for preset in PRESETS.values():
            if (preset.key_env is None) is local:
                yield LoginMethod(
                    provider=preset.provider,
                    method=KEY,
                    preset=preset.name,
                    title=f"{preset.name}, {'on this machine' if local else 'by API key'}",
                    needs=[] if local else ["api_key"],
                    takes=["base_url", *(["api_key"] if local else [])],
                )


def _methods(way: Way) -> Iterator[LoginMethod]:
    if way.provider in _BY_KEY:
        needs = ["base_url", "api_key"]
        yield LoginMethod(provider=way.provider, method=way.method, title=way.title, needs=needs)
    elif way.method == KEY and way.provider == QWEN:
        for plan in PLANS:
            title = f"Qwen, by a key of DashScope's {plan} plan"
            takes = ["region", "base_url"]
            yield LoginMethod(
                provider=QWEN, method=KEY, plan=plan, title=title, needs=["api_key"], takes=takes, risk=way.risk
            )
    else:
        title = f"Kiro: {way.title}" if way.provider == KIRO else way.title
        yield LoginMethod(
            provider=way.provider,
            method=way.method,
            title=title,
            needs=[*way.needs],
            takes=[*way.takes],
            risk=way.risk,
        )


def ways_of(provider: str) -> dict[str, Way]:
    """By method."""
    return {way.method: way for way in WAYS if way.provider == provider}


def chosen(wish: LoginWish) -> tuple[LoginWish, Way]:
    """The wish with its provider's id, and the way it means.

    Raises UsageError for a provider or method that does not exist, for a field that means nothing for it or is empty,
    and for one that it needs.
    """
    try:
        wish = structs.replace(wish, provider=provider_id(wish.provider))
    except ConfigError as error:
        raise UsageError(error.message, hint=error.hint) from None
    short, ways = PROVIDER_SHORT[wish.provider], ways_of(wish.provider)
    name = wish.method or _meant(wish)
    if name is None:
        raise UsageError(f"say how to log in to {short}", hint=f"method, one of {', '.join(ways)}")
    way = ways.get(name)
    if way is None:
        raise UsageError(f"there is no way {name!r} to log in to {short}", hint=did_you_mean(name, ways))
    _check_fields(wish, way)
    if wish.proxy is not None and (told := proxies.trouble(wish.proxy)):
        raise UsageError(told, hint=proxies.HINT)
    return wish, way


def _meant(wish: LoginWish) -> str | None:
    """The method where none is named."""
    if wish.provider == GEMINI:
        return "code" if wish.device else "browser"
    if wish.provider == KIRO:
        return "idc" if wish.start_url else KEY if wish.api_key else None
    if wish.provider == QWEN:
        return KEY if wish.api_key or wish.plan or wish.region or wish.base_url else "device"
    return KEY


def _check_fields(wish: LoginWish, way: Way) -> None:
    """Raises UsageError."""
    fields = {name: getattr(wish, name) for name in LoginWish.__struct_fields__}
    given = [name for name, value in fields.items() if value not in (None, False)]
    told = f"{way.method} of {PROVIDER_SHORT[way.provider]}"
    for name in given:
        if fields[name] == "":
            raise UsageError(f"{name} is empty", hint="give it a value, or leave it out")
        if name not in (*COMMON, *way.needs, *way.takes):
            hint = "it takes " + (", ".join((*way.needs, *way.takes)) or "nothing but name and proxy")
            raise UsageError(f"{name} means nothing for {told}", hint=hint)
    for name in way.needs:
        if name not in given:
            raise UsageError(f"{told} needs {name}", hint="GET /admin/v1/login/methods tells what each way needs")


def risk_of(wish: LoginWish, way: Way, *, first: bool) -> str | None:
    """What the person has to agree to and has not yet. `first`: there is no account of the provider yet."""
    if wish.agreed or not (first or way.provider in ALWAYS_TOLD):
        return None
    return way.risk
