"""What is publicly known about models: limits, modalities and prices, as packaged data with its date and sources.

`models.json` is written by scripts/catalog.py from public lists; nobody edits it by hand. An entry holds for the
vendor's own API, found by its host; what is not known is absent. Upstreams' own lists and the settings go before it
(docs/routing.md). Kiro, Code Assist and Qwen's login are not in it: their tables lie with their providers.
Read on first use, once per process.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

_DATE = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")


class Tier(Struct, frozen=True, kw_only=True):
    """What a request with more than `above` input tokens costs. US dollars per million tokens."""

    above: int
    input: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    output: float | None = None


class Price(Struct, frozen=True, kw_only=True):
    """US dollars per million tokens; None = not known, or not sold. `tiers`: by growing size of the input."""

    input: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    output: float | None = None
    tiers: tuple[Tier, ...] = ()


class Model(Struct, frozen=True, kw_only=True):
    """`context`: most input tokens. `input`: kinds of content it reads. `source`: the page that says so."""

    id: str
    context: int | None = None
    max_output: int | None = None
    input: tuple[str, ...] = ()
    price: Price | None = None
    source: str | None = None


class Vendor(Struct, frozen=True):
    """`hosts` of its API."""

    id: str
    hosts: tuple[str, ...]
    models: tuple[Model, ...]


class Source(Struct, frozen=True):
    """A list the figures were taken from."""

    name: str
    version: str
    url: str


class Catalog(Struct, frozen=True, kw_only=True):
    """The whole file. `date`: when it was written; `price_date`: the basis of a cost (ISO dates)."""

    format: int
    date: str
    price_date: str
    sources: tuple[Source, ...]
    vendors: tuple[Vendor, ...]


@cache
def packaged() -> Catalog:
    """The catalog this version of a2a comes with."""
    return msgspec.json.decode(Path(__file__).with_name("models.json").read_bytes(), type=Catalog)


@cache
def _by_host() -> dict[str, dict[str, Model]]:
    """Host -> model name -> model."""
    return {
        host: {model.id.lower(): model for model in vendor.models}
        for vendor in packaged().vendors
        for host in vendor.hosts
    }


def known(base_url: str, model: str) -> Model | None:
    """What is known of a model at that URL; a dated name that is not listed is looked up without its date."""
    models = _by_host().get(urlsplit(base_url).hostname or "")
    if models is None:
        return None
    name = model.lower()
    return models.get(name) or models.get(_DATE.sub("", name))
