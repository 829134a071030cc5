"""Sends one field through the real conversion, with it and without it, and says what became of it.

A request goes through the client's parser, the policy passes and the upstream's renderer, an answer the other way. The
profile is the one the provider gives for a typical model; media behind URLs are "downloaded" where the gateway would.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, cast

from conversion_fields.model import PNG, Field, Group
from msgspec import Struct
from msgspec.structs import replace

from a2a.auth.records import Account
from a2a.config import ServerSettings, Settings
from a2a.errors import BadUpstream, RequestError
from a2a.gateway.media import MediaFetcher
from a2a.messages import Message, Proto, Request, Response, Sampling, Text, Think, Tool
from a2a.protocols.base import Conversion, Note, Profile
from a2a.protocols.eventstream import encode_frame
from a2a.protocols.filters import Filters
from a2a.protocols.fold import fold
from a2a.protocols.gemini.request_parse import STREAM_HEADER
from a2a.protocols.prepare import prepare
from a2a.protocols.registry import FRONTS, UPSTREAMS
from a2a.providers.registry import PROVIDERS

TYPICAL: dict[Proto, tuple[str, str]] = {
    "chat": ("openai-custom", "gpt-oss-120b"),
    "responses": ("openaiResponses-custom", "gpt-oss-120b"),
    "claude": ("claude-custom", "claude-sonnet-4-6"),
    "gemini": ("gemini-custom", "gemini-3-pro"),
    "kiro": ("claude-kiro-oauth", "claude-sonnet-4.6"),
}
"""Upstream protocol -> (provider, model) whose profile the table is made with: models that take most."""

Fate = Literal["carried", "mapped", "emulated", "dropped", "refused", "told", "LOST"]
Leaves = Counter[tuple[str, str]]

_OWN = re.compile(r"zq|^[A-Za-z0-9+/]{16,}=*$")
"""The words of the fields' values, and their media."""
_INDEX = re.compile(r"\.\d+(?=\.|$)")
_DERIVED = ("agentContinuationId", "conversationId")
"""Keys of Kiro that follow from the words of a conversation: told where nothing else differs."""
_INSIDE = re.compile(r"\.(properties(\.zq.*)?|required\[\]|zq.*)$")
"""The end of a path that lies inside of a schema, of arguments or of pairs."""
_LOSS: dict[str, Fate] = {"dropped": "dropped", "emulated": "emulated"}


class Outcome(Struct, frozen=True):
    """`paths`: where its value was found; `value`: what stands there when it is another one. `words`: a note's, an
    error's or the table's own. `partly`: some of it arrived, some did not.
    """

    fate: Fate
    paths: tuple[str, ...] = ()
    value: str | None = None
    words: str = ""
    partly: bool = False


class _Sent(Struct):
    body: Any
    notes: list[Note]


# Requests


def request_outcome(front: str, group: Group, field: Field, target: Proto) -> Outcome:
    """What becomes of a field of a request."""
    with_it = put(group, field)
    try:
        got = _send(front, with_it, field if group.header else None, target)
    except RequestError as error:
        return Outcome("refused", words=str(error))
    before = _send(front, put(group, field, whole=False), None, target)
    return _judge(field, got, before, target, same=front == target)


def put(group: Group, field: Field, *, whole: bool = True) -> Any:
    """The group's body with the field in it, or, not `whole`, with what the field depends on."""
    body = copy.deepcopy(dict(group.body))
    for path, value in field.also.items():
        _set(body, path.split("."), copy.deepcopy(value))
    if whole and not group.header:
        for at in (field.at or field.name).split():
            _set(body, [*group.at.split("."), *at.split(".")] if group.at else at.split("."), field.value)
    return body


def _set(node: Any, keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        node = node[int(key)] if isinstance(node, list) else node.setdefault(key, {})
    last = keys[-1]
    if not isinstance(node, list):
        node[last] = value
    elif last.startswith("+"):
        node.insert(int(last), value)
    elif int(last) < len(node):
        node[int(last)] = value
    else:
        node.append(value)


def _send(front: str, body: Mapping[str, Any], header: Field | None, target: Proto) -> _Sent:
    headers = {header.name: str(header.value)} if header is not None else {}
    streams = headers.pop("stream", None)
    if streams is not None:
        headers[STREAM_HEADER] = streams
    request = FRONTS[front].parse_request(json.dumps(body).encode(), headers=headers, model="zq-model")
    conv = conversion(request, target)
    whole = asyncio.run(_Downloads(ServerSettings()).inline(request, target))
    wire = UPSTREAMS[target].render_request(prepare(whole, conv, target), conv)
    return _Sent(json.loads(wire), conv.notes)


class _Downloads(MediaFetcher):
    """The gateway's fetcher without a network: every URL is a small picture or document."""

    async def _fetch(self, url: str, proxy: object) -> tuple[str, str | None] | RequestError:
        return (PNG, "image/png") if url.endswith(".png") else (PNG, "application/pdf")


def conversion(request: Request, target: Proto) -> Conversion:
    """One attempt at the target's typical model, without chance or time in it."""
    numbers = itertools.count(1)
    return Conversion(
        request=request,
        profile=profile(target),
        model=TYPICAL[target][1],
        now=0,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        stream=request.stream,
    )


@cache
def profile(target: Proto) -> Profile:
    """Without the cache breakpoints that a2a sets by itself: only what the client said is to be seen."""
    provider, model = TYPICAL[target]
    account = Account(id="0", provider=provider, alias="default")
    return replace(PROVIDERS[provider](Settings()).profile(model, account), auto_cache=False)


# Answers


def answer_outcome(upstream: Proto, group: Group, field: Field, front: str) -> Outcome:
    """What becomes of a field of an answer."""
    got = _answer(upstream, put(group, field), front)
    try:
        before = _answer(upstream, put(group, field, whole=False), front)
    except BadUpstream:  # without the field it is no answer at all
        before = _Sent({}, [])
    return _judge(field, got, before, front, same=front == upstream)


def _answer(upstream: Proto, body: Any, front: str) -> _Sent:
    """The client's JSON of an upstream's answer to a client that asked for all there is."""
    request = Request(
        proto=cast("Proto", front),
        model="zq-model",
        messages=[Message(role="user", parts=[Text(text="zq-question")])],
        tools=[Tool(name="zq_look"), Tool(name="zq_free", kind="custom")],
        think=Think(effort="high", budget=4000, show="summary"),
        sampling=Sampling(top_logprobs=1),
    )
    conv = conversion(request, upstream)
    codec = UPSTREAMS[upstream]
    if upstream == "kiro":
        parser = codec.stream_parser(conv)
        events = parser.feed(b"".join(_frame(name, value) for name, value in body.items() if value)) + parser.eof()
        answer = fold(Filters(conv).on(events), upstream)
    else:
        answer = Filters(conv).whole(codec.parse_response(json.dumps(body).encode(), conv))
    assert isinstance(answer, Response), answer
    return _Sent(json.loads(FRONTS[front].render_response(answer, conv)), conv.notes)


def _frame(name: str, value: Any) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, json.dumps(value).encode())


