"""One run of `a2a demo`: upstreams, logins, a server, every cell, and with `--keep` the wait until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from a2a.cli.demo import ENDS
from a2a.cli.output import Out
from a2a.errors import ExitCode

if TYPE_CHECKING:
    from a2a.cli.demo_table import Board
    from a2a.demo.upstreams import Upstreams
    from a2a.gateway.engine import Engine


async def play(out: Out, home: Path, port: int, *, keep: bool) -> int:
    from a2a.cli.demo_home import furnish, log_in
    from a2a.demo.upstreams import Upstreams
    from a2a.gateway.engine import Engine
    from a2a.server.run import keys, serving

    _end_like_ctrl_c()
    async with Upstreams() as upstreams:
        settings = furnish(home, upstreams, port)
        accounts = await asyncio.to_thread(log_in, settings, upstreams)
        async with Engine(settings, say=out.trouble) as engine, serving(settings, engine) as url:
            key = (await keys(settings, engine))["default"].reveal()
            out.say(f"{len(accounts)} accounts logged in at the demo upstreams, serving at {url}")
            board = await _matrix(out, engine, upstreams, url, key)
            code = ExitCode.FAILED if board.wrong else ExitCode.DONE
            stay = _how_to_try(home, url, key) if keep else None
            out.result(_report(board, stay), board.show, ok=not board.wrong)
            if stay is not None:
                upstreams.ask_people()
                await _stay(out, stay)
    return code


def _end_like_ctrl_c() -> None:
    """A closed terminal or a `kill` ends the demo as Ctrl-C does: with nothing left behind.

    Not by raising SIGINT: a shell starts its background jobs with that one ignored.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    for name in ENDS:
        with contextlib.suppress(NotImplementedError, AttributeError):  # Windows has neither
            loop.add_signal_handler(getattr(signal, name), task.cancel)


async def _matrix(out: Out, engine: Engine, upstreams: Upstreams, url: str, key: str) -> Board:
    """Run every cell, one after another: their faults are meant for one request each."""
    from a2a.cli.demo_table import Board
    from a2a.demo.matrix import cells
    from a2a.demo.matrix.lab import Lab
    from a2a.demo.matrix.sides import FRONTS, PROVIDERS

    def heal() -> None:
        for member in engine.pool.members():
            member.reset()

    board = Board(out, [front.name for front in FRONTS], [provider.id for provider in PROVIDERS], cells.COLUMNS)
    with board.running():
        async with Lab(url, key, upstreams.faults, heal) as lab:
            for row in cells.rows():
                for cell in row:
                    board.add(await cells.run(cell, lab))
                board.row_done(row[0].front.name, row[0].provider.id)
    return board


def _report(board: Board, stay: dict[str, Any] | None) -> dict[str, Any]:
    """What `--json` says: every cell, and with `--keep` how to reach what stays up."""
    report: dict[str, Any] = {
        "right": len(board.right),
        "wrong": len(board.wrong),
        "absent": len(board.absent),
        "cells": board.outcomes,
    }
    return report if stay is None else report | {"keep": stay}


def _how_to_try(home: Path, url: str, key: str) -> dict[str, Any]:
    """Where everything is, the variables clients need, and three commands that use them."""
    from a2a.cli.demo_home import variables
    from a2a.demo.matrix.sides import PROVIDERS

    hello = {"model": PROVIDERS[0].model, "messages": [{"role": "user", "content": "Say hello"}]}
    return {
        "url": url,
        "key": key,
        "env": {
            **variables(home),
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_AUTH_TOKEN": key,
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENAI_API_KEY": key,
            "GOOGLE_GEMINI_BASE_URL": url,
            "GEMINI_API_KEY": key,
        },
        "commands": [
            'a2a chat -p kiro "Say hello"',
            "a2a dash",
            "a2a login kiro --method google --yes",
            'claude -p --model claude-sonnet-5 "Say hello"',
            'curl $OPENAI_BASE_URL/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" \\\n'
            f"    -d '{json.dumps(hello)}'",
        ],
    }


async def _stay(out: Out, stay: dict[str, Any]) -> None:
    """Until Ctrl-C."""
    from a2a.server.run import until_signal

    if not out.json:
        out.text(f"\nStill up at {stay['url']} with the key {stay['key']}\nIn another terminal:\n")
        for name, value in stay["env"].items():
            out.text(f"  export {name}={value}")
        for command in stay["commands"]:
            out.text(f"\n  {command}")
    out.say("\nCtrl-C ends it and removes everything.")
    await until_signal()
