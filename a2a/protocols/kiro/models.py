"""The models of Kiro as data, and what a public name means (specs/kiro.md section 9, state of November 2026).

The table is the fallback for an account whose own list (`catalogue.py`) is not known. A name that is not in it is
passed on unchanged: plans, regions and roll-outs differ, so the upstream judges.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

from a2a.messages import Think
from a2a.protocols.base import Profile

CLAUDE_EFFORTS = ("low", "medium", "high", "xhigh", "max")
GPT_EFFORTS = ("low", "medium", "high", "xhigh")

_MILLION = 1_000_000
_THINKING_SUFFIX = "-thinking"
_LONG_SUFFIX = "[1m]"
_DATE = re.compile(r"-20\d{6}$")
_VERSION = re.compile(r"-(\d)-(\d)(?!\d)")
_WIRE_KEY = "thinking"


class Thinking(Struct, frozen=True, omit_defaults=True):
    """What a model takes in `additionalModelRequestFields` (specs/kiro.md 6.8); it checks them strictly.

    `style`: claude (`thinking` + `output_config`) or gpt (`reasoning`). `display`: it can be asked for readable
    thoughts. `can_disable`: `thinking.type: disabled` is allowed. `max_tokens`: smallest and largest value, None where
    the field does not exist.
    """

    style: str
    efforts: tuple[str, ...]
    display: bool = False
    can_disable: bool = False
    max_tokens: tuple[int, int] | None = None


class Model(Struct, frozen=True, kw_only=True):
    """`context` and `output` in tokens, `credit`: price factor; None = not known. `images`: it reads images and
    documents. `aliases`: public names that the rule of `resolve` would not find.
    """

    id: str
    name: str = ""
    context: int | None = None
    output: int | None = None
    credit: float | None = None
    thinking: Thinking | None = None
    images: bool = True
    aliases: tuple[str, ...] = ()


_LIMITS = (1024, 64_000)
_FULL = Thinking("claude", CLAUDE_EFFORTS, display=True, can_disable=True, max_tokens=_LIMITS)
_ALWAYS = Thinking("claude", CLAUDE_EFFORTS, display=True, max_tokens=_LIMITS)
_PLAIN = Thinking("claude", ("low", "medium", "high", "max"), can_disable=True, max_tokens=_LIMITS)
_GPT = Thinking("gpt", GPT_EFFORTS)


def _model(
    model_id: str,
    context: int | None,
    output: int | None,
    credit: float | None,
    thinking: Thinking | None = None,
    *,
    images: bool = True,
    aliases: tuple[str, ...] = (),
) -> Model:
    """A row of the table as one line."""
    return Model(
        id=model_id,
        context=context,
        output=output,
        credit=credit,
        thinking=thinking,
        images=images,
        aliases=aliases,
    )


_OLD_SONNET_4 = ("CLAUDE_SONNET_4_20250514_V1_0", "CLAUDE_3_7_SONNET_20250219_V1_0")

MODELS: tuple[Model, ...] = (
    _model("auto", None, None, 1.0),
    _model("claude-opus-5.5", _MILLION, 64_000, 2.0, _ALWAYS),
    _model("claude-opus-5", _MILLION, 64_000, 2.2, _FULL),
    _model("claude-opus-4.8", _MILLION, 128_000, 2.2, _FULL),
    _model("claude-opus-4.7", _MILLION, 128_000, 2.2, _FULL),
    _model("claude-opus-4.6", _MILLION, 64_000, 2.2, _PLAIN),
    _model("claude-opus-4.6-1m", _MILLION, 64_000, 2.2, _PLAIN),
    _model("claude-opus-4.5", 200_000, 64_000, 2.2),
    _model("claude-sonnet-5.5", _MILLION, 64_000, 1.3, _ALWAYS),
    _model("claude-sonnet-5", _MILLION, 64_000, 1.3, _FULL),
    _model("claude-sonnet-4.6", _MILLION, 64_000, 1.3, _PLAIN),
    _model("claude-sonnet-4.6-1m", _MILLION, 64_000, 1.3, _PLAIN),
    _model("claude-sonnet-4.5", 200_000, 64_000, 1.3, aliases=("CLAUDE_SONNET_4_5_20250929_V1_0",)),
    _model("claude-sonnet-4.5-1m", _MILLION, 64_000, 1.3),
    _model("claude-sonnet-4", 200_000, 64_000, 1.3, aliases=_OLD_SONNET_4),
    _model("claude-haiku-4.5", 200_000, 64_000, 0.4),
    _model("claude-fable-5", _MILLION, None, None, _FULL),
    _model("gpt-5.6-sol", _MILLION, None, 4.4, _GPT),
    _model("gpt-5.6-terra", _MILLION, None, 2.2, _GPT),
    _model("gpt-5.6-luna", _MILLION, None, 1.1, _GPT),
    _model("deepseek-3.2", 164_000, None, 0.25, images=False, aliases=("deepseek-v3.2",)),
    _model("glm-5", None, None, 0.5, images=False),
    _model("minimax-m2.5", 196_000, None, 0.25, images=False),
    _model("minimax-m2.1", 196_000, None, 0.15, images=False),
    _model("qwen3-coder-next", 256_000, None, 0.05, images=False),
)

_BY_ID = {model.id: model for model in MODELS}
_BY_ALIAS = {alias.lower(): model.id for model in MODELS for alias in (model.id, *model.aliases)}


def find(model_id: str) -> Model | None:
    """The row of an upstream id."""
    return _BY_ID.get(model_id)


def resolve(name: str) -> tuple[str, bool]:
    """(upstream id, whether a `-thinking` suffix asks for reasoning) of a public name.

    `anthropic/`, `kiro-`, a date and the suffix go, `-4-5` becomes `-4.5`; a name that is still unknown comes back
    unchanged. `[1m]` picks the long variant where the plain one is shorter.
    """
    bare = name.removeprefix("anthropic/").removeprefix("kiro-")
    long = bare.endswith(_LONG_SUFFIX)
    bare = bare.removesuffix(_LONG_SUFFIX)
    thinking = bare.endswith(_THINKING_SUFFIX)
    bare = _DATE.sub("", bare.removesuffix(_THINKING_SUFFIX))
    found = _BY_ALIAS.get(bare.lower()) or _BY_ALIAS.get(_VERSION.sub(r"-\1.\2", bare).lower())
    if found is None:
        return name, False
    wider = f"{found}-1m"
    if long and wider in _BY_ID and (_BY_ID[found].context or _MILLION) < _MILLION:
        found = wider
    return found, thinking


def profile(model: Model, *, origin: str = "AI_EDITOR", endpoint: str = "krs", wire: str = "rest") -> Profile:
    """What the codec has to know about a model, as the profile of an attempt.

    `endpoint`: krs or legacy; `wire`: rest or aws-json; both may also stand in `Conversion.extra`, which wins.
    """
    values = {"origin": origin, "endpoint": endpoint, "wire": wire}
    values[_WIRE_KEY] = msgspec.json.encode(model.thinking).decode()
    thinking = model.thinking
    return Profile(
        family="kiro",
        context=model.context,
        max_output=model.output,
        reasoning="none" if thinking is None else "effort" if thinking.style == "gpt" else "adaptive",
        efforts=() if thinking is None else thinking.efforts,
        can_disable_reasoning=thinking is None or thinking.can_disable,
        sampling="none",
        structured="prompt",
        system_mid=False,
        forced_tool=False,
        auto_cache=False,
        vision=model.images,
        documents=model.images,
        wire=values,
    )


def thinking_of(model_id: str, target: Profile) -> Thinking | None:
    """The effort schema of the model: from the account's own list when the profile carries it, else the table's."""
    known = target.wire.get(_WIRE_KEY)
    if known is not None:
        return msgspec.json.decode(known, type=Thinking | None)
    model = find(model_id)
    return model.thinking if model is not None else None


def wanted_thinking(think: Think | None, *names: str) -> Think | None:
    """The request's own wish, else reasoning on when one of the names carries the `-thinking` suffix; a name may have
    provider and account before it.
    """
    if think is None and any(resolve(name.rpartition("/")[2])[1] for name in names):
        return Think(adaptive=True)
    return think