# Judgement


def _judge(field: Field, got: _Sent, before: _Sent, target: str, *, same: bool) -> Outcome:
    notes = [note for note in got.notes if note not in before.notes]
    added = leaves(got.body) - leaves(before.body)
    for derived in _DERIVED:
        kept = Counter({leaf: count for leaf, count in added.items() if not leaf[0].endswith(derived)})
        added = kept or added
    told = field.says.get(target) or ("" if same else field.says.get("*", ""))
    loss = next((note for note in notes if note.action in _LOSS), None)
    if not added:
        gone = _places(list(leaves(before.body) - leaves(got.body)))
        if gone and loss is None:
            return Outcome("mapped", words=told or f"leaves out `{gone[0]}`")
        if loss is not None:
            return Outcome(_LOSS[loss.action], words=_said(loss))
        done = next((note for note in notes if note.action == "mapped"), None)
        if done is not None:
            return Outcome("mapped", words=_said(done))
        return Outcome("told", words=told) if told else Outcome("LOST")
    wanted = _wanted(field.value)
    found = [(path, value) for path, value in added if any(_holds(value, want) for want in wanted)]
    there = leaves(got.body)
    missing = [want for want in wanted if not any(_holds(value, want) for _, value in there)]
    words = "; ".join(
        dict.fromkeys(_said(note) for note in notes if note.action in ("dropped", "emulated", "clamped", "mapped"))
    )
    if loss is not None and loss.action == "emulated":
        return Outcome("emulated", words=words)
    if loss is not None and not found:
        return Outcome("dropped", words=words)
    if found and not missing:
        return Outcome("carried", _places(found), words=words, partly=loss is not None)
    places = _places(found or list(added))
    value = next(iter(added))[1] if len(added) == 1 and not found else None
    return Outcome("mapped", places, value, words or told, partly=loss is not None)


def _wanted(value: Any) -> set[str]:
    """What to look for: words and numbers that are its own, where it has some; else all it says."""
    told = [leaf for _, leaf in _walk(_unpacked(value), "")]
    own = [leaf for leaf in told if isinstance(leaf, float | int) or (isinstance(leaf, str) and _OWN.search(leaf))]
    own = [leaf for leaf in own if not isinstance(leaf, bool)]
    return {_spelled(leaf) for leaf in own or told}


def _unpacked(value: Any) -> Any:
    """JSON inside of texts opened, data without its URL."""
    if isinstance(value, dict):
        return {key: _unpacked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unpacked(inner) for inner in value]
    if isinstance(value, str) and value[:1] == "{":
        return _unpacked(json.loads(value))
    return value.partition(";base64,")[2] or value if isinstance(value, str) else value


def _spelled(leaf: Any) -> str:
    whole = isinstance(leaf, float) and leaf.is_integer()
    return json.dumps(int(leaf) if whole else leaf, ensure_ascii=False)


def _said(note: Note) -> str:
    return note.why or note.field


def _holds(value: str, want: str) -> bool:
    """A text may stand inside of another one; anything else is itself."""
    return value == want or (want[:1] == '"' and len(want) > 3 and want[1:-1] in value)


def leaves(value: Any, path: str = "") -> Leaves:
    """(path without indexes, JSON of the value) of all that is no container, and of empty containers."""
    return Counter((_INDEX.sub("[]", where).lstrip("."), _spelled(leaf)) for where, leaf in _walk(value, path))


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for n, inner in enumerate(value):
            yield from _walk(inner, f"{path}.{n}")
    else:
        yield path, value


def _places(found: list[tuple[str, str]]) -> tuple[str, ...]:
    """The paths, or the object that holds them all."""
    paths = sorted({_INSIDE.sub("", path) for path, _ in found})
    paths = [path for path in paths if not any(path.startswith(f"{other}.") for other in paths)]
    if len(paths) <= 2:
        return tuple(paths)
    parts = [path.split(".") for path in paths]
    common = list(itertools.takewhile(lambda column: len(set(column)) == 1, zip(*parts, strict=False)))
    return (".".join(column[0] for column in common) or paths[0],)
