"""What checks and dialects say to each other: a question, the answer, an error, and how a dialect is spoken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct

Ending = Literal["end", "tool"]
"""Why an answer stopped: it is complete, or it waits for tool results."""


class Tool(Struct, frozen=True):
    """A function on offer. `schema`: JSON schema of its arguments."""

    name: str
    purpose: str
    schema: dict[str, Any]


class Called(Struct, frozen=True):
    """A call as the client saw it."""

    id: str
    name: str
    arguments: dict[str, Any]


class Answer(Struct, frozen=True, kw_only=True):
    """An answer that its protocol allows. `turn`: the assistant's turn as the client would send it back, in as many
    messages or items as its protocol makes of it.

    `opaque`: the token that came with the thinking, "" for none. `usage`: input and output tokens, None where the
    client did not ask for them.
    """

    text: str
    thinking: str
    calls: tuple[Called, ...]
    ending: Ending
    usage: tuple[int, int] | None
    turn: list[dict[str, Any]]
    opaque: str = ""


class Past(Struct, frozen=True):
    """An earlier round: what was asked, what was answered, and the results of its calls in their order."""

    prompt: str
    answer: Answer
    results: tuple[str, ...]


class Question(Struct, frozen=True, kw_only=True):
    """One request. `past`: the round whose tool results this request brings; then `prompt` is not sent again.

    `schema`: the answer must be JSON of that schema. `document`: a PDF. `array`: a stream as one JSON array.
    """

    model: str
    prompt: str = ""
    stream: bool = False
    array: bool = False
    tools: tuple[Tool, ...] = ()
    image: bytes | None = None
    document: bytes | None = None
    schema: dict[str, Any] | None = None
    think: bool = False
    past: Past | None = None


class Complaint(Struct, frozen=True):
    """An error in a front's own shape. `kind`: its `type`, or Google's status word. `code`: only where there is one.

    `status`: the HTTP status, where the body repeats it.
    """

    kind: str
    message: str
    code: str | None = None
    status: int | None = None


class Refusals(Struct, frozen=True):
    """Status and `type` of each error that a2a itself words (specs/conversion.md 11.1)."""

    wrong_key: tuple[int, str]
    bad_request: tuple[int, str]
    not_found: tuple[int, str]
    account_refused: tuple[int, str]
    rate_limited: tuple[int, str]
    upstream_broken: tuple[int, str]


class Counting(Struct, frozen=True):
    """How a front asks for the tokens of a question: where, with what body, and how the number is read."""

    path: Callable[[Question], str]
    body: Callable[[Question], dict[str, Any]]
    read: Callable[[bytes], int]


class Dialect(Protocol):
    """A front as its client speaks it. Readers raise `Wrong` for whatever the protocol forbids.

    `prompt_key`: the key of the body that holds the conversation.
    """

    name: str
    refusals: Refusals
    prompt_key: str
    counting: Counting | None

    def path(self, question: Question) -> str:
        """Where the request goes, without prefix."""

    def key(self, key: str) -> Mapping[str, str]:
        """The headers every request has, with the key where the vendor's SDK puts it."""

    def body(self, question: Question) -> dict[str, Any]:
        """The request as JSON."""

    def read(self, body: bytes, question: Question) -> Answer:
        """A whole answer."""

    def read_stream(self, body: bytes, question: Question) -> Answer:
        """A whole stream, its order of events checked."""

    def read_error(self, body: bytes) -> Complaint:
        """The body of an error answer."""

    def read_broken_stream(self, body: bytes) -> tuple[str, Complaint]:
        """A stream that ended in an error: the text until then, and the error."""
