"""What `--redact` takes out, and what it leaves."""

from __future__ import annotations

import json

import pytest

from a2a.gateway.export.redact import redacted, without_persons


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write to jane.doe+x@mail.example.org now", "write to [e-mail] now"),
        ("call +49 30 1234567 today", "call [phone] today"),
        ("call (555) 123-4567 today", "call [phone] today"),
        ("at 192.168.17.4:8080", "at [ip]:8080"),
        ("at 2001:db8::ff00:42:8329", "at [ip]"),
        ("open /home/jane/src/a.py", "open /home/[user]/src/a.py"),
        ("open /Users/jane/src", "open /Users/[user]/src"),
        (r"open C:\Users\jane\src", r"open C:\Users\[user]\src"),
        (r"open C:\\Users\\jane\\src", r"open C:\\Users\\[user]\\src"),
        ("key sk-abcdefgh12345678", "key [key]"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstu", "[key]"),
        ("token ghp_0123456789abcdef0123", "token [key]"),
        ("Authorization: Bearer abcdef.123456", "Authorization: Bearer [key]"),
        ('api_key = "hunter2hunter2"', 'api_key = "[key]"'),
        ("postgres://jane:hunter2@db/x", "postgres://[login]@db/x"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", "[private key]"),
    ],
)
def test_it_takes_out(text: str, left: str) -> None:
    assert redacted(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "version 1.2.3 of 2026-11-22T17:30:45",
        "std::vector and face::bead",
        "at 127.0.0.1:3000 and localhost",
        "id call_0123456789abcdef and ex_01kaq7c2m4abcdefgh",
        "total 1234567890 of 0.5 or 10:20:30",
        "def f(a): return a @ b",
        "commit 0e27290ffee0123456789abcdef0123456789abc",
        "the password is wrong",
    ],
)
def test_it_leaves(text: str) -> None:
    assert redacted(text) == text


def test_json_inside_a_string_is_json_still() -> None:
    arguments = json.dumps({"text": "a\njane@example.com\n", "path": "C:\\Users\\jane\\x", "n": 1.50})
    left = json.loads(redacted(arguments))
    assert left == {"text": "a\n[e-mail]\n", "path": "C:\\Users\\[user]\\x", "n": 1.5}


def test_media_are_left_alone() -> None:
    data = "A+4912345678901/" * 40
    assert without_persons({"url": f"data:image/png;base64,{data}", "data": data}) == {
        "url": f"data:image/png;base64,{data}",
        "data": data,
    }
