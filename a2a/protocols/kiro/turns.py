"""The conversation as strictly alternating turns of user and assistant (specs/kiro.md 6.5).

Most 400 answers of this upstream come from its history rules, so they are kept here, in one place, on top of what
`prepare` guarantees (results behind their calls, legal names and ids):

- a system message in mid-conversation is text of the user, neighbours of one role are one turn;
- the list begins and ends with a user turn; the last one is the current message;
- the results of a turn answer the calls before it, in their order;
- a turn of the assistant without text and calls is left out: it was aborted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct, field

from a2a.errors import RequestError
from a2a.messages import Foreign, Media, Message, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from a2a.protocols.base import NoteAction
from a2a.protocols.kiro.attachments import Attachment, Takes, attach, limit

MAX_RESULT_CHARS = 400_000
"""Practical limit of one tool result (6.4); head and tail are kept."""

OPENING = "(start)"
CONTINUE = "Continue"
RESULTS_FOLLOW = "Tool results provided."
NO_OUTPUT = "(no output)"
NO_RESULT = "[no result recorded]"

Noter = Callable[[str, NoteAction, str], None]
Piece = str | Attachment


class Result(Struct):
    """The answer to one call."""

    call_id: str
    pieces: list[Piece]
    is_error: bool = False

    @property
    def text(self) -> str:
        """What the model reads; media stand in it as a line each."""
        text = "\n".join(line for piece in self.pieces if (line := piece if isinstance(piece, str) else piece.legend))
        if len(text) > MAX_RESULT_CHARS:
            half = MAX_RESULT_CHARS // 2
            text = f"{text[:half]}\n[… {len(text) - 2 * half} characters omitted …]\n{text[-half:]}"
        return text if text.strip() else NO_OUTPUT


class UserTurn(Struct):
    pieces: list[Piece] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def attachments(self) -> list[Attachment]:
        """Media of the results in the order of their calls, then the user's own."""
        pieces = [piece for result in self.results for piece in result.pieces] + self.pieces
        return [piece for piece in pieces if isinstance(piece, Attachment)]

    @property
    def content(self) -> str:
        """Never empty: this upstream refuses it."""
        text = "\n".join(
            piece if isinstance(piece, str) else piece.omission
            for piece in self.pieces
            if isinstance(piece, str) or piece.dropped is not None
        )
        if text.strip():
            return text
        if self.results:
            return RESULTS_FOLLOW
        return " " if any(item.dropped is None for item in self.attachments()) else CONTINUE


class AssistantTurn(Struct):
    texts: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    reasoning: list[Reasoning] = field(default_factory=list)


Turn = UserTurn | AssistantTurn


def build_turns(messages: Sequence[Message], note: Noter, takes: Takes) -> list[Turn]:
    """Alternating turns, the first and the last of the user. Raises RequestError for media that cannot be sent."""
    turns: list[Turn] = []
    for message in messages:
        turn = _assistant(message, note) if message.role == "assistant" else _user(message, takes)
        if turn is not None:
            _append(turns, turn)
    _close(turns, note)
    _order_results(turns, note)
    limit([item for turn in turns if isinstance(turn, UserTurn) for item in turn.attachments()], _media_note(note))
    return turns


def pairs(history: Sequence[Turn]) -> Iterator[tuple[UserTurn, AssistantTurn]]:
    """The history two by two."""
    for user, assistant in zip(history[::2], history[1::2], strict=True):
        if isinstance(user, UserTurn) and isinstance(assistant, AssistantTurn):
            yield user, assistant


def _media_note(note: Noter) -> Callable[[str], None]:
    return lambda why: note("attachments", "dropped", why)


def _append(turns: list[Turn], turn: Turn) -> None:
    """Adds a turn, joined to its neighbour when both are of one role."""
    last = turns[-1] if turns else None
    if isinstance(last, UserTurn) and isinstance(turn, UserTurn):
        if last.pieces and turn.pieces and isinstance(last.pieces[-1], str) and isinstance(turn.pieces[0], str):
            last.pieces.append("")  # two messages stand a blank line apart
        last.pieces += turn.pieces
        last.results += turn.results
    elif isinstance(last, AssistantTurn) and isinstance(turn, AssistantTurn):
        last.texts += turn.texts
        last.calls += turn.calls
        last.reasoning += turn.reasoning
    else:
        turns.append(turn)


def _user(message: Message, takes: Takes) -> UserTurn | None:
    turn = UserTurn()
    for part in message.parts:
        if isinstance(part, ToolResult):
            turn.results.append(_result(part, takes))
        else:
            turn.pieces += _pieces(part, "", takes)
    if message.role == "system" and turn.pieces:
        turn.pieces = ["<system-reminder>", *turn.pieces, "</system-reminder>"]
    return turn if turn.pieces or turn.results else None


def _result(part: ToolResult, takes: Takes) -> Result:
    pieces: list[Piece] = []
    number = 0
    for item in part.parts:
        number += isinstance(item, Media)
        pieces += _pieces(item, f" {number} of {part.call_id}", takes)
    return Result(part.call_id, pieces, part.is_error)


def _pieces(part: Part, where: str, takes: Takes) -> list[Piece]:
    """`where`: what the label of a medium says behind its kind."""
    if isinstance(part, Media):
        return [attach(part, f"{part.kind}{where}", takes)]
    return [text] if (text := _words(part)) else []


def _words(part: Part) -> str:
    match part:
        case Text() | Refusal():
            return part.text
        case Foreign():
            return part.as_text or ""
    return ""


def _assistant(message: Message, note: Noter) -> AssistantTurn | None:
    turn = AssistantTurn()
    for part in message.parts:
        match part:
            case Reasoning():
                turn.reasoning.append(part)
            case ToolCall():
                turn.calls.append(part)
            case Media():
                turn.texts.append(f"[{part.kind} omitted]")
                note("attachments", "dropped", "a turn of the assistant holds text only")
            case _ if text := _words(part):
                turn.texts.append(text)
    return turn if turn.calls or any(text.strip() for text in turn.texts) else None


def _close(turns: list[Turn], note: Noter) -> None:
    """Gives the list a user turn at both ends."""
    if turns and isinstance(turns[0], AssistantTurn):
        turns.insert(0, UserTurn([OPENING]))
        note("messages", "added", "an opening user turn: this upstream wants the user first")
    if not turns:
        turns.append(UserTurn())
    if isinstance(turns[-1], AssistantTurn):
        turns.append(UserTurn())
        note("messages", "emulated", "the answer was begun by the client: the model is asked to continue it")


def _order_results(turns: list[Turn], note: Noter) -> None:
    """Results in the order of the calls before them; a call without one gets an error result."""
    for call_turn, user in pairwise(turns):
        if not (isinstance(call_turn, AssistantTurn) and isinstance(user, UserTurn) and call_turn.calls):
            continue
        given = {result.call_id: result for result in user.results}
        missing = [call.id for call in call_turn.calls if call.id not in given]
        if missing:
            note("messages", "repaired", f"no result for {', '.join(missing)}")
        user.results = [given.get(call.id) or Result(call.id, [NO_RESULT], True) for call in call_turn.calls]


def require_content(messages: Sequence[Message], system: Sequence[Text]) -> None:
    """Raises RequestError for a request that says nothing at all."""
    if not messages and not system:
        raise RequestError("the conversation is empty", param="messages")
