"""Media given by URL, downloaded for targets that cannot fetch (specs/conversion.md 5.2).

A client must not be able to make a2a read the machine's own network: https only, no private address, checked after the
name is resolved and connected to just that address. `fetch_media_allow` lists origins that are exempt.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import ipaddress
from collections.abc import Callable, Sequence

from msgspec.structs import replace
from yarl import URL

from a2a.config import ServerSettings
from a2a.errors import RequestError, UpstreamError
from a2a.messages import Foreign, Inline, Media, MediaKind, Message, Part, Proto, Request, Text, ToolResult, Url
from a2a.providers.base import read_capped
from a2a.providers.http import Answer, Egress, Target

LIMIT_BYTES = 20 * 1024 * 1024
LIMIT_S = 10.0
MOST = 8
REDIRECTS = 3

CANNOT_FETCH: dict[Proto, frozenset[MediaKind]] = {
    "kiro": frozenset({"image", "document"}),
    "chat": frozenset({"document"}),
    "gemini": frozenset({"image", "document", "audio", "video"}),
}
"""Kinds of media a protocol's upstream does not read from a URL."""

_GOOGLE = ("https://generativelanguage.googleapis.com/", "gs://", "https://www.youtube.com/", "https://youtu.be/")
"""What Gemini reads by itself."""


ProxyOf = Callable[[str], str | None]


def direct(_: str) -> None:
    """No proxy."""


class MediaFetcher:
    """Downloads what a request's target cannot; one per process."""

    def __init__(self, server: ServerSettings) -> None:
        self._use(server)
        self._http = Egress()

    def _use(self, server: ServerSettings) -> None:
        self._server = server
        self._allowed = tuple(origin.rstrip("/") for origin in server.fetch_media_allow)

    def under(self, server: ServerSettings) -> MediaFetcher:
        """The same connections by other settings; downloads that have begun go on by these."""
        other = copy.copy(self)
        other._use(server)
        return other

    async def aclose(self) -> None:
        await self._http.aclose()

    async def inline(self, request: Request, target: Proto, *, proxy: ProxyOf = direct) -> Request:
        """The request with its URLs replaced by the bytes behind them, itself when there is nothing to do.

        `proxy`: which one a URL is fetched through; it gets the address that was checked, not the name. Raises
        RequestError naming the URL that cannot be had.
        """
        kinds = CANNOT_FETCH.get(target, frozenset())
        wanted = [url for message in request.messages for url in _urls(message.parts, kinds, target)]
        if not wanted:
            return request
        unique = list(dict.fromkeys(wanted))
        if not self._server.fetch_media:
            raise RequestError(f"this upstream cannot read {unique[0]}", hint="send the content, or set fetch_media")
        if len(unique) > MOST:
            raise RequestError(f"{len(unique)} media URLs: at most {MOST} are downloaded for this upstream")
        async with asyncio.TaskGroup() as group:
            tasks = {url: group.create_task(self._fetch(url, proxy), name="a2a media") for url in unique}
        got = {url: task.result() for url, task in tasks.items()}
        failed = next((found for found in got.values() if isinstance(found, RequestError)), None)
        if failed is not None:
            raise failed
        have = {url: found for url, found in got.items() if isinstance(found, tuple)}
        messages = [_filled(message, have) for message in request.messages]
        return replace(request, messages=messages)

    async def _fetch(self, url: str, proxy: ProxyOf) -> tuple[str, str | None] | RequestError:
        """(base64, content type), or why not."""
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._follow(URL(url), proxy)
        except RequestError as error:
            return error
        except TimeoutError:
            return RequestError(f"{url} did not come within {LIMIT_S:g} s")
        except (UpstreamError, ValueError) as error:
            return RequestError(f"cannot download {url}: {error}")

    async def _follow(self, url: URL, proxy: ProxyOf) -> tuple[str, str | None]:
        for _ in range(REDIRECTS + 1):
            address = await self._admit(url)
            target = Target(url, {"User-Agent": "a2a", "Accept": "*/*", "Accept-Encoding": "identity"}, "GET")
            way = proxy(target.location)
            answer = await self._http.open(target, None, proxy=way, connect_timeout_s=LIMIT_S, address=address)
            try:
                if answer.status == 200:
                    return await _content(answer)
                place = answer.headers.get("location")
                if answer.status not in (301, 302, 303, 307, 308) or not place:
                    raise RequestError(f"{url} answered {answer.status}")
                url = url.join(URL(place))
            finally:
                answer.close()
        raise RequestError(f"{url} redirects too often")

    async def _admit(self, url: URL) -> str | None:
        """The address to connect to; None for an exempt origin. Raises RequestError."""
        if not url.host or url.scheme not in ("http", "https"):
            raise RequestError(f"{url} is no web address")
        if str(url.origin()) in self._allowed:
            return None
        if url.scheme != "https":
            raise RequestError(f"{url} is not https", hint="fetch_media_allow lists exceptions")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(url.host, url.port, type=1)
        except OSError as error:
            raise RequestError(f"{url.host} is unknown: {error.strerror}") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(ipaddress.ip_address(address).is_global for address in addresses):
            raise RequestError(f"{url} is on a private network", hint="fetch_media_allow lists exceptions")
        return addresses[0]


async def _content(answer: Answer) -> tuple[str, str | None]:
    data = await read_capped(answer, LIMIT_BYTES)
    mime = answer.headers.get("content-type", "").partition(";")[0].strip() or None
    return base64.b64encode(data).decode(), mime


def _urls(parts: Sequence[Part], kinds: frozenset[MediaKind], target: Proto) -> list[str]:
    """URLs in these parts, and in the results of tools, that the target cannot read."""
    found: list[str] = []
    for part in parts:
        if isinstance(part, ToolResult):
            found += _urls(part.parts, kinds, target)
        elif isinstance(part, Media) and part.kind in kinds and isinstance(part.source, Url):
            url = part.source.url
            if target != "gemini" or not url.startswith(_GOOGLE):
                found.append(url)
    return found


def _filled(message: Message, have: dict[str, tuple[str, str | None]]) -> Message:
    return replace(message, parts=[_fill(part, have) for part in message.parts])


def _fill(part: Part, have: dict[str, tuple[str, str | None]]) -> Part:
    if isinstance(part, ToolResult):
        inner: list[Text | Media | Foreign] = [_fill_media(piece, have) for piece in part.parts]
        return replace(part, parts=inner)
    return _fill_media(part, have) if isinstance(part, Media) else part


def _fill_media(part: Text | Media | Foreign, have: dict[str, tuple[str, str | None]]) -> Text | Media | Foreign:
    if not isinstance(part, Media) or not isinstance(part.source, Url) or part.source.url not in have:
        return part
    data, mime = have[part.source.url]
    return replace(part, source=Inline(data), mime=mime or part.mime)
