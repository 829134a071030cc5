"""A whole Chat answer, both ways (specs/conversion.md 6.4, 7.2, 9)."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from a2a.errors import BadUpstream
from a2a.messages import (
    Candidate,
    Ext,
    Foreign,
    Inline,
    Media,
    Part,
    Reasoning,
    Refusal,
    Response,
    Text,
    ToolCall,
    Url,
)
from a2a.protocols.args import usable
from a2a.protocols.base import Conversion
from a2a.protocols.chat.content import content_filter
from a2a.protocols.chat.errors import is_error, parse_error
from a2a.protocols.chat.messages_parse import reasoning_text, tool_call
from a2a.protocols.chat.words import says_cut, says_error, stop_in, stop_out, usage_in, usage_out
from a2a.protocols.media import data_url
from a2a.protocols.openai_parts import extras
from a2a.protocols.wire import Fields, WireError, dumps, items, kind_of, merge_ext, parse, string, upstream_side

JsonObject = dict[str, object]


def parse_response(body: bytes, conv: Conversion) -> Response:
    """Raises BadUpstream: no JSON, an error object, no choices, or a call that cannot be used."""
    with upstream_side():
        fields = parse(body)
        if is_error(msgspec.json.decode(body)):
            raise BadUpstream(parse_error(200, {}, body).message)
        return _response(fields, conv)


def _response(fields: Fields, conv: Conversion) -> Response:
    choices = fields.list("choices")
    if not choices:
        raise WireError("choices", "the answer holds none")
    candidates = [_candidate(parse(raw, f"choices[{n}]"), conv) for n, raw in enumerate(choices)]
    answer = Response(
        proto="chat",
        id=fields.str("id") or conv.new_id("chatcmpl-"),
        model=fields.str("model") or conv.model,
        created=int(fields.float("created") or conv.now),
        candidates=candidates,
        usage=usage_in(fields.raw("usage")),
    )
    fields.drop("object", "error")
    answer.ext = extras(fields)
    return answer


def _candidate(choice: Fields, conv: Conversion) -> Candidate:
    message = choice.obj("message")
    if message is None:
        raise WireError(choice.at("message"), "is required and must be an object")
    parts = _parts(message, conv)
    calls, broken = _calls(message, conv)
    reason = choice.str("finish_reason") or None
    stop = stop_in(reason, calls=bool(calls), refused=any(isinstance(part, Refusal) for part in parts))
    if says_error(reason):
        raise BadUpstream(f"the upstream broke off: {reason}")
    if broken and not says_cut(reason):
        raise BadUpstream("the upstream sent a tool call whose arguments are no JSON object")
    message.drop("role")
    logprobs = choice.obj("logprobs")
    tokens = logprobs.raw("content") if logprobs is not None else None
    return Candidate(parts=[*parts, *calls], stop=stop, logprobs=tokens, ext=extras(message))


def _parts(message: Fields, conv: Conversion) -> list[Part]:
    """Reasoning, text, refusal, images, in the order in which a stream would tell them."""
    parts: list[Part] = []
    chain, raw = reasoning_text(message), message.raw("content")
    if raw is not None and kind_of(raw) == "array":
        thought, text = _listed(raw, message.at("content"))
        chain = chain or thought
    else:
        text = string(raw, message.at("content")) if raw is not None else ""
    hidden = content_filter(conv)
    if hidden is not None:
        thought, text = hidden.whole(text)
        chain = chain or thought
    if chain:
        parts.append(Reasoning(text=chain, summary=False))
    if text:
        parts.append(Text(text=text))
    refusal = message.str("refusal")
    if refusal:
        parts.append(Refusal(text=refusal))
    for number, item in enumerate(message.list("images") or []):
        link = parse(item, f"{message.at('images')}[{number}]").obj("image_url")
        url = link.str("url") if link is not None else None
        if url is not None:
            parts.append(image(url))
    return parts


def _listed(raw: Raw, path: str) -> tuple[str, str]:
    """(reasoning, text) of content as a list of parts (Mistral)."""
    thoughts: list[str] = []
    texts: list[str] = []
    for number, item in enumerate(items(raw, path)):
        fields = parse(item, f"{path}[{number}]")
        texts.append(fields.str("text") or "")
        for at, thought in enumerate(fields.list("thinking") or []):
            thoughts.append(parse(thought, f"{path}[{number}].thinking[{at}]").str("text") or "")
    return "".join(thoughts), "".join(texts)


def image(url: str) -> Media:
    """A generated image from its URL, as OpenRouter and LiteLLM give them. Raises WireError."""
    embedded = data_url(url, "images")
    if embedded is None:
        return Media(kind="image", source=Url(url))
    return Media(kind="image", source=Inline(embedded[1]), mime=embedded[0])


def _calls(message: Fields, conv: Conversion) -> tuple[list[Part], bool]:
    """(usable calls, whether one was not)."""
    listed = [parse(raw, f"{message.at('tool_calls')}[{n}]") for n, raw in enumerate(message.list("tool_calls") or [])]
    legacy = message.obj("function_call")
    if legacy is not None:
        listed.append(legacy)
    calls = [tool_call(fields, "") for fields in listed]
    for call in calls:
        call.id = call.id or conv.new_id("call_")
    good: list[Part] = [call for call in calls if call.custom or usable(call.args) is not None]
    return good, len(good) < len(calls)


def render_response(res: Response, conv: Conversion) -> bytes:
    """The `chat.completion` object for the client."""
    ext = res.ext if res.proto == "chat" else None
    choices = [_choice(n, candidate, same=res.proto == "chat") for n, candidate in enumerate(res.candidates)]
    body: JsonObject = {
        "id": res.id or conv.new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": res.created or int(conv.now),
        "model": res.model or conv.request.model,
        "choices": choices,
        "usage": usage_out(res.usage, res.usage.ext if res.proto == "chat" else None),
    }
    return dumps(merge_ext(body, ext))


def _choice(index: int, candidate: Candidate, *, same: bool) -> JsonObject:
    stop = candidate.stop
    message = _message(candidate.parts, candidate.ext if same else None)
    if stop.kind == "refusal" and message["refusal"] is None:
        message["refusal"] = stop.detail
    logprobs = None if candidate.logprobs is None else {"content": candidate.logprobs, "refusal": None}
    return {
        "index": index,
        "message": message,
        "logprobs": logprobs,
        "finish_reason": stop_out(stop, calls="tool_calls" in message),
    }


def _message(parts: list[Part], ext: Ext | None) -> JsonObject:
    texts = [foreign_text(part) for part in parts if isinstance(part, Text | Foreign)]
    refusals = [part.text for part in parts if isinstance(part, Refusal)]
    chain = "".join(part.text for part in parts if isinstance(part, Reasoning))
    images = [image_entry(part) for part in parts if isinstance(part, Media)]
    calls = [call_entry(part) for part in parts if isinstance(part, ToolCall)]
    message: JsonObject = {"role": "assistant", "content": "".join(texts) if texts else None}
    message["refusal"] = "".join(refusals) if refusals else None
    if chain:
        message["reasoning_content"] = chain
    if images:
        message["images"] = [entry for entry in images if entry is not None]
    if calls:
        message["tool_calls"] = calls
    return merge_ext(message, ext)


def foreign_text(part: Text | Foreign) -> str:
    """The readable side of a part that belongs into `content`."""
    return part.text if isinstance(part, Text) else part.as_text or ""


def call_entry(call: ToolCall) -> JsonObject:
    """A whole call; free text of a custom tool goes out in its own shape."""
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": call.args}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.args or "{}"}}


def image_entry(media: Media) -> JsonObject | None:
    """A generated image in the shape that OpenRouter and LiteLLM made common; None for other media."""
    if media.kind != "image":
        return None
    match media.source:
        case Inline(data=data):
            url = f"data:{media.mime or 'image/png'};base64,{data}"
        case Url(url=link):
            url = link
        case _:
            return None
    return {"type": "image_url", "image_url": {"url": url}}
