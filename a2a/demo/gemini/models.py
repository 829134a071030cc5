"""The Gemini models on offer and what each accepts (specs/gemini-cli.md 6.3, 7; specs/conversion.md 7.1)."""

from __future__ import annotations

from msgspec import Struct

_LEVELS = ("LOW", "MEDIUM", "HIGH")
_FLASH_LEVELS = ("MINIMAL", *_LEVELS)


class GeminiModel(Struct, frozen=True, kw_only=True):
    """`budget`: least and most of `thinkingBudget` beside 0 and -1. `levels`: what `thinkingLevel` may be.

    `signs`: a function call must come back with its signature. `thinks`: what happens when the request says nothing.
    """

    id: str
    name: str
    window: int = 1_048_576
    max_output: int = 65_536
    budget: tuple[int, int] | None = None
    can_be_off: bool = True
    levels: tuple[str, ...] = ()
    signs: bool = False
    thinks: bool = True
    embeds: bool = False


def _three(model: str, name: str, levels: tuple[str, ...]) -> GeminiModel:
    return GeminiModel(id=model, name=name, levels=levels, signs=True, budget=(0, 65_536), can_be_off=False)


GEMINI = {
    model.id: model
    for model in (
        GeminiModel(id="gemini-2.5-pro", name="Gemini 2.5 Pro", budget=(128, 32_768), can_be_off=False),
        GeminiModel(id="gemini-2.5-flash", name="Gemini 2.5 Flash", budget=(1, 24_576)),
        GeminiModel(id="gemini-2.5-flash-lite", name="Gemini 2.5 Flash-Lite", budget=(512, 24_576), thinks=False),
        _three("gemini-3-pro-preview", "Gemini 3 Pro Preview", ("LOW", "HIGH")),
        _three("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", _LEVELS),
        _three("gemini-3-flash-preview", "Gemini 3 Flash Preview", _FLASH_LEVELS),
        _three("gemini-3.5-flash", "Gemini 3.5 Flash", _FLASH_LEVELS),
        _three("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", _FLASH_LEVELS),
        _three("gemini-3.8-flash", "Gemini 3.8 Flash", _LEVELS),
        GeminiModel(
            id="demo-gemini-small", name="Demo with a small window", window=2_000, max_output=1_000, thinks=False
        ),
        GeminiModel(id="gemini-embedding-001", name="Gemini Embedding 001", window=2_048, max_output=1, embeds=True),
    )
}
