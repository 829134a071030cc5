"""The Qwen models and the plans that sell them (specs/qwen.md 0, 7, 8)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Plan = Literal["oauth", "standard", "coding"]


class QwenModel(Struct, frozen=True, kw_only=True):
    """`hybrid`: takes `enable_thinking`. `efforts`: values of `reasoning_effort` instead. `thinks`: also unasked.

    `stream_only`: thinks in a stream and refuses to anywhere else.
    """

    id: str
    plans: tuple[Plan, ...]
    window: int = 1_000_000
    max_output: int = 65_536
    hybrid: bool = True
    efforts: tuple[str, ...] = ()
    thinks: bool = False
    stream_only: bool = True
    vision: bool = True


_KEYS: tuple[Plan, ...] = ("standard", "coding")
_EFFORTS = ("none", "low", "medium", "xhigh")

QWEN = {
    model.id: model
    for model in (
        QwenModel(id="coder-model", plans=("oauth",), thinks=True, stream_only=False),
        QwenModel(id="qwen3-coder-plus", plans=("oauth", "standard", "coding"), hybrid=False, vision=False),
        QwenModel(id="qwen3-coder-flash", plans=("oauth", "standard"), max_output=32_768, hybrid=False, vision=False),
        QwenModel(id="qwen3.5-plus", plans=_KEYS),
        QwenModel(id="qwen3.7-plus", plans=_KEYS),
        QwenModel(id="qwen3.7-max", plans=("standard",), vision=False),
        QwenModel(id="qwen3.8-flash", plans=("standard",), hybrid=False, efforts=_EFFORTS, stream_only=False),
        QwenModel(id="glm-5", plans=("coding",), window=196_000, vision=False),
        QwenModel(id="demo-qwen-small", plans=("oauth", "standard"), window=2_000, max_output=1_000, hybrid=False),
    )
}
