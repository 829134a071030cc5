"""The neutral form: what every client protocol is parsed to and every upstream protocol is rendered from.

Its shape is the superset (block-structured like Claude and Responses, never Chat-shaped). Source of every type and
invariant: specs/conversion.md section 2. How the five wire formats fit it: docs/neutral.md.

Rules of the room:
- Values only: no I/O, no clock, no provider names in branches.
- Absent and zero are different: test `is None`, never truthiness.
- `ToolCall.args` is the text as produced and `Raw` holds JSON bytes verbatim: numbers and key order survive.
- What has no neutral home lives in `ext` (same protocol only) or in a `Foreign` part, never in a side channel.
- Ids are the client's ids.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct, field

Proto = Literal["chat", "responses", "claude", "gemini", "kiro"]
Family = Literal["openai", "anthropic", "google", "kiro", "deepseek", "qwen", "other"]
Ext = dict[str, Raw]

MediaKind = Literal["image", "document", "audio", "video"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
StopKind = Literal["end", "tool_call", "stop_seq", "length", "context_full", "refusal", "pause", "error"]
FailureKind = Literal[
    "bad_request",  # 400  the client's mistake, or a feature that nobody here can do
    "context_overflow",  # 400  prompt too long: clients compact when they recognise it
    "unauthorized",  # 401  the key for a2a itself
    "forbidden",  # 403
    "not_found",  # 404  model or route
    "conflict",  # 409
    "too_large",  # 413
    "rate_limited",  # 429  upstream limit, or the whole pool is cooling
    "quota",  # 429  spent until a reset
    "internal",  # 500  a bug of ours
    "upstream",  # 502  5xx or nonsense from the upstream
    "truncated",  # 502  the stream ended before its terminal event
    "unavailable",  # 503  an account's own fault (auth, suspension), or no account at all
    "overloaded",  # 503/529  the model's capacity, not the account's
    "timeout",  # 504
]


class Node(Struct, kw_only=True, omit_defaults=True):
    """Anything that may carry wire keys its codec does not model: value bytes verbatim, same protocol only."""

    ext: Ext | None = None


class Opaque(Struct, frozen=True):
    """A token that only its maker understands (signature, encrypted reasoning); `data` exactly as received."""

    family: Family
    kind: Literal["signature", "encrypted", "redacted"]
    data: str
    model: str = ""


class CacheHint(Struct, frozen=True):
    """A prompt-cache breakpoint behind the part that carries it. `ttl`: 5m, 1h, 30m, 12h or None."""

    ttl: str | None = None


class Inline(Struct, frozen=True, tag=True):
    """Bytes of a medium in standard padded base64."""

    data: str


class Url(Struct, frozen=True, tag=True):
    url: str


class FileRef(Struct, frozen=True, tag=True):
    """A file that lives at the vendor; unreadable for any other family."""

    id: str
    family: Family


Source = Inline | Url | FileRef


class Text(Node, tag=True):
    """`opaque`: Gemini may sign text. `citations`: same protocol only. `phase`: Responses commentary | final_answer."""

    text: str
    cache: CacheHint | None = None
    opaque: list[Opaque] = []
    citations: Raw | None = None
    phase: str | None = None


class Media(Node, tag=True):
    kind: MediaKind
    source: Source
    mime: str | None = None
    name: str | None = None
    detail: str | None = None
    cache: CacheHint | None = None


class Reasoning(Node, tag=True):
    """`summary` False: raw chain text of open models."""

    text: str = ""
    summary: bool = True
    opaque: list[Opaque] = []
    item_id: str | None = None


class ToolCall(Node, tag=True):
    """`args`: JSON text as produced, or free text when `custom`."""

    id: str
    name: str
    args: str = "{}"
    custom: bool = False
    namespace: str | None = None
    opaque: list[Opaque] = []
    item_id: str | None = None
    cache: CacheHint | None = None


class ToolResult(Node, tag=True):
    call_id: str
    parts: list[Text | Media | Foreign] = []
    name: str | None = None
    is_error: bool = False
    custom: bool = False
    cache: CacheHint | None = None


class Refusal(Node, tag=True):
    text: str


class Foreign(Struct, tag=True, kw_only=True):
    """A block only its own protocol knows. Same protocol: `raw` verbatim; elsewhere `as_text`, or dropped + note."""

    proto: Proto
    wire_type: str
    raw: Raw
    as_text: str | None = None


Part = Text | Media | Reasoning | ToolCall | ToolResult | Refusal | Foreign


class Message(Node):
    """`role` system: in mid-conversation only; leading system text lies in `Request.system`."""

    role: Literal["user", "assistant", "system"]
    parts: list[Part] = []
    name: str | None = None


class Tool(Node):
    """`schema`: JSON Schema bytes of a function. `raw`: the whole wire definition of a custom or hosted tool."""

    name: str
    kind: Literal["function", "custom", "hosted"] = "function"
    description: str | None = None
    schema: Raw | None = None
    strict: bool | None = None
    deferred: bool = False
    namespace: str | None = None
    hosted: str | None = None
    raw: Raw | None = None
    cache: CacheHint | None = None


class ToolChoice(Struct, frozen=True):
    """`names`: for `tool` (one) and `allowed`. `must`: only for `allowed`. `parallel` None: not said."""

    mode: Literal["auto", "none", "required", "tool", "allowed"] = "auto"
    names: tuple[str, ...] = ()
    must: bool = False
    parallel: bool | None = None


class Think(Struct, frozen=True):
    """The knob every vendor spells differently. `budget` in tokens, -1 = automatic, 0 = off."""

    effort: str | None = None
    budget: int | None = None
    adaptive: bool = False
    show: Literal["hidden", "summary", "full"] | None = None


class Sampling(Struct, frozen=True, kw_only=True):
    """None = absent; 0 is a value. `top_logprobs` 0 = chosen token only."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: float | None = None
    presence: float | None = None
    frequency: float | None = None
    seed: int | None = None
    n: int = 1
    top_logprobs: int | None = None


