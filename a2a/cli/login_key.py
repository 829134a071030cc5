"""Login with an API key: preset or base URL, the key by prompt, stdin or flag, one cheap check, then the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login, held, keep, named, peers
from a2a.config import PROVIDER_SHORT, did_you_mean, mask
from a2a.control.types import Standing
from a2a.errors import NeedsLogin, Unreachable, UpstreamTimeout, UsageError

if TYPE_CHECKING:
    from a2a.auth.key_check import KeyCheck
    from a2a.auth.records import Account, ApiKey
    from a2a.providers.presets import Preset


def log_in(home: Home, login: Login, *, key_prefix: str = "") -> Done:
    """Raises UsageError, NeedsLogin for a refused key, Unreachable, StoreError. `key_prefix`: how its keys begin."""
    from a2a.auth.accounts import free_alias
    from a2a.auth.records import Account, ApiKey
    from a2a.clock import hex_id
    from a2a.secret import Secret

    if login.file:
        raise UsageError(f"{login.file} is no export of a2a", hint="pipe a key in with --api-key-stdin")
    preset = _preset(login)
    same = named(home, login)
    text = key_text(home, login, preset)
    if not text.startswith(key_prefix):
        raise UsageError(f"keys of this plan begin with {key_prefix}", hint="this key belongs to another --plan")
    key = ApiKey(Secret(text))
    url = login.base_url or (preset.base_url if preset else None)
    others = peers(home, login.provider)
    if same is None and login.name is None:
        same = next((a for a in others if held(home, a) == key and url in (None, a.urls.get("base_url"))), None)
    draft = Account(
        id=hex_id("acc_"),
        provider=login.provider,
        alias=login.name or free_alias([preset.name if preset else None], [a.alias for a in others]),
        preset=preset.name if preset else None,
        urls={"base_url": url} if url else dict(same.urls) if same and same.kind == "api_key" else {},
        plan=login.plan,
        region=login.region,
        proxy=login.proxy or (same.proxy if same else None),
    )
    draft, note, standing = _checked(home, login, draft, key)
    if standing is not None and standing.state == "needs_login":
        raise NeedsLogin(standing.message, hint=standing.remedy)
    return structs.replace(keep(home, login, draft, key, same=same, note=note), standing=standing)


def _preset(login: Login) -> Preset | None:
    """Raises UsageError for a preset that is unknown or another provider's."""
    from a2a.providers.presets import PRESETS

    if login.preset is None:
        return None
    preset = PRESETS.get(login.preset.lower())
    if preset is None:
        hint = did_you_mean(login.preset, PRESETS, "presets: " + ", ".join(PRESETS))
        raise UsageError(f"no preset is called {login.preset!r}", hint=hint)
    if preset.provider != login.provider:
        short = PROVIDER_SHORT[preset.provider]
        raise UsageError(f"{preset.name} is a preset of {short}", hint=f"a2a login {short} --preset {preset.name}")
    return preset


def key_text(home: Home, login: Login, preset: Preset | None = None) -> str:
    """From the flag, stdin or a prompt; "" for a local server that needs none. Raises UsageError."""
    if login.api_key is not None and login.api_key_stdin:
        raise UsageError("--api-key and --api-key-stdin exclude each other")
    if login.api_key_stdin:
        key = _bare(_first_line(home))
    elif login.api_key is not None:
        key = _bare(login.api_key)
    elif preset is not None and preset.key_env is None:
        return ""
    else:
        page = f" (make one at {preset.key_page})" if preset and preset.key_page else ""
        key = home.out.ask_secret(f"API key{page}", otherwise="pipe it in with --api-key-stdin")
    if not key:
        raise UsageError("the key is empty", hint="a2a login PROVIDER asks for it, --api-key-stdin reads it")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError("this is no API key: it holds characters that no key has", hint="copy it again")
    return key


def _first_line(home: Home) -> str:
    try:
        return home.out.stdin.readline()
    except UnicodeDecodeError:
        raise UsageError("stdin is not UTF-8 text", hint="save the key as plain text") from None


def _bare(text: str) -> str:
    """Without what editors and shells put around a key: a byte order mark, blanks, a line end, quotes."""
    return text.removeprefix("\ufeff").strip().strip("\"'")


def _checked(home: Home, login: Login, draft: Account, key: ApiKey) -> tuple[Account, str, Standing | None]:
    """The account with the base URL that answered, and what the check found: the model list, or where there is none
    the provider's own probe. Raises NeedsLogin, Unreachable."""
    from a2a.auth.key_check import check_key
    from a2a.cli.login_probe import probe
    from a2a.cli.loop import run
    from a2a.providers.registry import build

    provider = build(home.settings)[login.provider]
    urls = provider.check_urls(draft.urls.get("base_url") or provider.base_url(draft))  # refuses what is no URL
    target = provider.target(draft, key, "models", stream=False)
    proxy = provider.proxy(draft, urls[0])
    try:
        check = run(check_key(urls, target.headers, proxy=proxy))
    except (Unreachable, UpstreamTimeout) as error:
        if not login.yes:
            _ask_unreachable(home, error)
        return _at(draft, urls[0]), "not checked: no connection", None
    if check.verdict == "good":
        return _at(draft, check.base_url), _found(check), None
    return _at(draft, check.base_url), "", run(probe(home, _at(draft, check.base_url), key))


def _ask_unreachable(home: Home, error: Unreachable | UpstreamTimeout) -> None:
    """Store the key all the same? Raises the error without a terminal, `typer.Abort` on a no."""
    if not home.out.interactive:
        raise type(error)(error.message, hint="check the base URL and the network, or add --yes to store it unchecked")
    home.out.say(error.message)
    home.out.confirm("Store the key without a check?", yes=False)


def _at(draft: Account, base_url: str) -> Account:
    """With this base URL, where one was given; the provider's default stays a default."""
    return structs.replace(draft, urls={"base_url": base_url}) if draft.urls.get("base_url") else draft


def _found(check: KeyCheck) -> str:
    return f"{check.models} model{'' if check.models == 1 else 's'} at {mask(check.base_url)}"
