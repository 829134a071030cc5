"""The home of one `a2a demo`: a temporary A2A_HOME whose settings point at the demo upstreams, and the logins in it.

Logging in is what `a2a login` does, with the same functions and the same files; only nobody is asked anything.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from a2a.cli.home import Home
from a2a.cli.login_flow import Login
from a2a.cli.output import Out
from a2a.config import CREDENTIAL_KIND, Settings, load
from a2a.errors import A2AError

if TYPE_CHECKING:
    from a2a.demo.matrix.sides import Upstream
    from a2a.demo.upstreams import Upstreams

Value = str | int | list[str]


def variables(home: Path) -> dict[str, str]:
    """The environment of every command that is to see this home: never the keyring."""
    return {"A2A_HOME": str(home), "A2A_CREDENTIAL_STORE": "file"}


def furnish(home: Path, upstreams: Upstreams, port: int) -> Settings:
    """Write config.toml, so that other commands reach the demo upstreams too; the settings of the demo's server."""
    from a2a.demo.codeassist.state import CLIENT_SECRET

    secret = home / "oauth-client-secret"
    secret.write_text(CLIENT_SECRET, encoding="utf-8")
    lines = ["# Written by `a2a demo`; gone when it ends.", "[server]", "log_bodies = true  # for `a2a dash` to show"]
    for provider, keys in _tables(upstreams, secret).items():
        lines += [f"[providers.{provider}]", *(f"{key} = {_toml(value)}" for key, value in keys.items())]
    (home / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load({"port": port, "request_max_retries": 0}, env=variables(home))  # its faults are meant for one try


def _tables(upstreams: Upstreams, secret: Path) -> dict[str, dict[str, Value]]:
    """Provider -> its settings, where an account's base URL does not say it all."""
    from a2a.demo.codeassist.state import CLIENT_ID

    tables: dict[str, dict[str, Value]] = {name: {**table} for name, table in upstreams.settings.items()}
    tables.setdefault("openai-qwen-oauth", {})["rpm"] = 0  # the matrix asks more in a moment than Qwen grants
    tables["gemini-cli-oauth"] |= {"oauth_client_id": CLIENT_ID, "oauth_client_secret_file": secret.as_posix()}
    return tables


def _toml(value: Value) -> str:
    return msgspec.json.encode(value).decode()  # JSON strings, numbers and lists of them are TOML's


def log_in(settings: Settings, upstreams: Upstreams) -> list[str]:
    """Every account of the matrix, by the flow of its kind of credential; their names.

    Runs its own event loops, so call it from a thread where one is running. Raises A2AError.
    """
    from a2a.demo.matrix.sides import PROVIDERS

    unheard = io.StringIO()
    home = Home(Out(stdin=io.StringIO(), stdout=unheard, stderr=unheard), settings)
    return [
        _one(home, upstreams, provider, alias, credential)
        for provider in PROVIDERS
        for alias, credential in provider.accounts.items()
    ]


def _one(home: Home, upstreams: Upstreams, provider: Upstream, alias: str, credential: str) -> str:
    from a2a.cli import login_google, login_key, login_kiro, login_qwen

    flows = {
        "api_key": login_key.log_in,
        "google": login_google.log_in,
        "kiro": login_kiro.log_in,
        "qwen": login_qwen.log_in,
    }
    kind = CREDENTIAL_KIND[provider.id]
    login = Login(provider=provider.id, name=alias, yes=True)
    if kind == "api_key":
        login = msgspec.structs.replace(login, base_url=upstreams.urls[provider.api], api_key=credential)
    else:
        login = msgspec.structs.replace(login, file=str(_token_file(home, upstreams, provider.api, credential)))
    try:
        done = flows[kind](home, login)
    except A2AError as error:
        raise A2AError(f"the demo's own login to {provider.id} failed: {error.message}", hint=error.hint) from error
    return done.account.name


def _token_file(home: Home, upstreams: Upstreams, api: str, name: str) -> Path:
    """The account as the vendor's own client would have written it."""
    credentials = {
        "codeassist": lambda: upstreams.codeassist.accounts[name].credentials(),
        "kiro": lambda: upstreams.kiro.accounts[name].credentials(upstreams.kiro_url),
        "qwen": lambda: upstreams.qwen.accounts[name].credentials(upstreams.qwen_url),
    }
    folder = home.settings.folders.cache / "clients"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}.json"
    path.write_bytes(msgspec.json.encode(credentials[api]()))
    return path
