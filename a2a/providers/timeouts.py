"""How long calls of a provider may take: its own defaults, settings, and those of single models (contract 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from a2a.config import ProviderSettings, ServerSettings
from a2a.config.declare import ModelDecl


class Timeouts(Struct, frozen=True):
    """Seconds; 0 = none. `first_byte`: until the first event, `idle`: between two chunks."""

    connect_s: float
    first_byte_s: float
    idle_s: float
    total_s: float

    @property
    def opening_s(self) -> float:
        """Until the first event, whichever limit says so; 0 = none."""
        first, total = self.first_byte_s, self.total_s
        return min(first, total) if first and total else first or total


def over(base: Timeouts, own: ProviderSettings | ModelDecl) -> Timeouts:
    """`base` with what `own` says."""
    return Timeouts(
        base.connect_s if own.connect_timeout_s is None else own.connect_timeout_s,
        base.first_byte_s if own.first_byte_timeout_s is None else own.first_byte_timeout_s,
        base.idle_s if own.idle_timeout_s is None else own.idle_timeout_s,
        base.total_s if own.total_timeout_s is None else own.total_timeout_s,
    )


def of_server(server: ServerSettings) -> Timeouts:
    return Timeouts(
        server.connect_timeout_s, server.first_byte_timeout_s, server.idle_timeout_s, server.total_timeout_s
    )


def declared(models: Mapping[str, ModelDecl]) -> dict[str, tuple[float | None, ...]]:
    """What `[models]` says of timeouts, by its own keys: settings that agree here need no other providers."""
    said = {
        name: (decl.connect_timeout_s, decl.first_byte_timeout_s, decl.idle_timeout_s, decl.total_timeout_s)
        for name, decl in models.items()
    }
    return {name: own for name, own in said.items() if any(one is not None for one in own)}


def by_model(
    models: Mapping[str, ModelDecl], base: Timeouts, names: tuple[str, ...], resolve: Callable[[str], str]
) -> dict[str, Timeouts]:
    """Those of `[models]` by the upstream's name. `names`: of the provider; what stands under one of them, as
    `provider/model`, wins over `model` alone. A model's own name may have a slash too."""
    found: dict[str, Timeouts] = {}
    for special in (False, True):
        for key, decl in models.items():
            provider, _, name = key.partition("/")
            if (provider.lower() in names and bool(name)) is special:
                model = resolve(name if special else key)
                found[model] = over(found.get(model, base), decl)
    return found
