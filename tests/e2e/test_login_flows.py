"""`a2a login` against the emulated pages of every vendor: what a person sees, what is stored, what is said."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from support.a2a_process import Server, clean_env, run_cli, secrets_in
from support.cli_run import Run
from support.demo_thread import Demo
from support.waiting import PATIENCE_S, eventually

from a2a.auth.accounts import AccountStore
from a2a.auth.codec import decode_credential
from a2a.auth.records import Account, GoogleToken, KiroToken, QwenToken
from a2a.auth.store import open_store
from a2a.config import PROVIDER_SHORT
from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET
from a2a.paths import folders

START_URL = "https://acme.awsapps.com/start"
FOLLOW = Path(__file__).parents[1] / "support" / "follow.py"
BROWSER = f"{shlex.quote(sys.executable)} {shlex.quote(str(FOLLOW))} %s"


@pytest.fixture(scope="module")
def running() -> Iterator[Demo]:
    with Demo() as demo:
        yield demo


@pytest.fixture
def demo(running: Demo) -> Demo:
    running.reset()
    up = running.up
    for state in (up.kiro, up.qwen, up.codeassist):
        state.reset()
    for flags in (up.kiro.logins.flags, up.qwen.flags):
        flags.interval_s, flags.pending_polls = 1, 0
    return running


@pytest.fixture
def env(demo: Demo) -> dict[str, str]:
    """The settings of contract 3.1 that point at the pages, as variables."""
    found = {"A2A_GEMINI_OAUTH_CLIENT_ID": CLIENT_ID, "A2A_GEMINI_OAUTH_CLIENT_SECRET": CLIENT_SECRET}
    for provider, settings in demo.up.settings.items():
        for key, value in settings.items():
            text = value if isinstance(value, str) else ",".join(value)
            found[f"A2A_{PROVIDER_SHORT[provider].upper()}_{key.upper()}"] = text
    found["A2A_KIRO_OIDC_URL"] += "/{region}"
    return found


@pytest.fixture
def a2a(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> type[Run]:
    """One command in this process."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return Run


def accounts(home: Path) -> list[Account]:
    return AccountStore(folders(str(home))).list()


def only(home: Path) -> Account:
    (account,) = accounts(home)
    return account


def token(home: Path, account: Account, kind: str = "keyring") -> Any:
    store = open_store(kind, folders(str(home)), say=print)  # type: ignore[arg-type]
    return decode_credential(store.get(account.id) or b"", account.name)


def nothing_stored(home: Path) -> bool:
    return accounts(home) == [] and not any((home / "data").rglob("*.json"))


# --- device codes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "kind", "idp"),
    [
        (("--method", "google"), "social", "Google"),
        (("--method", "github"), "social", "Github"),
        (("--method", "builder-id"), "idc", "BuilderId"),
        (("--start-url", START_URL), "idc", "Enterprise"),
        (
            ("--method", "idc", "--start-url", START_URL, "--region", "eu-west-1"),
            "idc",
            "Enterprise",
        ),
    ],
    ids=["google", "github", "builder-id", "idc-region-found", "idc"],
)
def test_kiro_by_a_code(a2a: type[Run], home: Path, args: tuple[str, ...], kind: str, idp: str) -> None:
    run = a2a("login", "kiro", *args, "--yes")
    assert run.code == 0, run.stderr
    assert re.search(r"code: [B-Z]{4}-[B-Z]{4}", run.stderr)
    account = only(home)
    assert run.stdout.startswith(f"logged in: kiro/{account.alias} (KIRO FREE, ")
    assert (account.alias, account.kind) == ("aoa-login-1@example.com", kind)
    stored = token(home, account)
    assert isinstance(stored, KiroToken)
    assert (stored.kind, stored.idp) == (kind, idp)
    assert secrets_in(run.stdout + run.stderr, [stored.access_token.reveal(), stored.refresh_token.reveal()]) == []
    chat = a2a("chat", "-p", "kiro", "Say hello")
    assert (chat.code, chat.stdout) == (0, "You said: Say hello — noted ✓\n"), chat.stderr


