"""The listener at the end of a browser login: whose answer counts, what others get, and what is left behind."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator

import pytest
from support.person import FakePerson, meanwhile

from a2a.auth.login import loopback
from a2a.auth.login.loopback import Callback, Listener, listen
from a2a.auth.login.pkce import new_pkce, new_state
from a2a.clock import SystemClock
from a2a.demo.pkce import challenge_of
from a2a.errors import LoginFailed, NeedsAction

pytestmark = pytest.mark.anyio

STATE = "state-of-this-login"
CLOCK = SystemClock()
GOOD = f"/callback?code=planted-code&state={STATE}"


@pytest.fixture
def person() -> FakePerson:
    return FakePerson()


@pytest.fixture
async def listener(person: FakePerson) -> AsyncIterator[Listener]:
    async with listen(["/callback", "/other"], STATE, person) as made:
        yield made


async def answer(listener: Listener, *, paste: bool = True, within_s: float = 60.0) -> Callback:
    return await listener.answer(clock=CLOCK, expires_at=CLOCK.now() + within_s, paste=paste)


async def raw(port: int, request: bytes) -> str:
    """All that the listener says to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return (await reader.read()).decode()
    finally:
        writer.close()
        await writer.wait_closed()


async def get(listener: Listener, target: str, *, method: str = "GET", host: str = "127.0.0.1:{port}") -> str:
    told = host.format(port=listener.port)
    return await raw(listener.port, f"{method} {target} HTTP/1.1\r\nHost: {told}\r\nAccept: */*\r\n\r\n".encode())


def status(said: str) -> int:
    found = re.match(r"HTTP/1\.1 (\d{3}) ", said)
    assert found, said
    return int(found[1])


# --- the answer ----------------------------------------------------------------------------------


async def test_the_answer_with_our_state_is_taken(listener: Listener) -> None:
    said = await get(listener, GOOD + "&scope=a+b")
    assert status(said) == 200
    assert await answer(listener) == Callback("/callback", {"code": "planted-code", "state": STATE, "scope": "a b"})


async def test_it_may_come_while_somebody_waits_and_on_any_of_the_paths(listener: Listener) -> None:
    found = await meanwhile(answer(listener), get(listener, f"/other?state={STATE}&login_option=google"))
    assert (found.path, found.query["login_option"]) == ("/other", "google")


async def test_a_refusal_ends_the_wait_too(listener: Listener) -> None:
    said = await get(listener, f"/callback?error=access_denied&state={STATE}")
    assert status(said) == 200
    assert "refused" in said
    assert (await answer(listener)).query["error"] == "access_denied"


async def test_nothing_of_a_request_comes_back(listener: Listener) -> None:
    for target in (f"/callback?code=planted&state={STATE}", "/planted", "/callback?state=planted", "/callback?planted"):
        said = await get(listener, target)
        assert "planted" not in said
        assert "default-src 'none'" in said
        assert "no-referrer" in said


async def test_localhost_is_a_name_of_ours(listener: Listener) -> None:
    assert status(await get(listener, GOOD, host="LocalHost:{port}")) == 200


def test_a_callback_does_not_show_its_code() -> None:
    assert repr(Callback("/callback", {"code": "planted", "state": "s"})) == "Callback('/callback', ['code', 'state'])"


# --- what does not count -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["code=c&state=another", "code=c", "", "code=c&state=", "error=access_denied", "state=%C3%A9"]
)
async def test_a_foreign_answer_is_refused_and_told(listener: Listener, person: FakePerson, query: str) -> None:
    assert status(await get(listener, f"/callback?{query}")) == 400
    (remark,) = person.remarks
    assert "another login was refused" in remark
    assert status(await get(listener, GOOD)) == 200
    assert (await answer(listener)).query["code"] == "planted-code"


