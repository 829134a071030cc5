"""`a2a login`: one command, one flow per kind of credential."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from a2a.cli import login_google, login_key, login_kiro, login_qwen
from a2a.cli.home import Home, short_name
from a2a.cli.login_flow import Done, Login
from a2a.cli.output import Out, out_of
from a2a.config import CREDENTIAL_KIND, PROVIDER_SHORT, CredentialKind, provider_id
from a2a.errors import ConfigError, UsageError

_FLOWS: dict[CredentialKind, Callable[[Home, Login], Done]] = {
    "api_key": login_key.log_in,
    "google": login_google.log_in,
    "kiro": login_kiro.log_in,
    "qwen": login_qwen.log_in,
}
_KEY, _IMPORT = ("base_url", "api_key", "api_key_stdin"), ("file", "base64", "from_cli")
_OPTIONS: dict[CredentialKind, tuple[str, ...]] = {
    "api_key": ("preset", *_KEY),
    "google": ("project_id", *_IMPORT),
    "kiro": _IMPORT,
    "qwen": ("plan", "region", *_KEY, *_IMPORT),
}
"""What means something for each kind, besides what means the same for all."""
_SPECIAL = sorted({option for options in _OPTIONS.values() for option in options})

_EXAMPLES = """\b
Examples:
  a2a login openai --preset kimi
  a2a login openai --base-url http://localhost:11434 --api-key-stdin < key.txt
  a2a login kiro --from-cli
  a2a login qwen --api-key-stdin --plan coding --region intl < key.txt
"""


def register(app: typer.Typer) -> None:
    app.command("login", epilog=_EXAMPLES)(_login)


def _login(
    ctx: typer.Context,
    provider: Annotated[
        str, typer.Argument(help="openai, responses, claude, gemini-key, gemini, kiro or qwen; the long ids too.")
    ],
    name: Annotated[str | None, typer.Option("--name", metavar="ALIAS", help="What to call the account.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="A known service, for example kimi.")] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="The API's address, with or without /v1.")] = None,
    api_key: Annotated[
        str | None, typer.Option("--api-key", help="The key. It shows in the process list: better ask or stdin.")
    ] = None,
    api_key_stdin: Annotated[bool, typer.Option("--api-key-stdin", help="Read the key from stdin.")] = False,
    file: Annotated[
        str | None, typer.Option("--file", metavar="F", help="Import this credentials file of the official client.")
    ] = None,
    base64: Annotated[
        str | None, typer.Option("--base64", metavar="S", help="Import this base64 of one; - reads stdin.")
    ] = None,
    from_cli: Annotated[bool, typer.Option("--from-cli", help="Import the official client's own login.")] = False,
    plan: Annotated[str | None, typer.Option("--plan", help="qwen: standard, coding or token.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="R", help="qwen: cn, intl, us or hk.")] = None,
    project_id: Annotated[
        str | None, typer.Option("--project-id", metavar="ID", help="gemini: the licence's Google Cloud project.")
    ] = None,
    proxy: Annotated[str | None, typer.Option("--proxy", metavar="URL", help="For this account.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the risk, or a key that cannot be checked.")] = False,
) -> None:
    """Add an account, or give one a new key. Secrets go to the system's keyring, else to 0600 files."""
    out = out_of(ctx)
    login = Login(
        provider=_known(provider),
        name=name,
        preset=preset,
        base_url=base_url,
        api_key=api_key,
        api_key_stdin=api_key_stdin,
        file=file,
        base64=base64,
        from_cli=from_cli,
        plan=plan,
        region=region,
        project_id=project_id,
        proxy=proxy,
        yes=yes,
    )
    _run(out, login)


def _run(out: Out, login: Login) -> None:
    kind = CREDENTIAL_KIND[login.provider]
    for option in _SPECIAL:
        if getattr(login, option) and option not in _OPTIONS[kind]:
            raise UsageError(
                f"--{option.replace('_', '-')} means nothing for {PROVIDER_SHORT[login.provider]}", hint=_meant(kind)
            )
    home = Home(out, out.settings())
    done = _FLOWS[kind](home, login)
    data = {"account": home.view(done.account), "replaced": done.replaced, "stored_in": home.secrets.place}

    def show() -> None:
        told = short_name(done.account)
        out.text(f"{'renewed' if done.replaced else 'logged in'}: {told}" + (f" ({done.note})" if done.note else ""))
        out.say(f"kept in {home.secrets.place}; try it: a2a chat -p {told} hello")

    out.result(data | {"note": done.note}, show)


def _meant(kind: CredentialKind) -> str:
    return "it takes " + ", ".join(f"--{option.replace('_', '-')}" for option in _OPTIONS[kind])


def _known(name: str) -> str:
    """The provider's id. Raises UsageError."""
    try:
        return provider_id(name)
    except ConfigError as exc:
        raise UsageError(exc.message, hint=exc.hint) from None