def test_qwen_by_a_code(a2a: type[Run], demo: Demo, home: Path) -> None:
    run = a2a("login", "qwen", "--device", "--yes")
    assert run.code == 0, run.stderr
    assert "Qwen closed its OAuth tier on 2026-04-15" in " ".join(run.stderr.split())
    assert isinstance(token(home, only(home)), QwenToken)


def test_qwen_s_closed_tier_is_told_after_the_login(a2a: type[Run], demo: Demo, home: Path) -> None:
    demo.up.qwen.flags.closed = True
    run = a2a("login", "qwen", "--device", "--yes")
    assert run.code == 1
    assert run.stdout.startswith("logged in: qwen/1")
    assert "cannot be used" in run.stderr
    assert "a2a login qwen --api-key-stdin --plan standard" in " ".join(run.stderr.split())
    assert a2a("accounts", "--json").data[0]["state"] == "retired"


@pytest.mark.parametrize(
    "args", [("kiro", "--method", "google"), ("kiro", "--method", "builder-id"), ("qwen", "--device")]
)
@pytest.mark.parametrize(("flag", "value"), [("approval", "deny"), ("code_life_s", 0)], ids=["denied", "expired"])
def test_what_the_person_does_not_confirm_is_not_stored(
    a2a: type[Run], demo: Demo, home: Path, args: tuple[str, ...], flag: str, value: Any
) -> None:
    for flags in (demo.up.kiro.logins.flags, demo.up.qwen.flags):
        setattr(flags, flag, value)
    run = a2a("login", *args, "--yes")
    assert run.code == 3, run.stderr
    assert ("refused" if flag == "approval" else "expired") in run.stderr
    assert nothing_stored(home)


def test_several_profiles_are_a_choice(a2a: type[Run], demo: Demo, home: Path) -> None:
    demo.up.kiro.logins.flags.profiles = 2
    login = ("login", "kiro", "--start-url", START_URL, "--region", "eu-west-1", "--yes")
    run = a2a(*login)
    assert run.code == 3
    assert "this account has several profiles" in run.stderr
    assert nothing_stored(home)
    first, second = re.findall(r"arn:aws:codewhisperer:[^ ,\n]+", run.stderr)
    assert first != second
    chosen = a2a(*login, stdin="2\n", tty=True)
    assert chosen.code == 0, chosen.stderr
    stored = token(home, only(home))
    assert stored.profile_arn in demo.up.kiro.accounts["aoa-login-2"].more_arns
    assert a2a("chat", "-p", "kiro", "Say hello").code == 0


# --- keys ----------------------------------------------------------------------------------------


def test_a_kiro_key_is_tried_before_it_is_stored(a2a: type[Run], home: Path) -> None:
    refused = a2a("login", "kiro", "--method", "api-key", "--api-key-stdin", "--yes", stdin="ksk_wrong\n")
    assert refused.code == 3
    assert "Kiro refuses this key" in refused.stderr
    assert nothing_stored(home)
    run = a2a("login", "kiro", "--api-key-stdin", "--yes", stdin="ksk_test\n")
    assert run.code == 0, run.stderr
    assert only(home).kind == "api_key"
    assert "ksk_" not in run.stdout + run.stderr + refused.stderr


# --- the browser, and pasting --------------------------------------------------------------------


def test_google_in_the_browser(env: dict[str, str], home: Path) -> None:
    run = run_cli(home, "login", "gemini", "--yes", env={**env, "BROWSER": BROWSER})
    assert run.returncode == 0, run.stderr.decode()
    assert run.stdout.decode().startswith("logged in: gemini/ca-standard@example.com (Gemini ")
    stored = token(home, only(home), "file")
    assert isinstance(stored, GoogleToken)
    assert stored.refresh_token.reveal().startswith("1//")
    again = run_cli(home, "login", "gemini", env={**env, "BROWSER": BROWSER})
    assert again.stdout.decode().startswith("renewed: gemini/ca-standard@example.com")
    assert len(accounts(home)) == 1