async def test_a_flood_of_foreign_answers_is_not_told_for_ever(listener: Listener, person: FakePerson) -> None:
    for _ in range(10):
        await get(listener, "/callback?state=x")
    assert len(person.remarks) == 3


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/favicon.ico", 404),
        ("GET", f"/callback/?code=c&state={STATE}", 404),
        ("POST", GOOD, 405),
        ("OPTIONS", GOOD, 405),
        ("GET", f"http://127.0.0.1/callback?code=c&state={STATE}", 400),
        ("GET", f"/callback?code=c&state={STATE}&state={STATE}", 400),
        ("GET", f"/callback?code=%ff&state={STATE}", 400),
        ("GET", f"/callback?state={STATE}" + "&a=b" * 100, 400),
        ("GET", f"/callback?state={STATE}&{'x' * 20_000}", 431),
    ],
)
async def test_other_requests_get_their_status_and_the_wait_goes_on(
    listener: Listener, person: FakePerson, method: str, target: str, expected: int
) -> None:
    assert status(await get(listener, target, method=method)) == expected
    assert person.remarks == []
    assert status(await get(listener, GOOD)) == 200
    assert (await answer(listener)).query["code"] == "planted-code"


async def test_head_gets_no_body(listener: Listener) -> None:
    said = await get(listener, GOOD, method="HEAD")
    assert status(said) == 405
    assert "allow: GET" in said
    assert said.endswith("\r\n\r\n")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost.evil.example", "[::1]:{port}", ""]
)
async def test_a_rebound_name_is_refused(listener: Listener, host: str) -> None:
    assert status(await get(listener, GOOD, host=host)) == 400
    assert status(await get(listener, GOOD)) == 200


@pytest.mark.parametrize(
    "request_head",
    [
        f"GET {GOOD} HTTP/1.1\r\n\r\n",
        f"GET {GOOD} HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        f"GET {GOOD}\r\n\r\n",
        f"GET {GOOD} SPDY/3\r\nHost: localhost\r\n\r\n",
        f"GET {GOOD} x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\x16\x03\x01\x02 \r\n\r\n",
        "\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused(listener: Listener, request_head: str) -> None:
    assert status(await raw(listener.port, request_head.encode())) == 400
    assert status(await get(listener, GOOD)) == 200


async def test_a_second_answer_comes_too_late(listener: Listener) -> None:
    await get(listener, GOOD)
    assert status(await get(listener, f"/callback?code=second&state={STATE}")) == 410
    assert status(await get(listener, "/favicon.ico")) == 404
    assert (await answer(listener)).query["code"] == "planted-code"


async def test_a_request_may_come_in_pieces(listener: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    for byte in f"GET {GOOD} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode():
        writer.write(bytes([byte]))
        await writer.drain()
    assert status((await reader.read()).decode()) == 200
    writer.close()
    await writer.wait_closed()


# --- bounds --------------------------------------------------------------------------------------


async def cut(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 20) == b""
    except ConnectionResetError:
        return True


async def test_a_silent_connection_is_cut(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "_CONNECTION_S", 0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"GET /callback HTTP/1.1\r\n")
    assert await cut(reader)
    writer.close()


async def test_silent_connections_do_not_keep_the_browser_out(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "_MOST_CONNECTIONS", 2)
    monkeypatch.setattr(loopback, "_CONNECTION_S", 1000.0)  # not the timer's doing
    silent = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(3)]
    assert await cut(silent[0][0])
    assert status(await get(listener, GOOD)) == 200
    for _, writer in silent:
        writer.close()


async def test_a_client_that_leaves_early_does_no_harm(listener: Listener) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"GET /call")
    writer.transport.abort()
    assert status(await get(listener, GOOD)) == 200


# --- pasting -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("http://127.0.0.1:1234" + GOOD, "/callback"),
        (f"https://localhost/other?code=planted-code&state={STATE}#x", "/other"),
        (f'"http://127.0.0.1:1/callback?code=planted-\n code&state={STATE}"', "/callback"),
        (f"code=planted-code&state={STATE}", "/callback"),
        (f"?state={STATE}&code=planted-code", "/callback"),
    ],
)
async def test_a_pasted_address_counts(listener: Listener, person: FakePerson, line: str, path: str) -> None:
    person.paste(line)
    found = await answer(listener)
    assert (found.path, found.query["code"]) == (path, "planted-code")
    assert person.remarks == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("4/0Aplanted", "not the address"),
        ("http://127.0.0.1/elsewhere?code=planted&state=" + STATE, "not the address"),
        ("http://[broken", "not the address"),
        ("http://127.0.0.1/callback?code=planted", "not the address"),
        ("code=planted&state=another", "another login"),
    ],
)
async def test_another_line_is_remarked_upon_and_the_wait_goes_on(
    listener: Listener, person: FakePerson, line: str, told: str
) -> None:
    async def act() -> None:
        person.paste("")
        person.paste(line)
        remark = await person.told()
        assert told in remark
        assert "planted" not in remark
        await get(listener, GOOD)

    assert (await meanwhile(answer(listener), act())).query["code"] == "planted-code"