class OutFormat(Struct, frozen=True, kw_only=True):
    kind: Literal["text", "json", "schema"] = "text"
    name: str | None = None
    description: str | None = None
    schema: Raw | None = None
    strict: bool | None = None
    verbosity: str | None = None


class Request(Node):
    """One conversation to be answered. `proto` names the wire that `ext` and `Foreign` parts belong to."""

    proto: Proto
    model: str
    messages: list[Message]
    system: list[Text] = []
    tools: list[Tool] = []
    choice: ToolChoice | None = None
    think: Think | None = None
    sampling: Sampling = Sampling()
    stop: list[str] = []
    max_output: int | None = None
    output: OutFormat | None = None
    stream: bool = False
    want_usage: bool = True
    tier: str | None = None
    user: str | None = None
    cache_key: str | None = None
    metadata: dict[str, str] | None = None
    previous_id: str | None = None
    store: bool | None = None
    betas: list[str] = []


class Usage(Struct, kw_only=True, omit_defaults=True):
    """Tokens, INCLUSIVE: `input` contains cache read and write, `output` contains reasoning. None = unknown."""

    input: int | None = None
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int | None = None
    reasoning: int = 0
    estimated: bool = False
    ext: Ext | None = None


class Stop(Struct, kw_only=True):
    """Why the answer ended. `raw`: the upstream's own word."""

    kind: StopKind
    sequence: str | None = None
    detail: str | None = None
    raw: str | None = None


class Candidate(Node):
    parts: list[Part]
    stop: Stop
    logprobs: Raw | None = None


class Response(Node):
    """A whole answer. `created`: Unix seconds."""

    proto: Proto
    id: str
    model: str
    created: int
    candidates: list[Candidate]
    usage: Usage = field(default_factory=Usage)


# Stream events. c = candidate, i = part number inside it, dense from 0. Order: Start, parts one after another
# (PartStart, Delta*, Seal*, PartEnd), Finish per candidate, UsageNow, then End or Failure, never both.


class Start(Struct, tag=True):
    id: str
    model: str
    created: int
    usage: Usage | None = None


class PartStart(Struct, tag=True):
    """`part`: a shell with kind, id and name; its text is empty and a call's `args` is the empty string."""

    i: int
    part: Part
    c: int = 0


class Delta(Struct, tag=True):
    """Text of a text, reasoning or refusal part; argument JSON of a call."""

    i: int
    text: str
    c: int = 0
    logprobs: Raw | None = None


class Seal(Struct, tag=True):
    i: int
    opaque: Opaque
    c: int = 0


class PartEnd(Struct, tag=True):
    """`part`: the authoritative whole, when the upstream sent it; it replaces what the deltas said."""

    i: int
    c: int = 0
    part: Part | None = None


class UsageNow(Struct, tag=True):
    """Replaces earlier usage, never adds."""

    usage: Usage


class Finish(Struct, tag=True):
    stop: Stop
    c: int = 0


class End(Struct, tag=True):
    pass


class Ping(Struct, tag=True):
    pass


class Failure(Struct, tag=True):
    """What went wrong, in words every front can render.

    `status`: HTTP status the upstream used, or would have. `code`: its own word (reason, error type), for the fault
    tables. `message` is fit for the client: no tokens, mails or header dumps. `retry_after`: seconds.
    """

    kind: FailureKind
    message: str
    status: int
    code: str | None = None
    param: str | None = None
    retry_after: float | None = None
    raw: Raw | None = None


class ForeignEvent(Struct, tag=True):
    proto: Proto
    raw: Raw


Event = Start | PartStart | Delta | Seal | PartEnd | UsageNow | Finish | End | Ping | Failure | ForeignEvent
