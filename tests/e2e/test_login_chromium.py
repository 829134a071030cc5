"""Logins through a real browser: a person reads the vendor's page there, decides, and the terminal goes on."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.a2a_process import clean_env, run_cli
from support.chromium import CHROMIUM, Page
from support.demo_thread import Demo
from support.stage import KIRO
from support.waiting import PATIENCE_S, eventually

from a2a.auth.accounts import AccountStore
from a2a.config import PROVIDER_SHORT
from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET
from a2a.paths import folders

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

SENDER = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
"""The BROWSER of these tests: notes where it was sent, and the test opens that in the real one."""


@pytest.fixture
def demo() -> Iterator[Demo]:
    with Demo() as demo:
        demo.up.ask_people()
        for flags in (demo.up.kiro.logins.flags, demo.up.qwen.flags):
            flags.interval_s, flags.pending_polls = 1, 0
        yield demo


class Login:
    """`a2a login` that waits for its browser."""

    def __init__(self, demo: Demo, home: Path, *args: str) -> None:
        self.home, self._sent = home, home.parent / "sent"
        command = [sys.executable, "-c", SENDER, str(self._sent)]
        self.env = {
            "A2A_GEMINI_OAUTH_CLIENT_ID": CLIENT_ID,
            "A2A_GEMINI_OAUTH_CLIENT_SECRET": CLIENT_SECRET,
            "BROWSER": f"{shlex.join(command)} %s",
        }
        for provider, settings in demo.up.settings.items():
            for key, value in settings.items():
                text = value if isinstance(value, str) else ",".join(value)
                self.env[f"A2A_{PROVIDER_SHORT[provider].upper()}_{key.upper()}"] = text
        self._process = subprocess.Popen(
            [sys.executable, "-m", "a2a", "login", *args, "--yes"],
            env=clean_env(home, self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def sent_to(self) -> str:
        """Where the browser is to go; each page once."""

        def look() -> str:
            text = self._sent.read_text("utf-8") if self._sent.exists() else ""
            if text:  # else it is being written
                self._sent.unlink()
            return text

        return eventually(look, "the browser to be opened")

    def end(self) -> tuple[int, str, str]:
        stdout, stderr = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, stdout.decode(), stderr.decode()


def logged_in(login: Login) -> str:
    """It ended well: what was said."""
    code, stdout, stderr = login.end()
    assert code == 0, stderr
    assert len(AccountStore(folders(str(login.home))).list()) == 1
    return stdout


def test_google_s_consent_page(demo: Demo, home: Path) -> None:
    login = Login(demo, home, "gemini")

    async def person() -> None:
        async with Page() as page:
            await page.open(login.sent_to())
            await page.reads("Sign in with the Google demo")
            await page.click("allow")
            assert "a2a goes on where the login began" in await page.reads("The answer has arrived")

    asyncio.run(person())
    assert logged_in(login).startswith("logged in: gemini/ca-standard@example.com (Gemini Code Assist")


def test_google_s_consent_page_refused(demo: Demo, home: Path) -> None:
    login = Login(demo, home, "gemini")

    async def person() -> None:
        async with Page() as page:
            await page.open(login.sent_to())
            await page.click("deny")
            await page.reads("The login was refused")

    asyncio.run(person())
    code, _, stderr = login.end()
    assert (code, "refused on Google's page" in stderr) == (3, True)
    assert not (home / "data").exists()


@pytest.mark.parametrize(
    ("option", "more"), [("google", ()), ("builderid", ("approve",)), ("external_idp", ("approve",))]
)
def test_kiro_s_portal(demo: Demo, home: Path, option: str, more: tuple[str, ...]) -> None:
    login = Login(demo, home, "kiro", "--method", "portal")

    async def person() -> None:
        async with Page() as page:
            await page.open(login.sent_to())
            await page.click(option)
            await page.reads("The answer has arrived")
            for button in more:
                await page.open(login.sent_to())
                await page.click(button)
                await page.reads("The answer has arrived")

    asyncio.run(person())
    assert logged_in(login).startswith("logged in: kiro/")
    chat = run_cli(login.home, "chat", "-p", KIRO, "Say hello", env=login.env)
    assert chat.returncode == 0, chat.stderr.decode()


@pytest.mark.parametrize(
    "args", [("kiro", "--method", "google"), ("kiro", "--method", "builder-id"), ("qwen", "--device")]
)
def test_a_code_confirmed_in_the_browser(demo: Demo, home: Path, args: tuple[str, ...]) -> None:
    login = Login(demo, home, *args)

    async def person() -> None:
        async with Page() as page:
            await page.open(login.sent_to())
            await page.click("approve")
            await page.reads("approved")

    asyncio.run(person())
    assert logged_in(login).startswith(f"logged in: {args[0]}/")
