"""Where a Claude body has its system prompt and its parameters (specs/conversion.md 4.1)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Raw

from a2a.protocols.editing import GAP, Top, behind, instead, slots
from a2a.protocols.wire import client_side, dumps, items, kind_of, string

_SAMPLING = ("temperature", "top_p", "top_k")
_NO_SAMPLING_SINCE = "2026-10-21"
"""The API version that official SDKs send from 2.0 on (specs/conversion.md 3.3)."""


class ClaudeEditor:
    """`history`: thinking cannot begin in a tool loop whose turns were not thought (specs/conversion.md 7.3)."""

    blank: Mapping[str, object] = {"messages": [{"role": "user", "content": "-"}]}
    slots = slots(
        *("temperature", "top_p", "top_k", "max_tokens", "stop_sequences", "thinking", "output_config.effort")
    )
    history = b'"tool_use"'

    def refuses(self, name: str, headers: Mapping[str, str]) -> str | None:
        version = headers.get("anthropic-version", "")
        if name in _SAMPLING and version >= _NO_SAMPLING_SINCE:
            return f"API version {version} takes none"
        return None

    def system(self, top: Top, text: str, *, append: bool, role: str) -> bool:
        held = top.get("system", Raw(b"null"))
        block: dict[str, object] = {"type": "text", "text": text}
        with client_side():
            match kind_of(held):
                case "array":
                    blocks = items(held, "system")
                    top["system"] = Raw(dumps(behind(blocks, block) if append else instead(blocks, block)))
                    return bool(blocks)
                case "string" if append and (own := string(held, "system")):
                    top["system"] = Raw(dumps(own + GAP + text))
                    return True
                case kind:
                    top["system"] = Raw(dumps(text))
                    return kind == "string" and bytes(held) != b'""'


editor = ClaudeEditor()
