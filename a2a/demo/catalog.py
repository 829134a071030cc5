"""The models on offer: small tables of what each accepts. Facts: specs/conversion.md 7.1, specs/kiro.md 9."""

from __future__ import annotations

from msgspec import Struct

CREATED = 1_790_000_000


def words(text: str) -> frozenset[str]:
    """A table of names, written as one text."""
    return frozenset(text.split())


class OpenAIModel(Struct, frozen=True, kw_only=True):
    """`reasoning`: thinks unseen, refuses sampling keys and `max_tokens`. `aloud`: sends `reasoning_content`."""

    id: str
    window: int = 128_000
    reasoning: bool = False
    aloud: bool = False
    efforts: tuple[str, ...] = ()
    extra_fields: tuple[str, ...] = ()
    embeds: bool = False


_GPT_EFFORTS = ("none", "low", "medium", "high", "xhigh", "max")

OPENAI = {
    model.id: model
    for model in (
        OpenAIModel(id="gpt-5.6", window=400_000, reasoning=True, efforts=_GPT_EFFORTS),
        OpenAIModel(id="gpt-5.6-mini", window=400_000, reasoning=True, efforts=_GPT_EFFORTS),
        OpenAIModel(id="gpt-4.1", window=1_000_000),
        OpenAIModel(
            id="demo-chat",
            aloud=True,
            efforts=("none", "minimal", "low", "medium", "high"),
            extra_fields=("thinking", "enable_thinking", "top_k"),
        ),
        OpenAIModel(id="demo-small", window=2_000, aloud=True),
        OpenAIModel(id="text-embedding-3-small", window=8_192, embeds=True),
    )
}


class ClaudeModel(Struct, frozen=True, kw_only=True):
    """`budget`: takes `thinking.enabled`; `adaptive`: takes `thinking.adaptive`. `sampling`: takes temperature & Co.

    `shown`: thinking text is sent unless `display` says otherwise. `prefill`: the last message may be the assistant's.
    """

    id: str
    name: str
    window: int = 200_000
    max_output: int = 64_000
    budget: bool = True
    adaptive: bool = False
    efforts: tuple[str, ...] = ()
    sampling: bool = True
    shown: bool = True
    prefill: bool = True
    system_mid: bool = False


_FOUR = ("low", "medium", "high", "max")
_FIVE = ("low", "medium", "high", "xhigh", "max")


def _newest(model: str, name: str) -> ClaudeModel:
    return ClaudeModel(
        id=model, name=name, window=1_000_000, max_output=128_000, budget=False, adaptive=True, efforts=_FIVE,
        sampling=False, shown=False, prefill=False, system_mid=True,
    )  # fmt: skip


CLAUDE = {
    model.id: model
    for model in (
        _newest("claude-opus-5", "Claude Opus 5"),
        _newest("claude-sonnet-5", "Claude Sonnet 5"),
        ClaudeModel(id="claude-opus-4-6", name="Claude Opus 4.6", window=1_000_000, adaptive=True, efforts=_FOUR),
        ClaudeModel(id="claude-sonnet-4-6", name="Claude Sonnet 4.6", window=1_000_000, adaptive=True, efforts=_FOUR),
        ClaudeModel(id="claude-sonnet-4-5-20250929", name="Claude Sonnet 4.5"),
        ClaudeModel(id="claude-haiku-4-5-20251001", name="Claude Haiku 4.5"),
        ClaudeModel(id="demo-claude-small", name="Demo with a small window", window=2_000, max_output=1_000),
    )
}

CLAUDE_ALIASES = {
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
}


class KiroModel(Struct, frozen=True, kw_only=True):
    """`efforts`: the `effort` enum of the request-field schema, () = the model has none. `family`: claude or gpt."""

    id: str
    name: str
    rate: float = 1.0
    window: int = 200_000
    max_output: int = 64_000
    family: str = "claude"
    efforts: tuple[str, ...] = ()
    display: bool = True
    always_thinks: bool = False
    images: bool = True


_GPT_KIRO = ("low", "medium", "high", "xhigh")
_M = 1_000_000

KIRO = {
    model.id: model
    for model in (
        KiroModel(id="auto", name="Auto"),
        KiroModel(id="claude-opus-5.5", name="Claude Opus 5.5", rate=2.0, window=_M, efforts=_FIVE, always_thinks=True),
        KiroModel(id="claude-opus-5", name="Claude Opus 5", rate=2.2, window=_M, efforts=_FIVE),
        KiroModel(id="claude-opus-4.8", name="Claude Opus 4.8", rate=2.2, window=_M, max_output=128_000, efforts=_FIVE),
        KiroModel(id="claude-opus-4.6", name="Claude Opus 4.6", rate=2.2, window=_M, efforts=_FOUR, display=False),
        KiroModel(id="claude-sonnet-5", name="Claude Sonnet 5", rate=1.3, window=_M, efforts=_FIVE),
        KiroModel(id="claude-sonnet-4.6", name="Claude Sonnet 4.6", rate=1.3, window=_M, efforts=_FOUR, display=False),
        KiroModel(id="claude-sonnet-4.5", name="Claude Sonnet 4.5", rate=1.3),
        KiroModel(id="claude-sonnet-4", name="Claude Sonnet 4", rate=1.3),
        KiroModel(id="claude-haiku-4.5", name="Claude Haiku 4.5", rate=0.4),
        KiroModel(id="gpt-5.6-sol", name="GPT-5.6 Sol", rate=4.4, window=_M, family="gpt", efforts=_GPT_KIRO),
        KiroModel(id="gpt-5.6-luna", name="GPT-5.6 Luna", rate=1.1, window=_M, family="gpt", efforts=_GPT_KIRO),
        KiroModel(id="deepseek-3.2", name="DeepSeek 3.2", rate=0.25, window=164_000, family="other", images=False),
        KiroModel(
            id="qwen3-coder-next", name="Qwen3 Coder Next", rate=0.05, window=256_000, family="other", images=False
        ),
    )
}
