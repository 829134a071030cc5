"""Messages to `contents`: the order Google insists on (specs/conversion.md 5.1, 5.2, 6.5, 7.2, 7.3).

The first content is the user's. All responses of one turn's calls stand in a user content of their own, directly behind
the turn and as many as its calls; everything else of that user message follows in the next content. The first call of
every model turn carries a signature: its own, or the sentinel. Pairing and alternation were repaired before.
"""

from __future__ import annotations

from msgspec import Struct, field

from a2a.errors import RequestError
from a2a.messages import (
    Ext,
    Foreign,
    Inline,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Url,
)
from a2a.protocols.base import Conversion
from a2a.protocols.gemini.objects import JsonObject, merge
from a2a.protocols.gemini.parts_parse import is_google_file
from a2a.protocols.gemini.parts_render import (
    call_part,
    foreign_part,
    history_args,
    media_part,
    result_response,
    text_part,
)
from a2a.protocols.gemini.signature import SENTINEL

_START = "(start)"
_NESTABLE = ("image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain")
"""What may lie inside a function response (Gemini 3)."""
_PREFILL = frozenset(("text",))


class _Content(Struct):
    """One content in the making."""

    role: str
    parts: list[JsonObject] = field(default_factory=list)
    ext: Ext | None = None


def wire_contents(req: Request, conv: Conversion) -> list[JsonObject]:
    """`contents` of the request. Raises RequestError for parts that cannot be expressed."""
    writer = _Writer(req, conv)
    contents: list[_Content] = []
    for message in req.messages:
        contents += writer.contents(message)
    contents = _merged(contents)
    if contents and contents[-1].role == "model" and _is_prefill(contents[-1]):
        del contents[-1]
        conv.note("messages", "dropped", "Gemini continues no begun answer")
    if not contents or contents[0].role != "user":
        contents.insert(0, _Content("user", [{"text": _START}]))
        conv.note("messages", "added", "the first content must be the user's")
    return [merge({"role": content.role, "parts": content.parts}, content.ext) for content in contents]


def _is_prefill(content: _Content) -> bool:
    """Text alone at the end of the history is the beginning of an answer."""
    return all(part.keys() <= _PREFILL for part in content.parts)


def _is_results(content: _Content) -> bool:
    return bool(content.parts) and "functionResponse" in content.parts[0]


def _merged(contents: list[_Content]) -> list[_Content]:
    """Neighbours of one role as one, but responses stay among themselves; nothing is empty."""
    out: list[_Content] = []
    for content in contents:
        if not content.parts:
            continue
        last = out[-1] if out else None
        if last is None or last.role != content.role or _is_results(last) != _is_results(content):
            out.append(content)
        else:
            last.parts += content.parts
            last.ext = {**(content.ext or {}), **(last.ext or {})} or None
    return out


class _Writer:
    """Writes the messages of one request."""

    def __init__(self, req: Request, conv: Conversion) -> None:
        self._conv = conv
        self._native = req.proto == "gemini"
        wire = conv.profile.wire
        self._ids = wire.get("call_ids") != "off"
        self._nested = wire.get("result_media") != "sibling"
        self._details = self._native or wire.get("thinking") == "level"

    def contents(self, message: Message) -> list[_Content]:
        ext = message.ext if self._native else None
        if message.role == "assistant":
            return [_Content("model", self._turn(message.parts), ext)]
        if message.role == "system":
            return [_Content("user", self._reminder(message.parts))]
        results: list[JsonObject] = []
        others: list[JsonObject] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                results.append(self._result(part, others))
        for part in message.parts:
            if not isinstance(part, ToolResult) and (written := self._part(part)) is not None:
                others.append(written)
        return [_Content("user", results), _Content("user", others, ext)]

    def _turn(self, parts: list[Part]) -> list[JsonObject]:
        """A model turn; its first call must be signed (gemini-cli.md 6.4)."""
        written = [(part, one) for part in parts if (one := self._part(part)) is not None]
        first = next((one for part, one in written if isinstance(part, ToolCall)), None)
        if first is not None:
            first.setdefault("thoughtSignature", SENTINEL)
        return [one for _, one in written]

    @staticmethod
    def _reminder(parts: list[Part]) -> list[JsonObject]:
        """A system message in mid-conversation, as the user's words."""
        text = "\n\n".join(part.text for part in parts if isinstance(part, Text) and part.text)
        return [{"text": f"<system-reminder>\n{text}\n</system-reminder>"}] if text else []

    def _part(self, part: Part) -> JsonObject | None:
        match part:
            case Text():
                return text_part(part.text, part.opaque, self._ext(part.ext)) if part.text or part.opaque else None
            case Refusal():
                return {"text": part.text} if part.text else None
            case Media():
                return self._media(part)
            case Reasoning():
                return self._thought(part)
            case ToolCall():
                return self._call(part)
            case Foreign():
                return foreign_part(part)
            case ToolResult():
                return None

    def _ext(self, ext: Ext | None) -> Ext | None:
        return ext if self._native else None

    def _thought(self, part: Reasoning) -> JsonObject | None:
        """Only where a signature sits on it: bare thoughts are not sent back (7.2)."""
        if not part.opaque:
            return None
        return text_part(part.text, part.opaque, self._ext(part.ext), thought=True)

    def _call(self, part: ToolCall) -> JsonObject:
        written = call_part(part, history_args(part), self._ext(part.ext))
        if not self._ids:
            written["functionCall"].pop("id", None)
        return written

    # Results

    def _result(self, result: ToolResult, beside: list[JsonObject]) -> JsonObject:
        """`functionResponse`; media it cannot hold go to `beside`, the content behind it."""
        inside: JsonObject = {"id": result.call_id} if self._ids else {}
        inside["name"] = result.name or "tool"
        inside["response"] = result_response(result, native=self._native)
        held: list[JsonObject] = []
        count = 0
        for part in result.parts:
            if not isinstance(part, Media):
                continue
            written = self._media(part)
            if self._nested and part.mime in _NESTABLE and isinstance(part.source, Inline):
                held.append({"inlineData": written["inlineData"]})
            else:
                count += 1
                beside += [{"text": f"[{part.kind} {count} of {result.call_id}]"}, written]
        if held:
            inside["parts"] = held
        return merge({"functionResponse": inside}, self._ext(result.ext))

    # Media

    def _media(self, part: Media) -> JsonObject:
        self._refuse(part)
        if part.name is not None and not self._native:
            self._conv.note(f"{part.kind}.name", "dropped", "Gemini media have no names")
        if part.detail in ("low", "high") and not self._details:
            self._conv.note("image.detail", "dropped", "not a setting of this model")
        return media_part(part, self._ext(part.ext), named=self._native, detailed=self._details)

    def _refuse(self, part: Media) -> None:
        """400 for what the model cannot take; the user asked about that content (5.2)."""
        profile, model = self._conv.profile, self._conv.model
        if part.kind == "image" and not profile.vision:
            raise RequestError(f"{model} takes no images")
        if part.kind == "document" and not profile.documents and not (part.mime or "").startswith("text/"):
            raise RequestError(f"{model} takes no documents")
        if isinstance(part.source, Url) and not self._native and not is_google_file(part.source.url):
            raise RequestError(f"{model} does not fetch {part.kind} links: send the content itself")
