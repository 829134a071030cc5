"""`python -m a2a.demo`: the emulated upstreams on their own; prints their URLs and keys as one JSON line on stdout."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys

from a2a.demo.claude.routes import KEYS as CLAUDE_KEYS
from a2a.demo.codeassist.state import CLIENT_ID, CLIENT_SECRET
from a2a.demo.gemini.routes import KEYS as GEMINI_KEYS
from a2a.demo.openai.routes import KEYS as OPENAI_KEYS
from a2a.demo.qwen.routes import KEYS as QWEN_KEYS
from a2a.demo.upstreams import Upstreams, serve


def _announce(up: Upstreams) -> None:
    line = {
        "a2a": 1,
        "event": "ready",
        "urls": up.urls,
        "keys": {"openai": OPENAI_KEYS, "claude": CLAUDE_KEYS, "gemini": GEMINI_KEYS, "qwen": QWEN_KEYS},
        "google_client": {"id": CLIENT_ID, "secret": CLIENT_SECRET},
        "google_accounts": [account.credentials() for account in up.codeassist.accounts.values()],
        "qwen_accounts": [account.credentials(up.qwen_url) for account in up.qwen.accounts.values()],
        "kiro_accounts": [account.credentials(up.kiro_url) for account in up.kiro.accounts.values()],
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def _run(port: int, pace_s: float) -> None:
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no loop signals: Ctrl-C raises there by itself
            loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serve(_announce, port=port, pace_s=pace_s)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m a2a.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one (default)")
    parser.add_argument("--pace", type=float, default=0.0, metavar="SECONDS", help="pause between two frames")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(options.port, options.pace))


if __name__ == "__main__":
    main()
