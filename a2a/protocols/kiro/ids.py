"""Conversation ids that need no memory (specs/kiro.md 6.10).

The upstream keeps no history, but some models discount by conversation: the same chat has to bring the same id, also
through another account or after a restart. So ids are derived from what does not change within a chat.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from a2a.messages import Message, Request, Text, ToolResult

_NAMESPACE = UUID("8f1c6a52-6f0e-5d6b-9d53-3c1f0b7e2a41")


def conversation_id(req: Request) -> str:
    """Of the client's session key, else of its user, the system text and the first words of the user."""
    if req.cache_key:
        return _derived("session", req.cache_key)
    first = next((message for message in req.messages if message.role == "user"), None)
    return _derived("chat", req.user or "", *(text.text for text in req.system), _words(first))


def continuation_id(conversation: str, messages: Sequence[Message]) -> str:
    """New with every message of the user, the same through the tool loop that follows it."""
    asked = [message for message in messages if message.role == "user" and not _answers_calls(message)]
    return _derived("turn", conversation, str(len(asked)), _words(asked[-1] if asked else None))


def _answers_calls(message: Message) -> bool:
    return any(isinstance(part, ToolResult) for part in message.parts)


def _words(message: Message | None) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, Text)) if message is not None else ""


def _derived(*seeds: str) -> str:
    return str(uuid5(_NAMESPACE, "\x1f".join(seeds)))
