"""What an exchange cost, as an estimate: its usage by the prices that are known of its model, with their date.

Settings go before the packaged catalog. What the upstream itself says (Kiro's credits, OpenRouter's cost) goes before
any price. Nothing is guessed: without a price for everything that was used the cost is unknown. Plans, free tiers and
taxes are not known to a2a.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from a2a import catalog
from a2a.auth.records import Account
from a2a.control.types import Cost
from a2a.gateway.catalogue import Catalogue
from a2a.messages import Ext, Usage

UPSTREAM = "upstream"
"""Basis of a cost that the upstream itself has told."""

_MILLION = 1_000_000
_HOUR_WRITE = 2.0
"""Price of a cache entry that lives for an hour, by that of input (Anthropic's price list, 2026-11-20)."""
_KNOWN = 10_000
"""Prices remembered at most: model names come from clients."""


class Rates(Struct, frozen=True, kw_only=True):
    """US dollars per million tokens of one model, in tiers by the size of the input, the largest first."""

    basis: str
    tiers: tuple[catalog.Tier, ...]

    def of(self, input_tokens: int) -> catalog.Tier:
        return next((tier for tier in self.tiers if input_tokens > tier.above), self.tiers[-1])


class Prices:
    """Cheap to ask: an answer of the catalogue is remembered until it learns something."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._version = -1
        self._rates: dict[tuple[str, str], Rates | None] = {}

    def cost(
        self, account: Account, base_url: Callable[[Account], str], model: str, usage: Usage | None
    ) -> Cost | None:
        """None: nobody knows. `base_url`: where an account's calls go, which tells whose prices hold."""
        if usage is None:
            return None
        if usage.ext is not None and (told := usage.ext.get("credits")) is not None:
            return _credits(told)
        if (dollars := _dollars(usage.ext, lambda: base_url(account))) is not None:
            return dollars
        if usage.input is None and usage.output is None:
            return None
        rates = self._of(account, base_url, model)
        amount = _amount(rates.of(usage.input or 0), usage) if rates is not None else None
        return (
            Cost(amount=amount, currency="USD", basis=rates.basis) if rates is not None and amount is not None else None
        )

    def _of(self, account: Account, base_url: Callable[[Account], str], model: str) -> Rates | None:
        if self._version != self._catalogue.version or len(self._rates) > _KNOWN:
            self._rates.clear()
            self._version = self._catalogue.version
        key = (account.id, model)
        if key not in self._rates:
            self._rates[key] = self._look(account, base_url(account), model)
        return self._rates[key]

    def _look(self, account: Account, base_url: str, model: str) -> Rates | None:
        for decl in self._catalogue.declared(account.provider, model):
            if (own := decl.price) is not None:
                tier = catalog.Tier(
                    above=-1,
                    input=own.input,
                    cached_input=own.cached_input,
                    cache_write=own.cache_write,
                    output=own.output,
                )
                return Rates(basis=decl.price_date or "config.toml", tiers=(tier,))
        known = catalog.known(base_url, model)
        if known is None or known.price is None:
            return None
        price = known.price
        first = catalog.Tier(
            above=-1,
            input=price.input,
            cached_input=price.cached_input,
            cache_write=price.cache_write,
            output=price.output,
        )
        return Rates(basis=catalog.packaged().price_date, tiers=(*reversed(price.tiers), first))


def _amount(rate: catalog.Tier, usage: Usage) -> float | None:
    """US dollars; None where something was used that has no price."""
    read, written, hour = usage.cache_read, usage.cache_write, usage.cache_write_1h
    plain = max(0, (usage.input or 0) - read - written)
    cached = rate.input if rate.cached_input is None else rate.cached_input
    stored = rate.input if rate.cache_write is None else rate.cache_write
    parts = (
        (plain, rate.input),
        (read, cached),
        (max(0, written - hour), stored),
        (hour, rate.input * _HOUR_WRITE if rate.input is not None else None),
        (usage.output or 0, rate.output),
    )
    total = 0.0
    for tokens, price in parts:
        if not tokens:
            continue
        if price is None:
            return None
        total += tokens * price
    return total / _MILLION


class _Told(Struct):
    """Of OpenRouter's `usage`, in its credits, which are US dollars. `cost`: what it charges itself; with a key of the
    user's own at a vendor (`is_byok`) that vendor charges the rest (openrouter.ai/docs, usage accounting, 2026-11)."""

    cost: float
    is_byok: bool | None = None
    cost_details: _Details | None = None


class _Details(Struct):
    upstream_inference_cost: float | None = None


def _is_openrouter(url: str) -> bool:
    """Others that say a `cost` say it in currencies and forms of their own."""
    host = urlsplit(url).hostname or ""
    return host == "openrouter.ai" or host.endswith(".openrouter.ai")


def _dollars(told: Ext | None, base_url: Callable[[], str]) -> Cost | None:
    if told is None or "cost" not in told or not _is_openrouter(base_url()):
        return None
    try:
        said = msgspec.json.decode(msgspec.json.encode(told), type=_Told)
    except msgspec.DecodeError:
        return None
    beside = said.cost_details.upstream_inference_cost if said.is_byok and said.cost_details is not None else None
    return Cost(amount=said.cost + (beside or 0.0), currency="USD", basis=UPSTREAM)


def _credits(told: msgspec.Raw) -> Cost | None:
    """What Kiro's `meteringEvent` says (kiro.md 7.2)."""
    try:
        amount = msgspec.json.decode(told, type=float, strict=False)
    except msgspec.DecodeError:
        return None
    return Cost(amount=amount, currency="credit", basis=UPSTREAM)
