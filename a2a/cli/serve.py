"""`a2a serve`: the local endpoint."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from a2a.cli.output import Out, out_of

_EXAMPLES = """\b
Examples:
  a2a serve
  a2a serve --port 0 --json          a free port, named on stdout
  a2a serve --record tape            and later, offline: a2a serve --replay tape

\b
Every option is also A2A_<NAME> in the environment and a key of [server] in config.toml.
A secret in an option is visible in the process list: prefer its variable.
"""

_CAUTION = "prefer its variable: an option shows in the process list"

Text = str | None


def register(app: typer.Typer) -> None:
    app.command("serve", epilog=_EXAMPLES)(_serve)


def _serve(
    ctx: typer.Context,
    host: Annotated[Text, typer.Option(help="Where to listen; not loopback: only with a key of your own.")] = None,
    port: Annotated[int | None, typer.Option(help="0 picks a free one.  [default: 3000]")] = None,
    api_key: Annotated[Text, typer.Option(help=f"The key clients send ({_CAUTION}).")] = None,
    model_provider: Annotated[Text, typer.Option(help="Default chain of providers, comma separated.")] = None,
    openai_api_key: Annotated[Text, typer.Option(help=f"An account for this run ({_CAUTION}).")] = None,
    openai_base_url: Annotated[Text, typer.Option(help="Its base URL.")] = None,
    claude_api_key: Annotated[Text, typer.Option(help=f"An account for this run ({_CAUTION}).")] = None,
    claude_base_url: Annotated[Text, typer.Option(help="Its base URL.")] = None,
    gemini_oauth_creds_base64: Annotated[Text, typer.Option(help=f"Gemini CLI credentials ({_CAUTION}).")] = None,
    gemini_oauth_creds_file: Annotated[Text, typer.Option(help="A Gemini CLI credentials file, read in place.")] = None,
    project_id: Annotated[Text, typer.Option(help="Its Google Cloud project.")] = None,
    kiro_oauth_creds_base64: Annotated[Text, typer.Option(help=f"A Kiro token file ({_CAUTION}).")] = None,
    kiro_oauth_creds_file: Annotated[Text, typer.Option(help="A Kiro token file, read in place.")] = None,
    qwen_oauth_creds_file: Annotated[Text, typer.Option(help="A Qwen Code credentials file, read in place.")] = None,
    request_max_retries: Annotated[
        int | None, typer.Option(help="Further tries at one account when no other can serve.  [default: 3]")
    ] = None,
    request_base_delay: Annotated[
        int | None, typer.Option(help="Milliseconds at most before the first, doubled with each.  [default: 1000]")
    ] = None,
    strategy: Annotated[Text, typer.Option(help="How accounts take turns.  [default: round-robin]")] = None,
    system_prompt_file: Annotated[Text, typer.Option(help="A system prompt for every request; read anew.")] = None,
    system_prompt_mode: Annotated[
        Text,
        typer.Option(metavar="overwrite|append", help="Instead of the client's, or behind it.  [default: overwrite]"),
    ] = None,
    record: Annotated[Text, typer.Option(metavar="DIR", help="Write a cassette of each exchange there.")] = None,
    replay: Annotated[Text, typer.Option(metavar="DIR", help="Serve the cassettes of DIR; call no upstream.")] = None,
    replay_speed: Annotated[
        float | None, typer.Option(help="Of their streams: 1 is as recorded, 0 at once.  [default: 0]")
    ] = None,
    log_bodies: Annotated[
        bool | None, typer.Option("--log-bodies/--no-log-bodies", help="Record bodies too, without secrets.")
    ] = None,
    log_prompts: Annotated[
        Text,
        typer.Option(metavar="console|file|none", help="Each prompt and answer as a line of JSON.  [default: none]"),
    ] = None,
    prompt_log_base_name: Annotated[Text, typer.Option(help="Its file's name.  [default: prompt_log]")] = None,
    cron_near_minutes: Annotated[
        int | None, typer.Option(help="Renew tokens in the background that end sooner.  [default: 15]")
    ] = None,
    cron_refresh_token: Annotated[
        Text, typer.Option(metavar="true|false", help="Renew tokens in the background at all.  [default: true]")
    ] = None,
    allow_host: Annotated[list[str] | None, typer.Option(help="Host name accepted besides loopback names.")] = None,
    allow_origin: Annotated[list[str] | None, typer.Option(help="Origin of a browser client; repeatable.")] = None,
) -> None:
    """Serve all your accounts to your clients. They may speak OpenAI, Claude or Gemini; Ctrl-C ends it."""
    out = out_of(ctx)
    flags: dict[str, object] = {
        "host": host,
        "port": port,
        "api_key": api_key,
        "model_provider": model_provider,
        "openai_api_key": openai_api_key,
        "openai_base_url": openai_base_url,
        "claude_api_key": claude_api_key,
        "claude_base_url": claude_base_url,
        "gemini_oauth_creds_base64": gemini_oauth_creds_base64,
        "gemini_oauth_creds_file": gemini_oauth_creds_file,
        "project_id": project_id,
        "kiro_oauth_creds_base64": kiro_oauth_creds_base64,
        "kiro_oauth_creds_file": kiro_oauth_creds_file,
        "qwen_oauth_creds_file": qwen_oauth_creds_file,
        "request_max_retries": request_max_retries,
        "request_base_delay": request_base_delay,
        "strategy": strategy,
        "system_prompt_file": system_prompt_file,
        "system_prompt_mode": system_prompt_mode,
        "record": record,
        "replay": replay,
        "replay_speed": replay_speed,
        "log_bodies": log_bodies,
        "log_prompts": log_prompts,
        "prompt_log_base_name": prompt_log_base_name,
        "cron_near_minutes": cron_near_minutes,
        "cron_refresh_token": cron_refresh_token,
        "allow_host": allow_host or None,
        "allow_origin": allow_origin or None,
    }
    _run(out, flags)


def _run(out: Out, flags: dict[str, object]) -> None:
    from a2a.cli.loop import run
    from a2a.config import load
    from a2a.server.run import serve

    settings = out.settings(flags)
    where = "a2a config show --secrets" if settings.server.api_key is None else settings.origins["server.api_key"]

    def ready(url: str) -> None:
        if out.json:
            out.line({"a2a": 1, "event": "ready", "url": url, "pid": os.getpid()})
        out.say(f"a2a is ready: {url}  (key: {where})")

    run(serve(settings, say=out.say, ready=ready, again=lambda: load({**flags, "config": out.config})))
