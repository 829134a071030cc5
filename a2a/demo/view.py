"""The neutral view of a request that `brain` decides on, and the answer it gives. Values only."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from a2a.demo.tally import IMAGE_TOKENS, tokens

Choice = Literal["auto", "none", "required"]
Stop = Literal["end", "tool", "length", "stop_sequence"]


class Tool(Struct, frozen=True):
    """A tool on offer. `schema`: JSON schema of its arguments. `freeform`: takes plain text instead."""

    name: str
    schema: dict[str, Any]
    freeform: bool = False


class Picture(Struct, frozen=True):
    """An image of this turn: its bytes, or the URL where it would have to be fetched."""

    data: bytes = b""
    url: str | None = None


class Document(Struct, frozen=True):
    """A file of this turn. `kind`: its media type."""

    name: str
    kind: str
    size: int


class View(Struct, frozen=True, kw_only=True):
    """One request. `text`: the last user text. `results`, `images`, `documents`: of this turn only.

    `pieces`: the whole prompt in order, for the token count. `forced`: the one tool the caller insists on.
    `instructions`: the system text, which may hold hints where a protocol has no field for them.
    """

    text: str
    tools: tuple[Tool, ...] = ()
    results: tuple[str, ...] = ()
    images: tuple[Picture, ...] = ()
    documents: tuple[Document, ...] = ()
    pieces: tuple[str, ...] = ()
    instructions: str = ""
    reasoning: bool = False
    choice: Choice = "auto"
    forced: str | None = None
    parallel: bool = True
    as_json: bool = False
    schema: dict[str, Any] | None = None
    answered: tuple[str, ...] = ()
    """Names of the tools whose results this turn brings."""
    max_output: int | None = None
    stops: tuple[str, ...] = ()

    @property
    def input_tokens(self) -> int:
        return sum(tokens(piece) for piece in self.pieces) + IMAGE_TOKENS * len(self.images)


class Call(Struct, frozen=True):
    """A tool call; `arguments` is JSON text (plain text for a freeform tool)."""

    name: str
    arguments: str


class Answer(Struct, frozen=True, kw_only=True):
    """What the model says, in the order thinking, text, calls. `stop_text`: the stop sequence that was hit."""

    thinking: str = ""
    text: str = ""
    calls: tuple[Call, ...] = ()
    stop: Stop = "end"
    stop_text: str | None = None

    @property
    def thinking_tokens(self) -> int:
        return tokens(self.thinking)

    @property
    def output_tokens(self) -> int:
        """Everything generated, thinking included; at least 1."""
        calls = sum(tokens(call.name) + tokens(call.arguments) for call in self.calls)
        return max(1, self.thinking_tokens + tokens(self.text) + calls)
