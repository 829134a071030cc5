"""The person at the terminal: codes with QR and countdown, pages, pasted lines, choices; and what they are made of."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import threading
import time
from pathlib import Path

import pytest
import segno
from support.waiting import PATIENCE_S

from a2a.auth.login.person import DeviceCode
from a2a.cli import clipboard, login_choice, qr, terminal_person, typed
from a2a.cli.output import Out
from a2a.cli.terminal_person import TerminalPerson
from a2a.config import PROVIDER_SHORT
from a2a.errors import LoginFailed, UsageError
from a2a.providers.presets import PRESETS

URL = "https://login.example.com/device?user_code=KXQT-ZPLM"


def code(**fields: object) -> DeviceCode:
    values = {"service": "Acme", "user_code": "KXQT-ZPLM", "url": "https://login.example.com/device"}
    return DeviceCode(**{**values, "complete_url": URL, "expires_at": time.time() + 600, **fields})  # type: ignore[arg-type]


def terminal(text: str = "", *, tty: bool = True) -> Out:
    """Streams in memory; `tty`: whether they say that they are a terminal."""
    streams = [io.StringIO(text), io.StringIO(), io.StringIO()]
    for stream in streams:
        stream.isatty = lambda: tty  # type: ignore[method-assign]
    return Out(*streams)


def said(out: Out) -> str:
    assert isinstance(out.stderr, io.StringIO)
    return out.stderr.getvalue()


@pytest.fixture(autouse=True)
def no_clipboard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No command but those a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("TERM", "xterm-256color")
    return folder


# --- QR ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inverted", [False, True])
def test_the_blocks_are_the_modules(inverted: bool) -> None:
    upper = {"█": 1, "▀": 1, "▄": 0, " ": 0}
    lower = {"█": 1, "▀": 0, "▄": 1, " ": 0}
    rows: list[list[int]] = []
    for line in qr.lines(URL, inverted=inverted):
        rows += [[part[char] ^ inverted for char in line] for part in (upper, lower)]
    expected = [[int(bool(module)) for module in row] for row in segno.make(URL, error="l").matrix_iter(border=2)]
    assert rows[: len(expected)] == expected
    assert not any(map(sum, rows[len(expected) :]))


# --- the clipboard -------------------------------------------------------------------------------


def command(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_first_command_that_works_is_taken(no_clipboard: Path, tmp_path: Path) -> None:
    assert clipboard.copy("X") is False
    command(no_clipboard, "wl-copy", "exit 1")
    assert clipboard.copy("X") is False
    command(no_clipboard, "xclip", f'read text; echo "$* $text" > {tmp_path}/clip')
    assert clipboard.copy("KXQT\n") is True
    assert (tmp_path / "clip").read_text() == "-selection clipboard KXQT\n"


def test_a_command_that_hangs_is_given_up(no_clipboard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "_TIMEOUT_S", 0.05)
    command(no_clipboard, "pbcopy", "read never; exec /bin/sleep 60")
    assert clipboard.copy("X\n") is False


# --- a typed line --------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_line_comes_when_it_is_typed() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as stream, os.fdopen(writer, "w") as keyboard:
        waiting = asyncio.ensure_future(typed.line(stream))
        await asyncio.sleep(0)
        assert not waiting.done()
        print("  4/0Acode  ", file=keyboard, flush=True)
        assert await waiting == "4/0Acode"


@pytest.mark.anyio
async def test_a_line_that_is_no_longer_wanted_is_left_for_the_next() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader) as stream, os.fdopen(writer, "w") as keyboard:
        waiting = asyncio.ensure_future(typed.line(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        for thread in threading.enumerate():
            if thread.name == "a2a-typed":
                thread.join(PATIENCE_S)
        print("for the next", file=keyboard, flush=True)
        assert await typed.line(stream) == "for the next"


@pytest.mark.anyio
async def test_the_end_of_the_input_is_none() -> None:
    assert await typed.line(io.StringIO("")) is None
    reader, writer = os.pipe()
    os.close(writer)
    with os.fdopen(reader) as stream:
        assert await typed.line(stream) is None


# --- the person ----------------------------------------------------------------------------------


def test_a_code_on_a_terminal_has_qr_and_countdown() -> None:
    out = terminal()
    with TerminalPerson(out, browser=False) as person:
        person.show_code(code())
    text = said(out)
    assert "Sign in to Acme: open this page anywhere" in text
    assert URL in text
    assert "code: KXQT-ZPLM\n" in text
    assert "▀" in text
    assert "waiting for you: 1" in text or "waiting for you: 9:5" in text


def test_a_code_in_a_pipe_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    out = terminal(tty=False)
    with TerminalPerson(out, browser=False) as person:
        person.show_code(code(complete_url=None))
    assert said(out).splitlines()[:3] == [
        "Sign in to Acme: open this page anywhere",
        "  https://login.example.com/device",
        "  code: KXQT-ZPLM",
    ]
    assert "\x1b" not in said(out)
    assert "▀" not in said(out)


def test_without_colours_the_qr_is_drawn_for_a_dark_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = terminal()
    with TerminalPerson(out, browser=False) as person:
        person.show_code(code())
    assert qr.lines(URL, inverted=True)[3].rstrip() in said(out)


def test_a_narrow_terminal_gets_no_broken_qr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    out = terminal()
    with TerminalPerson(out, browser=False) as person:
        person.show_code(code())
    assert "▀" not in said(out)
    assert URL in said(out).replace("\n", "")


def test_the_code_is_copied_and_said_so(no_clipboard: Path) -> None:
    command(no_clipboard, "pbcopy", "read text")
    out = terminal()
    with TerminalPerson(out, browser=False) as person:
        person.show_code(code(user_code="ABCD\n"))
    assert "(copied)" in said(out)


def test_the_browser_opens_only_where_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    came = threading.Event()
    monkeypatch.setattr(
        terminal_person.webbrowser,
        "open",
        lambda url: (opened.append(url), came.set()),  # type: ignore[func-returns-value]
    )
    out = terminal(tty=False)
    with TerminalPerson(out, browser=False) as person:
        person.show_page("https://a.example/x", opens=True, paste=None, expires_at=time.time() + 60)
    with TerminalPerson(out, browser=True) as person:
        person.show_page("https://a.example/y", opens=False, paste="the code", expires_at=time.time() + 60)
        person.show_page("https://a.example/z", opens=True, paste="the address", expires_at=time.time() + 60)
        assert came.wait(PATIENCE_S)
    assert opened == ["https://a.example/z"]
    text = said(out)
    assert text.count("Open this page in a browser:") == 2
    assert "Then paste the code here:" in text
    assert "Then paste the address here, if the browser runs elsewhere:" in text


@pytest.mark.anyio
async def test_nobody_pastes_when_the_input_has_ended() -> None:
    with TerminalPerson(terminal("one\n", tty=False), browser=False) as person:
        assert await person.pasted() == "one"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(person.pasted(), 0.05)


@pytest.mark.anyio
async def test_a_choice_is_asked_until_it_is_one() -> None:
    out = terminal("x\n3\n2\n")
    with TerminalPerson(out, browser=False) as person:
        assert await person.choose("Which profile?", ["a", "b"]) == 1
    assert said(out).count("Which profile? [1-2]") == 3


@pytest.mark.anyio
async def test_without_a_terminal_nothing_is_chosen() -> None:
    silent = TerminalPerson(terminal("1\n", tty=False), browser=False)
    with silent as person, pytest.raises(LoginFailed, match="Which profile"):
        await person.choose("Which profile?", ["a", "b"])
    with TerminalPerson(terminal(""), browser=False) as person, pytest.raises(LoginFailed, match="nothing was chosen"):
        await person.choose("Which profile?", ["a", "b"])


# --- the list of a2a login -----------------------------------------------------------------------


def test_every_provider_and_preset_is_on_the_list() -> None:
    offered = login_choice.choices()
    assert {choice.provider for choice in offered} == set(PROVIDER_SHORT)
    assert {choice.preset for choice in offered} == {*PRESETS, None}


@pytest.mark.parametrize("answer", ["1", "openai", "KIRO", "another"])
def test_a_number_or_a_name_chooses(answer: str) -> None:
    found = login_choice.choose(terminal(f"{answer}\n"))
    wanted = {"1": "openai-custom", "openai": "openai-custom", "KIRO": "claude-kiro-oauth", "another": "openai-custom"}
    assert found.provider == wanted[answer]
    assert found.asks_url is (answer == "another")


@pytest.mark.parametrize("answer", ["", "0", "99", "nonsense", "o"])
def test_anything_else_is_told(answer: str) -> None:
    with pytest.raises(UsageError, match="no line of this list"):
        login_choice.choose(terminal(f"{answer}\n"))


def test_without_a_terminal_the_provider_must_be_named() -> None:
    with pytest.raises(UsageError) as caught:
        login_choice.choose(terminal("1\n", tty=False))
    assert "gemini-key" in (caught.value.hint or "")
