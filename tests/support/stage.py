"""A stage for one test module: emulated upstreams, a home that knows them, and the real `a2a serve` between."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import anthropic
import openai
from google import genai
from google.genai.types import HttpOptions
from support.a2a_process import KEY, Server, run_cli, secrets_in
from support.demo_thread import Demo
from support.waiting import eventually

from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET
from a2a.demo.matrix import sides

OPENAI, RESPONSES, CLAUDE = "openai-custom", "openaiResponses-custom", "claude-custom"
GEMINI, GEMINI_CLI = "gemini-custom", "gemini-cli-oauth"
KIRO, QWEN = "claude-kiro-oauth", "openai-qwen-oauth"

PROVIDERS = (OPENAI, CLAUDE, KIRO)
"""One for each way of the gateway: the same protocol as a client's, another one, and one that is no client's."""

EVERY_PROVIDER = (OPENAI, RESPONSES, CLAUDE, GEMINI, GEMINI_CLI, KIRO, QWEN)
SHORT = {
    OPENAI: "openai",
    RESPONSES: "responses",
    CLAUDE: "claude",
    GEMINI: "gemini-key",
    GEMINI_CLI: "gemini",
    KIRO: "kiro",
    QWEN: "qwen",
}
MODEL = {
    OPENAI: "demo-chat",
    RESPONSES: "gpt-5.6",
    CLAUDE: "claude-sonnet-4-6",
    GEMINI: "gemini-3-flash-preview",
    GEMINI_CLI: "gemini-3-flash-preview",
    KIRO: "claude-sonnet-4.6",
    QWEN: "coder-model",
}
"""One that thinks aloud, takes images and calls tools, for each provider."""

TOLD = {provider.id: provider.told + 1 for provider in sides.PROVIDERS}
"""Frames of an upstream's stream after which a client has heard something."""

API = {provider.id: provider.api for provider in sides.PROVIDERS}
"""What the fault board calls it."""

SIGNED_IN = (GEMINI_CLI, KIRO, QWEN)
"""Their accounts are tokens in a file; those of the others are keys."""


@dataclass(frozen=True)
class Login:
    """One declared account. `secret`: a key the emulator knows, or the name of one of its accounts with tokens."""

    provider: str
    alias: str
    secret: str
    settings: Mapping[str, Any] = field(default_factory=dict)


ONE_EACH = (
    Login(OPENAI, "one", "sk-demo-openai-1"),
    Login(CLAUDE, "one", "sk-demo-claude-1"),
    Login(KIRO, "one", "aoa-social"),
)
"""At each of PROVIDERS."""

SECRET = {
    OPENAI: "sk-demo-openai-1",
    RESPONSES: "sk-demo-openai-1",
    CLAUDE: "sk-demo-claude-1",
    GEMINI: "AIza-demo-gemini-1",
    GEMINI_CLI: "ca-standard",
    KIRO: "aoa-social",
    QWEN: "qwen-1",
}
ONE_AT_EVERY = tuple(Login(provider, "one", SECRET[provider]) for provider in EVERY_PROVIDER)


def spares(provider: str, secret: str, count: int) -> list[Login]:
    """Accounts `spare0` … with the same credential: one for each test that spoils the account it uses."""
    return [Login(provider, f"spare{number}", secret) for number in range(count)]


def one_and_spares_at_every(count: int) -> list[Login]:
    """`one` and so many spares at each provider."""
    return [*ONE_AT_EVERY, *(one for provider in EVERY_PROVIDER for one in spares(provider, SECRET[provider], count))]


