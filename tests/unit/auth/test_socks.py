"""The SOCKS5 handshake by its bytes."""

from __future__ import annotations

import pytest

from a2a.auth.socks import PORT, Socks, Steps, handshake, socks_of
from a2a.errors import ProxyFailed

PROXY = Socks("proxy.test", 1080)
WITH_LOGIN = Socks("proxy.test", 1080, "me", "pw")
DONE = [b"\x05\x00\x00\x01", b"\x00" * 6]


def talk(steps: Steps, *answers: bytes) -> list[bytes]:
    """What is sent, when the proxy answers so; each answer has the length that was asked for."""
    sent = []
    send, wanted = next(steps)
    for answer in answers:
        assert len(answer) == wanted
        sent.append(send)
        try:
            send, wanted = steps.send(answer)
        except StopIteration:
            return [one for one in sent if one]
    raise AssertionError(f"it wants {wanted} more bytes")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("api.example.com", b"\x03\x0fapi.example.com"),
        ("192.0.2.1", b"\x01\xc0\x00\x02\x01"),
        ("2001:db8::1", b"\x04\x20\x01\x0d\xb8" + b"\x00" * 11 + b"\x01"),
        ("fe80::1%eth0", b"\x04\xfe\x80" + b"\x00" * 13 + b"\x01"),
    ],
)
def test_the_target_as_a_name_or_an_address(host: str, address: bytes) -> None:
    sent = talk(handshake(PROXY, host, 443), b"\x05\x00", *DONE)
    assert sent == [b"\x05\x01\x00", b"\x05\x01\x00" + address + b"\x01\xbb"]


def test_a_login_where_it_is_asked_for() -> None:
    sent = talk(handshake(WITH_LOGIN, "h", 80), b"\x05\x02", b"\x01\x00", *DONE)
    assert sent[:2] == [b"\x05\x02\x00\x02", b"\x01\x02me\x02pw"]


def test_and_none_where_it_is_not() -> None:
    assert len(talk(handshake(WITH_LOGIN, "h", 80), b"\x05\x00", *DONE)) == 2


@pytest.mark.parametrize(
    "bound",
    [
        [b"\x05\x00\x00\x01", b"\x00" * 6],
        [b"\x05\x00\x00\x04", b"\x00" * 18],
        [b"\x05\x00\x00\x03", b"\x03", b"abc\x00\x00"],
        [b"\x05\x00\x00\x03", b"\x00", b"\x00\x00"],
    ],
)
def test_exactly_the_proxy_s_bytes_are_read(bound: list[bytes]) -> None:
    talk(handshake(PROXY, "h", 80), b"\x05\x00", *bound)


@pytest.mark.parametrize(
    ("proxy", "answers", "told"),
    [
        (PROXY, [b"HT"], "proxy.test:1080 is no SOCKS5 proxy"),
        (PROXY, [b"\x05\xff"], "wants a user and password"),
        (PROXY, [b"\x05\x02"], "wants a user and password"),
        (WITH_LOGIN, [b"\x05\xff"], "wants another kind of login"),
        (WITH_LOGIN, [b"\x05\x02", b"\x01\x01"], "refuses this user and password"),
        (PROXY, [b"\x05\x00", b"\x05\x04\x00\x01"], "cannot connect to h: the host cannot be reached"),
    ],
)
def test_refusals_in_words(proxy: Socks, answers: list[bytes], told: str) -> None:
    with pytest.raises(ProxyFailed, match=told):
        talk(handshake(proxy, "h", 80), *answers)


def test_a_name_that_does_not_fit() -> None:
    with pytest.raises(ProxyFailed, match="too long"):
        talk(handshake(PROXY, "x" * 256, 80), b"\x05\x00")


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("socks5://p.test", Socks("p.test", PORT)),
        ("socks5h://m%40e:p%3Aw@[::1]:9", Socks("::1", 9, "m@e", "p:w")),
        ("socks5://me@p:1", Socks("p", 1, "me", "")),
        ("http://p:1", None),
    ],
)
def test_urls(url: str, proxy: Socks | None) -> None:
    assert socks_of(url) == proxy


def test_the_password_is_not_shown() -> None:
    assert "pw" not in repr(WITH_LOGIN)
    assert "pw" not in f"{WITH_LOGIN}"
