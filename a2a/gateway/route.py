"""Which provider and which model a request means (contract section 6).

Precedence: path prefix, `Model-Provider` header, `provider/model` in the name, the catalogue (aliases first), the
default chain. Behind the targets that come of it stand those of their `fallback`. An unknown name is a 404 with near
matches, never replaced silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from a2a.config import PROVIDER_SHORT, Settings, near, provider_id
from a2a.control.types import ModelView, Route
from a2a.errors import A2AError, RequestError, UnknownModel
from a2a.gateway.affinity import conversation
from a2a.gateway.aliases import Aliases, Dealer, is_pattern
from a2a.gateway.call import Call
from a2a.gateway.catalogue import Catalogue, plain
from a2a.providers.base import Operation, Provider

HEADER = "model-provider"

MAX_KEPT = 1000
"""Decisions remembered; a change of the catalogue makes all of them new."""

_NONE: frozenset[str] = frozenset()


class Choice(Struct, frozen=True):
    """One (provider, model) to try. `serving`: ids of the accounts to ask, None = all."""

    route: Route
    serving: frozenset[str] | None = None


class _Plan(Struct, frozen=True):
    """A decision. `dealer`: the first `dealt` of the choices begin with another one for each conversation."""

    choices: list[Choice]
    dealer: Dealer | None = None
    dealt: int = 0


class _Asked(Struct, frozen=True):
    """What a choice is recorded with, whoever finds it. `via`: the word for it, None for that of the step itself."""

    front: str
    name: str
    via: str | None = None
    instead_of: str | None = None


class Router:
    """Asks settings and catalogue; remembers what it decided until the catalogue changes."""

    def __init__(self, settings: Settings, providers: Mapping[str, Provider], catalogue: Catalogue) -> None:
        self._providers = providers
        self._catalogue = catalogue
        self._settings = settings
        self._aliases = Aliases(settings.aliases, plain)
        self._dealers: dict[str, Dealer] = {}
        self._kept: dict[tuple[int, str, str | None, str | None, str], _Plan] = {}
        self._chain = [provider_id(name) for name in settings.server.model_provider]
        catalogue.declare(settings.models)

    @property
    def chain(self) -> Sequence[str]:
        """The default chain as provider ids."""
        return self._chain

    def follow(self, before: Router) -> None:
        """Go on dealing where the router of earlier settings stopped, so that conversations stay where they are."""
        self._dealers = before._dealers

    def choices(self, call: Call, name: str, *, dry: bool = False) -> list[Choice]:
        """In the order to try; never empty. `dry`: the request is only thought of, so an alias's turn is not used up.

        Raises UnknownModel or RequestError.
        """
        header = call.headers.get(HEADER)
        key = (self._catalogue.version, call.front.name, call.prefix, header, name)
        plan = self._kept.get(key)
        if plan is None:
            plan = self._decide(call, header, name)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = plan
        return plan.choices if plan.dealer is None else _dealt(plan, plan.dealer, call, dry=dry)

    def _decide(self, call: Call, header: str | None, name: str) -> _Plan:
        asked = _Asked(call.front.name, name)
        if call.prefix is not None:
            return self._plan([self._explicit(asked, "prefix", call.prefix, None, name)], asked)
        if header:
            provider, account = self._named(header)
            return self._plan([self._explicit(asked, "header", provider, account, name)], asked)
        alias = self._aliases.find(name, whole=True)
        if alias is None and (split := self._split(name)) is not None:
            return self._plan([self._explicit(asked, "name", *split)], asked)
        if alias is None:
            alias = self._aliases.find(name)
        if alias is not None:
            return self._pool(asked, alias)
        found = self._listed(asked, name)
        return self._plan(found or self._default(asked, name), asked)

    def _plan(self, choices: list[Choice], asked: _Asked, dealer: Dealer | None = None) -> _Plan:
        own = choices[0].route.via in ("prefix", "header", "name")
        if own and not self._settings.server.fallback_explicit:
            return _Plan(choices)
        return _Plan(_once([*choices, *self._stand_ins(asked, choices)]), dealer, len(choices) if dealer else 0)

    # -- aliases -------------------------------------------------------------------------------------------------------

    def _pool(self, asked: _Asked, alias: str) -> _Plan:
        choices = self._targets_of(asked, alias)
        if not choices:
            targets = self._aliases[alias].targets
            raise self._unknown(asked.name, targets, f"nobody serves {', '.join(targets)}, which {alias} stands for")
        dealt = self._aliases[alias].strategy == "round-robin"
        return self._plan(choices, asked, self._dealers.setdefault(alias, Dealer()) if dealt else None)

    def _targets_of(self, asked: _Asked, alias: str, used: frozenset[str] = _NONE) -> list[Choice]:
        """What an alias leads to; targets without an account stand back where others have one."""
        through = asked if asked.via else _Asked(asked.front, asked.name, "alias")
        targets = self._aliases[alias].targets
        found = _once(choice for target in targets for choice in self._resolved(through, target, used | {alias}))
        return [choice for choice in found if self._catalogue.has_account(choice.route.provider)] or found

    def _resolved(self, asked: _Asked, target: str, used: frozenset[str]) -> list[Choice]:
        """Everyone a target means, read as a model's name from a client is; empty when nobody serves it."""
        alias = self._aliases.find(target, used, whole=True)
        if alias is None and (split := self._split(target)) is not None:
            provider, account, model = split
            choice = self._choice(asked, "name", provider, account, self._providers[provider].resolve(model))
            return [choice] if choice else []
        alias = alias or self._aliases.find(target, used)
        return self._listed(asked, target) if alias is None else self._targets_of(asked, alias, used)

    # -- fallback ------------------------------------------------------------------------------------------------------

    def _stand_ins(self, asked: _Asked, choices: Sequence[Choice]) -> Iterable[Choice]:
        """What the `fallback` of each choice puts behind them all; a stand-in has none of its own."""
        for choice in choices:
            route = choice.route
            through = _Asked(asked.front, asked.name, "fallback", f"{self._short(route.provider)}/{route.model}")
            for target in self._fallback_of(route):
                for found in self._stand_in(through, route, target):
                    if self._catalogue.has_account(found.route.provider, found.route.account):
                        yield found

    def _fallback_of(self, route: Route) -> list[str]:
        for decl in self._catalogue.declared(route.provider, route.model, route.asked):
            if decl.fallback is not None:
                return decl.fallback
        return self._settings.provider(route.provider).fallback or []

    def _stand_in(self, asked: _Asked, route: Route, target: str) -> list[Choice]:
        """`provider` alone means the same model there: by the name asked for, else by the one it had, with dashes for
        Kiro's dots."""
        provider = _provider_of(target)
        if provider is None:
            return self._resolved(asked, target, _NONE)
        for name in (asked.name, asked.name.rpartition("/")[2], route.model, route.model.replace(".", "-")):
            if (model := self._catalogue.found(provider, name)) is not None:
                choice = self._choice(asked, "fallback", provider, None, model)
                return [choice] if choice else []
        return []

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _rank(self, provider: str) -> int:
        return self._chain.index(provider) if provider in self._chain else len(self._chain)

    def _named(self, header: str) -> tuple[str, str | None]:
        name, _, alias = header.partition("/")
        try:
            return provider_id(name), alias or None
        except A2AError as error:
            raise RequestError(f"{HEADER}: {error.message}", param=HEADER) from error

    def _split(self, name: str) -> tuple[str, str | None, str] | None:
        """`provider/model` or `provider/account/model`; None when the name is not of that form."""
        head, slash, rest = name.partition("/")
        if not slash or not rest or self._catalogue.lists(name):
            return None
        provider = _provider_of(head)
        if provider is None or provider not in self._providers:
            return None
        account, slash, model = rest.partition("/")
        if slash and model and self._catalogue.has_account(provider, account):
            return provider, account, model
        return provider, None, rest

    def _listed(self, asked: _Asked, name: str) -> list[Choice]:
        """Everyone who lists the model, in the order of the default chain."""
        found = sorted(self._catalogue.find(name), key=lambda pair: self._rank(pair[0]))
        made = (self._choice(asked, "catalogue", provider, None, model) for provider, model in found)
        return [choice for choice in made if choice is not None]

    def _explicit(self, asked: _Asked, via: str, provider: str, account: str | None, model: str) -> Choice:
        choice = self._choice(asked, via, provider, account, self._providers[provider].resolve(model))
        if choice is None:
            raise self._unknown(asked.name, [model])
        return choice

    def _default(self, asked: _Asked, name: str) -> list[Choice]:
        for provider in self._chain:
            known = self._providers.get(provider)
            if known is not None and known.open_list and self._catalogue.has_account(provider):
                return [self._explicit(asked, "default", provider, None, name)]
        raise self._unknown(name, [name])

    def _choice(self, asked: _Asked, via: str, provider: str, account: str | None, model: str) -> Choice | None:
        """None where the lists of the provider's accounts are closed and have no such name."""
        serving = self._catalogue.serving(provider, model)
        if serving is not None and not serving:
            return None
        route = Route(
            front=asked.front,
            asked=asked.name,
            provider=provider,
            model=model,
            via=asked.via or via,  # type: ignore[arg-type]
            account=account,
            instead_of=asked.instead_of,
        )
        return Choice(route, None if account else serving)

    def _unknown(self, name: str, wanted: Iterable[str], because: str | None = None) -> UnknownModel:
        """With up to three near names: of models, aliases and patterns, or of the provider in front."""
        found: list[str] = []
        for word in wanted:
            head, slash, rest = word.rpartition("/")
            found += self._catalogue.near(rest, [alias for alias in self._aliases if alias != name])
            known = near(head, PROVIDER_SHORT.values()) if slash else None
            if known and known != head.lower():
                found.insert(0, f"{known}/{rest}")
        unique = list(dict.fromkeys(found))[:3]
        hint = f"near: {', '.join(unique)}" if unique else "see: a2a models"
        return UnknownModel(because or f"no provider serves model {name}", hint=hint, param="model")

    # -- what others ask -----------------------------------------------------------------------------------------------

    def models(self) -> list[ModelView]:
        """The model list: aliases and patterns first, whose `provider` is `alias`; no `accounts` means a dead end."""
        return [*(self._view(alias) for alias in self._aliases), *self._catalogue.views()]

    def _view(self, alias: str) -> ModelView:
        routes = [choice.route for choice in self._targets_of(_Asked("", alias), alias)]
        whom = (self._catalogue.able(route.provider, route.model, route.account) for route in routes)
        return ModelView(
            id=alias,
            name=alias,
            provider="alias",
            accounts=list(dict.fromkeys(account for accounts in whom for account in accounts)),
            targets=[f"{self._short(route.provider)}/{route.model}" for route in routes]
            or self._aliases[alias].targets,
            pattern=is_pattern(alias),
        )

    def dead_ends(self) -> list[str]:
        """Targets of aliases and of every `fallback` that lead nowhere now: a sentence each, with where it stands."""
        written = [(f"aliases.{name}", target) for name in self._aliases for target in self._aliases[name].targets]
        written += [
            (f"models.{n}", target) for n, decl in self._settings.models.items() for target in decl.fallback or ()
        ]
        for provider, table in self._settings.providers.items():
            written += [(f"providers.{provider}.fallback", target) for target in table.fallback or ()]
        told = ((setting, self._trouble(target, setting.removeprefix("aliases."))) for setting, target in written)
        origins = self._settings.origins
        return [f"{origins.get(setting, setting)}: {trouble}" for setting, trouble in told if trouble]

    def _trouble(self, target: str, alias: str) -> str | None:
        """What is wrong with a target; `alias`: whose it is."""
        provider = _provider_of(target)
        found = [] if provider else self._resolved(_Asked("", target), target, frozenset({alias}))
        providers = {provider} if provider else {choice.route.provider for choice in found}
        if not providers:
            return str(self._unknown(alias, [target], f"nobody serves {target}"))
        if not any(self._catalogue.has_account(one) for one in providers):
            shorts = ", ".join(sorted(self._short(one) for one in providers))
            return f"{target} cannot be asked: {shorts} has no account"
        return None

    def _short(self, provider: str) -> str:
        return self._providers[provider].short

    def offers(self, provider: str, operation: Operation, proto: str) -> bool:
        """Whether its upstream can be asked for `operation`: in the client's own protocol, for a count in any."""
        known = self._providers[provider]
        return operation in known.offers and (known.proto == proto or operation == "count")

    def default_model(self, provider: str) -> str | None:
        """What `a2a chat` asks for without `-m`: the setting, what the upstream names, else the first of its list.

        The setting for all providers counts where it is listed, or nobody lists it.
        """
        known = self._providers[provider]
        general = self._settings.server.default_model
        if general and self._catalogue.found(provider, general) is None and self._catalogue.find(general):
            general = None
        return known.settings.default_model or general or known.default_model or self._catalogue.first(provider)


def _dealt(plan: _Plan, dealer: Dealer, call: Call, *, dry: bool) -> list[Choice]:
    """The alias's targets, beginning with the one that this conversation has."""
    known = conversation(call.headers, call.body) if plan.dealt > 1 else None
    new = known is not None and not known.known
    first = dealer.first(plan.dealt, known.key if known else None, new=new, dry=dry)
    return [*plan.choices[first : plan.dealt], *plan.choices[:first], *plan.choices[plan.dealt :]]


def _once(choices: Iterable[Choice]) -> list[Choice]:
    """Without a target that stands there already."""
    unique: dict[tuple[str, str, str | None], Choice] = {}
    for choice in choices:
        unique.setdefault((choice.route.provider, choice.route.model, choice.route.account), choice)
    return list(unique.values())


def _provider_of(word: str) -> str | None:
    """The id of a provider by its id or short name in any case; None for any other word."""
    wanted = word.lower()
    return next((known for known, short in PROVIDER_SHORT.items() if wanted in (known.lower(), short)), None)