class Stage:
    """What the tests of a module share."""

    def __init__(
        self,
        folder: Path,
        demo: Demo,
        logins: Sequence[Login],
        server: Mapping[str, Any],
        providers: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.demo = demo
        self._logins = logins
        self._spare = dict.fromkeys(EVERY_PROVIDER, 0)
        self.env: dict[str, str] = {}
        self.home.mkdir()
        (self.home / "config.toml").write_text(self._config(server, providers), "utf-8")
        self.server: Server

    def _config(self, server: Mapping[str, Any], providers: Mapping[str, Mapping[str, Any]]) -> str:
        lines = _table("server", {"request_max_retries": 0, **server})  # a fault that is played once stays one
        for provider, urls in self._urls().items():
            own = {"rpm": 0} if provider == QWEN else {}  # tests ask more in a moment than Qwen grants
            lines += _table(f"providers.{provider}", {**urls, **own, **providers.get(provider, {})})
        for number, login in enumerate(self._logins):
            lines += ["[[accounts]]", *_pairs({"provider": login.provider, "name": login.alias, **login.settings})]
            if login.provider in SIGNED_IN:
                lines += _pairs({"credentials_file": str(self._token_file(number, login))})
            else:
                self.env[f"KEY_{number}"] = login.secret
                lines += _pairs({"api_key_env": f"KEY_{number}"})
        return "\n".join(lines) + "\n"

    def _urls(self) -> dict[str, dict[str, Any]]:
        """Every upstream URL of contract 3.1, pointed at the emulators."""
        up = self.demo.up
        secret = self.folder / "oauth-client-secret"
        secret.write_text(CLIENT_SECRET, "utf-8")
        return {
            OPENAI: {"base_url": up.openai_url},
            RESPONSES: {"base_url": up.responses_url},
            CLAUDE: {"base_url": up.claude_url},
            GEMINI: {"base_url": up.gemini_url},
            **up.settings,
            GEMINI_CLI: {
                **up.settings[GEMINI_CLI],
                "oauth_client_id": CLIENT_ID,
                "oauth_client_secret_file": str(secret),
            },
        }

    def _token_file(self, number: int, login: Login) -> Path:
        """As the vendor's client or an export has it; Kiro's with the profile, which the IDE's own file leaves out."""
        up, name = self.demo.up, login.secret
        if login.provider == KIRO:
            known = self.demo.kiro_account(name)
            token = known.credentials(up.kiro_url) | ({"profileArn": known.arn} if known.arn else {})
        elif login.provider == QWEN:
            token = up.qwen.accounts[name].credentials(up.qwen_url)
        else:
            token = up.codeassist.accounts[name].credentials()
        path = self.folder / f"{SHORT[login.provider]}-{number}.json"
        path.write_text(json.dumps(token), "utf-8")
        return path

    def start_raw(self) -> Server:
        """Start the server (once more)."""
        self.server = Server(self.home, env=self.env)
        return self.server

    def start(self) -> Server:
        """The same, and wait until it knows the models of every upstream it has an account at."""
        self.start_raw()
        wanted = {(login.provider, MODEL[login.provider]) for login in self._logins}
        eventually(lambda: wanted <= self.server.models(), "the model lists")
        return self.server

    def cli(self, *args: str, stdin: str = "") -> CompletedProcess[bytes]:
        """One `a2a` command in this home."""
        return run_cli(self.home, *args, env=self.env, stdin=stdin)

    def spare(self, provider: str) -> str:
        """`openai/spare3`: an account no test has used yet."""
        number = self._spare[provider]
        self._spare[provider] += 1
        return f"{SHORT[provider]}/spare{number}"

    def openai(self, provider: str | None = None, *, key: str = KEY) -> openai.OpenAI:
        """The official SDK, on the bare paths or under a provider's prefix."""
        prefix = f"/{provider}" if provider else ""
        return openai.OpenAI(base_url=f"{self.server.url}{prefix}/v1", api_key=key, max_retries=0)

    def anthropic(self, provider: str | None = None, *, key: str = KEY) -> anthropic.Anthropic:
        prefix = f"/{provider}" if provider else ""
        return anthropic.Anthropic(base_url=f"{self.server.url}{prefix}", api_key=key, max_retries=0)

    def google(self, provider: str | None = None, *, key: str = KEY, **options: Any) -> genai.Client:
        """`options`: of its HttpOptions."""
        prefix = f"/{provider}" if provider else ""
        return genai.Client(api_key=key, http_options=HttpOptions(base_url=f"{self.server.url}{prefix}", **options))

    @property
    def secrets(self) -> list[str]:
        """Everything that must never be shown, as it is now."""
        up = self.demo.up
        kiro = [text for one in up.kiro.accounts.values() for text in (one.refresh_token, one.client_secret)]
        kiro += [one.access_token for one in up.kiro.accounts.values() if one.generation]
        vendors = (*up.qwen.accounts.values(), *up.codeassist.accounts.values())
        others = [text for one in vendors for text in (one.access_token, one.refresh_token)]
        keys = [login.secret for login in self._logins if login.provider not in SIGNED_IN]
        return [KEY, CLIENT_SECRET, *keys, *filter(None, kiro + others)]

    def leaks(self) -> list[str]:
        """Where planted secrets show: the server's output, and files of its home outside the credential store."""
        shown = {"stdout": self.server.stdout, "stderr": self.server.stderr}
        for path in self.home.rglob("*"):
            if path.is_file() and "credentials" not in path.parts:
                shown[str(path)] = path.read_bytes().decode("utf-8", "replace")
        return [f"{place}: {secret}" for place, text in shown.items() for secret in secrets_in(text, self.secrets)]


@contextmanager
def staged(
    folder: Path,
    logins: Sequence[Login] = ONE_EACH,
    *,
    server: Mapping[str, Any] | None = None,
    providers: Mapping[str, Mapping[str, Any]] | None = None,
    serve: bool = True,
) -> Iterator[Stage]:
    """Upstreams and server up; afterwards the server drains to 0, without a complaint, and has shown no secret.

    `serve` False: a home for commands that need no server.
    """
    with Demo() as demo:
        stage = Stage(folder, demo, logins, server or {}, providers or {})
        if not serve:
            yield stage
            return
        stage.start()
        try:
            yield stage
        finally:
            stage.server.stop()
        assert stage.leaks() == []


def _table(name: str, values: Mapping[str, Any]) -> list[str]:
    return [f"[{name}]", *_pairs(values)] if values else []


def _pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in values.items()]
