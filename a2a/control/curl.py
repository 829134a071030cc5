"""The client's request as a command for a shell, to be sent again by hand.

The key is a variable: a2a's own key is not in the record, and must not come onto a clipboard or into a script. Headers
of the connection and of the client itself are left out.
"""

from __future__ import annotations

import shlex

from a2a.control.bodies import is_binary, unrecorded
from a2a.control.types import Exchange
from a2a.errors import UsageError

KEY = "$A2A_API_KEY"
"""What stands where the key belongs."""

ARGUMENT = 100_000
"""Bytes; a longer body goes in by standard input (Linux takes 128 KiB in one argument)."""

_KEY_HEADERS = {"claude": "x-api-key: {key}", "gemini": "x-goog-api-key: {key}"}
_BEARER = "authorization: Bearer {key}"

_LEFT_OUT = frozenset(
    (
        *("authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie"),
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "upgrade", "expect"),
        *("accept-encoding", "user-agent", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-dest", "origin", "referer"),
    )
)


def command(exchange: Exchange, url: str) -> str:
    """`curl URL -H … --data-raw …`. `url`: of the server.

    Raises UsageError where the body was not recorded whole, or did not come by HTTP.
    """
    if not exchange.path.startswith("/"):
        raise UsageError("a2a chat sent this without a server: it has no URL", hint=f"a2a logs replay {exchange.id}")
    recorded = exchange.bodies
    body = recorded.request if recorded is not None else None
    if recorded is None or body is None:
        none = unrecorded(exchange)
        raise UsageError(f"the request's body was not recorded{none.why}", hint=none.hint)
    if "request" in recorded.cut:
        raise UsageError("only the beginning of this body was kept: it cannot be sent again")
    if is_binary(body) or "\0" in body:
        raise UsageError("the body is no text: a shell cannot send it")
    key = _KEY_HEADERS.get(exchange.front, _BEARER).format(key=KEY)
    lines = ["curl" + (" -N" if exchange.stream else "") + " " + shlex.quote(url.rstrip("/") + _path(exchange.path))]
    lines.append(f'  -H "{key}"')
    lines += [f"  -H {shlex.quote(f'{name}: {value}')}" for name, value in _headers(exchange)]
    if len(body.encode("utf-8", "replace")) <= ARGUMENT:
        return " \\\n".join([*lines, f"  --data-raw {shlex.quote(body)}"])
    end = "A2A_BODY"
    while f"\n{end}\n" in f"\n{body}\n":
        end += "_"
    return " \\\n".join([*lines, f"  --data-binary @- <<'{end}'\n{body}\n{end}"])


def _path(path: str) -> str:
    """Without a key in its query."""
    front, _, query = path.partition("?")
    kept = [each for each in query.split("&") if each and not each.lower().startswith(("key=", "api_key="))]
    return front + ("?" + "&".join(kept) if kept else "")


def _headers(exchange: Exchange) -> list[tuple[str, str]]:
    found = exchange.bodies.request_headers if exchange.bodies is not None else {}
    kept = [
        (name, value) for name, value in found.items() if name.lower() not in _LEFT_OUT and "[removed]" not in value
    ]
    if not any(name.lower() == "content-type" for name, _ in kept):
        kept.insert(0, ("content-type", "application/json"))
    return kept
