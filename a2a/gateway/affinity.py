"""A conversation stays on its account while that is healthy (contract section 7): its caches and signatures are there.

A request that names its session, or brings an assistant turn, is looked up; any other is a new conversation and takes
the strategy's pick. What a conversation is called: the client's own session id, else a digest of everything before its
first assistant turn, which every later turn repeats.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Raw, Struct

from a2a.auth.locks import hold
from a2a.clock import Clock, SystemClock
from a2a.errors import StoreError
from a2a.paths import Folders, atomic_write
from a2a.protocols.wire import BAD_JSON

MAX_BINDINGS = 10_000
MAX_KEY_CHARS = 100
"""A client's own name for a conversation that is longer is kept as its digest."""

SAVE_EVERY_S = 5.0
"""A process that dies at once forgets no more than that."""

_SESSION_HEADERS = ("x-claude-code-session-id", "session-id", "session_id", "x-session-id", "x-session-affinity")
_NAMES = ("prompt_cache_key", "previous_response_id")
_TURNS = (b'"assistant"', b'"model"')
"""The roles that say a conversation has been answered before."""

_NONE = Raw(b"null")


_log = logging.getLogger(__name__)


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


def session_of(headers: Mapping[str, str]) -> str | None:
    """The client's own name of its conversation, where it sends one."""
    for name in _SESSION_HEADERS:
        if session := headers.get(name):
            return session
    return None


def conversation(headers: Mapping[str, str], body: bytes) -> Conversation | None:
    """The conversation a request belongs to; None when its body says nothing."""
    if session := session_of(headers):
        return Conversation(_short(f"session {session}"), True)
    try:
        read = _BODY.decode(body)
    except BAD_JSON:
        return None
    for name in _NAMES:
        named: Raw = getattr(read, name)
        if named != _NONE:
            return Conversation(_short(f"{name} {bytes(named).decode('utf-8', 'replace')}"), True)
    history = next((bytes(raw) for raw in (read.messages, read.input, read.contents) if raw != _NONE), b"")
    if not history:
        return None
    at = min((found for role in _TURNS if (found := history.find(role)) >= 0), default=-1)
    begun = history if at < 0 else history[: history.rfind(b"{", 0, at)]
    digest = hashlib.blake2b(bytes(read.system) + bytes(read.instructions) + begun.rstrip(b" ,]\r\n\t"), digest_size=16)
    return Conversation(digest.hexdigest(), at >= 0)


def _short(key: str) -> str:
    if len(key) <= MAX_KEY_CHARS:
        return key
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Binding(Struct, frozen=True, array_like=True):
    """One conversation at one provider, and the id of its account."""

    provider: str
    key: str
    account: str


class BindingStore:
    """The file in the state folder, the oldest first. Reading never fails: a broken file is told in the log."""

    def __init__(self, folders: Folders) -> None:
        self.path = folders.state / "bindings.json"
        self._lock = folders.locks / "bindings.lock"

    def read(self) -> list[Binding]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=list[Binding])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as exc:
            _log.warning("bindings_ignored file=%s reason=%s", self.path, exc)
            return []

    def add(self, fresh: Sequence[Binding], size: int) -> None:
        """Other processes write the same file: theirs stay, `size` in all at most. Raises StoreError."""
        with hold(self._lock):
            known = {(one.provider, one.key): one for one in self.read()}
            for one in fresh:
                known.pop((one.provider, one.key), None)
                known[one.provider, one.key] = one
            atomic_write(self.path, msgspec.json.encode(list(known.values())[-size:]))


class Affinity:
    """Conversation -> account, per provider; the least recently used binding goes first.

    With a `store` it survives the process: `load` at the start, `save` now and then.
    """

    def __init__(self, size: int = MAX_BINDINGS, store: BindingStore | None = None, clock: Clock | None = None) -> None:
        self._bound: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._fresh: dict[tuple[str, str], str] = {}
        self._size = size
        self._store = store
        self._clock = clock or SystemClock()
        self._saved_at = self._clock.monotonic()
        self._saving = asyncio.Lock()
        self._failing = False

    def account(self, provider: str, conversation: Conversation | None) -> str | None:
        """Id of the account the conversation is on."""
        if conversation is None or not conversation.known:
            return None
        return self._bound.get((provider, conversation.key))

    def bind(self, provider: str, conversation: Conversation | None, account_id: str) -> None:
        if conversation is None:
            return
        key = (provider, conversation.key)
        if self._store is not None and self._bound.get(key) != account_id:
            self._fresh[key] = account_id
        self._bound[key] = account_id
        self._bound.move_to_end(key)
        if len(self._bound) > self._size:
            gone, _ = self._bound.popitem(last=False)
            self._fresh.pop(gone, None)

    async def load(self) -> None:
        """What the last process knew; what this one has learned meanwhile stays."""
        if self._store is None:
            return
        found = {(one.provider, one.key): one.account for one in await asyncio.to_thread(self._store.read)}
        self._bound = OrderedDict(list({**found, **self._bound}.items())[-self._size :])

    async def save(self, *, last: bool = False) -> None:
        """Write what is new, at most every SAVE_EVERY_S but for the `last` time; told in the log once if it fails."""
        now = self._clock.monotonic()
        if self._store is None or not (self._fresh and (last or now - self._saved_at >= SAVE_EVERY_S)):
            return
        async with self._saving:
            self._saved_at = now
            fresh, self._fresh = self._fresh, {}
            rows = [Binding(provider, key, account) for (provider, key), account in fresh.items()]
            try:
                await asyncio.to_thread(self._store.add, rows, self._size)
                self._failing = False
            except StoreError as error:
                self._fresh = {**fresh, **self._fresh}
                if not self._failing:
                    _log.warning("bindings_not_saved reason=%s", error)
                self._failing = True
