"""Which codec speaks which protocol, by face."""

from __future__ import annotations

from a2a.protocols import chat, claude, kiro
from a2a.protocols.base import Front, Upstream
from a2a.protocols.chat import tap as chat_tap
from a2a.protocols.claude import tap as claude_tap
from a2a.protocols.tap import Reader

FRONTS: dict[str, Front] = {"chat": chat.front, "claude": claude.front}
UPSTREAMS: dict[str, Upstream] = {"chat": chat.upstream, "claude": claude.upstream, "kiro": kiro.upstream}
READERS: dict[str, Reader] = {"chat": chat_tap.reader, "claude": claude_tap.reader}
"""Protocols that can pass through byte by byte."""