@pytest.mark.parametrize("who", ["ca-retired", "ca-validation", "ca-no-licence"])
def test_a_google_account_that_is_not_served_is_told_so(env: dict[str, str], demo: Demo, home: Path, who: str) -> None:
    demo.up.codeassist.flags.login_as = who
    run = run_cli(home, "login", "gemini", "--yes", env={**env, "BROWSER": BROWSER})
    said = " ".join(run.stderr.decode().split())
    assert run.returncode == 1, said
    assert "the login worked, but the account cannot be used" in said
    words = {"ca-retired": "2026-06-18", "ca-validation": "https://accounts.example/verify", "ca-no-licence": "licence"}
    assert words[who] in said
    assert token(home, only(home), "file")


@pytest.mark.parametrize("option", ["google", "builderid", "awsidc", "external_idp"])
def test_kiro_s_portal_in_the_browser(env: dict[str, str], demo: Demo, home: Path, option: str) -> None:
    demo.up.kiro.logins.flags.option = option  # type: ignore[assignment]
    run = run_cli(home, "login", "kiro", "--method", "portal", "--yes", env={**env, "BROWSER": BROWSER})
    assert run.returncode == 0, run.stderr.decode()
    kinds = {"google": "social", "builderid": "idc", "awsidc": "idc", "external_idp": "external_idp"}
    assert only(home).kind == kinds[option]
    assert run_cli(home, "chat", "-p", "kiro", "Say hello", env=env).returncode == 0


class Typist:
    """`a2a login` with somebody at its stdin, who reads what it shows."""

    def __init__(self, home: Path, env: dict[str, str], *args: str) -> None:
        self._err = home.parent / "login.err"
        with self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "a2a", "login", *args],
                env=clean_env(home, env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
            )

    @property
    def seen(self) -> str:
        return self._err.read_text("utf-8")

    def page(self) -> str:
        """The address that it shows."""
        return eventually(lambda: next(iter(re.findall(r"^  (http\S+)$", self.seen, re.MULTILINE)), ""), "the page")

    def paste(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, str]:
        stdout, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, stdout.decode()

    def interrupt(self) -> int:
        self.process.send_signal(2)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, follow_redirects=False, timeout=PATIENCE_S)


def test_google_by_a_pasted_code(env: dict[str, str], home: Path) -> None:
    typist = Typist(home, env, "gemini", "--no-browser", "--yes")
    shown = get(get(typist.page()).headers["location"]).text
    code = re.findall(r"<code[^>]*>([^<]+)</code>", shown)[0]
    typist.paste("not the code")
    eventually(lambda: "does not take this code" in typist.seen, "the remark")
    typist.paste(code.replace("/", "%2F"))
    returncode, stdout = typist.end()
    assert returncode == 0, typist.seen
    assert stdout.startswith("logged in: gemini/ca-standard@example.com")
    assert code not in typist.seen + stdout


def test_a_browser_on_another_machine_ends_in_a_pasted_address(env: dict[str, str], home: Path) -> None:
    typist = Typist(home, {**env, "BROWSER": f"{shlex.quote(sys.executable)} -c 'pass' %s"}, "gemini", "--yes")
    typist.paste(get(typist.page()).headers["location"])
    returncode, stdout = typist.end()
    assert returncode == 0, typist.seen
    assert stdout.startswith("logged in: gemini/")


def test_only_the_answer_of_this_login_counts(env: dict[str, str], demo: Demo, home: Path) -> None:
    """Wrong state, favicons and other hosts are refused; the right one ends it; a second one is too late."""
    typist = Typist(home, {**env, "BROWSER": f"{shlex.quote(sys.executable)} -c 'pass' %s"}, "gemini", "--yes")
    callback = get(typist.page()).headers["location"]
    root = f"http://{urlsplit(callback).netloc}"
    assert get(f"{root}/favicon.ico").status_code == 404
    assert get(re.sub(r"state=[^&]+", "state=another", callback)).status_code == 400
    assert httpx.get(callback, headers={"host": "evil.example"}, trust_env=False).status_code == 400
    eventually(lambda: "another login was refused" in typist.seen, "the remark")
    demo.up.codeassist.flags.answer_delay_s = 0.3
    first = get(callback)
    assert first.status_code == 200
    assert get(callback).status_code == 410
    returncode, _ = typist.end()
    assert returncode == 0, typist.seen
    with pytest.raises(httpx.ConnectError):
        get(callback)


