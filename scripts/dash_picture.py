"""Makes docs/dash.svg, the picture of `a2a dash` in the README: the real screen, before a server with demo upstreams.

.venv/bin/python scripts/dash_picture.py [dark|light|contrast|mono]   (takes three minutes)
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import aiohttp
from screenshot import plain_fonts

ROOT = Path(__file__).parents[1]
SIZE = (120, 38)
PACE_S = 0.12
"""Between two frames of an answer: some answers are to be seen while they stream."""
SPREAD_S = (1.4, 0.5, 0.9, 0.3, 0.7, 1.1, 0.4)
"""From one request to the next, in each round another."""
ROUNDS = 30
ASKED = (
    ("/v1/chat/completions", "kiro/auto"),
    ("/v1/messages", "claude-custom/claude-sonnet-4-5"),
    ("/v1/chat/completions", "gemini/gemini-2.5-pro"),
    ("/v1/messages", "kiro/claude-sonnet-4.5"),
    ("/v1/messages", "qwen/coder-model"),
    ("/v1/chat/completions", "gemini-key/gemini-2.5-flash"),
    ("/v1/chat/completions", "openai/gpt-4.1"),
)
FAULTS = (("429 retry-after=600", "claude"), ("401", "openai"), ("500", "gemini"))
"""What happens once: another account takes over."""
LASTS_S = sum(SPREAD_S[n % len(SPREAD_S)] for n in range(ROUNDS)) * len(ASKED)
_UNIQUE = re.compile(r"terminal-\d+")


async def ask(session: aiohttp.ClientSession, path: str, model: str, text: str) -> None:
    """One request, read to its end; what comes of it the screen tells."""
    body = {"model": model, "max_tokens": 500, "stream": True, "messages": [{"role": "user", "content": text}]}
    async with session.post(path, data=json.dumps(body), headers={"content-type": "application/json"}) as answer:
        await answer.read()


async def traffic(url: str, key: str) -> None:
    """Some minutes of it."""
    headers = {"authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(url, headers=headers) as session, asyncio.TaskGroup() as group:
        for n in range(ROUNDS):
            for path, model in ASKED:
                group.create_task(ask(session, path, model, f"Tell me of tide {n}."), name="request")
                await asyncio.sleep(SPREAD_S[n % len(SPREAD_S)])


async def picture(home: Path, theme: str) -> str:
    """The overview while the last answers stream."""
    from a2a.cli.demo_home import furnish, log_in
    from a2a.clock import SystemClock
    from a2a.config import PROVIDER_SHORT
    from a2a.control.aio import AsyncControlClient
    from a2a.demo.upstreams import Upstreams
    from a2a.gateway.engine import Engine
    from a2a.server.run import keys, serving
    from a2a.tui.app import Dash
    from a2a.tui.desk import Around
    from a2a.tui.state import State

    async with Upstreams(pace_s=PACE_S) as upstreams:
        settings = furnish(home, upstreams, 3000)
        await asyncio.to_thread(log_in, settings, upstreams)
        async with Engine(settings, say=sys.stderr.write) as engine, serving(settings, engine) as url:
            key = (await keys(settings, engine))["default"]

            async def connect() -> AsyncControlClient:
                return AsyncControlClient(url, key)

            app = Dash(connect, State(SystemClock()), Around(shorts=PROVIDER_SHORT, theme=theme))
            async with app.run_test(size=SIZE, notifications=True) as pilot:
                asking = asyncio.create_task(traffic(url, key.reveal()), name="traffic")
                await asyncio.sleep(LASTS_S * 0.8)
                for text, api in FAULTS:
                    upstreams.faults.add(text, api=api)
                await asyncio.sleep(LASTS_S * 0.2)
                await pilot.pause()
                svg = app.export_screenshot(title="a2a dash")
                await asking
                return svg


def main() -> None:
    theme = sys.argv[1] if len(sys.argv) > 1 else "dark"
    os.environ.update(A2A_CREDENTIAL_STORE="file")
    with tempfile.TemporaryDirectory(prefix="a2a-picture-") as home:
        os.environ["A2A_HOME"] = home
        svg = asyncio.run(picture(Path(home), theme))
    name = "dash.svg" if theme == "dark" else f"dash-{theme}.svg"
    (ROOT / "docs" / name).write_text(plain_fonts(_UNIQUE.sub("dash", svg)), encoding="utf-8")


if __name__ == "__main__":
    main()
