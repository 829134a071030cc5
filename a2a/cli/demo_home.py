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

KIRO_HOSTS = {
    "base_url": "runtime",
    "management_url": "management",
    "legacy_url": "q",
    "auth_url": "auth",
    "oidc_url": "oidc",
}
"""Setting of contract 3.1 -> folder of the Kiro emulator that stands for that host."""


def variables(home: Path) -> dict[str, str]:
    """The environment of every command that is to see this home: never the keyring."""
    return {"A2A_HOME": str(home), "A2A_CREDENTIAL_STORE": "file"}


def furnish(home: Path, upstreams: Upstreams, port: int) -> Settings:
    """Write config.toml, so that other commands reach the demo upstreams too; the settings of the demo's server."""
    lines = ["# Written by `a2a demo`; gone when it ends.", "[providers.claude-kiro-oauth]"]
    lines += [f'{key} = "{upstreams.kiro_url}/{folder}"' for key, folder in KIRO_HOSTS.items()]
    (home / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load({"port": port}, env=variables(home))


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
    from a2a.cli import login_key, login_kiro

    login = Login(provider=provider.id, name=alias, yes=True)
    try:
        if CREDENTIAL_KIND[provider.id] == "kiro":
            file = _token_file(home, upstreams, credential)
            done = login_kiro.log_in(home, msgspec.structs.replace(login, file=str(file)))
        else:
            url = {"openai": upstreams.openai_url, "claude": upstreams.claude_url}[provider.api]
            done = login_key.log_in(home, msgspec.structs.replace(login, base_url=url, api_key=credential))
    except A2AError as error:
        raise A2AError(f"the demo's own login to {provider.id} failed: {error.message}", hint=error.hint) from error
    return done.account.name


def _token_file(home: Home, upstreams: Upstreams, name: str) -> Path:
    """The account as the Kiro IDE would have written it."""
    folder = home.settings.folders.cache / "kiro-ide"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}.json"
    path.write_bytes(msgspec.json.encode(upstreams.kiro.accounts[name].credentials(upstreams.kiro_url)))
    return path