def test_a_code_that_was_used_before_is_told(env: dict[str, str], home: Path) -> None:
    typist = Typist(home, {**env, "BROWSER": f"{shlex.quote(sys.executable)} -c 'pass' %s"}, "gemini", "--yes")
    callback = get(typist.page()).headers["location"]
    typist.paste(re.sub(r"code=[^&]+", "code=4%2F0Aspent", callback))
    returncode, _ = typist.end()
    assert returncode == 3
    assert "does not take this code" in typist.seen
    assert nothing_stored(home)


def test_who_refuses_on_the_page_is_believed(env: dict[str, str], demo: Demo, home: Path) -> None:
    demo.up.codeassist.flags.approval = "deny"
    run = run_cli(home, "login", "gemini", "--yes", env={**env, "BROWSER": BROWSER})
    assert run.returncode == 3
    assert b"refused on Google's page" in run.stderr
    assert nothing_stored(home)


def test_ctrl_c_stores_nothing_and_closes_the_port(env: dict[str, str], home: Path) -> None:
    typist = Typist(home, {**env, "BROWSER": f"{shlex.quote(sys.executable)} -c 'pass' %s"}, "gemini", "--yes")
    callback = get(typist.page()).headers["location"]
    assert typist.interrupt() == 130
    assert nothing_stored(home)
    assert "Traceback" not in typist.seen
    with pytest.raises(httpx.ConnectError):
        get(callback)


# --- taking over, and who hears of it ------------------------------------------------------------


def vendors_files(demo: Demo, user: Path) -> None:
    """What the vendors' own clients leave in a home, in their exact formats."""
    up = demo.up
    google = up.codeassist.accounts["ca-standard"].credentials()
    qwen = up.qwen.accounts["qwen-1"].credentials(up.qwen_url)
    kiro = up.kiro.accounts["aoa-social"].credentials(up.kiro_url)
    for path, content in (
        (".gemini/oauth_creds.json", google),
        (".gemini/google_accounts.json", {"active": "ca-standard@example.com", "old": []}),
        (".qwen/oauth_creds.json", qwen),
        (".aws/sso/cache/kiro-auth-token.json", kiro),
    ):
        file = user / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({key: value for key, value in content.items() if key not in ("name", "project_id")}))
        file.chmod(0o600)


def test_one_command_takes_over_what_the_vendors_clients_have(env: dict[str, str], demo: Demo, home: Path) -> None:
    vendors_files(demo, home.parent)
    before = {path: path.read_bytes() for path in home.parent.rglob("*.json")}
    for provider, name in (("gemini", "ca-standard@example.com"), ("qwen", "1"), ("kiro", "user@example.com")):
        run = run_cli(home, "login", provider, "--from-cli", "--yes", env=env)
        assert run.returncode == 0, run.stderr.decode()
        assert run.stdout.decode().startswith(f"logged in: {provider}/{name} (")
    assert {path: path.read_bytes() for path in before} == before
    for model in ("gemini/gemini-2.5-pro", "qwen/coder-model", "kiro/auto"):
        chat = run_cli(home, "chat", "-m", model, "Say hello", env=env)
        assert chat.returncode == 0, chat.stderr.decode()


def test_a_running_server_takes_a_new_account_at_once(env: dict[str, str], demo: Demo, home: Path) -> None:
    home.mkdir()
    server = Server(home, env=env)
    try:
        body = {"model": "kiro/auto", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 50}
        assert server.http.post("/v1/messages", json=body).status_code == 503
        given = {**env, "A2A_API_KEY": "local-key-of-this-test-run"}
        assert run_cli(home, "login", "kiro", "--method", "google", "--yes", env=given).returncode == 0
        assert server.http.post("/v1/messages", json=body).status_code == 200
    finally:
        server.stop()
