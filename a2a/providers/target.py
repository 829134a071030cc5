"""Where an upstream call goes: URL, headers, and the bytes of its head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Raw
from yarl import URL

from a2a.errors import BadUpstream


class Target:
    """Where one upstream call goes. Made once per account and credential: the head's bytes are kept."""

    __slots__ = ("_head", "_packed", "headers", "location", "method", "origin", "secrets", "url")

    def __init__(self, url: URL, headers: dict[str, str], method: str = "POST") -> None:
        self.url = url
        self.location = str(url)
        self.origin = url.scheme == "https", url.raw_host or "", url.port or 80
        """TLS, host, port."""
        self.headers = headers
        self.method = method
        self.secrets: Sequence[str] = ()
        """What no record may hold of it. Never to be shown."""
        self._head: bytes | None = None
        self._packed: Raw | None = None

    @property
    def packed(self) -> Raw:
        """Method, URL, headers and secrets as a list in MessagePack, for the record."""
        if self._packed is None:
            self._packed = Raw(msgspec.msgpack.encode((self.method, self.location, self.headers, self.secrets)))
        return self._packed

    def with_headers(self, more: Mapping[str, str]) -> Target:
        """The same call with further headers; they win over ours of the same name."""
        lower = {name.lower() for name in more}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in lower}
        return self._other({**kept, **more}, self.method)

    def with_method(self, method: str) -> Target:
        return self._other(self.headers, method)

    def _other(self, headers: dict[str, str], method: str) -> Target:
        other = Target(self.url, headers, method)
        other.secrets = self.secrets
        return other

    def head(self) -> bytes:
        """Request line and headers up to `Content-Length: `. Raises BadUpstream for a header that is no header."""
        if self._head is None:
            host = self.url.host_subcomponent or ""
            if not self.url.is_default_port():
                host = f"{host}:{self.url.port}"
            lines = [f"{self.method} {self.url.raw_path_qs or '/'} HTTP/1.1", f"Host: {host}"]
            lines += [f"{name}: {value}" for name, value in self.headers.items()]
            if any("\r" in line or "\n" in line or "\0" in line for line in lines):
                raise BadUpstream(f"a header for {self.url.host} holds a line break")
            try:
                self._head = ("\r\n".join(lines) + "\r\nContent-Length: ").encode("latin-1")
            except UnicodeEncodeError as error:
                raise BadUpstream(f"a header for {self.url.host} is not Latin-1") from error
        return self._head
