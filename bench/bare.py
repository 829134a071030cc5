"""The yardstick: an aiohttp server and an aiohttp client that copies bytes. Plain asyncio, library defaults.

The one setting that is not a default is the client's connection limit: at 100 the second hundred of 200 streams would
wait for the first. Below `/convert` the same relay runs the minimal text-only converter on streams.
Usage: python -m bench.bare UPSTREAM_URL. Prints one JSON line with its url when it listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys

from aiohttp import ClientResponse, ClientSession, TCPConnector, web

from bench.converter import CONVERSIONS

UPSTREAM = web.AppKey("UPSTREAM", str)
SESSION = web.AppKey("SESSION", ClientSession)
KEPT = ("Authorization", "Content-Type")


async def relay(request: web.Request) -> web.StreamResponse:
    """Same protocol on both sides: bytes out as they come in."""
    body = await request.read()
    async with post(request, request.path, body) as answer:
        if answer.content_length is not None:
            return web.Response(body=await answer.read(), status=answer.status, content_type=answer.content_type)
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
        await response.prepare(request)
        async for data in answer.content.iter_any():
            await response.write(data)
        return response


async def convert(request: web.Request) -> web.StreamResponse:
    """A stream from one protocol to the other."""
    path, render, make = CONVERSIONS["/" + request.match_info["path"]]
    async with post(request, path, render(await request.read())) as answer:
        stream = make()
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
        await response.prepare(request)
        async for data in answer.content.iter_any():
            await response.write(stream.feed(data))
        return response


def post(request: web.Request, path: str, body: bytes) -> contextlib.AbstractAsyncContextManager[ClientResponse]:
    headers = {name: request.headers[name] for name in KEPT if name in request.headers}
    return request.app[SESSION].post(request.app[UPSTREAM] + path, data=body, headers=headers)


async def main(upstream: str) -> None:
    """Listen on a free port until killed."""
    app = web.Application()
    app[UPSTREAM] = upstream
    app.router.add_post("/convert/{path:.*}", convert)
    app.router.add_post("/{path:.*}", relay)
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        app[SESSION] = session
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        print(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
