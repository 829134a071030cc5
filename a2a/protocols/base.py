"""What every codec gets and what every codec offers (specs/conversion.md sections 2.3 and 2.5).

A codec has a client face (`Front`: parse request, render answers and errors) and an upstream face (`Upstream`: render
request, parse answers and errors). Kiro has the upstream face only. State of one conversion lives in `Conversion`,
made for one attempt; codec objects themselves hold none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, runtime_checkable

from msgspec import Raw, Struct, field

from a2a.clock import hex_id
from a2a.messages import Event, Failure, Family, Proto, Request, Response

NoteAction = Literal["dropped", "emulated", "mapped", "clamped", "repaired", "added", "overwritten"]


class Note(Struct, frozen=True):
    """One degradation: which field, what was done, why. Goes to the record and into `x-a2a-notes`."""

    field: str
    action: NoteAction
    why: str = ""


class Profile(Struct, frozen=True, kw_only=True):
    """What one upstream (provider + model) can do: data, never a branch on a provider name."""

    family: Family = "other"
    max_output: int | None = None
    default_max_output: int = 8192
    context: int | None = None
    reasoning: Literal["none", "effort", "budget", "adaptive"] = "effort"
    efforts: tuple[str, ...] = ()
    """Allowed efforts, weakest first; empty: all pass."""
    budget_min: int = 1024
    budget_max: int = 128_000
    can_disable_reasoning: bool = True
    sampling: Literal["full", "none", "no_penalties"] = "full"
    max_temperature: float = 2.0
    max_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    system_role: Literal["system", "developer"] = "system"
    reasoning_field: str | None = None
    """Chat: the key under which the upstream wants earlier reasoning back (`reasoning_content`), None: not sent."""
    structured: Literal["native", "tool", "prompt"] = "native"
    stream_usage: bool = True
    """Chat: the upstream understands `stream_options.include_usage`."""
    content_string: bool = False
    """Chat: message content must be a string, parts are joined with a newline."""
    system_mid: bool = True
    """A system message in mid-conversation is allowed; else it becomes a <system-reminder> user text."""
    forced_tool: bool = True
    custom_tools: bool = False
    hosted_tools: bool = False
    auto_cache: bool = True
    """Claude: originate cache breakpoints for clients that cannot say them (conversion.md 4.3)."""
    vision: bool = True
    documents: bool = True
    audio: bool = False
    deny: tuple[str, ...] = ()
    """Top-level keys this upstream rejects: removed on the byte path too, noted."""
    wire: Mapping[str, str] = {}
    """Values only the codec of this upstream knows (kiro: origin, endpoint generation)."""


class Conversion(Struct, kw_only=True):
    """State of one attempt: both codecs write into it, nothing else is shared between them.

    `model`: the name the upstream gets. `now`: Unix seconds when the exchange began. `new_id("call_")` gives a fresh id
    with that prefix. `names`: client tool name -> wire name; `restore` the other way. `extra`: upstream-only values of
    this attempt (kiro: profile_arn, conversation_id, continuation_id).
    """

    request: Request
    profile: Profile
    model: str
    now: float
    new_id: Callable[[str], str] = hex_id
    names: dict[str, str] = field(default_factory=dict)
    restore: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    stream: bool = False
    """What is asked of the upstream; the client's wish is `request.stream`."""

    def note(self, what: str, action: NoteAction, why: str = "") -> None:
        """Record a degradation once."""
        entry = Note(what, action, why)
        if entry not in self.notes:
            self.notes.append(entry)


class StreamParser(Protocol):
    """Bytes of one upstream stream to events. Any split of the bytes gives the same events."""

    def feed(self, data: bytes) -> list[Event]: ...

    def eof(self) -> list[Event]:
        """Ends the stream: nothing if `End` or `Failure` was given, else `Failure(kind="truncated")`."""
        ...


class StreamRenderer(Protocol):
    """Events to the bytes of one client stream. Every returned piece ends on an event boundary."""

    def on(self, event: Event) -> bytes: ...

    def keepalive(self) -> bytes: ...


class Front(Protocol):
    """Client face of a codec. `name`: its protocol, or `local` for a mouth that takes events as they are."""

    name: str

    def parse_request(self, body: bytes, *, headers: Mapping[str, str], model: str | None = None) -> Request:
        """Raises RequestError. `model`: from the path, where the protocol has it.

        Headers are found by their lower-case names.
        """
        ...

    def render_response(self, res: Response, conv: Conversion) -> bytes: ...

    def stream_renderer(self, conv: Conversion) -> StreamRenderer: ...

    def render_error(self, failure: Failure, request_id: str = "") -> tuple[int, bytes]:
        """Status and JSON body by conversion.md 11.1; the status may differ from `failure.status`."""
        ...


@runtime_checkable
class CountingFront(Protocol):
    """A front whose protocol has a route that counts tokens."""

    def parse_count(self, body: bytes, headers: Mapping[str, str], model: str | None = None) -> Request:
        """`model`: from the path, where the protocol has it there. Raises RequestError."""
        ...

    def render_count(self, n: int) -> bytes: ...


class Dialect(Protocol):
    """What an upstream changes of a protocol, on the byte path; its codec does the same where it converts.

    `top`: the top-level keys of the client's body.
    """

    def passes(self, top: Mapping[str, Raw], profile: Profile, *, stream: bool) -> bool:
        """Whether edits of top-level keys are enough; else the request is converted."""
        ...

    def edit(self, top: dict[str, Raw], profile: Profile, *, stream: bool) -> list[Note]:
        """Change the keys in place. Raises RequestError for what the upstream cannot do."""
        ...


class Upstream(Protocol):
    """Upstream face of a codec."""

    name: Proto

    def render_request(self, req: Request, conv: Conversion) -> bytes:
        """The JSON body; url and headers are the provider's. Raises RequestError for what cannot be expressed."""
        ...

    def parse_response(self, body: bytes, conv: Conversion) -> Response:
        """A whole (non-stream) answer. Raises BadUpstream."""
        ...

    def stream_parser(self, conv: Conversion) -> StreamParser: ...

    def parse_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Total: any body (HTML, empty, nonsense) gives a Failure. Header names lower case."""
        ...
