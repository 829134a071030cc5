"""Who may talk to the server: local keys, and names a browser may call it by (contract sections 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aiohttp import web

from a2a.config import web_origins
from a2a.errors import Forbidden, WrongKey
from a2a.secret import Secret

SERVER_KEY = "default"
"""Name of the server's own key among the clients'."""

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class Guard:
    """Checks one request: Host name (DNS rebinding), Origin (CORS) and the key in any of its four places."""

    def __init__(
        self, keys: Mapping[str, Secret], *, loopback: bool, allow_host: list[str], allow_origin: list[str]
    ) -> None:
        """`keys`: name -> key. `loopback`: the server listens on this machine only."""
        self._loopback = loopback
        self.use(keys, allow_host=allow_host, allow_origin=allow_origin)

    def use(self, keys: Mapping[str, Secret], *, allow_host: list[str], allow_origin: list[str]) -> None:
        """Other settings, for requests that come from now on."""
        self._keys = list(keys.items())
        self._hosts = LOOPBACK_NAMES | {host.lower() for host in allow_host} if self._loopback else None
        self._origins = frozenset(map(web_origins.plain, allow_origin))

    def own_key(self) -> Secret | None:
        """The server's own."""
        return dict(self._keys).get(SERVER_KEY)

    def host(self, request: web.Request) -> None:
        """Raises Forbidden when a loopback server is called by a foreign name."""
        if self._hosts is None:
            return
        host = request.headers.get("Host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name.lower() not in self._hosts:
            raise Forbidden(f"host name {name!r} is not allowed here", hint="a2a serve --allow-host NAME")

    def cors(self, request: web.Request) -> dict[str, str]:
        """Headers for a browser client of an allowed origin; raises Forbidden for any other."""
        origin = request.headers.get("Origin")
        if origin is None:
            return {}
        if web_origins.plain(origin) not in self._origins and web_origins.ANY not in self._origins:
            raise Forbidden(f"origin {origin} is not allowed", hint="a2a serve --allow-origin ORIGIN")
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "*"),
            "Access-Control-Expose-Headers": "*",
            "Vary": "Origin",
        }

    def client(self, request: web.Request) -> str:
        """Name of the key the request brought. Raises WrongKey."""
        found = False
        for given in _given(request):
            found = True
            for name, key in self._keys:
                if key.matches(given):
                    return name
        if not found:
            raise WrongKey("a key is missing", hint="send it as Authorization: Bearer, x-api-key or x-goog-api-key")
        raise WrongKey("invalid a2a key", hint="a2a config show --secrets shows the right one")

    def owner(self, request: web.Request, told: str = "may look, not act") -> None:
        """Only the server's own key may change things, and never from a page of a foreign origin. Raises WrongKey and
        Forbidden. `told`: what another key may not, in words."""
        self.cors(request)
        name = self.client(request)
        if name != SERVER_KEY:
            raise Forbidden(
                f"the key of client {name!r} {told}", hint="send the server's own: a2a config show --secrets"
            )


def _given(request: web.Request) -> Iterator[str]:
    """Keys from every place, one after the other: agents send a login of their own beside the key they were told to
    use."""
    headers = request.headers
    bearer = headers.get("Authorization", "")
    if bearer[:7].lower() == "bearer " and (key := bearer[7:].strip()):
        yield key
    for name in ("x-api-key", "x-goog-api-key"):
        if key := headers.get(name, "").strip():
            yield key
    if key := request.query.get("key", "").strip():
        yield key