async def test_after_a_paste_the_browser_comes_too_late(listener: Listener, person: FakePerson) -> None:
    person.paste(f"code=pasted&state={STATE}")
    assert (await answer(listener)).query["code"] == "pasted"
    assert status(await get(listener, GOOD)) == 410


async def test_without_paste_nothing_is_read(listener: Listener, person: FakePerson) -> None:
    person.paste(f"code=pasted&state={STATE}")
    found = await meanwhile(answer(listener, paste=False), get(listener, GOOD))
    assert found.query["code"] == "planted-code"


async def test_an_error_of_the_person_comes_out_as_itself(listener: Listener, person: FakePerson) -> None:
    person.paste(NeedsAction("no terminal", reason="x"))
    with pytest.raises(NeedsAction, match="no terminal"):
        await answer(listener)


async def test_a_time_out_of_the_person_is_not_ours(listener: Listener, person: FakePerson) -> None:
    person.paste(TimeoutError("the person's own"))
    with pytest.raises(TimeoutError, match="the person's own"):
        await answer(listener)


# --- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("paste", [True, False])
async def test_no_answer_in_time(listener: Listener, *, paste: bool) -> None:
    with pytest.raises(LoginFailed, match="no answer came") as caught:
        await answer(listener, paste=paste, within_s=0.01)
    assert "--no-browser" in (caught.value.hint or "")


async def test_the_first_free_port_is_taken(person: FakePerson) -> None:
    with socket.socket() as taken, socket.socket() as free:
        for one in (taken, free):
            one.bind(("127.0.0.1", 0))
        taken.listen()
        ports = [one.getsockname()[1] for one in (taken, free)]
        free.close()
        async with listen(["/callback"], STATE, person, ports=ports) as listener:
            assert listener.port == ports[1]


async def test_no_free_port(person: FakePerson) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LoginFailed, match=f"tried {port}") as caught:
            async with listen(["/callback"], STATE, person, ports=[port]):
                raise AssertionError("it must not listen")
    assert "--no-browser" in (caught.value.hint or "")


async def test_nothing_is_left_behind(person: FakePerson, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "_CONNECTION_S", 1000.0)  # not the timer's doing
    before = asyncio.all_tasks()
    async with listen(["/callback"], STATE, person) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        await get(listener, GOOD)
        await answer(listener)
    assert await cut(reader)
    writer.close()
    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", listener.port)


async def test_nothing_is_left_behind_by_a_login_that_is_cancelled(person: FakePerson) -> None:
    before = asyncio.all_tasks()
    ports: asyncio.Queue[int] = asyncio.Queue()

    async def login() -> None:
        async with listen(["/callback"], STATE, person) as listener:
            ports.put_nowait(listener.port)
            await answer(listener)

    running = asyncio.create_task(login())
    port = await ports.get()
    await raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
async def test_it_listens_on_one_address_only(listener: Listener) -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.2", listener.port)


# --- PKCE ----------------------------------------------------------------------------------------


def test_a_pair_is_new_each_time_and_matches() -> None:
    one, other = new_pkce(), new_pkce()
    assert one.challenge == challenge_of(one.verifier.reveal())
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", one.verifier.reveal())
    assert one.challenge != other.challenge
    assert new_state() != new_state()
    assert one.verifier.reveal() not in repr(one)
