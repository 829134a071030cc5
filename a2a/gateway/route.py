"""Which provider and which model a request means (contract section 6).

Precedence: path prefix, `Model-Provider` header, `provider/model` in the name, the catalogue, the default chain. An
unknown name is a 404 with near matches, never replaced silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from a2a.config import PROVIDER_SHORT, Settings, provider_id
from a2a.control.types import Route
from a2a.errors import A2AError, RequestError, UnknownModel
from a2a.gateway.call import Call
from a2a.gateway.catalogue import Catalogue
from a2a.providers.base import Operation, Provider

HEADER = "model-provider"

MAX_KEPT = 1000
"""Decisions remembered; a change of the catalogue makes all of them new."""


class Choice(Struct, frozen=True):
    """One (provider, model) to try. `serving`: ids of the accounts to ask, None = all."""

    route: Route
    serving: frozenset[str] | None = None


class Router:
    """Asks settings and catalogue; remembers what it decided until the catalogue changes."""

    def __init__(self, settings: Settings, providers: Mapping[str, Provider], catalogue: Catalogue) -> None:
        self._providers = providers
        self._catalogue = catalogue
        self._settings = settings
        self._kept: dict[tuple[int, str, str | None, str | None, str], list[Choice]] = {}
        self._chain = [provider_id(name) for name in settings.server.model_provider]

    @property
    def chain(self) -> Sequence[str]:
        """The default chain as provider ids."""
        return self._chain

    def choices(self, call: Call, name: str) -> list[Choice]:
        """In the order to try; never empty. Raises UnknownModel or RequestError."""
        header = call.headers.get(HEADER)
        key = (self._catalogue.version, call.front.name, call.prefix, header, name)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._decide(call, header, name)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = kept
        return kept

    def _decide(self, call: Call, header: str | None, name: str) -> list[Choice]:
        if call.prefix is not None:
            return [self._explicit(call, "prefix", call.prefix, None, name)]
        if header:
            provider, alias = self._named(header)
            return [self._explicit(call, "header", provider, alias, name)]
        if (split := self._split(name)) is not None:
            provider, alias, model = split
            return [self._explicit(call, "name", provider, alias, model, asked=name)]
        if found := self._catalogue.find(name):
            return [
                self._choice(call, "catalogue", provider, None, model, name)
                for provider, model in sorted(found, key=lambda pair: self._rank(pair[0]))
            ]
        return self._default(call, name)

    def _rank(self, provider: str) -> int:
        return self._chain.index(provider) if provider in self._chain else len(self._chain)

    def _named(self, header: str) -> tuple[str, str | None]:
        name, _, alias = header.partition("/")
        try:
            return provider_id(name), alias or None
        except A2AError as error:
            raise RequestError(f"{HEADER}: {error.message}", param=HEADER) from error

    def _split(self, name: str) -> tuple[str, str | None, str] | None:
        """`provider/model` or `provider/alias/model`; None when the name is not of that form."""
        head, slash, rest = name.partition("/")
        if not slash or not rest or self._catalogue.lists(name):
            return None
        wanted = head.lower()
        provider = next((i for i, short in PROVIDER_SHORT.items() if wanted in (i.lower(), short)), None)
        if provider is None or provider not in self._providers:
            return None
        alias, slash, model = rest.partition("/")
        if slash and model and self._catalogue.has_account(provider, alias):
            return provider, alias, model
        return provider, None, rest

    def _explicit(
        self, call: Call, via: str, provider: str, alias: str | None, model: str, *, asked: str | None = None
    ) -> Choice:
        return self._choice(call, via, provider, alias, self._providers[provider].resolve(model), asked or model)

    def _choice(self, call: Call, via: str, provider: str, alias: str | None, model: str, asked: str) -> Choice:
        route = Route(
            front=call.front.name,
            asked=asked,
            provider=provider,
            model=model,
            via=via,  # type: ignore[arg-type]
            account=alias,
        )
        serving = self._catalogue.serving(provider, model)
        if serving is not None and not serving:
            raise self._unknown(asked)
        return Choice(route, None if alias else serving)

    def _default(self, call: Call, name: str) -> list[Choice]:
        for provider in self._chain:
            known = self._providers.get(provider)
            if known is not None and known.open_list and self._catalogue.has_account(provider):
                return [self._choice(call, "default", provider, None, known.resolve(name), name)]
        raise self._unknown(name)

    def _unknown(self, name: str) -> UnknownModel:
        near = self._catalogue.near(name.rpartition("/")[2])
        hint = f"near: {', '.join(near)}" if near else "see: a2a models"
        return UnknownModel(f"no provider serves model {name}", hint=hint, param="model")

    def offers(self, provider: str, operation: Operation, proto: str) -> bool:
        """Whether its upstream can be asked for `operation`: in the client's own protocol, for a count in any."""
        known = self._providers[provider]
        return operation in known.offers and (known.proto == proto or operation == "count")

    def default_model(self, provider: str) -> str | None:
        """What `a2a chat` asks for without `-m`: the setting, what the upstream names, else the first of its list."""
        known = self._providers[provider]
        return (
            known.settings.default_model
            or self._settings.server.default_model
            or known.default_model
            or self._catalogue.first(provider)
        )
