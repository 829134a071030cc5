"""A conversation stays on its account while that is healthy (contract section 7): its caches and signatures are there.

A request that names its session, or brings an assistant turn, is looked up; any other is a new conversation and takes
the strategy's pick. What a conversation is called: the client's own session id, else a digest of everything before its
first assistant turn, which every later turn repeats.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from a2a.protocols.wire import BAD_JSON

MAX_BINDINGS = 10_000

SESSION_HEADERS = ("x-claude-code-session-id", "session-id", "session_id", "x-session-id", "x-session-affinity")
_NAMES = ("prompt_cache_key", "previous_response_id")
_TURNS = (b'"assistant"', b'"model"')
"""The roles that say a conversation has been answered before."""

_NONE = Raw(b"null")


class _Body(Struct):
    """What names or begins a conversation, in any of the four protocols; nothing else is copied."""

    prompt_cache_key: Raw = _NONE
    previous_response_id: Raw = _NONE
    system: Raw = _NONE
    instructions: Raw = _NONE
    messages: Raw = _NONE
    input: Raw = _NONE
    contents: Raw = _NONE


_BODY = msgspec.json.Decoder(_Body)


class Conversation(Struct, frozen=True):
    """`key`: its name here. `known`: it may be on an account already."""

    key: str
    known: bool


def conversation(headers: Mapping[str, str], body: bytes) -> Conversation | None:
    """The conversation a request belongs to; None when its body says nothing."""
    for name in SESSION_HEADERS:
        if session := headers.get(name):
            return Conversation(f"session {session}", True)
    try:
        read = _BODY.decode(body)
    except BAD_JSON:
        return None
    for name in _NAMES:
        named: Raw = getattr(read, name)
        if named != _NONE:
            return Conversation(f"{name} {bytes(named).decode('utf-8', 'replace')}", True)
    history = next((bytes(raw) for raw in (read.messages, read.input, read.contents) if raw != _NONE), b"")
    if not history:
        return None
    at = min((found for role in _TURNS if (found := history.find(role)) >= 0), default=-1)
    begun = history if at < 0 else history[: history.rfind(b"{", 0, at)]
    digest = hashlib.blake2b(bytes(read.system) + bytes(read.instructions) + begun.rstrip(b" ,]\r\n\t"), digest_size=16)
    return Conversation(digest.hexdigest(), at >= 0)


class Affinity:
    """Conversation -> account, per provider; the least recently used binding goes first."""

    def __init__(self, size: int = MAX_BINDINGS) -> None:
        self._bound: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._size = size

    def account(self, provider: str, conversation: Conversation | None) -> str | None:
        """Id of the account the conversation is on."""
        if conversation is None or not conversation.known:
            return None
        return self._bound.get((provider, conversation.key))

    def bind(self, provider: str, conversation: Conversation | None, account_id: str) -> None:
        if conversation is None:
            return
        key = (provider, conversation.key)
        self._bound[key] = account_id
        self._bound.move_to_end(key)
        if len(self._bound) > self._size:
            self._bound.popitem(last=False)
