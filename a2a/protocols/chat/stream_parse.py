"""Chat stream of an upstream to events (specs/conversion.md 2.1, 2.4, 10.2; qwen.md 10).

Chunks are decoded into typed Structs that hold what is read here; other keys do not matter on this side. Values whose
type differs between vendors are `Any` and are looked at when used. Nothing raises: nonsense is a `Failure`.

Finish events are given at `[DONE]` or at the end of the bytes: some upstreams send finish_reason early, several times
or with usage far behind it.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec import Raw, Struct

from a2a.errors import BadUpstream
from a2a.messages import End, Event, Failure, Finish, Opaque, Start, UsageNow
from a2a.protocols.base import Conversion
from a2a.protocols.chat.content import content_filter
from a2a.protocols.chat.errors import is_error, parse_error
from a2a.protocols.chat.lane import CallSlot, Lane
from a2a.protocols.chat.response import image, parse_response
from a2a.protocols.chat.words import says_cut, says_error, stop_in, usage_in
from a2a.protocols.document import Document
from a2a.protocols.fold import explode
from a2a.protocols.sse import SseOverflow, SseReader
from a2a.protocols.wire import WireError, compact, dumps

_NULL = Raw(b"null")
_DONE = b"[DONE]"


class _Function(Struct, gc=False):
    name: Any = None
    arguments: Any = None


class _Custom(Struct, gc=False):
    name: Any = None
    input: Any = None


class _Call(Struct, gc=False):
    index: Any = None
    id: Any = None
    function: _Function | None = None
    custom: _Custom | None = None
    extra_content: Any = None


class _Delta(Struct, gc=False):
    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: list[_Call] | None = None
    function_call: _Function | None = None
    images: Any = None


class _Choice(Struct, gc=False):
    index: Any = 0
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: Any = None
    logprobs: Raw = _NULL


class _Chunk(Struct, gc=False):
    id: Any = None
    model: Any = None
    created: Any = None
    choices: list[_Choice] | None = None
    usage: Raw = _NULL
    error: Any = None


class _Logprobs(Struct):
    content: Raw = _NULL


_CHUNK = msgspec.json.Decoder(_Chunk)
_LOGPROBS = msgspec.json.Decoder(_Logprobs)


class ChatStreamParser:
    """State of one stream."""

    def __init__(self, conv: Conversion) -> None:
        self._conv = conv
        self._sse = SseReader()
        self._document = Document()
        self._started = False
        self._over = False
        self._usage = _NULL
        self._lanes: dict[int, Lane] = {}

    def feed(self, data: bytes) -> list[Event]:
        if self._over:
            return []
        out: list[Event] = []
        try:
            if self._document.takes(data):
                return out
            self._events(self._sse.payloads(data), out)
        except SseOverflow as error:
            self._fail(out, Failure("upstream", f"the upstream's stream is unreadable: {error}", 502))
        return out

    def eof(self) -> list[Event]:
        if self._over:
            return []
        out: list[Event] = []
        if self._document.body is not None:
            self._whole(bytes(self._document.body), out)
            return out
        try:
            tail = self._sse.eof()
        except SseOverflow:
            tail = []
        self._events([event.data for event in tail if event.data == _DONE or _is_json(event.data)], out)
        if not self._over and self._lanes and all(lane.finish for lane in self._lanes.values()):
            self._finish(out)
        if not self._over:
            self._fail(out, Failure("truncated", "the upstream's stream ended before its answer was complete", 502))
        return out

    def _events(self, payloads: list[bytes], out: list[Event]) -> None:
        try:
            for data in payloads:
                if data[:1] == b"{":
                    self._data(data, out)
                elif data.startswith(_DONE):
                    self._finish(out)
                elif data and not data.isspace():
                    self._data(data, out)
                if self._over:
                    return
        except (msgspec.MsgspecError, WireError, ValueError, AttributeError, RecursionError) as error:
            self._fail(out, Failure("upstream", f"the upstream's stream is unreadable: {error}", 502))

    def _data(self, data: bytes, out: list[Event]) -> None:
        try:
            chunk = _CHUNK.decode(data)
        except msgspec.DecodeError as error:
            chunk = _mended(data, error)
        if chunk.error or (not chunk.choices and is_error(msgspec.json.decode(data))):
            said = dumps({"error": chunk.error}) if chunk.choices else data
            self._fail(out, parse_error(200, {}, said))
            return
        if chunk.usage is not _NULL and chunk.usage != _NULL:
            self._usage = chunk.usage
        if not chunk.choices:
            return
        if not self._started:
            self._started = True
            out.append(self._start(chunk))
        for choice in chunk.choices:
            if self._choice(choice, out):
                return

    def _choice(self, choice: _Choice, out: list[Event]) -> bool:
        """A candidate's share of a chunk; True when the upstream broke off."""
        c = choice.index if isinstance(choice.index, int) else 0
        lane = self._lanes.get(c)
        if lane is None:
            lane = self._lanes[c] = Lane(c, self._conv.new_id, content_filter(self._conv))
        delta = choice.delta or choice.message
        reason = choice.finish_reason
        if reason and isinstance(reason, str):
            if says_error(reason):
                said = delta.content if delta is not None and isinstance(delta.content, str) else ""
                self._fail(out, parse_error(200, {}, dumps({"error": {"message": said or reason, "type": reason}})))
                return True
            lane.finish = reason
        if delta is not None:
            _take(lane, delta, None if choice.logprobs is _NULL else _logprobs(choice.logprobs), out)
        return False

    def _start(self, chunk: _Chunk) -> Start:
        conv = self._conv
        return Start(
            id=chunk.id if isinstance(chunk.id, str) and chunk.id else conv.new_id("chatcmpl-"),
            model=chunk.model if isinstance(chunk.model, str) and chunk.model else conv.model,
            created=int(chunk.created) if isinstance(chunk.created, int | float) and chunk.created else int(conv.now),
        )

    def _finish(self, out: list[Event]) -> None:
        """`[DONE]`, or the end of a stream whose candidates have all said why they ended."""
        finishes: list[Event] = []
        for c in sorted(self._lanes):
            lane = self._lanes[c]
            cut = says_cut(lane.finish)
            lane.close(out, keep_cut=cut)
            stop = stop_in(lane.finish, calls=lane.whole_calls > 0, refused=lane.refused)
            if lane.broken and not cut:
                why = "the upstream sent a tool call whose arguments are no JSON object"
                self._fail(out, Failure("upstream", why, 502))
                return
            finishes.append(Finish(stop, c))
        if not self._lanes:
            self._fail(out, Failure("upstream", "the upstream's stream held no answer", 502))
            return
        out.extend(finishes)
        self._usage_now(out)
        out.append(End())
        self._over = True

    def _usage_now(self, out: list[Event]) -> None:
        if self._usage == _NULL or not self._started:
            return
        try:
            out.append(UsageNow(usage_in(self._usage)))
        except (WireError, msgspec.MsgspecError):
            self._conv.note("usage", "dropped", "the upstream's token counts are unreadable")

    def _fail(self, out: list[Event], failure: Failure) -> None:
        self._usage_now(out)
        out.append(failure)
        self._over = True

    def _whole(self, body: bytes, out: list[Event]) -> None:
        """A document instead of a stream: a whole answer, an error object, or an error page."""
        decoded = _json(body)
        if isinstance(decoded, dict) and "choices" in decoded and not decoded.get("error"):
            try:
                out.extend(explode(parse_response(body, self._conv)))
                self._over = True
            except BadUpstream as error:
                self._fail(out, Failure("upstream", error.message, 502))
        elif decoded is None and body[:1] == b"{":
            self._fail(out, Failure("truncated", "the upstream's answer ended before it was complete", 502))
        else:
            self._fail(out, parse_error(200, {}, body))


