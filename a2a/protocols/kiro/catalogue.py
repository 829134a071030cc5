"""The answer of ListAvailableModels as rows of the model table (specs/kiro.md 8.1)."""

from __future__ import annotations

from msgspec import Raw, Struct

from a2a.protocols.kiro.models import Model, Thinking, find
from a2a.protocols.wire import Fields, parse, string, upstream_side


class Catalogue(Struct, frozen=True):
    """One page. `default`: id of the model the account gets unasked; `next_token`: for the next page."""

    models: tuple[Model, ...]
    default: str | None = None
    next_token: str | None = None


def parse_catalogue(body: bytes) -> Catalogue:
    """One page of the list, also in its older shape. Raises BadUpstream."""
    with upstream_side():
        fields = parse(body)
        rows = fields.list("models") or fields.list("availableModels") or []
        default = fields.obj("defaultModel")
        return Catalogue(
            tuple(_model(parse(row, f"models[{index}]")) for index, row in enumerate(rows)),
            default.str("modelId") if default is not None else None,
            fields.str("nextToken"),
        )


def parse_thinking(schema: Raw | None) -> Thinking | None:
    """What `additionalModelRequestFieldsSchema` allows; None when it names no effort: nothing may be sent then."""
    if schema is None:
        return None
    properties = _properties(parse(schema, "additionalModelRequestFieldsSchema"))
    if efforts := _words(_walk(properties, "reasoning", "effort")):
        return Thinking("gpt", efforts, max_tokens=_range(properties))
    efforts = _words(_walk(properties, "output_config", "effort"))
    if not efforts:
        return None
    thinking = _properties(properties.obj("thinking")) if properties.has("thinking") else Fields({})
    return Thinking(
        "claude",
        efforts,
        display="summarized" in _words(thinking.obj("display")),
        can_disable="disabled" in _words(thinking.obj("type")),
        max_tokens=_range(properties),
    )


def _model(row: Fields) -> Model:
    model_id = row.need_str("modelId")
    limits = row.obj("tokenLimits") or Fields({})
    known = find(model_id)
    inputs = [string(item, row.at("supportedInputTypes")) for item in row.list("supportedInputTypes") or []]
    thinking = parse_thinking(row.raw("additionalModelRequestFieldsSchema"))
    if thinking is not None and model_id in _ALWAYS_THINKING:
        thinking = Thinking(thinking.style, thinking.efforts, thinking.display, False, thinking.max_tokens)
    return Model(
        id=model_id,
        name=row.str("modelName") or model_id,
        context=limits.int("maxInputTokens") or (known.context if known else None),
        output=limits.int("maxOutputTokens") or (known.output if known else None),
        credit=row.float("rateMultiplier"),
        thinking=thinking,
        images=not inputs or "IMAGE" in inputs,
    )


_ALWAYS_THINKING = frozenset({"claude-opus-5.5", "claude-sonnet-5.5"})
"""They answer 400 to `disabled`, whatever their schema lists (specs/kiro.md 6.8)."""


def _properties(node: Fields | None) -> Fields:
    return (node.obj("properties") if node is not None else None) or Fields({})


def _walk(properties: Fields, outer: str, inner: str) -> Fields | None:
    return _properties(properties.obj(outer)).obj(inner)


def _words(node: Fields | None) -> tuple[str, ...]:
    """The string enum of a schema node."""
    return tuple(string(word, node.at("enum")) for word in node.list("enum") or []) if node is not None else ()


def _range(properties: Fields) -> tuple[int, int] | None:
    node = properties.obj("max_tokens")
    if node is None:
        return None
    low, high = node.int("minimum"), node.int("maximum")
    return low if low is not None else 1, high if high is not None else 2**31 - 1
