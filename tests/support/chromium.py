"""A real browser, without a window: Chromium over its DevTools protocol. `CHROMIUM` is None where there is none."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from support.waiting import PATIENCE_S, eventually

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_LOOK_S = 0.02
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0"),
)


class Page:
    """One tab. Every wait gives up after PATIENCE_S."""

    def __init__(self) -> None:
        assert CHROMIUM is not None
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._log = Path(self._folder.name) / "stderr"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [CHROMIUM, *_FLAGS, f"--user-data-dir={self._folder.name}/profile", "about:blank"],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._count = 0

    async def __aenter__(self) -> Self:
        found = await asyncio.to_thread(
            eventually, lambda: re.search(r"ws://([^/\s]+)/", self._log.read_text("utf-8", "replace")), "the browser"
        )
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S))
        async with self._http.get(f"http://{found[1]}/json") as answer:
            tabs = await answer.json()
        url = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        self._socket = await self._http.ws_connect(url, max_msg_size=0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._http.close()
        self._process.terminate()
        await asyncio.to_thread(self._process.wait, PATIENCE_S)
        self._folder.cleanup()

    async def _ask(self, method: str, **parameters: Any) -> Any:
        self._count += 1
        await self._socket.send_json({"id": self._count, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=PATIENCE_S)
            if answer.get("id") == self._count:
                return answer.get("result", answer)

    async def _value(self, expression: str) -> Any:
        result = await self._ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return result.get("result", {}).get("value")

    async def open(self, url: str) -> None:
        await self._ask("Page.navigate", url=url)

    async def click(self, value: str) -> None:
        """The button with this value, once it is there."""
        button = f"document.querySelector('button[value=\"{value}\"]')"
        await self._until(f"{button} !== null")
        await self._value(f"{button}.click()")

    async def reads(self, text: str) -> str:
        """The page's text, once it holds `text`."""
        await self._until(f"document.body !== null && document.body.innerText.includes({json.dumps(text)})")
        return str(await self._value("document.body.innerText"))

    async def _until(self, expression: str) -> None:
        """Raises AssertionError that says what the page shows instead."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while await self._value(expression) is not True:
            if loop.time() > deadline:
                shown = await self._value("location.href + ': ' + document.body.innerText")
                raise AssertionError(f"waited in vain for {expression}; the page is {shown}")
            await asyncio.sleep(_LOOK_S)
