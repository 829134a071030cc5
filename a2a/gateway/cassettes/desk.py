"""Which of the two a server does with cassettes, by its settings: it records, or it plays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from a2a.auth import serverkey
from a2a.config import Settings
from a2a.errors import ConfigError
from a2a.gateway.cassettes.form import read_folder
from a2a.gateway.cassettes.player import Deck, Player
from a2a.gateway.cassettes.recording import Tape
from a2a.gateway.cassettes.redaction import Redaction, secrets_of
from a2a.gateway.engine import Engine


def check(settings: Settings) -> None:
    """Raises ConfigError for settings that want both."""
    server = settings.server
    if server.record is not None and server.replay is not None:
        raise ConfigError("record and replay exclude each other", hint="a2a serve with one of --record and --replay")


@asynccontextmanager
async def at_work(engine: Engine) -> AsyncIterator[None]:
    """A tape or a player where the engine's calls arrive, if the settings name a folder.

    Raises ConfigError and StoreError.
    """
    server = engine.settings.server
    if server.replay is not None:
        folder = Path(server.replay)
        deck = Deck(folder, await asyncio.to_thread(read_folder, folder))
        redact = await _redaction(engine)
        engine.answerer = Player(
            deck, recorder=engine.recorder, clock=engine.clock, redact=redact, speed=server.replay_speed
        )
        engine.say(f"playing {len(deck)} cassette{'' if len(deck) == 1 else 's'} of {folder}; no upstream is called")
    elif server.record is not None:
        tape = engine.answerer = Tape(
            Path(server.record),
            lambda call, sink: engine.gateway.answer(call, sink),
            recorder=engine.recorder,
            clock=engine.clock,
            redact=await _redaction(engine),
            say=engine.say,
        )
        engine.say(f"recording to {server.record}")
        try:
            yield
        finally:
            await asyncio.to_thread(tape.close)
        return
    yield


async def _redaction(engine: Engine) -> Redaction:
    """Also of the server's own key, made now if there is none."""
    settings = engine.settings
    own = settings.server.api_key
    if own is None:
        own = await asyncio.to_thread(serverkey.get_or_create, engine.store, settings.folders.locks)
    return Redaction([own, *secrets_of(settings)])
