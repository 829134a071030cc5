"""The packaged catalog: what it must hold to be believed, and how a model is found in it."""

from __future__ import annotations

import datetime
import re

import pytest

from a2a.catalog import Model, Price, known, packaged
from a2a.providers.presets import PRESETS

MODELS = [(vendor, model) for vendor in packaged().vendors for model in vendor.models]


def test_the_header_says_when_and_from_where() -> None:
    head = packaged()
    assert head.format == 1
    assert datetime.date.fromisoformat(head.price_date) <= datetime.date.fromisoformat(head.date)
    assert all(source.version and source.url.startswith("https://") for source in head.sources)


def test_names_are_unique_within_a_vendor() -> None:
    names = [(vendor.id, model.id.lower()) for vendor, model in MODELS]
    assert len(set(names)) == len(names)


def test_every_entry_says_something_that_can_be_true() -> None:
    for _, model in MODELS:
        assert model != Model(id=model.id, source=model.source)
        assert all(figure is None or figure > 0 for figure in (model.context, model.max_output)), model
        assert {*model.input} <= {"text", "image", "pdf", "audio", "video"}
        prices = [model.price, *model.price.tiers] if model.price else []
        assert all(p.input is not None and 0 < p.input < 1000 for p in prices), model
        assert all(p.cached_input is None or p.input is None or p.cached_input <= p.input for p in prices), model


def test_tiers_grow() -> None:
    tiers = [[tier.above for tier in model.price.tiers] for _, model in MODELS if model.price]
    assert any(tiers)
    assert all(marks == sorted(set(marks)) and all(mark > 0 for mark in marks) for marks in tiers)


def test_the_named_pages_are_pages() -> None:
    assert all(model.source is None or re.match(r"https://\S+$", model.source) for _, model in MODELS)


@pytest.mark.parametrize(
    "preset", ["openai", "anthropic", "google", "deepseek", "kimi", "zai", "dashscope", "groq", "mistral"]
)
def test_each_vendor_with_a_preset_is_known(preset: str) -> None:
    host = PRESETS[preset].base_url.split("/")[2]
    assert any(host in vendor.hosts and vendor.models for vendor in packaged().vendors)


def test_a_model_is_found_by_host_and_name() -> None:
    found = known("https://api.anthropic.com", "claude-sonnet-4-6")
    assert found is not None
    assert (found.context, found.input) == (1_000_000, ("text", "image", "pdf"))
    assert found.price == Price(input=3.0, cached_input=0.3, cache_write=3.75, output=15.0)


def test_case_a_path_and_a_date_do_not_matter() -> None:
    assert known("https://api.z.ai/api/paas/v4", "GLM-5") == known("https://api.z.ai", "glm-5")
    assert known("https://api.anthropic.com", "claude-sonnet-4-6-20990101") is not None
    assert known("https://api.openai.com/v1", "gpt-5.4-2099-01-01") == known("https://api.openai.com/v1", "gpt-5.4")


@pytest.mark.parametrize(
    ("base_url", "model"),
    [
        ("https://api.anthropic.com", "gpt-5.4"),
        ("https://example.test", "gpt-5.4"),
        ("http://localhost:1", "x"),
        ("", ""),
    ],
)
def test_what_is_not_known_is_absent(base_url: str, model: str) -> None:
    assert known(base_url, model) is None
