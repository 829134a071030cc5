"""Names, the model table and the account's own list (specs/kiro.md sections 8.1 and 9)."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw

from a2a.errors import BadUpstream
from a2a.protocols.base import Profile
from a2a.protocols.kiro import models
from a2a.protocols.kiro.catalogue import parse_catalogue, parse_thinking


@pytest.mark.parametrize(
    ("name", "model", "thinking"),
    [
        ("claude-sonnet-4.5", "claude-sonnet-4.5", False),
        ("claude-sonnet-4-5", "claude-sonnet-4.5", False),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5", False),
        ("anthropic/claude-opus-4-8-thinking", "claude-opus-4.8", True),
        ("kiro-claude-haiku-4-5-20251001", "claude-haiku-4.5", False),
        ("kiro-auto", "auto", False),
        ("claude-sonnet-4-20250514", "claude-sonnet-4", False),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4.5-1m", False),
        ("claude-opus-4-6[1m]", "claude-opus-4.6", False),
        ("CLAUDE_SONNET_4_5_20250929_V1_0", "claude-sonnet-4.5", False),
        ("deepseek-v3.2", "deepseek-3.2", False),
        ("gpt-5.6-sol", "gpt-5.6-sol", False),
        ("claude-opus-9-1-thinking", "claude-opus-9-1-thinking", False),
        ("anthropic/unheard-of", "anthropic/unheard-of", False),
    ],
)
def test_names(name: str, model: str, thinking: bool) -> None:
    assert models.resolve(name) == (model, thinking)


def test_every_id_of_the_table_is_itself() -> None:
    assert [models.resolve(model.id)[0] for model in models.MODELS] == [model.id for model in models.MODELS]
    assert len({model.id for model in models.MODELS}) == len(models.MODELS)


@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.id)
def test_a_profile_carries_the_effort_schema(model: models.Model) -> None:
    target = models.profile(model)
    assert models.thinking_of("whatever", target) == model.thinking
    assert models.thinking_of(model.id, Profile()) == model.thinking
    assert (target.context, target.max_output) == (model.context, model.output)


def test_an_unknown_model_has_no_schema() -> None:
    assert models.thinking_of("unheard-of", Profile()) is None


CLAUDE_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "thinking": {
            "type": "object",
            "properties": {
                "type": {"type": "string", "enum": ["adaptive", "disabled"]},
                "display": {"type": "string", "enum": ["summarized", "omitted"]},
            },
        },
        "output_config": {
            "type": "object",
            "properties": {"effort": {"type": "string", "enum": ["low", "medium", "high", "xhigh", "max"]}},
        },
        "max_tokens": {"type": "integer", "minimum": 1024, "maximum": 64000},
    },
}
PLAIN_SCHEMA = {"properties": {"output_config": {"properties": {"effort": {"enum": ["low"]}}}}}
GPT_SCHEMA = {"properties": {"reasoning": {"properties": {"effort": {"enum": ["low", "high"]}}}}}


@pytest.mark.parametrize(
    ("schema", "thinking"),
    [
        (CLAUDE_SCHEMA, models.Thinking("claude", models.CLAUDE_EFFORTS, True, True, (1024, 64_000))),
        (GPT_SCHEMA, models.Thinking("gpt", ("low", "high"))),
        (PLAIN_SCHEMA, models.Thinking("claude", ("low",))),
        ({"properties": {"max_tokens": {}}}, None),
        ({}, None),
    ],
)
def test_effort_schemas(schema: object, thinking: models.Thinking | None) -> None:
    assert parse_thinking(Raw(json.dumps(schema).encode())) == thinking


def _page(*rows: object, **more: object) -> bytes:
    return json.dumps({"models": rows, **more}).encode()


def test_the_account_s_list() -> None:
    row = {
        "modelId": "claude-opus-5.5",
        "modelName": "Claude Opus 5.5",
        "rateMultiplier": 2.5,
        "tokenLimits": {"maxInputTokens": 900_000, "maxOutputTokens": None},
        "supportedInputTypes": ["TEXT"],
        "additionalModelRequestFieldsSchema": CLAUDE_SCHEMA,
    }
    page = parse_catalogue(_page(row, {"modelId": "new"}, defaultModel={"modelId": "auto"}, nextToken="n"))
    opus, new = page.models
    assert (page.default, page.next_token) == ("auto", "n")
    assert (opus.name, opus.context, opus.output, opus.credit, opus.images) == (
        "Claude Opus 5.5",
        900_000,
        64_000,
        2.5,
        False,
    )
    assert opus.thinking is not None
    assert not opus.thinking.can_disable
    assert new == models.Model(id="new", name="new")


def test_the_older_shape_of_the_list() -> None:
    page = parse_catalogue(b'{"availableModels":[{"modelId":"auto"}],"nextToken":null}')
    assert [model.id for model in page.models] == ["auto"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"models":{}}', b'{"models":[{}]}'])
def test_nonsense_is_the_upstream_s_fault(body: bytes) -> None:
    with pytest.raises(BadUpstream):
        parse_catalogue(body)
