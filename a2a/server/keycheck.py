"""Which keys are good enough for where a server listens (contract section 5)."""

from __future__ import annotations

from a2a.config import Settings
from a2a.errors import ConfigError
from a2a.server.guard import SERVER_KEY

MIN_KEY_CHARS = 16
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    return host in _LOOPBACK or host.startswith("127.")


def check_keys(settings: Settings) -> None:
    """Raises ConfigError for a key that is too weak for where the server listens, and for a client's reserved name."""
    server = settings.server
    if SERVER_KEY in settings.client_keys:
        raise ConfigError(f"a client cannot be called {SERVER_KEY!r}: that is the server's own key")
    if is_loopback(server.host):
        return
    if server.api_key is None:
        hint = f"A2A_API_KEY=… ({MIN_KEY_CHARS} characters or more)"
        raise ConfigError(f"host {server.host} needs a key of your own", hint=hint)
    for name, given in {SERVER_KEY: server.api_key, **settings.client_keys}.items():
        if len(given.reveal()) < MIN_KEY_CHARS:
            whose = "the server's key" if name == SERVER_KEY else f"the key of client {name!r}"
            raise ConfigError(
                f"host {server.host}: {whose} has under {MIN_KEY_CHARS} characters", hint="choose a longer one"
            )
