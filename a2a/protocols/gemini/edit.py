"""Where a Gemini body has its system prompt and its parameters (specs/conversion.md 4.1, 7.1); either spelling."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from a2a.protocols.editing import Slot, Top, get, put, slots
from a2a.protocols.gemini.objects import elements
from a2a.protocols.wire import client_side, dumps, items, kind_of, string

_SYSTEM = "systemInstruction"
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


class GeminiEditor:
    blank: Mapping[str, object] = {"contents": [{"role": "user", "parts": [{"text": "-"}]}]}
    slots = (
        *slots("generationConfig.temperature", "generationConfig.topP", "generationConfig.topK"),
        *slots("generationConfig.maxOutputTokens", "generationConfig.stopSequences", "generationConfig.seed"),
        *slots("generationConfig.presencePenalty", "generationConfig.frequencyPenalty"),
        Slot(("generationConfig.thinkingConfig.thinkingLevel", "generationConfig.thinkingConfig.thinkingBudget")),
    )
    history = b""

    def refuses(self, name: str, headers: Mapping[str, str]) -> str | None:
        return None

    def system(self, top: Top, text: str, *, append: bool, role: str) -> bool:
        part = Raw(dumps({"text": text}))
        with client_side():
            held = get(top, _SYSTEM)
            content, parts = ({}, []) if held is None else _content(held)
            content["parts"] = Raw(dumps([*parts, part] if append else [part]))
            put(top, _SYSTEM, None)
            put(top, _SYSTEM, Raw(dumps(content)))
        return bool(parts)


def _content(held: Raw) -> tuple[Top, list[Raw]]:
    """The object and its parts; some clients send a list of parts, or a string. Raises WireError."""
    match kind_of(held):
        case "string":
            text = string(held, _SYSTEM)
            return {}, [Raw(dumps({"text": text}))] if text else []
        case "array":
            return {}, items(held, _SYSTEM)
        case _:
            content = _OBJECT.decode(held)
            parts = content.get("parts")
            if parts is None or kind_of(parts) == "null":
                return content, []
            return content, elements(parts, f"{_SYSTEM}.parts")


editor = GeminiEditor()
