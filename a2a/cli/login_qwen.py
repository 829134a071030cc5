"""Login to Qwen: a DashScope key with its plan and region, or Qwen Code's OAuth credentials."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from a2a.cli import login_import, login_key
from a2a.cli.home import Home
from a2a.cli.login_flow import Done, Login
from a2a.cli.login_import import Import, same_user
from a2a.errors import UsageError

RISK = """\
Qwen closed its OAuth tier on 2026-04-15: logins still succeed, but calls are refused (qwen-code #3203, #3281). Expect
this account not to work. What works is an API key of one of the plans: a2a login qwen --api-key-stdin --plan standard.
a2a takes over the refresh token: Qwen Code's own copy may become invalid."""


def log_in(home: Home, login: Login) -> Done:
    """Raises UsageError, NeedsLogin for a refused key, Unreachable, StoreError."""
    if login.file or login.base64 or login.from_cli:
        if login.plan or login.region or login.api_key or login.api_key_stdin:
            raise UsageError("--plan, --region and keys belong to key plans, not to an imported login")
        return _imported(home, login)
    return _with_key(home, login)


def _with_key(home: Home, login: Login) -> Done:
    """`--plan` and `--region` choose the host; they are kept with the account."""
    from a2a.providers.plans import CODING_KEYS, DEFAULT_REGION, plan_url

    plan = login.plan or "standard"
    region = login.region or home.settings.provider(login.provider).region or DEFAULT_REGION
    plan_url(plan, region)
    prefix = CODING_KEYS if plan == "coding" else ""
    return login_key.log_in(home, structs.replace(login, plan=plan, region=region), key_prefix=prefix)


def _imported(home: Home, login: Login) -> Done:
    from a2a.auth.qwen import CLI_FILE

    question = "Store this Qwen login all the same?"
    importing = Import(cli_file=CLI_FILE, risk=RISK, question=question, what=_what, same=same_user)
    return login_import.log_in(home, login, importing)


def _what(token: Any) -> str:
    return token.email or "Qwen OAuth"