def _mended(data: bytes, error: msgspec.DecodeError) -> _Chunk:
    """A chunk that msgspec refused: half surrogate pairs (a cut emoji) and NaN are legal for other JSON readers."""
    if isinstance(error, msgspec.ValidationError):
        raise error
    text = json.dumps(json.loads(data, parse_constant=lambda _: None), ensure_ascii=False)
    return _CHUNK.decode(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode())


def _take(lane: Lane, delta: _Delta, logprobs: Raw | None, out: list[Event]) -> None:
    """One delta, in the order in which a model speaks: reasoning, text, refusal, calls."""
    chain = delta.reasoning_content or delta.reasoning
    if chain and isinstance(chain, str):
        lane.text("reasoning", chain, out)
    content = delta.content
    if content:
        if isinstance(content, str):
            lane.content(content, out, logprobs)
        else:
            _take_list(lane, content, out)
    if delta.refusal and isinstance(delta.refusal, str):
        lane.text("refusal", delta.refusal, out)
    if delta.images:
        _take_images(lane, delta.images, out)
    if delta.function_call is not None:
        _take_function(lane, _Call(index=-1), delta.function_call, out)
    if delta.tool_calls is not None:
        for call in delta.tool_calls:
            _take_call(lane, call, out)


def _take_call(lane: Lane, call: _Call, out: list[Event]) -> None:
    function = call.function
    if call.custom is not None:
        function = _Function(call.custom.name, call.custom.input)
    elif function is not None and call.id is None and call.extra_content is None and function.name is None:
        fragment = function.arguments
        if type(call.index) is int and type(fragment) is str and lane.more(call.index, fragment, out):
            return
    _take_function(lane, call, function or _Function(), out)


def _take_function(lane: Lane, call: _Call, function: _Function, out: list[Event]) -> None:
    given = function.arguments
    fragment = _string(given) if given is None or isinstance(given, str) else compact(Raw(dumps(given)))
    index = call.index if isinstance(call.index, int) else None
    slot = lane.call(index, _string(call.id), _string(function.name), custom=call.custom is not None)
    _take_signature(slot, call.extra_content)
    lane.arguments(slot, fragment, out)


def _take_signature(slot: CallSlot, extra: Any) -> None:
    """`extra_content.google.thought_signature` of Google's Chat-compatible endpoint."""
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    if isinstance(signature, str) and signature:
        slot.seals = [Opaque(family="google", kind="signature", data=signature)]


def _take_list(lane: Lane, content: Any, out: list[Event]) -> None:
    """Content as a list of parts (Mistral): texts, and `thinking` that holds texts itself."""
    for item in content if isinstance(content, list) else ():
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("text"), str):
            lane.content(item["text"], out)
        for thought in item.get("thinking") or () if isinstance(item.get("thinking"), list) else ():
            if isinstance(thought, dict) and isinstance(thought.get("text"), str):
                lane.text("reasoning", thought["text"], out)


def _take_images(lane: Lane, images: Any, out: list[Event]) -> None:
    """Generated images as OpenRouter and LiteLLM send them: `[{image_url: {url}}]`."""
    for item in images if isinstance(images, list) else ():
        link = item.get("image_url") if isinstance(item, dict) else None
        url = link.get("url") if isinstance(link, dict) else None
        if isinstance(url, str):
            lane.media(image(url), out)


def _logprobs(raw: Raw) -> Raw | None:
    """The array of token entries inside a choice's `logprobs`."""
    if raw == _NULL:
        return None
    tokens = _LOGPROBS.decode(raw).content
    return None if tokens == _NULL else tokens


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _is_json(data: bytes) -> bool:
    return _json(data) is not None
