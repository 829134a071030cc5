"""What an exchange is said to have cost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw
from support.pool_kit import OPENAI, account

from a2a import catalog
from a2a.config import ModelDecl, ModelPrice
from a2a.control.types import Cost
from a2a.gateway.catalogue import Catalogue
from a2a.gateway.cost import Prices
from a2a.messages import Usage
from a2a.protocols.chat.tap import ChatReader
from a2a.protocols.chat.words import usage_in

URL = "https://api.openai.com/v1"
MODEL = "gpt-5"


def prices(**models: ModelDecl) -> Prices:
    catalogue = Catalogue({})
    catalogue.declare({name.replace("_", "-"): decl for name, decl in models.items()})
    return Prices(catalogue)


def cost(usage: Usage | None, *, model: str = MODEL, url: str = URL, **models: ModelDecl) -> Cost | None:
    return prices(**models).cost(account("a"), lambda _: url, model, usage)


def test_the_packaged_price_with_its_date() -> None:
    known = catalog.known(URL, MODEL)
    assert known is not None
    assert known.price is not None
    found = cost(Usage(input=1_000_000, output=1_000_000))
    assert found == Cost(
        amount=known.price.input + known.price.output,  # type: ignore[operator]
        currency="USD",
        basis=catalog.packaged().price_date,
    )


OWN = ModelDecl(price=ModelPrice(input=10.0, cached_input=1.0, cache_write=20.0, output=100.0), price_date="2026-01-02")


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(input=1_000_000, output=0), 10.0),
        (Usage(input=1_000_000, output=10_000), 11.0),
        (Usage(input=1_000_000, cache_read=400_000), 6.4),
        (Usage(input=1_000_000, cache_read=400_000, cache_write=100_000), 7.4),
        (Usage(input=1_000_000, cache_write=200_000, cache_write_1h=100_000), 8 + 2 + 2),
        (Usage(output=10_000), 1.0),
        (Usage(input=0, output=0), 0.0),
    ],
)
def test_input_holds_what_came_from_the_cache(usage: Usage, dollars: float) -> None:
    found = cost(usage, gpt_5=OWN)
    assert found is not None
    assert found.amount == pytest.approx(dollars)
    assert (found.currency, found.basis) == ("USD", "2026-01-02")


def test_cached_input_without_a_price_of_its_own_costs_what_input_does() -> None:
    plain = ModelDecl(price=ModelPrice(input=10.0, output=100.0))
    found = cost(Usage(input=1_000_000, cache_read=500_000), gpt_5=plain)
    assert found == Cost(amount=10.0, currency="USD", basis="config.toml")


@pytest.mark.parametrize(
    ("usage", "model", "url"),
    [
        (None, MODEL, URL),
        (Usage(), MODEL, URL),
        (Usage(input=5), "nobody-knows", URL),
        (Usage(input=5), MODEL, "http://127.0.0.1:9/v1"),
    ],
)
def test_what_nobody_knows(usage: Usage | None, model: str, url: str) -> None:
    assert cost(usage, model=model, url=url) is None


def test_no_price_for_a_part_that_was_used() -> None:
    half = ModelDecl(price=ModelPrice(input=10.0))
    assert cost(Usage(input=5, output=5), gpt_5=half) is None
    assert cost(Usage(input=5), gpt_5=half) is not None


def test_large_inputs_may_cost_more() -> None:
    tiered = next(
        (vendor.hosts[0], model)
        for vendor in catalog.packaged().vendors
        for model in vendor.models
        if model.price is not None and model.price.tiers
    )
    host, model = tiered
    assert model.price is not None
    tier = model.price.tiers[-1]
    below = cost(Usage(input=tier.above), model=model.id, url=f"https://{host}/v1")
    above = cost(Usage(input=tier.above + 1), model=model.id, url=f"https://{host}/v1")
    assert below is not None
    assert above is not None
    assert tier.input is not None
    assert above.amount == pytest.approx((tier.above + 1) * tier.input / 1e6)
    assert above.amount > below.amount * 1.1


def test_the_upstreams_own_credits() -> None:
    assert cost(Usage(input=5, ext={"credits": Raw(b"0.25")})) == Cost(amount=0.25, currency="credit", basis="upstream")
    assert cost(Usage(input=5, ext={"credits": Raw(b'"much"')})) is None


ROUTER = "https://openrouter.ai/api/v1"


@pytest.mark.parametrize(
    ("told", "dollars"),
    [
        ({"cost": 0.0042}, 0.0042),
        ({"cost": 0, "is_byok": False, "cost_details": {"upstream_inference_cost": None}}, 0.0),
        ({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2, "x": "y"}}, 0.21),
        ({"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.2}}, 0.01),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_what_openrouter_says_it_cost(told: dict[str, Any], dollars: float, streamed: bool) -> None:
    wire = {"prompt_tokens": 1_000_000, "completion_tokens": 5, **told}
    if streamed:
        glance = ChatReader().whole(json.dumps({"choices": [], "usage": wire}).encode())
        assert glance.usage is not None
        usage = glance.usage
    else:
        usage = usage_in(Raw(json.dumps(wire).encode()))
    found = cost(usage, url=ROUTER)
    assert found is not None
    assert (found.amount, found.currency, found.basis) == (pytest.approx(dollars), "USD", "upstream")


def test_the_cost_that_others_say_is_not_known_to_be_dollars() -> None:
    usage = Usage(input=1_000_000, ext={"cost": Raw(b"5")})
    assert cost(usage, gpt_5=OWN) == Cost(amount=10.0, currency="USD", basis="2026-01-02")


def test_a_cost_that_is_no_number_is_none() -> None:
    assert cost(Usage(input=1, ext={"cost": Raw(b'"much"')}), url=ROUTER) is None


def test_a_price_that_changes_holds_from_then_on() -> None:
    catalogue = Catalogue({})
    one = Prices(catalogue)
    before = one.cost(account("a"), lambda _: URL, MODEL, Usage(input=1_000_000))
    catalogue.declare({f"{OPENAI}/{MODEL}": OWN})
    after = one.cost(account("a"), lambda _: URL, MODEL, Usage(input=1_000_000))
    assert before is not None
    assert after is not None
    assert (before.amount, after.amount) == (1.25, 10.0)
