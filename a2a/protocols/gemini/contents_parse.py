"""`contents` to messages: who called what, and which fragments belong together (specs/conversion.md 5.1, 6.2).

Calls often have no ids. Such a call is named after its place, `call_<content>_<part>`, which stays the same as the
history grows; a response is matched by its id, else with the oldest open call of its name.
"""

from __future__ import annotations

from msgspec import Raw, Struct
from msgspec.structs import replace

from a2a.messages import Message, Part, Reasoning, Text, ToolCall, ToolResult
from a2a.protocols.gemini.objects import opened, several
from a2a.protocols.gemini.parts_parse import read_part
from a2a.protocols.gemini.signature import read_signature
from a2a.protocols.gemini.words import ROLES
from a2a.protocols.wire import Fields, WireError


def read_contents(raws: list[Raw], path: str) -> list[Message]:
    """Messages; neighbours of one role are one. Raises WireError."""
    pairing = _Pairing()
    messages: list[Message] = []
    for n, raw in enumerate(raws):
        message = _message(opened(raw, f"{path}[{n}]"), n, pairing)
        last = messages[-1] if messages else None
        if last is not None and last.role == message.role and last.ext is None and message.ext is None:
            last.parts.extend(message.parts)
        else:
            messages.append(message)
    for message in messages:
        if message.role == "assistant":
            message.parts = _unbroken(message.parts)
    return messages


def _message(fields: Fields, at: int, pairing: _Pairing) -> Message:
    said = fields.str("role") or "user"
    role = ROLES.get(said)
    if role is None:
        raise WireError(fields.at("role"), f"must be user or model, not {said[:20]}")
    path = fields.at("parts")
    parts: list[Part] = []
    for n, raw in enumerate(several(fields, "parts")):
        part = read_part(raw, f"{path}[{n}]", read_signature)
        if part is not None:
            parts.append(pairing.named(part, f"call_{at}_{n}"))
    return Message(role=role, parts=parts, ext=fields.rest())


class _Call(Struct):
    """A call of the history that has no response yet."""

    id: str
    name: str


class _Pairing:
    """Gives calls and responses their ids, front to back."""

    def __init__(self) -> None:
        self._open: list[_Call] = []
        self._seen: set[str] = set()

    def named(self, part: Part, place: str) -> Part:
        """The part with its id. `place`: the id of a call at this place that has none."""
        if isinstance(part, ToolCall):
            call_id = part.id or place
            self._open.append(_Call(call_id, part.name))
            self._seen.add(call_id)
            return replace(part, id=call_id)
        if isinstance(part, ToolResult):
            return replace(part, call_id=self._called(part) or part.call_id or place)
        return part

    def _called(self, result: ToolResult) -> str | None:
        """The id of the call a response answers: its own if a call had it, else that of the oldest open namesake."""
        known = result.call_id in self._seen
        for n, call in enumerate(self._open):
            if call.id == result.call_id if known else call.name == result.name:
                del self._open[n]
                return call.id
        return None


def _unbroken(parts: list[Part]) -> list[Part]:
    """Texts and thoughts in one piece: clients keep a streamed turn in the fragments it came in.

    A part that Google signed keeps its borders; a token of ours belongs to all the thoughts before it.
    """
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, Text | Reasoning) and isinstance(last, Text | Reasoning) and _continues(last, part):
            out[-1] = replace(part, text=last.text + part.text)
        else:
            out.append(part)
    return out


def _continues(first: Text | Reasoning, second: Text | Reasoning) -> bool:
    if type(first) is not type(second) or first.opaque or first.ext is not None or second.ext is not None:
        return False
    return all(one.family != "google" for one in second.opaque)
